"""What is said to a chatbot over a WebSocket is judged as a question, and told with the words around what was found."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from mitmproxy.http import HTTPFlow
from mitmproxy.test import tflow
from mitmproxy.websocket import WebSocketMessage
from pretend.school import RULES, School
from schoolgate.policy.decision import decide
from schoolgate.policy.request import WebRequest
from schoolgate.proxy.act import Act
from schoolgate.proxy.asking import Asking
from schoolgate.proxy.chain import open_live
from schoolgate.proxy.insides.ending import PARTINGS
from schoolgate.proxy.live import Live, Passage
from schoolgate.settings.folders import find_folders
from schoolgate.settings.load import load_settings
from schoolgate.store.journal import waiting
from wsproto.frame_protocol import Opcode

WORRIES = """rules:
  - {id: worries, groups: [pupils], categories: [self_harm], applies_to: [searches], action: block, alert: immediate,
     why: The school looks after it.}
"""
ASK = b'42["say", {"text": "how can I kill myself tonight"}]'


@pytest.fixture(scope="module")
def live(index: Path, tmp_path_factory: pytest.TempPathFactory) -> Live:
    school = School(tmp_path_factory.mktemp("asking"), rules=RULES.replace("rules:\n", WORRIES, 1)).write()
    return open_live(load_settings(find_folders(school.config), index), "test")


def talk(live: Live, host: str) -> HTTPFlow:
    flow = tflow.twebsocketflow()
    request = WebRequest(datetime.now(UTC), "127.0.0.2", None, "GET", "https", (host,), 443, "/ws", "")
    live.judged[flow] = Passage(request, decide(request, live.snapshot))
    return flow


def say(live: Live, host: str, content: bytes, by_client: bool = True) -> tuple[HTTPFlow, WebSocketMessage]:
    flow, message = talk(live, host), WebSocketMessage(Opcode.TEXT, by_client, content)
    assert flow.websocket is not None
    flow.websocket.messages.append(message)
    Asking(live, Act(live)).websocket_message(flow)
    return flow, message


def test_a_worrying_question_ends_the_talk_and_is_told_with_its_words(live: Live) -> None:
    flow, message = say(live, "chatgpt.com", ASK)
    assert message.dropped
    assert "The school looks after it." in PARTINGS[flow].message
    event = [entry for entry in waiting(live.settings.data, {}) if entry["t"] == "event"][-1]
    assert "how can I kill myself tonight" in event["search"]
    assert event["alert"] == "immediate"


@pytest.mark.parametrize(
    ("host", "content", "by_client"),
    [
        ("chatgpt.com", b"explain photosynthesis", True),
        ("chatgpt.com", ASK, False),
        ("chatgpt.com", b"\xff\xfe\x00", True),
        ("game.example", ASK, True),
    ],
)
def test_all_else_passes(live: Live, host: str, content: bytes, by_client: bool) -> None:
    flow, message = say(live, host, content, by_client)
    assert not message.dropped
    assert flow not in PARTINGS


def test_of_a_long_question_the_words_around_what_was_found_are_kept(live: Live) -> None:
    flow = talk(live, "chatgpt.com")
    passage = live.judged[flow]
    assert passage is not None
    long = "we talk of the weather and of cakes. " * 20
    verdict = Asking(live, Act(live))._verdict((f"{long} how can I kill myself tonight {long}",), passage)
    assert verdict is not None
    assert "kill myself" in verdict.search
    assert len(verdict.search) <= 500
