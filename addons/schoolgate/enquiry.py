"""What ``schoolgate check`` is asked and answers: the same verdict as the gateway's, without a proxy."""

import json
from datetime import UTC, datetime
from typing import Any

from schoolgate.policy.decision import Verdict, decide_for
from schoolgate.policy.identity import Confidence, Identity
from schoolgate.policy.request import host_address, request_from_url, shorten
from schoolgate.settings.faults import unknown
from schoolgate.settings.load import Settings


def answer(asked: dict[str, Any], settings: Settings) -> dict[str, Any]:
    """The verdict as a dict. Raises ValueError in words for what was asked wrongly."""
    for name in ("url", "group", "client", "user", "at"):
        if asked.get(name) is not None and not isinstance(asked[name], str):
            raise ValueError(f"{name!r} must be a text")
    people = settings.snapshot.people
    request = request_from_url(
        asked["url"], at=moment_of(asked.get("at"), settings), client=asked.get("client"), user=asked.get("user")
    )
    if request.client and host_address(request.client) is None:
        raise ValueError(f"{request.client!r} is no IP address")
    identity = people.identify(request.client, request.user)
    group = asked.get("group")
    if group:
        names = [g.id for g in people.groups]
        if group not in [*names, "unknown"]:
            raise ValueError(unknown("group", group, names))
        known = people.group(people.unknown if group == "unknown" else group)
        identity = Identity(request.client, request.user, known, Confidence.UNKNOWN, f"asked as {group}")
    verdict = decide_for(identity, request, settings.snapshot)
    return _verdict_row(request.url, verdict)


def _verdict_row(url: str, verdict: Verdict) -> dict[str, Any]:
    return {
        "url": url,
        "action": verdict.action,
        "category": verdict.category or None,
        "theme": verdict.theme or None,
        "list": verdict.list or None,
        "entry": verdict.entry or None,
        "rule": verdict.rule or None,
        "basis": verdict.basis or None,
        "why": verdict.why,
        "alert": verdict.alert,
        "stage": verdict.stage,
        "search": None,
        "group": verdict.identity.group.id,
        "identity": verdict.identity.reason,
        "calendar": verdict.calendar,
        "snapshot": verdict.snapshot,
    }


def answer_line(line: str, who: dict[str, str | None], settings: Settings) -> dict[str, Any]:
    """The answer to one JSON line; what cannot be answered gets ``{"error": words}``."""
    asked: Any = None
    try:
        try:
            asked = json.loads(line)
        except (ValueError, RecursionError):
            raise ValueError(f"{shorten(line.strip())!r} is not JSON") from None
        if not isinstance(asked, dict) or "url" not in asked:
            raise ValueError('each line is a JSON object with a "url"')
        for later in ("html", "text", "search"):
            if later in asked:
                raise ValueError(f"{later!r} is not judged by this version, only addresses are")
        return answer({**{name: value for name, value in who.items() if value}, **asked}, settings)
    except Exception as error:  # a line that cannot be answered costs itself only
        url = asked.get("url") if isinstance(asked, dict) else None
        return {"url": url, "error": shorten(str(error), 300)}


def in_words(answer: dict[str, Any]) -> str:
    """An answer for people to read."""
    lines = [
        f"{answer['action'].upper():5} {answer['url']}",
        f"      who       {answer['group']}: {answer['identity']}",
    ]
    if answer["category"]:
        lines.append(f"      category  {answer['category']}, because {answer['list']} lists {answer['entry']}")
    if answer["rule"]:
        basis = f" ({answer['basis']})" if answer["basis"] else ""
        lines.append(f"      rule      {answer['rule']}{basis}; alert: {answer['alert']}")
    lines += [f"      why       {answer['why']}", f"      when      {answer['calendar']}"]
    return "\n".join(lines)


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
    return moment if moment.tzinfo else moment.replace(tzinfo=settings.school.timezone)
