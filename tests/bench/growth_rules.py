"""How cost grows with the rules: as a school writes them, for year groups and lessons, with sites of its own."""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from growth_cost import cost_of
from growth_table import Table, progress
from pretend.school import School
from schoolgate.policy.decision import decide
from schoolgate.policy.request import request_from_url
from schoolgate.policy.rules import Subject
from schoolgate.policy.said import is_judged
from schoolgate.settings.folders import find_folders
from schoolgate.settings.load import load_settings

LESSONS = {f"lesson-{number}": f"{8 + number}:30-{9 + number}:20" for number in range(1, 7)}
AT = datetime(2026, 11, 17, 10, 45, tzinfo=UTC)
UNLISTED = ("https://www.bbc.co.uk/news/uk", "https://en.wikipedia.org/wiki/Otter", "https://a.b.c.example.org/x/y?z=1")
LISTED = ("https://www.facebook.com/friends", "https://www.reddit.com/r/a", "https://store.steampowered.com/")
_ASKED = 2000
_HARM = "adult, extremism, self_harm, violence, hate, drugs, gambling, weapons, malware, circumvention"
_SOME = (
    "social_media",
    "games",
    "streaming",
    "shopping",
    "chat",
    "ai_chatbots",
    "webmail",
    "dating",
    "blogs",
    "piracy",
)


@dataclass(frozen=True, slots=True)
class Costs:
    """Microseconds of a verdict and of asking whether a page is to be judged; seconds of loading."""

    unlisted: float
    listed: float
    last: float
    judged: float
    load: float
    again: float


def curve(sizes: Sequence[int], folder: Path) -> None:
    """A table with a line for each number of rules."""
    micro = "{:,.1f} µs"
    table = Table(
        "Rules in config/rules.yaml, processor time", "rules",
        [("verdict, not listed", micro), ("listed", micro), ("by the last rule", micro), ("is a page judged", micro),
         ("settings, lists compiled", "{:,.2f} s"), ("read again", "{:,.2f} s"), ("memory", "{:,.0f} MB")],
    )  # fmt: skip
    for size in sizes:
        progress(f"{size:,} rules")
        cost = cost_of(_measure, write(size, folder / f"rules{size}"))
        found: Costs = cost.result
        table.add(
            size, found.unlisted, found.listed, found.last, found.judged, found.load, found.again, cost.memory
        )  # fmt: skip
    table.show()


def write(number: int, folder: Path) -> Path:
    """The config folder of a school with so many rules: the more, the more groups and sites of its own."""
    groups = max(3, min(60, number // 12))
    kinds = max(1, number // 20)
    networks = (
        f'  year-{each}: {{title: Class {each}, networks: ["10.{20 + each}.0.0/16"]}}\n' for each in range(groups)
    )
    people = f'groups:\n{"".join(networks)}  staff: {{title: Staff, networks: ["10.10.0.0/16"]}}\nunknown: year-0\n'
    periods = "".join(f'  {name}: {{mon-fri: ["{span}"]}}\n' for name, span in LESSONS.items())
    calendar = 'working_hours: {staff: {mon-fri: ["08:15-16:00"]}}\nbank_holidays: none\nperiods:\n' + periods
    lists = {
        f"own_{kind}.yaml": f"category: own_{kind}\ntitle: Our own {kind}\ntheme: conduct\nwhy: For a project.\n"
        f"domains: [project{kind}.example, wiki{kind}.example, tool{kind}.example]\n"
        for kind in range(kinds)
    }
    school = School(folder, people=people, calendar=calendar, rules=_rules(number, groups, kinds), blocklists=lists)
    return school.without_publishers().write().config


def _rules(number: int, groups: int, kinds: int) -> str:
    """First what is harmful, for all; then lessons, kinds of site and sites of its own, each for a few groups."""
    chance, every = random.Random(3), ", ".join(f"year-{each}" for each in range(groups))
    lines = [
        "rules:", _rule("worrying", every, "self_harm, extremism", "applies_to: [searches], alert: immediate"),
        _rule("harm", every, _HARM, "alert: immediate"), _rule("staff-harm", "staff", "adult, extremism"),
    ]  # fmt: skip
    for place in range(number - 4):
        who = ", ".join(f"year-{each}" for each in chance.sample(range(groups), min(groups, 3)))
        what = chance.choice(_SOME) if place % 2 else f"own_{place % kinds}"
        when = chance.choice((*LESSONS, "term", "always"))
        lines.append(_rule(f"rule-{place}", who, what, f"when: {when}", chance.choice(("block", "warn", "allow"))))
    lines.append(_rule("last", "staff", ", ".join(_SOME), "when: working_hours", "log"))
    return "\n".join(lines) + "\n"


def _rule(name: str, groups: str, categories: str, more: str = "alert: none", action: str = "block") -> str:
    return (
        f"  - {{id: {name}, groups: [{groups}], categories: [{categories}], action: {action}, {more}, "
        "why: As the school has agreed., basis: Policy 7.3}"
    )


def _measure(config: Path) -> Costs:
    folders = find_folders(config)
    began = time.process_time()
    load_settings(folders)
    first = time.process_time()
    snapshot = load_settings(folders).snapshot
    again = time.process_time()
    pupils = [f"10.{20 + number}.0.7" for number in range(3)]

    def asked(urls: Sequence[str], clients: Sequence[str]) -> Callable[[], object]:
        requests = [request_from_url(url, at=AT, client=client) for url in urls for client in clients]
        return lambda: [decide(request, snapshot) for request in requests]

    page = request_from_url(UNLISTED[0], at=AT, client=pupils[0])
    identity = snapshot.people.identify(page.client, page.user)
    return Costs(
        _each(asked(UNLISTED, pupils), 9),
        _each(asked(LISTED, pupils), 9),
        _each(asked(LISTED, ["10.10.0.7"]), 3),
        _each(lambda: is_judged(identity, page, snapshot, Subject.PAGES), 1),
        first - began,
        again - first,
    )


def _each(work: Callable[[], object], number: int) -> float:
    """Microseconds of processor time for each of the ``number`` things that ``work`` does, the best of five rounds."""
    work()
    best = min(_timed(work, _ASKED // number) for _ in range(5))
    return best / (_ASKED // number * number) * 1e6


def _timed(work: Callable[[], object], times: int) -> float:
    busy = time.process_time()
    for _ in range(times):
        work()
    return time.process_time() - busy
