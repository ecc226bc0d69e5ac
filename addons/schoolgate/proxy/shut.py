"""What no duty's own care caught: an exception that leaves a hook stops its request, whichever duty it is.

mitmproxy logs such an exception and goes on as if the duty had agreed. So each hook of ours is called through a guard
here, which tells the technician and then shuts what the hook was about. A page that is the gateway's own already, a
block page say, stays.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from mitmproxy.dns import DNSFlow
from mitmproxy.exceptions import AddonHalt
from mitmproxy.http import HTTPFlow
from mitmproxy.net.dns import response_codes
from mitmproxy.proxy.server_hooks import ServerConnectionHookData
from mitmproxy.tls import ClientHelloData

from schoolgate.proxy.act import Act
from schoolgate.proxy.guarded import Guarded, Hook

Shut = Callable[[Act, Any, str, Exception], None]


def shut_on_fault(duties: Iterable[Any], act: Act) -> list[Any]:
    """The duties, each hook of which is guarded from now on."""
    found = list(duties)
    for duty in found:
        for name, shut in _SHUT.items():
            hook = getattr(duty, name, None)
            if callable(hook):
                setattr(duty, name, _guarded(hook, f"{type(duty).__name__}.{name}", shut, act))
    return found


def _guarded(hook: Hook, where: str, shut: Shut, act: Act) -> Guarded:
    return Guarded(hook, lambda subject, error: shut(act, subject, where, error))


def _tell(act: Act, subject: object, where: str, error: Exception) -> None:
    """Nothing that anybody asked for hangs on it."""
    act.note_fault(where, error)


def _request(act: Act, flow: HTTPFlow, where: str, error: Exception) -> None:
    if flow.response is not None or flow.error:
        act.note_fault(where, error)
    else:
        act.fail(flow, where, error)


def _answer_begins(act: Act, flow: HTTPFlow, where: str, error: Exception) -> None:
    """An answer that is set here would get the site's body, so there is none."""
    act.note_fault(where, error)
    if flow.response is not None and flow.response.raw_content is None:
        _end(flow)


def _answer(act: Act, flow: HTTPFlow, where: str, error: Exception) -> None:
    if flow.response is not None and not flow.response.stream:
        act.fail(flow, where, error)
    else:  # it has gone out already
        act.note_fault(where, error)


def _held(act: Act, flow: HTTPFlow, where: str, error: Exception) -> None:
    """Neither what was held of an answer is shown, nor what follows."""
    act.note_fault(where, error)
    if flow.response is not None:
        flow.response.data.content = b""
        flow.response.stream = lambda data: b""


def _message(act: Act, flow: HTTPFlow, where: str, error: Exception) -> None:
    act.note_fault(where, error)
    _end(flow)


def _hello(act: Act, data: ClientHelloData, where: str, error: Exception) -> None:
    """The connection is opened, so that each request in it is judged; no other duty passes it through."""
    data.ignore_connection = False
    act.note_fault(where, error)
    raise AddonHalt


def _connection(act: Act, data: ServerConnectionHookData, where: str, error: Exception) -> None:
    data.server.error = "The filter could not check where this address leads."
    act.note_fault(where, error)


def _name(act: Act, flow: DNSFlow, where: str, error: Exception) -> None:
    flow.response = flow.request.fail(response_codes.SERVFAIL)
    act.note_fault(where, error)


def _end(flow: HTTPFlow) -> None:
    if flow.killable:
        flow.kill()


_SHUT: Mapping[str, Shut] = {
    "http_connect": _request,
    "requestheaders": _request,
    "request": _request,
    "http_too_long": _request,
    "responseheaders": _answer_begins,
    "response": _answer,
    "http_held": _held,
    "websocket_message": _message,
    "tls_clienthello": _hello,
    "tls_start_client": _tell,
    "tls_established_client": _tell,
    "tls_failed_client": _tell,
    "client_disconnected": _tell,
    "server_connect": _connection,
    "dns_request": _name,
    "dns_response": _name,
}
