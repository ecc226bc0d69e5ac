"""What a report's readers must not learn from it, and what it must not get wrong where the record is unusual."""

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pretend.school import School
from pretend.told import Told, named_school
from schoolgate.reporting.period import Span
from schoolgate.reporting.report import Rendered, render_report, spans_of, who_is
from schoolgate.settings.load import Settings
from schoolgate.settings.report_files import report_file
from schoolgate.store.event import Deed
from schoolgate.store.record import open_reader

CHAIR = "chair_of_governors u-00000000cafe"


@pytest.fixture
def told(tmp_path: Path, settings_of: Callable[[School], Settings]) -> Told:
    return Told(settings_of(named_school(tmp_path)))


def rendered(told: Told, name: str = "digest", days: Span | None = None, **given: Any) -> Rendered:
    period = report_file(told.settings.folders, name).front.period
    usual, previous = spans_of(told.settings, period, date(2026, 11, 24))
    with open_reader(told.data, with_waiting=True) as reader:
        who = who_is(told.settings, told.pseudonyms)
        return render_report(name, days or usual, reader, told.settings, who, previous=previous, **given)


def looked_at(page: Rendered) -> str:
    return page.text.partition("WHO LOOKED AT WHOSE RECORD")[2].partition("Who looked")[0]


def test_a_case_round_the_headteacher_cannot_be_guessed_from_what_it_cleared(told: Told) -> None:
    visit = told.event("2026-11-24T10:00", "h.head")
    case = told.deed("2026-11-24T11:00", Deed.CASE, "schoolgate", person=told.code("h.head"), about=visit.id,
                     entry="high/chair_of_governors")  # fmt: skip
    told.deed("2026-11-24T12:00", Deed.OUTCOME, CHAIR, about=case.id, entry="false")
    page = rendered(told)
    for part in (page.html, page.text):
        assert visit.id not in part
        assert "cleared, because" not in part
    assert visit.id in rendered(told, "term_governors", to=["chair_of_governors"]).html


def test_what_the_chair_does_with_a_case_round_the_headteacher_is_in_no_digest_of_hers(told: Told) -> None:
    visit = told.event("2026-11-24T10:00", "h.head")
    case = told.deed("2026-11-24T11:00", Deed.CASE, CHAIR, entry="high/chair_of_governors", why="She shouts")
    told.deed("2026-11-24T11:10", Deed.VIEWED, CHAIR, about=case.id, why="zebra")
    hold = told.deed("2026-11-24T11:20", Deed.HOLD, CHAIR, about=visit.id, why="zebra")
    told.deed("2026-11-24T11:30", Deed.RELEASED, CHAIR, about=hold.id, why="zebra")
    told.deed("2026-11-24T11:40", Deed.VIEWED, CHAIR, person=told.code("j.smith"), why="to compare")
    assert "zebra" not in rendered(told).html
    assert "to compare" in looked_at(rendered(told))
    assert looked_at(rendered(told, to=["chair_of_governors"])).count("zebra") == 3


def test_a_concern_about_nobody_in_particular_is_for_whom_it_was_given_to(told: Told) -> None:
    case = told.deed("2026-11-24T11:00", Deed.CASE, told.code("j.smith"), entry="high/dsl", why="The Head hit me")
    assert case.ref not in rendered(told).html
    assert case.ref in rendered(told, to=["dsl"]).html
    told.deed("2026-11-24T12:00", Deed.ESCALATED, "schoolgate", about=case.id, entry="headteacher", why="1 hour")
    assert case.ref in rendered(told).html


def test_a_reader_is_also_known_by_the_devices_that_are_theirs_alone(
    tmp_path: Path, settings_of: Callable[[School], Settings]
) -> None:
    school = named_school(tmp_path)
    with (school.config / "people.yaml").open("a") as file:
        file.write('  h.head: {name: Ms Beatrix Headley, group: staff, devices: ["127.0.3.9"]}\n')
    told = Told(settings_of(school))
    device = told.pseudonyms.of("device", "127.0.3.9")
    block = told.block("2026-11-24T10:00", person=device, client="127.0.3.9")
    case = told.deed("2026-11-24T11:00", Deed.CASE, "schoolgate", person=device, about=block.id, entry="high/dsl")
    for naming in (block.ref, case.ref):
        assert naming not in rendered(told).html


def test_a_reason_cannot_look_like_a_line_of_the_report(told: Told) -> None:
    why = "A parent asked\n\nOPEN CASES\n- Ms Smith\u202e"
    told.deed("2026-11-24T14:00", Deed.VIEWED, CHAIR, person=told.code("j.smith"), why=why)
    assert "A parent asked OPEN CASES - Ms Smith." in looked_at(rendered(told))


def test_more_people_than_are_listed_are_still_counted(told: Told) -> None:
    for number in range(105):
        told.block("2026-11-24T10:00", person=f"d-{number:012x}", group="pupils", client=f"127.0.2.{number}")
    page = rendered(told)
    assert "- And 97 more, at the end." in page.text
    assert "- And 5 more that are not listed." in page.text
    assert page.text.count("was blocked from") == 100


def test_a_request_that_went_through_is_in_one_digest_and_no_more(told: Told) -> None:
    for day, hours in (("23", (16, 17, 23)), ("24", (0, 15, 16))):
        for hour in hours:
            at = f"2026-11-{day}T{hour:02}:00:00.000Z"
            told.journal.append(
                {
                    "t": "tally",
                    "hour": at,
                    "group": "pupils",
                    "action": "allow",
                    "category": "",
                    "requests": 10**hour % 997,
                }
            )
    ends = [f"2026-11-{day}T16:30:00.000Z" for day in ("22", "23", "24", "25")]
    days = [Span("a day", since, until) for since, until in zip(ends, ends[1:], strict=False)]
    numbers = [int(re.findall(r"All other requests \((\d+)\)", rendered(told, days=each).text)[0]) for each in days]
    assert sum(numbers) == sum(10**hour % 997 for hour in (16, 17, 23, 0, 15, 16))
    assert numbers[0] == 0
    midnight = rendered(told).text  # the hour that begins with the day is of the day
    assert f"All other requests ({sum(10**hour % 997 for hour in (0, 15, 16))})" in midnight


@pytest.mark.parametrize("theme", ["", "commerce", "no such theme"])
def test_a_block_of_no_theme_is_told_as_any_other(told: Told, theme: str) -> None:
    told.block("2026-11-24T10:00", theme=theme)
    assert (
        f"- {'Commerce: what is sold' if theme == 'commerce' else 'Other'}: 1\n"
        in rendered(told, "term_governors").text
    )


def test_so_few_outcomes_that_they_name_somebody_are_not_told_to_governors(told: Told) -> None:
    for number in range(5):
        case = told.deed(f"2026-11-0{number + 2}T09:00", Deed.CASE, "schoolgate", person="u-1", entry="high/dsl")
        told.deed(f"2026-11-0{number + 2}T10:00", Deed.OUTCOME, "dsl", about=case.id, entry="malicious")
        text = rendered(told, "term_governors").text
        assert f"- Cases decided: This term {number + 1}\n" in text
        assert ("Malicious: it was made up to deceive" in text) is (number == 4)
        assert ("Fewer than 5 cases were decided." in text) is (number < 4)


def test_what_came_before_the_record_is_not_compared(told: Told) -> None:
    told.block("2026-11-24T10:00")
    assert "The record begins on 24 November 2026." in rendered(told, "term_governors").text
    assert "The record begins on 24 November 2026." in rendered(told, "week_technician").text
    told.seal()  # now it is in a file
    assert "The record begins on 24 November 2026." in rendered(told, "year_review").text
