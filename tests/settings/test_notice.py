"""The notice says what the settings say, and its version changes with just that, and with the school year."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from pretend.school import RULES, School
from schoolgate.settings.load import Settings
from schoolgate.settings.notice import in_text, notice_of, notices_of, school_year

DAY = date(2026, 11, 24)
Load = Callable[[School], Settings]


@pytest.mark.parametrize(
    ("day", "year"), [(date(2026, 8, 31), 2025), (date(2026, 9, 1), 2026), (date(2027, 1, 1), 2026)]
)
def test_a_school_year_begins_on_the_first_of_september(day: date, year: int) -> None:
    assert school_year(day) == year


def test_it_is_read_anew_each_school_year(default: Settings) -> None:
    before, after = (notice_of(default, "staff", date(2026, month, 1)).version for month in (8, 9))
    assert (before[:5], after[:5]) == ("2025-", "2026-")
    assert before[5:] == after[5:]
    assert notice_of(default, "staff", date(2027, 8, 31)).version == after


def test_it_says_what_the_shipped_settings_do(default: Settings) -> None:
    text = in_text(notice_of(default, "staff", DAY))
    for words in (
        "Recorded in your working hours: Social media",
        "Why: Staff give the whole of their time to their duties in working hours. (Social media policy 6.19)",
        "Blocked, and recorded",
        "Monday to Thursday: 08:15-12:15 and 13:00-16:00.",
        "Friday: 08:15-12:15 and 13:00-15:30.",
        "counselling, faith, health, helplines, unions",
        "What counts: 90 days.",
        "What was blocked: 1 year.",
        "7 years",
        "Head Teacher (headteacher)",
        "Chair of Governors (chair of governors)",
        "Pictures of pupils or of the school are not shared without permission.",
        "say that an entry is wrong",
    ):
        assert words.casefold() in text.casefold(), words
    assert "Pupils must not be exposed" not in text


def test_only_people_who_work_here_have_one(default: Settings) -> None:
    assert list(notices_of(default, DAY)) == ["staff"]
    with pytest.raises(KeyError):
        notice_of(default, "nobody", DAY)


@pytest.mark.parametrize(
    ("attribute", "old", "new"),
    [
        ("rules", "[social_media, shopping]", "[social_media]"),
        ("rules", "Staff give the whole", "All staff give the whole"),
        ("rules", "when: working_hours, action: log", "when: always, action: log"),
        ("rules", "when: working_hours, action: log", "when: working_hours, action: warn"),
        ("rules", "action: log,\n     alert: digest", "action: log,\n     alert: immediate"),
        ("calendar", "00:00-24:00", "08:00-16:00"),
        ("monitoring", "required: false", "required: false, words: Please read this."),
        ("monitoring", "required: false}", "required: false}\nnames: {may_reveal: [headteacher]}"),
        ("monitoring", "required: false}", "required: false}\nnever_log: [health]"),
        ("roles", "name: Head,", "name: Ms Head,"),
    ],
)
def test_a_change_of_what_is_true_for_staff_changes_its_version(
    tmp_path: Path, settings_of: Load, attribute: str, old: str, new: str
) -> None:
    school = School(tmp_path).write()
    before = notice_of(settings_of(school), "staff", DAY)
    written = getattr(school, attribute)
    assert old in written
    setattr(school, attribute, written.replace(old, new))
    assert notice_of(settings_of(school.write()), "staff", DAY).version != before.version


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Pupils must not be exposed", "Children must not be exposed"),
        ("  - {id: pupils-chat", "  # a remark\n  - {id: pupils-chat"),
    ],
)
def test_a_change_of_anything_else_does_not(tmp_path: Path, settings_of: Load, old: str, new: str) -> None:
    school = School(tmp_path).write()
    before = notice_of(settings_of(school), "staff", DAY)
    assert old in RULES
    school.rules = RULES.replace(old, new)
    assert notice_of(settings_of(school.write()), "staff", DAY) == before
