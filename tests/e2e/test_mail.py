"""Alerts reach the Headteacher and the DSL through a real mail server: soon, once, and in spite of everything."""

import time
from collections.abc import Callable

from pretend.gateway import Gateway, schoolgate
from pretend.mailbox import Mailbox
from pretend.sites import Sites

Open = Callable[[int], Mailbox]


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
    mails = [m for m in box.wait(1, 5) if "blocked" in m.message["subject"] and m.to == ("head@school.example",)]
    assert len(mails) == 1
    assert mails[0].message.get_body(("html",)) is not None
