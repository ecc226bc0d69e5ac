"""Who looked at whose record: those who watch are watched themselves."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from schoolgate.reporting.figures import may_know
from schoolgate.reporting.naming import actor_words
from schoolgate.reporting.period import Span
from schoolgate.store.cases import cases
from schoolgate.store.deeds import Queries
from schoolgate.store.event import DEED, Deed
from schoolgate.store.queries import events_of

_DONE = {
    Deed.REVEALED: "had a name shown",
    Deed.VIEWED: "looked at a record",
    Deed.EXPORTED: "took a copy out",
    Deed.HOLD: "put a hold on a record",
    Deed.RELEASED: "released a hold",
}
_NOBODYS_CASE = "looked at a case that names nobody"
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


def looks(reader: Queries, span: Span, hidden: Iterable[str] = (), roles: Collection[str] = ()) -> list[Look]:
    """The look-ups of a period, by role and code; nobody's look at their own record, and none at ``hidden`` ones.

    ``hidden`` are the codes of whoever reads the report, and ``roles`` their roles: a look at their records, or at a
    case that they may not know of, is for others to see.
    """
    known, found = frozenset(hidden), dict[tuple[str, str, str], list[str]]()
    secret = {each.id for each in cases(reader) if roles and not may_know(each, roles, known)}
    sql = _LOOKS.format(", ".join(f"'{deed}'" for deed in _DONE))
    for row in list(reader.query(sql, {"since": span.since, "until": span.until})):
        _, code = actor_words(row["actor"])
        whose = {row["person"]} if row["person"] else _people(reader, row["about"])
        if known.isdisjoint(whose) and row["person"] != code and secret.isdisjoint(row["about"].split()):
            found.setdefault((row["actor"], row["rule"], row["person"]), []).append(_reason(row["why"], row["entry"]))
    return [_look(*key, reasons) for key, reasons in found.items()]


def _people(reader: Queries, about: str) -> set[str]:
    """Whose events these are (ids with spaces between), also behind a hold of such events."""
    rows = events_of(reader, about.split())
    behind = (_people(reader, row["about"]) for row in rows if row["action"] == DEED)
    return {row["person"] for row in rows if row["person"]}.union(*behind)


def _reason(why: str, entry: str) -> str:
    """On one line, and without what turns the direction of writing: a reason never looks like a line of ours."""
    said = f"{why} ({entry})" if why and entry and "/" not in entry else why or entry
    return "".join(letter for letter in " ".join(said.split()) if letter.isprintable())


def _look(actor: str, rule: str, person: str, reasons: list[str]) -> Look:
    role, code = actor_words(actor)
    told = tuple(dict.fromkeys(reason for reason in reasons if reason))[:_MOST_REASONS]
    nobodys = rule == Deed.VIEWED and not person
    return Look(role, code, _NOBODYS_CASE if nobodys else _DONE[Deed(rule)], person, len(reasons), told)
