"""Blocked sites that somebody asked for, and those that somebody opened, read back from deeds.

An opening holds from when it was made, for one group and up to an end; or always, and then for everybody, because it
stands in ``blocklists/local/allow.yaml``. Whatever holds can be shut again. A request is answered by the first deed
that opens what it asked for, or refuses it.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from schoolgate.policy.standing import Opened
from schoolgate.store.event import Deed
from schoolgate.store.queries import Queries, deeds_of

MISTAKE = "mistake"
"""The entry of a request that says: this is blocked wrongly, where a lesson could not open it."""
WANTED = "wanted"
"""The entry of all other requests."""
_BY = {
    "technician": "the technician",
    "headteacher": "the Headteacher",
    "dsl": "the safeguarding lead",
    "chair_of_governors": "the chair of governors",
}
_TEACHER = "a teacher"


@dataclass(frozen=True, slots=True)
class Opening:
    """Somebody opened a site. ``until`` is "" for always (then ``group`` is, too), ``shut_at`` while it was not shut.

    ``about`` are the ids of the requests that it answers; moments are written as the record writes them.
    """

    id: str
    ref: str
    host: str
    path: str
    group: str
    since: str
    until: str
    actor: str
    why: str
    about: tuple[str, ...]
    shut_at: str = ""
    shut_by: str = ""

    @property
    def site(self) -> str:
        """As people write it."""
        return f"{self.host}{self.path}"

    def holds(self, now: datetime) -> bool:
        """Whether it still does what it was made for."""
        return not self.shut_at and (not self.until or now < datetime.fromisoformat(self.until))


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody asked for a blocked page. ``event`` is the id of the block, ``answered_by`` "" while nobody answered.

    ``opening`` is the id of what opened it, "" where it was refused, with ``answer`` as the words.
    """

    id: str
    ref: str
    at: str
    host: str
    path: str
    category: str
    group: str
    client: str
    person: str
    event: str
    kind: str
    words: str
    opening: str = ""
    answer: str = ""
    answered_at: str = ""
    answered_by: str = ""


def openings(reader: Queries) -> list[Opening]:
    """Everything that was ever opened, oldest first."""
    shut: dict[str, dict[str, Any]] = {}
    for row in deeds_of(reader, Deed.SHUT):
        shut.setdefault(row["about"], row)
    found = {row["id"]: _opening(row) for row in deeds_of(reader, Deed.OPENED)}
    return [
        replace(each, shut_at=shut[each.id]["at"], shut_by=shut[each.id]["actor"]) if each.id in shut else each
        for each in found.values()
    ]


def opened(reader: Queries, now: datetime) -> tuple[Opened, ...]:
    """What verdicts go by: every opening for a while that ends after ``now``; what was shut ends when it was shut."""
    found = (_held(each) for each in openings(reader) if each.until)
    return tuple(each for each in found if each.until > now)


def asked(reader: Queries) -> list[Asked]:
    """Every request, oldest first; one block is asked about once."""
    answers: dict[str, dict[str, Any]] = {}
    for row in deeds_of(reader, Deed.OPENED) + deeds_of(reader, Deed.NOT_OPENED):
        for request in row["about"].split():
            if request not in answers or row["at"] < answers[request]["at"]:
                answers[request] = row
    found: dict[str, Asked] = {}
    for row in deeds_of(reader, Deed.ASKED):
        found.setdefault(row["about"], _asked(row, answers.get(row["id"])))
    return list(found.values())


def by_words(actor: str) -> str:
    """Who opened something, without a name or code: ``the technician``, ``a teacher``."""
    return _BY.get(actor.partition(" ")[0], _TEACHER)


def _opening(row: dict[str, Any]) -> Opening:
    since, _, until = row["entry"].partition("/")
    about = tuple(row["about"].split())
    return Opening(
        row["id"], row["ref"], row["host"], row["path"], row["group"], since, until, row["actor"], row["why"], about
    )


def _held(each: Opening) -> Opened:
    since, until = datetime.fromisoformat(each.since), datetime.fromisoformat(each.until)
    if each.shut_at:
        until = min(until, datetime.fromisoformat(each.shut_at))
    return Opened(each.id, each.host, each.path, each.group, since, until, by_words(each.actor))


def _asked(row: dict[str, Any], answer: dict[str, Any] | None) -> Asked:
    request = Asked(
        row["id"],
        row["ref"],
        row["at"],
        row["host"],
        row["path"],
        row["category"],
        row["group"],
        row["client"],
        row["person"],
        row["about"],
        row["entry"] or WANTED,
        row["why"],
    )
    if answer is None:
        return request
    opening = answer["id"] if answer["rule"] == Deed.OPENED else ""
    return replace(
        request, opening=opening, answer=answer["why"], answered_at=answer["at"], answered_by=answer["actor"]
    )
