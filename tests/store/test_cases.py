"""Cases are folded from deeds, keep their events, and clear what was found to be false; evidence is held as it came."""

import random
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as tries
from hypothesis import strategies as st
from pretend.school import School
from pretend.told import Told, named_school
from schoolgate.policy.rules import Action
from schoolgate.settings.load import Settings
from schoolgate.store import exhibits
from schoolgate.store.cases import (
    Case,
    Exhibit,
    Outcome,
    State,
    case_names,
    cases,
    clearings,
    fold,
    steady_id,
)
from schoolgate.store.event import DEED, Deed, Event, as_reference, deed_event
from schoolgate.store.record import open_reader
from schoolgate.store.recorder import Recorder

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
PNG = b"\x89PNG\r\n\x1a\n picture"


def _deed(minute: int, deed: Deed, about: str, entry: str = "", why: str = "", **more: str) -> dict[str, Any]:
    at = NOON + timedelta(minutes=minute)
    return deed_event(at, deed, more.pop("actor", "dsl u-1"), "v1", about=about, entry=entry, why=why, **more).row()


def _opened(**changes: str) -> dict[str, Any]:
    given = {"entry": "medium/headteacher", "person": "u-2", "why": "Blocked once.", "basis": "staff-adult"} | changes
    return deed_event(NOON, Deed.CASE, "schoolgate", "v1", **({"about": "e1 e2"} | given)).row()


def _only(*rows: dict[str, Any]) -> Case:
    [found] = fold(rows)
    return found


def test_a_case_is_what_its_deeds_say() -> None:
    opened = _opened()
    case = _only(
        opened,
        _deed(1, Deed.CASE_MORE, f"{opened['id']} e2 e3"),
        _deed(2, Deed.CASE_STEP, opened["id"], "acknowledged"),
        _deed(3, Deed.CASE_OWNER, opened["id"], "dsl", "knows her"),
        _deed(4, Deed.CASE_NOTE, opened["id"], why="Spoke to her"),
        _deed(5, Deed.OUTCOME, opened["id"], "low_level", "A mistake"),
    )
    assert (case.state, case.outcome, case.owner, case.route) == (State.DECIDED, "low_level", "dsl", "headteacher")
    assert (case.events, case.rule, case.priority) == (("e1", "e2", "e3"), "staff-adult", "medium")
    assert [entry.words for entry in case.of(Deed.CASE_NOTE)] == ["Spoke to her"]
    assert not case.was_raised_by_somebody


@pytest.mark.parametrize(
    ("steps", "state"),
    [
        (["acknowledged", "acknowledged"], "acknowledged"),
        (["investigating", "acknowledged"], "investigating"),
        (["closed", "investigating"], "closed"),
        (["closed", "reopened"], "investigating"),
        (["reopened"], "new"),
        (["acknowledged", "closed", "reopened", "closed"], "closed"),
        (["nonsense", ""], "new"),
    ],
)
def test_steps_lead_forwards_and_only_reopening_leads_back(steps: list[str], state: str) -> None:
    opened = _opened()
    rows = [_deed(n, Deed.CASE_STEP, opened["id"], step) for n, step in enumerate(steps, 1)]
    assert _only(opened, *rows).state == state


def test_what_was_written_twice_counts_once_and_what_belongs_to_no_case_is_left_aside() -> None:
    opened, note = _opened(), _deed(1, Deed.CASE_NOTE, "", why="Once")
    note["about"] = opened["id"]
    stray = _deed(2, Deed.CASE_NOTE, "nothing", why="Stray")
    assert len(_only(opened, note, dict(note), stray, dict(opened)).history) == 1


@tries(deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_of_rows_of_one_moment_changes_no_case(shuffled: random.Random) -> None:
    opened = _opened()
    rows = [opened, *(_deed(0, Deed.CASE_MORE, f"{opened['id']} e{n}") for n in range(3, 7))]
    shuffled.shuffle(rows)
    case = _only(*rows)
    assert (set(case.events), case.events[:2]) == ({f"e{n}" for n in range(1, 7)}, ("e1", "e2"))


@pytest.mark.parametrize("outcome", Outcome)
def test_false_and_malicious_outcomes_clear_and_no_others(outcome: Outcome) -> None:
    opened = _opened()
    case = _only(opened, _deed(1, Deed.OUTCOME, opened["id"], outcome))
    assert case.cleared == (("e1", "e2") if outcome in ("false", "malicious") else ())


def test_what_comes_after_an_outcome_is_not_cleared_by_it() -> None:
    opened = _opened()
    rows = [
        opened,
        _deed(1, Deed.OUTCOME, opened["id"], "false"),
        _deed(2, Deed.CASE_MORE, f"{opened['id']} e3"),
    ]
    assert _only(*rows).cleared == ("e1", "e2")
    assert _only(*rows, _deed(3, Deed.OUTCOME, opened["id"], "false")).cleared == ("e1", "e2", "e3")
    assert _only(_opened(person=""), _deed(1, Deed.OUTCOME, opened["id"], "false")).cleared == ()


@pytest.mark.parametrize(
    ("first", "then", "priority", "is_urgent"),
    [
        ("medium", ["high"], "high", True),
        ("medium", ["high", "low", "medium", ""], "high", True),
        ("high", ["high"], "high", False),
        ("low", ["medium"], "medium", False),
        ("medium", ["grave"], "medium", False),
        ("nonsense", [], "medium", False),
    ],
)
def test_a_priority_only_rises(first: str, then: list[str], priority: str, is_urgent: bool) -> None:
    opened = _opened(entry=f"{first}/dsl")
    case = _only(opened, *(_deed(n, Deed.CASE_MORE, f"{opened['id']} e{n}", level) for n, level in enumerate(then, 1)))
    assert (case.priority, case.urgent) == (priority, "2026-11-24T12:01:00.000Z" if is_urgent else "")


def test_the_last_outcome_holds() -> None:
    opened = _opened()
    decided = [_deed(n, Deed.OUTCOME, opened["id"], entry) for n, entry in enumerate(("false", "substantiated"))]
    assert _only(opened, *decided).cleared == ()


def test_ids_and_references_are_the_same_whenever_they_are_made() -> None:
    at = "2026-11-24T10:00:00.000Z"
    names = case_names(at, "1", "x")
    assert names == case_names(at, "1", "x")
    assert names != case_names(at, "1", "y")
    assert len(names["id"]) == 28
    assert as_reference(names["ref"].lower().replace("-", "")) == names["ref"]
    assert steady_id(at, "a", "b") < steady_id("2026-11-24T10:00:01.000Z", "a", "b")
    assert steady_id(at, "ab", "c") != steady_id(at, "a", "bc")


@pytest.fixture
def told(tmp_path: Path, settings_of: Callable[[School], Settings]) -> Told:
    return Told(settings_of(named_school(tmp_path)))


def _case(told: Told, *events: Event, login: str = "j.smith", actor: str = "schoolgate") -> Event:
    about = {"about": " ".join(event.id for event in events), "person": told.code(login), "entry": "medium/dsl"}
    return told.deed("2026-11-24T12:00", Deed.CASE, actor, **about, basis="staff-adult")


def test_only_events_of_the_person_concerned_are_cleared(told: Told) -> None:
    own, others = told.block("2026-11-24T10:00"), told.block("2026-11-24T10:00", "a.jones")
    case = _case(told, own, others, actor=told.code("a.jones"))
    told.deed("2026-11-24T13:00", Deed.OUTCOME, "dsl u-1", about=case.id, entry="false", why="x")
    with open_reader(told.data, with_waiting=True) as reader:
        assert clearings(reader) == {own.id: case.ref}


def _run_retention(told: Told, at: str) -> set[str]:
    """What is on record after retention ran then."""

    class Clock:
        def wall(self) -> datetime:
            return datetime.fromisoformat(at).replace(tzinfo=UTC)

        def monotonic(self) -> float:
            return 0.0

        boot = monotonic

    keep = {Action.LOG: timedelta(days=90), Action.BLOCK: timedelta(days=365), DEED: timedelta(days=7 * 365)}
    Recorder(told.data, {}).close()
    recorder = Recorder(told.data, keep)
    recorder._clock = Clock()  # type: ignore[assignment]
    recorder._forget()
    recorder._record.close()
    recorder._seals.close()
    with open_reader(told.data) as reader:
        return {row["id"] for row in reader.query("select id from events where rule <> 'retention'")}


def test_events_of_a_case_stay_while_it_is_open_and_as_long_as_cases_are_kept(told: Told) -> None:
    event, other = told.block("2026-11-24T10:00"), told.block("2026-11-24T10:00")
    note = told.deed("2026-11-24T10:30", Deed.NOTE, told.code("j.smith"), person=told.code("j.smith"), about=event.id)
    case = _case(told, event)
    kept = exhibits.keep(told.data, case.id, PNG)
    attached = told.deed("2026-11-24T12:01", Deed.ATTACHED, "dsl u-1", about=case.id, entry=kept.entry, why="a.png")
    own = {event.id, note.id, case.id, attached.id}
    assert _run_retention(told, "2028-01-01T00:00") == own
    assert other.id not in _run_retention(told, "2040-01-01T00:00")
    assert _run_retention(told, "2040-01-01T00:00") == own
    closed = told.deed("2040-01-02T00:00", Deed.CASE_STEP, "dsl u-1", about=case.id, entry="closed")
    assert _run_retention(told, "2046-12-01T00:00") == own | {closed.id}
    assert (told.data / "evidence" / case.id).is_dir()
    assert _run_retention(told, "2047-02-01T00:00") == set()
    assert not (told.data / "evidence" / case.id).exists()


@pytest.mark.parametrize("by", ["person", "event"])
def test_a_hold_keeps_the_case_with_all_that_was_done_about_it(told: Told, by: str) -> None:
    event = told.block("2026-11-24T10:00")
    case = _case(told, event)
    kept = exhibits.keep(told.data, case.id, PNG)
    done = [
        told.deed("2026-11-24T12:01", Deed.ATTACHED, "dsl u-1", about=case.id, entry=kept.entry, why="a.png"),
        told.deed("2026-11-24T12:02", Deed.OUTCOME, "dsl u-1", about=case.id, entry="substantiated", why="x"),
        told.deed("2026-11-24T12:03", Deed.CASE_STEP, "dsl u-1", about=case.id, entry="closed"),
    ]
    about = {"person": told.code("j.smith"), "entry": "/"} if by == "person" else {"about": event.id}
    hold = told.deed("2026-11-25T12:00", Deed.HOLD, "dsl u-1", **about, why="Tribunal")
    assert _run_retention(told, "2040-01-01T00:00") == {event.id, case.id, hold.id, *(deed.id for deed in done)}
    assert (told.data / "evidence" / case.id / kept.sha256).is_file()
    released = told.deed("2040-01-02T00:00", Deed.RELEASED, "dsl u-1", about=hold.id, person=hold.person, why="Over")
    assert _run_retention(told, "2040-02-01T00:00") == {released.id}
    assert not (told.data / "evidence" / case.id).exists()


def test_evidence_is_held_and_compared(tmp_path: Path) -> None:
    case = case_names("2026-11-24T10:00:00.000Z", "1")["id"]
    for _ in range(2):
        kept = exhibits.keep(tmp_path, case, PNG)
    path = tmp_path / "evidence" / case / kept.sha256
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert list(path.parent.iterdir()) == [path]
    opened = _opened()
    [exhibit] = _only(opened, _deed(1, Deed.ATTACHED, opened["id"], kept.entry, "a.png")).exhibits
    assert exhibit == Exhibit(exhibit.at, "dsl u-1", kept.sha256, len(PNG), "image/png", "a.png")
    assert exhibits.read(tmp_path, case, exhibit) == PNG
    path.write_bytes(PNG[:-1])
    with pytest.raises(exhibits.BadExhibit, match="not what was attached"):
        exhibits.read(tmp_path, case, exhibit)


@pytest.mark.parametrize("name", ["..", "../..", "a/b", "", "G" * 28, "0" * 27])
def test_no_case_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "evidence").mkdir()
    with pytest.raises(exhibits.BadExhibit):
        exhibits.keep(tmp_path, name, PNG)
    exhibits.forget(tmp_path, name)
    assert (tmp_path / "evidence").is_dir()


@pytest.mark.parametrize("entry", ["", "x", "/", "../../x/1/text/plain", "a/b/c/d/e"])
def test_an_entry_that_is_none_is_shown_and_never_read(tmp_path: Path, entry: str) -> None:
    opened = _opened()
    [exhibit] = _only(opened, _deed(1, Deed.ATTACHED, opened["id"], entry)).exhibits
    with pytest.raises(exhibits.BadExhibit):
        exhibits.read(tmp_path, opened["id"], exhibit)


def test_the_cases_of_a_record_are_read_with_what_waits(told: Told) -> None:
    case = _case(told, told.block("2026-11-24T10:00"))
    with open_reader(told.data, with_waiting=True) as reader:
        assert [each.id for each in cases(reader)] == [case.id]
