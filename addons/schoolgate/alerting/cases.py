"""The office's part in cases: it opens one for each alert that needs a person, adds to it, and tells who is next.

Everything is a deed first, with an id that follows from what it is about, and only then noted in the office's file:
an office that is killed between the two writes the same deed again, and the record takes it once. A mail and the note
that it was made are one transaction. So there is one case for an alert, and one mail for each step, whatever dies when.
"""

import json
import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from schoolgate.alerting.alerts import LONGEST_WAIT_SECONDS, QUIET_SECONDS
from schoolgate.alerting.audience import SAFEGUARDING, WORRY, audience_of, parts_of
from schoolgate.alerting.case_post import tell
from schoolgate.alerting.case_roles import first_route, next_role
from schoolgate.alerting.case_words import ran_out, why_of
from schoolgate.alerting.clocks import clock_of
from schoolgate.alerting.contested import clear, quiet
from schoolgate.alerting.recipients import roles_of
from schoolgate.settings.load import Settings
from schoolgate.store.cases import (
    CASE_DEEDS,
    GATEWAY,
    Case,
    Priority,
    State,
    case_names,
    cases,
    is_more_urgent,
    steady_id,
)
from schoolgate.store.deeds import Contest, contests
from schoolgate.store.event import Deed, deed_event, stamp
from schoolgate.store.journal import Journal
from schoolgate.store.office import OfficeStore
from schoolgate.store.pseudonym import Pseudonyms
from schoolgate.store.record import RecordReader

log = logging.getLogger("schoolgate")

_LOOK_EVERY = 2.0  # seconds between two looks at the clocks
_MORE_EVERY = 30.0  # seconds between two deeds that add events, while they go on coming
_URGENT = frozenset({"sealed", "self_harm", "extremism", "grooming", "running_away"})
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
            has_news = self._read(reader)
            held = quiet(self.store).keys  # no case is made of what is contested before somebody has answered
            for alert in self.store.rows("select * from alert where state <> 'closed'"):
                free = alert["audience"] == SAFEGUARDING and alert["key"] not in held
                if free or alert["audience"] == WORRY:
                    self._open_or_fill(alert, settings, now)
            self._look_after(has_news, settings, now)
        except OSError as error:
            log.error("A case could not be put on record: %s", error.strerror)

    def _open_or_fill(self, alert: dict[str, Any], settings: Settings, now: float) -> None:
        facts = json.loads(alert["facts"])
        is_quiet = now - alert["changed"] >= QUIET_SECONDS
        new = _not_in_case(facts)
        if not new or not (is_quiet or now - alert["opened"] >= LONGEST_WAIT_SECONDS):
            return
        if "case" not in facts or self._is_decided(facts["case"]):
            self._open(alert, facts, new, settings, now)
        elif is_quiet or now - facts["filled"] >= _MORE_EVERY:
            about, level = " ".join((facts["case"], *new)), _priority(facts, alert["audience"] == WORRY)
            risen = level if is_more_urgent(level, facts.get("case_priority", level)) else ""
            self._write(Deed.CASE_MORE, facts["case"], settings, now, about=about, entry=risen)
            facts["case_priority"] = level
        else:
            return
        facts |= {"in_case": new[-1], "filled": now}
        self.store.update("alert", alert["id"], facts=json.dumps(facts))

    def _is_decided(self, case: str) -> bool:
        """Whether somebody has decided a case: what comes after that is another one, which nobody has looked into."""
        return any(each.id == case and each.state in (State.DECIDED, State.CLOSED) for each in self._cases)

    def _open(
        self, alert: dict[str, Any], facts: dict[str, Any], events: list[str], settings: Settings, now: float
    ) -> None:
        """The deed that opens the case; its id and reference are noted in the facts of the alert, for its mail."""
        level, person = _priority(facts, alert["audience"] == WORRY), facts["person"]
        before = [facts["case"]] if "case" in facts else []
        names = case_names(facts["at"], str(alert["id"]), str(alert["opened"]), alert["key"], *before)
        roles = roles_of(settings, *parts_of(audience_of(alert, facts)))
        route = first_route(settings, self.pseudonyms, roles, person)
        category = settings.snapshot.categories.get(facts["category"])
        about = {name: facts[name] for name in ("person", "group", "client", "category")}
        about |= {"theme": category.theme if category else "", "about": " ".join(events)}
        about |= {"entry": f"{level}/{route}", "basis": facts["rule"]}
        self._write(Deed.CASE, "", settings, now, **names, **about, why=why_of(len(events), facts, settings))
        facts |= {"case": names["id"], "case_ref": names["ref"], "case_priority": level}

    def _look_after(self, has_news: bool, settings: Settings, now: float) -> None:
        if not has_news and 0 < self._next_look - now <= _LOOK_EVERY:  # further off: the clock was set back
            return
        self._next_look = now + _LOOK_EVERY
        for case in self._cases:
            tell(self.store, self.pseudonyms, case, settings, now)
            if case.cleared:
                self._clear(case, now)
            self._escalate(case, settings, now)

    def _read(self, reader: RecordReader) -> bool:
        """Read the cases where the record has deeds about them that were not read yet; whether it had."""
        has_news = self._has_news(reader)
        if has_news:
            self._cases, self._contests = cases(reader), contests(reader)
        return has_news

    def _has_news(self, reader: RecordReader) -> bool:
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

    def _clear(self, case: Case, now: float) -> None:
        """What an outcome has cleared is taken out of alerts that are not told yet."""
        mark = f"case-cleared/{case.id}/{len(case.cleared)}"
        if self.store.bookmark(mark) is None:
            with self.store.atomic():
                clear(self.store, case.person, set(case.cleared), now)
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
