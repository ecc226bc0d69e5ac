"""What if a rule were different: the past is judged again in the console, before anybody edits a file.

Only rules are varied here, and only in memory; edits of any file are tried with ``schoolgate replay``.
"""

import threading
from dataclasses import dataclass, replace
from datetime import timedelta

from starlette.responses import Response

from schoolgate.access import names_of
from schoolgate.console.entry import Visitor
from schoolgate.console.forms import Form
from schoolgate.policy.rules import Action, Category, Rule
from schoolgate.policy.sealed import SEALED
from schoolgate.policy.snapshot import Snapshot
from schoolgate.replay.run import Replay, replay
from schoolgate.settings.load import Settings

OFF, ALSO = "off", "also"
CHANGES = {
    OFF: "it were not there",
    Action.BLOCK: "it blocked",
    Action.WARN: "it asked first",
    Action.LOG: "it only recorded",
    Action.ALLOW: "it allowed",
    ALSO: "it also meant the kind of site below",
}
DAYS = {"1": "the last day", "7": "the last 7 days", "14": "the last 14 days", "28": "the last 28 days"}
_USUAL = "14"
MOST, MOST_OF_ALL = 2_500, 50_000
"""Events that are looked at: at once, and where somebody asks for all and waits."""
_one_at_a_time = threading.Lock()  # judging keeps the processor busy, and other screens must be answered too


class Unclear(Exception):
    """The question cannot be answered as it is; the words say what to change."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a form asks; ``category`` is for ``ALSO`` alone."""

    rule: str = ""
    change: str = OFF
    category: str = ""
    days: str = _USUAL
    most: int = MOST


def show_what_if(visitor: Visitor) -> Response:
    """The form, and the answer where a rule is chosen."""
    asked = read_question(visitor.query)
    found, wrong = None, ""
    try:
        if asked.rule:
            found = _answer(visitor, asked)
    except Unclear as error:
        wrong = str(error)
    snapshot = visitor.settings.snapshot
    words = {
        "rules": snapshot.rules,
        "categories": sorted(_of_rules(snapshot), key=lambda each: each.title.casefold()),
        "groups": {group.id: group.title for group in snapshot.people.groups},
        "changes": CHANGES,
        "times": DAYS,
        "all": MOST_OF_ALL,
    }
    cut = found is not None and found.until - found.since < timedelta(days=int(asked.days))
    return visitor.page("what_if.html", 400 if wrong else 200, asked=asked, found=found, wrong=wrong, cut=cut, **words)


def _of_rules(snapshot: Snapshot) -> list[Category]:
    """The kinds of site that a rule can mean; what is sealed is in no rule."""
    return [each for each in snapshot.categories.values() if each.id != SEALED]


def read_question(form: Form) -> Question:
    """What a form asks; what it leaves out is as usual."""
    change, days = form.line("change") or OFF, form.line("days")
    most = MOST_OF_ALL if form.line("all") == "yes" else MOST
    return Question(form.line("rule"), change, form.line("category"), days if days in DAYS else _USUAL, most)


def supposed(snapshot: Snapshot, asked: Question) -> Snapshot:
    """The snapshot with the rule as it is asked about. Raises Unclear."""
    rule = next((each for each in snapshot.rules if each.id == asked.rule), None)
    if rule is None:
        raise Unclear(f"There is no rule {asked.rule!r} in config/rules.yaml. Choose one of the list.")
    if asked.change == OFF:
        return replace(snapshot, rules=tuple(each for each in snapshot.rules if each is not rule))
    changed = _widened(snapshot, rule, asked.category) if asked.change == ALSO else _turned(rule, asked.change)
    return replace(snapshot, rules=tuple(changed if each is rule else each for each in snapshot.rules))


def _widened(snapshot: Snapshot, rule: Rule, category: str) -> Rule:
    """The rule with one kind of site more, and the narrower ones that are part of it."""
    if category not in {each.id for each in _of_rules(snapshot)}:
        raise Unclear("Choose the kind of site that the rule should also mean.")
    if category in rule.categories:
        raise Unclear(f"The rule {rule.id!r} means {snapshot.categories[category].title!r} already.")
    parts = (each.id for each in snapshot.categories.values() if each.part_of == category)
    return replace(rule, categories=tuple(dict.fromkeys((*rule.categories, category, *parts))))


def _turned(rule: Rule, action: str) -> Rule:
    if action not in list(Action):
        raise Unclear("Choose what the rule should do.")
    if action == rule.action:
        raise Unclear(f"The rule {rule.id!r} does that already.")
    return replace(rule, action=Action(action))


def _answer(visitor: Visitor, asked: Question) -> Replay:
    settings, until = visitor.settings, visitor.desk.now()
    edited: Settings = replace(settings, snapshot=supposed(settings.snapshot, asked))
    logins = names_of(settings, visitor.desk.pseudonyms)
    with _one_at_a_time, visitor.desk.reading() as reader:
        since = until - timedelta(days=int(asked.days))
        return replay(reader, settings, edited, since, until, logins, most=asked.most)
