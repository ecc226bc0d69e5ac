"""The evidence pack's page: what happened and what speaks for the person, side by side, with a verdict on nobody."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from schoolgate.policy.calendar import in_words_for
from schoolgate.reporting.case import Case
from schoolgate.reporting.context import Context, context
from schoolgate.reporting.explanations import explanations
from schoolgate.reporting.filling import fill
from schoolgate.reporting.sittings import Row, Sitting, sittings
from schoolgate.reporting.sureness import Sureness, sureness
from schoolgate.store.deeds import UPHELD, Contest

MOST_LEFT_OUT = 200
"""Rows of what does not count that the page lists; all of them stand in events.jsonl."""
_STATES = {
    "counted": "counts",
    "contested": "is contested and waits for an answer: it does not count for now",
    "upheld": "was cleared: the contest was upheld, so it does not count",
    "refused": "counts: it was contested, and the contest was refused",
}
STANDING = ("counted", "refused")
"""The states of what counts."""


@dataclass(frozen=True, slots=True)
class Happened:
    """A sitting with why it was counted, what was said about it, and every innocent explanation that was found."""

    sitting: Sitting
    state: str
    because: str
    contest: Contest | None
    notes: tuple[str, ...]
    explanations: tuple[str, ...]

    @property
    def state_words(self) -> str:
        """Whether it counts."""
        return _STATES[self.state]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the page shows of a case."""

    case: Case
    happened: list[Happened]
    context: Context
    sureness: Sureness
    left_out: list[Row]
    stopped: list[Row]
    made: datetime

    @property
    def found(self) -> list[tuple[str, int]]:
        """Every innocent explanation, with the number of sittings that it was found for."""
        counts: dict[str, int] = {}
        for each in self.happened:
            for words in each.explanations:
                counts[words] = counts.get(words, 0) + 1
        return sorted(counts.items(), key=lambda item: -item[1])

    def count(self, *states: str) -> int:
        """How many sittings are in one of these states."""
        return sum(each.state in states for each in self.happened)


def evidence(case: Case, made: datetime) -> Evidence:
    """Put the case together."""
    happened = _happened(case)
    standing = [each.sitting for each in happened if each.state in STANDING]
    left_out = [row for row in case.events if row["left_out"]]
    stopped = [row for row in case.events if row["action"] in ("block", "warn")]
    return Evidence(case, happened, context(case, standing, made), sureness(case), left_out, stopped, made)


def _happened(case: Case) -> list[Happened]:
    """What was contested and what was not never stand in one sitting."""
    contested: dict[str, Contest] = {event: each for each in case.contests for event in each.events}
    contested |= {event: each for each in case.contests if each.answer == UPHELD for event in each.events}
    apart: dict[str, list[Row]] = {}
    for row in case.pages:
        contest = contested.get(row["id"])
        apart.setdefault(contest.id if contest else "", []).append(row)
    found = [_told(case, each, contested.get(each.first["id"])) for rows in apart.values() for each in sittings(rows)]
    return sorted(found, key=lambda each: each.sitting.first["at"])


def _told(case: Case, sitting: Sitting, contest: Contest | None) -> Happened:
    ids = {page["id"] for page in sitting.pages}
    notes = tuple(row["why"] for row in case.notes if ids & set(row["about"].split()))
    state = "counted" if contest is None else contest.answer or "contested"
    because = in_words_for(sitting.first["calendar"], "")
    if state not in STANDING:
        because = because.replace("counted because", "recorded because", 1)
    return Happened(sitting, state, because, contest, notes, explanations(case, sitting))


def render_evidence(found: Evidence, chain: Mapping[str, Any], cover: str = "", asked: str = "") -> str:
    """The page as HTML. ``cover`` is a name, where one may be shown; ``asked`` says who asked for it, and why."""
    case = found.case
    words = {"found": found, "case": case, "chain": chain, "cover": cover, "asked": asked, "most": MOST_LEFT_OUT}
    words |= {"made": found.made.astimezone(case.settings.school.timezone)}
    return fill(case.settings, "evidence", words)["html"]
