"""What if: the past is judged again by edited settings, each event as of its own moment, and nobody is named."""

from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pretend.school import RULES, School
from pretend.told import LONDON, PEOPLE, Told, named_school
from schoolgate.access import names_of
from schoolgate.policy.rules import Action
from schoolgate.policy.standing import NO_STANDING
from schoolgate.replay.outcome import Example
from schoolgate.replay.rejudging import FIELDS, Pair, Rejudging, Unjudged
from schoolgate.replay.run import Replay, replay
from schoolgate.settings.load import Settings
from schoolgate.store.event import Deed
from schoolgate.store.record import open_reader

Load = Callable[[School], Settings]
PUPIL = {"client": "127.0.2.9", "identity_confidence": "network", "group": "pupils", "person": "d-0123456789ab"}
BLOCKED = {**PUPIL, "action": "block", "rule": "pupils-harm", "category": "gambling", "host": "bet365.com", "path": "/"}
FROM, TO = (datetime(2026, 11, day, tzinfo=LONDON) for day in (16, 30))


@pytest.fixture
def school(tmp_path: Path) -> School:
    return named_school(tmp_path / "now")


@pytest.fixture
def now(school: School, settings_of: Load) -> Settings:
    return settings_of(school)


@pytest.fixture
def told(now: Settings) -> Told:
    return Told(now)


@pytest.fixture
def edited(tmp_path: Path, settings_of: Load) -> Callable[..., Settings]:
    """The same school with other files."""

    def edit(**files: Any) -> Settings:
        copy = named_school(tmp_path / "new")
        for name, text in files.items():
            setattr(copy, name, text)
        return settings_of(copy.write())

    return edit


def judged(told: Told, new: Settings, **options: Any) -> Replay:
    logins = names_of(told.settings, told.pseudonyms)
    with open_reader(told.data, with_waiting=True) as reader:
        return replay(reader, told.settings, new, FROM, TO, logins, **options)


def only(found: Replay) -> tuple[Any, ...]:
    """The one change there is, but for its sites."""
    [change] = found.changes
    return (change.group, change.category, change.before, change.after, change.rule_before, change.rule, change.events)


def test_unchanged_settings_change_nothing(told: Told) -> None:
    told.event("2026-11-24T10:30")
    told.event("2026-11-24T10:31", **BLOCKED)
    found = judged(told, told.settings)
    assert (found.events, found.same, found.changed, found.changes, found.missed) == (2, 2, 0, (), ())
    assert (found.drifted, found.by_another) == (0, 0)


def test_a_rule_that_is_dropped_opens_what_it_blocked(told: Told, edited: Callable[..., Settings]) -> None:
    for host in ("bet365.com", "bet365.com", "www.bet365.com", "m.bet365.com"):
        told.event("2026-11-24T10:30", **BLOCKED | {"host": host})
    told.event("2026-11-24T10:31")
    found = judged(told, edited(rules=RULES.replace("gambling, ", "")))
    assert only(found) == ("pupils", "gambling", "block", "allow", "pupils-harm", "", 4)
    [change] = found.changes
    assert (change.hosts, change.examples[0]) == (3, Example("bet365.com", 2))
    assert (found.same, found.told_before, found.told_after) == (1, 4, 0)


def test_a_stricter_rule_blocks_what_was_written_down(told: Told, edited: Callable[..., Settings]) -> None:
    told.event("2026-11-24T10:30")
    told.event("2026-11-24T12:30")  # in the lunch break, when no rule speaks of it
    found = judged(told, edited(rules=RULES.replace("when: working_hours, action: log", "action: block")))
    changes = {(each.before, each.after, each.rule, each.events) for each in found.changes}
    assert changes == {("log", "block", "staff-personal-use", 1), ("allow", "block", "staff-personal-use", 1)}


def test_each_event_is_judged_as_of_its_own_moment(told: Told, edited: Callable[..., Settings]) -> None:
    for at in ("2026-11-23T10:30", "2026-11-24T10:30", "2026-11-24T15:45"):
        told.event(at)
    shorter = told_calendar = (told.settings.folders.config / "calendar.yaml").read_text()
    shorter = told_calendar.replace('"13:00-16:00"', '"13:00-15:30"')
    assert only(judged(told, edited(calendar=shorter)))[2:] == ("log", "allow", "staff-personal-use", "", 1)


def test_the_schools_own_lists_count(told: Told, edited: Callable[..., Settings], tmp_path: Path) -> None:
    told.event("2026-11-24T10:30", **BLOCKED)
    local = tmp_path / "new" / "blocklists" / "local"
    local.mkdir(parents=True)
    (local / "allow.yaml").write_text("domains: [bet365.com]\n")
    assert only(judged(told, edited()))[:3] == ("pupils", "gambling", "block")


def test_a_persons_own_contract_is_honoured(told: Told, edited: Callable[..., Settings]) -> None:
    told.event("2026-11-24T10:30", "j.smith")
    told.event("2026-11-24T10:30", "a.jones")
    told.event("2026-11-24T10:30", "n.obody")
    contract = 'contracts: [{id: half, people: [a.jones], hours: {tue: ["13:00-16:00"]}}]\n'
    calendar = (told.settings.folders.config / "calendar.yaml").read_text() + contract
    found = judged(told, edited(calendar=calendar))
    assert (found.same, only(found)[2:4]) == (2, ("log", "allow"))


def test_who_is_moved_into_another_group_is_judged_with_that_one(told: Told, edited: Callable[..., Settings]) -> None:
    told.event("2026-11-24T10:30", **BLOCKED | {"host": "mail.google.com", "action": "warn", "rule": "pupils-chat"})
    told.event("2026-11-24T10:31", **BLOCKED)
    people = PEOPLE.replace(', "127.0.2.0/24"', "").replace(
        "{title: Guests}", '{title: Guests, networks: ["127.0.2.0/24"]}'
    )
    found = judged(told, edited(people=people))
    assert only(found) == ("pupils", "webmail", "warn", "allow", "pupils-chat", "", 1)
    assert found.changes[0].moves == "guests"


def test_a_network_that_another_group_has_had_since_changes_nothing(
    told: Told, edited: Callable[..., Settings]
) -> None:
    told.event("2026-11-24T10:30", **BLOCKED | {"client": "127.0.3.99"})  # that is staff's today
    found = judged(told, edited(rules=RULES.replace("gambling, ", "")))
    assert only(found)[:4] == ("pupils", "gambling", "block", "allow")


def test_of_whom_nobody_knows_the_group_on_record_counts_and_is_missed_where_it_is_gone(
    told: Told, edited: Callable[..., Settings]
) -> None:
    told.event("2026-11-24T10:30", "n.obody", client="127.0.2.9")
    people = PEOPLE.replace("staff:", "teachers:").replace("group: staff", "group: teachers")
    rules, calendar = (
        (told.settings.folders.config / name).read_text().replace("staff", "teachers")
        for name in ("rules.yaml", "calendar.yaml")
    )
    [missed] = judged(told, edited(people=people, rules=rules, calendar=calendar)).missed
    assert (missed.why, missed.events) == (Unjudged.GROUP, 1)


def test_declared_purposes_still_explain_a_visit(told: Told, edited: Callable[..., Settings]) -> None:
    told.deed(
        "2026-11-24T08:00", Deed.DECLARED, told.code("j.smith"), person=told.code("j.smith"), about="www.facebook.com",
        entry="2026-11-24T08:00:00.000Z/2026-11-24T16:00:00.000Z", why="Year 5 history",
    )  # fmt: skip
    told.event("2026-11-24T10:30", action="allow", left_out="work: needed for 'Year 5 history'")
    found = judged(told, edited(rules=RULES.replace("action: log", "action: warn")))
    assert (found.same, found.changed) == (1, 0)


def test_what_was_opened_for_a_lesson_stays_open_for_it(told: Told, edited: Callable[..., Settings]) -> None:
    told.deed(
        "2026-11-24T10:00", Deed.OPENED, "technician u-0123456789ab", host="mail.google.com", path="", group="pupils",
        entry="2026-11-24T10:00:00.000Z/2026-11-24T11:00:00.000Z", why="Year 6 writes letters",
    )  # fmt: skip
    warned = BLOCKED | {"host": "mail.google.com", "action": "warn", "rule": "pupils-chat"}
    for at in ("2026-11-24T09:59", "2026-11-24T10:30", "2026-11-24T11:00"):
        told.event(at, **warned)
    found = judged(told, edited(rules=RULES.replace("action: warn", "action: block")))
    changes = {(each.before, each.after, each.rule): each.events for each in found.changes}
    assert changes == {("warn", "block", "pupils-chat"): 2, ("warn", "allow", "opened"): 1}


def test_searches_are_judged_by_their_words(told: Told, edited: Callable[..., Settings]) -> None:
    search = {**BLOCKED, "host": "www.google.com", "path": "/search", "stage": "search", "list": "search"}
    told.event("2026-11-24T10:30", **search | {"search": "how to make a pipe bomb at home", "category": "extremism"})
    rules = RULES.replace("extremism, gambling", "gambling")
    before, after = judged(told, told.settings), judged(told, edited(rules=rules))
    assert before.drifted == 0
    assert only(after)[2:4] == ("block", "allow")
    assert "bomb" not in str(asdict(after))


def test_what_is_not_kept_cannot_be_judged_and_says_why(told: Told, edited: Callable[..., Settings]) -> None:
    for about in (
        {"list": "text", "stage": "response"}, {"list": "picture", "stage": "response"}, {"list": "file", "rule": "x"},
        {"rule": "names-disagree"}, {"rule": "bad-address", "host": "unreadable"},
        {"search": f"{'a' * 249}…{'b' * 250}", "stage": "search", "list": "search"},
    ):  # fmt: skip
        told.event("2026-11-24T10:30", **BLOCKED | about)
    found = judged(told, edited(rules=RULES.replace("gambling, ", "")))
    missed = {each.why: (each.events, each.touched) for each in found.missed}
    assert missed == {
        Unjudged.PAGE: (1, 1), Unjudged.PICTURE: (1, 1), Unjudged.FILE: (1, 0), Unjudged.SEARCH: (1, 1), Unjudged.REQUEST: (2, 0),
    }  # fmt: skip
    assert (found.events, found.same, found.changed) == (6, 0, 0)


def test_a_name_that_alone_was_seen_is_judged_by_its_name(told: Told, edited: Callable[..., Settings]) -> None:
    told.event("2026-11-24T10:30", **BLOCKED | {"stage": "hello", "path": "", "group": "guests", "client": "10.9.9.9"})
    assert only(judged(told, edited(rules=RULES.replace("gambling, ", ""))))[:4] == (
        "guests",
        "gambling",
        "block",
        "allow",
    )


def test_a_rule_before_another_decides_in_its_place(told: Told, edited: Callable[..., Settings]) -> None:
    told.event("2026-11-24T10:30", **BLOCKED)
    first = "\n  - {id: earlier, groups: [pupils], categories: [gambling], action: block, why: Because.}"
    found = judged(told, edited(rules=RULES.replace("rules:", f"rules:{first}", 1)))
    assert (found.same, found.by_another, found.changed) == (1, 1, 0)
    assert (found.told_before, found.told_after) == (1, 0)


def test_what_was_judged_otherwise_then_is_told_apart_from_the_edit(told: Told) -> None:
    told.event("2026-11-24T10:30", **BLOCKED | {"host": "no-list-names-this.example"})
    found = judged(told, told.settings)
    assert (found.same, found.drifted) == (1, 1)


def test_who_went_on_after_a_page_that_asked_was_judged_as_now(told: Told) -> None:
    asked = BLOCKED | {"host": "mail.google.com", "category": "webmail"}
    for action, rule in (("warn", "pupils-chat"), ("log", "pupils-chat"), ("log", "pupils-older")):
        told.event("2026-11-24T10:30", **asked | {"action": action, "rule": rule})
    found = judged(told, told.settings)
    assert (found.same, found.drifted) == (3, 1)


def test_deeds_faults_and_other_times_are_no_part_of_it(told: Told) -> None:
    told.event("2026-11-15T10:30")
    told.event("2026-11-30T10:30")
    told.event("2026-11-24T10:30", action="fault")
    told.contest("2026-11-24T10:30", told.event("2026-11-24T10:30"))
    assert judged(told, told.settings).events == 1


def test_only_the_newest_are_looked_at_where_there_are_too_many(told: Told) -> None:
    for day in (17, 18, 23, 24):
        told.event(f"2026-11-{day}T10:30")
    found = judged(told, told.settings, most=2)
    assert (found.events, found.since) == (2, datetime(2026, 11, 23, 10, 30, tzinfo=LONDON))
    assert judged(told, told.settings, most=4).since == FROM


def test_counts_of_what_was_allowed_show_what_a_new_rule_would_meet(
    told: Told, edited: Callable[..., Settings]
) -> None:
    for group, action, category, hour, number in (
        ("pupils", "allow", "", 10, 900), ("pupils", "allow", "games", 10, 70), ("pupils", "allow", "games", 20, 5),
        ("pupils", "block", "games", 10, 1000), ("staff", "allow", "games", 10, 30), ("staff", "allow", "social_media", 10, 8),
    ):  # fmt: skip
        about = {"hour": f"2026-11-24T{hour}:00:00.000Z", "group": group, "action": action, "category": category}
        told.journal.append({"t": "tally", **about, "requests": number})
    told.journal.append({"t": "tally", **about, "hour": "2026-11-10T10:00:00.000Z", "requests": 7})
    rule = "\n  - {id: no-games, groups: [pupils], categories: [games], when: lessons, action: block, why: Lessons.}"
    calendar = (told.settings.folders.config / "calendar.yaml").read_text()
    calendar += 'periods: {lessons: {mon-fri: ["09:00-15:00"]}}\n'
    found = judged(told, edited(rules=RULES.replace("rules:", f"rules:{rule}", 1), calendar=calendar))
    assert [(each.group, each.requests, each.listed) for each in found.allowed] == [
        ("pupils", 975, 75),
        ("staff", 38, 38),
    ]
    assert [tuple(asdict(each).values()) for each in found.expected] == [("pupils", "games", "block", "no-games", 70)]


def test_nobody_is_named_in_the_answer(told: Told, edited: Callable[..., Settings]) -> None:
    told.event("2026-11-24T10:30", path="/j.smith")
    told.event("2026-11-24T10:31", **BLOCKED)
    text = str(asdict(judged(told, edited(rules="rules: []\n"))))
    for secret in (told.code("j.smith"), "j.smith", "127.0.", PUPIL["person"]):
        assert secret not in text


def test_the_record_may_be_empty_or_not_there(now: Settings) -> None:
    with open_reader(now.data, with_waiting=True) as reader:
        found = replay(reader, now, now, FROM, TO, {})
    assert (found.events, found.allowed) == (0, ())


def test_a_rule_may_be_replaced_in_memory(told: Told) -> None:
    told.event("2026-11-24T10:30", **BLOCKED)
    rules = tuple(replace(rule, action=Action.WARN) for rule in told.settings.snapshot.rules)
    new = replace(told.settings, snapshot=replace(told.settings.snapshot, rules=rules))
    assert only(judged(told, new))[2:6] == ("block", "warn", "pupils-harm", "pupils-harm")


def test_it_says_how_far_it_is(told: Told) -> None:
    for number in range(2050):
        told.event("2026-11-24T10:30", **BLOCKED | {"path": f"/{number}"})
    heard: list[tuple[int, int]] = []
    judged(told, told.settings, tell=lambda done, total: heard.append((done, total)))
    assert heard == [(1000, 2050), (2000, 2050)]


@given(
    fields=st.fixed_dictionaries(
        {},
        optional={
            name: st.one_of(
                st.text(max_size=40), st.sampled_from(["", "127.0.0.2", "::1", "pupils", "login", "hello", "search"])
            )
            for name in FIELDS
            if name != "at"
        },
    )
)
@settings(max_examples=150, deadline=None)
def test_whatever_stands_on_record_is_answered(default: Settings, fields: dict[str, str]) -> None:
    row = dict.fromkeys(FIELDS, "") | {"at": "2026-11-24T10:30:00.000Z", "search": None} | fields
    assert isinstance(Rejudging(default, default, {}, NO_STANDING).judge(row), (Pair, Unjudged))
