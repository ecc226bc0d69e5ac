"""A school of people with names, roles and passwords, and a record of theirs that can be told event by event."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import bcrypt
from schoolgate.settings.load import Settings
from schoolgate.store.event import NAMES, Deed, Event, deed_event, new_reference, stamp
from schoolgate.store.journal import Journal
from schoolgate.store.pseudonym import open_pseudonyms
from schoolgate.store.recorder import Recorder

from pretend.school import School

PASSWORD = "correct horse"
LOGINS = ("j.smith", "a.jones", "h.head", "d.safe", "c.chair", "t.tech")
PEOPLE = """
groups:
  pupils: {title: Pupil devices, networks: ["127.0.0.2/32", "127.0.2.0/24"], inspect: full}
  staff:  {title: Staff, networks: ["127.0.0.3/32", "127.0.3.0/24"], users: [j.smith, a.jones, h.head], inspect: full}
  guests: {title: Guests}
  servers: {title: Servers}
unknown: pupils
logins: {file: logins.htpasswd, ask: []}
people:
  j.smith: {name: Mrs J Smith, group: staff, devices: ["127.0.3.7"]}
  a.jones: {name: Mr Anthony Jones, group: staff, devices: ["127.0.3.8"]}
"""
ROLES = """roles:
  headteacher: {name: Ms Beatrix Headley, email: head@school.example, deputy: dsl, user: h.head}
  dsl: {name: Mr Safeman, email: dsl@school.example, user: d.safe}
  chair_of_governors: {name: Dr Chairworth, email: chair@school.example, user: c.chair}
  technician: {name: Ian Techson, email: it@school.example, user: t.tech}
"""
CALENDAR = """
working_hours: {staff: {mon-fri: ["08:15-12:15", "13:00-16:00"]}}
terms: [{name: Autumn 2026, from: 2026-09-02, to: 2026-12-18}]
bank_holidays: none
"""
LONDON = ZoneInfo("Europe/London")


def named_school(root: Path) -> School:
    """Written below ``root``, with everybody's password set."""
    school = School(root, people=PEOPLE, roles=ROLES, calendar=CALENDAR).write()
    code = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    (school.config / "logins.htpasswd").write_text("".join(f"{login}:{code}\n" for login in LOGINS))
    return school


@dataclass
class Told:
    """Tells the record of a school; moments are school time, like ``2026-11-24T10:42``."""

    settings: Settings
    data: Path = field(init=False)

    def __post_init__(self) -> None:
        self.data = self.settings.data
        self.data.mkdir(parents=True, exist_ok=True)
        self.pseudonyms = open_pseudonyms(self.data)
        self.journal = Journal(self.data, "told")

    def code(self, login: str) -> str:
        return self.pseudonyms.of("user", login)

    def event(self, at: str, login: str = "j.smith", **changes: Any) -> Event:
        """A visit to a personal site that counts, of a login at its device, but for ``changes``."""
        moment = datetime.fromisoformat(at).replace(tzinfo=LONDON)
        client = changes.get("client", "127.0.3.7")
        calendar = f"{moment:%A %H:%M} is in their working hours 08:15-12:15"
        values = dict[str, Any](dict.fromkeys(NAMES, "")) | {
            "id": f"{int(moment.timestamp() * 1000):012x}{new_reference()}",
            "ref": new_reference(), "at": stamp(moment), "client": client, "person": self.code(login),
            "device": self.pseudonyms.of("device", client), "identity_confidence": "login", "group": "staff",
            "kind": "visit", "confidence": "1.00", "reason": "a person led the browser to it", "action": "log",
            "stage": "request", "method": "GET", "host": "www.facebook.com", "path": "/friends", "search": None,
            "category": "social_media", "theme": "conduct", "rule": "staff-personal-use", "alert": "digest",
            "why": "Staff give the whole of their time to their duties.", "basis": "policy 6.19",
            "notice": "2026-3fa90c12", "snapshot": "v1", "calendar": calendar,
        }  # fmt: skip
        event = Event(**(values | changes))
        self.journal.append({"t": "event", **event.row()})
        return event

    def block(self, at: str, login: str = "j.smith", **changes: Any) -> Event:
        """A block that is told at once."""
        about = {"action": "block", "alert": "immediate", "host": "pornhub.com", "path": "/", "category": "adult"}
        return self.event(at, login, **(about | {"rule": "staff-adult", "left_out": ""} | changes))

    def deed(self, at: str, deed: Deed, actor: str, **given: str) -> Event:
        event = deed_event(datetime.fromisoformat(at).replace(tzinfo=LONDON), deed, actor, "v1", **given)
        self.journal.append({"t": "event", **event.row()})
        return event

    def contest(self, at: str, *events: Event, login: str = "j.smith", words: str = "I was asked to look") -> Event:
        about = " ".join(event.id for event in events)
        return self.deed(at, Deed.CONTEST, self.code(login), person=self.code(login), about=about, why=words)

    def answer(self, at: str, contest: Event, answer: str, words: str = "I asked, and it was so") -> Event:
        actor = f"headteacher {self.code('h.head')}"
        return self.deed(at, Deed.ANSWER, actor, person=contest.person, about=contest.id, entry=answer, why=words)

    def activity(self, day: str, category: str, kind: str, requests: int, login: str = "j.smith") -> None:
        about = {"day": day, "person": self.code(login), "group": "staff", "category": category, "kind": kind}
        self.journal.append({"t": "activity", **about, "requests": requests})

    def seal(self) -> None:
        """What a running gateway does in the background: carry everything over, and seal it."""
        recorder = Recorder(self.data, {})
        recorder.close()
