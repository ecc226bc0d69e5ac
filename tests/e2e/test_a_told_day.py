"""One Tuesday of a whole staff through the real gateway, on a clock that the test moves: notice, hours, work, privacy."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pretend.clock import Clock, last_tuesday
from pretend.forms import OPENED, answer
from pretend.gateway import Gateway, schoolgate
from pretend.school import ROLES
from pretend.sites import Sites
from schoolgate.store.pseudonym import open_pseudonyms

PASSWORD = "correct horse"
SHARED, HIS_OWN, PUPIL = "127.0.0.3", "127.0.0.30", "127.0.0.2"
PEOPLE = """
groups:
  pupils: {title: Pupils, networks: ["127.0.0.2/32"]}
  staff: {title: Staff, networks: ["127.0.0.3/32"], users: [h.head]}
  midday: {title: Midday supervisors}
unknown: pupils
logins: {file: logins.htpasswd}
people:
  j.smith: {name: Mrs J Smith, group: staff}
  a.jones: {name: Mr A Jones, group: staff, devices: ["127.0.0.30"]}
  m.day: {name: Ms M Day, group: midday}
"""
CALENDAR = """
working_hours: {staff: {mon-fri: ["08:15-12:15", "13:00-16:00"]}}
contracts:
  - {id: mornings, people: [j.smith], hours: {mon-fri: ["08:15-12:15"]}, breaks: {mon-fri: ["10:30-10:45"]}}
  - {id: midday, groups: [midday], hours: {mon-fri: ["12:00-13:15"]}}
bank_holidays: none
"""
RULES = """
rules:
  - {id: pupils-harm, groups: [pupils], categories: [adult], action: block, why: Pupils must not be exposed to it.}
  - {id: staff-personal-use, groups: [staff, midday], categories: [social_media, shopping], when: working_hours,
     action: log, alert: digest, why: Staff give the whole of their time to their duties in working hours.}
"""
MONITORING = """
official_pages:
  - {{url: facebook.com/st-tests, title: School on Facebook, approver: headteacher, review: 2099-09-01}}
teaching:
  - {{for: Prices in maths, people: [a.jones], sites: [amazon.co.uk], from: {day}, until: {day}}}
"""


class Day:
    """The people of the school at their devices, and the clock on its wall."""

    def __init__(self, gateway: Gateway, sites: Sites, clock: Clock) -> None:
        self.gateway, self.sites, self.clock = gateway, sites, clock
        self.code = open_pseudonyms(gateway.school.data).of

    def opens(self, address: str, *options: str, login: str = "", client: str = SHARED) -> int:
        """The status that somebody gets who opens an address (host and path)."""
        return self._get(address, *OPENED, *options, login=login, client=client)[0]

    def loads(self, address: str, part: str, login: str) -> int:
        """The status of what a page loads by itself."""
        return self._get(address, "--header", f"Sec-Fetch-Dest: {part}", login=login, client=SHARED)[0]

    def reads_the_notice(self, address: str, login: str = "", client: str = SHARED) -> None:
        """The notice stands before the address; its button leads there."""
        status, text = self._get(address, *OPENED, login=login, client=client)
        assert (status, "I have read this" in text) == (403, True), (status, text[:500])
        site = f"https://{address.partition('/')[0]}:{self.sites.tls_port}"
        browser = [*OPENED, "--header", "Sec-Fetch-Site: same-origin", "--header", f"Origin: {site}"]
        assert answer(self.gateway, site, text, *browser, *self._login(login), client=client).status == 303

    def events(self) -> list[dict[str, Any]]:
        """All that the record holds of the day."""
        return self.gateway.events("--since", str(self.clock.day))

    def on_record(self, person: str) -> list[tuple[str, str, str, str]]:
        """Action, host, path and why it is left out, of all that a person (code) has done."""
        events = sorted(self.events(), key=lambda event: event["at"])
        return [(e["action"], e["host"], e["path"], e["left_out"]) for e in events if e["person"] == person]

    def _get(self, address: str, *options: str, login: str, client: str) -> tuple[int, str]:
        host, _, path = address.partition("/")
        url = f"https://{host}:{self.sites.tls_port}/{path}"
        got = self.gateway.curl(url, *options, *self._login(login), client=client)
        return got.status, got.text

    def _login(self, login: str) -> list[str]:
        return ["--proxy-user", f"{login}:{PASSWORD}"] if login else []


@pytest.fixture(scope="module")
def day(start: Callable[..., Gateway], sites: Sites, tmp_path_factory: pytest.TempPathFactory) -> Day:
    clock = Clock(tmp_path_factory.mktemp("clock"), last_tuesday(), "07:30")
    own_sites = RULES, CALENDAR, MONITORING.format(day=clock.day)
    gateway = start(
        environment=clock.environment,
        people=PEOPLE.replace("logins: {file: logins.htpasswd}\n", ""),
        roles=ROLES.replace("headteacher: {", "headteacher: {user: h.head, "),
        **dict(zip(("rules", "calendar", "monitoring"), own_sites, strict=True)),
    )
    gateway.stop()
    for login in ("j.smith", "a.jones", "m.day", "h.head"):
        done = schoolgate("login", login, "--config", str(gateway.school.config), input=f"{PASSWORD}\n")
        assert done.returncode == 0, done.stderr
    gateway.school.people = PEOPLE
    told = Day(gateway.start(), sites, clock)
    _tell(told)
    return told


def _tell(day: Day) -> None:
    """What everybody does from 07:50 to 16:30; each path says whose it is and when."""
    sites = day.sites
    day.clock.stands_at("07:50")
    assert day.opens("x.com/smith-0750", login="j.smith") == 200  # before work: no rule, so no notice either
    day.clock.stands_at("08:20")
    assert day.opens("news.example/smith-0820", login="j.smith") == 200
    day.reads_the_notice("x.com/smith-0820", "j.smith")
    assert day.opens("x.com/smith-0820?token=querysecret", login="j.smith") == 200
    assert [day.loads("x.com/smith-part", part, "j.smith") for part in ("image", "iframe", "empty")] == [200] * 3
    day.clock.stands_at("08:40")
    private = ["--cacert", str(sites.ca)]  # passed through: the browser sees the site's own certificate
    assert day.opens("www.nhs.uk/smith-0840", *private, login="j.smith") == 200
    day.clock.stands_at("09:00")
    assert day.opens("facebook.com/st-tests/smith-0900", login="j.smith") == 200
    day.clock.stands_at("10:29:50")
    assert day.opens("www.amazon.co.uk/smith-1029", login="j.smith") == 200
    day.clock.stands_at("10:30")
    assert day.opens("www.amazon.co.uk/smith-1030", login="j.smith") == 200  # her break
    day.clock.stands_at("10:48")
    assert day.opens("www.amazon.co.uk/jones-1048", client=HIS_OWN) == 200  # his lesson: no rule records it
    day.clock.stands_at("10:50")
    day.reads_the_notice("x.com/jones-1049", client=HIS_OWN)
    assert day.opens("www.amazon.co.uk/jones-1050", client=HIS_OWN) == 200
    assert day.opens("x.com/jones-1051", login="a.jones") == 200  # at the shared device, the notice read at his own
    day.clock.stands_at("12:14:50")
    assert day.opens("x.com/smith-1214", login="j.smith") == 200
    day.clock.stands_at("12:15")
    assert day.opens("x.com/smith-1215", login="j.smith") == 200
    day.clock.stands_at("12:30")
    assert day.opens("x.com/jones-1230", client=HIS_OWN) == 200  # his lunch break
    day.reads_the_notice("x.com/day-1230", "m.day")  # her working time
    assert day.opens("x.com/day-1230", login="m.day") == 200
    assert day.opens("pornhub.com/pupil-1230", client=PUPIL) == 403
    day.clock.stands_at("16:30")
    for login in ("j.smith", "a.jones", "m.day"):
        assert day.opens(f"x.com/{login}-1630", login=login) == 200
    assert day.opens("pornhub.com/pupil-1630", client=PUPIL) == 403


def test_mrs_smiths_morning(day: Day) -> None:
    page = "work: the school's official page 'School on Facebook' (approved by Head; review due 2099-09-01)"
    assert day.on_record(day.code("user", "j.smith")) == [
        ("deed", "", "", ""),
        ("log", "x.com", "/smith-0820", ""),
        ("allow", "facebook.com", "/st-tests/smith-0900", page),
        ("log", "www.amazon.co.uk", "/smith-1029", ""),
        ("log", "x.com", "/smith-1214", ""),
    ]


def test_mr_jones_is_one_person_at_two_devices(day: Day) -> None:
    [deed, lesson, visit] = day.on_record(day.code("user", "a.jones"))
    assert deed[0] == "deed"
    assert lesson[:3] == ("allow", "www.amazon.co.uk", "/jones-1050")
    assert lesson[3].startswith("work: needed for 'Prices in maths'")
    assert visit == ("log", "x.com", "/jones-1051", "")


def test_the_midday_supervisor_works_in_the_others_lunch_break(day: Day) -> None:
    [deed, visit] = day.on_record(day.code("user", "m.day"))
    assert (deed[0], visit) == ("deed", ("log", "x.com", "/day-1230", ""))
    [event] = [e for e in day.events() if e["path"] == "/day-1230"]
    assert event["calendar"].startswith("Tuesday 12:30 is in their working hours 12:00-13:15")


def test_pupils_are_protected_at_any_hour(day: Day) -> None:
    blocked = [e["path"] for e in day.events() if e["group"] == "pupils" and e["action"] == "block"]
    assert sorted(blocked) == ["/pupil-1230", "/pupil-1630"]


def test_nothing_of_anybodys_own_time_and_private_sites_is_kept_anywhere(day: Day) -> None:
    end = time.monotonic() + 40
    while _kept(day.gateway.school.root, "day-1230") == [] and time.monotonic() < end:
        time.sleep(0.3)
    for words in (
        *("smith-0750", "news.example", "smith-part", "querysecret", "smith-0840", "www.nhs.uk", "smith-1030"),
        *("jones-1048", "jones-1049", "smith-1215", "jones-1230", "j.smith-1630", "a.jones-1630", "m.day-1630"),
    ):
        assert _kept(day.gateway.school.root, words) == [], words
    assert _kept(day.gateway.school.root, "smith-1029")  # so that this looks where things are


def _kept(root: Path, words: str) -> list[str]:
    """The files of a school that hold these words; what curl itself wrote and the lists are left aside."""
    found = [path for path in root.rglob("*") if path.is_file() and "index" not in path.parts]
    aside = (root / "head", root / "body", root / "hosts")
    return [str(path) for path in found if path not in aside and words.encode() in path.read_bytes()]


def test_the_record_is_whole_and_the_pack_tells_the_morning(day: Day, tmp_path: Path) -> None:
    config = ["--config", str(day.gateway.school.config)]
    day.gateway.stop()
    whole = schoolgate("verify", *config)
    assert (whole.returncode, whole.stderr) == (0, ""), whole.stdout
    asked = [*config, "--by", "h.head", "--out", str(tmp_path)]
    period = ["--from", str(day.clock.day), "--to", str(day.clock.day), "--reason", "Asked to look"]
    done = schoolgate("evidence", "j.smith", *period, *asked, input=f"{PASSWORD}\n")
    assert done.returncode == 0, done.stderr
    [page] = tmp_path.rglob("*.html")
    text = page.read_text()
    for words in ("/smith-0820", "/smith-1029", "/smith-1214", "School on Facebook", "08:15-12:15"):
        assert words in text, words
    for words in ("jones", "day-1230", "pupil-", "querysecret", "Mrs J Smith"):
        assert words not in text, words
    assert _proves_itself(page.parent)


def _proves_itself(pack: Path) -> bool:
    done: Any = schoolgate("verify", str(pack))
    return done.returncode == 0
