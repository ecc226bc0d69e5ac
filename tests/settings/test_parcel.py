"""Settings that travel to a process of the same version arrive as they are; another version reads the files itself."""

import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
from pretend.school import School
from schoolgate.settings.faults import SettingsError
from schoolgate.settings.load import Settings
from schoolgate.settings.parcel import BUILD, Parcel, unpack


def test_a_process_of_the_same_build_gets_what_was_sent(
    tmp_path: Path, settings_of: Callable[[School], Settings]
) -> None:
    school = School(tmp_path).write()
    settings = settings_of(school)
    (school.config / "rules.yaml").unlink()  # nothing is read again
    arrived = pickle.loads(pickle.dumps(Parcel(settings)))
    assert arrived.snapshot.version == settings.snapshot.version
    assert arrived.school == settings.school


def test_a_process_of_another_build_reads_the_files(
    tmp_path: Path, index: Path, settings_of: Callable[[School], Settings]
) -> None:
    school = School(tmp_path).write()
    settings = settings_of(school)
    (school.data).mkdir(exist_ok=True)
    (school.data / "index").symlink_to(index)
    arrived = unpack(BUILD[::-1], str(school.config), b"what the old version had in memory")
    assert arrived.snapshot.version == settings.snapshot.version
    (school.config / "rules.yaml").unlink()
    with pytest.raises(SettingsError):
        unpack(BUILD[::-1], str(school.config), b"")
