"""What the filter rests on, broken piece by piece, without a gateway: certificates, network, clock, resolver."""

import datetime
import json
import os
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pretend.network import missing
from pretend.school import PEOPLE, School, free_port
from schoolgate.doctor import certificates, keeping, lists, processes, searches, ways_out
from schoolgate.doctor.asking import asker_of, ways_in
from schoolgate.doctor.examination import Step, examine
from schoolgate.doctor.finding import Finding, Outcome, good, wrong
from schoolgate.lists.sealed.probing import probe_name
from schoolgate.settings.load import Settings
from schoolgate.settings.school_models import DoctorEntry
from schoolgate.settings.sealed import sealed_key
from schoolgate.store.journal import Journal
from schoolgate.whereabouts.sightings import open_folder, touch

GOOD, WRONG, SKIPPED = Outcome


@pytest.fixture
def settings(settings_of: Callable[[School], Settings], tmp_path: Path) -> Settings:
    return settings_of(School(tmp_path).write())


def outcomes(found: Iterator[Finding]) -> list[tuple[str, Outcome]]:
    return [(each.probe, each.outcome) for each in found]


def put_authority(data: Path, days: int) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "CA")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    made = made.not_valid_before(now - datetime.timedelta(days=400)).not_valid_after(
        now + datetime.timedelta(days=days)
    )
    pem = made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    (data / "ca").mkdir(parents=True, exist_ok=True)
    (data / "ca").chmod(0o700)
    for path in (data / "schoolgate-ca.crt", data / "ca" / "mitmproxy-ca-cert.pem"):
        path.write_bytes(pem)
    (data / "ca" / "mitmproxy-ca.pem").write_text("key")
    (data / "ca" / "mitmproxy-ca.pem").chmod(0o600)


@pytest.mark.parametrize(("days", "outcome"), [(-1, WRONG), (20, WRONG), (400, GOOD)])
def test_an_authority_that_ended_or_ends_soon_is_found(settings: Settings, days: int, outcome: Outcome) -> None:
    put_authority(settings.data, days)
    assert outcomes(certificates.authority(settings)) == [("certificate", outcome), ("keys", GOOD)]


def test_devices_must_be_given_the_authority_that_is_in_use(settings: Settings) -> None:
    put_authority(settings.data, 400)
    other = (settings.data / "schoolgate-ca.crt").read_bytes()
    put_authority(settings.data, 401)
    (settings.data / "schoolgate-ca.crt").write_bytes(other)
    assert outcomes(certificates.authority(settings))[0] == ("certificate", WRONG)


def test_the_consoles_certificate_is_asked_for_where_there_is_one(settings: Settings) -> None:
    assert outcomes(certificates.console(settings)) == [("console certificate", SKIPPED)]
    school = settings.school.model_copy(update={"console_url": f"https://localhost:{free_port()}"})
    assert outcomes(certificates.console(replace(settings, school=school))) == [("console certificate", WRONG)]


NETWORK = """
import json, subprocess, sys
from pathlib import Path
from schoolgate.doctor import ways_out
from schoolgate.gateway import nftables
from schoolgate.gateway.redirect import table
from schoolgate.settings.folders import find_folders
from schoolgate.settings.load import load_settings

settings = load_settings(find_folders(Path(sys.argv[1])), Path(sys.argv[2]))
def told(what):
    print(json.dumps([what, *([each.outcome, each.words] for each in ways_out.redirected(settings))]))
told("none")
nftables.load(table(settings.school, 3))
told("loaded")
subprocess.run("nft insert rule inet schoolgate past_the_filter tcp dport 8080 accept".split(), check=True)
told("opened")
subprocess.run(["nft", "flush", "chain", "inet", "schoolgate", "past_the_filter"], check=True)
told("flushed")
school = settings.school.model_copy(update={"gateway": settings.school.gateway.model_copy(update={"inside": ["eth9"]})})
nftables.load(table(school, 1))
told("older")
nftables.remove()
told("removed")
"""


def test_a_table_that_is_gone_changed_or_old_is_found(index: Path, tmp_path: Path) -> None:
    if why := missing():
        pytest.skip(why)
    school = School(tmp_path, transparent=8480, gateway="gateway: {inside: [eth1]}\n").write()
    command = ["unshare", "--net", sys.executable, "-c", NETWORK, str(school.config), str(index)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    found = {what: (outcome, words) for what, (outcome, words) in map(json.loads, done.stdout.splitlines())}
    assert {what: outcome for what, (outcome, _) in found.items()} == {
        "none": "WRONG", "loaded": "ok", "opened": "WRONG", "flushed": "WRONG", "older": "WRONG", "removed": "WRONG"
    }  # fmt: skip
    assert " 853 } counter reject" in found["flushed"][1]
    assert "dport 8080 accept' was added" in found["opened"][1]
    assert "older settings" in found["older"][1]


def test_a_category_that_nothing_is_in_is_found(settings_of: Callable[[School], Settings], tmp_path: Path) -> None:
    empty = "category: gambling\ntitle: Gambling\ntheme: commerce\nwhy: It is for adults.\n"
    school = School(tmp_path, blocklists={"gambling.yaml": empty}).write()
    found = list(lists.held(settings_of(school)))
    assert [(each.probe, each.outcome) for each in found] == [("list of gambling", WRONG)]
    (tmp_path / "blocklists" / "gambling.yaml").write_text(f"{empty}domains: [bet.example]\n")
    assert outcomes(lists.held(settings_of(school))) == [("lists filled", GOOD)]


def test_each_sealed_feed_holds_a_name_that_only_the_doctor_knows(
    settings_of: Callable[[School], Settings], tmp_path: Path
) -> None:
    school = School(tmp_path).write()
    for feed in ("iwf", "ctiru"):
        (tmp_path / "sealed" / feed).mkdir(parents=True)
        (tmp_path / "sealed" / feed / "list.csv").write_text("zzhidden.example\n")
    settings = settings_of(school)
    key = sealed_key(settings.folders.root, settings.data)
    for feed in ("iwf", "ctiru"):
        match = settings.snapshot.sealed.match([probe_name(key, feed)], "")
        assert match is not None
        assert match.feed == feed
    assert settings.snapshot.sealed.match([probe_name(b"another", "iwf")], "") is None
    assert [state.entries for state in settings.sealed] == [1, 1]


def test_safe_search_may_not_be_off_for_pupils(settings_of: Callable[[School], Settings], tmp_path: Path) -> None:
    off = PEOPLE.replace("inspect: full}", "inspect: full, safe_search: off}")
    settings = settings_of(School(tmp_path, people=off).write())
    asker = asker_of(settings)
    found = {name: outcomes(searches.safe_search(settings, asker, settings.snapshot.people.group(name)))
             for name in ("pupils", "staff")}  # fmt: skip
    assert found == {"pupils": [("safe search", WRONG)], "staff": [("safe search", SKIPPED)]}


def test_each_of_several_workers_is_come_to_by_addresses_of_this_machine(settings: Settings) -> None:
    asker = asker_of(settings)
    assert list(ways_in(asker, 1)) == []
    sources = {way.source for _, way in ways_in(asker, 3)}
    assert len(sources) > 15
    assert all(source.startswith("127.255.") and source != "127.255.255.255" for source in sources)


def test_an_office_or_a_watcher_that_stands_still_is_found(settings: Settings) -> None:
    journals = [Journal(settings.data, name) for name in ("supervisor", "worker1", "office")]
    now = time.time()
    processes.beat(settings.data, now)
    assert outcomes(processes.alive(settings)) == [("processes", GOOD)]
    os.utime(settings.data / "office.alive", (now - 3600, now - 3600))
    (found,) = processes.alive(settings)
    assert (found.outcome, "stands still since 60 minutes" in found.words) == (WRONG, True)
    processes.beat(settings.data, now)
    assert outcomes(processes.alive(settings)) == [("processes", GOOD)]
    watched = settings.school.identity.model_copy(update={"radius": object()})
    school = settings.school.model_copy(update={"identity": watched})
    assert outcomes(processes.alive(replace(settings, school=school)))[1:] == [("whereabouts", WRONG)]
    touch(open_folder(settings.data))
    assert outcomes(processes.alive(replace(settings, school=school)))[1:] == [("whereabouts", GOOD)]
    for journal in journals:
        journal.close()


def test_where_no_network_is_redirected_nothing_is_asked_of_nftables(settings: Settings) -> None:
    assert outcomes(ways_out.redirected(settings)) == [("network", SKIPPED)]


@pytest.mark.parametrize(("off", "outcome"), [(0, GOOD), (3600, WRONG), (-3600, WRONG)])
def test_a_clock_that_differs_from_the_time_servers_is_found(
    settings: Settings, off: int, outcome: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(40)
        monkeypatch.setattr(keeping, "_NTP", server.getsockname()[1])

        def answer() -> None:
            _, client = server.recvfrom(512)
            server.sendto(bytes(40) + struct.pack(">II", int(time.time()) + 2_208_988_800 + off, 0), client)

        thread = threading.Thread(target=answer)
        thread.start()
        school = settings.school.model_copy(update={"doctor": DoctorEntry(time="127.0.0.1")})
        found = outcomes(keeping.clock(replace(settings, school=school)))
        thread.join()
    assert found == [("clock", GOOD), ("clock by NTP", outcome)]


def test_the_way_out_is_tried_where_the_school_says_so_only(settings: Settings) -> None:
    assert outcomes(ways_out.upstream(settings)) == [("way out", SKIPPED)]
    with socket.create_server(("127.0.0.1", 0)) as there:
        reach = [f"localhost:{there.getsockname()[1]}", f"127.0.0.1:{free_port()}"]
        school = settings.school.model_copy(update={"doctor": DoctorEntry(reach=reach)})
        found = list(ways_out.upstream(replace(settings, school=school)))
    assert [each.outcome for each in found] == [GOOD, WRONG]


def test_a_probe_that_breaks_is_wrong_itself_and_the_others_go_on() -> None:
    def broken() -> Iterator[Finding]:
        raise ZeroDivisionError("by nought")

    told = list[tuple[int, int]]()
    todo = [Step("one", broken), Step("two", lambda: iter([good("two", "It holds.")]))]
    found = list(examine(todo, lambda done, of: told.append((done, of))))
    assert [(each.probe, each.outcome) for each in found] == [("one", WRONG), ("two", GOOD)]
    assert "ZeroDivisionError: by nought" in found[0].words
    assert told == [(0, 2), (1, 2), (2, 2)]


def test_a_filter_that_does_not_answer_is_not_asked_again() -> None:
    deaf = Step("the filter", lambda: iter([wrong("filter answers", "No.", "Start it.")]), needed=True, asks=True)
    todo = [deaf, Step("a", lambda: iter([good("a", "")]), asks=True), Step("b", lambda: iter([good("b", "")]))]
    assert [each.probe for each in examine(todo)] == ["filter answers", "b"]
