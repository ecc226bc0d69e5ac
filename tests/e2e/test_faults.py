"""What goes wrong opens nothing and loses nothing: processes that die, settings that break, a store that cannot be written."""

import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from pretend.gateway import Gateway, schoolgate
from pretend.mailbox import Mailbox
from pretend.sites import Sites

BLOCKED = "GET http://pornhub.com:{port}/{number} HTTP/1.1\r\nHost: pornhub.com:{port}\r\n\r\n"


@pytest.fixture(scope="module")
def edited(start: Callable[..., Gateway]) -> Gateway:
    """A gateway whose files are edited while it runs; every test edits others, and puts right what it breaks."""
    return start()


def _load(gateway: Gateway, port: int, stop: threading.Event, seen: list[str], name: int) -> None:
    """Ask for blocked pages over keep-alive connections and note every reference that arrived."""
    number = 0
    while not stop.is_set():
        try:
            device = (f"127.0.0.{20 + name}", 0)
            with socket.create_connection(("127.0.0.1", gateway.school.proxy_port), 5, device) as connection:
                file = connection.makefile("rb")
                while not stop.is_set():
                    number += 1
                    connection.sendall(BLOCKED.format(port=port, number=f"{name}-{number}").encode())
                    length, status = 0, file.readline()
                    while (line := file.readline().strip()) != b"":
                        if line.lower().startswith(b"content-length:"):
                            length = int(line.partition(b":")[2])
                    body = file.read(length)
                    found = re.search(rb"<code>([0-9A-Z-]+)</code>", body)
                    if status.startswith(b"HTTP/1.1 403") and found and len(body) == length:
                        seen.append(found[1].decode())
                    elif not status:
                        break
        except OSError:
            time.sleep(0.05)


def _kill(gateway: Gateway, victim: str, seen: list[str]) -> None:
    end = time.monotonic() + 60
    while len(seen) <= 100 and time.monotonic() < end:
        time.sleep(0.1)
    if victim == "everything":
        assert gateway.process is not None
        for pid in [gateway.process.pid, *gateway.children().values()]:
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.3)
        return
    for _ in range(2):
        killed = gateway.children()[victim]
        os.kill(killed, signal.SIGKILL)
        end = time.monotonic() + 60
        while gateway.children().get(victim, killed) == killed and time.monotonic() < end:
            time.sleep(0.1)
        time.sleep(2.0)


@pytest.mark.parametrize(
    ("victim", "workers"),
    [("worker1", 1), ("recorder", 1), ("office", 1), ("everything", 1), ("worker2", 2), ("everything", 2)],
)
def test_no_block_that_a_client_saw_is_lost_by_kill_9(
    start: Callable[..., Gateway], sites: Sites, victim: str, workers: int
) -> None:
    gateway = start(workers)
    stop, seen = threading.Event(), list[str]()
    threads = [threading.Thread(target=_load, args=(gateway, sites.port, stop, seen, n), daemon=True) for n in range(6)]
    for thread in threads:
        thread.start()
    try:
        _kill(gateway, victim, seen)
    finally:
        stop.set()
        for thread in threads:
            thread.join(10)
    assert len(seen) > 100
    recorded = {event["ref"] for event in gateway.events("--action", "block")}
    assert set(seen) <= recorded, f"{len(set(seen) - recorded)} of {len(seen)} lost"
    if victim == "everything":
        assert gateway.process is not None
        gateway.process.wait(5)
        gateway.start()
        end = time.monotonic() + 40
        stored = set[str]()
        while not set(seen) <= stored and time.monotonic() < end:
            with sqlite3.connect(gateway.school.data / "record.db") as db:
                stored = {row[0] for row in db.execute("select ref from blocks")}
            time.sleep(0.2)
        assert set(seen) <= stored
        assert len(gateway.events("--action", "block")) == len({e["id"] for e in gateway.events("--action", "block")})


def test_children_end_when_their_supervisor_is_killed(start: Callable[..., Gateway]) -> None:
    gateway = start()
    assert gateway.process is not None
    children = gateway.children()
    gateway.process.kill()
    gateway.process.wait()
    end = time.monotonic() + 40
    while any(Path(f"/proc/{pid}").exists() for pid in children.values()) and time.monotonic() < end:
        time.sleep(0.1)
    left = [pid for pid in children.values() if Path(f"/proc/{pid}").exists()]
    assert left == []
    gateway.start()
    assert gateway.process is not None
    gateway.process.kill()
    gateway.process.wait()
    gateway.start()  # at once: it waits for what the dead one left behind
    assert gateway.curl("http://pornhub.com/").status == 403


def test_broken_settings_keep_the_old_ones_and_mail_the_technician(
    start: Callable[..., Gateway], sites: Sites, mailbox: Callable[[int], Mailbox]
) -> None:
    gateway = start()
    box = mailbox(gateway.school.mail_port)
    rules = gateway.school.config / "rules.yaml"
    sound = rules.read_text()
    rules.write_text(sound.replace("gambling", "gambing"))
    [mail] = box.wait(1, 60)
    assert mail.to == ("it@school.example",)
    assert "config/rules.yaml:3" in mail.text
    assert "did you mean 'gambling'?" in mail.text
    assert gateway.curl(f"http://bet365.com:{sites.port}/").status == 403
    rules.write_text(sound.replace("gambling, ", ""))
    end = time.monotonic() + 40
    while gateway.curl(f"http://bet365.com:{sites.port}/").status == 403 and time.monotonic() < end:
        time.sleep(0.2)
    assert gateway.curl(f"http://bet365.com:{sites.port}/").status == 200
    (gateway.school.config / "people.yaml").unlink()
    assert any("people.yaml" in m.text for m in box.wait(3, 60))
    assert gateway.curl(f"http://pornhub.com:{sites.port}/").status == 403


def test_an_edit_of_a_local_list_is_taken_up(edited: Gateway, sites: Sites) -> None:
    local = edited.school.root / "blocklists" / "local"
    assert edited.curl(f"http://news.example:{sites.port}/").status == 200
    (local / "block.yaml").write_text("domains: [news.example]\n")
    (local / "allow.yaml").write_text("domains: [bet365.com]\n")
    end = time.monotonic() + 40
    while edited.curl(f"http://news.example:{sites.port}/").status == 200 and time.monotonic() < end:
        time.sleep(0.2)
    answer = edited.curl(f"http://news.example:{sites.port}/")
    assert answer.status == 403
    assert "blocked this site itself" in answer.text
    assert edited.curl(f"http://bet365.com:{sites.port}/").status == 200
    for own in ("block", "allow"):
        (local / f"{own}.yaml").unlink()


def test_a_fault_while_deciding_is_a_503_and_on_record(
    start: Callable[..., Gateway], sites: Sites, tmp_path: Path
) -> None:
    """The fault is planted through Python's own start-up file: the product has no switch for it."""
    (tmp_path / "sitecustomize.py").write_text(
        "import schoolgate.policy.decision as d\n"
        "real = d.decide_for\n"
        "def broken(identity, request, *rest):\n"
        "    if request.target.startswith('/trip'):\n"
        "        raise ZeroDivisionError('planted')\n"
        "    return real(identity, request, *rest)\n"
        "d.decide_for = broken\n"
    )
    gateway = start(environment={"PYTHONPATH": str(tmp_path)})
    assert gateway.curl(f"https://allowed.example:{sites.tls_port}/").status == 200
    before = sites.connections
    for url in (f"https://allowed.example:{sites.tls_port}/trip", f"http://allowed.example:{sites.port}/trip"):
        for client in ("127.0.0.2", "127.0.0.3"):
            answer = gateway.curl(url, client=client)
            assert answer.status == 503
            assert "could not be checked" in answer.text
    assert sites.connections == before
    faults = gateway.events("--action", "fault")
    assert len(faults) == 4
    assert "ZeroDivisionError" in faults[0]["why"]


@pytest.mark.parametrize("second", ["schoolgate.store.journal.Journal.append", "schoolgate.proxy.pages.Pages._answer"])
def test_a_fault_within_a_fault_opens_nothing_either(
    start: Callable[..., Gateway], sites: Sites, tmp_path: Path, second: str
) -> None:
    module, _, rest = second.rpartition(".")
    module, _, owner = module.rpartition(".")
    (tmp_path / "sitecustomize.py").write_text(
        f"import {module} as m\ndef broken(self, *args):\n    raise ValueError('planted')\nm.{owner}.{rest} = broken\n"
    )
    gateway = start(environment={"PYTHONPATH": str(tmp_path)})
    before = sites.connections
    for url in (f"https://pornhub.com:{sites.tls_port}/", f"http://pornhub.com:{sites.port}/"):
        for body in ([], ["--data", "x"]):
            assert gateway.curl(url, *body).status == 503
    assert sites.connections == before


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("reports/block_page.html", "{{ why + 1 }}"),
        ("config/calendar.yaml", "[" * 200_000),
        ("config/people.yaml", "\0"),
        ("blocklists/adult.yaml", "category: [adult]"),
    ],
)
def test_no_broken_edit_stops_the_gateway(edited: Gateway, sites: Sites, name: str, text: str) -> None:
    path, said = edited.school.root / name, len(edited.log)
    sound = path.read_text() if path.exists() else None
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    try:
        end = time.monotonic() + 40
        while "the old ones stay in force" not in edited.log[said:] and time.monotonic() < end:
            time.sleep(0.1)
        assert f"{name}" in edited.log[said:]
        assert "Traceback" not in edited.log
        assert edited.curl(f"http://pornhub.com:{sites.port}/").status == 403
    finally:
        if sound is None:
            path.unlink()
        else:
            path.write_text(sound)


def test_an_edited_block_page_is_taken_up(edited: Gateway, sites: Sites) -> None:
    page = edited.school.root / "reports" / "block_page.html"
    page.parent.mkdir(exist_ok=True)
    page.write_text("Our own words about {{ host }}")
    end = time.monotonic() + 40
    while edited.curl(f"http://pornhub.com:{sites.port}/").text != "Our own words about pornhub.com":
        assert time.monotonic() < end
        time.sleep(0.2)
    page.unlink()


def test_a_full_data_folder_stops_no_ordinary_page(start: Callable[..., Gateway], sites: Sites) -> None:
    gateway = start()
    gateway.stop()
    data = gateway.school.data
    kept = data.with_name("kept")
    data.rename(kept)
    data.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", data], capture_output=True).returncode:
        pytest.skip("mounting a small file system needs root")
    try:
        shutil.copytree(kept, data, dirs_exist_ok=True)
        gateway.start()
        with pytest.raises(OSError, match="No space"), (data / "filler").open("wb", buffering=0) as filler:
            while True:
                filler.write(bytes(4096))
        before = sites.connections
        assert gateway.curl(f"http://pornhub.com:{sites.port}/").status in (403, 503)
        assert sites.connections == before
        assert gateway.curl(f"http://allowed.example:{sites.port}/").status == 200
        (data / "filler").unlink()
        assert gateway.curl(f"http://pornhub.com:{sites.port}/").status == 403
    finally:
        gateway.stop()
        subprocess.run(["umount", data], check=True)


def test_a_full_disk_shows_no_block_page_and_no_site(start: Callable[..., Gateway], sites: Sites) -> None:
    """The journal's folder is a file system of 64 KB; when it is full, a block cannot be recorded."""
    gateway = start()
    gateway.stop()
    journal = gateway.school.data / "journal"
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", journal], capture_output=True).returncode:
        pytest.skip("mounting a small file system needs root")
    try:
        gateway.start()
        os.kill(gateway.children()["recorder"], signal.SIGSTOP)
        before = sites.connections
        statuses = [gateway.curl(f"http://pornhub.com:{sites.port}/{n}").status for n in range(120)]
        assert set(statuses) == {403, 503}
        assert sites.connections == before
        assert gateway.curl(f"http://allowed.example:{sites.port}/").status == 200
        os.kill(gateway.children()["recorder"], signal.SIGCONT)
        assert len(gateway.events("--action", "block")) == statuses.count(403)
    finally:
        gateway.stop()
        subprocess.run(["umount", journal], check=True)


def test_a_damaged_index_is_refused_and_made_again(start: Callable[..., Gateway], sites: Sites) -> None:
    gateway = start()
    gateway.stop()
    [index] = (gateway.school.data / "index").glob("*.index")
    data = bytearray(index.read_bytes())
    data[len(data) // 2] ^= 1
    index.write_bytes(data)
    gateway.start()
    assert gateway.curl(f"http://pornhub.com:{sites.port}/").status == 403


def test_an_index_cut_off_under_the_workers_opens_nothing_and_is_made_again(
    start: Callable[..., Gateway], sites: Sites
) -> None:
    gateway = start()
    [index] = (gateway.school.data / "index").glob("*.index")
    os.truncate(index, 4096)
    before = sites.connections
    end = time.monotonic() + 60
    while True:
        answer = gateway.curl(f"http://pornhub.com:{sites.port}/")
        assert answer.status in (0, 403, 502, 503), answer.status
        if answer.status == 403 or time.monotonic() > end:
            break
        time.sleep(0.3)
    assert answer.status == 403
    assert sites.connections == before
    assert index.stat().st_size > 1_000_000


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stopping_drains_and_ends_within_ten_seconds(
    start: Callable[..., Gateway], sites: Sites, number: signal.Signals
) -> None:
    gateway = start()
    with socket.create_connection(("127.0.0.1", gateway.school.proxy_port)) as idle:
        idle.sendall(b"GET http://allowed.example:%d/ HTTP/1.1\r\nHost: allowed.example\r\n\r\n" % sites.port)
        idle.recv(100)
        gateway.curl(f"http://pornhub.com:{sites.port}/")
        assert gateway.process is not None
        started = time.monotonic()
        gateway.process.send_signal(number)
        assert gateway.process.wait(10) == 0
        assert time.monotonic() - started < 10
    assert "has stopped" in gateway.log
    with sqlite3.connect(gateway.school.data / "record.db") as db:
        assert db.execute("select count(*) from blocks").fetchone() == (1,)
        assert db.execute("select sum(requests) from tallies where action = 'allow'").fetchone() == (1,)
    assert list((gateway.school.data / "journal").glob("*")) == []


def test_two_gateways_do_not_share_a_record(start: Callable[..., Gateway]) -> None:
    gateway = start()
    done = schoolgate("run", "--config", str(gateway.school.config))
    assert done.returncode == 2
    assert "another schoolgate is running" in done.stderr


def test_a_port_in_use_is_told_plainly_and_nothing_is_opened(tmp_path: Path) -> None:
    from pretend.school import School

    school = School(tmp_path).write()
    with socket.create_server(("127.0.0.1", school.metrics_port)):
        done = schoolgate("run", "--config", str(school.config))
    assert done.returncode == 2
    assert "config/school.yaml: listen: metrics" in done.stderr
    assert "Traceback" not in done.stderr


def test_wrong_settings_open_no_port(tmp_path: Path) -> None:
    from pretend.school import School

    school = School(tmp_path).write()
    (school.config / "rules.yaml").write_text("rules:\n  - {id: a, groups: [pupil], categories: [adlt]}\n")
    done = schoolgate("run", "--config", str(school.config))
    assert done.returncode == 2
    assert "config/rules.yaml:2" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (school.data / "ca").exists()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", school.proxy_port), 1)
