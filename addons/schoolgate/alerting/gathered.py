"""What an alert has gathered: which kinds of sites, how often, and the gravest of them, which leads it.

The facts of an alert are plain values, kept as JSON. ``kinds`` holds one part for each category, with the events that
were kept of it; all other names are worked out from the parts, so that what is cleared leaves nothing behind.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from schoolgate.alerting.priority import Judged, Signs, priority_of, priority_of_fault, severity_of
from schoolgate.policy.rules import SEARCH, Category, Stage
from schoolgate.store.event import FAULT

MOST_IDS = 500
"""Events that an alert remembers, so that cleared ones can be taken out of it again; more are only counted."""
MOST_SITES = 5
_OF_ALL = ("person", "client", "group", "theme")
_OF_KIND = ("action", "category", "rule", "basis", "why", "calendar", "stage", "list")
Facts = dict[str, Any]
Categories = Mapping[str, Category]


def begin(event: Mapping[str, Any], categories: Categories, earlier: int = 0) -> Facts:
    """The facts of a new alert; ``earlier`` is how often the same was counted before, within a day."""
    facts = {name: event[name] for name in _OF_ALL} | {"earlier": earlier, "ids": [], "kinds": {}}
    return led(add(facts, event, categories))


def add(facts: Facts, event: Mapping[str, Any], categories: Categories) -> Facts:
    """One more event; what follows from it is worked out by ``led``, once for many."""
    part = facts["kinds"].setdefault(event["category"], _part(event, categories))
    part["count"] += 1
    facts["last_at"] = max(event["at"], facts.get("last_at", ""))
    if len(facts["ids"]) < MOST_IDS:
        facts["ids"].append(event["id"])
        part["events"][event["id"]] = [event["at"], event["ref"], event["host"], event["search"] or ""]
    return facts


def without(facts: Facts, gone: Collection[str]) -> Facts:
    """The facts as if these events had never been."""
    facts["ids"] = [each for each in facts["ids"] if each not in gone]
    for category, part in list(facts["kinds"].items()):
        kept = {each: told for each, told in part["events"].items() if each not in gone}
        part["count"] -= len(part["events"]) - len(kept)
        part["events"], part["told"] = kept, min(part["told"], part["count"])
        if part["count"] <= 0:
            del facts["kinds"][category]
    return led(facts)


def only(facts: Facts, categories: Collection[str]) -> Facts:
    """The facts with these categories alone."""
    kinds = {name: part for name, part in facts["kinds"].items() if name in categories}
    ids = {each for part in kinds.values() for each in part["events"]}
    return led(facts | {"kinds": kinds, "ids": [each for each in facts["ids"] if each in ids]})


def told(facts: Facts, counts: Mapping[str, int]) -> Facts:
    """The facts once somebody has been told so often of each category."""
    for category, part in facts["kinds"].items():
        part["told"] = max(part["told"], min(counts.get(category, 0), part["count"]))
    return led(facts)


def count_of(facts: Facts) -> int:
    """How often it happened."""
    return sum(part["count"] for part in facts["kinds"].values())


def told_of(facts: Facts) -> int:
    """How much of that somebody was told of."""
    return sum(part["told"] for part in facts["kinds"].values())


def counts(facts: Facts) -> dict[str, int]:
    """How often each category happened."""
    return {category: part["count"] for category, part in facts["kinds"].items()}


def _part(event: Mapping[str, Any], categories: Categories) -> Facts:
    known = categories.get(event["category"])
    about = {name: event[name] for name in _OF_KIND} | {"confidence": event["identity_confidence"]}
    return about | {"part_of": known.part_of if known else "", "count": 0, "told": 0, "events": {}}


def led(facts: Facts) -> Facts:
    """Work out what follows from the parts: who leads, the priority, and what is shown of what nobody knows yet."""
    parts = sorted(facts["kinds"].values(), key=lambda part: -_severity(facts, part))
    if not parts:
        return facts
    events = [told for part in parts for told in part["events"].values()]
    fresh = [told for part in parts for told in list(part["events"].values())[part["told"] :]] or events
    lead = parts[0]
    facts |= {name: lead[name] for name in (*_OF_KIND, "confidence")}
    facts["at"] = min((at for at, *_ in events), default=facts["last_at"])
    facts["ref"] = next((told[1] for told in lead["events"].values()), facts.get("ref", ""))
    facts["since"] = min((at for at, *_ in fresh), default=facts["last_at"])
    facts["sites"], facts["more_sites"] = _first(host for _, _, host, _ in fresh)
    facts["searches"], facts["more_searches"] = _first(search for _, _, _, search in fresh)
    if lead["action"] == FAULT:
        return facts | {"priority": priority_of_fault(lead["rule"]), "priority_why": ""}
    judged = max((_judged(facts, part) for part in parts), key=lambda each: each.points)
    return facts | {"priority": judged.level, "priority_why": judged.why}


def _severity(facts: Facts, part: Facts) -> int:
    return severity_of(part["category"], facts["theme"], part["part_of"])


def _judged(facts: Facts, part: Facts) -> Judged:
    signs = Signs(
        category=part["category"],
        theme=facts["theme"],
        part_of=part["part_of"],
        identity=part["confidence"],
        list=SEARCH if part["stage"] == Stage.SEARCH else part["list"],
        in_hour=_within(facts, timedelta(hours=1)),
        in_day=_within(facts, timedelta(days=1)) + facts["earlier"],
    )
    return priority_of(signs)


def _within(facts: Facts, span: timedelta) -> int:
    """How often it happened in the last stretch of time."""
    last = datetime.fromisoformat(facts["last_at"])
    times = [told[0] for part in facts["kinds"].values() for told in part["events"].values()]
    return sum(1 for at in times if last - datetime.fromisoformat(at) < span)


def _first(values: Iterable[str]) -> tuple[list[str], int]:
    """The first different ones, and how many more there are."""
    different = list(dict.fromkeys(value for value in values if value))
    return different[:MOST_SITES], max(0, len(different) - MOST_SITES)
