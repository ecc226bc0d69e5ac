"""The first login and a single sign-on in a real browser without JavaScript, on gateways that really run."""

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from pretend.gateway import Gateway, schoolgate
from pretend.issuer import CLIENT, SECRET, Issuer
from pretend.school import PEOPLE, ROLES, free_port

WORDS = "otter piano mist"


def _find(gateway: Gateway, words: str) -> None:
    end = time.monotonic() + 60
    while words not in gateway.log:
        assert time.monotonic() < end, gateway.log
        time.sleep(0.1)


def test_the_first_login_is_set_up_with_the_code_of_the_terminal_and_used(
    start: Callable[..., Gateway], browse: Callable[..., Any]
) -> None:
    gateway = start(console_port=free_port())
    home, config = f"http://127.0.0.1:{gateway.school.console_port}", str(gateway.school.config)
    said = re.search(r"set up the first login at (\S+) with the code ([A-Z0-9-]{19})", gateway.log)
    assert said, gateway.log
    assert said[1] == f"{home}/setup"
    done = schoolgate("setup-code", "--config", config)
    assert (done.returncode, done.stdout[:19]) == (0, said[2])

    page = browse(java_script_enabled=False)
    page.goto(f"{home}/login")
    page.get_by_role("link", name="sets up the first login").click()
    page.get_by_label("The code from the terminal").fill(said[2])
    page.get_by_label("Head", exact=False).first.check()
    page.get_by_label("Login, like").fill("h.teacher")
    page.get_by_label("Password, 10").fill(WORDS)
    page.get_by_label("The password again").fill(WORDS)
    page.get_by_role("button", name="Set up").click()
    assert page.get_by_role("heading", name="The first login is set up").is_visible()
    _find(gateway, "New settings are in force")

    page.get_by_role("link", name="log in", exact=True).click()
    end = time.monotonic() + 60
    while not page.get_by_label("Password").count():  # until the console has taken them up, too
        assert time.monotonic() < end, page.locator("main").inner_text()
        time.sleep(0.2)
        page.reload()
    page.get_by_label("Login").fill("h.teacher")
    page.get_by_label("Password").fill(WORDS)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("link", name="my login").click()
    assert "headteacher" in page.locator("main").inner_text()
    page.get_by_role("button", name="Log out everywhere").click()
    assert "logged out everywhere" in page.locator("main").inner_text()
    done = schoolgate("setup-code", "--config", config)
    assert done.returncode == 2
    assert "has its login already" in done.stderr
    [deed, first] = gateway.events("--action", "deed")[:2]
    assert {deed["entry"], first["entry"]} == {"setup", "password"}


def test_the_forms_of_logging_in_have_no_fault_that_axe_finds(
    start: Callable[..., Gateway], browse: Callable[..., Any]
) -> None:
    gateway = start(console_port=free_port())
    page = browse(java_script_enabled=True)
    for path in ("/setup", "/login"):
        page.goto(f"http://127.0.0.1:{gateway.school.console_port}{path}")
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()


def test_a_single_sign_on_from_another_site_ends_logged_in_without_javascript(
    start: Callable[..., Gateway], browse: Callable[..., Any], tmp_path: Path
) -> None:
    issuer = Issuer(host="localhost").start()  # another site than 127.0.0.1, as a browser sees it
    issuer.claims = {"email": "h.head@school.example", "email_verified": True}
    secret = tmp_path / "oidc"
    secret.write_text(SECRET)
    sign_on = f"sign_on: {{issuer: '{issuer.url}', client_id: {CLIENT}, client_secret_file: '{secret}', "
    roles = ROLES.replace("headteacher: {", "headteacher: {user: h.head, ")
    gateway = start(
        console_port=free_port(), people=PEOPLE, roles=f"{roles}{sign_on}domain: school.example, title: Our school}}\n"
    )
    home = f"http://127.0.0.1:{gateway.school.console_port}"
    assert "with the code" not in gateway.log  # the Headteacher can log in
    try:
        page = browse(java_script_enabled=False)
        page.goto(f"{home}/login?next=/account")
        page.get_by_role("link", name="Log in with Our school").click()
        page.wait_for_url(f"{home}/account", timeout=40_000)
        assert "h.head" in page.locator("main").inner_text()
        page.goto(f"{issuer.url}/.well-known/openid-configuration")  # another site, like a mail that is read there
        page.set_content(f'<a href="{home}/cases">The case</a>')
        page.get_by_role("link", name="The case").click()
        page.wait_for_url(f"{home}/cases", timeout=40_000)
        issuer.claims["email"] = "nobody@school.example"
        stranger = browse(java_script_enabled=False)
        stranger.goto(f"{home}/sign-on")
        assert "no file of the school names it" in stranger.locator("main").inner_text()
    finally:
        issuer.stop()
    stranger.goto(f"{home}/login")
    assert stranger.get_by_role("link", name="Log in with Our school").is_visible()
