"""Priority is severity times confidence times repetition; what rises is told at once, and one theme is one alert."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from pretend.alerted import Alerted, alerting_school
from pretend.school import School
from schoolgate.alerting.priority import GRAVE, RANK, SEVERITY, Signs, priority_of, priority_of_fault, severity_of
from schoolgate.policy.rules import NAME, PICTURE, SEARCH, TEXT
from schoolgate.settings.load import Settings
from schoolgate.store.cases import Priority

HIGH, MEDIUM, LOW = Priority.HIGH, Priority.MEDIUM, Priority.LOW
Make = Callable[..., Alerted]


@pytest.fixture
def alerted(tmp_path: Path, settings_of: Callable[[School], Settings]) -> Iterator[Make]:
    made: list[Alerted] = []

    def make(alerts: str = "", **options: object) -> Alerted:
        made.append(Alerted(settings_of(alerting_school(tmp_path, alerts)), **options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.mark.parametrize(
    ("signs", "level"),
    [
        (Signs("self_harm", "content", identity="unknown", list=SEARCH), HIGH),
        (Signs("self_harm", "content", identity="unknown", list="ut1"), HIGH),
        (Signs("self_harm", "content", identity="unknown", list=TEXT), HIGH),
        (Signs("grooming", "contact", identity="network", list="own"), HIGH),
        (Signs("extremism", "content", identity="login", list="ut1"), HIGH),
        (Signs("extremism", "content", identity="unknown", list=PICTURE), MEDIUM),
        (Signs("adult", "content", identity="login", list="ut1"), MEDIUM),
        (Signs("adult", "content", identity="unknown", list="ut1"), MEDIUM),
        (Signs("adult", "content", identity="network", list=TEXT), MEDIUM),
        (Signs("adult", "content", identity="unknown", list=PICTURE), LOW),
        (Signs("adult", "content", identity="network", list=NAME), LOW),
        (Signs("adult", "content", identity="login", list="ut1", in_hour=10), HIGH),
        (Signs("adult", "content", identity="network", list="ut1", in_hour=30), HIGH),
        (Signs("adult", "content", identity="login", list="ut1", in_day=30), HIGH),
        (Signs("gambling", "commerce", identity="login", list="ut1"), LOW),
        (Signs("gambling", "commerce", identity="login", list="ut1", in_hour=30), MEDIUM),
        (Signs("gambling", "commerce", identity="unknown", list=PICTURE, in_hour=500, in_day=500), LOW),
        (Signs("of-the-school", "contact", identity="login", list="local"), MEDIUM),
        (Signs("of-the-school", "commerce", identity="login", list="local"), LOW),
        (Signs("sects", "content", part_of="extremism", identity="login", list="local"), HIGH),
        (Signs("", ""), LOW),
    ],
)
def test_the_table_holds(signs: Signs, level: Priority) -> None:
    assert priority_of(signs).level is level


def test_the_address_counts_more_than_words_and_words_more_than_a_picture() -> None:
    points = [priority_of(Signs("adult", "content", list=given)).points for given in ("ut1", SEARCH, TEXT, PICTURE)]
    assert all(more > less for more, less in pairwise(points))
    who = [priority_of(Signs("adult", identity=given)).points for given in ("login", "device", "network", "unknown")]
    assert all(more > less for more, less in pairwise(who))


def test_more_of_the_same_never_counts_less() -> None:
    levels = [
        priority_of(Signs("adult", "content", identity="login", list="x", in_hour=n, in_day=n)) for n in range(1, 120)
    ]
    assert all(later.points >= sooner.points for sooner, later in pairwise(levels))
    assert all(RANK[later.level] >= RANK[sooner.level] for sooner, later in pairwise(levels))


def test_every_category_of_the_table_is_one_that_is_shipped(default: Settings) -> None:
    assert SEVERITY.keys() <= default.snapshot.categories.keys()
    grave = {name for name, each in default.snapshot.categories.items() if severity_of(name, each.theme) == GRAVE}
    assert grave == {"sealed", "self_harm", "grooming", "extremism", "running_away"}


def test_the_reason_is_said_in_words() -> None:
    assert priority_of(Signs("self_harm", "content", identity="network", list=SEARCH, in_hour=3)).why == (
        "the subject is grave, the words of a search were judged, the device is known by its place only, 3 times in an hour"
    )
    assert "12 times in a day" in priority_of(Signs("adult", "content", in_hour=1, in_day=12)).why


def test_a_record_that_was_altered_is_urgent_and_edited_settings_are_not() -> None:
    assert (priority_of_fault("chain"), priority_of_fault("settings")) == (HIGH, MEDIUM)


def test_the_mail_says_the_priority_and_why_and_links_to_the_case(alerted: Make) -> None:
    office = alerted()
    office.pupil(category="extremism")
    [mail] = office.run()
    subject = str(mail.message["subject"])
    assert subject == "St Test's School: High priority: Device 127.0.0.2 (Pupil devices), Extremism, once"
    assert (
        "Priority: high (the subject is grave, the address is on a list, the device is known by its place only)"
        in mail.text
    )
    [alert] = office.alerts()
    assert f"schoolgate case {alert['facts']['case_ref']} --by" in mail.text


def test_one_theme_is_one_alert_and_the_gravest_category_leads(alerted: Make) -> None:
    office = alerted(up=False)
    office.pupil(category="drugs", host="drugs.example")
    office.run()
    office.pupil(category="extremism", host="hate.example")
    office.pupil(category="gambling", theme="commerce", host="bet.example")
    office.run()
    office.up()
    mails = office.run(30)
    assert sorted(str(mail.message["subject"]).partition(": ")[2] for mail in mails) == [
        "Device 127.0.0.2 (Pupil devices), Gambling, once",
        "High priority: Device 127.0.0.2 (Pupil devices), Extremism and Drugs, twice",
    ]
    content = next(mail for mail in mails if "Drugs" in mail.text)
    assert 'was blocked from "Extremism" and "Drugs" twice' in content.text
    assert "hate[.]example, drugs[.]example" in content.text
    office.run(3700, step=5)
    assert len(office.mails) == 2


def test_what_is_sent_has_one_follow_up_at_the_end_and_one_at_once_when_it_becomes_graver(alerted: Make) -> None:
    office = alerted()
    office.pupil()
    assert len(office.run()) == 1
    office.pupil(category="hate")
    assert office.run() == []
    office.pupil(category="self_harm")
    office.pupil(category="self_harm")
    [rise] = office.run()
    assert "High priority" in str(rise.message["subject"])
    assert 'was blocked from "Self-harm and eating disorders" and "Hate' in rise.text
    assert "3 times more" in rise.text
    office.pupil(category="adult")
    assert office.run() == []
    [end] = office.run(3700, step=5)
    assert "once more" in end.text
    assert office.run(3700, step=5) == []


def test_many_tries_in_an_hour_are_told_at_once(alerted: Make) -> None:
    office = alerted()
    office.block()
    [first] = office.run()
    assert "Priority: medium" in first.text
    for _ in range(9):
        office.block()
    [rise] = office.run()
    assert "Priority: high" in rise.text
    assert "10 times in an hour" in rise.text
    assert "9 times more" in rise.text


def test_tries_of_the_whole_day_count_together(alerted: Make) -> None:
    office = alerted()
    for hour in range(10, 14):
        for _ in range(9):
            office.block()
        assert [("Priority: high" in mail.text) for mail in office.run()] == [hour == 13]
        office.run(3700, step=5)
    assert "36 times in a day" in office.alerts()[-1]["facts"]["priority_why"]


def test_a_contest_about_one_category_holds_up_no_other_of_its_theme(alerted: Make) -> None:
    office = alerted(up=False)
    contested = office.block(host="contested.example")
    office.block(category="drugs", host="drugs.example")
    office.run()
    office.told.contest("2026-11-24T10:00:30", contested)
    office.run()
    office.block(category="extremism", host="hate.example")
    office.run()
    office.up()
    mails = [mail for mail in office.run(60) if "contest waits" not in str(mail.message["subject"])]
    assert len(mails) == 1
    assert "hate[.]example" in mails[0].text
    assert "drugs[.]example" in mails[0].text
    assert "contested[.]example" not in mails[0].text
    assert "Adult" not in mails[0].text


def test_what_is_cleared_leaves_no_trace_in_the_alert(alerted: Make) -> None:
    office = alerted(up=False)
    cleared = office.block(category="extremism", host="cleared.example")
    office.block(category="drugs", host="drugs.example")
    office.run()
    contest = office.told.contest("2026-11-24T10:00:30", cleared)
    office.run()
    office.told.answer("2026-11-24T10:01", contest, "upheld")
    office.run()
    office.up()
    mails = [mail for mail in office.run(60) if "contest waits" not in str(mail.message["subject"])]
    assert ["High priority" in str(mail.message["subject"]) for mail in mails] == [False]
    assert "drugs[.]example" in mails[0].text
    assert "cleared[.]example" not in mails[0].text
    assert "Extremism" not in mails[0].text


def test_searches_that_worry_and_blocks_are_told_apart(alerted: Make) -> None:
    office = alerted()
    office.pupil(category="self_harm")
    office.pupil(category="self_harm", stage="search", search="i want to die")
    assert {("somebody may need you" in str(mail.message["subject"]), mail.to) for mail in office.run()} == {
        (False, ("head@school.example", "dsl@school.example")),
        (True, ("dsl@school.example",)),
    }
