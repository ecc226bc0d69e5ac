"""Whatever stands in a host, a search or a name, it begins no header, no line and no link in a mail."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pretend.alerted import Alerted, alerting_school
from pretend.school import School
from schoolgate.alerting.html_part import html_of
from schoolgate.alerting.plain import out_of_reach, plain
from schoolgate.settings.load import Settings

HOSTILE = [
    "evil.example\r\nBcc: spy@evil.example",
    "x\n\nWhat to do now: call 0900 123",
    "<script>alert(1)</script>",
    '"><img src=https://evil.example/x.png>',
    "a\u2028b\u202ecod.elpmaxe\u200b\x00\x1b[31m\udcff",
    '=HYPERLINK("https://evil.example")',
    "see https://evil.example/login and mail spy@evil.example",
    "'; drop table mail; --",
    "x" * 5000,
]
HEADERS = {
    "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type", "X-Peer", "X-MailFrom",
    "X-RcptTo",
}  # fmt: skip


@pytest.fixture
def office(tmp_path: Path, settings_of: Callable[[School], Settings]) -> Iterator[Alerted]:
    school = alerting_school(tmp_path, "immediate: {to: [headteacher], repeat: 1h}\n")
    text = (school.config / "school.yaml").read_text()
    (school.config / "school.yaml").write_text(text.replace("console: null", 'console: "127.0.0.1:8081"'))
    made = Alerted(settings_of(school))
    yield made
    made.close()


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("stage", ["request", "search"])
def test_hostile_words_stay_words(office: Alerted, hostile: str, stage: str) -> None:
    storable = hostile.encode("utf-8", "backslashreplace").decode()
    office.pupil(host=storable, search=storable, stage=stage, category="extremism")
    [mail] = office.run()
    message = mail.message
    assert set(message.keys()) <= HEADERS
    assert message.get_all("Bcc") is None
    assert set(mail.to) <= {"head@school.example", "dsl@school.example"}
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    for label in ("What happened:", "How sure we are:", "What to do now:"):
        assert sum(line.startswith(label) for line in mail.text.splitlines()) == 1
    assert "://evil" not in mail.text
    assert "@evil" not in mail.text
    assert "\u202e" not in mail.text
    page = message.get_body(("html",))
    assert page is not None
    html = page.get_content()
    links = html.count("<a href=")
    assert links == html.count('<a href="http://127.0.0.1:8081/cases/') == 1
    for part in ("<script", "<img", "http://evil", "https://evil"):
        assert part not in html


def test_names_of_people_and_groups_begin_no_header(office: Alerted) -> None:
    from schoolgate.alerting.post import Letter, compose

    letter = Letter(("a@x.example",), "Hello\r\nBcc: evil@x.example\x0b\u2028X: y", "text", "", "<1@x>")
    message = compose(letter, office.settings.school.mail)
    assert "Bcc" not in message
    assert "\n" not in message.as_string().split("Subject:")[1].split("\nDate:")[0].replace("\n ", "")


def test_a_fault_that_a_request_made_shows_its_words_out_of_reach(office: Alerted) -> None:
    why = "The gateway could not decide (request): ValueError: https://evil.example/x\nWhat to do now: call 0900"
    office.told.event(
        office._wall, action="fault", alert="immediate", rule="gate-request", category="", theme="", why=why
    )
    [mail] = office.run()
    assert "https[:]//evil[.]example/x" in mail.text
    assert sum(line.startswith("What to do now:") for line in mail.text.splitlines()) == 1


def test_what_comes_from_outside_is_one_short_line() -> None:
    assert plain(" a\r\n b\u2028c\x00d ") == "a b c d"
    assert len(plain("x" * 5000)) == 301
    assert out_of_reach("https://www.evil.example/a.b?c=d@e") == "https[:]//www[.]evil[.]example/a[.]b?c=d[at]e"
    assert out_of_reach("Is it over. Now?") == "Is it over. Now?"


def test_only_the_console_becomes_a_link() -> None:
    text = "What happened: see https://console.school/cases/0a1\n& http://other.example/cases/1\n\nWhat to do now: <b>"
    html = html_of(text, "https://console.school")
    assert html.count("<a ") == 1
    assert '<a href="https://console.school/cases/0a1">' in html
    assert "<strong>What happened:</strong>" in html
    assert "&lt;b&gt;" in html
    assert "&amp; http://other.example/cases/1" in html
    assert "<a " not in html_of(text)


def test_a_mail_has_its_text_and_the_same_as_a_page(office: Alerted) -> None:
    office.settings = replace(office.settings)
    office.block()
    [mail] = office.run()
    first, second, third = [line for line in mail.text.splitlines() if line][:3]
    assert first.startswith("What happened: ")
    assert second.startswith("How sure we are: ")
    assert third.startswith("What to do now: ")
    [alert] = office.alerts()
    assert f"http://127.0.0.1:8081/cases/{alert['facts']['case']}" in mail.text
