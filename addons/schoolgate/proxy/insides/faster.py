"""What makes mitmproxy faster while it runs, and all that is changed in it for that: each change is a few lines.

Each is bound to the version that it was written for, and to the parameters of what it stands in for. Where either is
another, that change stays off, ``switch_on`` names it, and mitmproxy works as it came: slower, to the same effect. Only
of what crashes in mitmproxy a client hears at once, where ``server_event`` is ours: else it waits until it gives up.
``tests/bench/bench_faster.py`` measures what each is worth.
"""

import asyncio
import inspect
import ipaddress
import os
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cryptography.x509 import GeneralName, load_der_x509_certificate
from mitmproxy import connection, flow, version
from mitmproxy.addonmanager import AddonManager
from mitmproxy.addons import tlsconfig
from mitmproxy.certs import Cert
from mitmproxy.connection import Connection
from mitmproxy.http import Headers, MessageData
from mitmproxy.net import check
from mitmproxy.net.http import http1, url
from mitmproxy.net.http.http1 import read
from mitmproxy.optmanager import OptManager, _Option, unset
from mitmproxy.proxy import commands
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.events import CommandCompleted
from mitmproxy.proxy.layer import Layer
from mitmproxy.proxy.layers import http
from mitmproxy.proxy.layers.http import HttpLayer, HttpStream
from mitmproxy.proxy.layers.http._http1 import Http1Connection
from mitmproxy.proxy.layers.tcp import TCPLayer
from mitmproxy.proxy.layers.tls import ServerTLSLayer, TLSLayer
from mitmproxy.proxy.mode_servers import AsyncioServerInstance, ProxyConnectionHandler
from mitmproxy.proxy.server import ConnectionHandler
from mitmproxy.proxy.tunnel import TunnelLayer
from mitmproxy.tls import ClientHello
from mitmproxy.utils import asyncio_utils
from OpenSSL.crypto import FILETYPE_ASN1, dump_certificate

from schoolgate.proxy.insides.doorstep import listen
from schoolgate.proxy.insides.hello import read_hello
from schoolgate.proxy.insides.hooks import handle_hook, trigger_event
from schoolgate.proxy.insides.layers import (
    check_killed,
    event_to_child,
    handle_event,
    http1_event,
    http_event,
    make_stream,
    mark_done,
    passthrough,
    read_body,
    receive_data,
    relay_messages,
    send_data,
    server_tls_to_child,
    stream_event,
    tls_event,
    tls_interact,
    tunnel_event,
    tunnel_to_child,
)
from schoolgate.proxy.insides.messages import (
    LONGEST,
    as_bytes,
    body_size,
    connection_close,
    contains,
    get,
    get_all,
    get_item,
    is_valid_host,
    parse_authority,
    pop,
    read_headers,
    read_request_line,
    validate_headers,
)
from schoolgate.proxy.insides.served import drain_writers, handle_client, handle_connection, server_event

WRITTEN_FOR = "12.2.3"
"""The version of mitmproxy that all of this was read in."""
_CLIENT_HELLO: Callable[[ClientHello, bytes, bool], None] = ClientHello.__init__
_CURRENT: Callable[[_Option], Any] = _Option.current
_OPTION: Callable[[OptManager, str], Any] = OptManager.__getattr__
_GENERAL_NAME: Callable[[str], GeneralName] = tlsconfig._ip_or_dns_name
_NEW: Any = object.__new__
_EVENTS, _READING = "ProxyConnectionHandler.server_event", "ConnectionHandler.handle_connection"
_LONGEST_KEPT = 8192  # bytes of a certificate
_UNCHANGING = frozenset({bool, int, str, type(None)})


def post_init(self: MessageData) -> None:
    """Nothing: mitmproxy has checked the types of what it made itself."""


def client_hello(self: ClientHello, raw_client_hello: bytes, dtls: bool = False) -> None:
    """As mitmproxy's, but the whole is taken apart in a few steps; what is odd about one is left to mitmproxy."""
    found = None if dtls else read_hello(raw_client_hello)
    if found is None:
        _CLIENT_HELLO(self, raw_client_hello, dtls)
    else:
        self._raw_bytes, self._client_hello = raw_client_hello, found  # type: ignore[assignment]


def layer(self: Layer, context: Context) -> None:
    """As mitmproxy's, but without the option to tell of each step."""
    self.context, self._paused, self._paused_event_queue = context, None, deque()
    context.layers.append(self)


def fork(self: Context) -> Context:
    """As mitmproxy's, but makes no connection to a site only to put another in its place."""
    made = Context.__new__(Context)
    made.client, made.options, made.server, made.layers = self.client, self.options, self.server, self.layers.copy()
    return made


def current(self: _Option) -> Any:
    """As mitmproxy's, but makes no copies of what nobody can change, and simple ones of what is simple."""
    value = self._default if self.value is unset else self.value
    if type(value) in _UNCHANGING:
        return value
    return [] if type(value) is list and not value else _CURRENT(self)


def option(self: OptManager, attr: str) -> Any:
    """As mitmproxy's, but asks once."""
    found = self.__dict__["_options"].get(attr)
    if found is None:
        return _OPTION(self, attr)
    value = found._default if found.value is unset else found.value
    return value if type(value) in _UNCHANGING else found.current()


def is_same(self: Connection, other: object) -> bool:
    """As mitmproxy's, but a connection is asked first whether it is the other."""
    return self is other or (getattr(other, "id", None) == self.id and isinstance(other, Connection))


def made(cls: type, *args: Any, **kwargs: Any) -> Any:
    """As mitmproxy's, but does not ask each time whether the class is what it is."""
    return _NEW(cls)


def create_task(
    coro: Coroutine[Any, Any, Any], *, name: str, keep_ref: bool, client: object = None
) -> asyncio.Task[Any]:
    """As mitmproxy's, but asks nothing of the environment."""
    task = asyncio.get_running_loop().create_task(coro, name=name)
    if keep_ref and not task.done():
        asyncio_utils._KEEP_ALIVE.add(task)
        task.add_done_callback(asyncio_utils._KEEP_ALIVE.discard)
    return task


class ids:  # noqa: N801 (a module's stead)
    """Stands where mitmproxy's modules have ``uuid``, of which they use the one function, and its text at that."""

    @staticmethod
    def uuid4() -> str:
        """A random UUID (RFC 9562, 5.4)."""
        drawn = bytearray(os.urandom(16))
        drawn[6] = drawn[6] & 0x0F | 0x40
        drawn[8] = drawn[8] & 0x3F | 0x80
        text = drawn.hex()
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def from_pyopenssl(x509: Any) -> Cert:
    """As mitmproxy's, but what a site showed before is not read again."""
    der = dump_certificate(FILETYPE_ASN1, x509)
    return _known_certificate(der) if len(der) <= _LONGEST_KEPT else Cert(load_der_x509_certificate(der))


@lru_cache(maxsize=256)
def _known_certificate(der: bytes) -> Cert:
    return Cert(load_der_x509_certificate(der))


class addresses:  # noqa: N801 (a module's stead)
    """Stands where ``tlsconfig`` has ``ipaddress``, of which it uses the one function."""

    @staticmethod
    def ip_address(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
        """As Python's, but of the last names it is known that they are no addresses. Raises ValueError."""
        if len(address) <= LONGEST and not _is_address(address):
            raise ValueError(f"{address!r} is no address")
        return ipaddress.ip_address(address)


@lru_cache(maxsize=1024)
def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def general_name(val: str) -> GeneralName:
    """As mitmproxy's, but remembers the last ones."""
    return _known_name(val) if len(val) <= LONGEST else _GENERAL_NAME(val)


@lru_cache(maxsize=1024)
def _known_name(val: str) -> GeneralName:
    return _GENERAL_NAME(val)


@dataclass(frozen=True, slots=True)
class Change:
    """What is put in the place of what, where that is as it was known; ``gain`` says what is saved.

    It ``needs`` another change, if it is named, and stays off without it.
    """

    owner: Any  # a class or a module
    name: str
    parameters: str  # of a function; the name of a module
    instead: Callable[..., Any]
    gain: str
    needs: str = ""

    def __str__(self) -> str:
        """The name of what is changed."""
        return f"{self.owner.__name__}.{self.name}"

    def is_known(self) -> bool:
        """Whether this mitmproxy is the one that the change was made for."""
        standing = getattr(self.owner, self.name, None)
        parameters = ", ".join(inspect.signature(standing).parameters) if callable(standing) else None
        if inspect.ismodule(standing):
            parameters = standing.__name__
        elif standing is self.instead:
            parameters = self.parameters
        return version.VERSION == WRITTEN_FOR and parameters == self.parameters


CHANGES = (
    Change(ProxyConnectionHandler, "server_event", "self, event", server_event, "tasks for hooks, single writes"),
    Change(AddonManager, "trigger_event", "self, event", trigger_event, "asking addons that handle nothing"),
    Change(ProxyConnectionHandler, "handle_hook", "self, hook", handle_hook, "timers for hooks"),
    Change(ProxyConnectionHandler, "drain_writers", "self", drain_writers, "waiting where nothing is held up"),
    Change(ConnectionHandler, "handle_client", "self", handle_client, "two tasks, the garbage collector", _READING),
    Change(ConnectionHandler, "handle_connection", "self, connection", handle_connection, "tasks that read", _EVENTS),
    Change(AsyncioServerInstance, "listen", "self, host, port", listen, "layers around what is in a tunnel", _READING),
    Change(TCPLayer, "relay_messages", "self, event", relay_messages, "layers around unread bytes", _READING),
    Change(Layer, "__init__", "self, context", layer, "a look into the options for each"),
    Change(Layer, "handle_event", "self, event", handle_event, "ways up through all layers for a hook", _EVENTS),
    Change(HttpLayer, "handle_event", "self, event", http_event, "a layer", "Layer.handle_event"),
    Change(HttpLayer, "event_to_child", "self, child, event", event_to_child, "generators within generators"),
    Change(HttpLayer, "make_stream", "self, stream_id", make_stream, "generators"),
    Change(HttpStream, "check_killed", "self, emit_error_hook", check_killed, "a generator"),
    Change(HttpStream, "_handle_event", "self, event", stream_event, "a generator"),
    Change(HttpStream, "passthrough", "self, event", passthrough, "the layers around a tunnel", _EVENTS),
    Change(Http1Connection, "handle_event", "self, event", http1_event, "generators"),
    Change(Http1Connection, "read_body", "self, event", read_body, "an object for each piece"),
    Change(Http1Connection, "mark_done", "self, request, response", mark_done, "generators, rare cases first"),
    Change(TunnelLayer, "_handle_event", "self, event", tunnel_event, "generators"),
    Change(TunnelLayer, "event_to_child", "self, event", tunnel_to_child, "generators, and small records of TLS"),
    Change(ServerTLSLayer, "event_to_child", "self, event", server_tls_to_child, "a generator"),
    Change(TLSLayer, "handle_event", "self, event", tls_event, "a generator", "Layer.handle_event"),
    Change(TLSLayer, "tls_interact", "self", tls_interact, "exceptions that say there is nothing"),
    Change(TLSLayer, "send_data", "self, data", send_data, "steps to one call"),
    Change(TLSLayer, "receive_data", "self, data", receive_data, "exceptions that say there is nothing"),
    Change(ClientHello, "__init__", "self, raw_client_hello, dtls", client_hello, "small steps"),
    Change(Headers, "get_all", "self, name", get_all, "walks through all fields"),
    Change(Headers, "get", "self, key, default", get, "walks through all fields"),
    Change(Headers, "__getitem__", "self, key", get_item, "walks through all fields"),
    Change(Headers, "__contains__", "self, key", contains, "walks through all fields"),
    Change(Headers, "pop", "self, key, default", pop, "exceptions that say there is nothing"),
    Change(Headers, "__bytes__", "self", as_bytes, "a generator"),
    Change(read, "_read_headers", "lines", read_headers, "checks of types"),
    Change(read, "_read_request_line", "line", read_request_line, "a second reading"),
    Change(http1, "expected_http_body_size", "request, response", body_size, "rare cases first"),
    Change(http, "expected_http_body_size", "request, response", body_size, "rare cases first"),
    Change(http1, "connection_close", "http_version, headers", connection_close, "rare cases first"),
    Change(url, "parse_authority", "authority, check", parse_authority, "names that were read before"),
    Change(check, "is_valid_host", "host", is_valid_host, "names that were read before"),
    Change(url, "is_valid_host", "host", is_valid_host, "names that were read before"),
    Change(http, "validate_headers", "message", validate_headers, "names that were valid before"),
    Change(Context, "fork", "self", fork, "a connection that nobody uses"),
    Change(_Option, "current", "self", current, "copies of what does not change"),
    Change(OptManager, "__getattr__", "self, attr", option, "looking an option up twice"),
    Change(Connection, "__eq__", "self, other", is_same, "asking what kind the other is"),
    Change(Connection, "__hash__", "self", object.__hash__, "a step in Python for each look into a dictionary"),
    Change(commands.StartHook, "__new__", "cls, args, kwargs", made, "checks of the class"),
    Change(CommandCompleted, "__new__", "cls, args, kwargs", made, "checks of the class"),
    Change(asyncio_utils, "create_task", "coro, name, keep_ref, client", create_task, "looks into the environment"),
    Change(tlsconfig, "_ip_or_dns_name", "val", general_name, "names that were read before"),
    Change(tlsconfig, "ipaddress", "ipaddress", addresses, "names that were read before"),
    Change(Cert, "from_pyopenssl", "x509", from_pyopenssl, "certificates that were read before"),
    Change(connection, "uuid", "uuid", ids, "steps from bytes to a text"),
    Change(flow, "uuid", "uuid", ids, "steps from bytes to a text"),
    Change(MessageData, "__post_init__", "self", post_init, "checks of types"),
)
"""All of them."""


def switch_on(changes: tuple[Change, ...] = CHANGES) -> list[str]:
    """Make the changes that fit this mitmproxy; the names of those that do not."""
    fitting, known = [change for change in changes if change.is_known()], 0
    while known != len(fitting):
        known, names = len(fitting), {str(change) for change in fitting}
        fitting = [change for change in fitting if not change.needs or change.needs in names]
    for change in fitting:
        setattr(change.owner, change.name, change.instead)
    return [str(change) for change in changes if change not in fitting]
