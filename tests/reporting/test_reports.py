"""Reports say what the record says: totals as counted by hand, nobody named, every number traced, faults by line."""

import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from pretend.school import School
from pretend.told import LONDON, Told, named_school
from schoolgate.office import Office
from schoolgate.reporting.plain import plain
from schoolgate.reporting.report import Rendered, render_report, spans_of, try_reports, who_is
from schoolgate.settings.faults import SettingsError
from schoolgate.settings.load import Settings
from schoolgate.settings.report_files import report_file, report_files
from schoolgate.store.event import Deed, Event, fault_event
from schoolgate.store.journal import Journal
from schoolgate.store.record import RecordReader, open_reader

CALENDAR = """
working_hours: {staff: {mon-fri: ["08:15-12:15", "13:00-16:00"]}}
terms:
  - {name: Autumn 2026, from: 2026-09-02, to: 2026-12-18}
  - {name: Spring 2027, from: 2027-01-05, to: 2027-03-25}
bank_holidays: none
"""
SHIPPED = ("digest", "week_technician", "term_governors", "year_review")
NO_PEOPLE = ("week_technician", "term_governors", "year_review")
CATEGORIES = ("adult", "gambling", "hate")


@pytest.fixture
def school(tmp_path: Path) -> School:
    made = named_school(tmp_path)
    (made.config / "calendar.yaml").write_text(CALENDAR)
    return made


@pytest.fixture
def told(school: School, settings_of: Callable[[School], Settings]) -> Told:
    return Told(settings_of(school))


def rendered(told: Told, name: str, day: str = "2026-11-24", **given: Any) -> Rendered:
    period = given.pop("period", report_file(told.settings.folders, name).front.period)
    days, previous = spans_of(told.settings, period, date.fromisoformat(day))
    who = who_is(told.settings, told.pseudonyms)
    with open_reader(told.data, with_waiting=True) as reader:
        return render_report(name, days, reader, told.settings, who, previous=previous, **given)


def test_the_shipped_reports_are_found_by_themselves(told: Told) -> None:
    fronts = {each.name: each.front for each in report_files(told.settings.folders)}
    assert set(SHIPPED) == set(fronts)
    assert {name for name, front in fronts.items() if front.people == "none"} == set(NO_PEOPLE)
    assert fronts["week_technician"].to == ["technician"]
    assert (fronts["term_governors"].period, fronts["term_governors"].when) == ("term", "end")


@pytest.mark.parametrize("name", SHIPPED)
def test_an_empty_record_and_one_event_make_every_report(told: Told, name: str) -> None:
    assert rendered(told, name).notes
    told.block("2026-11-24T10:00", group="pupils")
    page = rendered(told, name)
    assert page.subject.startswith("St Test's School: ")
    for part in (page.html, page.text):
        assert "Adult" in part or name == "week_technician"
    assert "&#39;" not in page.subject + page.text


class ByHand:
    """A random record, and the same events kept beside it, to count by hand."""

    def __init__(self, told: Told, seed: int) -> None:
        self.told, self.random, self.events = told, random.Random(seed), list[Event]()

    def fill(self, number: int) -> "ByHand":
        first = datetime(2026, 10, 17, 22, tzinfo=UTC)  # a Saturday; the clocks go back eight days later
        edges = [datetime(2026, 10, day, hour, tzinfo=UTC) for day, hour in ((18, 23), (25, 0), (25, 23), (26, 0))]
        for _ in range(number):
            moment = self.random.choice([first + timedelta(minutes=self.random.randrange(14 * 1440)), *edges])
            self.add(moment.astimezone(LONDON))
        return self

    def add(self, moment: datetime) -> None:
        choose, at = self.random.choice, f"{moment:%Y-%m-%dT%H:%M}"
        about = {
            "id": f"{self.random.getrandbits(120):030x}", "category": choose(CATEGORIES),
            "group": choose(["pupils", "staff"]), "alert": choose(["immediate", "digest", "none"]),
            "client": choose(["127.0.2.1", "127.0.2.2"]), "person": choose(["u-00000000000a", "u-00000000000b"]),
        }  # fmt: skip
        if self.random.random() < 0.1:
            event = fault_event(moment, choose(["gate-request", "recording"]), "words", "v1")
            self.told.journal.append({"t": "event", **event.row()})
        elif self.random.random() < 0.6:
            event = self.told.block(at, **about)
        else:
            event = self.told.event(at, **about)
        self.events.append(event)

    def clear_some(self) -> set[str]:
        """Every tenth block is contested, and every second contest upheld: none of them counts."""
        some = [event for event in self.events if event.action == "block"][::10]
        for number, event in enumerate(some):
            contest = self.told.contest("2026-11-02T10:00", event)
            if number % 2:
                self.told.answer("2026-11-02T11:00", contest, "upheld")
        return {event.id for event in some}

    def blocks(self, monday: date, without: set[str], days: int = 7) -> list[Event]:
        return [each for each in self.during(monday, days) if each.action == "block" and each.id not in without]

    def during(self, monday: date, days: int = 7) -> Iterator[Event]:
        for event in self.events:
            day = datetime.fromisoformat(event.at).astimezone(LONDON).date()
            if monday <= day < monday + timedelta(days=days):
                yield event


@pytest.mark.parametrize("seed", range(6))
def test_totals_are_those_that_are_counted_by_hand(told: Told, seed: int) -> None:
    hand, titles = ByHand(told, seed).fill(120), told.settings.snapshot.categories
    gone, monday = hand.clear_some(), date(2026, 10, 19)
    blocks, earlier = hand.blocks(monday, gone), hand.blocks(monday - timedelta(days=7), gone)
    faults = [event for event in hand.during(monday) if event.action == "fault"]
    text = rendered(told, "week_technician", "2026-10-25").text
    assert f"- Requests blocked: This week {len(blocks):,}, Last week {len(earlier):,}" in text
    assert f"- Faults of the gateway: This week {len(faults)}, " in text
    for group, title in (("pupils", "Pupil devices"), ("staff", "Staff")):
        entries = [each for each in hand.during(monday) if each.group == group and each.action != "fault"]
        devices = len({each.client for each in entries})
        assert f"- {title}: Looked into pages, Entries {len(entries)}, Devices {devices}, " in text
    digest = rendered(told, "digest", "2026-10-25", period="week")
    counted = Counter((each.category, each.group) for each in blocks if each.alert != "none")
    assert f"{counted.total()} request" in digest.subject or not counted
    for (category, group), number in counted.items():
        people = len({e.person for e in blocks if (e.category, e.group) == (category, group) and e.alert != "none"})
        title = "Pupil devices" if group == "pupils" else "Staff"
        words = f"- {titles[category].title}, {title}: {number} request{'s' if number > 1 else ''} from {people} p"
        assert words in digest.text
    term = rendered(told, "term_governors", "2026-10-25")
    of_term = hand.blocks(date(2026, 9, 2), gone, 108)
    for category, number in Counter(each.category for each in of_term).items():
        assert f"- {titles[category].title}: Blocked {number}\n" in term.text
    assert f"blocked {len(of_term)} request" in term.text


LINK = re.compile(r'<a href="#note-(\d+)"[^>]*>([\d,]+)</a>')


def links_checked(page: Rendered, reader: RecordReader) -> int:
    """Every number leads to a note that is there; what its query counts is the number. Returns how many were counted."""
    notes, counted = {note.number: note for note in page.notes}, 0
    for number, value in LINK.findall(page.html):
        note = notes[int(number)]
        assert f'id="note-{number}"' in page.html
        assert note.sql or note.words
        if note.sql.startswith("select count(*) n from"):
            [row] = reader.query(note.sql)
            assert int(value.replace(",", "")) == row["n"], note.sql
            counted += 1
        elif note.sql and ":" not in re.sub(r"'[^']*'", "", note.sql):
            list(reader.query(note.sql))
    return counted


@pytest.mark.parametrize("name", SHIPPED)
def test_every_number_leads_to_a_query_that_counts_it_again(told: Told, name: str) -> None:
    ByHand(told, 7).fill(80)
    page = rendered(told, name, "2026-10-20")
    with open_reader(told.data, with_waiting=True) as reader:
        assert links_checked(page, reader) >= 1
    commands = [note.command for note in page.notes if note.command]
    assert any(each.startswith("schoolgate events --since 2026-") for each in commands)


def test_reports_without_people_hold_nothing_that_could_name_anybody(told: Told) -> None:
    path, words = "/friends/ms-zebra", "zebra words"
    secret = {"path": path, "search": words, "group": "staff", "client": "127.0.3.7", "alert": "immediate"}
    block = told.block("2026-11-24T10:00", **secret)
    told.deed("2026-11-24T10:10", Deed.CASE, f"headteacher {told.code('h.head')}", person=told.code("j.smith"),
              about=block.id, entry="high/dsl", why="Mrs J Smith zebra", client="127.0.3.7")  # fmt: skip
    told.deed("2026-11-24T10:20", Deed.ASKED, told.code("j.smith"), host="poki.com", category="games", group="staff",
              person=told.code("j.smith"), client="127.0.3.7", about=block.id, why="zebra asks")  # fmt: skip
    told.deed("2026-11-24T10:30", Deed.NOTICE, told.code("j.smith"), person=told.code("j.smith"), notice="2026-x")
    for name in NO_PEOPLE:
        page = rendered(told, name)
        for part in (page.subject, page.text, page.html):
            for naming in ("zebra", "127.0.3.7", "j.smith", "J Smith", "u-", told.code("h.head"), block.ref):
                assert naming not in part.replace("u-0123456789ab", ""), (name, naming)


def test_a_report_without_people_cannot_ask_for_them_either(told: Told) -> None:
    told.event("2026-11-24T10:00", search="zebra")
    told.deed("2026-11-24T10:30", Deed.NOTE, told.code("j.smith"), person=told.code("j.smith"), why="zebra")
    own_report(
        told, "{{ query('select * from events') }}{{ query('select * from visits') }}{{ query('select * from deeds') }}"
    )
    html = rendered(told, "mine").html
    assert "www.facebook.com" in html
    for naming in ("zebra", "127.0.3.7", "/friends", told.code("j.smith")):
        assert naming not in html
    with open_reader(told.data, with_waiting=True) as reader:
        days, _ = spans_of(told.settings, "week", date(2026, 11, 24))
        render_report("mine", days, reader, told.settings, who_is(told.settings, told.pseudonyms))
        assert [row["client"] for row in reader.query("select client from visits")] == ["127.0.3.7"]  # and put back


def test_a_case_that_goes_round_the_headteacher_is_in_no_report_of_hers(told: Told) -> None:
    told.deed("2026-11-24T09:00", Deed.CASE, "schoolgate", person=told.code("h.head"), entry="high/chair_of_governors")
    told.deed("2026-11-24T09:00", Deed.CASE, "schoolgate", person=told.code("d.safe"), entry="high/headteacher")
    told.deed("2026-11-24T09:00", Deed.CASE, "schoolgate", person=told.code("j.smith"), entry="medium/dsl")
    assert "1 case is open, 1 of them new" in rendered(told, "digest").text
    assert "- Cases opened: This term 3" in rendered(told, "term_governors").text
    assert "- Cases opened: This term 1" in rendered(told, "term_governors", to=["headteacher", "dsl"]).text


@time_machine.travel(datetime(2027, 2, 2, 10, tzinfo=UTC))  # what is kept for a year is there
def test_cases_stand_as_they_stood_at_the_end_of_the_period(told: Told) -> None:
    for minute in range(5):  # fewer would not be told to governors by outcome
        person = told.code("j.smith")
        case = told.deed(f"2026-10-01T09:0{minute}", Deed.CASE, "schoolgate", person=person, entry="high/dsl")
        told.deed("2026-11-24T09:00", Deed.OUTCOME, "dsl", about=case.id, entry="unfounded")
        told.deed("2027-02-01T09:00", Deed.OUTCOME, "dsl", about=case.id, entry="false")
    autumn, spring = (rendered(told, "term_governors", day) for day in ("2026-11-24", "2027-02-02"))
    assert "- Unfounded: nothing supports it: Cases 5" in autumn.text
    assert "- False: there was enough evidence against it: Cases 5" in spring.text
    assert "Cases opened: This term 0, Autumn 2026 5, Change down 5" in spring.text


def test_the_yearly_pack_marks_what_only_people_know(told: Told) -> None:
    html = rendered(told, "year_review").html
    assert html.count("For the school to fill in") > 30
    for words in ("date of the review", "Signature", "Governor in charge of the standards"):
        assert words in html
    for person in ("Headley", "Safeman", "Chairworth", "Techson"):
        assert person not in html


FRONT = "{#---\ntitle: Ours\nto: [dsl]\nperiod: week\n---#}\n"


def own_report(told: Told, body: str, name: str = "mine", front: str = FRONT) -> None:
    folder = told.settings.folders.root / "reports"
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.html").write_text(
        f'{front}{{% extends "report.html" %}}\n{{% block words %}}\n{body}\n{{% endblock %}}\n'
    )


def test_a_new_report_is_one_file(told: Told) -> None:
    told.block("2026-11-24T10:00")
    own_report(told, '<p>Blocked: {{ query("select count(*) n from blocks where " ~ during)[0].n }}</p>')
    path = told.settings.folders.root / "reports" / "mine.html"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())  # some editors begin a file so
    page = rendered(told, "mine")
    assert page.subject == "St Test's School: Ours, Week from 23 November 2026"
    assert "Blocked: 1\n" in page.text
    assert "select count(*) n from blocks" in page.notes[0].sql
    try_reports(told.settings)


@pytest.mark.parametrize(
    ("front", "body", "fault"),
    [
        (FRONT, "<p>\n{{ query('select * from nowhere') }}</p>", "reports/mine.html:9: the report cannot be made: no such"),
        (FRONT, "{{ nobody }}", "reports/mine.html:8: the report cannot be made: 'nobody' is undefined"),
        (FRONT, "{% if %}", "reports/mine.html:8: the report cannot be made: "),
        (FRONT, "{{ query('delete from events') }}", "reports/mine.html:8: the report cannot be made: cannot modify"),
        (FRONT, "{{ who('a', 'b') }}", "reports/mine.html:8: the report cannot be made: 'who' is undefined"),
        (FRONT.replace("week", "fortnight"), "", "reports/mine.html:4: unknown value 'fortnight'"),
        (FRONT.replace("title", "titel"), "", "reports/mine.html:2: unknown key 'titel'; did you mean 'title'?"),
        (FRONT.replace("---#}", "when: end\n---#}"), "", "reports/mine.html:5: a report of a week goes out at school_days"),
        (FRONT.replace("dsl", "headteachr"), "", "reports/mine.html:3: unknown role 'headteachr'; did you mean 'headteacher'?"),
        (FRONT, "{{ query('select * from record.event') }}", "reports/mine.html:8: the report cannot be made: a query of a report only reads"),
        (FRONT, "{{ query('with events as (select * from event) select * from events') }}", "reports/mine.html:8: the report"),
        (FRONT, "{{ query('create table x as select 1') }}", "reports/mine.html:8: the report cannot be made: a query of a report only"),
        (FRONT, "{{ query('attach ? as other') }}", "reports/mine.html:8: the report cannot be made: "),
        ("{#---\ntitle: x\n", "", "reports/mine.html:1: the front matter has no end"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_report_is_named_by_file_and_line(told: Told, front: str, body: str, fault: str) -> None:
    own_report(told, body, front=front)
    with pytest.raises(SettingsError) as raised:
        try_reports(told.settings)
    assert any(str(each).startswith(fault) for each in raised.value.faults), raised.value.faults


def test_what_alerts_yaml_says_of_reports_is_checked(school: School, settings_of: Callable[[School], Settings]) -> None:
    (school.config / "alerts.yaml").write_text(
        "reports:\n  - {name: week_techncian}\n  - {name: term_governors, when: fri}\n  - {name: digest, to: [headteachr]}\n"
    )
    with pytest.raises(SettingsError) as raised:
        settings_of(school)
    assert [str(fault) for fault in raised.value.faults] == [
        "config/alerts.yaml:2: unknown report 'week_techncian'; did you mean 'week_technician'?",
        "config/alerts.yaml:3: a report of a term goes out at end, not at 'fri'",
        "config/alerts.yaml:4: unknown role 'headteachr'; did you mean 'headteacher'?",
    ]


class Post:
    """An office whose clock is set by hand."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.office = settings, Office(settings)

    def at(self, text: str) -> list[tuple[str, str]]:
        moment = datetime.fromisoformat(text).replace(tzinfo=LONDON)
        self.office.round(moment.timestamp())
        rows = self.office._store.rows("select recipients, subject from mail order by id")
        others = ("digest", "could not be sent")  # the mail server of this school is never there
        return [
            (row["recipients"], row["subject"]) for row in rows if not any(each in row["subject"] for each in others)
        ]


def test_the_office_sends_reports_when_they_are_due_each_once(
    school: School, settings_of: Callable[[School], Settings]
) -> None:
    (school.config / "alerts.yaml").write_text("digest: {day: null, week: null}\n")
    post = Post(settings_of(school))
    assert post.at("2026-11-26T17:00") == []  # Thursday: last Friday there was no gateway
    assert post.at("2026-11-27T16:29") == []
    [(to, subject)] = post.at("2026-11-27T16:30")
    assert (to, "The technician's week" in subject) == ('["it@school.example"]', True)
    assert len(post.at("2026-11-27T18:00")) == 1
    assert len(post.at("2026-12-07T08:00")) == 2  # it was off on Friday the 4th
    assert len(post.at("2026-12-18T23:00")) == 3  # and once for both weeks since
    told = post.at("2026-12-21T09:00")
    assert (
        '["chair@school.example"]',
        "St Test's School: Filtering and monitoring, for the governors, Autumn 2026",
    ) in told
    assert len(post.at("2026-12-21T10:00")) == len(told)
    post.office.close()


def test_a_report_that_cannot_be_made_holds_up_no_other_and_is_told_once(
    school: School, settings_of: Callable[[School], Settings]
) -> None:
    (school.config / "alerts.yaml").write_text("digest: {day: null, week: null}\n")
    settings = settings_of(school)
    own_report(Told(settings), "{{ nobody }}", "a_first", FRONT.replace("---#}", "when: fri\n---#}"))
    post = Post(settings_of(school))
    for time in ("16:30", "16:31", "18:00"):
        told = [subject for _, subject in post.at(f"2026-11-27T{time}")]
        assert sum("could not make the report a_first" in subject for subject in told) == 1
        assert sum("The technician's week" in subject for subject in told) == 1
    post.office.close()


def test_alerts_yaml_says_which_reports_go_out(school: School, settings_of: Callable[[School], Settings]) -> None:
    (school.config / "alerts.yaml").write_text(
        "digest: {day: null, week: null}\nreports: [{name: week_technician, to: [dsl], when: tue}]\n"
    )
    post = Post(settings_of(school))
    assert [to for to, _ in post.at("2026-11-24T16:30")] == ['["dsl@school.example"]']
    assert len(post.at("2026-11-27T16:30")) == 1
    post.office.close()


def test_what_is_deleted_already_is_said_and_not_compared(told: Told) -> None:
    told.block("2026-11-24T10:00")
    assert "they are not counted." in rendered(told, "term_governors").text


def test_a_page_becomes_text_with_every_word() -> None:
    page = (
        "<html><head><title>no</title><style>no</style></head><body><h1>Head</h1><p>One <b>two</b> &amp; three.</p>"
        "<ul><li>a <a href='#x'>12</a></li><li>b</li></ul><table><thead><tr><th>What</th><th>This</th></tr></thead>"
        "<tbody><tr><th>Blocked</th><td>3</td></tr></tbody></table><svg><title>t</title><desc>Mon: 3</desc><text>no</text>"
        "</svg><div data-only='page'>no</div></body></html>"
    )
    assert plain(page) == "HEAD\n\nOne two & three.\n\n- a 12\n- b\n\n- Blocked: This 3\n\nMon: 3\n"


def test_hostile_words_show_as_text_in_every_report(told: Told) -> None:
    hostile = {
        "host": "<script>alert(1)</script>",
        "path": "/<img src=x>",
        "list": "<b>list</b>",
        "category": "<i>x</i>",
    }
    told.block("2026-11-24T10:00", group="<u>g</u>", **hostile)
    told.event("2026-11-24T10:00", **hostile)
    told.deed("2026-11-24T10:20", Deed.ASKED, "x", host="<script>", category="<i>y</i>", about="1", why="<b>why</b>")
    event = fault_event(datetime(2026, 11, 24, 10, tzinfo=UTC), "<em>where</em>", "<script>bad", "v1")
    Journal(told.data, "x").append({"t": "event", **event.row()})
    for name in SHIPPED:
        html = rendered(told, name).html
        for tag in ("<script", "<img", "<i>", "<u>", "<em>", "<b>"):
            assert tag not in html, (name, tag)


def test_the_report_that_the_guide_shows_works(told: Told) -> None:
    guide = (Path(__file__).parents[2] / "docs" / "reports.md").read_text()
    folder = told.settings.folders.root / "reports"
    folder.mkdir()
    (folder / "games.html").write_text(guide.partition("```jinja\n")[2].partition("```")[0])
    told.block("2026-11-24T10:00", category="games", group="pupils")
    page = rendered(told, "games")
    assert "1 game was blocked." in page.text
    assert "Pupil devices: 1" in page.text
    assert page.html.count("<svg") == 2
