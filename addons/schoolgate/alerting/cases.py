"""The office's part in cases: it opens one for each alert that needs a person, adds to it, and tells who is next.

Everything is a deed first, with an id that follows from what it is about, and only then noted in the office's file:
an office that is killed between the two writes the same deed again, and the record takes it once. A mail and the note
that it was made are one transaction. So there is one case for an alert, and one mail for each step, whatever dies when.
"""

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from schoolgate.alerting.alerts import LONGEST_WAIT_SECONDS, QUIET_SECONDS
from schoolgate.alerting.audience import SAFEGUARDING, WORRY
from schoolgate.alerting.case_roles import CASE_ROLES, first_route, next_role
from schoolgate.alerting.case_words import LETTERS, ran_out, why_of
from schoolgate.alerting.clocks import clock_of
from schoolgate.alerting.contested import clear, quiet
from schoolgate.alerting.recipients import roles_of
from schoolgate.settings.load import Settings
from schoolgate.store.cases import CASE_DEEDS, CLEARING, GATEWAY, Case, Entry, Priority, case_names, cases, steady_id
from schoolgate.store.deeds import Contest, contests
from schoolgate.store.event import Deed, deed_event, stamp
from schoolgate.store.journal import Journal
from schoolgate.store.office import OfficeStore
from schoolgate.store.pseudonym import Pseudonyms
from schoolgate.store.record import RecordReader

log = logging.getLogger("schoolgate")

_LOOK_EVERY = 2.0  # seconds between two looks at the clocks
_MORE_EVERY = 30.0  # seconds between two deeds that add events, while they go on coming
_FRESH = timedelta(days=7)  # what is older and was never told is left alone: the office's file was lost
_URGENT = frozenset({"self_harm", "extremism", "grooming", "running_away"})
_CHANGES = (
    "select 1 from events where seq > :last and action = 'deed' and rule in (select value from json_each(:rules))"
)
_WATCHED = (*CASE_DEEDS, Deed.CONTEST, Deed.ANSWER)


@dataclass(slots=True)
class Cases:
    """One for each office. What it remembers is only to save work; all that counts stands in the two files."""

    store: OfficeStore
    journal: Journal
    pseudonyms: Pseudonyms
    _cases: list[Case] = field(default_factory=list[Case])
    _contests: list[Contest] = field(default_factory=list[Contest])
    _read_up_to: int = -1
    _next_look: float = 0.0
    _written: set[str] = field(default_factory=set[str])

    def round(self, reader: RecordReader, settings: Settings, now: float) -> None:
        """Open and fill cases, and look at the clocks. A full disk costs this round only: mails go on without."""
        try:
            held = quiet(self.store).keys  # no case is made of what is contested before somebody has answered
            for alert in self.store.rows("select * from alert where state <> 'closed'"):
                free = alert["audience"] == SAFEGUARDING and alert["key"] not in held
                if free or alert["audience"] == WORRY:
                    self._open_or_fill(alert, settings, now)
            self._look_after(reader, settings, now)
        except OSError as error:
            log.error("A case could not be put on record: %s", error.strerror)

    def _open_or_fill(self, alert: dict[str, Any], settings: Settings, now: float) -> None:
        facts = json.loads(alert["facts"])
        is_quiet = now - alert["changed"] >= QUIET_SECONDS
        new = _not_in_case(facts)
        if not new or not (is_quiet or now - alert["opened"] >= LONGEST_WAIT_SECONDS):
            return
        if "case" not in facts:
            self._open(alert, facts, settings, now)
        elif is_quiet or now - facts["filled"] >= _MORE_EVERY:
            about = " ".join((facts["case"], *new))
            self._write(Deed.CASE_MORE, facts["case"], settings, now, about=about)
        else:
            return
        facts |= {"in_case": new[-1], "filled": now}
        self.store.update("alert", alert["id"], facts=json.dumps(facts))

    def _open(self, alert: dict[str, Any], facts: dict[str, Any], settings: Settings, now: float) -> None:
        """The deed that opens the case; its id and reference are noted in the facts of the alert, for its mail."""
        worry, person = alert["audience"] == WORRY, facts["person"]
        names = case_names(facts["at"], str(alert["id"]), str(alert["opened"]), alert["key"])
        roles = roles_of(settings, alert["audience"], facts.get("theme", ""), facts["group"])
        route = first_route(settings, self.pseudonyms, roles, person)
        category = settings.snapshot.categories.get(facts["category"])
        about = {name: facts[name] for name in ("person", "group", "client", "category")}
        about |= {"theme": category.theme if category else "", "about": " ".join(facts["ids"])}
        about |= {"entry": f"{_priority(facts, worry)}/{route}", "basis": facts["rule"]}
        self._write(Deed.CASE, "", settings, now, **names, **about, why=why_of(alert, facts, settings))
        facts |= {"case": names["id"], "case_ref": names["ref"]}

    def _look_after(self, reader: RecordReader, settings: Settings, now: float) -> None:
        if self._has_news(reader):
            self._cases, self._contests = cases(reader), contests(reader)
        elif now < self._next_look:
            return
        self._next_look = now + _LOOK_EVERY
        for case in self._cases:
            for entry, letter in _letters(case, now):
                self._tell(case, entry, letter, settings, now)
            if case.outcome in CLEARING:
                self._clear(case, now)
            self._escalate(case, settings, now)

    def _has_news(self, reader: RecordReader) -> bool:
        """Whether the record has deeds about cases that were not read yet."""
        last, self._read_up_to = self._read_up_to, reader.last_seq()
        if last == self._read_up_to:
            return False
        if last < 0 or self._read_up_to < last:  # the first look, or another record
            return True
        return any(reader.query(_CHANGES, {"last": last, "rules": json.dumps(_WATCHED)}))

    def _escalate(self, case: Case, settings: Settings, now: float) -> None:
        """A clock that has run out: the next role looks after the case."""
        clock = clock_of(case, settings.alerts.cases, settings.snapshot.calendar, self._contests)
        if clock is None or not clock.is_over(datetime.fromtimestamp(now, UTC)):
            return
        role = next_role(settings, self.pseudonyms, case, clock.name)
        if role:
            names = {"id": steady_id(stamp(clock.since), case.id, clock.name, role)}
            words = ran_out(clock.name, settings, case)
            self._write(Deed.ESCALATED, case.id, settings, now, **names, about=case.id, entry=role, why=words)

    def _tell(self, case: Case, deed: str, letter: str, settings: Settings, now: float) -> None:
        """One mail to the role that looks after the case from this deed on; the note of it is part of the same."""
        mark = f"case-told/{deed}"
        if self.store.bookmark(mark) is not None:
            return
        role = _role_of(case, deed)
        domain = settings.school.mail.sender.partition("@")[2]
        with self.store.atomic():
            to = settings.recipients([role])
            if to:
                subject, text = LETTERS[letter](case, deed, settings)
                self.store.add_mail(to, subject, text, "", f"<case-{deed}@{domain}>", now)
            self.store.set_bookmark(mark, stamp(datetime.fromtimestamp(now, UTC)))

    def _clear(self, case: Case, now: float) -> None:
        """What an outcome has cleared is taken out of alerts that are not told yet."""
        mark = f"case-cleared/{case.id}/{len(case.events)}"
        if self.store.bookmark(mark) is None:
            with self.store.atomic():
                clear(self.store, case.person, set(case.events), now)
                self.store.set_bookmark(mark, case.outcome)

    def _write(self, deed: Deed, case: str, settings: Settings, now: float, **given: str) -> None:
        """Put a deed on record, once: where no id is ``given`` it follows from what the deed is about."""
        at = datetime.fromtimestamp(now, UTC)
        given.setdefault("id", steady_id(case_at(case, at), deed, given["about"]))
        if given["id"] in self._written:
            return
        event = deed_event(at, deed, GATEWAY, settings.snapshot.version, **given)
        self.journal.append({"t": "event", **event.row()})
        self._written.add(given["id"])


def case_at(case: str, otherwise: datetime) -> str:
    """The moment in the id of a case, so that ids made from it never depend on when they are made."""
    try:
        return stamp(datetime.fromtimestamp(int(case[:12], 16) / 1000, UTC))
    except ValueError:
        return stamp(otherwise)


def _not_in_case(facts: dict[str, Any]) -> list[str]:
    """The events of an alert that came since its case was opened or filled; a case takes one that it has once."""
    ids = list(facts.get("ids", []))
    last = facts.get("in_case", "")
    return ids[ids.index(last) + 1 :] if last in ids else ids


def _priority(facts: dict[str, Any], worry: bool) -> str:
    given = facts.get("priority", "")
    if given in tuple(Priority):
        return str(given)
    return Priority.HIGH if worry or facts["category"] in _URGENT else Priority.MEDIUM


def _letters(case: Case, now: float) -> Iterator[tuple[str, str]]:
    """Deeds of a case of which its role is told by a mail of its own, and which mail that is."""
    fresh = stamp(datetime.fromtimestamp(now, UTC) - _FRESH)
    if case.was_raised_by_somebody and case.at > fresh:
        yield case.id, Deed.CASE
    for entry in case.of(Deed.ESCALATED, Deed.CASE_OWNER):
        if entry.at > fresh and entry.entry in CASE_ROLES and not _took_it(entry):
            yield entry.id, entry.what


def _took_it(entry: Entry) -> bool:
    """Whether somebody took a case over, who needs no mail about it."""
    return entry.what is Deed.CASE_OWNER and entry.entry == entry.actor.partition(" ")[0]


def _role_of(case: Case, deed: str) -> str:
    return next((entry.entry for entry in case.history if entry.id == deed), case.route)
