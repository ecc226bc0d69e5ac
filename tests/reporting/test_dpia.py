"""The impact assessment says what the settings say, and does not claim a measure that is switched off."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pretend.school import School
from pretend.told import named_school
from schoolgate.reporting.dpia import render_dpia, sections
from schoolgate.reporting.measures import OFF, ON, measures
from schoolgate.reporting.report import try_reports
from schoolgate.settings.faults import SettingsError
from schoolgate.settings.load import Settings

NOW = datetime(2026, 11, 26, tzinfo=UTC)


def states(settings: Settings) -> dict[str, str]:
    return {each.risk: each.state for each in measures(settings)}


def test_the_shipped_settings_are_told(default: Settings) -> None:
    text, html = render_dpia(default, NOW)
    for words in ("08:15-12:15", "Social media", "90 days", "staff-personal-use", "headteacher", "KCSIE"):
        assert words in text
        assert words in html
    assert text.count("TO DO") > 15
    assert "<table" in html
    for outside in ("src=", "href="):
        assert outside not in html


@pytest.mark.parametrize(
    ("file", "text", "risk"),
    [
        ("monitoring", "notice: {required: false}", "People are monitored without knowing it."),
        ("monitoring", "never_log: []", "What is most private is seen: health, faith, unions, help lines, banking."),
        ("monitoring", "seal: {to: [headteacher]}", "Somebody changes the record afterwards."),
    ],
)
def test_a_measure_that_is_off_is_an_open_point(
    tmp_path: Path, settings_of: Callable[[School], Settings], file: str, text: str, risk: str
) -> None:
    school = named_school(tmp_path)
    (school.config / f"{file}.yaml").write_text("notice: {required: true}\n")
    before = settings_of(school)
    assert states(before)[risk] == ON
    (school.config / f"{file}.yaml").write_text(f"{text}\n")
    after = settings_of(school)
    assert states(after)[risk] == OFF
    points = next(section for section in sections(after) if "Open points" in section.heading)
    assert any(risk in line for line in points.lines)


def test_a_contact_and_a_console_close_their_open_points(
    tmp_path: Path, settings_of: Callable[[School], Settings]
) -> None:
    school = named_school(tmp_path)
    assert states(settings_of(school))["People cannot see or answer what is held about them."] == OFF
    school.console_port = 8099
    school.write()
    (school.config / "monitoring.yaml").write_text("notice: {contact: dpo@school.example}\n")
    after = states(settings_of(school))
    assert after["People cannot see or answer what is held about them."] == ON
    assert after["Nobody knows whom to ask."] == ON


@pytest.mark.parametrize("name", ["digest", "evidence", "sar", "dpia", "dpia_text"])
def test_a_template_that_cannot_be_used_is_a_fault_of_its_file(
    tmp_path: Path, settings_of: Callable[[School], Settings], name: str
) -> None:
    school = named_school(tmp_path)
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / f"{name}.html").write_text("{{ nothing_of_the_kind }}")
    with pytest.raises(SettingsError, match=f"reports/{name}.html"):
        try_reports(settings_of(school))
