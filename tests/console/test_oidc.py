"""Single sign-on against a real issuer on loopback: who comes in, who does not, and what an attacker tries."""

import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from pretend.issuer import CLIENT, SECRET, Issuer
from pretend.school import School
from schoolgate.settings.faults import SettingsError
from schoolgate.settings.load import Settings
from schoolgate.settings.sign_on import SignOnEntry

HEAD = {"email": "h.head@school.example", "email_verified": True, "hd": "school.example"}


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    issuer = Issuer(claims=dict(HEAD)).start()
    yield issuer
    issuer.stop()


@pytest.fixture
def school(school: School, issuer: Issuer) -> School:
    (school.root / "secrets").mkdir()
    (school.root / "secrets" / "oidc").write_text(f"{SECRET}\n")
    return _with_sign_on(school, issuer)


def _with_sign_on(school: School, issuer: Issuer, changes: str = "") -> School:
    school.write()
    with (school.config / "school.yaml").open("a") as file:
        file.write(f"sign_on: {{issuer: '{issuer.url}', client_id: {CLIENT}, client_secret_file: secrets/oidc, ")
        file.write(f"domain: school.example, title: Our school, must: {{hd: school.example}}, {changes}}}\n")
    return school


def _leave(browser: Any, path: str = "/sign-on") -> str:
    """Log in at the issuer, as somebody who is logged in there already; the address that it sends the browser to."""
    answer = browser.get(path)
    assert answer.status_code == 303, answer.text
    at = httpx2.get(answer.headers["location"], follow_redirects=False)
    back = urlsplit(at.headers["location"])
    assert f"{back.scheme}://{back.netloc}{back.path}" == "http://127.0.0.1:8081/sign-on/back"
    return f"{back.path}?{back.query}"


def _sign_on(browser: Any) -> Any:
    return browser.get(_leave(browser))


def test_whom_a_file_of_the_school_names_comes_in_and_that_is_on_record(console: Any) -> None:
    browser = console.browser()
    assert "Log in with Our school" in browser.get("/login").text
    answer = browser.get(_leave(browser, "/sign-on?next=/contests"))
    assert (answer.status_code, answer.headers["location"]) == (303, "/contests")
    assert browser.get("/contests").status_code == 200
    assert "sign-on" in browser.get("/account").text
    [deed] = console.deeds("logged-in")
    assert (deed["actor"], deed["entry"]) == (f"headteacher {console.code('h.head')}", "sign-on")
    cookies = " ".join(answer.headers.get_list("set-cookie")).lower()
    assert "samesite=lax" in cookies
    assert "httponly" in cookies


def test_what_is_asked_of_the_issuer_carries_pkce_state_and_nonce_that_are_new_each_time(console: Any) -> None:
    seen = list[dict[str, list[str]]]()
    for _ in range(2):
        address = console.browser().get("/sign-on").headers["location"]
        seen.append(parse_qs(urlsplit(address).query))
    for query in seen:
        assert query["response_type"] == ["code"]
        assert query["code_challenge_method"] == ["S256"]
        assert query["redirect_uri"] == ["http://127.0.0.1:8081/sign-on/back"]
    for name in ("state", "nonce", "code_challenge"):
        assert seen[0][name] != seen[1][name]
        assert len(seen[0][name][0]) == 43
    assert seen[0]["state"] != seen[0]["nonce"]


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({"email": "A.Jones@School.Example"}, 303),  # of staff
        ({"email": "p.pupil@school.example"}, 403),  # has a password, but no part in the console
        ({"email": "new.person@school.example"}, 403),  # no file names her
        ({"email": "h.head@other.example"}, 403),
        ({"email": "h.head@school.example.evil.example"}, 403),
        ({"email": "h.head@evil.example@school.example"}, 403),
        ({"email": "@school.example"}, 403),
        ({"email": "b.\N{KELVIN SIGN}han@school.example"}, 403),  # is b.khan once it is folded
        ({"email": "h.head"}, 403),
        ({"email": ""}, 403),
        ({"email": None}, 403),
        ({"email": ["h.head@school.example"]}, 403),
        ({"email_verified": False}, 403),
        ({"email_verified": None}, 403),
        ({"email_verified": "false"}, 403),
        ({"email_verified": None, "xms_edov": True}, 303),  # how Microsoft says it
        ({"hd": "other.example"}, 403),
        ({"hd": None}, 403),
        ({"hd": ["school.example"]}, 403),
    ],
)
def test_who_comes_in(console: Any, issuer: Issuer, claims: dict[str, Any], status: int) -> None:
    issuer.claims |= claims
    browser = console.browser()
    answer = _sign_on(browser)
    assert answer.status_code == status, answer.text
    assert (browser.get("/account").status_code == 200) == (status == 303)
    if status == 403:
        assert "Traceback" not in answer.text
        assert not console.deeds("logged-in")


def _now() -> int:
    return int(time.time())


@pytest.mark.parametrize(
    ("sign", "spoil"),
    [
        ("none", lambda claims: claims),
        ("HS256", lambda claims: claims),
        ("a stranger's", lambda claims: claims),
        ("RS256", lambda claims: claims | {"nonce": "another"}),
        ("RS256", lambda claims: {name: each for name, each in claims.items() if name != "nonce"}),
        ("RS256", lambda claims: claims | {"aud": "another-client"}),
        ("RS256", lambda claims: claims | {"aud": [CLIENT, "another"], "azp": "another"}),
        ("RS256", lambda claims: claims | {"aud": [CLIENT, "another"]}),
        ("RS256", lambda claims: {name: each for name, each in claims.items() if name != "aud"}),
        ("RS256", lambda claims: claims | {"iss": "https://accounts.google.com"}),
        ("RS256", lambda claims: claims | {"iss": claims["iss"] + "/"}),
        ("RS256", lambda claims: claims | {"exp": _now() - 3600}),
        ("RS256", lambda claims: claims | {"iat": _now() + 3600}),
        ("RS256", lambda claims: claims | {"nbf": _now() + 3600}),
        ("RS256", lambda claims: {name: each for name, each in claims.items() if name != "exp"}),
        ("RS256", lambda claims: claims | {"exp": "soon"}),
    ],
)
def test_an_answer_that_is_forged_is_not_believed(
    console: Any, issuer: Issuer, sign: str, spoil: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    issuer.sign, issuer.spoil = sign, spoil
    browser = console.browser()
    answer = _sign_on(browser)
    assert answer.status_code == 403
    assert "does not prove who you are" in answer.text
    assert browser.get("/account").status_code == 303
    assert not console.deeds("logged-in")


def test_a_code_works_once_even_where_the_issuer_would_take_it_again(console: Any, issuer: Issuer) -> None:
    issuer.keep_codes = True
    browser = console.browser()
    back, cookie = _leave(browser), browser.client.cookies["schoolgate-sign-on"]
    assert browser.get(back).status_code == 303
    thief = console.browser()
    thief.client.cookies.set("schoolgate-sign-on", cookie)
    answer = thief.get(back)
    assert answer.status_code == 403
    assert "used already" in answer.text


def test_a_code_of_another_browser_logs_nobody_in(console: Any) -> None:
    thief, victim = console.browser(), console.browser()
    planted = _leave(thief)
    assert victim.get(planted).status_code == 403  # without having left
    own = _leave(victim)
    assert victim.get(planted).status_code == 403  # with another state
    code = parse_qs(urlsplit(planted).query)["code"][0]
    state = parse_qs(urlsplit(own).query)["state"][0]
    answer = victim.get("/sign-on/back", params={"code": code, "state": state})  # the thief's code under her own state
    assert answer.status_code == 403
    assert victim.get("/account").status_code == 303


@pytest.mark.parametrize(
    "query", ["", "state=&code=", "state=x&code=y", "error=access_denied&state=x", "state=%00&code=%ff"]
)
def test_an_address_that_somebody_made_up_logs_nobody_in(console: Any, query: str, issuer: Issuer) -> None:
    browser = console.browser()
    answer = browser.get(f"/sign-on/back?{query}")
    assert answer.status_code == 403
    browser.client.cookies.set("schoolgate-sign-on", "a.1000.Lw")
    assert browser.get(f"/sign-on/back?{query}").status_code == 403
    assert "/token" not in issuer.asked


def test_who_takes_too_long_begins_again(console: Any) -> None:
    browser = console.browser()
    back = _leave(browser)
    console.clock.now += 601
    answer = browser.get(back)
    assert answer.status_code == 403
    assert "too long" in answer.text


def test_a_refusal_at_the_issuer_is_said_plainly(console: Any) -> None:
    browser = console.browser()
    state = parse_qs(urlsplit(_leave(browser)).query)["state"][0]
    answer = browser.get(
        "/sign-on/back", params={"error": "access_denied", "error_description": "<b>no</b>", "state": state}
    )
    assert answer.status_code == 403
    assert "did not log you in" in answer.text
    assert "<b>" not in answer.text


def test_another_issuer_that_answers_in_its_place_is_not_believed(console: Any, issuer: Issuer) -> None:
    browser = console.browser()
    assert browser.get(_leave(browser) + "&iss=https://evil.example").status_code == 403
    issuer.said = {"authorization_response_iss_parameter_supported": True}
    console.clock.now += 3601
    browser = console.browser()
    assert browser.get(_leave(browser)).status_code == 403  # says that it names itself, and does not
    browser = console.browser()
    assert browser.get(f"{_leave(browser)}&iss={issuer.url}").status_code == 303


def test_keys_are_asked_for_once_and_again_where_the_issuer_has_new_ones(console: Any, issuer: Issuer) -> None:
    for _ in range(3):
        assert _sign_on(console.browser()).status_code == 303
    assert issuer.asked.count("/keys") == 1
    assert issuer.asked.count("/.well-known/openid-configuration") == 1
    issuer.new_key()
    console.clock.now += 31
    assert _sign_on(console.browser()).status_code == 303
    assert issuer.asked.count("/keys") == 2
    issuer.sign = "a stranger's"
    for _ in range(3):
        assert _sign_on(console.browser()).status_code == 403
    assert issuer.asked.count("/keys") == 2


def test_with_the_issuer_down_the_password_still_works(console: Any, issuer: Issuer) -> None:
    browser = console.browser()
    back = _leave(browser)
    issuer.stop()
    answer = browser.get(back)
    assert answer.status_code == 502
    assert "does not answer" in answer.text
    assert "password" in answer.text
    console.clock.now += 4000
    assert console.browser().get("/sign-on").status_code == 502
    assert console.browser("h.head").get("/contests").status_code == 200


@pytest.mark.parametrize("status", [500, 503])
def test_an_issuer_with_a_fault_is_not_an_attack(console: Any, issuer: Issuer, status: int) -> None:
    issuer.token_status = status
    assert _sign_on(console.browser()).status_code == 502


@pytest.mark.parametrize(
    "said",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "http://evil.example/token"},
        {"jwks_uri": "http://evil.example/keys"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"jwks_uri": None},
    ],
)
def test_an_issuer_that_names_other_addresses_is_not_used(console: Any, issuer: Issuer, said: dict[str, Any]) -> None:
    issuer.said = said
    assert console.browser().get("/sign-on").status_code == 502


def test_the_secret_goes_where_the_issuer_wants_it(console: Any, issuer: Issuer) -> None:
    issuer.said = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    assert _sign_on(console.browser()).status_code == 303


def test_a_wrong_secret_logs_nobody_in(console: Any, school: School) -> None:
    (school.root / "secrets" / "oidc").write_text("another")
    assert _sign_on(console.browser()).status_code == 403


def test_many_that_fail_are_slowed_down(console: Any, issuer: Issuer) -> None:
    issuer.sign = "none"
    statuses = [_sign_on(console.browser(address="10.0.0.66")).status_code for _ in range(25)]
    assert statuses[:20] == [403] * 20
    assert statuses[-1] == 429


def test_a_login_is_a_new_session_and_ends_when_the_sign_on_is_taken_away(
    console: Any, school: School, settings_of: Callable[[School], Settings]
) -> None:
    browser = console.browser()
    browser.get("/login")
    planted = browser.client.cookies["schoolgate"]
    _sign_on(browser)
    assert browser.client.cookies["schoolgate"] != planted
    assert browser.get("/account").status_code == 200
    console.desk.settings = settings_of(school.write())  # without sign_on:
    assert browser.get("/account").status_code == 303


def test_another_address_can_be_named_for_a_login(
    console: Any, school: School, issuer: Issuer, settings_of: Callable[[School], Settings]
) -> None:
    changed = _with_sign_on(school, issuer, "logins: {Chair@Parish.Example: c.chair, office@school.example: t.tech}")
    console.desk.settings = settings_of(changed)
    for address, path in (("chair@parish.example", "/look-ups"), ("Office@school.example", "/unblock")):
        issuer.claims["email"] = address
        browser = console.browser()
        assert _sign_on(browser).status_code == 303
        assert browser.get(path).status_code == 200


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("issuer: 'http://accounts.google.com'", "https:// address"),
        ("issuer: 'https://login.microsoftonline.com/common/v2.0'", "every account of the world"),
        ("issuer: 'https://login.microsoftonline.com/organizations/v2.0'", "every account of the world"),
        ("client_secret_file: secrets/none", "cannot be read"),
        ("client_secret_file: secrets/empty", "is empty"),
        ("domain: nodots", "nodots"),
        ("claim: sub", "preferred_username"),
        ("logins: {a@b.example: 'x y'}", "is no login"),
    ],
)
def test_settings_that_would_let_others_in_are_refused(
    school: School, settings_of: Callable[[School], Settings], written: str, words: str
) -> None:
    (school.root / "secrets" / "empty").write_text("\n")
    good = {
        "issuer": "'https://accounts.google.com'",
        "client_id": "x",
        "client_secret_file": "secrets/oidc",
        "domain": "school.example",
    }
    name, _, value = written.partition(": ")
    school.write()
    with (school.config / "school.yaml").open("a") as file:
        file.write("sign_on: {" + ", ".join(f"{key}: {each}" for key, each in (good | {name: value}).items()) + "}\n")
    with pytest.raises(SettingsError) as refused:
        settings_of(school)
    assert words in str(refused.value)
    assert "config/school.yaml:" in str(refused.value)


def test_google_and_microsoft_are_asked_whose_account_it_is_without_being_told_to() -> None:
    given = {"client_id": "x", "client_secret_file": "x", "domain": "school.example"}
    google = SignOnEntry(issuer="https://accounts.google.com", **given)
    assert (google.claims, google.name) == ({"hd": "school.example"}, "Google")
    tenant = "6c1a9a3e-0000-4000-8000-000000000000"
    microsoft = SignOnEntry(issuer=f"https://login.microsoftonline.com/{tenant}/v2.0", **given)
    assert (microsoft.claims, microsoft.name) == ({"tid": tenant}, "Microsoft")
