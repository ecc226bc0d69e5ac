"""From a real block to a case, to one mail with a link, to the console; and from the block page to a concern."""

import hashlib
import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bcrypt
from pretend.forms import OPENED, answer
from pretend.gateway import Gateway
from pretend.mailbox import Delivered, Mailbox
from pretend.school import PEOPLE, ROLES, free_port
from pretend.sites import Sites
from schoolgate.store.record import open_reader

PASSWORD = "correct horse"
PAGE = ["--header", "Sec-Fetch-Dest: document", "--header", "Sec-Fetch-Mode: navigate"]
PNG = b"\x89PNG\r\n\x1a\n" + bytes(200)
Open = Callable[[int], Mailbox]


def _start(start: Callable[..., Gateway], folder: Path) -> Gateway:
    code = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    logins = folder / "logins.htpasswd"
    logins.write_text("".join(f"{login}:{code}\n" for login in ("a.jones", "h.head", "d.safe")))
    roles = ROLES.replace("headteacher: {", "headteacher: {user: h.head, ").replace("dsl: {", "dsl: {user: d.safe, ")
    return start(
        console_port=free_port(),
        people=PEOPLE.replace('users: ["j.smith"]', "users: [a.jones, h.head]") + f"logins: {{file: {logins}}}\n",
        roles=roles,
    )


def _block(gateway: Gateway, sites: Sites) -> str:
    """The page that a member of staff gets."""
    blocked = gateway.curl(
        f"http://pornhub.com:{sites.port}/", *PAGE, "--proxy-user", f"a.jones:{PASSWORD}", client="127.0.0.3"
    )
    assert blocked.status == 403
    return blocked.text


def _until(true: Callable[[], object], seconds: float = 40) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)


def _on_record(gateway: Gateway, sql: str, **given: str) -> list[dict[str, Any]]:
    with open_reader(gateway.school.data, with_waiting=True) as reader:
        return list({row["id"]: row for row in reader.query(sql, given)}.values())


def _deeds(gateway: Gateway, rule: str) -> list[dict[str, Any]]:
    return _on_record(gateway, "select * from deeds where rule = :rule order by at, id", rule=rule)


def _about_the_block(box: Mailbox) -> list[Delivered]:
    return [mail for mail in box.delivered if "/cases/" in mail.text]


def _log_in(page: Any, login: str) -> None:
    page.get_by_label("Login").fill(login)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()


def test_a_block_is_one_case_and_one_mail_however_often_the_office_is_killed(
    start: Callable[..., Gateway], sites: Sites, mailbox: Open, browse: Callable[..., Any], tmp_path: Path
) -> None:
    gateway = _start(start, tmp_path)
    _block(gateway, sites)
    for pause in (0.2, 0.9, 1.1, 1.6, 0.4):
        time.sleep(pause)
        before = gateway.children().get("office")
        if before is not None:
            os.kill(before, signal.SIGKILL)
        _until(lambda before=before: gateway.children().get("office") not in (None, before))  # type: ignore[misc]
    _until(lambda: _deeds(gateway, "case-opened"))
    box = mailbox(gateway.school.mail_port)
    _until(lambda: _about_the_block(box))
    time.sleep(4)
    [mail] = _about_the_block(box)
    [case] = _deeds(gateway, "case-opened")
    assert case["entry"].endswith("/headteacher")
    assert "pornhub.com" not in mail.text
    link = re.search(r"http://127\.0\.0\.1:\d+/cases/[0-9a-f]+", mail.text)
    assert link
    assert link[0].endswith(case["id"])

    page = browse()
    page.goto(link[0])
    _log_in(page, "h.head")
    page.get_by_role("heading", level=1, name=f"Case {case['ref']}").wait_for()
    assert "pornhub.com" in page.get_by_role("main").inner_text()
    page.get_by_role("button", name="I have taken note of it").click()
    page.get_by_role("heading", level=1, name=f"Case {case['ref']}").wait_for()
    assert page.get_by_role("button", name="I have taken note of it").count() == 0
    [step] = _deeds(gateway, "case-step")
    assert (step["about"], step["entry"]) == (case["id"], "acknowledged")
    [viewed] = _deeds(gateway, "record-viewed")
    assert (viewed["person"], viewed["about"]) == (case["person"], case["id"])


def test_from_the_block_page_to_a_concern_with_evidence(
    start: Callable[..., Gateway], sites: Sites, mailbox: Open, browse: Callable[..., Any], tmp_path: Path
) -> None:
    gateway = _start(start, tmp_path)
    box = mailbox(gateway.school.mail_port)
    link = re.search(r'href="(http://127\.0\.0\.1:\d+/concern/block/[\w-]+)"', _block(gateway, sites))
    assert link
    picture = tmp_path / "screen print.png"
    picture.write_bytes(PNG)
    page = browse()
    page.goto(link[1])
    _log_in(page, "a.jones")
    page.get_by_role("heading", level=1, name="Raise a concern").wait_for()
    assert page.get_by_label("Number of the block page").input_value() == link[1].rpartition("/")[2]
    page.get_by_label("Something seen on the school's network").check()
    page.get_by_label("What happened?").fill("It opened by itself. <b>Really</b>")
    page.get_by_label("Screen prints, messages").set_input_files(picture)
    page.get_by_label("None of these files is an indecent image of a child").check()
    page.get_by_role("button", name="Raise the concern").click()
    page.get_by_role("heading", level=1, name="Your concern has arrived").wait_for()

    _until(lambda: [mail for mail in box.delivered if "raised a concern" in mail.message["subject"]])
    [mail] = [mail for mail in box.delivered if "raised a concern" in mail.message["subject"]]
    assert mail.to == ("dsl@school.example",)
    assert "Really" not in mail.text
    case = re.search(r"http://127\.0\.0\.1:\d+/cases/[0-9a-f]+", mail.text)
    assert case
    safe = browse()
    safe.goto(case[0])
    _log_in(safe, "d.safe")
    safe.get_by_role("heading", level=1, name="Case").wait_for()
    shown = safe.get_by_role("main").inner_text()
    assert "It opened by itself. <b>Really</b>" in shown
    sha256 = hashlib.sha256(PNG).hexdigest()
    assert sha256 in shown
    with safe.expect_download() as download:
        safe.get_by_role("link", name="screen print.png").click()
    saved = tmp_path / "saved"
    download.value.save_as(saved)
    assert saved.read_bytes() == PNG
    assert (gateway.school.data / "evidence").stat().st_mode & 0o077 == 0


def test_a_pupil_without_a_login_tells_it_on_the_block_page(
    start: Callable[..., Gateway], sites: Sites, mailbox: Open, tmp_path: Path
) -> None:
    gateway = _start(start, tmp_path)
    box = mailbox(gateway.school.mail_port)
    site = f"http://bet365.com:{sites.port}"
    page = gateway.curl(f"{site}/", *OPENED).text
    assert "Is something wrong?" in page
    assert "/concern" not in page
    words = "He sends me pictures. <b>Help</b>"
    told = answer(gateway, site, page, client="127.0.0.2", tell="wrong", words=words)
    assert told.status == 200
    assert "Childline" in told.text
    assert answer(gateway, site, page, client="127.0.0.2", tell="wrong", words=words).status == 409
    assert answer(gateway, site, page, client="127.0.2.9", tell="wrong", words=words).status == 403
    _until(lambda: [mail for mail in box.delivered if "raised a concern" in mail.message["subject"]])
    [mail] = [mail for mail in box.delivered if "raised a concern" in mail.message["subject"]]
    assert mail.to == ("dsl@school.example",)
    assert "pictures" not in mail.text
    [case] = [deed for deed in _deeds(gateway, "case-opened") if deed["actor"] != "schoolgate"]
    [block] = _on_record(gateway, "select * from blocks where host = :host", host="bet365.com")
    assert (case["entry"], case["about"], case["person"], case["client"]) == ("high/dsl", block["id"], "", "127.0.0.2")
    [note] = _deeds(gateway, "case-note")
    assert (note["about"], note["why"]) == (case["id"], words)
    assert not _deeds(gateway, "unblock-asked")
