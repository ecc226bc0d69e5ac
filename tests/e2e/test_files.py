"""A pupil's real curl through the real gateway: which files come in and go out, what is said, and what is on record."""

import base64
import json
import struct
import subprocess
import time
import zipfile
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest
from pretend.gateway import Answer, Gateway
from pretend.school import NEVER_WORKING, RULES
from pretend.shelf import Item, Shelf
from pretend.sites import Sites

PUPIL, STAFF, SERVER = "127.0.0.2", "127.0.0.3", "127.0.0.5"
HTML = ("-H", "Accept: text/html")
FILES = """
files:
  - {id: pupils-programs, groups: [pupils, guests], direction: download, action: block,
     extensions: [exe, msi, bat, cmd, scr, ps1, vbs, jar, apk, dmg, pkg, deb, appimage, com, hta, lnk, iso],
     types: [application/x-msdownload], why: Programs are installed by the technician.}
  - {id: pupils-archives, groups: [pupils], direction: download, action: warn, extensions: [zip],
     why: An archive may hold anything.}
  - {id: pupils-large, groups: [pupils], direction: download, action: block, larger_than: 1MB, types: ["video/*"],
     why: Films take the line from everybody else.}
  - {id: picture-upload, groups: [pupils, staff], direction: upload, action: warn, types: ["image/*", "video/*"],
     categories: [social_media], why: Ask before you show somebody.}
  - {id: programs-out, groups: [pupils], direction: upload, action: block, extensions: [exe], why: No programs.}
"""
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\0" + bytes(range(256)) * 400
MZ = (
    b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0"
    + bytes(48)
    + struct.pack("<I", 128)
    + bytes(60)
    + b"PE\0\0"
    + bytes(9000)
)


@pytest.fixture(scope="module")
def shelf(sites: Sites) -> Iterator[Shelf]:
    shelf = Shelf(sites).start()
    yield shelf
    shelf.stop()


@pytest.fixture(scope="module")
def gateway(start: Callable[..., Gateway]) -> Gateway:
    return start(rules=RULES + FILES)


def zipped(name: str) -> bytes:
    target = BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(name, b"x" * 2000)
    return target.getvalue()


DOWNLOADS = {
    "/setup.exe": Item(MZ, {"Content-Type": "application/octet-stream"}),
    "/tools/SETUP.EXE.": Item(b"x" * 2000, {"Content-Type": "application/octet-stream"}),
    "/se%74up%2Eexe": Item(b"x" * 2000, {"Content-Type": "application/octet-stream"}),
    "/typed": Item(b"x" * 2000, {"Content-Type": "Application/X-MSDownload; name=x"}),
    "/cat.png": Item(MZ, {"Content-Type": "image/png"}),
    "/page.html": Item(MZ, {"Content-Type": "text/html"}),
    "/untyped": Item(MZ),
    "/named": Item(b"x" * 2000, {"Content-Type": "image/png", "Content-Disposition": 'attachment; filename="a.exe"'}),
    "/starred": Item(
        b"x" * 2000, {"Content-Disposition": "attachment; filename=a.txt; filename*=UTF-8''n%C3%A4.%65xe"}
    ),
    "/app": Item(zipped("AndroidManifest.xml"), {"Content-Type": "application/octet-stream"}),
    "/archive.txt": Item(zipped("game/play.exe"), {"Content-Type": "text/plain"}),
    "/empty-length": Item(iter([MZ[:10], MZ[10:]]), {"Content-Type": "image/gif"}),
    "/script": Item(b"@echo off\r\ndel x\r\n", {"Content-Disposition": "attachment; filename=notes.txt"}),
}
HARMLESS = {
    "/wiki/Setup.exe": Item(b"<!doctype html><title>Setup.exe</title>" + b"x" * 2000, {"Content-Type": "text/html"}),
    "/logo/example.com": Item(b"\x89PNG\r\n\x1a\n" + bytes(500), {"Content-Type": "image/png"}),
    "/essay.docx": Item(zipped("[Content_Types].xml"), {"Content-Type": "application/octet-stream"}),
    "/sheet.pdf": Item(b"%PDF-1.7" + bytes(900), {"Content-Type": "application/pdf"}),
    "/nothing": Item(b"", {"Content-Type": "application/octet-stream"}, 204),
    "/tiny": Item(b"MZ", {"Content-Type": "text/plain"}),
}


@pytest.mark.parametrize("secure", [False, True], ids=["http", "https"])
def test_a_program_is_not_downloaded_however_it_is_dressed(gateway: Gateway, shelf: Shelf, secure: bool) -> None:
    base = f"https://allowed.example:{shelf.tls_port}" if secure else f"http://allowed.example:{shelf.port}"
    refs = []
    for path, item in DOWNLOADS.items():
        shelf.items[path] = item if isinstance(item.body, bytes) else Item(iter([MZ[:10], MZ[10:]]), item.headers)
        answer = gateway.curl(base + path, "--path-as-is", *HTML, *(("--http2",) if secure else ()))
        assert answer.status == 403, (path, answer.error, answer.head)
        assert "This file is stopped" in answer.text
        assert "Programs are installed by the technician." in answer.text
        assert MZ[:64] not in answer.body
        refs.append(answer.text.split("<code>")[1].split("</code>")[0])
    events = [event for event in gateway.events("--action", "block") if event["ref"] in refs]
    assert len(events) == len(DOWNLOADS)
    for event in events:
        assert (event["action"], event["rule"], event["host"]) == ("block", "pupils-programs", "allowed.example")
        assert (event["path"], event["stage"], event["list"]) == ("/", "response", "file")


def test_what_only_looks_like_a_program_passes_untouched(gateway: Gateway, shelf: Shelf) -> None:
    for path, item in HARMLESS.items():
        shelf.items[path] = item
        answer = gateway.curl(f"https://allowed.example:{shelf.tls_port}{path}", "--http2", *HTML)
        assert (answer.status, answer.body) == (item.status, item.body), path


def test_rules_hold_for_their_groups_only(gateway: Gateway, shelf: Shelf) -> None:
    shelf.items["/setup.exe"] = DOWNLOADS["/setup.exe"]
    for client in (STAFF, SERVER):
        assert gateway.curl(f"http://allowed.example:{shelf.port}/setup.exe", client=client).body == MZ


def test_a_script_gets_json_and_the_site_answers_on(gateway: Gateway, shelf: Shelf) -> None:
    shelf.items["/setup.exe"] = Item(MZ * 3000, {"Content-Type": "application/octet-stream"})
    shelf.items["/next"] = Item(b"next", {"Content-Type": "application/json"})
    for base in (f"http://allowed.example:{shelf.port}", f"https://allowed.example:{shelf.tls_port}"):
        command = ["curl", "-s", "-x", gateway.address, "--interface", PUPIL, "--cacert", str(gateway.school.ca)]
        command += [
            "-H",
            "Sec-Fetch-Dest: empty",
            f"{base}/setup.exe",
            f"{base}/next",
            "-w",
            " %{http_code} %{num_connects} ",
        ]
        said = subprocess.run(command, capture_output=True, text=True, timeout=30).stdout
        assert said.startswith('{"error": "blocked"'), said
        assert " 403 " in said, said
        assert "next 200 0 " in said, "the connection to the gateway goes on"


def test_a_large_file_that_is_stopped_is_not_fetched_to_its_end(gateway: Gateway, shelf: Shelf) -> None:
    total = 400

    def endless() -> Iterator[bytes]:
        for number in range(total):
            yield MZ + bytes(1 << 20) if number == 0 else bytes(1 << 20)

    shelf.items["/big.bin"] = Item(endless(), {"Content-Type": "application/octet-stream"})
    before, lost, started = shelf.given, shelf.lost, time.monotonic()
    answer = gateway.curl(f"https://allowed.example:{shelf.tls_port}/big.bin", "--http2", *HTML)
    assert answer.status == 403
    assert time.monotonic() - started < 5
    assert shelf.wait_for_lost(lost + 1)
    assert shelf.given - before < total << 20


def test_a_file_without_a_length_is_cut_where_it_gets_too_large(gateway: Gateway, shelf: Shelf) -> None:
    shelf.items["/film"] = Item(iter([bytes(65536)] * 100), {"Content-Type": "video/mp4"})
    answer = gateway.curl(f"http://allowed.example:{shelf.port}/film")
    assert answer.error
    assert len(answer.body) <= 1_000_000 + 65536
    assert gateway.events("--action", "block")[-1]["rule"] == "pupils-large"
    shelf.items["/film"] = Item(bytes(2_000_000), {"Content-Type": "video/mp4"})
    assert gateway.curl(f"http://allowed.example:{shelf.port}/film").status == 403
    shelf.items["/film"] = Item(iter([bytes(65536)] * 15), {"Content-Type": "video/mp4"})
    assert len(gateway.curl(f"http://allowed.example:{shelf.port}/film").body) == 15 * 65536


def test_an_archive_is_asked_about_once_and_then_passes(gateway: Gateway, shelf: Shelf) -> None:
    archive = zipped("a.txt")
    shelf.items["/a.zip"] = Item(archive, {"Content-Type": "application/zip"})
    url = f"http://allowed.example:{shelf.port}/a.zip?version=2"
    first = gateway.curl(url, *HTML)
    assert first.status == 403
    assert f'href="{url}"' in first.text
    time.sleep(4.2)
    assert gateway.curl(url, *HTML).body == archive


def test_a_picture_for_a_social_site_is_asked_about_and_then_passes(
    gateway: Gateway, shelf: Shelf, tmp_path: Path
) -> None:
    picture = tmp_path / "me-and-jack.jpg"
    picture.write_bytes(JPEG)
    url = f"https://www.facebook.com:{shelf.tls_port}/upload"
    form = ("-F", "note=hello", "-F", f"photo=@{picture}", *HTML)
    first = gateway.curl(url, *form)
    assert first.status == 403
    assert "Are pupils or the school in this picture?" in first.text
    assert "image/jpeg" in first.text
    assert shelf.taken == [] or shelf.taken[-1].path != "/upload"
    at_once = gateway.curl(url, *form)
    assert at_once.status == 403
    time.sleep(4.2)
    again = gateway.curl(url, *form)
    assert (again.status, again.body) == (200, b"taken")
    assert shelf.taken[-1].whole
    assert shelf.taken[-1].size > len(JPEG)
    events = [event for event in gateway.events() if event["rule"] == "picture-upload"][-2:]
    assert [event["action"] for event in events] == ["warn", "log"]
    for event in events:
        assert (event["host"], event["path"], event["category"]) == ("www.facebook.com", "/", "social_media")
        assert event["entry"].startswith("image/jpeg, ")
        assert "jack" not in json.dumps(event)


def test_in_their_own_time_staff_are_asked_and_nothing_is_kept(
    start: Callable[..., Gateway], shelf: Shelf, tmp_path: Path
) -> None:
    gateway = start(rules=RULES + FILES, calendar=NEVER_WORKING)
    picture = tmp_path / "holiday.jpg"
    picture.write_bytes(JPEG)
    url = f"https://www.facebook.com:{shelf.tls_port}/upload"
    for client in (STAFF, PUPIL):
        answer = gateway.curl(url, "-F", f"photo=@{picture}", *HTML, client=client)
        assert (answer.status, "Are pupils or the school in this picture?" in answer.text) == (403, True)
    assert [event["group"] for event in gateway.events()] == ["pupils"]


def sent(gateway: Gateway, shelf: Shelf, host: str, *options: str, client: str = PUPIL) -> tuple[Answer, int]:
    before = len(shelf.taken)
    answer = gateway.curl(f"http://{host}:{shelf.port}/post", *options, client=client)
    return answer, len(shelf.taken) - before


@pytest.mark.parametrize("host", ["x.com", "facebook.com"])
def test_every_way_to_send_a_picture_is_seen(
    start: Callable[..., Gateway], shelf: Shelf, tmp_path: Path, host: str
) -> None:
    gateway = start(rules=RULES + FILES)
    (tmp_path / "x.bin").write_bytes(JPEG)
    (tmp_path / "x.json").write_text(json.dumps({"image": "data:image/jpeg;base64," + base64.b64encode(JPEG).decode()}))
    at = f"@{tmp_path}/x.bin"
    binary = ("--data-binary", at)
    ways = {
        "raw with its type": (*binary, "-H", "Content-Type: image/jpeg"),
        "raw without it": (*binary, "-H", "Content-Type: application/octet-stream"),
        "told in a header of its own": ("--data", "x", "-H", "Content-Type: x/y", "-H", "X-Entity-Type: image/webp"),
        "put": ("-T", f"{tmp_path}/x.bin"),
        "in chunks": (*binary, "-H", "Content-Type: image/jpeg", "-H", "Transfer-Encoding: chunked"),
        "a form's blob": ("-F", f"media={at};filename=blob;type=application/octet-stream"),
        "written out in JSON": ("--data-binary", f"@{tmp_path}/x.json", "-H", "Content-Type: application/json"),
        "written out in a form": ("--data-urlencode", f"image@{tmp_path}/x.json"),
    }
    for way, options in ways.items():
        answer, reached = sent(gateway, shelf, host, *options)
        assert (answer.status, reached) == (403, 0), way
        assert json.loads(answer.body)["error"] == "asked", way


def test_words_and_other_sites_are_not_asked_about(gateway: Gateway, shelf: Shelf, tmp_path: Path) -> None:
    (tmp_path / "x.jpg").write_bytes(JPEG)
    photo = ("-F", f"photo=@{tmp_path}/x.jpg")
    for host, options, client in (
        ("x.com", ("--data", "text=hello"), PUPIL),
        ("x.com", ("-F", "text=hello"), PUPIL),
        ("x.com", ("--data", '{"a": 1}', "-H", "Content-Type: application/json"), PUPIL),
        ("allowed.example", photo, PUPIL),
        ("x.com", photo, SERVER),
    ):
        answer, reached = sent(gateway, shelf, host, *options, client=client)
        assert (answer.status, reached) == (200, 1), (host, options)


def test_a_large_upload_is_answered_without_being_taken_in(gateway: Gateway, shelf: Shelf, tmp_path: Path) -> None:
    """The page comes although most of the file was never read."""
    film = tmp_path / "film.mp4"
    with film.open("wb") as file:
        file.write(b"\0\0\0\x18ftypmp42" + bytes(1000))
        file.truncate(60_000_000)
    for version, scheme, port in (("--http1.1", "http", shelf.port), ("--http2", "https", shelf.tls_port)):
        url = f"{scheme}://www.facebook.com:{port}/film"
        answer = gateway.curl(url, version, "-F", f"film=@{film}", *HTML, client=STAFF)
        assert answer.status == 403, answer.error
        assert "in this video?" in answer.text
    assert all(taken.path != "/film" for taken in shelf.taken)


def test_a_program_late_in_a_form_is_cut_off(gateway: Gateway, shelf: Shelf, tmp_path: Path) -> None:
    (tmp_path / "long.txt").write_bytes(b"words " * 5_000_000)
    (tmp_path / "setup.dat").write_bytes(MZ)
    files = ("-F", f"a=@{tmp_path}/long.txt", "-F", f"b=@{tmp_path}/setup.dat")
    answer = gateway.curl(f"http://allowed.example:{shelf.port}/late", *files)
    assert answer.status != 200
    taken = [each for each in shelf.taken if each.path == "/late"][-1]
    assert not taken.whole
    assert gateway.events("--action", "block")[-1]["rule"] == "programs-out"


def resident(gateway: Gateway) -> int:
    """KB of memory of the worker."""
    status = Path(f"/proc/{gateway.children()['worker1']}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0])


def test_other_uploads_flow_with_flat_memory(gateway: Gateway, shelf: Shelf, tmp_path: Path) -> None:
    large = tmp_path / "homework.bin"
    with large.open("wb") as file:
        file.write(b"homework " * 100)
        file.truncate(200_000_000)
    for options in (
        ("-F", f"file=@{large}"),
        ("-T", str(large)),
        ("-T", str(large), "-H", "Transfer-Encoding: chunked"),
    ):
        before = resident(gateway)
        command = ["curl", "-s", "-x", gateway.address, "--interface", PUPIL, *options]
        upload = subprocess.Popen([*command, f"http://allowed.example:{shelf.port}/large"], stdout=subprocess.PIPE)
        most = before
        while upload.poll() is None:
            most = max(most, resident(gateway))
            time.sleep(0.05)
        assert upload.stdout is not None
        assert upload.stdout.read() == b"taken"
        assert shelf.taken[-1].size >= 200_000_000
        assert most - before < 40_000, f"{(most - before) / 1000:.0f} MB more"


def test_nothing_of_all_this_was_a_fault(gateway: Gateway) -> None:
    """What the other side still says after an answer must not reach a stream that is over; nor the log."""
    assert "crashed" not in gateway.log
    assert "Traceback" not in gateway.log
    assert gateway.events("--action", "fault") == []
