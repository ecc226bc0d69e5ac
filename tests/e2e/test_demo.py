"""The demonstration whole: what it shows is what it tells, every login finds its screens, and nothing stays behind."""

import json
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright
from pretend.chromium import CHROMIUM, QUIET
from pretend.demo import Shown, alive, begin, until
from pretend.gateway import schoolgate
from pretend.school import free_port
from schoolgate.console.app import SCREENS
from schoolgate.console.entry import Who
from schoolgate.demo.day import OTHERS
from schoolgate.demo.fortnight import DAYS
from schoolgate.demo.school import NAME, PUPILS, SHOWN

WATCHED = Path(__file__).parents[1] / "pretend" / "watched"
ENDED = "Nothing of it is left on this machine."
LOOPBACK_UP = (
    "import fcntl, os, socket, struct, sys; "
    "fcntl.ioctl(socket.socket(), 0x8914, struct.pack('16sH14x', b'lo', 0x41)); "  # SIOCSIFFLAGS: up, running
    "os.execvp(sys.argv[1], sys.argv[1:])"
)
ALONE = ("unshare", "--net", "--map-root-user", "--", sys.executable, "-c", LOOPBACK_UP)
"""The command that runs another on a machine with loopback only."""


def _has_loopback() -> bool:
    try:
        with socket.socket() as probe:
            probe.bind((f"{PUPILS}.11", 0))
    except OSError:
        return False
    return True


def _can_be_alone() -> bool:
    try:
        return subprocess.run([*ALONE, "true"], capture_output=True, timeout=20).returncode == 0
    except OSError:
        return False


pytestmark = [
    pytest.mark.timeout(420),
    pytest.mark.skipif(not _has_loopback(), reason="this machine answers at 127.0.0.1 only"),
]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    demo = begin(tmp_path_factory.mktemp("demo"), "--port", str(free_port()))
    yield demo
    demo.process.kill()
    demo.process.wait()


def test_every_step_is_told_and_came_out_as_told(shown: Shown) -> None:
    steps = [line for line in shown.steps if not line.startswith("Note:")]
    assert len(steps) == 3 + DAYS + 2 + OTHERS, steps
    assert "pretended" in shown.said
    assert "working time at every hour" in shown.said
    assert list(shown.passwords()) == list(SHOWN)
    assert len(set(shown.passwords().values())) == len(SHOWN)


def test_what_the_day_left_on_record_is_what_was_told(shown: Shown) -> None:
    config = str(shown.kept / "config")
    done = schoolgate("events", "--config", config, "--json", "--since", "1h")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    blocked = {(e["group"], e["host"], e["category"]) for e in events if e["action"] == "block"}
    assert ("pupils", "www.bet365.com", "gambling") in blocked
    assert ("pupils", "poki.com", "games") in blocked
    said = schoolgate("coverage", "--config", config, "--since", "14d").stdout
    assert re.search(r"Year 6 tablets: [\d,]+ connections, 8\d % looked into, .*\[apple\.com \(", said), said
    assert ("guests", "www.bet365.com", "gambling") in blocked
    assert ("pupils", "www.google.co.uk", "self_harm") in blocked
    logged = [(e["host"], e["identity_confidence"]) for e in events if e["action"] == "log"]
    assert logged == [("www.ebay.co.uk", "device"), ("www.amazon.co.uk", "login")], logged  # read the notice, then on
    hosts = {e["host"] for e in events}
    assert hosts.isdisjoint({"www.hmd.org.uk", "www.nhs.uk", "neu.org.uk"})
    assert not [e for e in events if e["host"] == "www.facebook.com" and not e["left_out"]]
    assert [e["rule"] for e in events if e["action"] == "fault"] == ["settings"]
    done = schoolgate("events", "--config", config, "--json", "--since", "1h", "--action", "deed")
    deeds = {json.loads(line)["rule"] for line in done.stdout.splitlines()}
    assert {"notice-acknowledged", "contest", "case-opened"} <= deeds


def test_the_record_is_whole_with_the_two_weeks_that_it_was_told(shown: Shown) -> None:
    done = schoolgate("verify", "--config", str(shown.kept / "config"))
    assert done.returncode == 0, done.stdout + done.stderr
    days = schoolgate("events", "--config", str(shown.kept / "config"), "--json", "--since", "20d").stdout.splitlines()
    assert len({json.loads(line)["at"][:10] for line in days}) >= DAYS


def test_letters_have_come_to_whom_they_concern(shown: Shown) -> None:
    page = shown.page("")
    assert "pretended" in page
    rows = re.findall(r'<tr><td>[^<]*</td><td>([^<]*)</td><td><a href="/(letters/\d+)">([^<]*)</a>', page)
    subjects = [(to, subject) for to, _, subject in rows]
    assert next(to for to, subject in subjects if "faults" in subject) == "IT technician"
    assert next(to for to, subject in subjects if "somebody may need you" in subject) == "Designated safeguarding lead"
    assert any("seal of the record" in subject and to == "Chair of governors" for to, subject in subjects)
    assert any("a contest waits" in subject for _, subject in subjects[:8])
    worry = next(path for _, path, subject in rows if "somebody may need you" in subject)
    assert "i hate my life" in shown.page(worry)
    digest = next(path for _, path, subject in rows if "blocked" in subject)
    assert "<h1" in shown.page(f"{digest}/html")


def test_the_screens_of_pupils_and_staff_can_be_seen_again(shown: Shown) -> None:
    page = shown.page("")
    screens = dict(re.findall(r'<li><a href="/(screens/\d+)">([^<]*)</a>', page))
    pages = {what: shown.page(path) for path, what in screens.items()}
    assert "Childline" in pages["A worrying search: help comes first"]
    assert "This page is blocked" in pages["A betting site: blocked"]
    assert "Anne Frank" in pages["A lesson about the Holocaust: open"]
    assert "I have read this" in pages["The notice, before anything is recorded"]


@pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed (apt-get install chromium)")
def test_the_guide_can_be_used_by_everybody_and_a_letter_leads_to_the_console(shown: Shown) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        page = browser.new_page()
        page.goto(shown.address("Guide"))
        first = Axe().run(page).response["violations"]
        page.get_by_role("link", name="a contest waits").first.click()
        letter = Axe().run(page).response["violations"]
        page.get_by_role("link", name="/contests/").click()
        page.get_by_role("heading", level=1, name="Log in").wait_for()
        browser.close()
    assert (first, letter) == ([], [])


@pytest.mark.parametrize("login", SHOWN)
def test_each_login_finds_every_screen_open_or_refused_and_none_broken(shown: Shown, login: str) -> None:
    visitor = shown.visitor(login)
    screens = {path: who for method, path, who, _ in SCREENS if method == "GET" and "{" not in path}
    status = {path: visitor.open(path).status for path, who in screens.items() if who is not Who.ANYONE}
    assert set(status.values()) <= {200, 403}, status
    assert status["/"] == 200
    staff = {path for path, who in screens.items() if who is Who.STAFF}
    assert {status[path] for path in staff} == ({403} if login == "chair" else {200})
    seen, ahead = set[str](), ["/"]
    while ahead and len(seen) < 60:
        path = ahead.pop(0)
        page = visitor.open(path)
        assert page.status in (200, 403), (login, path, page.status, page.title)
        seen.add(path)
        found = re.findall(r'<a\b[^>]*\bhref="(/[^"#]*)', page.text)
        ahead += [link.replace("&amp;", "&") for link in found if link.replace("&amp;", "&") not in {*seen, *ahead}]
    assert len(seen) > 3


def test_what_waits_for_somebody_is_on_their_screens(shown: Shown) -> None:
    assert "waiting for an answer" in shown.visitor("teacher").open("/mine").text.lower()
    assert shown.visitor("teacher").open("/contests").status == 403
    assert "the film about volcanoes" in shown.visitor("technician").open("/unblock").text
    assert "A concern about bullying." in shown.visitor("dsl").open("/cases").text
    assert "/contests/" in shown.visitor("head").open("/contests").text


def test_ctrl_c_leaves_neither_a_process_nor_a_file(shown: Shown) -> None:
    assert alive(shown.children), "there was nothing to end"
    assert shown.stop() == 0, shown.steps[-5:]
    assert ENDED in shown.said
    assert alive(shown.children) == set()
    assert list((shown.folder / "tmp").iterdir()) == []


@pytest.mark.skipif(not _can_be_alone(), reason="this machine allows no network namespace (unshare --net)")
def test_nothing_leaves_loopback_and_the_gateway_ends_with_a_demonstration_that_is_killed(tmp_path: Path) -> None:
    watch, kept = tmp_path / "left-loopback", tmp_path / "kept"
    alone = {"PYTHONPATH": str(WATCHED), "SCHOOLGATE_TEST_WATCH": str(watch)}
    shown = begin(tmp_path, "--keep", str(kept), before=ALONE, **alone)
    assert len(list(tmp_path.glob("watched-*"))) > 5, "its processes were not watched"
    assert not watch.exists(), watch.read_text()
    shown.process.kill()
    shown.process.wait()
    until(lambda: not alive(shown.children))
    assert (kept / "config" / "school.yaml").read_text().count(NAME)
    assert schoolgate("verify", "--config", str(kept / "config")).returncode == 0


@pytest.mark.parametrize("after", [3, DAYS + 1])
def test_it_can_be_stopped_at_any_moment(tmp_path: Path, after: int) -> None:
    shown = begin(tmp_path, steps=after)
    assert shown.stop() == 0, shown.steps[-5:]
    assert ENDED in shown.said
    assert alive(shown.children) == set()
    assert list((tmp_path / "tmp").iterdir()) == []


def test_what_cannot_be_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    done = schoolgate("demo", "--keep", str(tmp_path))
    assert (done.returncode, "is not empty" in done.stderr) == (2, True)
    done = schoolgate("demo", "--keep", str(tmp_path / "file" / "below"))
    assert (done.returncode, "cannot be written" in done.stderr) == (2, True), done.stderr
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = schoolgate("demo", "--quick", "--port", str(taken.getsockname()[1]))
    assert (done.returncode, "--port" in done.stderr) == (2, True), done.stderr
    assert (tmp_path / "file").read_text() == "mine"
