"""What install would write: systemd takes the units as they are, and they shut the filter in."""

import shutil
import subprocess
from pathlib import Path

import pytest
from pretend.school import School
from schoolgate.gateway.installation import CannotInstall, planned, remove
from schoolgate.gateway.units import FILTER, REDIRECT, Place, files
from schoolgate.settings.load import Settings

SYSTEMD = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd is not installed (apt-get install systemd)"
)


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units in a folder; their user is one that every machine has."""
    place = Place(Path("/bin/true"), tmp_path / "a school's 100 % $HOME", (tmp_path / "var",), 2, True)
    for path, text in files(place, "").items():
        if path.suffix == ".service":
            (tmp_path / path.name).write_text(
                text.replace("User=schoolgate", "User=daemon").replace("Group=schoolgate", "Group=daemon")
            )
    return tmp_path


@SYSTEMD
def test_systemd_finds_no_fault_in_the_units(units: Path) -> None:
    nft = (units / REDIRECT).read_text().replace("/usr/sbin/nft", "/bin/true")
    (units / REDIRECT).write_text(nft)  # where nftables is not installed, that would be the only fault
    command = ["systemd-analyze", "verify", "--man=no", str(units / FILTER), str(units / REDIRECT)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    complaints = [line for line in done.stderr.splitlines() if str(units) in line or "schoolgate" in line]
    assert (done.returncode, complaints) == (0, [])


@SYSTEMD
def test_the_filter_is_shut_in(units: Path) -> None:
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=25", str(units / FILTER)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout[-500:]


def test_a_path_is_one_word_whatever_stands_in_it(units: Path) -> None:
    [line] = [line for line in (units / FILTER).read_text().splitlines() if line.startswith("ExecStart=")]
    assert "a school's 100 %% $$HOME\" --workers 2" in line
    assert 'restart --config "' in (units / FILTER).read_text().partition("ExecReload=")[2].partition("\n")[0]
    assert "AmbientCapabilities=CAP_NET_BIND_SERVICE" in (units / FILTER).read_text()


def test_settings_that_name_no_network_are_told_what_is_missing(default: Settings) -> None:
    with pytest.raises(CannotInstall, match=r"config/school.yaml: listen: needs a port .* transparent: 8480"):
        planned(default, 1)


def test_what_was_written_below_a_folder_is_taken_away_again(tmp_path: Path) -> None:
    School(tmp_path / "school", transparent=8480, gateway="gateway: {inside: [eth1]}\n").write()
    theirs = tmp_path / "etc/systemd/system/theirs.service"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("[Unit]\n")
    for path in files(Place(Path(), Path(), (), 1, False), ""):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("x")
    assert len(list(remove(tmp_path))) == 4
    assert theirs.exists()
    assert not (tmp_path / "etc/schoolgate").exists()
