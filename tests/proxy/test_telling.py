"""The block page says whom to tell: the console's form where the device can reach it, a form of its own, or people."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pretend.school import School
from schoolgate.policy.decision import decide
from schoolgate.policy.request import request_from_url
from schoolgate.proxy.pages import Form, open_pages
from schoolgate.settings.load import Settings

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
OPENED = {"sec-fetch-dest": "document"}
STAFF, PUPIL, AWAY = "127.0.0.3", "127.0.0.2", "10.9.9.9"


@pytest.fixture
def page(tmp_path: Path, settings_of: Callable[[School], Settings]) -> Callable[..., str]:
    def block(client: str, console: int | None = 8099, url: str = "", form: Form | None = None) -> str:
        school = School(
            tmp_path, people=School(tmp_path).people.replace('["127.0.0.3/32"]', '["127.0.0.3", "10.9.9.9"]')
        )
        school.console_port = console
        school.write()
        if url:
            path = school.config / "school.yaml"
            path.write_text(f"{path.read_text()}console_url: {url}\n")
        settings = settings_of(school)
        request = request_from_url("http://pornhub.com/", at=NOON, client=client)
        verdict = decide(request, settings.snapshot)
        answer = open_pages(settings).block(request, verdict, "ABCD-2345", OPENED, form)
        return answer.get_text() or ""

    return block


def test_people_who_work_here_find_the_way_to_the_console(page: Callable[..., str]) -> None:
    assert 'href="http://127.0.0.1:8099/concern/block/ABCD-2345"' in page(STAFF)
    assert "/concern" not in page(PUPIL)


def test_a_device_that_cannot_reach_the_console_is_told_whom_to_tell(page: Callable[..., str]) -> None:
    for shown in (page(AWAY), page(STAFF, console=None)):
        assert "/concern" not in shown
        assert "Tell the designated safeguarding lead (DSL)" in shown
    there = page(AWAY, url="https://filter.school.example")
    assert 'href="https://filter.school.example/concern/block/ABCD-2345"' in there


def test_pupils_have_a_form_where_there_is_one_and_people_otherwise(page: Callable[..., str]) -> None:
    form = Form("wanted", {"about": "1", "token": "2"}, 200)
    assert "Is something wrong?" in page(PUPIL, form=form)
    assert 'name="tell" value="wrong"' in page(PUPIL, form=form)
    assert "Is something wrong?" not in page(STAFF, form=form)
    assert "Tell a teacher, or DSL" in page(PUPIL)
