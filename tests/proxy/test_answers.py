"""Whatever goes wrong while an answer is judged, it ends: nothing unjudged passes, and the technician is told."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from mitmproxy.http import Headers, HTTPFlow
from mitmproxy.test import tflow
from mitmproxy.websocket import WebSocketMessage
from pretend.school import School
from schoolgate.policy.decision import decide
from schoolgate.policy.request import WebRequest
from schoolgate.policy.rules import Action, Alert, Stage
from schoolgate.policy.verdict import Verdict
from schoolgate.proxy.act import Act
from schoolgate.proxy.answers import Answers, Words
from schoolgate.proxy.chain import open_live
from schoolgate.proxy.insides.ending import PARTINGS, Endable, can_end
from schoolgate.proxy.live import Live, Passage
from schoolgate.settings.folders import find_folders
from schoolgate.settings.load import Settings, load_settings
from schoolgate.store.journal import waiting
from wsproto.frame_protocol import Opcode

EVENT = b"data: something worse\n\n"


@pytest.fixture(scope="module")
def settings(index: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    school = School(tmp_path_factory.mktemp("answers")).write()
    return load_settings(find_folders(school.config), index)


@pytest.fixture
def live(settings: Settings) -> Live:
    for path in (settings.data / "journal").glob("*"):
        path.unlink()
    return open_live(settings, "test")


def passage(live: Live) -> Passage:
    request = WebRequest(datetime.now(UTC), "127.0.0.2", None, "GET", "https", ("allowed.example",), 443, "/", "")
    return Passage(request, decide(request, live.snapshot))


def flow_of(live: Live, **headers: str) -> HTTPFlow:
    flow = tflow.tflow(resp=True)
    assert flow.response is not None
    flow.response.data.content = None
    flow.response.headers = Headers(
        [(k.encode(), v.encode()) for k, v in ({"content-type": "text/event-stream"} | headers).items()]
    )
    live.judged[flow] = passage(live)
    return flow


def stream_of(flow: HTTPFlow) -> Endable:
    assert flow.response is not None
    assert isinstance(flow.response.stream, Endable)
    return flow.response.stream


def blocking(live: Live) -> Callable[[Passage], Words]:
    def judging(passage: Passage) -> Words:
        def words(text: str) -> Verdict | None:
            verdict = replace(passage.verdict, action=Action.BLOCK, category="gambling", stage=Stage.RESPONSE)
            return replace(verdict, why="Because.", alert=Alert.IMMEDIATE) if "worse" in text else None

        return words

    return judging


def failing(text: str) -> Verdict | None:
    raise RuntimeError("the judge is ill")


def entries(live: Live) -> list[dict[str, str]]:
    return [entry for entry in waiting(live.settings.data, {}) if entry["t"] == "event"]


def test_this_mitmproxy_lets_answers_end() -> None:
    assert can_end()


def test_an_answer_whose_judge_fails_ends_and_the_fault_is_on_record(live: Live) -> None:
    flow = flow_of(live)
    Answers(live, Act(live), lambda passage: failing).responseheaders(flow)
    stream = stream_of(flow)
    assert stream(b": nothing to judge\n") == [b": nothing to judge\n"]
    assert stream(EVENT) == []
    assert (stream.over, stream.sound) == (True, False)
    assert stream(b": and more\n") == []
    [event] = entries(live)
    assert (event["action"], event["rule"]) == ("fault", "gate-answer")
    assert "the judge is ill" in event["why"]
    assert "worse" not in str(event)


def test_an_answer_passes_not_at_all_where_nobody_knows_how_to_judge_it(live: Live) -> None:
    def judging(passage: Passage) -> Words | None:
        raise RuntimeError("no rules")

    flow = flow_of(live)
    Answers(live, Act(live), judging).responseheaders(flow)
    assert stream_of(flow)(b": hello\n") == []
    assert stream_of(flow).over
    assert entries(live)[0]["action"] == "fault"


def test_a_block_that_cannot_be_recorded_shows_no_notice_and_nothing_else(live: Live) -> None:
    flow = flow_of(live)
    answers = Answers(live, Act(live), blocking(live))
    answers.responseheaders(flow)
    folder = live.journal._folder
    shutil.rmtree(folder)
    folder.write_text("no journal can be begun here")
    try:
        assert stream_of(flow)(EVENT) == []
    finally:
        folder.unlink()
    assert stream_of(flow).over
    assert not stream_of(flow).sound


def test_the_event_is_on_record_before_the_notice_leaves(live: Live) -> None:
    flow = flow_of(live)
    flow.request.headers["sec-fetch-dest"] = "empty"
    Answers(live, Act(live), blocking(live)).responseheaders(flow)
    [out] = stream_of(flow)(b"data: fine.\n\n" + EVENT)
    [event] = entries(live)
    assert out.startswith(b"data: fine.\n\n")
    assert event["ref"].encode() in out
    assert (event["action"], event["stage"], event["category"], event["kind"], event["alert"]) == (
        "block",
        "response",
        "gambling",
        "embedded",
        "digest",
    )
    assert (stream_of(flow).over, stream_of(flow).sound) == (True, True)


def test_a_websocket_whose_judge_fails_is_closed(live: Live) -> None:
    flow = tflow.twebsocketflow()
    live.judged[flow] = passage(live)
    assert flow.websocket is not None
    answers = Answers(live, Act(live), lambda passage: failing)
    message = WebSocketMessage(Opcode.TEXT, False, b"hello")
    flow.websocket.messages.append(message)
    answers.websocket_message(flow)
    assert message.dropped
    assert entries(live)[0]["ref"] in PARTINGS[flow].message
    assert flow.websocket.messages == []


@pytest.mark.parametrize(
    ("headers", "status", "method", "taken"),
    [
        ({}, 200, "GET", True),
        ({}, 404, "GET", True),
        ({}, 204, "GET", False),
        ({}, 304, "GET", False),
        ({}, 101, "GET", False),
        ({}, 200, "HEAD", False),
        ({"content-type": "application/json"}, 200, "POST", True),
        ({"content-type": "application/problem+json; charset=utf-8"}, 500, "GET", True),
        ({"content-type": "text/html"}, 200, "GET", True),
        ({"content-type": "image/png"}, 200, "GET", False),
        ({"content-type": "application/grpc-web-text"}, 200, "GET", False),
        ({"content-type": "text/javascript"}, 200, "GET", False),
        ({"content-type": ""}, 200, "GET", False),
    ],
)
def test_what_is_taken(live: Live, headers: dict[str, str], status: int, method: str, taken: bool) -> None:
    flow = flow_of(live, **headers)
    assert flow.response is not None
    flow.response.status_code, flow.request.method = status, method
    Answers(live, Act(live), blocking(live)).responseheaders(flow)
    assert isinstance(flow.response.stream, Endable) is taken


def test_what_is_held_unjudged_or_our_own_is_left_alone(live: Live) -> None:
    answers = Answers(live, Act(live), blocking(live))
    held, own, unjudged = flow_of(live), flow_of(live), flow_of(live)
    live.held.add(held)
    assert own.response is not None
    own.response.content = b"data: ours\n\n"
    live.judged[unjudged] = None
    for flow in (held, own, unjudged):
        answers.responseheaders(flow)
        assert flow.response is not None
        assert not isinstance(flow.response.stream, Endable)
    free = flow_of(live, etag='"a"', **{"content-encoding": "gzip"})
    Answers(live, Act(live), lambda passage: None).responseheaders(free)
    assert free.response is not None
    assert free.response.headers["content-encoding"] == "gzip"


@pytest.mark.parametrize(
    ("headers", "sound"),
    [
        ({"content-type": "text/plain"}, True),
        ({"content-type": "text/plain", "cache-control": "max-age=600"}, False),
        ({"content-type": "text/plain", "etag": '"a"'}, False),
        ({"content-type": "text/plain", "etag": '"a"', "cache-control": "no-store"}, True),
        ({"content-type": "text/event-stream", "cache-control": "no-cache"}, True),
        ({"content-type": "application/json"}, False),
    ],
)
def test_what_a_browser_may_keep_breaks_off_so_that_it_does_not(
    live: Live, headers: dict[str, str], sound: bool
) -> None:
    flow = flow_of(live, **headers)
    Answers(live, Act(live), blocking(live)).responseheaders(flow)
    body = {"text/event-stream": EVENT, "application/json": b'["worse"]', "text/plain": b"something worse"}
    stream_of(flow)(body[headers["content-type"]])
    assert stream_of(flow).over
    assert stream_of(flow).sound is sound
