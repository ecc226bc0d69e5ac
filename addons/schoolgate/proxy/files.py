"""Stops files that a rule speaks of, on their way in and on their way out, before any of them has passed.

A download is known by its address, its headers and its first bytes; an upload by the files that its form carries. Only
the media type, the size and the host are put on record, never a name and never anything that a file holds.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from mitmproxy.http import Headers, HTTPFlow, Response

from schoolgate.content.unpacking import Bound, Broken, TooMuch, Unpacker
from schoolgate.content.uploads import Upload, open_upload
from schoolgate.policy.file_facts import (
    FIRST_BYTES,
    TELLING_BYTES,
    extensions_of,
    extensions_of_path,
    media_type,
    names_in,
    seen_in,
)
from schoolgate.policy.files import Direction, FileFacts, FileRule, on_site, rules_for, strictest_first
from schoolgate.policy.identity import Inspect
from schoolgate.proxy.act import Act
from schoolgate.proxy.insides.held import Held, hold
from schoolgate.proxy.live import Live, Passage
from schoolgate.proxy.soft_stops import Matched, SoftStops
from schoolgate.proxy.watching import Watch

_FIRST_WITHIN = 0.5  # seconds that headers of a download wait for its first bytes; later ones are looked at in passing
_UPLOAD_WITHIN = (
    2.0  # seconds that an upload waits for enough of itself; some are conversations, and wait for an answer
)
_NO_FILES = frozenset({204, 205, 301, 302, 303, 304, 307, 308})
_TALK = ("text/event-stream", "application/grpc", "application/x-ndjson", "multipart/x-mixed-replace")
_CLAIMS = ("x-entity-type", "x-upload-content-type", "x-goog-upload-header-content-type")
"""Headers in which upload protocols tell a file's media type."""


@dataclass(frozen=True, slots=True)
class _Case:
    """A request with the rules that concern it on this site."""

    flow: HTTPFlow
    passage: Passage
    direction: Direction
    rules: tuple[FileRule, ...]
    categories: frozenset[str]

    @property
    def by_size(self) -> bool:
        """Whether a size that nobody told must be counted."""
        return any(rule.larger_than is not None for rule in self.rules)

    def match(self, files: Sequence[FileFacts], size: int | None) -> Matched | None:
        """The file among these that the first rule speaks of."""
        known = [replace(each, size=size, categories=self.categories) for each in files]
        group = self.passage.verdict.identity.group.id
        found = strictest_first(self.rules, group, self.direction, known)
        return Matched(self.flow, self.passage, self.direction, *found) if found else None


class Files:
    """Judges by the rules that ``rules`` gives; it stands after all duties that may hold a body, before Streaming."""

    def __init__(self, live: Live, act: Act, rules: Callable[[], Sequence[FileRule]]) -> None:
        self._live, self._act, self._rules = live, act, rules
        self._stops = SoftStops(live, act)

    def requestheaders(self, flow: HTTPFlow) -> Awaitable[None] | None:
        """An upload waits until it is known what it carries; then it goes on, or is answered in the site's place."""
        if flow.response is None and not flow.error and _has_body(flow):
            try:
                if case := self._case(flow, Direction.UPLOAD):
                    return self._or_fail(self._judge_upload(case), flow, "upload")
            except Exception as error:
                self._fail(flow, "upload", error)
        return None

    def responseheaders(self, flow: HTTPFlow) -> Awaitable[None] | None:
        """A download waits until its first bytes are known."""
        response = flow.response
        if response is None or response.raw_content is not None or flow.request.method == "HEAD":
            return None
        if response.status_code >= 200 and response.status_code not in _NO_FILES:
            try:
                if case := self._case(flow, Direction.DOWNLOAD):
                    return self._or_fail(self._judge_download(case, response), flow, "download")
            except Exception as error:
                self._fail(flow, "download", error)
        return None

    async def _or_fail(self, judging: Awaitable[None], flow: HTTPFlow, where: str) -> None:
        try:
            await judging
        except Exception as error:
            self._fail(flow, where, error)

    def _case(self, flow: HTTPFlow, direction: Direction) -> _Case | None:
        """None where no rule can concern this request: it then waits for nothing."""
        passage = self._live.judged.get(flow)
        group = passage.verdict.identity.group if passage else None
        if passage is None or group is None or group.inspect is Inspect.NONE:
            return None
        rules = rules_for(self._rules(), group.id, direction)
        categories: frozenset[str] = frozenset()
        if any(rule.categories for rule in rules):
            request, lists = passage.request, self._live.snapshot.lists
            found = (hit for name in request.names for hit in lists.look_up(name, request.target).hits)
            categories = frozenset(hit.category for hit in found)
            rules = on_site(rules, categories)
        return _Case(flow, passage, direction, rules, categories) if rules else None

    async def _judge_upload(self, case: _Case) -> None:
        flow, headers = case.flow, case.flow.request.headers
        upload = open_upload(
            headers.get("content-type", ""),
            flow.request.path,
            headers.get("content-disposition", ""),
            headers.get("content-encoding", ""),
        )
        claims = [media_type(headers[name]) for name in _CLAIMS if name in headers]
        files = [FileFacts(types=frozenset({claim})) for claim in claims if claim]
        held, size = hold(flow), _length(headers)
        if held is not None:
            first = await held.until(upload.enough, _UPLOAD_WITHIN)
            if held.lost:
                return
            files += [*upload.feed(first), *(upload.end() if held.ended else [])]
            size = held.size if held.ended else size
        matched = case.match(files, size)
        if matched is not None:
            self._act_on(matched, held)
        elif held is None or not held.ended:
            self._watch_upload(case, upload, files, size, held.size if held else 0)

    def _watch_upload(
        self, case: _Case, upload: Upload, files: Sequence[FileFacts], size: int | None, read: int
    ) -> None:
        """What comes later is looked at as it streams: another file of a form, or too much of one."""

        def refused(data: bytes, count: int) -> bool:
            more = upload.feed(data) if count > read else []
            matched = case.match([*more, *files], size) if size is not None else case.match([*more, *files], count)
            return matched is not None and self._stops.refuses(matched) is not None

        if case.flow not in self._live.held and (upload.more or (size is None and case.by_size)):
            case.flow.request.stream = Watch(case.flow, refused, case.flow.request.stream)

    async def _judge_download(self, case: _Case, response: Response) -> None:
        facts, size, held = _claimed(case.flow, response), _length(response.headers), hold(case.flow)
        matched = case.match([facts], size)
        talks = media_type(response.headers.get("content-type", "")) in _TALK
        looked = False
        if matched is None and held is not None and not talks:
            first = await held.until(TELLING_BYTES, _FIRST_WITHIN)
            if held.lost:
                return
            looked = held.ended or held.size >= TELLING_BYTES
            facts = _with_first(facts, first, response)
            matched = case.match([facts], held.size if held.ended else size)
        if matched is not None:
            self._act_on(matched, held)
        elif not looked or (size is None and case.by_size):
            self._watch_download(case, response, facts, size, looked)

    def _watch_download(
        self, case: _Case, response: Response, facts: FileFacts, size: int | None, looked: bool
    ) -> None:
        """First bytes that come late are looked at as they pass, and a size that nobody told is counted."""
        first = b""

        def refused(data: bytes, count: int) -> bool:
            nonlocal first, facts
            if not looked and len(first) < FIRST_BYTES:
                first += data[:FIRST_BYTES]
                facts = _with_first(facts, first, response)
            matched = case.match([facts], count if size is None else size)
            return matched is not None and self._stops.refuses(matched) is not None

        if case.flow not in self._live.held:
            response.stream = Watch(case.flow, refused, response.stream)

    def _act_on(self, matched: Matched, held: Held | None) -> None:
        answer = self._stops.refuses(matched)
        if answer is not None:
            self._give(matched.flow, answer, held)

    def _give(self, flow: HTTPFlow, answer: Response, held: Held | None) -> None:
        """Our answer now; where the body cannot be got hold of, the end of the connection instead."""
        self._live.held.discard(flow)
        if held is None:
            flow.kill()
            return
        if held.upload:
            self._live.judged[flow] = None
        held.answer(answer)

    def _fail(self, flow: HTTPFlow, where: str, error: Exception) -> None:
        """What cannot be judged does not pass."""
        held = hold(flow)
        self._act.fail(flow, where, error)
        assert flow.response is not None
        self._give(flow, flow.response, held)


def _claimed(flow: HTTPFlow, response: Response) -> FileFacts:
    """What the address and the headers say that a download is."""
    headers = response.headers
    types = frozenset({media_type(headers.get("content-type", ""))} - {""})
    named = frozenset(each for name in names_in(headers.get("content-disposition", "")) for each in extensions_of(name))
    return FileFacts(named | extensions_of_path(flow.request.path, types), types)


def _with_first(facts: FileFacts, first: bytes, response: Response) -> FileFacts:
    """What the first bytes show, beside what is claimed; the middle of a file shows nothing."""
    headers = response.headers
    if response.status_code == 206 and not headers.get("content-range", "").startswith("bytes 0-"):
        return facts
    if encoding := headers.get("content-encoding"):
        try:
            first = Unpacker(encoding, FIRST_BYTES, Bound.PARTIAL).feed(first)
        except (Broken, TooMuch):
            return facts
    seen = seen_in(first)
    return replace(facts, extensions=facts.extensions | seen.extensions, types=facts.types | seen.types)


def _length(headers: Headers) -> int | None:
    length = headers.get("content-length", "")
    return int(length) if length.isascii() and length.isdigit() else None


def _has_body(flow: HTTPFlow) -> bool:
    headers = flow.request.headers
    if "transfer-encoding" in headers:
        return True
    if "content-length" in headers:
        return _length(headers) != 0
    return flow.request.http_version == "HTTP/2.0" and flow.request.method in ("POST", "PUT", "PATCH")
