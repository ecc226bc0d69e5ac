"""Where the console listens: on this machine unless the school says otherwise, and never twice on one address."""

from collections.abc import Callable

import pytest
from pretend.school import School
from schoolgate.settings.faults import SettingsError
from schoolgate.settings.load import Settings
from schoolgate.settings.school_models import ListenOn
from schoolgate.welcome import welcome


def test_the_console_is_on_this_machine_by_default(default: Settings) -> None:
    assert ListenOn().console == default.school.listen.console == ("127.0.0.1", 8081)
    assert not any("console" in each for each in default.advice)
    words = welcome(default, default.data, "00")
    assert "http://127.0.0.1:8081/" in words
    assert "nobody can log in yet" in words


@pytest.mark.parametrize(
    ("address", "is_warned_of"),
    [
        ('"0.0.0.0:8081"', True),
        ('"10.0.0.1:8081"', True),
        ('"[::]:8081"', True),
        ('"[::1]:8081"', False),
        ("null", False),
    ],
)
def test_an_address_that_other_devices_reach_is_warned_of(
    tmp_path: object, settings_of: Callable[[School], Settings], address: str, is_warned_of: bool
) -> None:
    school = School(tmp_path).without_publishers().write()  # type: ignore[arg-type]
    path = school.config / "school.yaml"
    path.write_text(path.read_text().replace("console: null", f"console: {address}"))
    settings = settings_of(school)
    assert any("listen: console" in each and "encryption" in each for each in settings.advice) is is_warned_of
    assert ("Console" in welcome(settings, settings.data, "00")) is (address != "null")


def test_two_services_cannot_share_an_address(tmp_path: object, settings_of: Callable[[School], Settings]) -> None:
    school = School(tmp_path)  # type: ignore[arg-type]
    school.console_port = school.proxy_port
    with pytest.raises(SettingsError, match="two services share one address"):
        settings_of(school.write())
