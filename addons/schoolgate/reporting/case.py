"""Everything on record about one person in one period, read once: what the evidence pack is made from."""

import json
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from schoolgate.policy.standing import Declared
from schoolgate.reporting.period import Span
from schoolgate.reporting.sittings import Row
from schoolgate.reporting.subject import Subject
from schoolgate.settings.load import Settings
from schoolgate.store.cases import clearings
from schoolgate.store.deeds import Contest, Queries, contests, declarations
from schoolgate.store.event import Deed

_EVENTS = (
    "select * from events where person in (select value from json_each(:codes)) and action <> 'deed' "
    "and at >= :since and at < :until order by at, id"
)
_SAID = (Deed.NOTICE, Deed.DECLARED, Deed.WITHDRAWN, Deed.NOTE, Deed.CONTEST, Deed.ANSWER)
_DEEDS = (
    "select * from events where action = 'deed' and person in (select value from json_each(:codes)) order by at, id"
)
_ACTIVITY = (
    "select category, kind, sum(requests) as requests from activity where person in "
    "(select value from json_each(:codes)) and day >= :first and day < :end group by category, kind"
)
_DAYS = (
    "select distinct day from activity where person in (select value from json_each(:codes)) "
    "and day >= :first and day < :end order by day"
)
_AT_DEVICES = (
    "select client, person, min(at) as first, max(at) as last, count(*) as n from events "
    "where client in (select value from json_each(:clients)) and client <> '' and person <> '' and action <> 'deed' "
    "and person not in (select value from json_each(:codes)) and at >= :since and at < :until "
    "group by client, person, substr(at, 1, 13) order by first"
)


@dataclass(frozen=True, slots=True)
class Case:
    """``events`` are all but deeds, ``pages`` the visits that count, or would if no contest stood against them.

    ``others`` are stretches (an hour at most) in which others used the same devices. ``activity`` counts requests in
    working time by category and kind; ``active_days`` are the days that it covers. ``deeds`` are what the person did
    and said up to the end of the period, and the answers to it.
    """

    settings: Settings
    subject: Subject
    span: Span
    events: list[Row]
    pages: list[Row]
    notes: list[Row]
    acknowledged: list[Row]
    declared: list[Declared]
    contests: list[Contest]
    activity: list[Row]
    active_days: list[str]
    others: list[Row]
    deeds: list[Row]
    cleared: dict[str, str] = field(default_factory=dict[str, str])  # the case that cleared an event, by its id

    @property
    def first_day(self) -> date:
        """The first day of the period."""
        return self.day(self.span.since).date()

    @property
    def last_day(self) -> date:
        """Its last day; periods are half-open."""
        return (self.day(self.span.until) - timedelta(seconds=1)).date()

    def day(self, at: str) -> datetime:
        """A moment of the record on the school's clock."""
        return datetime.fromisoformat(at).astimezone(self.settings.school.timezone)


def read_case(reader: Queries, settings: Settings, subject: Subject, span: Span) -> Case:
    """Read all of it, from one state of the record."""
    codes = json.dumps(subject.codes)
    first, end = (
        datetime.fromisoformat(at).astimezone(settings.school.timezone).date().isoformat()
        for at in (span.since, span.until)
    )
    about = {"codes": codes, "since": span.since, "until": span.until, "first": first, "end": end}
    events = list(reader.query(_EVENTS, about))
    deeds = list(reader.query(_DEEDS, {"codes": codes}))
    clients = json.dumps(sorted({row["client"] for row in events}))
    during = [row for row in deeds if span.since <= row["at"] < span.until]
    ids = {row["id"] for row in events}
    return Case(
        settings=settings,
        subject=subject,
        span=span,
        events=events,
        pages=[row for row in events if row["kind"] == "visit" and row["action"] == "log" and not row["left_out"]],
        notes=[row for row in deeds if row["rule"] == Deed.NOTE and ids & set(row["about"].split())],
        acknowledged=[row for row in deeds if row["rule"] == Deed.NOTICE and row["at"] < span.until],
        declared=[each for code in subject.codes for each in declarations(reader, code)],
        contests=[
            each
            for code in subject.codes
            for each in contests(reader, code)
            if ids & set(each.events) or each.id in {row["id"] for row in during}
        ],
        activity=list(reader.query(_ACTIVITY, about)),
        active_days=[row["day"] for row in reader.query(_DAYS, about)],
        others=list(reader.query(_AT_DEVICES, about | {"clients": clients})),
        deeds=[row for row in deeds if row["rule"] in _SAID and row["at"] < span.until],
        cleared={event: ref for event, ref in clearings(reader).items() if event in ids},
    )
