"""Logging in: new tokens, ends of sessions, and guessing that gets slower and slower."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from schoolgate.console.sessions import IDLE, LONGEST, Sessions
from schoolgate.console.throttle import Throttle


def test_a_right_password_opens_and_logging_out_closes(console: Any) -> None:
    browser = console.browser("a.jones")
    assert browser.get("/mine").status_code == 200
    token = browser.client.cookies["schoolgate"]
    assert browser.post("/logout").status_code == 200
    browser.client.cookies.set("schoolgate", token)
    assert browser.get("/mine").status_code == 303


def test_the_cookie_is_for_no_script_and_comes_along_with_a_link_but_no_form_of_another_site(console: Any) -> None:
    answer = console.browser().log_in("a.jones")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "secure" not in cookie
    assert "path=/" in cookie


def test_over_https_the_cookie_is_secure_and_bound_to_the_host(console: Any) -> None:
    browser = console.browser()
    browser.client.base_url = "https://127.0.0.1:8081"
    answer = browser.log_in("a.jones")
    assert answer.status_code == 303
    assert answer.headers["set-cookie"].startswith("__Host-schoolgate=")
    assert "secure" in answer.headers["set-cookie"].lower()


def test_a_login_makes_a_new_token_so_that_none_can_be_planted(console: Any) -> None:
    browser = console.browser()
    browser.get("/login")
    planted = browser.client.cookies["schoolgate"]
    browser.log_in("a.jones")
    first = browser.client.cookies["schoolgate"]
    assert first != planted
    thief = console.browser()
    thief.client.cookies.set("schoolgate", planted)
    assert thief.get("/mine").status_code == 303
    browser.client.cookies.clear()
    browser.log_in("a.jones")
    assert browser.client.cookies["schoolgate"] != first


@pytest.mark.parametrize(
    ("login", "password"),
    [("a.jones", "wrong"), ("nobody", "correct horse"), ("", ""), ("a.jones", "correct horse" + "x" * 4000)],
)
def test_a_wrong_login_or_password_is_refused_with_the_same_words(console: Any, login: str, password: str) -> None:
    answer = console.browser().log_in(login, password)
    assert answer.status_code == 403
    assert "do not fit together" in answer.text
    assert login == "" or f">{login}<" not in answer.text


def test_a_pupils_login_has_no_part_in_it(console: Any) -> None:
    answer = console.browser().log_in("p.pupil")
    assert answer.status_code == 403
    assert "no part in the console" in answer.text


def test_the_case_of_a_login_does_not_matter(console: Any) -> None:
    browser = console.browser("A.Jones")
    assert console.code("a.jones") in browser.get("/mine").text


def test_guessing_one_login_gets_slower_and_a_right_password_ends_it(console: Any) -> None:
    browser, waits = console.browser(), list[int]()
    for _ in range(5):
        assert browser.log_in("a.jones", "wrong").status_code == 403
    for _ in range(6):
        answer = browser.log_in("a.jones", "correct horse")
        assert answer.status_code == 429
        waits.append(int(answer.headers["retry-after"]))
        console.clock.now += waits[-1]
        assert browser.log_in("a.jones", "wrong").status_code == 403
    assert waits == sorted(waits)
    assert waits[-1] >= 30
    assert console.browser().log_in("b.khan").status_code == 303  # others are not held up
    console.clock.now += 400
    assert browser.log_in("a.jones").status_code == 303


def test_whoever_guesses_elsewhere_does_not_hold_up_a_role_where_it_came_in_before(console: Any) -> None:
    console.browser("h.head", address="10.0.0.5")
    thief = console.browser(address="10.0.0.66")
    statuses = [thief.log_in("h.head", "wrong").status_code for _ in range(8)]
    assert statuses == [403] * 5 + [429] * 3
    head = console.browser(address="10.0.0.5")
    assert [head.log_in("h.head", "wrong").status_code for _ in range(6)] == [403] * 5 + [429]  # slowed down apart
    console.clock.now += 2
    for _ in range(3):
        thief.log_in("h.head", "wrong")
    assert thief.log_in("h.head").status_code == 429
    assert head.log_in("h.head").status_code == 303
    assert console.browser(address="10.0.0.67").log_in("h.head").status_code == 429  # where it never came in


def test_many_guesses_at_once_are_no_more_than_one_after_another(console: Any) -> None:
    browsers = [console.browser(address=f"10.0.0.{number}") for number in range(20)]
    for browser in browsers:
        browser.get("/login")

    def wrong(browser: Any) -> int:
        return int(browser.post("/login", {"login": "a.jones", "password": "wrong"}).status_code)

    with ThreadPoolExecutor(20) as pool:
        statuses = list(pool.map(wrong, browsers))
    assert statuses.count(403) <= 6  # two are checked at once
    assert statuses.count(429) >= 14


def test_a_device_that_takes_many_addresses_of_its_network_is_one_device(console: Any) -> None:
    statuses = [
        console.browser(address=f"2001:db8::{number}").log_in(f"user{number}", "wrong").status_code
        for number in range(1, 25)
    ]
    assert statuses[-1] == 429
    assert console.browser(address="2001:db8:0:1::1").log_in("a.jones").status_code == 303


def test_guessing_many_logins_from_one_address_gets_slower_too(console: Any) -> None:
    thief = console.browser(address="10.0.0.66")
    statuses = [thief.log_in(f"user{number}", "wrong").status_code for number in range(30)]
    assert statuses.count(403) <= 21
    assert statuses[-1] == 429
    assert thief.log_in("a.jones").status_code == 429
    assert console.browser(address="10.0.0.1").log_in("a.jones").status_code == 303


def test_an_own_login_in_between_wipes_nothing_out(console: Any) -> None:
    thief = console.browser(address="10.0.0.66")
    statuses = list[int]()
    for number in range(40):
        statuses.append(thief.log_in(f"user{number}", "wrong").status_code)
        thief.client.cookies.clear()
        thief.log_in("b.khan")
        thief.client.cookies.clear()
    assert statuses[-1] == 429


def test_sessions_end_by_themselves() -> None:
    now = [0.0]
    sessions = Sessions(lambda: now[0])
    idle, busy = sessions.begin("a", "m"), sessions.begin("b", "m")
    for _ in range(int(LONGEST // 600) - 1):
        now[0] += 600
        assert sessions.find(busy) is not None
    assert sessions.find(idle) is None
    assert IDLE < LONGEST
    now[0] = LONGEST
    assert sessions.find(busy) is None


def test_one_login_cannot_fill_the_memory_with_sessions() -> None:
    sessions = Sessions(lambda: 0.0)
    tokens = [sessions.begin("a", "m") for _ in range(50)]
    assert sum(sessions.find(token) is not None for token in tokens) == 8
    assert sessions.find(tokens[-1]) is not None


def test_a_throttle_forgets_nobody_because_of_many_others_and_has_an_end() -> None:
    now = [0.0]
    throttle = Throttle(lambda: now[0], 3, 60.0)
    for number in range(20_000):
        throttle.begin(f"user{number}")
    for _ in range(40):
        throttle.begin("a")
    assert throttle.wait("a") == 60.0
    now[0] += 60
    assert throttle.wait("a") == 0.0


@pytest.mark.parametrize(
    "onward",
    ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/x\r\nSet-Cookie: a=b"],
)
def test_after_the_login_nobody_is_sent_elsewhere(console: Any, onward: str) -> None:
    browser = console.browser()
    browser.get("/login")
    answer = browser.post("/login", {"login": "a.jones", "password": "correct horse", "next": onward})
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/")
    assert not answer.headers["location"].startswith(("//", "/\\"))
    assert "set-cookie: a=b" not in str(answer.headers).lower()


def test_after_the_login_one_comes_where_one_wanted_to_go(console: Any) -> None:
    browser = console.browser()
    answer = browser.get("/mine/lessons")
    assert answer.headers["location"] == "/login?next=/mine/lessons"
    assert 'value="/mine/lessons"' in browser.get(answer.headers["location"]).text
    answer = browser.post("/login", {"login": "a.jones", "password": "correct horse", "next": "/mine/lessons"})
    assert answer.headers["location"] == "/mine/lessons"


def test_after_the_login_one_finds_what_a_link_asked_for(console: Any) -> None:
    browser = console.browser()
    wanted = "/log?period=today&action=block&group=pupils&category=adult"
    to = browser.get(wanted).headers["location"]
    assert f'name="next" value="{wanted.replace("&", "&amp;")}"' in browser.get(to).text
    answer = browser.post("/login", {"login": "h.head", "password": "correct horse", "next": wanted})
    assert answer.headers["location"] == wanted


def test_without_a_file_of_passwords_the_page_says_what_the_technician_does(
    console: Any, school: Any, settings_of: Any
) -> None:
    school.people = school.people.replace("logins: {file: logins.htpasswd}", "")
    console.desk.settings = settings_of(school.write())
    page = console.browser().get("/login").text
    assert "schoolgate login USER" in page
    assert "people.yaml" in page
    assert 'href="/setup"' in page
    assert 'type="password"' not in page


@pytest.mark.parametrize("code", ["{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "$apr1$abcdefgh$1234567890123456789012", "x"])
def test_a_password_that_is_hashed_otherwise_is_refused_and_the_log_says_what_to_do(
    console: Any, school: Any, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    (school.config / "logins.htpasswd").write_text(f"a.jones:{code}\n")
    answer = console.browser().log_in("a.jones", "password")
    assert answer.status_code == 403
    assert "do not fit together" in answer.text
    assert "schoolgate login a.jones" in caplog.text
    assert code not in caplog.text


def test_a_file_of_passwords_that_is_gone_is_not_called_a_full_disk(console: Any, school: Any) -> None:
    jones = console.browser("a.jones")
    (school.config / "logins.htpasswd").unlink()
    answer = jones.get("/mine")
    assert answer.status_code == 500
    assert "cannot be read" in answer.text
    assert "disk" not in answer.text


BEHIND = {"x-forwarded-proto": "https", "x-forwarded-for": "10.0.0.66"}


def test_behind_a_web_server_with_a_certificate_the_cookie_is_for_https_only(console: Any) -> None:
    browser = console.browser()
    browser.client.base_url = "https://127.0.0.1:8081"  # so that the client sends a Secure cookie back
    page = browser.get("/login", headers=BEHIND)
    assert page.headers["set-cookie"].startswith("__Host-schoolgate=")
    assert "secure" in page.headers["set-cookie"].lower()
    outside = BEHIND | {"origin": "https://filter.school.example", "sec-fetch-site": "same-origin"}
    answer = browser.post("/login", {"login": "a.jones", "password": "correct horse"}, headers=outside)
    assert answer.status_code == 303
    browser.get("/", headers=BEHIND)
    answer = browser.post("/logout", headers=outside)
    assert answer.status_code == 200
    assert "secure" in answer.headers["set-cookie"].lower()


def test_a_web_server_on_this_machine_names_the_device_and_nobody_else_may(console: Any) -> None:
    thief = console.browser()
    statuses = list[int]()
    for number in range(25):
        thief.get("/login")
        form = {"login": f"user{number}", "password": "wrong"}
        statuses.append(
            thief.post("/login", form, headers={"x-forwarded-for": f"1.2.3.{number}, 10.0.0.66"}).status_code
        )
    assert statuses[-1] == 429
    assert console.browser("b.khan").get("/mine").status_code == 200  # from another device, by the same web server
    direct = console.browser(address="10.0.0.77")
    for number in range(25):
        direct.get("/login")
        form = {"login": f"other{number}", "password": "wrong"}
        statuses.append(direct.post("/login", form, headers={"x-forwarded-for": f"10.1.0.{number}"}).status_code)
    assert statuses[-1] == 429


def _kept(school: Any, login: str) -> str:
    lines = (school.config / "logins.htpasswd").read_text().splitlines()
    return next(line.partition(":")[2] for line in lines if line.startswith(f"{login}:"))


def test_an_older_hash_is_renewed_at_the_next_right_login_and_others_stay(console: Any, school: Any) -> None:
    others = [_kept(school, login) for login in ("b.khan", "h.head")]
    old = _kept(school, "a.jones")
    assert console.browser().log_in("a.jones", "wrong").status_code == 403
    assert _kept(school, "a.jones") == old
    browser = console.browser("a.jones")
    assert _kept(school, "a.jones").startswith("$argon2id$v=19$m=47104,t=1,p=1$")
    assert [_kept(school, login) for login in ("b.khan", "h.head")] == others
    assert browser.get("/mine").status_code == 200
    new = _kept(school, "a.jones")
    assert console.browser("a.jones").get("/mine").status_code == 200
    assert _kept(school, "a.jones") == new


def test_a_login_costs_less_than_150_ms_of_work(console: Any) -> None:
    console.browser("a.jones")  # renews the hash
    browser = console.browser()
    browser.get("/login")
    began = time.process_time()
    assert browser.post("/login", {"login": "a.jones", "password": "correct horse"}).status_code == 303
    assert time.process_time() - began < 0.15


def test_fifty_wrong_ones_at_once_take_the_memory_of_two(console: Any) -> None:
    browsers = [console.browser(address=f"10.0.0.{number}") for number in range(50)]
    for browser in browsers:
        browser.get("/login")
    Path("/proc/self/clear_refs").write_text("5")
    before = _peak_mib()

    def wrong(number: int) -> int:
        return int(browsers[number].post("/login", {"login": f"user{number}", "password": "wrong"}).status_code)

    with ThreadPoolExecutor(50) as pool:
        assert set(pool.map(wrong, range(50))) <= {403, 429}
    assert _peak_mib() - before < 4 * 46


def _peak_mib() -> float:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def test_that_a_role_came_in_is_on_record_and_that_staff_came_in_is_not(console: Any) -> None:
    console.browser("h.head", address="10.0.0.5")
    console.browser("a.jones")
    console.browser().log_in("d.safe", "wrong")
    [deed] = console.deeds("logged-in")
    assert deed["actor"] == f"headteacher {console.code('h.head')}"
    assert (deed["entry"], deed["client"], deed["person"]) == ("password", "10.0.0.5", "")


def test_many_wrong_passwords_in_an_hour_are_told_once_without_saying_whose(console: Any) -> None:
    for number in range(60):
        console.clock.now += 20
        console.browser(address=f"10.0.{number}.1").log_in(f"user{number}", "wrong")
    with console.desk.reading() as reader:
        faults = list(reader.query("select * from events where action = 'fault'"))
    assert [each["rule"] for each in faults] == ["console-logins"]
    assert "user" not in faults[0]["why"]
    assert "10.0" not in faults[0]["why"]


def test_one_sees_where_one_is_logged_in_and_logs_out_everywhere(console: Any) -> None:
    here, there = console.browser("a.jones"), console.browser("a.jones", address="10.0.0.9")
    other = console.browser("b.khan")
    console.clock.now += 120
    page = here.get("/account").text
    assert page.count("10.0.0.9") == 1
    assert page.count("(this one)") == 1
    assert "2 minutes ago" in page
    answer = here.post("/account/log-out-everywhere")
    assert "in 2 places" in answer.text
    assert [each.get("/mine").status_code for each in (here, there, other)] == [303, 303, 200]


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        ({"old": "wrong"}, 403, "another one"),
        ({"again": "otter piano fog"}, 400, "not the same"),
        ({"new": "short", "again": "short"}, 400, "10 characters or more"),
        ({"new": "a.jones2026", "again": "a.jones2026"}, 400, "guessed soon"),
    ],
)
def test_a_new_password_is_not_set_by_a_wrong_one_or_to_a_weak_one(
    console: Any, school: Any, changes: dict[str, str], status: int, words: str
) -> None:
    browser = console.browser("a.jones")
    kept = _kept(school, "a.jones")
    browser.get("/account")
    good = {"old": "correct horse", "new": "otter piano mist", "again": "otter piano mist"}
    answer = browser.post("/account/password", good | changes)
    assert answer.status_code == status
    assert words in answer.text
    assert _kept(school, "a.jones") == kept


def test_a_new_password_ends_all_sessions_and_holds(console: Any) -> None:
    browser, other = console.browser("a.jones"), console.browser("a.jones")
    browser.get("/account")
    new = {"old": "correct horse", "new": "otter piano mist", "again": "otter piano mist"}
    assert "is changed" in browser.post("/account/password", new).text
    assert [each.get("/mine").status_code for each in (browser, other)] == [303, 303]
    assert console.browser().log_in("a.jones").status_code == 403
    assert console.browser("a.jones", "otter piano mist").get("/mine").status_code == 200


def test_guessing_the_old_password_in_an_open_session_gets_slower_too(console: Any) -> None:
    browser = console.browser("a.jones")
    browser.get("/account")
    guess = {"old": "wrong", "new": "otter piano mist", "again": "otter piano mist"}
    statuses = [browser.post("/account/password", guess).status_code for _ in range(7)]
    assert statuses[:5] == [403] * 5
    assert statuses[-1] == 429
