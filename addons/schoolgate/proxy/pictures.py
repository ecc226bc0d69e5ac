"""Holds pictures back until they are judged, and shows a grey one in place of what pupils must not see.

Off unless the school switches it on (``pictures:`` in school.yaml). A picture that cannot be judged (too large, broken,
made to harm, or come too slowly) is not shown either. No picture is kept.
"""

import logging
import struct
import time
import zlib
from collections.abc import Awaitable, Callable

from mitmproxy.http import HTTPFlow, Response

from schoolgate.content.pictures import LARGEST, SMALLEST, PictureJudge
from schoolgate.content.unpacking import Broken, TooMuch, Unpacker
from schoolgate.policy.file_facts import media_type
from schoolgate.policy.identity import Inspect
from schoolgate.policy.rules import PICTURE, Action, Hit
from schoolgate.policy.said import decide_said
from schoolgate.policy.visits import classify
from schoolgate.proxy.act import Act, lower
from schoolgate.proxy.insides.held import Held, hold
from schoolgate.proxy.live import Live, Passage

log = logging.getLogger("schoolgate")

CATEGORY = "adult"
_ARRIVES_WITHIN = 30.0  # seconds
_DRAWN = frozenset({"image/svg+xml", "image/x-icon", "image/vnd.microsoft.icon"})  # drawings and icons pass
_UNTOLD = frozenset({"", "application/octet-stream", "binary/octet-stream", "text/plain", "application/unknown"})
_KEPT_HEADERS = (
    "access-control-allow-origin",
    "access-control-allow-credentials",
    "cross-origin-resource-policy",
    "timing-allow-origin",
    "vary",
)
"""Without these a page's script would take the grey picture for an error."""


class Pictures:
    """``judged_for`` says whose pictures are judged; ``record`` is told of each that was replaced, with its likelihood.

    It stands after all duties that set ``stream``, before Streaming.
    """

    def __init__(
        self,
        live: Live,
        act: Act,
        judge: PictureJudge,
        judged_for: Callable[[Passage], bool] | None = None,
        record: Callable[[HTTPFlow, Passage, float | None], None] | None = None,
    ) -> None:
        self._live, self._act, self._judge = live, act, judge
        self._judged_for = judged_for or AdultRules(live).holds_for
        self._record = record or PictureRecord(live, act).note

    async def done(self) -> None:
        """The gateway stops."""
        await self._judge.close()

    def responseheaders(self, flow: HTTPFlow) -> Awaitable[None] | None:
        """A picture waits here until it is whole and judged; the event loop does not wait with it."""
        passage, response = self._live.judged.get(flow), flow.response
        if passage is None or response is None or response.raw_content is not None or not is_picture(flow, response):
            return None
        return self._hold_back(flow, passage, response)

    async def _hold_back(self, flow: HTTPFlow, passage: Passage, response: Response) -> None:
        try:
            if self._live.settings.school.pictures.judged and self._judged_for(passage):
                await self._look(flow, passage, response)
        except Exception as error:
            self._act.note_fault("picture", error)
            self._replace(flow, hold(flow), response)

    async def _look(self, flow: HTTPFlow, passage: Passage, response: Response) -> None:
        held, length = hold(flow), response.headers.get("content-length", "")
        told = int(length) if length.isascii() and length.isdigit() else None
        data: bytes | None = b""
        if told is not None and told < SMALLEST:
            return
        if held is not None and (told is None or told <= LARGEST):
            await held.until(LARGEST + 1, _ARRIVES_WITHIN)
            if held.lost:
                return
            data = held.data if held.ended else None
        if held is None or data is None or (told or 0) > LARGEST or response.status_code == 206:
            likelihood = None
        else:
            likelihood = await self._likelihood(data, response.headers.get("content-encoding", ""))
        above = self._live.settings.school.pictures.above
        if likelihood is None or likelihood > above:
            self._record(flow, passage, likelihood)
            self._replace(flow, held, response)

    async def _likelihood(self, data: bytes, encoding: str) -> float | None:
        if encoding:
            try:
                data = Unpacker(encoding, LARGEST).feed(data)
            except (Broken, TooMuch):
                return None
        return await self._judge.judge(data)

    def _replace(self, flow: HTTPFlow, held: Held | None, response: Response) -> None:
        self._live.held.discard(flow)
        if held is None:
            flow.kill()
        else:
            held.answer(grey(response), cut=False)


def is_picture(flow: HTTPFlow, response: Response) -> bool:
    """Whether an answer is, or may be shown as, a picture of pixels."""
    if flow.request.method == "HEAD" or response.status_code in (101, 204, 304):
        return False
    kind = media_type(response.headers.get("content-type", ""))
    if kind.startswith("image/"):
        return kind not in _DRAWN
    return kind in _UNTOLD and flow.request.headers.get("sec-fetch-dest", "").lower() == "image"


def grey(response: Response) -> Response:
    """The picture that stands in for another one."""
    kept = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
    return Response.make(200, GREY, {"Content-Type": "image/png", "Cache-Control": "no-store", **kept})


def _plain_png(width: int, height: int, shade: int) -> bytes:
    """A PNG (ISO/IEC 15948) of one shade of grey."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + bytes([shade]) * width) * height, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


GREY = _plain_png(160, 120, 0xC8)


class AdultRules:
    """Whose pictures are judged: those for whom a rule blocks the category ``adult``.

    Not on sites that the school has allowed itself, nor on those that it must be able to reach: a hospital's or a
    museum's pictures are what such a model errs on.
    """

    def __init__(self, live: Live) -> None:
        self._live = live

    def holds_for(self, passage: Passage) -> bool:
        """Whether the pictures of this answer are judged."""
        snapshot, request, identity = self._live.snapshot, passage.request, passage.verdict.identity
        if identity.group.inspect is not Inspect.FULL:
            return False
        hit = Hit(CATEGORY, PICTURE, "")
        if decide_said(identity, request, snapshot, (hit,)).action is not Action.BLOCK:
            return False
        if all(snapshot.lists.is_protected(name) for name in request.names):
            return False
        owns = [snapshot.lists.look_up(name, request.target).local for name in request.names]
        return not any(own is not None and own[0] is Action.ALLOW for own in owns)


class PictureRecord:
    """Puts one event a device and site on record in a minute, however many pictures a page has."""

    _EVERY = 60.0  # seconds
    _MOST = 10_000

    def __init__(self, live: Live, act: Act) -> None:
        self._live, self._act = live, act
        self._noted: dict[tuple[str, str], float] = {}

    def note(self, flow: HTTPFlow, passage: Passage, likelihood: float | None) -> None:
        """A picture was replaced; one that could not be judged is held against nobody."""
        request, identity = passage.request, passage.verdict.identity
        if likelihood is None:
            log.info("A picture of %s could not be judged and was not shown", request.host)
            return
        key, now = (request.user or request.client or "", request.host), time.monotonic()
        if self._noted.get(key, 0.0) > now:
            return
        if len(self._noted) >= self._MOST:
            self._noted = {known: until for known, until in self._noted.items() if until > now}
        self._noted[key] = now + self._EVERY
        hit = Hit(CATEGORY, PICTURE, f"likelihood {likelihood:.2f}", certain=False)
        verdict = decide_said(identity, request, self._live.snapshot, (hit,))
        self._live.count(verdict, passage.footing)
        self._act.record(request, verdict, classify(lower(flow)))
