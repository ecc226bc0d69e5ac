"""What alerts.yaml and school.yaml say of cases is checked by file and line."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from pretend.school import School
from schoolgate.settings.faults import SettingsError
from schoolgate.settings.load import Settings


def test_what_is_left_out_has_defaults(tmp_path: Path, settings_of: Callable[[School], Settings]) -> None:
    settings = settings_of(School(tmp_path, alerts="cases: {decide: 10d}\n").write())
    times = settings.alerts.cases
    assert (times.acknowledge, times.decide) == (timedelta(hours=1), timedelta(days=10))
    assert times.escalate == ["headteacher", "dsl", "chair_of_governors"]


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("cases: {acknowledge: 0h}", "config/alerts.yaml:1: '0h' leaves nobody any time"),
        ("cases:\n  decide: soon", "config/alerts.yaml:2: 'soon' is no length of time"),
        ("cases: {escalate: [headteecher]}", "unknown role 'headteecher'; did you mean 'headteacher'?"),
        (
            "cases: {escalate: [technician]}",
            "config/alerts.yaml:1: 'technician' looks after no cases; take headteacher",
        ),
        ("cases: {aknowledge: 1h}", "config/alerts.yaml:1: "),
    ],
)
def test_faults_are_named(tmp_path: Path, settings_of: Callable[[School], Settings], written: str, words: str) -> None:
    with pytest.raises(SettingsError) as told:
        settings_of(School(tmp_path, alerts=f"{written}\n").write())
    assert words in "\n".join(map(str, told.value.faults))


def test_the_consoles_own_address_takes_the_place_of_the_one_it_listens_on(
    tmp_path: Path, settings_of: Callable[[School], Settings]
) -> None:
    school = School(tmp_path)
    school.console_port = 8099
    school.write()
    assert settings_of(school).console_url == "http://127.0.0.1:8099"
    path = school.config / "school.yaml"
    own = path.read_text()
    path.write_text(f"{own}console_url: https://filter.school.example\n")
    assert settings_of(school).console_url == "https://filter.school.example"
    path.write_text(f"{own}console_url: https://filter.school.example/path\n")
    with pytest.raises(SettingsError):
        settings_of(school)
    school.console_port = None
    assert settings_of(school.write()).console_url == ""
