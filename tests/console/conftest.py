"""A console over a school of four: two of staff, a Headteacher who is also staff, and a chair of governors who is not."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import bcrypt
import pytest
from pretend.school import School
from schoolgate.console.app import make_app
from schoolgate.console.desk import Desk, open_desk
from schoolgate.settings.load import Settings
from schoolgate.store.event import NAMES, Event, new_reference, stamp
from schoolgate.store.journal import Journal
from schoolgate.store.pseudonym import open_pseudonyms
from starlette.testclient import TestClient

PEOPLE = """
groups:
  pupils: {title: Pupil devices, networks: ["127.0.0.2/32"]}
  staff: {title: Staff, networks: ["127.0.0.3/32"], users: [a.jones, b.khan, h.head]}
  guests: {title: Guests}
  servers: {title: Servers}
unknown: pupils
logins: {file: logins.htpasswd}
"""
ROLES = """roles:
  headteacher: {name: Ms Head, email: head@school.example, deputy: dsl, user: h.head}
  dsl: {name: Mr Safe, email: dsl@school.example, user: d.safe}
  chair_of_governors: {name: Dr Chair, email: chair@school.example, user: c.chair}
  technician: {name: IT, email: it@school.example, user: t.tech}
"""
PASSWORD = "correct horse"
LOGINS = ("a.jones", "b.khan", "h.head", "d.safe", "c.chair", "t.tech", "p.pupil")
TUESDAY = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)


@dataclass
class Clock:
    """A clock by hand, in seconds."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Console:
    """A console that is asked without a network; ``now`` and ``clock`` are set by hand."""

    settings: Settings
    clock: Clock = field(default_factory=Clock)
    now: datetime = TUESDAY

    def __post_init__(self) -> None:
        self.gateway = Journal(self.settings.data, "worker1")
        pseudonyms = open_pseudonyms(self.settings.data)
        self.desk: Desk = open_desk(self.settings, pseudonyms, Journal(self.settings.data, "console"), self.clock)
        self.desk.now = lambda: self.now
        self.app = make_app(self.desk)

    def code(self, login: str) -> str:
        return self.desk.pseudonyms.of("user", login)

    def visit(self, login: str, minute: int = 0, **changes: str) -> Event:
        """A counted visit of a login, so many minutes after 10:00 on the console's Tuesday."""
        at = datetime(2026, 11, 24, 10, 0, tzinfo=UTC) + timedelta(minutes=minute)
        values: dict[str, Any] = dict.fromkeys(NAMES, "") | {
            "id": f"{int(at.timestamp() * 1000):012x}{new_reference()}",
            "ref": new_reference(), "at": stamp(at), "client": "127.0.0.3", "person": self.code(login),
            "identity_confidence": "login", "group": "staff", "kind": "visit", "confidence": "1.00",
            "reason": "the browser opened it as a page of its own", "action": "log", "stage": "request",
            "method": "GET", "host": "www.facebook.com", "path": "/friends", "search": None,
            "category": "social_media", "rule": "staff-personal-use", "why": "Staff give the whole of their time.",
            "basis": "policy 6.19", "alert": "digest", "notice": "2026-3fa90c12", "snapshot": "v1",
            "calendar": "Tuesday 10:00 is in their working hours 08:15-12:15",
        }  # fmt: skip
        event = Event(**(values | changes))
        self.gateway.append({"t": "event", **event.row()})
        return event

    def deeds(self, rule: str) -> list[dict[str, Any]]:
        with self.desk.reading() as reader:
            return list(reader.query("select * from deeds where rule = :rule order by at, id", {"rule": rule}))

    def browser(self, login: str = "", password: str = PASSWORD, address: str = "127.0.0.1") -> "Browser":
        client = TestClient(
            self.app,
            base_url="http://127.0.0.1:8081",
            follow_redirects=False,
            raise_server_exceptions=False,
            client=(address, 50000),
        )
        browser = Browser(client)
        if login:
            answer = browser.log_in(login, password)
            assert answer.status_code == 303, answer.text
        return browser


@dataclass
class Browser:
    """Keeps cookies, and fills forms with the token of the page that was shown last."""

    client: TestClient
    token: str = ""

    def get(self, path: str, **options: Any) -> Any:
        answer = self.client.get(path, **options)
        found = re.search(r'name="token" value="([0-9a-f]+)"', answer.text)
        self.token = found[1] if found else self.token
        return answer

    def post(self, path: str, fields: dict[str, Any] | None = None, **options: Any) -> Any:
        return self.client.post(path, data={"token": self.token, **(fields or {})}, **options)

    def log_in(self, login: str, password: str = PASSWORD) -> Any:
        self.get("/login")
        answer = self.post("/login", {"login": login, "password": password})
        if answer.status_code == 303:
            self.get("/")
        return answer


@pytest.fixture
def school(tmp_path: Path) -> School:
    school = School(tmp_path, doctor="1h", people=PEOPLE, roles=ROLES).without_publishers()
    school.console_port = 8081
    school.config.mkdir(parents=True)
    code = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    (school.config / "logins.htpasswd").write_text("".join(f"{login}:{code}\n" for login in LOGINS))
    return school.write()


@pytest.fixture
def console(school: School, settings_of: Callable[[School], Settings]) -> Console:
    return Console(settings_of(school))
