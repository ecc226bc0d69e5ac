"""Alerts reach the Headteacher and the DSL through a real mail server: soon, once, and in spite of everything."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from pretend.chatroom import Chatroom
from pretend.gateway import Gateway, schoolgate
from pretend.mailbox import Delivered, Mailbox
from pretend.school import free_port
from pretend.sites import Sites

Open = Callable[[int], Mailbox]


def told(box: Mailbox, words: str, number: int = 1, seconds: float = 90) -> list[Delivered]:
    """The alerts with these words in their subject, once there are so many or the time is over."""
    end = time.monotonic() + seconds
    while True:
        mails = [mail for mail in box.delivered if words in str(mail.message["subject"])]
        if len(mails) >= number or time.monotonic() > end:
            return mails
        time.sleep(0.05)


def test_an_immediate_block_is_mailed_within_five_seconds(
    start: Callable[..., Gateway], sites: Sites, mailbox: Open
) -> None:
    gateway = start()
    box = mailbox(gateway.school.mail_port)
    asked = time.time()
    ref = gateway.curl(f"http://pornhub.com:{sites.port}/").text.split("<code>")[1].split("</code>")[0]
    [mail] = box.wait(1, 8)
    assert mail.at - asked < 5
    assert set(mail.to) == {"head@school.example", "dsl@school.example"}
    assert "127.0.0.2 (Pupil devices)" in mail.message["subject"]
    assert ref in mail.text
    assert "127.0.0.2" in mail.text
    assert "pornhub.com" not in mail.text
    assert "pornhub[.]com" in mail.text
    for part in ("What happened:", "How sure we are:", "What to do now:"):
        assert part in mail.text


def test_a_burst_is_one_mail_that_counts(start: Callable[..., Gateway], sites: Sites, mailbox: Open) -> None:
    gateway = start()
    box = mailbox(gateway.school.mail_port)
    urls = [f"http://pornhub.com:{sites.port}/[1-50]"]
    gateway.curl(urls[0])
    [mail] = box.wait(2, 7)
    assert "50 times" in mail.text
    gateway.curl(f"http://bet365.com:{sites.port}/")
    assert len(box.wait(2, 6)) == 2
    gateway.curl(f"http://pornhub.com:{sites.port}/later")
    assert len(box.wait(3, 4)) == 2


def test_what_is_grave_is_mailed_within_five_seconds_however_often(
    start: Callable[..., Gateway], sites: Sites, mailbox: Open, record_property: Callable[[str, object], None]
) -> None:
    gateway = start()
    box = mailbox(gateway.school.mail_port)
    seconds = []
    for number in range(2, 8):
        asked = time.time()
        gateway.curl(f"http://stormfront.org:{sites.port}/", client=f"127.0.2.{number}")
        [mail] = told(box, f"High priority: Device 127.0.2.{number} ")
        seconds.append(mail.at - asked)
    record_property("latency", [round(each, 2) for each in seconds])
    print("seconds from curl to the mail server:", *(f"{each:.2f}" for each in sorted(seconds)))
    assert sorted(seconds)[len(seconds) // 2] < 5  # the median: one may meet a busy machine


def test_a_channel_is_told_as_soon_as_the_mail_is_and_its_address_is_nowhere(
    start: Callable[..., Gateway], sites: Sites, mailbox: Open, tmp_path: Path
) -> None:
    room = Chatroom(free_port()).start()
    secret = tmp_path / "teams.url"
    secret.write_text(room.address)
    secret.chmod(0o600)
    gateway = start(alerts=f"channels: [{{url_file: {secret}, to: headteacher}}]\n")
    box = mailbox(gateway.school.mail_port)
    asked = time.time()
    gateway.curl(f"http://stormfront.org:{sites.port}/")
    box.wait(1, 40)
    while not room.taken and time.time() < asked + 40:
        time.sleep(0.05)
    [message] = room.taken
    assert "an alert of high priority" in message["title"]
    assert "stormfront" not in str(message)
    room.stop()
    gateway.curl(f"http://stormfront.org:{sites.port}/", client="127.0.2.9")
    box.wait(2, 40)
    end = time.monotonic() + 40
    while "A message could not be sent" not in gateway.log and time.monotonic() < end:
        time.sleep(0.1)
    gateway.stop()
    kept = [path for path in gateway.school.root.rglob("*") if path.is_file()]
    for word in (b"t0psecrettoken", b"s3cr3tword"):
        assert not [path for path in kept if word in path.read_bytes()]


def test_an_office_that_is_killed_between_sending_and_noting_sends_the_same_again_and_no_more(
    start: Callable[..., Gateway], sites: Sites, mailbox: Open
) -> None:
    gateway = start(alerts="immediate: {repeat: 30s}\n")
    box = mailbox(gateway.school.mail_port)

    def kill(mail: Delivered) -> None:
        box.on_mail = None
        os.kill(gateway.children()["office"], signal.SIGKILL)

    box.on_mail = kill
    gateway.curl(f"http://stormfront.org:{sites.port}/")
    box.wait(1, 40)
    gateway.curl(f"http://stormfront.org:{sites.port}/again")

    first, repeated = told(box, "127.0.0.2", 2)[:2]
    assert first.message["message-id"] == repeated.message["message-id"]
    assert first.text == repeated.text
    third = told(box, "127.0.0.2", 3)[2]
    assert "once more" in third.text
    assert third.message["message-id"] != first.message["message-id"]
    time.sleep(3)
    assert len(told(box, "127.0.0.2", 3)) == 3


def test_a_full_disk_repeats_no_mail_and_loses_none(start: Callable[..., Gateway], sites: Sites, mailbox: Open) -> None:
    gateway = start(alerts="immediate: {to: [headteacher], repeat: 1h}\n")
    gateway.stop()
    data = gateway.school.data
    kept = data.with_name("kept")
    data.rename(kept)
    data.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", data], capture_output=True).returncode:
        pytest.skip("mounting a small file system needs root")
    filler = data / "filler"

    def fill(mail: Delivered) -> None:
        box.on_mail = None
        with filler.open("wb", buffering=0) as file:
            for size in (1 << 16, 4096, 512):
                while True:
                    try:
                        file.write(bytes(size))
                    except OSError:
                        break

    try:
        shutil.copytree(kept, data, dirs_exist_ok=True)
        gateway.start()
        box = mailbox(gateway.school.mail_port)
        box.on_mail = fill  # full at the moment when the outcome is to be written down
        gateway.curl(f"http://stormfront.org:{sites.port}/")
        box.wait(1, 40)
        time.sleep(8)
        filler.unlink()
        gateway.curl(f"http://stormfront.org:{sites.port}/", client="127.0.2.9")
        told(box, "127.0.2.9")
        time.sleep(5)
        subjects = [str(mail.message["subject"]) for mail in told(box, "High priority", 2)]
        assert sorted("127.0.2.9" in subject for subject in subjects) == [False, True]
    finally:
        gateway.stop()
        subprocess.run(["umount", data], check=True)


def test_what_a_page_did_by_itself_mails_nobody(start: Callable[..., Gateway], sites: Sites, mailbox: Open) -> None:
    gateway = start()
    box = mailbox(gateway.school.mail_port)
    gateway.curl(f"https://pornhub.com:{sites.tls_port}/ad.gif", "--header", "Sec-Fetch-Dest: image")
    [event] = gateway.events()
    assert (event["kind"], event["alert"]) == ("embedded", "digest")
    assert box.wait(1, 4) == []


def test_alerts_survive_a_dead_mail_server_and_a_restart(
    start: Callable[..., Gateway], sites: Sites, mailbox: Open
) -> None:
    gateway = start()
    gateway.curl(f"http://pornhub.com:{sites.port}/")
    time.sleep(3)
    gateway.stop()
    gateway.start()
    gateway.curl(f"http://pornhub.com:{sites.port}/again")
    time.sleep(3)
    box = mailbox(gateway.school.mail_port)
    [mail] = box.wait(1, 30)
    assert "twice" in mail.text
    assert len(box.wait(2, 3)) == 1


def test_one_refused_address_keeps_no_mail_from_the_other(
    start: Callable[..., Gateway], sites: Sites, mailbox: Open
) -> None:
    gateway = start()
    box = mailbox(gateway.school.mail_port)
    box.refuse.add("head@school.example")
    gateway.curl(f"http://pornhub.com:{sites.port}/")
    [mail] = box.wait(1, 8)
    assert mail.to == ("dsl@school.example",)
    box.refuse.clear()
    mails = box.wait(2, 20)
    assert [m.to for m in mails] == [("dsl@school.example",), ("head@school.example",)]


def test_the_digest_is_shown_written_and_sent(start: Callable[..., Gateway], sites: Sites, mailbox: Open) -> None:
    gateway = start()
    gateway.curl(f"http://pornhub.com:{sites.port}/")
    page = ["--header", "Sec-Fetch-Dest: document"]
    gateway.curl(f"https://www.facebook.com:{sites.tls_port}/", *page, client="127.0.0.3")
    config = ["--config", str(gateway.school.config)]
    shown = schoolgate("digest", "--period", "day", *config)
    assert shown.returncode == 0, shown.stderr
    for words in ("WHAT NEEDS YOUR ATTENTION", "Device 127.0.0.2", "www.facebook.com", "Social media"):
        assert words in shown.stdout
    folder = gateway.school.root / "digest"
    assert schoolgate("digest", "--period", "week", "--out", str(folder), *config).returncode == 0
    html = (folder / "digest.html").read_text()
    assert "www.facebook.com" in html
    assert "src=" not in html
    refused = schoolgate("digest", "--period", "day", "--send", *config)
    assert refused.returncode == 1
    assert "not sent to head@school.example" in refused.stderr
    box = mailbox(gateway.school.mail_port)
    assert schoolgate("digest", "--period", "day", "--send", *config).returncode == 0
    mails = [
        m
        for m in box.wait(1, 5)
        if "blocked" in m.message["subject"] and m.to == ("head@school.example", "dsl@school.example")
    ]
    assert len(mails) == 1
    assert mails[0].message.get_body(("html",)) is not None
