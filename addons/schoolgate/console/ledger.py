"""What the record holds about one person, as she may read it: spells that count, and what was left out and why."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any

from schoolgate.console.paging import LENGTH, Part
from schoolgate.console.period import Stretch
from schoolgate.reporting.sittings import Row, Sitting, sittings
from schoolgate.store.cases import clearings
from schoolgate.store.deeds import UPHELD, Contest, Queries, contests
from schoolgate.store.event import Deed

_COUNTED = (
    "select * from visits where person = :person and at >= :since and at < :until and left_out = '' order by at, id"
)
_LEFT_OUT = (
    "select * from events where person = :person and at >= :since and at < :until "
    "and left_out <> '' and action <> 'deed' order by at desc, id desc limit :most offset :first"
)
_OTHERS = (
    "select * from events where person = :person and at >= :since and at < :until and left_out = '' "
    "and action <> 'deed' and not (kind = 'visit' and action = 'log') order by at desc, id desc "
    "limit :most offset :first"
)
_ACTIVITY = (
    "select category, kind, sum(requests) as requests from activity "
    "where person = :person and day >= :first group by category, kind"
)
_BY_ITSELF = ("embedded", "prefetch", "background", "redirect", "unknown")


@dataclass(frozen=True, slots=True)
class Told:
    """A sitting, with what the person said of it: the contest that covers it, and her notes.

    ``anew`` are visits on record that were but its pages loading themselves anew: they do not count, but what is said
    of a page is said of them too.
    """

    sitting: Sitting
    contest: Contest | None
    notes: tuple[str, ...]
    anew: tuple[Row, ...] = ()
    cleared_by: str = ""  # the reference of the case whose outcome cleared it

    @property
    def pages(self) -> tuple[Row, ...]:
        """Its pages, oldest first."""
        return self.sitting.pages

    @property
    def minutes(self) -> int:
        """The minutes in which a page of it was opened."""
        return self.sitting.minutes

    @property
    def sites(self) -> tuple[str, ...]:
        """Its hosts, in the order in which they were first opened."""
        return self.sitting.sites

    @property
    def first(self) -> Row:
        """Its first page."""
        return self.pages[0]

    @property
    def last(self) -> Row:
        """Its last page."""
        return self.pages[-1]

    @property
    def state(self) -> str:
        """``counted``, ``contested`` (no answer yet), ``upheld`` (cleared), or ``refused`` (counted all the same).

        ``cleared`` says that the outcome of a case has cleared it.
        """
        if self.cleared_by:
            return "cleared"
        return "counted" if self.contest is None else self.contest.answer or "contested"

    @property
    def can_be_contested(self) -> bool:
        """Whether there is a page in it that was never contested, and still counts."""
        return self.contest is None and not self.cleared_by


@dataclass(frozen=True, slots=True)
class Total:
    """What a week holds of one category, after what was cleared or still waits for an answer."""

    week: str
    category: str
    minutes: int
    pages: int
    spells: int


@dataclass(frozen=True, slots=True)
class Voice:
    """What the person said: contests by event, and notes by event; and which case has cleared an event."""

    contests: dict[str, Contest]
    notes: dict[str, tuple[str, ...]]
    cleared: dict[str, str] = field(default_factory=dict[str, str])


def voice_of(reader: Queries, person: str) -> Voice:
    """All contests and notes of a person."""
    contested = {event: each for each in contests(reader, person) for event in each.events}
    notes: dict[str, tuple[str, ...]] = {}
    for row in notes_of(reader, person):
        for event in row["about"].split():
            notes[event] = (*notes.get(event, ()), row["why"])
    return Voice(contested, notes, clearings(reader))


def notes_of(reader: Queries, person: str) -> list[Row]:
    """The notes of a person as deeds, oldest first."""
    return deeds_about(reader, person, Deed.NOTE)


def deeds_about(reader: Queries, person: str, *kinds: Deed) -> list[Row]:
    """Deeds of these kinds that name a person, oldest first."""
    sql = "select * from deeds where person = :person order by at, id"
    return [row for row in reader.query(sql, {"person": person}) if row["rule"] in kinds]


def counted(reader: Queries, person: str, during: Stretch) -> list[Told]:
    """The spells of visits that count against a person (unless a contest has cleared them), oldest first."""
    rows = list(reader.query(_COUNTED, _about(person, during)))
    return fold(rows, voice_of(reader, person))


def fold(rows: Iterable[Row], voice: Voice) -> list[Told]:
    """Visits as sittings; what was contested and what was not never stand in one."""
    by_state: dict[str, list[Row]] = {}
    for row in rows:
        contest = voice.contests.get(row["id"])
        by_state.setdefault(voice.cleared.get(row["id"]) or (contest.id if contest else ""), []).append(row)
    found = [_told(each, voice, anew) for of_state in by_state.values() for each, anew in _with_repeats(of_state)]
    return sorted(found, key=lambda each: (each.first["at"], each.first["id"]))


def _told(sitting: Sitting, voice: Voice, anew: tuple[Row, ...]) -> Told:
    first = sitting.first["id"]
    said = _said(sitting.pages, voice)
    return Told(sitting, voice.contests.get(first), said, anew, voice.cleared.get(first, ""))


def left_out(reader: Queries, person: str, during: Stretch, part: Part) -> list[Row]:
    """Visits that were recorded and do not count, each with its reason, newest first; one more than the part holds."""
    return list(reader.query(_LEFT_OUT, _about(person, during) | _within(part)))


def others(reader: Queries, person: str, during: Stretch, part: Part) -> list[Row]:
    """Everything else on record about a person: what was blocked or warned of, newest first; again one more."""
    return list(reader.query(_OTHERS, _about(person, during) | _within(part)))


def by_themselves(reader: Queries, person: str, during: Stretch) -> dict[str, dict[str, int]]:
    """How often pages asked for something by themselves, by category and kind; there are no addresses in it."""
    counts: dict[str, dict[str, int]] = {}
    for row in reader.query(_ACTIVITY, {"person": person, "first": during.first_day}):
        if row["kind"] in _BY_ITSELF:
            counts.setdefault(row["category"], {})[row["kind"]] = row["requests"]
    return dict(sorted(counts.items()))


def event_of_person(reader: Queries, person: str, event: str) -> Row | None:
    """An event about this person; what is somebody else's, or a deed, does not exist for her."""
    sql = "select * from events where id = :id and person = :person and action <> 'deed'"
    return next(iter(reader.query(sql, {"id": event, "person": person})), None)


def sitting_around(reader: Queries, person: str, event: Row, day: Stretch) -> Told:
    """The spell that an event of hers is in, or the event by itself where it does not count."""
    for each in counted(reader, person, day):
        if any(page["id"] == event["id"] for page in (*each.pages, *each.anew)):
            return each
    voice = voice_of(reader, person)
    return _told(Sitting((event,), 0), voice, ())


def by_day(spells: Iterable[Told], zone: tzinfo) -> dict[str, list[Told]]:
    """Spells by day in words, the newest day first."""
    days: dict[str, list[Told]] = {}
    for each in sorted(spells, key=lambda spell: spell.first["at"], reverse=True):
        day = datetime.fromisoformat(each.first["at"]).astimezone(zone)
        days.setdefault(f"{day:%A} {day.day} {day:%B %Y}", []).insert(0, each)
    return days


def totals(spells: Iterable[Told], zone: tzinfo) -> list[Total]:
    """What counts, by week and category, the newest week first."""
    sums: dict[tuple[str, str], tuple[int, int, int]] = {}
    for each in spells:
        if each.state not in (UPHELD, "contested", "cleared"):
            year, week, _ = datetime.fromisoformat(each.first["at"]).astimezone(zone).isocalendar()
            key = (f"{year}, week {week:02}", each.first["category"])
            minutes, pages, count = sums.get(key, (0, 0, 0))
            sums[key] = (minutes + each.minutes, pages + len(each.pages), count + 1)
    return [Total(week, category, *of) for (week, category), of in sorted(sums.items(), reverse=True)]


def _with_repeats(rows: list[Row]) -> list[tuple[Sitting, tuple[Row, ...]]]:
    """Each sitting, with the rows that are its pages loading themselves anew."""
    found = sittings(rows)
    counting = {page["id"] for each in found for page in each.pages}
    repeats = [row for row in rows if row["id"] not in counting]
    wanted, anew = {_place(row) for row in repeats}, [list[Row]() for _ in found]
    opened: dict[tuple[str, ...], list[tuple[str, int]]] = {}
    for number, each in enumerate(found if repeats else ()):
        for page in each.pages:
            if (place := _place(page)) in wanted:
                opened.setdefault(place, []).append((page["at"], number))
    for row in repeats:
        before = [number for at, number in opened.get(_place(row), []) if at <= row["at"]]
        if before:
            anew[before[-1]].append(row)
    return [(each, tuple(again)) for each, again in zip(found, anew, strict=True)]


def _place(row: Row) -> tuple[str, ...]:
    return row["client"], row["host"], row["path"]


def _about(person: str, during: Stretch) -> dict[str, Any]:
    return {"person": person, "since": during.since, "until": during.until}


def _within(part: Part) -> dict[str, Any]:
    return {"first": part.first, "most": LENGTH + 1}


def _said(pages: Iterable[Row], voice: Voice) -> tuple[str, ...]:
    return tuple(dict.fromkeys(note for page in pages for note in voice.notes.get(page["id"], ())))
