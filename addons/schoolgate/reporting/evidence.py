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
    "cleared": "was cleared by the outcome of case {}, so it does not count",
}
_WHO_OPENED = {"visit": "", **dict.fromkeys(("", "unknown"), "; it is not known whether a person opened it")}
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
    cleared_by: str = ""  # the reference of the case whose outcome cleared it

    @property
    def state_words(self) -> str:
        """Whether it counts."""
        return _STATES[self.state].format(self.cleared_by)


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

    def words_of(self, row: Row) -> str:
        """What became of what was blocked or asked about first; what a contest has cleared is told as that."""
        done = "blocked" if row["action"] == "block" else "a page asked first"
        contest = _contested(self.case).get(row["id"])
        who = _WHO_OPENED.get(row["kind"], "; a page or a program loaded it by itself")
        said = f"; it {_STATES[contest.answer or 'contested']}" if contest else ""
        if row["id"] in self.case.cleared:
            said = f"; it {_STATES['cleared'].format(self.case.cleared[row['id']])}"
        return f"{done}{who}{said}"

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


def _contested(case: Case) -> dict[str, Contest]:
    """The contest of each event; one that was upheld goes before all others."""
    found: dict[str, Contest] = {event: each for each in case.contests for event in each.events}
    return found | {event: each for each in case.contests if each.answer == UPHELD for event in each.events}


def _happened(case: Case) -> list[Happened]:
    """What was contested and what was not never stand in one sitting."""
    contested = _contested(case)
    apart: dict[str, list[Row]] = {}
    for row in case.pages:
        contest = contested.get(row["id"])
        apart.setdefault(case.cleared.get(row["id"]) or (contest.id if contest else ""), []).append(row)
    found = [_told(case, each, contested.get(each.first["id"])) for rows in apart.values() for each in sittings(rows)]
    return sorted(found, key=lambda each: each.sitting.first["at"])


def _told(case: Case, sitting: Sitting, contest: Contest | None) -> Happened:
    ids = {page["id"] for page in sitting.pages}
    notes = tuple(row["why"] for row in case.notes if ids & set(row["about"].split()))
    cleared_by = case.cleared.get(sitting.first["id"], "")
    state = "cleared" if cleared_by else "counted" if contest is None else contest.answer or "contested"
    because = in_words_for(sitting.first["calendar"], "") or "the record does not say whether it was working time"
    if state not in STANDING:
        because = because.replace("counted because", "recorded because", 1)
    return Happened(sitting, state, because, contest, notes, explanations(case, sitting), cleared_by)


def render_evidence(found: Evidence, chain: Mapping[str, Any], cover: str = "", asked: str = "") -> str:
    """The page as HTML. ``cover`` is a name, where one may be shown; ``asked`` says who asked for it, and why."""
    case = found.case
    words = {"found": found, "case": case, "chain": chain, "cover": cover, "asked": asked, "most": MOST_LEFT_OUT}
    words |= {"made": found.made.astimezone(case.settings.school.timezone)}
    return fill(case.settings, "evidence", words)["html"]
