"""The folder of the pretend school: its people, its calendar and its lists, in the formats of a real one."""

import re
import secrets
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from schoolgate.passwords import FILE, hashed, set_password
from schoolgate.settings.folders import make_school, shipped

NAME = "St Wilfrid's Primary School (demo)"
ZONE = ZoneInfo("Europe/London")
DOMAIN = "st-wilfrids.example"
_QUIET = re.compile(r"^quiet:.*$", re.MULTILINE)
PUPILS, STAFF, GUESTS = "127.20.6", "127.30.1", "127.40.1"
"""The networks, as the beginnings of addresses; all of them are loopback."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the pretend school; ``device`` is the address of theirs, "" where they log in at the proxy."""

    login: str
    name: str
    role: str = ""  # of school.yaml
    title: str = ""
    device: str = ""
    in_group: bool = True  # a governor does not work here


PEOPLE = (
    Person("head", "Mrs Amina Okafor", "headteacher", "Headteacher", f"{STAFF}.1"),
    Person("dsl", "Mr Dafydd Llewellyn", "dsl", "Designated safeguarding lead", f"{STAFF}.2"),
    Person("technician", "Sam Ferris", "technician", "IT technician", f"{STAFF}.3"),
    Person("chair", "Dr Pauline Whitcombe", "chair_of_governors", "Chair of governors", in_group=False),
    Person("teacher", "Miss Ruth Patel", "", "Teacher, Year 6"),
    Person("g.adeyemi", "Mr Gabriel Adeyemi", "", "Teacher, Year 4", f"{STAFF}.11"),
    Person("c.murray", "Mrs Catriona Murray", "", "Teacher, Year 2", f"{STAFF}.12"),
    Person("n.byrne", "Mr Niall Byrne", "", "Trainee teacher, since today", f"{STAFF}.14"),
    Person("l.novak", "Ms Lenka Novak", "", "Teaching assistant", f"{STAFF}.13"),
)
SHOWN = ("head", "dsl", "technician", "chair", "teacher")
"""The logins that the demo tells."""


def password() -> str:
    """Three groups of letters and figures, new for each run: about 59 bits."""
    letters = "23456789abcdefghjkmnpqrstuvwxyz"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(3))


@dataclass(frozen=True, slots=True)
class Ports:
    """Where everything listens, on 127.0.0.1."""

    console: int
    proxy: int
    guide: int
    mail: int
    http: int
    tls: int


def write_school(root: Path, ports: Ports, authority: Path, passwords: dict[str, str], today: date) -> Path:
    """Write the school below ``root``, which has no config/ yet; returns its config folder."""
    make_school(root)
    config = root / "config"
    (config / "school.yaml").write_text(_school(ports, authority))
    (config / "people.yaml").write_text(_people())
    (config / "calendar.yaml").write_text(_calendar(today))
    (config / "monitoring.yaml").write_text(_monitoring(today))
    alerts = config / "alerts.yaml"
    alerts.write_text(_QUIET.sub(r"# \g<0>  (a demonstration in the evening has no time to wait)", alerts.read_text()))
    _write_lists(root / "blocklists")
    for login, word in passwords.items():
        set_password(config / FILE, login, hashed(word))
    return config


def _school(ports: Ports, authority: Path) -> str:
    roles = "".join(
        f'  {person.role}: {{name: "{person.name}", email: {mailbox(person)}, user: {person.login}{_deputy(person)}}}\n'
        for person in PEOPLE
        if person.role
    )
    return f"""# The pretend school of "schoolgate demo". Everything listens on this machine only.
name: "{NAME}"
timezone: Europe/London
roles:
{roles}listen: {{proxy: "127.0.0.1:{ports.proxy}", console: "127.0.0.1:{ports.console}", metrics: null}}
doctor: {{every: null}}   # a pretended school has nothing that its doctor could find well
data: var
mail: {{host: 127.0.0.1, port: {ports.mail}, from: schoolgate@{DOMAIN}}}
lists: {{update: null}}          # no publisher of lists is asked for anything
upstream_ca: "{authority}"       # who vouches for the sites of the pretend internet
"""


def mailbox(person: Person) -> str:
    """Their address for mail."""
    return f"{person.login}@{DOMAIN}"


def _deputy(person: Person) -> str:
    return ", deputy: dsl" if person.role == "headteacher" else ""


def _people() -> str:
    users = ", ".join(person.login for person in PEOPLE if person.in_group)
    named = "".join(
        f'  {person.login}: {{name: "{person.name}", group: staff'
        + (f', devices: ["{person.device}"]' if person.device else "")
        + "}\n"
        for person in PEOPLE
        if person.in_group
    )
    return f"""# Every network here is loopback: 127.20.6.11 is the first tablet of Year 6.
groups:
  pupils: {{title: Year 6 tablets, networks: ["127.20.0.0/16", "127.0.0.1/32"], inspect: full}}
  staff: {{title: Staff, networks: ["127.30.0.0/16"], users: [{users}], text_limit: 160, safe_search: moderate}}
  guests: {{title: Guest Wi-Fi, networks: ["127.40.0.0/16"], inspect: names}}
unknown: pupils
logins: {{file: {FILE}, ask: []}}
people:
{named}"""


def _calendar(today: date) -> str:
    """A term around today, and a duty that makes it working time now, whatever the hour of the demonstration."""
    days = ", ".join(f"{today + timedelta(days=n)}" for n in range(-1, 8))
    return f"""# The duty makes every hour of these days working time, so the demonstration is the same at any hour.
working_hours:
  staff: {{mon-thu: ["08:15-12:15", "13:00-16:00"], fri: ["08:15-12:15", "13:00-15:30"]}}
duties:
  - {{name: Demonstration of schoolgate, groups: [staff], on: [{days}], hours: ["00:00-24:00"]}}
terms: [{{name: This term, from: {today - timedelta(days=60)}, to: {today + timedelta(days=30)}}}]
bank_holidays: none
"""


def _monitoring(today: date) -> str:
    review = today + timedelta(days=240)
    return f"""notice: {{contact: "Data protection officer, dpo@{DOMAIN}"}}
official_pages:
  - {{url: facebook.com/stwilfridsdemo, title: The school on Facebook, approver: headteacher, review: {review}}}
channels:
  - {{url: classdojo.com, title: ClassDojo for parents, people: [staff], approver: headteacher, review: {review}}}
"""


def _write_lists(folder: Path) -> None:
    """The shipped lists, each without the lists of others that it names: a demonstration asks no publisher."""
    for path in sorted((shipped() / "blocklists").glob("*.yaml")):
        (folder / path.name).write_text(path.read_text().partition("\nsources:")[0] + "\n")
