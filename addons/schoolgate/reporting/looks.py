"""Who looked at whose record: those who watch are watched themselves."""

from collections.abc import Iterable
from dataclasses import dataclass

from schoolgate.reporting.naming import actor_words
from schoolgate.reporting.period import Span
from schoolgate.store.deeds import Queries
from schoolgate.store.event import Deed

_DONE = {
    Deed.REVEALED: "had a name shown",
    Deed.VIEWED: "looked at a record",
    Deed.EXPORTED: "took a copy out",
    Deed.HOLD: "put a hold on a record",
    Deed.RELEASED: "released a hold",
}
_LOOKS = "select * from deeds where rule in ({}) and at >= :since and at < :until order by at, id"
_MOST_REASONS = 5


@dataclass(frozen=True, slots=True)
class Look:
    """How often somebody did one thing with one record, and the reasons that were given; ``person`` may be ""."""

    role: str
    actor: str
    done: str
    person: str
    number: int
    reasons: tuple[str, ...]


def looks(reader: Queries, span: Span, hidden: Iterable[str] = ()) -> list[Look]:
    """The look-ups of a period, by role and code; nobody's look at their own record, and none at ``hidden`` ones.

    ``hidden`` are the codes of whoever reads the report: a look at their records is for others to see.
    """
    known, found = frozenset(hidden), dict[tuple[str, str, str], list[str]]()
    sql = _LOOKS.format(", ".join(f"'{deed}'" for deed in _DONE))
    for row in reader.query(sql, {"since": span.since, "until": span.until}):
        _, code = actor_words(row["actor"])
        if row["person"] not in known and row["person"] != code:
            found.setdefault((row["actor"], row["rule"], row["person"]), []).append(_reason(row["why"], row["entry"]))
    return [_look(*key, reasons) for key, reasons in found.items()]


def _reason(why: str, entry: str) -> str:
    return f"{why} ({entry})" if why and entry and "/" not in entry else why or entry


def _look(actor: str, rule: str, person: str, reasons: list[str]) -> Look:
    role, code = actor_words(actor)
    told = tuple(dict.fromkeys(reason for reason in reasons if reason))[:_MOST_REASONS]
    return Look(role, code, _DONE[Deed(rule)], person, len(reasons), told)
