"""Lives through days that were, before the gateway starts: every verdict, seal and letter of them is the product's own.

The rules, the record and the office are the real ones; only the clock is moved by hand, and nobody was at a device.
"""

import sqlite3
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from schoolgate.content.searches import open_engines
from schoolgate.content.verdict import on_search
from schoolgate.demo.mail import MailServer
from schoolgate.office import Office
from schoolgate.policy.decision import decide_for
from schoolgate.policy.request import WebRequest, request_from_url
from schoolgate.policy.rules import Action
from schoolgate.policy.verdict import Verdict, heard, outweighs
from schoolgate.policy.visits import Kind, Origin
from schoolgate.recorder import kept, versions
from schoolgate.settings.load import Settings
from schoolgate.settings.notice import notice_of
from schoolgate.store.cases import Case, cases
from schoolgate.store.clock import Clock
from schoolgate.store.coverage import Fate
from schoolgate.store.deeds import read_standing
from schoolgate.store.event import Deed, Event, deed_event, event_of, fault_event
from schoolgate.store.journal import Journal
from schoolgate.store.openings import WANTED
from schoolgate.store.pseudonym import open_pseudonyms
from schoolgate.store.record import open_reader
from schoolgate.store.recorder import Recorder

_OPENED = Origin(Kind.VISIT, "the browser opened it as a page of its own")
_POST_WITHIN = 20.0  # seconds
_UNSENT = "select count(*) from mail where sent is null and next_try <= ?"


class Past:
    """Begins at ``now``; moments are school time and go forward only."""

    def __init__(self, settings: Settings, mail: MailServer, now: datetime) -> None:
        self.now = now
        self._settings, self._mail, data = settings, mail, settings.data
        settings.judge.make_ready()
        mail.now = lambda: self.now.astimezone(UTC)
        self._engines = open_engines()
        self._pseudonyms = open_pseudonyms(data)
        self._journal = Journal(data, "past")
        self._tallies = Counter[tuple[str, str, str, str]]()
        clock = Clock(lambda: self.now.astimezone(UTC), lambda: self.now.timestamp())
        self._recorder = Recorder(data, kept(settings), versions(settings), settings.snapshot.version, clock)
        self._office = Office(settings)

    def code(self, login: str) -> str:
        """The pseudonym of a login."""
        return self._pseudonyms.of("user", login)

    def opens(self, who: str, url: str) -> Event | None:
        """Somebody (a login, or the address of a device) opens a page; returns what of it stands on record."""
        request = self._request(who, url)
        verdict = self._verdict(request)
        identity = verdict.identity
        self.count(identity.group.id, verdict.action, verdict.category)
        at_work = identity.group.id in self._settings.snapshot.calendar.at_work
        if verdict.action is Action.ALLOW and not verdict.left_out:
            return None
        notice = self._notice(identity.group.id) if at_work else ""
        told = replace(verdict, alert=heard(verdict, _OPENED.kind))
        return self._put(event_of(request, told, _OPENED, self._pseudonyms, notice))

    def reads_notice(self, login: str) -> None:
        """A member of staff reads what is recorded about her, and says so."""
        code = self.code(login)
        self.deed(Deed.NOTICE, code, person=code, group="staff", notice=self._notice("staff"))

    def deed(self, deed: Deed, actor: str, **given: str) -> Event:
        """Somebody does something with the record; ``actor`` is a role and a code, a code, or ``schoolgate``."""
        return self._put(deed_event(self.now, deed, actor, self._settings.snapshot.version, **given))

    def asks(self, event: Event, words: str) -> Event:
        """Whoever was blocked asks for the page."""
        names = ("host", "path", "category", "group", "client", "person", "device", "identity_confidence")
        about = {name: str(getattr(event, name)) for name in names}
        return self.deed(Deed.ASKED, event.person, about=event.id, entry=WANTED, why=words, **about)

    def cases(self) -> list[Case]:
        """All cases, as they stand."""
        with open_reader(self._settings.data, with_waiting=True) as reader:
            return cases(reader)

    def on_case(self, deed: Deed, case: Case, entry: str = "", words: str = "") -> None:
        """The role that looks after a case does something about it."""
        role = self._settings.school.roles[case.owner]
        actor = f"{case.owner} {self.code(role.user or '')}"
        self.deed(deed, actor, about=case.id, entry=entry, why=words)
        self.now += timedelta(seconds=20)  # a person does one thing after the other

    def fault(self, where: str, words: str) -> None:
        """The gateway itself is at fault."""
        self._put(fault_event(self.now, where, words, self._settings.snapshot.version))

    def count(self, group: str, action: str, category: str, number: int = 1) -> None:
        """Requests of which only their number is kept."""
        hour = self.now.astimezone(UTC).strftime("%Y-%m-%dT%H:00:00.000Z")
        self._tallies[hour, group, action, category] += number

    def connections(self, group: str, fate: Fate, number: int, app: str = "") -> None:
        """Connections of a group by what became of them."""
        hour = self.now.astimezone(UTC).strftime("%Y-%m-%dT%H:00:00.000Z")
        where = {"hour": hour, "group": group, "fate": fate, "app": app}
        self._journal.append({"t": "coverage", **where, "connections": number})

    def activity(self, login: str, category: str, kind: str, number: int) -> None:
        """Requests of a member of staff at work, by the kind of site."""
        row = {"day": self.now.date().isoformat(), "person": self.code(login), "group": "staff", "category": category}
        self._journal.append({"t": "activity", **row, "kind": kind, "requests": number})

    def goes_on(self, to: datetime) -> None:
        """It becomes later; what is to be told by then is told."""
        self._work()
        for seconds in (2, 5):
            self.now += timedelta(seconds=seconds)
            self._work()
        self.now = max(self.now, to)
        self._work()

    def close(self) -> None:
        """The past is over; from now on the gateway writes the record."""
        self._flush()
        self._journal.close()
        self._recorder.close()
        self._office.close()
        self._mail.now = lambda: datetime.now(UTC)

    def _work(self) -> None:
        """What recorder and office do in a round, until every letter that is due has gone."""
        self._flush()
        self._recorder.round()
        end = time.monotonic() + _POST_WITHIN
        while True:
            self._office.round(self.now.timestamp())
            if not self._unsent() or time.monotonic() > end:
                return
            time.sleep(0.002)

    def _unsent(self) -> int:
        connection = sqlite3.connect(f"{(self._settings.data / 'office.db').as_uri()}?mode=ro", uri=True)
        try:
            return int(connection.execute(_UNSENT, [self.now.timestamp()]).fetchone()[0])
        finally:
            connection.close()

    def _flush(self) -> None:
        for (hour, group, action, category), number in self._tallies.items():
            row = {"hour": hour, "group": group, "action": action, "category": category, "requests": number}
            self._journal.append({"t": "tally", **row})
        self._tallies.clear()

    def _put(self, event: Event) -> Event:
        self._journal.append({"t": "event", **event.row()})
        return event

    def _notice(self, group: str) -> str:
        return notice_of(self._settings, group, self.now.date()).version

    def _request(self, who: str, url: str) -> WebRequest:
        person = next((each for each in self._settings.snapshot.people.persons if each.login == who), None)
        if person is None:
            return request_from_url(url, at=self.now.astimezone(UTC), client=who, user=None)
        own = str(person.devices[0]) if person.devices else ""
        return request_from_url(
            url, at=self.now.astimezone(UTC), client=own or "127.30.1.50", user=None if own else who
        )

    def _verdict(self, request: WebRequest) -> Verdict:
        """What the gateway would have said: of the address, and of the words of a search."""
        snapshot = self._settings.snapshot
        identity = snapshot.people.identify(request.client, request.user)
        person = self.code(identity.user) if identity.user else ""
        with open_reader(self._settings.data, with_waiting=True) as reader:
            standing = read_standing(reader, request.at)
        verdict = decide_for(identity, request, snapshot, standing=standing, person=person)
        search = self._engines.search_of(request.host, request.path, request.query)
        if search is None:
            return verdict
        said = on_search(search.words, identity, request, snapshot, self._settings.judge)
        return said if said.action is not Action.ALLOW and outweighs(said, verdict) else verdict
