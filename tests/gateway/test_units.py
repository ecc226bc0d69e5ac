"""What install would write: systemd takes the units as they are, and they shut the filter in."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from pretend.school import School
from schoolgate.gateway.installation import missing_interfaces, planned, remove
from schoolgate.gateway.own_user import let_read, make_feed_folders, try_as_user
from schoolgate.gateway.system import CannotInstall, said
from schoolgate.gateway.units import FILTER, LISTED, LOOK, LOOKS, REDIRECT, Place, files, workers_of
from schoolgate.settings.load import Settings

SYSTEMD = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd is not installed (apt-get install systemd)"
)

ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to another user")


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units in a folder; their user is one that every machine has."""
    place = Place(Path("/bin/true"), tmp_path / "a school's 100 % $HOME", (tmp_path / "var",), 2, True)
    for path, text in files(place, "").items():
        if path.suffix in (".service", ".timer"):
            (tmp_path / path.name).write_text(
                text.replace("User=schoolgate", "User=daemon").replace("Group=schoolgate", "Group=daemon")
            )
    return tmp_path


@SYSTEMD
def test_systemd_finds_no_fault_in_the_units(units: Path) -> None:
    nft = (units / REDIRECT).read_text().replace("/usr/sbin/nft", "/bin/true")
    (units / REDIRECT).write_text(nft)  # where nftables is not installed, that would be the only fault
    written = [str(units / name) for name in (FILTER, REDIRECT, LOOK, LOOKS)]
    command = ["systemd-analyze", "verify", "--man=no", *written]
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


_ASK = """
import sys
from pathlib import Path
from schoolgate.gateway import nftables
nftables.LISTED = Path(sys.argv[1])
try:
    print(nftables.listed())
except nftables.NoNftables as error:
    print("NO", error)
"""


@ROOT
@pytest.mark.skipif(shutil.which("nft", path="/usr/sbin:/sbin:/usr/bin") is None, reason="nftables is not installed")
def test_who_may_not_ask_nftables_is_told_what_root_wrote_down(units: Path, tmp_path: Path) -> None:
    written = tmp_path / "table.nft"
    text = (units / LOOK).read_text().replace(f"/{LISTED}", str(written))
    look = " && ".join(line.partition("=")[2] for line in text.splitlines() if line.startswith("ExecStart="))
    table = "nft add table inet schoolgate && nft add chain inet schoolgate seen"
    may_not = ["setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin", "unshare", "--net"]

    def told() -> str:
        command = [*may_not, sys.executable, "-c", _ASK, str(written)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout

    assert told().startswith("NO")
    subprocess.run(["unshare", "--net", "sh", "-c", f"{table} && {look}"], check=True, timeout=60)
    assert "chain seen" in told()
    os.utime(written, (1, 1))
    assert told().startswith("NO")  # what was so long ago says nothing of now
    subprocess.run(["unshare", "--net", "sh", "-c", look], check=True, timeout=60)
    assert told().strip() == ""  # there is none


def test_how_many_workers_were_installed_is_read_from_the_unit(units: Path) -> None:
    assert workers_of((units / FILTER).read_text()) == 2
    assert workers_of("") == 1


def test_settings_that_name_no_network_are_told_what_is_missing(default: Settings) -> None:
    with pytest.raises(CannotInstall, match=r"config/school.yaml: listen: needs a port .* transparent: 8480"):
        planned(default, 1)


@ROOT
def test_a_program_that_the_filters_user_may_not_run_is_told_before_anything_is_redirected(tmp_path: Path) -> None:
    shut, config = tmp_path / "shut", tmp_path / "config"
    shut.mkdir(mode=0o700)
    shutil.copy("/bin/true", shut / "python")
    with pytest.raises(CannotInstall, match=r"may not run .*shut/python.* below /opt; what is redirected is as it was"):
        try_as_user(shut / "python", config, 12345, 12346)
    with pytest.raises(CannotInstall, match=r"cannot start schoolgate with .*config: .*; it needs to read"):
        try_as_user(Path("/bin/false"), config, 12345, 12346)
    try_as_user(Path("/bin/true"), config, 12345, 12346)


@ROOT
def test_the_filters_user_may_read_the_settings_and_has_the_secrets_for_itself(tmp_path: Path) -> None:
    for name, mode in (("rules.yaml", 0o640), ("teams.url", 0o600)):
        (tmp_path / name).write_text("x")
        (tmp_path / name).chmod(mode)
        let_read(tmp_path / name, 12345, 12346)
    found = {path.name: path.stat() for path in tmp_path.iterdir()}
    assert [(found[name].st_uid, found[name].st_mode & 0o777) for name in ("rules.yaml", "teams.url")] == [
        (0, 0o640), (12345, 0o600)
    ]  # fmt: skip
    assert found["rules.yaml"].st_gid == 12346


def test_an_interface_that_is_not_there_is_told() -> None:
    [told] = missing_interfaces(["lo", "nowhere0"])
    assert told.words.startswith("nowhere0 is no interface of this machine")


def test_what_a_command_complained_of_is_told_and_not_what_it_did_before() -> None:
    told = "Created symlink /etc/a → /etc/b.\nJob for a.service failed because it exited.\nSee more.\n"
    assert said(told) == "Job for a.service failed because it exited"
    assert said(" \n") == "it did not say why"


@ROOT
def test_the_feeds_of_illegal_material_have_folders_that_the_filter_alone_can_read(tmp_path: Path) -> None:
    machine, beside = tmp_path / "etc" / "sealed", tmp_path / "sealed"
    for place in (machine, beside):
        (place / "iwf").mkdir(parents=True)
        (place / "iwf" / "list.csv").write_text("whole.example\n")
    make_feed_folders(machine, beside, 12345, 12346)
    make_feed_folders(machine, tmp_path / "none", 12345, 12346)
    assert sorted(path.name for path in machine.iterdir()) == ["ctiru", "iwf"]
    assert machine.stat().st_mode & 0o777 == (machine / "ctiru").stat().st_mode & 0o777 == 0o700
    given = [machine, *machine.rglob("*"), beside, *beside.rglob("*")]
    assert {(path.stat().st_uid, path.stat().st_gid) for path in given} == {(12345, 12346)}


def test_what_was_written_below_a_folder_is_taken_away_again(tmp_path: Path) -> None:
    School(tmp_path / "school", transparent=8480, gateway="gateway: {inside: [eth1]}\n").write()
    theirs = tmp_path / "etc/systemd/system/theirs.service"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("[Unit]\n")
    for path in files(Place(Path(), Path(), (), 1, False), ""):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("x")
    assert len(list(remove(tmp_path))) == 6
    assert theirs.exists()
    assert not (tmp_path / "etc/schoolgate").exists()
