"""The first login: only with the code of the terminal, once, and never with a password that was there before."""

import stat
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import yaml
from pretend.school import School
from schoolgate import setup_code
from schoolgate.settings.load import Settings, load_settings

PEOPLE = """# Who is who: keep this line.
groups:
  pupils: {title: Pupil devices, networks: ["127.0.0.2/32"]}
  staff: {title: Staff, networks: ["127.0.0.3/32"]}   # no logins yet
  guests: {title: Guests}
  servers: {title: Servers}
unknown: pupils
"""
ROLES = """roles:   # who is told
  headteacher: {name: Ms Head, email: head@school.example, deputy: dsl}   # since 2019
  dsl: {name: Mr Safe, email: dsl@school.example}
  technician:
    name: IT   # evenings, too
    email: it@school.example   # by mail
"""
WORDS = "otter piano mist"


@pytest.fixture
def school(tmp_path: Any) -> School:
    school = School(tmp_path, people=PEOPLE, roles=ROLES).without_publishers()
    school.console_port = 8081
    return school.write()


@pytest.fixture
def code(console: Any) -> str:
    return setup_code.issue(console.settings.data, console.now).letters


def _fields(code: str, **changes: str) -> dict[str, str]:
    given = {"code": code, "role": "headteacher", "login": "h.teacher", "password": WORDS, "again": WORDS}
    return given | changes


def _ask(console: Any, fields: dict[str, str], address: str = "127.0.0.1") -> Any:
    browser = console.browser(address=address)
    browser.get("/setup")
    return browser.post("/setup", fields)


def _take_up(console: Any) -> None:
    """As the supervisor does after an edit."""
    console.desk.settings = load_settings(console.settings.folders, console.settings.index.parent)


def test_the_code_is_for_its_owner_alone_and_the_same_until_it_is_used(console: Any, code: str) -> None:
    path = console.settings.data / "setup-code"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert setup_code.issue(console.settings.data, console.now + timedelta(hours=23)).letters == code
    assert setup_code.issue(console.settings.data, console.now + timedelta(hours=25)).letters != code
    assert len(code) == 19


def test_without_a_role_that_can_log_in_the_login_page_leads_to_the_setup(console: Any) -> None:
    page = console.browser().get("/login").text
    assert 'href="/setup"' in page
    assert 'type="password"' not in page


@pytest.mark.parametrize(
    ("role", "login", "line"),
    [
        ("headteacher", "h.teacher", "deputy: dsl, user: 'h.teacher'}   # since 2019\n"),
        ("technician", "0815", "email: it@school.example   # by mail\n    user: '0815'\n"),
    ],
)
def test_the_right_code_sets_up_the_first_login_and_works_once(
    console: Any, school: School, code: str, role: str, login: str, line: str
) -> None:
    before = {name: (school.config / name).read_text() for name in ("school.yaml", "people.yaml")}
    answer = _ask(console, _fields(code.lower().replace("-", " "), role=role, login=login))
    assert answer.status_code == 200
    assert "first login is set up" in answer.text
    after = {name: (school.config / name).read_text() for name in before}
    assert line in after["school.yaml"]
    assert after["people.yaml"] == before["people.yaml"] + "logins: {file: logins.htpasswd, ask: []}\n"
    passwords = school.config / "logins.htpasswd"
    assert passwords.read_text().startswith(f"{login}:$argon2id$")
    assert stat.S_IMODE(passwords.stat().st_mode) == 0o600
    assert WORDS not in passwords.read_text()
    assert not (console.settings.data / "setup-code").exists()
    [deed] = console.deeds("logged-in")
    assert (deed["actor"], deed["entry"]) == (f"{role} {console.code(login)}", "setup")
    _take_up(console)
    assert console.browser(login, WORDS).get("/account").status_code == 200
    again = _ask(console, _fields(code, login="thief"))
    assert again.status_code in (403, 404)
    assert "thief" not in passwords.read_text()
    assert console.browser().get("/setup").status_code == 404


def test_other_bytes_of_the_files_stay_as_they_are(console: Any, school: School, code: str) -> None:
    path = school.config / "school.yaml"
    written = path.read_bytes().replace(b"\n", b"\r\n") + "# Ümläute, and a last line without an end".encode()
    path.write_bytes(written)
    assert _ask(console, _fields(code)).status_code == 200
    assert path.read_bytes().replace(b", user: 'h.teacher'", b"") == written


@pytest.mark.parametrize("wrong", ["", "AAAA-BBBB-CCCC-DDDD", "' or 1=1", "<b>"])
def test_a_wrong_code_sets_up_nothing(console: Any, school: School, code: str, wrong: str) -> None:
    answer = _ask(console, _fields(wrong))
    assert answer.status_code == 403
    assert "This is not the code" in answer.text
    assert "<b>" not in answer.text
    assert not (school.config / "logins.htpasswd").exists()
    assert not console.deeds("logged-in")


def test_wrong_codes_get_slower_and_slower_and_hold_up_nobody_else(console: Any, code: str) -> None:
    statuses = [_ask(console, _fields("AAAA"), "10.0.0.66").status_code for _ in range(8)]
    assert statuses[:5] == [403] * 5
    assert statuses[-1] == 429
    assert _ask(console, _fields(code), "10.0.0.66").status_code == 429
    assert _ask(console, _fields(code), "10.0.0.1").status_code == 200


def test_after_a_day_the_code_is_worth_nothing(console: Any, code: str) -> None:
    console.now += timedelta(hours=24)
    answer = _ask(console, _fields(code))
    assert answer.status_code == 403
    assert "schoolgate setup-code" in answer.text


def test_without_a_code_nothing_is_set_up(console: Any) -> None:
    assert _ask(console, _fields("")).status_code == 403


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"password": "short", "again": "short"}, "10 characters or more"),
        ({"password": "password123", "again": "password123"}, "guessed soon"),
        ({"password": "h.teacher2026", "again": "h.teacher2026"}, "guessed soon"),
        ({"password": "aaaaaaaaaaaa", "again": "aaaaaaaaaaaa"}, "guessed soon"),
        ({"again": "otter piano fog"}, "not the same"),
        ({"login": "h teacher"}, "A login is made of"),
        ({"login": "x:y"}, "A login is made of"),
        ({"login": "a" * 65}, "A login is made of"),
        ({"login": "'}; roles: {"}, "A login is made of"),
        ({"role": "dsl"}, "Choose whose login"),
        ({"role": "king"}, "Choose whose login"),
    ],
)
def test_what_will_not_do_is_said_and_the_code_stays(
    console: Any, school: School, code: str, changes: dict[str, str], words: str
) -> None:
    answer = _ask(console, _fields(code, **changes))
    assert answer.status_code == 400
    assert words in answer.text
    assert WORDS not in answer.text
    assert not (school.config / "logins.htpasswd").exists()
    assert _ask(console, _fields(code)).status_code == 200


def test_a_form_of_another_page_sets_up_nothing(console: Any, school: School, code: str) -> None:
    browser = console.browser()
    browser.get("/setup")
    assert browser.post("/setup", _fields(code) | {"token": "0" * 64}).status_code == 403
    assert browser.post("/setup", _fields(code), headers={"origin": "https://evil.example"}).status_code == 403
    assert not (school.config / "logins.htpasswd").exists()


def test_a_login_that_has_a_password_already_keeps_it(console: Any, school: School, code: str) -> None:
    from schoolgate.passwords import hashed, set_password

    path = school.config / "logins.htpasswd"
    set_password(path, "H.Teacher", hashed("another one here"))
    answer = _ask(console, _fields(code))
    assert "has a password already" in answer.text
    kept = path.read_text()
    assert _ask(console, _fields(code, password="another one here", again="another one here")).status_code == 200
    assert path.read_text() == kept


def test_a_file_that_cannot_be_edited_is_left_alone_and_the_lines_are_shown(
    console: Any, school: School, code: str
) -> None:
    path = school.config / "school.yaml"
    written = (
        path.read_text().replace("headteacher: {", "headteacher: &head {").replace("deputy: dsl}", "deputy: |-\n  dsl}")
    )
    path.write_text(written)
    answer = _ask(console, _fields(code))
    assert answer.status_code == 500
    assert "user: h.teacher" in answer.text
    assert "logins: {file: logins.htpasswd, ask: []}" in answer.text
    assert path.read_text() == written
    assert "logins:" not in (school.config / "people.yaml").read_text()


def test_a_role_whose_login_was_left_empty_is_not_said_to_have_another(console: Any, school: School, code: str) -> None:
    path = school.config / "school.yaml"
    path.write_text(path.read_text().replace("deputy: dsl}", "deputy: dsl, user: }"))
    answer = _ask(console, _fields(code))
    assert answer.status_code == 500
    assert "without a login behind it" in answer.text


def test_settings_that_have_another_fault_are_not_edited(console: Any, school: School, code: str) -> None:
    (school.config / "calendar.yaml").write_text("terms: [{name: Autumn}]\n")
    before = (school.config / "school.yaml").read_text()
    answer = _ask(console, _fields(code))
    assert answer.status_code == 500
    assert "config/calendar.yaml:1" in answer.text
    assert (school.config / "school.yaml").read_text() == before


def test_where_a_role_has_its_login_there_is_no_setup(
    school: School, settings_of: Callable[[School], Settings]
) -> None:
    from schoolgate.passwords import hashed, set_password

    set_password(school.config / "logins.htpasswd", "h.head", hashed(WORDS))
    school.people += "logins: {file: logins.htpasswd}\n"
    school.roles = school.roles.replace("deputy: dsl}", "deputy: dsl, user: h.head}")
    assert not setup_code.is_needed(settings_of(school.write()))
    school.roles = school.roles.replace("user: h.head", "user: d.other")
    assert setup_code.is_needed(settings_of(school.write()))
    assert yaml.safe_load((school.config / "people.yaml").read_text())["logins"]
