"""Who opens what in the console: requests by site, a lesson, a day, always, a refusal, and every opening taken back."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pretend.school import RULES, School
from schoolgate.store.deeds import read_standing
from schoolgate.store.event import Deed, Event, deed_event
from schoolgate.store.openings import asked, openings

PLAY = """
  - {id: pupils-play, groups: [pupils, guests, servers], categories: [games, social_media], action: block,
     why: School devices are for learning.}
"""
AT = datetime(2026, 11, 24, 14, 50, tzinfo=UTC)
ALLOW = "# ours\ntitle: Allowed\ndomains:\n  - kept.example  # long ago\n\n# end\n"


@pytest.fixture
def school(school: School) -> School:
    school.rules = RULES + PLAY
    school.people = school.people.replace("{title: Guests}", "{title: Guests, inspect: names}")
    school.write()
    (school.root / "blocklists" / "local" / "allow.yaml").write_text(ALLOW)
    return school


def _file(console: Any) -> Path:
    path: Path = console.settings.folders.local("allow")
    return path


def _ask(console: Any, host: str, group: str = "pupils", client: str = "127.0.0.2", **given: str) -> Event:
    about = {"host": host, "path": "/play", "group": group, "client": client, "category": "games", "entry": "wanted"}
    about |= {"about": f"block-{host}-{client}", "why": "for <b>maths</b>"}
    at = AT + timedelta(seconds=len(_asked(console)))
    event = deed_event(at, Deed.ASKED, "d-1", "v1", **(about | given))
    console.gateway.append({"t": "event", **event.row()})
    return event


def _asked(console: Any) -> list[Any]:
    with console.desk.reading() as reader:
        return asked(reader)


def _openings(console: Any) -> list[Any]:
    with console.desk.reading() as reader:
        return openings(reader)


def _opened(console: Any) -> list[tuple[str, str, str, str]]:
    with console.desk.reading() as reader:
        return [(o.host + o.path, o.group, f"{o.until:%H:%M}", o.by) for o in read_standing(reader, console.now).opened]


def test_requests_stand_by_site_with_who_asked_and_the_reason(console: Any) -> None:
    for client in ("127.0.0.2", "127.0.0.9"):
        _ask(console, "www.miniclip.com", client=client)
    _ask(console, "x.com", "staff", "127.0.0.3")
    page = console.browser("t.tech").get("/unblock").text
    assert "2 requests" in page
    assert "Pupil devices (127.0.0.2, 127.0.0.9)" in page
    assert "from Staff" in page
    assert "127.0.0.3" not in page  # who works here stands under the group alone
    assert "&lt;b&gt;maths" in page
    assert "pupils-play" in page
    assert "School devices are for learning." in page


@pytest.mark.parametrize("login", ["a.jones", "c.chair"])
def test_it_is_for_the_technician_and_leaders(console: Any, login: str) -> None:
    browser = console.browser(login)
    assert browser.get("/unblock").status_code == 403
    for path in ("/unblock/open", "/unblock/refuse", "/unblock/x/shut"):
        assert browser.post(path, {"site": "x.com"}).status_code == 403
    assert 'href="/unblock"' not in browser.get("/concern").text


@pytest.mark.parametrize(("login", "by"), [("t.tech", "the technician"), ("d.safe", "the safeguarding lead")])
@pytest.mark.parametrize(
    ("fields", "until"),
    [
        ({"length": "lesson"}, "16:00"),
        ({"length": "day"}, "00:00"),
        ({"length": "until", "until": "2026-11-24T15:20"}, "15:20"),
    ],
)
def test_one_click_opens_for_the_group_and_answers_those_who_get_it(
    console: Any, login: str, by: str, fields: dict[str, str], until: str
) -> None:
    _ask(console, "miniclip.com")
    _ask(console, "www.miniclip.com", "guests", "127.0.0.4")
    browser = console.browser(login)
    browser.get("/unblock")
    form = {"site": "miniclip.com", "group": "pupils", "why": "Year 6 maths"} | fields
    assert browser.post("/unblock/open", form).status_code == 303
    assert _opened(console) == [("miniclip.com", "pupils", until, by)]
    pupils, guests = _asked(console)
    assert (bool(pupils.opening), pupils.answer, guests.answered_by) == (True, "Year 6 maths", "")
    page = browser.get("/unblock").text
    assert "1 request," in page
    assert "opened: Year 6 maths" in page


@pytest.mark.parametrize(
    ("login", "change", "words"),
    [
        ("t.tech", {"why": ""}, "Write why"),
        ("t.tech", {"site": "pornhub.com"}, "such sites are opened for nobody"),
        ("d.safe", {"site": "pornhub.com", "length": "always"}, "only the technician"),
        ("t.tech", {"site": "co.uk"}, "every site below it"),
        ("t.tech", {"site": "not a site"}, "not a host name"),
        ("t.tech", {"site": "bbc.co.uk"}, "is not blocked for Pupil devices"),
        ("h.head", {"site": "bbc.co.uk", "length": "always"}, "is blocked for nobody"),
        ("t.tech", {"group": "nobody"}, "unknown group"),
        ("t.tech", {"group": "guests", "site": "miniclip.com/maths"}, "the filter sees names alone"),
        ("t.tech", {"length": "5d"}, "How long?"),
        ("t.tech", {"length": "until", "until": "2026-11-24T14:00"}, "end before it begins"),
        ("t.tech", {"length": "until", "until": "2027-11-24T14:00"}, "31 days"),
        ("t.tech", {"length": "until", "until": ""}, "How long?"),
        ("t.tech", {"site": "kept.example", "length": "always"}, "blocklists/local/allow.yaml:4: "),
    ],
)
def test_what_may_not_be_is_said_and_leaves_nothing(
    console: Any, login: str, change: dict[str, str], words: str
) -> None:
    browser = console.browser(login)
    browser.get("/unblock")
    form = {"site": "miniclip.com", "group": "pupils", "why": "maths", "length": "lesson"} | change
    answer = browser.post("/unblock/open", form)
    assert answer.status_code == 400
    assert words in answer.text
    assert _openings(console) == []
    assert _file(console).read_text() == ALLOW


@pytest.mark.parametrize(("login", "site"), [("h.head", "miniclip.com"), ("t.tech", "pornhub.com/x")])
def test_always_is_a_line_with_the_reason_and_goes_when_it_is_shut(console: Any, login: str, site: str) -> None:
    _ask(console, "pornhub.com", entry="mistake")
    browser = console.browser(login)
    browser.get("/unblock")
    form = {"site": site, "length": "always", "why": "It is a\u2028maths\x07 site # 1"}
    assert browser.post("/unblock/open", form).status_code == 303
    text = _file(console).read_text()
    [line] = [each for each in text.splitlines() if site in each]
    by = "the Headteacher" if login == "h.head" else "the technician"
    assert line.endswith(f"{site}  # It is a maths site # 1 - opened by {by}, 2026-11-24")
    [opening] = _openings(console)
    assert (opening.site, opening.group, opening.until) == (site, "", "")
    assert _opened(console) == []  # the file alone opens it
    assert browser.post(f"/unblock/{opening.id}/shut").status_code == 303
    assert site not in _file(console).read_text()
    assert "kept.example  # long ago" in _file(console).read_text()
    assert browser.post(f"/unblock/{opening.id}/shut").status_code == 404


def test_a_site_is_read_as_people_write_it(console: Any) -> None:
    browser = console.browser("t.tech")
    browser.get("/unblock")
    sites = {
        "https://www.miniclip.com:443/": "miniclip.com",
        "*.miniclip.com": "miniclip.com",
        "miniclip.com/a/..": "miniclip.com",
        "miniclip.com/maths/ # new": "miniclip.com/maths",
        "miniclip.com/to/http://x.com/": "miniclip.com/to/http:/x.com",
    }
    for written in sites:
        form = {"site": written, "group": "pupils", "length": "lesson", "why": "maths"}
        assert browser.post("/unblock/open", form).status_code == 303, written
    assert sorted(each.site for each in _openings(console)) == sorted(sites.values())


@pytest.mark.parametrize("login", ["h.head", "t.tech"])
def test_always_opens_no_part_that_is_harmful_and_nothing_wider_than_a_site(console: Any, login: str) -> None:
    browser = console.browser(login)
    browser.get("/unblock")
    for site, words in (
        ("x.com", "a part of x.com, counts as Self-harm"),
        ("x.com/hashtag", "a part of x.com/hashtag, counts as Self-harm"),
        ("10.0.0.0/8", "a whole network"),
        ("x.com/%0a- y", "signs that no address has"),
        ("*.co.uk", "every site below it"),
    ):
        answer = browser.post("/unblock/open", {"site": site, "length": "always", "why": "maths"})
        assert (answer.status_code, words in answer.text) == (400, True), answer.text
    assert _file(console).read_text() == ALLOW
    assert browser.post("/unblock/open", {"site": "x.com/nasa", "length": "Always", "why": "maths"}).status_code == 303


def test_what_was_taken_out_by_hand_can_still_be_shut(console: Any) -> None:
    browser = console.browser("t.tech")
    browser.get("/unblock")
    browser.post("/unblock/open", {"site": "miniclip.com", "length": "always", "why": "maths"})
    assert "Shut<span" in browser.get("/unblock").text
    _file(console).write_text(ALLOW)
    assert "Shut<span" not in browser.get("/unblock").text  # the file decides, so it is open no more
    [opening] = _openings(console)
    assert browser.post(f"/unblock/{opening.id}/shut").status_code == 303
    assert _file(console).read_text() == ALLOW


def test_a_file_with_a_fault_is_named_and_left_alone(console: Any) -> None:
    _file(console).write_text("title: Allowed\ndomains: [kept.example\n")
    browser = console.browser("t.tech")
    browser.get("/unblock")
    answer = browser.post("/unblock/open", {"site": "miniclip.com", "length": "always", "why": "maths"})
    assert (answer.status_code, "blocklists/local/allow.yaml:" in answer.text) == (400, True)
    assert _file(console).read_text() == "title: Allowed\ndomains: [kept.example\n"
    assert _openings(console) == []


def test_many_who_wait_stand_on_several_pages(console: Any) -> None:
    for number in range(101):
        _ask(console, f"site{number}.example")
    browser = console.browser("t.tech")
    first, second = (browser.get(f"/unblock?page={number}").text for number in (1, 2))
    assert [page.count("<article>") for page in (first, second)] == [100, 1]
    assert 'href="/unblock?page=2"' in first


def test_a_refusal_says_why_and_answers_all_who_asked(console: Any) -> None:
    for client in ("127.0.0.2", "127.0.0.9"):
        _ask(console, "www.miniclip.com", client=client)
    browser = console.browser("h.head")
    browser.get("/unblock")
    assert browser.post("/unblock/refuse", {"refused": "miniclip.com"}).status_code == 400
    form = {"refused": "miniclip.com", "why": "Not in school"}
    assert browser.post("/unblock/refuse", form).status_code == 303
    assert [(each.opening, each.answer) for each in _asked(console)] == [("", "Not in school")] * 2
    again = browser.post("/unblock/refuse", form)
    assert (again.status_code, "in the meantime" in again.text) == (400, True)


def test_a_teacher_opens_for_a_class_and_shuts_it(console: Any) -> None:
    _ask(console, "miniclip.com")
    jones, khan = console.browser("a.jones"), console.browser("b.khan")
    page = jones.get("/mine/open").text
    assert ">Pupil devices</option>" in page
    assert ">Staff</option>" not in page
    form = {"site": "miniclip.com/play", "group": "pupils", "why": "Year 6", "minutes": "45"}
    assert jones.post("/mine/open", form).status_code == 303
    assert _opened(console) == [("miniclip.com/play", "pupils", "15:45", "a teacher")]
    assert _asked(console)[0].answer == "Year 6"
    [opening] = _openings(console)
    khan.get("/mine/open")
    assert khan.post(f"/mine/open/{opening.id}/shut").status_code == 404
    assert jones.post(f"/mine/open/{opening.id}/shut").status_code == 303
    console.now += timedelta(minutes=1)
    assert [each for each in _openings(console) if each.holds(console.now)] == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"minutes": "91"}, "90 minutes at most"),
        ({"group": "staff"}, "Choose for whom"),
        ({"site": "pornhub.com"}, "such sites are opened for nobody"),
        ({"site": "bet365.com"}, "such sites are opened for nobody"),
        ({"why": " "}, "Write why"),
        ({"minutes": "0"}, "end before it begins"),
        ({"minutes": "x"}, "How long?"),
    ],
)
def test_a_teacher_opens_no_more_than_a_lesson_needs(console: Any, change: dict[str, str], words: str) -> None:
    jones = console.browser("a.jones")
    jones.get("/mine/open")
    form = {"site": "miniclip.com", "group": "pupils", "why": "Year 6", "minutes": "45"}
    answer = jones.post("/mine/open", form | change)
    assert (answer.status_code, words in answer.text) == (400, True)
    assert _openings(console) == []


def test_only_staff_open_for_a_class(console: Any) -> None:
    browser = console.browser("t.tech")
    assert browser.get("/mine/open").status_code == 403
    assert browser.post("/mine/open", {"site": "miniclip.com"}).status_code == 403


def test_a_form_of_another_site_opens_nothing(console: Any) -> None:
    browser = console.browser("t.tech")
    browser.get("/unblock")
    form = {"site": "miniclip.com", "group": "pupils", "why": "maths", "length": "lesson"}
    assert browser.post("/unblock/open", form, headers={"Origin": "https://evil.example"}).status_code == 403
    browser.token = "0" * 64
    assert browser.post("/unblock/open", form).status_code == 403
    assert _openings(console) == []
