"""What ``schoolgate check`` is asked and answers: the same verdict as the gateway's, without a proxy."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import orjson

from schoolgate.content.page import read_html, read_plain
from schoolgate.content.searches import open_engines
from schoolgate.content.verdict import on_page, on_search
from schoolgate.content.wrapped_searches import asks_unsafely, search_behind
from schoolgate.lists.sealed.feeds import known
from schoolgate.policy.calendar import ALWAYS, in_words_for, said_of
from schoolgate.policy.decision import LOCAL_ALLOW, WRAPPED_SEARCH, decide_for, refuse
from schoolgate.policy.identity import Confidence, Identity
from schoolgate.policy.request import WebRequest, host_address, request_from_url, shorten
from schoolgate.policy.rules import NAME, SEARCH, SIGN, TEXT, Action, Subject
from schoolgate.policy.said import decide_said, is_judged
from schoolgate.policy.sealed import SEALED, is_sealed
from schoolgate.policy.signs import of_request, opens_a_page
from schoolgate.policy.standing import NO_STANDING, Standing
from schoolgate.policy.verdict import Verdict, outweighs, stricter
from schoolgate.policy.whereabouts import NOTHING, NOWHERE, Whereabouts
from schoolgate.settings.faults import unknown
from schoolgate.settings.load import Settings

Asked = dict[str, Any]
_READERS = {"html": read_html, "text": read_plain}
_SAID = (*_READERS, "search")
_ASKED = ("url", *_SAID)
_TEXTS = frozenset({*_ASKED, "group", "client", "user", "at"})


class Enquiry:
    """Answers questions under one set of settings; ``who`` is what holds where a question does not say.

    ``standing`` is what people have opened, ``seen`` who is where; left out, the settings alone answer.
    """

    def __init__(
        self, settings: Settings, who: Asked, standing: Standing = NO_STANDING, seen: Whereabouts = NOWHERE
    ) -> None:
        self.settings, self._standing, self._seen = settings, standing, seen
        self._who = {name: value for name, value in who.items() if value}
        self._engines = open_engines()
        self._identity = lru_cache(4096)(self._identify)
        self._moment = lru_cache(4096)(lambda text: moment_of(text, settings))
        self._names = {person.login.casefold(): person.name for person in settings.snapshot.people.persons}
        self._when = {rule.id: rule.when for rule in settings.snapshot.rules}

    def answer(self, asked: Asked) -> dict[str, Any]:
        """The verdict as a dict. Raises ValueError in words for what was asked wrongly."""
        if self._who:
            asked = {**self._who, **asked}
        for name, given in asked.items():
            if type(given) is not str and given is not None and name in _TEXTS:
                raise ValueError(f"{name!r} must be a text")
        at, client, user, url = asked.get("at"), asked.get("client"), asked.get("user"), asked.get("url")
        moment = self._moment(at) if at else datetime.now(UTC)
        identity = self._identity(client, user, asked.get("group"))
        asked = {name: value for name, value in asked.items() if value is not None}
        if url is None:
            nowhere = WebRequest(moment, client, user, "GET", "https", ("",), 443, "", "")
            return self._row(None, self._on_words(asked, identity, nowhere))
        request = request_from_url(url, at=moment, client=client, user=user)
        headers = _headers(asked)
        signs = of_request("GET", request.host, request.asked, headers)
        request = replace(request, signs=signs, opened=opens_a_page(headers))
        verdict = decide_for(identity, request, self.settings.snapshot, standing=self._standing)
        if why := asks_unsafely(request, identity, self._engines):
            verdict = stricter(verdict, refuse(identity, request, self.settings.snapshot, WRAPPED_SEARCH, why))
        search = search_behind(request, self._engines) if "search" not in asked else None
        if search is not None and is_judged(identity, request, self.settings.snapshot, Subject.SEARCHES):
            said = self._on_words({"search": search.words}, identity, request)
            verdict = said if outweighs(said, verdict) else verdict
        if verdict.action is not Action.BLOCK and not asked.keys().isdisjoint(_SAID):
            verdict = stricter(verdict, self._on_words(asked, identity, request))
        return self._row(None if is_sealed(verdict.category, verdict.rule) else request.url, verdict)

    def _row(self, url: str | None, verdict: Verdict) -> dict[str, Any]:
        name = self._names.get((verdict.identity.user or "").casefold(), "")
        return _verdict_row(url, verdict) | {"person": name or None, "counts": self._counts(verdict, name)}

    def _counts(self, verdict: Verdict, name: str) -> str | None:
        """Whether a visit of somebody who works here counts, and why; None where the question does not arise."""
        at_work = verdict.identity.group.id in self.settings.snapshot.calendar.at_work
        if not at_work or not verdict.category or verdict.action is Action.BLOCK or verdict.rule == LOCAL_ALLOW:
            return None
        counts = in_words_for(verdict.calendar, name, verdict.left_out, counts=False)
        if verdict.action is Action.ALLOW:
            return None if counts.startswith("counted") else counts
        when = self._when.get(verdict.rule, ALWAYS)
        if verdict.left_out or counts.startswith("counted"):
            return counts
        held = "at any time" if when == ALWAYS else f"in the period {when!r}"
        return f"counted because rule {verdict.rule} holds {held}; {said_of(verdict.calendar, name)}"

    def _on_words(self, asked: Asked, identity: Identity, request: WebRequest) -> Verdict:
        """The strictest verdict on the search, the page and the text that came with the question."""
        snapshot, judge = self.settings.snapshot, self.settings.judge
        verdict = decide_said(identity, request, snapshot, ())
        if "search" in asked and is_judged(identity, request, snapshot, Subject.SEARCHES):
            said = on_search(asked["search"], identity, request, snapshot, judge)
            verdict = said if said.search else verdict
        if is_judged(identity, request, snapshot, Subject.PAGES):
            pages = [read(asked[name]) for name, read in _READERS.items() if name in asked]
            for page in pages:
                verdict = stricter(verdict, on_page(page, identity, request, snapshot, judge))
        return verdict

    def _identify(self, client: str | None, user: str | None, group: str | None) -> Identity:
        people = self.settings.snapshot.people
        address = host_address(client) if client else None
        if client and address is None:
            raise ValueError(f"{client!r} is no IP address")
        if not group:
            return people.identify(client, user, self._seen.found(address, datetime.now(UTC)) if address else NOTHING)
        names = [g.id for g in people.groups]
        if group not in [*names, "unknown"]:
            raise ValueError(unknown("group", group, names))
        known = people.group(people.unknown if group == "unknown" else group)
        return Identity(client, user, known, Confidence.UNKNOWN, f"asked as {group}")

    def answer_line(self, line: bytes) -> bytes:
        """The answer to one JSON line, with its line end; what cannot be answered gets ``{"error": words}``."""
        asked: Any = None
        try:
            try:
                asked = orjson.loads(line)
            except ValueError:
                raise ValueError(f"{shorten(_text(line))!r} is not JSON") from None
            if type(asked) is not dict or all(asked.get(name) is None for name in _ASKED):
                raise ValueError('each line is a JSON object with a "url", "html", "text" or "search"')
            return orjson.dumps(self.answer(asked), option=orjson.OPT_APPEND_NEWLINE)
        except Exception as error:  # a line that cannot be answered costs itself only
            url = asked.get("url") if isinstance(asked, dict) else None
            return orjson.dumps({"url": url, "error": shorten(str(error), 300)}, option=orjson.OPT_APPEND_NEWLINE)


def _headers(asked: Asked) -> dict[str, str]:
    """The headers of a question, by their lower-case names. Raises ValueError."""
    given = asked.get("headers") or {}
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        raise ValueError("'headers' must be an object of texts")
    return {name.lower(): value for name, value in given.items()}


def _text(line: bytes) -> str:
    return line.decode("utf-8", "backslashreplace").strip()


def _verdict_row(url: str | None, verdict: Verdict) -> dict[str, Any]:
    return {
        "url": url,
        "action": verdict.action.value,
        "category": verdict.category or None,
        "theme": verdict.theme or None,
        "list": verdict.list or None,
        "entry": None if is_sealed(verdict.category, verdict.rule) else verdict.entry or None,
        "rule": verdict.rule or None,
        "basis": verdict.basis or None,
        "why": verdict.why,
        "alert": verdict.alert.value,
        "stage": verdict.stage.value,
        "search": verdict.search or None,
        "group": verdict.identity.group.id,
        "identity": verdict.identity.reason,
        "identity_confidence": verdict.identity.confidence.value,
        "identity_since": verdict.identity.since.isoformat(timespec="seconds") if verdict.identity.since else None,
        "calendar": verdict.calendar,
        "snapshot": verdict.snapshot,
    }


_JUDGED = {TEXT: "what it says", SEARCH: "what is searched for"}


def because(answer: Mapping[str, Any]) -> str:
    """On what the category of an answer, or of an event of the record, rests; "" where there is none."""
    if not answer["category"]:
        return ""
    if is_sealed(answer["category"], answer["rule"] or ""):
        return f"named by the sealed feed {known(answer['list']).title}"
    if answer["list"] == NAME:
        return f"judged by its name alone: {answer['entry'].removesuffix(' (name)')}"
    if answer["list"] == SIGN:
        return f"known by the way it was asked for: {answer['entry']}"
    if answer["list"] in _JUDGED:
        return f"judged by {_JUDGED[answer['list']]}: {answer['entry']}"
    return f"because {answer['list']} lists {answer['entry']}"


def in_words(answer: dict[str, Any]) -> str:
    """An answer for people to read."""
    hidden = "an address that is not shown" if answer["category"] == SEALED else "the words alone"
    lines = [
        f"{answer['action'].upper():5} {answer['url'] or hidden}",
        f"      who       {answer['group']}: {answer['identity']}{_for_how_long(answer)}",
    ]
    if answer["category"]:
        lines.append(f"      category  {answer['category']}, {because(answer)}")
    when = answer["counts"] or said_of(answer["calendar"], answer["person"] or "")
    if answer["rule"]:
        basis = f" ({answer['basis']})" if answer["basis"] else ""
        lines.append(f"      rule      {answer['rule']}{basis}; alert: {answer['alert']}")
    lines += [f"      why       {answer['why']}", f"      when      {when}"]
    return "\n".join(lines)


def _for_how_long(answer: Mapping[str, Any]) -> str:
    """How surely, and for how long, that is known which somebody was not asked to be judged as."""
    if not answer["identity_since"]:
        return ""
    minutes = int((datetime.now(UTC) - datetime.fromisoformat(answer["identity_since"])).total_seconds() // 60)
    length = f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"
    return f" ({answer['identity_confidence']}, known for {length})"


def moment_of(text: str | None, settings: Settings) -> datetime:
    """A moment as people write it; without a zone it is school time. Raises ValueError."""
    if not text:
        return datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no moment; write it like 2026-11-24T10:42") from None
    if not 1970 < moment.year < 9000:
        raise ValueError(f"{text!r} is no moment of a school's life")
    if moment.tzinfo is None:  # by way of UTC, as the hour that is skipped in March stands on no clock
        moment = moment.replace(tzinfo=settings.school.timezone).astimezone(UTC)
    return moment


def since_of(text: str, settings: Settings) -> datetime:
    """A length of time back from now (1h, 7d), or a moment, as people write them. Raises ValueError."""
    match = re.fullmatch(r"(\d{1,5})([smhdw])", text.strip())
    if match:
        seconds = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}[match[2]]
        return datetime.now(UTC) - timedelta(seconds=int(match[1]) * seconds)
    try:
        return moment_of(text, settings)
    except ValueError:
        words = "is neither a length of time (1h, 7d) nor a moment (2026-11-24T10:42)"
        raise ValueError(f"--since: {text!r} {words}") from None
