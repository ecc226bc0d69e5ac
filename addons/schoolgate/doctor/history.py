"""What stays of an examination: one event that says how many probes held and which did not, and since when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from schoolgate.doctor.finding import Finding, Outcome, in_a_line, wrongs
from schoolgate.store.event import Event, probes_event
from schoolgate.store.record import RecordReader

_LAST = "select at, entry, why from events where action = 'probe' and rule = 'doctor' order by at desc limit 1"
BY_ITSELF, ASKED = "schoolgate", "command"
"""Who began an examination."""


@dataclass(frozen=True, slots=True)
class Examined:
    """The last examination on record: numbers of probes, and a line for each that was wrong."""

    at: datetime
    good: int
    wrong: int
    skipped: int
    lines: tuple[str, ...]


def event_of(findings: Sequence[Finding], at: datetime, by: str, snapshot: str) -> Event:
    """The event; ``entry`` is ``good/wrong/skipped``."""
    numbers = [sum(each.outcome is outcome for each in findings) for outcome in Outcome]
    why = "\n".join(in_a_line(each) for each in wrongs(findings))
    return probes_event(at, "/".join(map(str, numbers)), why, by, snapshot)


def last(reader: RecordReader) -> Examined | None:
    """The last one on record, if there is any."""
    row = next(reader.query(_LAST), None)
    if row is None:
        return None
    good, wrong, skipped = (int(number) for number in row["entry"].split("/"))
    return Examined(datetime.fromisoformat(row["at"]), good, wrong, skipped, tuple(row["why"].splitlines()))
