"""Takes what people answer to the gateway's own pages: the notice was read, what a site is for, please open this.

The answers come to a path of the very site that was wanted, so that they work wherever the page could be shown; they
are answered here, and no site ever sees them. An answer is believed only where its token was made for this person,
this page and this site, and where the browser does not say that another site sent it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qs

from mitmproxy.http import Headers, HTTPFlow, Response

from schoolgate.policy.identity import Identity, Inspect
from schoolgate.policy.request import BadAddress, WebRequest
from schoolgate.proxy.act import Act, lower
from schoolgate.proxy.attached import Attached
from schoolgate.proxy.footing import Footing
from schoolgate.proxy.insides.full import QUESTIONS
from schoolgate.proxy.live import Live
from schoolgate.proxy.nudges import Choice, in_words, key_of
from schoolgate.proxy.pages import ASK, NOTICE, NUDGE, OWN, origin_of
from schoolgate.proxy.telling import TELL
from schoolgate.proxy.translate import translate
from schoolgate.proxy.unblocking import NotTaken
from schoolgate.store.event import Deed, deed_event

_MOST = 64 * 1024
"""Bytes of an answer: the address that was wanted is part of it."""
_MOST_FIELDS = 10
_FORM = "application/x-www-form-urlencoded"
_NOT_OURS = "This answer did not come from the page that asked. Open the site again, and answer there."
_NOTHING_HERE = "This address belongs to the school's filter, and nothing is to be seen here."


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request for the gateway itself, and who made it."""

    request: WebRequest
    identity: Identity

    @property
    def origin(self) -> str:
        """The site's origin, by which tokens go."""
        return origin_of(self.request)


class Replies:
    """Answers for the reserved path, for people who work here, and for everybody who asks for a blocked page.

    It stands before the gate, which stops what is left.
    """

    def __init__(self, live: Live, act: Act) -> None:
        self._live, self._act = live, act
        self._asked = Attached[HTTPFlow, _Asked]()

    def requestheaders(self, flow: HTTPFlow) -> None:
        """Whether this request is for the gateway: its body then waits."""
        if flow.response or flow.error or not flow.request.path.startswith(OWN):
            return
        try:
            tunnel = self._live.tunnels.get(flow.client_conn)
            request = translate(flow, tunnel, self._live.users.get(flow.client_conn), datetime.now(UTC))
            snapshot = self._live.snapshot
            identity = self._live.identify(flow.client_conn)
            group, path = identity.group, flow.request.path.partition("?")[0]
            theirs = path == ASK or group.id in snapshot.calendar.at_work
            if not theirs or group.inspect is Inspect.NONE:
                return
            self._live.asked.add(flow)
            self._asked[flow] = _Asked(request, identity)
            QUESTIONS[flow] = _MOST
        except BadAddress:
            return  # the gate refuses it
        except Exception as error:
            self._act.fail(flow, "reply", error)

    def request(self, flow: HTTPFlow) -> None:
        """The answer has come whole."""
        QUESTIONS.pop(flow, None)
        asked = self._asked.pop(flow, None)
        if asked is None or flow.response or flow.error:
            return
        try:
            flow.response = self._reply(flow, asked)
        except Exception as error:
            self._act.fail(flow, "reply", error)

    def _reply(self, flow: HTTPFlow, asked: _Asked) -> Response:
        headers, path = lower(flow), flow.request.path.partition("?")[0]
        if flow.request.method != "POST" or path not in (NOTICE, NUDGE, ASK):
            return self._refuse(404, _NOTHING_HERE, flow)
        if not _is_own(headers, asked) or not headers.get("content-type", "").lower().startswith(_FORM):
            return self._refuse(403, _NOT_OURS, flow)
        given = _fields(flow.request.raw_content or b"")
        if path == ASK:
            return self._ask(flow, asked, given)
        footing = self._live.footing(asked.identity, asked.request.at)
        take = self._notice if path == NOTICE else self._nudge
        return take(asked, footing, given) or self._refuse(403, _NOT_OURS, flow)

    def _notice(self, asked: _Asked, footing: Footing, given: Mapping[str, str]) -> Response | None:
        """On record before the answer leaves, and known here at once. None where the token is no good."""
        live, to = self._live, given.get("to", "")
        token, person, version = given.get("token", ""), footing.person, footing.version
        if not version or not live.tokens.holds(token, NOTICE, person, version, asked.origin, to):
            return None
        live.standings.look_again()
        if (person, version) not in live.standings.now.acknowledged:
            client = asked.request.client or ""
            about = {"person": person, "notice": version, "client": client, "group": asked.identity.group.id}
            about |= {"device": live.pseudonyms.of("device", asked.identity.device) if client else ""}
            about |= {"identity_confidence": asked.identity.confidence}
            deed = deed_event(asked.request.at, Deed.NOTICE, person, live.snapshot.version, **about)
            live.record(deed)
            live.standings.acknowledge(person, version)
        return _go_to(asked.origin + to)

    def _nudge(self, asked: _Asked, footing: Footing, given: Mapping[str, str]) -> Response | None:
        """What the person said holds for this site and kind of site. None where the token is no good."""
        to, back, category = given.get("to", ""), given.get("back", ""), given.get("category", "")
        about = (NUDGE, footing.person, category, asked.origin, to, back)
        choice = given.get("choice", "")
        if choice not in set(Choice) or not self._live.tokens.holds(given.get("token", ""), *about):
            return None
        if choice == Choice.BACK:
            return _go_to(back) if back else self._live.pages.stayed(asked.request)
        key = key_of(footing.person, asked.request.host, category)
        self._act.nudges.say(key, in_words(Choice(choice), given.get("reason", "")))
        return _go_to(asked.origin + to)

    def _ask(self, flow: HTTPFlow, asked: _Asked, given: Mapping[str, str]) -> Response:
        """On record before the answer leaves."""
        try:
            taken = self._act.unblocking.take(asked.request, asked.identity, given)
        except NotTaken as error:
            return self._refuse(error.status, str(error), flow)
        if not taken:
            return self._refuse(403, _NOT_OURS, flow)
        kind = TELL if given.get("tell", "") == TELL else given.get("kind", "")
        return self._live.pages.asked(asked.request, kind)

    def _refuse(self, status: int, why: str, flow: HTTPFlow) -> Response:
        return self._live.pages.refused(status, why, "-", lower(flow), flow.request.method, "/")


def _fields(body: bytes) -> dict[str, str]:
    """The first value of each field; none of a form with more fields than any of ours."""
    try:
        fields = parse_qs(body.decode("utf-8", "replace"), max_num_fields=_MOST_FIELDS)
    except ValueError:
        return {}
    return {name: values[0] for name, values in fields.items()}


def _is_own(headers: Mapping[str, str], asked: _Asked) -> bool:
    """Whether nothing that the browser says speaks for another site behind this answer."""
    if headers.get("sec-fetch-site", "same-origin").lower() != "same-origin":
        return False
    if headers.get("sec-fetch-mode", "navigate").lower() != "navigate":
        return False
    return headers.get("origin", asked.origin).lower() == asked.origin


def _go_to(url: str) -> Response:
    """On by a GET, whatever was asked by a POST (RFC 9110, 15.4.4)."""
    headers = {"Location": url, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return Response.make(303, b"", Headers([(name.encode(), value.encode()) for name, value in headers.items()]))
