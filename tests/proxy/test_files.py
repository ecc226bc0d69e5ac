"""Soft stops by the clock, streams that are cut, and the bodies that wait for a verdict in a real mitmproxy."""

import asyncio
import json
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from mitmproxy.http import HTTPFlow, Response
from mitmproxy.test import tflow
from pretend.school import School
from schoolgate.policy.decision import decide
from schoolgate.policy.files import Direction, FileFacts, FileRule
from schoolgate.policy.request import request_from_url
from schoolgate.policy.rules import Action
from schoolgate.proxy.act import Act
from schoolgate.proxy.chain import open_live
from schoolgate.proxy.live import Live, Passage
from schoolgate.proxy.pictures import GREY, grey, is_picture
from schoolgate.proxy.soft_stops import MINUTES, Matched, SoftStops
from schoolgate.proxy.watching import Watch
from schoolgate.settings.load import Settings


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def live(settings_of: Callable[[School], Settings], tmp_path: Path) -> Live:
    settings = settings_of(School(tmp_path).write())
    settings.data.mkdir(exist_ok=True)
    return open_live(settings, "worker1")


def matched(live: Live, action: Action, client: str = "127.0.0.2", host: str = "x.com") -> Matched:
    request = request_from_url(f"https://{host}/photos/me-and-jack.jpg?to=jill", at=datetime.now(UTC), client=client)
    rule = FileRule("ask", frozenset({"pupils"}), Direction.UPLOAD, action, "Ask first.", categories=frozenset({"social_media"}))  # fmt: skip
    facts = FileFacts(frozenset({"jpg"}), frozenset({"image/jpeg"}), 2_400_000, frozenset({"social_media"}))
    flow = tflow.tflow()
    flow.request.headers["accept"] = "application/json"
    return Matched(flow, Passage(request, decide(request, live.snapshot)), Direction.UPLOAD, rule, facts)


def recorded(live: Live) -> list[dict[str, str]]:
    lines = [line for path in (live.settings.data / "journal").iterdir() for line in path.read_text().splitlines()]
    found = [json.loads(line[line.index("{") :]) for line in lines if "{" in line]
    return [each for each in found if each.get("t") == "event"]


def test_a_question_is_asked_once_has_its_moment_and_then_holds_for_ten_minutes(live: Live) -> None:
    clock = Clock()
    stops = SoftStops(live, Act(live), clock)
    first = stops.refuses(matched(live, Action.WARN))
    assert first is not None
    assert first.status_code == 403
    clock.now += 1
    second = stops.refuses(matched(live, Action.WARN))
    assert second is not None
    assert second.json()["ref"] == first.json()["ref"]
    assert len(recorded(live)) == 1
    clock.now += 5
    assert stops.refuses(matched(live, Action.WARN)) is None
    assert stops.refuses(matched(live, Action.WARN, client="127.0.2.7")) is not None
    assert stops.refuses(matched(live, Action.WARN, host="facebook.com")) is not None
    clock.now += MINUTES * 60
    assert stops.refuses(matched(live, Action.WARN)) is not None
    assert [event["action"] for event in recorded(live)] == ["warn", "log", "warn", "warn", "warn"]


@pytest.mark.parametrize(
    ("action", "refused", "kept"),
    [(Action.BLOCK, True, ["block"]), (Action.LOG, False, ["log"]), (Action.ALLOW, False, [])],
)
def test_what_each_action_does(live: Live, action: Action, refused: bool, kept: list[str]) -> None:
    stops = SoftStops(live, Act(live))
    assert (stops.refuses(matched(live, action)) is not None) is refused
    assert [event["action"] for event in recorded(live)] == kept


def test_the_record_holds_type_size_and_host_and_no_name(live: Live) -> None:
    SoftStops(live, Act(live)).refuses(matched(live, Action.WARN))
    [event] = recorded(live)
    assert (event["host"], event["entry"], event["path"]) == ("x.com", "image/jpeg, 2.4 MB", "/")
    assert "jack" not in json.dumps(event)
    assert "jill" not in json.dumps(event)


def test_a_watched_stream_passes_on_what_its_own_stream_makes_of_it_until_it_is_refused() -> None:
    async def run() -> None:
        seen: list[int] = []

        def refused(data: bytes, count: int) -> bool:
            seen.append(count)
            return count > 5

        watch = Watch(tflow.tflow(), refused, lambda data: [data.upper()])
        assert list(watch(b"abc")) == [b"ABC"]
        assert list(watch(b"")) == [b""]
        assert watch(b"defg") == []
        assert watch(b"h") == []
        assert seen == [3, 7]

    asyncio.run(run())


def test_a_fault_while_watching_cuts() -> None:
    async def run() -> None:
        def refused(data: bytes, count: int) -> bool:
            raise ZeroDivisionError

        assert Watch(tflow.tflow(), refused, True)(b"x") == []

    asyncio.run(run())


def answered(kind: str, dest: str = "", status: int = 200, method: str = "GET") -> tuple[HTTPFlow, Response]:
    flow = tflow.tflow()
    flow.request.method = method
    if dest:
        flow.request.headers["sec-fetch-dest"] = dest
    return flow, Response.make(status, b"", {"Content-Type": kind} if kind else {})


@pytest.mark.parametrize(
    ("kind", "dest", "judged"),
    [
        ("image/jpeg", "", True),
        ("IMAGE/WebP; x=y", "", True),
        ("image/heic", "", True),
        ("image/svg+xml", "image", False),
        ("image/x-icon", "image", False),
        ("application/octet-stream", "image", True),
        ("", "image", True),
        ("application/octet-stream", "", False),
        ("text/html", "image", False),
    ],
)
def test_what_is_a_picture(kind: str, dest: str, judged: bool) -> None:
    assert is_picture(*answered(kind, dest)) is judged


@pytest.mark.parametrize(("status", "method"), [(304, "GET"), (204, "GET"), (200, "HEAD")])
def test_an_answer_without_a_body_is_no_picture(status: int, method: str) -> None:
    assert not is_picture(*answered("image/jpeg", status=status, method=method))


def test_the_grey_picture_is_a_sound_png_that_scripts_may_read() -> None:
    response = grey(Response.make(200, b"secret", {"Access-Control-Allow-Origin": "*", "ETag": "x", "Set-Cookie": "a"}))
    assert response.content == GREY
    assert dict(response.headers.items()) == {
        "Content-Type": "image/png",
        "Cache-Control": "no-store",
        "access-control-allow-origin": "*",
        "content-length": str(len(GREY)),
    }
    place, names = 8, []
    while place < len(GREY):
        size, name = int.from_bytes(GREY[place : place + 4]), GREY[place + 4 : place + 8]
        data = GREY[place + 8 : place + 8 + size]
        assert zlib.crc32(name + data) == int.from_bytes(GREY[place + 8 + size : place + 12 + size])
        names.append(name)
        place += 12 + size
    assert names == [b"IHDR", b"IDAT", b"IEND"]
