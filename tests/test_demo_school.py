"""The pretend school is the same at any hour: nobody there waits for the morning to be told of anything."""

from datetime import UTC, datetime
from pathlib import Path

import certifi
from schoolgate.demo.school import Ports, write_school
from schoolgate.settings.folders import find_folders
from schoolgate.settings.load import load_settings


def test_a_demonstration_in_the_evening_is_told_of_everything_at_once(tmp_path: Path) -> None:
    ports, today = Ports(1081, 1082, 1083, 1084, 1085, 1086), datetime.now(UTC).date()
    config = write_school(tmp_path / "school", ports, Path(certifi.where()), {"head": "a-good-long-word"}, today)
    settings = load_settings(find_folders(config))
    assert settings.alerts.quiet is None
    assert "# quiet:" in (config / "alerts.yaml").read_text()
