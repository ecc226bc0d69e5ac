"""What if: which past visits and blocks would have gone otherwise under edited settings, before anybody saves them.

Every event on record is judged twice at its own moment, by the settings in force and by the edited ones, so that what
comes out is the edit's doing alone. Requests that were simply allowed are counted and not recorded: of them only the
counts by kind of site can be asked (``counts``). No person stands in the answer.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from schoolgate.policy.files import FileRule
from schoolgate.policy.rules import Rule
from schoolgate.replay.counts import Allowed, Expected, allowed, expected
from schoolgate.replay.outcome import Change, Missed, Outcome
from schoolgate.replay.rejudging import FIELDS, Rejudging, Row
from schoolgate.settings.load import Settings
from schoolgate.store.deeds import read_standing
from schoolgate.store.event import DEED, FAULT, PROBE, stamp
from schoolgate.store.queries import Queries

Tell = Callable[[int, int], None]
_TELL_EVERY = 1000  # events
_SLICE = timedelta(hours=4)
_COLUMNS = ", ".join(f'"{name}"' for name in FIELDS)
_FROM = f"from events where at >= :since and at < :until and action not in ('{DEED}', '{FAULT}', '{PROBE}')"


@dataclass(frozen=True, slots=True)
class Replay:
    """What an edit would have done. Events are ``same`` or in one of ``changes`` or in one of ``missed``.

    Of those that stay the ``same``, ``by_another`` would be decided by another rule. ``drifted`` are judged otherwise
    by the settings in force than they were when they happened. ``told_before`` and ``told_after`` count events that are
    told at once. ``since`` is later than was asked for where there were more events than were to be looked at.
    """

    since: datetime
    until: datetime
    events: int
    same: int
    by_another: int
    drifted: int
    told_before: int
    told_after: int
    changes: tuple[Change, ...]
    missed: tuple[Missed, ...]
    allowed: tuple[Allowed, ...]
    expected: tuple[Expected, ...]

    @property
    def changed(self) -> int:
        """How many events would go otherwise."""
        return sum(change.events for change in self.changes)


def replay(
    reader: Queries,
    now: Settings,
    new: Settings,
    since: datetime,
    until: datetime,
    logins: Mapping[str, str],
    tell: Tell | None = None,
    most: int | None = None,
) -> Replay:
    """Judge what is on record in a stretch of time by both settings. Raises sqlite3.Error for a damaged record.

    ``logins`` are those behind pseudonyms as far as the school's files name them; whom they do not name counts with
    the group on record. ``tell`` hears how many events of how many are done. Only the newest ``most`` are looked at.
    """
    total = _number(reader, since, until) if tell is not None else 0
    rejudging = Rejudging(now, new, logins, read_standing(reader, since))
    outcome, last, done = Outcome(_changed_rules(now, new)), "", 0
    for event in _newest_first(reader, since, until):
        if done == most:
            since = datetime.fromisoformat(last)
            break
        outcome.took(event, rejudging.judge(event))
        last, done = event["at"], done + 1
        if tell is not None and not done % _TELL_EVERY:
            tell(done, total)
    return Replay(
        since,
        until,
        done,
        outcome.same,
        outcome.by_another,
        outcome.drifted,
        outcome.told_before,
        outcome.told_after,
        tuple(outcome.changes()),
        tuple(outcome.missed()),
        tuple(allowed(reader, since, until)),
        tuple(expected(reader, now.snapshot, new.snapshot, since, until)),
    )


def _number(reader: Queries, since: datetime, until: datetime) -> int:
    rows = reader.query(f"select count(*) as number {_FROM}", {"since": stamp(since), "until": stamp(until)})
    return int(next(iter(rows))["number"])


def _newest_first(reader: Queries, since: datetime, until: datetime) -> Iterator[Row]:
    """Slice by slice, so that a long time is never sorted as a whole, and the newest come at once."""
    while since < until:
        start = max(since, until - _SLICE)
        during = {"since": stamp(start), "until": stamp(until)}
        yield from reader.query(f"select {_COLUMNS} {_FROM} order by at desc", during)
        until = start


def _changed_rules(now: Settings, new: Settings) -> frozenset[str]:
    """The ids of rules that are not the same in both settings."""
    one, other = _rules(now), _rules(new)
    return frozenset(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))


def _rules(settings: Settings) -> dict[str, Rule | FileRule]:
    snapshot = settings.snapshot
    return {**{rule.id: rule for rule in snapshot.rules}, **{rule.id: rule for rule in snapshot.files}}
