"""What is done with a file that a rule speaks of: it is stopped, asked about once, or noted and let through."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from mitmproxy.http import HTTPFlow, Response

from schoolgate.policy.files import FILE, Direction, FileFacts, FileRule, kind_of, size_in_words, told
from schoolgate.policy.rules import Action, Stage
from schoolgate.policy.verdict import Verdict
from schoolgate.policy.visits import classify
from schoolgate.proxy.act import Act, lower
from schoolgate.proxy.footing import State
from schoolgate.proxy.live import Live, Passage
from schoolgate.proxy.pages import wanted

MINUTES = 10
"""How long a soft stop lets the same thing pass when it is tried again."""
_PAUSE = 4.0  # seconds that must lie between: what a page repeats by itself, or sends at once, is stopped too
_MOST_ASKED = 10_000

type _Key = tuple[str, str, str]  # who (user or address), host, rule


@dataclass(frozen=True, slots=True)
class Matched:
    """A file of a request, and the rule that speaks of it."""

    flow: HTTPFlow
    passage: Passage
    direction: Direction
    rule: FileRule
    facts: FileFacts


class SoftStops:
    """Carries out the rules for files of one worker."""

    def __init__(self, live: Live, act: Act, clock: Callable[[], float] = time.monotonic) -> None:
        self._live, self._act, self._clock = live, act, clock
        self._asked: dict[_Key, tuple[float, str]] = {}

    def refuses(self, file: Matched) -> Response | None:
        """On record first; then the answer in place of the file, or None where it passes."""
        action, verdict = file.rule.action, self._verdict(file)
        if action is Action.ALLOW:
            return None
        request = file.passage.request
        key = (request.user or request.client or "", request.host, file.rule.id)
        if action is Action.LOG or (action is Action.WARN and self._may_pass(key)):
            self._record(file, replace(verdict, action=Action.LOG))
            return None
        ref = self._reference(key) if action is Action.WARN else None
        if ref is None:
            ref = self._record(file, verdict)
        if action is Action.WARN:
            self._remember(key, ref)
        return self._answer(file, ref)

    def _may_pass(self, key: _Key) -> bool:
        when, _ = self._asked.get(key, (-MINUTES * 60.0, ""))
        return _PAUSE <= self._clock() - when < MINUTES * 60

    def _reference(self, key: _Key) -> str | None:
        """Several pictures sent at once are asked about once."""
        when, ref = self._asked.get(key, (0.0, ""))
        return ref if ref and self._clock() - when < _PAUSE else None

    def _remember(self, key: _Key, ref: str) -> None:
        now = self._clock()
        if len(self._asked) >= _MOST_ASKED:
            self._asked = {each: asked for each, asked in self._asked.items() if now - asked[0] < MINUTES * 60}
        if self._reference(key) is None:
            self._asked[key] = (now, ref)

    def _verdict(self, file: Matched) -> Verdict:
        snapshot, request, rule = self._live.snapshot, file.passage.request, file.rule
        identity = file.passage.verdict.identity
        category = next(iter(sorted(rule.categories & file.facts.categories)), "")
        known = snapshot.categories.get(category)
        return Verdict(
            action=rule.action,
            identity=identity,
            host=request.host,
            calendar=snapshot.calendar.moment(request.at, identity.group.id, identity.user or "").words,
            stage=Stage.REQUEST if file.direction is Direction.UPLOAD else Stage.RESPONSE,
            snapshot=snapshot.version,
            category=category,
            theme=known.theme if known else "",
            list=FILE,
            entry=told(file.facts),
            rule=rule.id,
            basis=rule.basis,
            why=rule.why,
            alert=rule.alert,
        )

    def _record(self, file: Matched, verdict: Verdict) -> str:
        """Without the address's path: it may be the file's name. In staff's own time only blocks are kept."""
        footing = self._live.footing(verdict.identity, file.passage.request.at)
        if footing.state is State.FREE and verdict.action is not Action.BLOCK:
            return "-"
        request = replace(file.passage.request, path="/", target="", query="")
        return self._act.record(request, verdict, classify(lower(file.flow))).ref

    def _answer(self, file: Matched, ref: str) -> Response:
        request, kind, asks = file.passage.request, kind_of(file.facts), file.rule.action is Action.WARN
        what = {"image": "picture", "video": "video"}.get(kind.partition("/")[0], "file")
        words = {
            "school": self._live.pages.school,
            "host": request.host,
            "what": what,
            "kind": kind,
            "size": size_in_words(file.facts.size),
            "why": file.rule.why,
            "retry": str(MINUTES) if asks else "",
            "url": file.flow.request.url if asks and file.direction is Direction.DOWNLOAD else "",
            "ref": ref,
        }
        brief = {"error": "asked" if asks else "blocked", "why": file.rule.why, "ref": ref}
        if asks and file.direction is Direction.UPLOAD:
            brief["question"] = f"Are pupils or the school in this {what}? If not, send it again."
        form = wanted(lower(file.flow), request.method, request.path)
        return self._live.pages._answer(403, "upload_page.html", words, brief, form)
