"""The evidence pack clears as well as accuses, says how sure it is, and cannot be changed without notice."""

import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime
from html import unescape
from pathlib import Path

import pytest
from pretend.school import School
from pretend.told import Told, named_school
from schoolgate.reporting.case import Case, read_case
from schoolgate.reporting.evidence import Evidence, evidence
from schoolgate.reporting.evidence_pack import Pack, write_pack
from schoolgate.reporting.period import between
from schoolgate.reporting.subject import subject_of
from schoolgate.settings.faults import SettingsError
from schoolgate.settings.load import Settings
from schoolgate.store.check_chain import check
from schoolgate.store.event import Deed, stamp
from schoolgate.store.record import open_reader

DAY = "2026-11-24T"
NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)


@pytest.fixture
def told(tmp_path: Path, settings_of: Callable[[School], Settings]) -> Told:
    return Told(settings_of(named_school(tmp_path)))


def case_of(told: Told, person: str = "j.smith", first: str = "2026-11-23", last: str = "2026-11-27") -> Case:
    days = between(date.fromisoformat(first), date.fromisoformat(last), told.settings.snapshot.calendar)
    with open_reader(told.data, with_waiting=True) as reader:
        return read_case(reader, told.settings, subject_of(told.settings, told.pseudonyms, reader, person), days)


def found(told: Told, person: str = "j.smith") -> Evidence:
    return evidence(case_of(told, person), NOW)


def pack(told: Told, out: Path, person: str = "j.smith") -> Pack:
    told.seal()
    with open_reader(told.data, with_waiting=True) as reader:
        return write_pack(evidence(case_of(told, person), NOW), reader, out, "", "for a test")


def explained(told: Told) -> str:
    return "\n".join(words for each in found(told).happened for words in each.explanations)


def test_a_visit_stands_with_its_reason_and_its_rule(told: Told) -> None:
    told.event(f"{DAY}10:40")
    told.event(f"{DAY}10:42", path="/b")
    [spell] = found(told).happened
    assert (spell.state, len(spell.sitting.pages), spell.sitting.minutes) == ("counted", 2, 2)
    assert spell.because == "counted because Tuesday 10:40 is in their working hours 08:15-12:15"
    assert spell.explanations == ()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"identity_confidence": "network"}, "known by its network only"),
        ({"identity_confidence": "device"}, "somebody else may have held it"),
        ({"identity_confidence": "unknown"}, "Neither the person nor the device"),
        ({"confidence": "0.60", "reason": "maybe by itself"}, "only likely (0.60) that somebody opened this"),
        ({"confidence": "rubbish"}, "only likely (rubbish)"),
        ({"notice": ""}, "no notice that had been acknowledged"),
    ],
)
def test_innocent_explanations_in_the_event_itself(told: Told, changes: dict[str, str], words: str) -> None:
    told.event(f"{DAY}10:40", **changes)
    told.event(f"{DAY}10:42", path="/b", **changes)
    assert words in explained(told)


@pytest.mark.parametrize(("at", "is_near"), [("12:11", True), ("08:17", True), ("12:09", False), ("13:04", True)])
def test_the_edge_of_a_break_is_told(told: Told, at: str, is_near: bool) -> None:
    told.event(f"{DAY}{at}")
    assert ("within five minutes of a break" in explained(told)) is is_near


def test_leave_that_was_put_down_later_speaks_for_the_person(
    tmp_path: Path, settings_of: Callable[[School], Settings]
) -> None:
    school = named_school(tmp_path)
    with (school.config / "calendar.yaml").open("a") as file:
        file.write("leave: [{people: [j.smith], from: 2026-11-24, to: 2026-11-24}]\n")
    told = Told(settings_of(school))
    told.event(f"{DAY}10:40")
    assert "By the calendar as it stands now this was not working time" in explained(told)


def test_a_short_look_and_a_page_that_loads_itself_are_told(told: Told) -> None:
    told.event(f"{DAY}10:40")
    assert "can be a click by mistake" in explained(told)
    for minute in range(41, 50):
        told.event(f"{DAY}10:{minute}")
    assert "loaded itself anew" in explained(told)


def test_a_page_to_which_a_site_sent_the_browser_is_told(told: Told) -> None:
    told.event(f"{DAY}10:40", reason="a person led the browser to it, over a redirect")
    assert "A site sent the browser on to www.facebook.com" in explained(told)


def test_tabs_that_were_restored_are_told(told: Told) -> None:
    for host in ("www.facebook.com", "x.com", "www.instagram.com"):
        told.event(f"{DAY}10:40", host=host)
    assert "3 pages were opened within seconds" in explained(told)


def test_a_shared_device_is_told_and_others_stand_under_codes(told: Told) -> None:
    told.event(f"{DAY}10:40", client="127.0.0.3")
    told.event(f"{DAY}11:05", "a.jones", client="127.0.0.3")
    evidence = found(told)
    assert f"in use by {told.code('a.jones')} within half an hour" in explained(told)
    [shared] = evidence.sureness.shared
    assert (shared.client, shared.person, shared.requests) == ("127.0.0.3", told.code("a.jones"), 1)


def test_a_login_at_two_devices_at_once_is_told(told: Told) -> None:
    told.event(f"{DAY}10:40")
    told.event(f"{DAY}10:42", client="127.0.0.3")
    told.event(f"{DAY}11:42", client="127.0.0.3")
    assert found(told).sureness.at_once == ["Tue 24 Nov 2026 10:40: at 127.0.3.7 and at 127.0.0.3"]


def test_a_purpose_that_just_missed_is_told(told: Told) -> None:
    since, until = (stamp(datetime(2026, 11, 24, hour, tzinfo=UTC)) for hour in (9, 10))
    about = {"person": told.code("j.smith"), "about": "facebook.com", "entry": f"{since}/{until}", "why": "Year 5"}
    told.deed(f"{DAY}08:30", Deed.DECLARED, told.code("j.smith"), **about)
    told.event(f"{DAY}10:40")
    assert "The purpose 'Year 5' that the person declared for this site ended at 10:00." in explained(told)


def test_contests_stand_with_their_answers_and_cleared_visits_count_for_nothing(told: Told) -> None:
    first, second, third = (told.event(f"{DAY}{hour}:00") for hour in ("09", "10", "14"))
    told.contest(f"{DAY}16:00", first, words="It was for the fair")
    told.answer(f"{DAY}16:30", told.contest(f"{DAY}16:10", second), "upheld")
    told.answer(f"{DAY}16:40", told.contest(f"{DAY}16:20", third), "refused")
    evidence = found(told)
    assert [each.state for each in evidence.happened] == ["contested", "upheld", "refused"]
    assert (evidence.context.counted_pages, evidence.context.counted_minutes) == (1, 1)


def test_the_context_is_told_as_shares_of_working_time(told: Told) -> None:
    told.event(f"{DAY}10:40")
    told.activity("2026-11-24", "", "visit", 95)
    told.activity("2026-11-24", "social_media", "visit", 5)
    told.activity("2026-11-24", "social_media", "embedded", 700)
    context = found(told).context
    assert [(row.category, row.percent, row.personal) for row in context.shares] == [
        ("", 95.0, False),
        ("social_media", 5.0, True),
    ]
    assert (context.opened, context.by_itself, context.active_days) == (100, 700, 1)
    assert (context.working_days, context.working_minutes) == (4, 4 * 420), "days that are still to come do not count"


def test_the_page_names_nobody_and_judges_nobody(told: Told, tmp_path: Path) -> None:
    told.event(f"{DAY}10:40", client="127.0.0.3", path="/<script>alert(1)</script>")
    told.event(f"{DAY}10:45", "a.jones", client="127.0.0.3")
    html = (pack(told, tmp_path / "out").folder / "evidence.html").read_text()
    for name in ("j.smith", "Smith", "a.jones", "Jones"):
        assert name not in html
    assert "judges nobody" in " ".join(html.split())
    assert "<script" not in html
    assert "src=" not in html
    assert "http://" not in html


def test_the_pack_is_whole_and_any_change_of_it_is_found(told: Told, tmp_path: Path) -> None:
    told.event(f"{DAY}10:40")
    told.event(f"{DAY}10:50", "a.jones")
    told.contest(f"{DAY}16:00", told.event(f"{DAY}10:42"))
    made = pack(told, tmp_path / "out")
    assert (made.has_pdf, made.waiting) == (True, 0)
    assert (made.folder / "evidence.pdf").read_bytes().startswith(b"%PDF")
    assert check(made.zip).findings == []
    assert check(made.folder).findings == []
    alone = subprocess.run([sys.executable, "verify.py"], cwd=made.folder, capture_output=True, text=True, timeout=60)
    assert alone.returncode == 0, alone.stdout + alone.stderr
    events = made.folder / "events.jsonl"
    lines = events.read_text().splitlines(keepends=True)
    assert len(lines) == 3
    assert told.code("a.jones") not in "".join(lines)
    for altered in (
        [lines[0].replace("facebook", "facebooc"), *lines[1:]],
        lines[1:],
        [lines[1], lines[0], *lines[2:]],
    ):
        events.write_text("".join(altered))
        assert check(made.folder).findings
    with zipfile.ZipFile(made.zip) as file:
        assert {Path(name).name for name in file.namelist()} >= {
            "evidence.html",
            "chain.jsonl",
            "seal.txt",
            "verify.py",
        }


def test_what_is_not_sealed_yet_is_said(told: Told, tmp_path: Path) -> None:
    told.event(f"{DAY}10:40")
    with open_reader(told.data, with_waiting=True) as reader:
        made = write_pack(found(told), reader, tmp_path / "out", "", "")
    assert made.waiting == 1
    assert "1 more were not sealed yet" in (made.folder / "evidence.html").read_text()


def test_somebody_without_a_login_has_a_case_too(told: Told) -> None:
    code = told.pseudonyms.of("device", "127.0.0.3")
    told.event(f"{DAY}10:40", client="127.0.0.3", person=code, identity_confidence="network")
    case = case_of(told, code)
    assert (case.subject.code, case.subject.devices, case.subject.group) == (code, ("127.0.0.3",), "staff")
    assert len(case.pages) == 1


def test_shares_are_written_for_programs(told: Told, tmp_path: Path) -> None:
    told.activity("2026-11-24", "", "visit", 9)
    shares = json.loads((pack(told, tmp_path / "out").folder / "context.json").read_text())
    assert shares == [{"category": "", "opened": 9, "by_itself": 0}]


def test_a_pack_is_for_its_owner_only_and_whole_or_not_there_at_all(told: Told, tmp_path: Path) -> None:
    told.event(f"{DAY}10:40")
    made = pack(told, tmp_path / "out")
    for path in (made.folder, made.zip, *made.folder.iterdir()):
        assert path.stat().st_mode & 0o077 == 0, path
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [made.folder.name, made.zip.name]
    (told.settings.folders.root / "reports").mkdir(exist_ok=True)
    (told.settings.folders.root / "reports" / "evidence.html").write_text("{{ nonsense }}")
    with pytest.raises(SettingsError, match="nonsense"):
        pack(told, tmp_path / "second")
    assert list((tmp_path / "second").iterdir()) == []


def test_one_row_that_says_too_little_does_not_stop_the_pack(told: Told, tmp_path: Path) -> None:
    told.event(f"{DAY}10:40", calendar="")
    html = (pack(told, tmp_path / "out").folder / "evidence.html").read_text()
    assert "The record does not say whether it was working time." in html


def test_a_block_stands_with_its_contest_and_with_who_opened_it(told: Told) -> None:
    told.answer(f"{DAY}16:30", told.contest(f"{DAY}16:00", told.block(f"{DAY}10:40")), "upheld")
    told.contest(f"{DAY}16:10", told.block(f"{DAY}10:41", kind="embedded"))
    told.block(f"{DAY}10:42", kind="unknown")
    evidence = found(told)
    assert [evidence.words_of(row) for row in evidence.stopped] == [
        "blocked; it was cleared: the contest was upheld, so it does not count",
        "blocked; a page or a program loaded it by itself; it is contested and waits for an answer: it does not count for now",
        "blocked; it is not known whether a person opened it",
    ]


def test_pages_are_compared_with_all_that_was_opened_on_the_same_days_only(told: Told) -> None:
    """Counts of all activity are kept for a shorter time than visits that count."""
    for minute in range(40, 50):
        told.event(f"2026-11-23T10:{minute}", path=f"/{minute}")
    told.event(f"{DAY}10:40")
    told.activity("2026-11-24", "social_media", "visit", 1)
    told.activity("2026-11-24", "", "visit", 3)
    context = found(told).context
    assert (context.counted_pages, context.counted_pages_then, context.percent_of_pages) == (11, 1, 25.0)


def test_a_login_is_never_called_proof_of_who_sat_there(told: Told, tmp_path: Path) -> None:
    told.event(f"{DAY}10:40")
    html = (pack(told, tmp_path / "out").folder / "evidence.html").read_text()
    assert "A browser keeps a password and sends it by itself" in html
    assert "2026-11-24" not in html, "dates are told as people say them"


def test_long_addresses_are_broken_without_a_style_that_costs_a_pdf_seconds(told: Told, tmp_path: Path) -> None:
    told.event(f"{DAY}10:40", path="/" + "<a>" * 170)
    html = (pack(told, tmp_path / "out").folder / "evidence.html").read_text()
    shown = html.partition("<td>www.facebook.com")[2].partition("</td>")[0].split("<wbr>")
    assert max(len(unescape(part)) for part in shown) <= 40
    assert unescape("".join(shown)) == "/" + "<a>" * 170
