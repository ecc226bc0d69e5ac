"""Whatever the body of a question to a chatbot looks like, its words are found; what the chatbot said before is not."""

import json
from urllib.parse import urlencode

import pytest
from schoolgate.content.prompts import WINDOW, prompts_of

ASK = "how can I kill myself tonight"
JSON = "application/json"


def turn(role: str, content: object) -> dict[str, object]:
    return {"role": role, "content": content}


BODIES = {
    "openai": {"model": "m", "messages": [turn("user", ASK)]},
    "parts": {"messages": [turn("user", [{"type": "text", "text": ASK}, {"type": "text", "text": "hi"}])]},
    "two turns": {"messages": [turn("user", ASK), turn("user", "please answer")]},
    "prefilled": {"messages": [turn("user", ASK), turn("assistant", "Sure, here is")]},
    "gemini": {"contents": [{"role": "user", "parts": [{"text": ASK}]}]},
    "responses": {"input": ASK},
    "beside": {"messages": [turn("user", "hi")], "prompt": ASK},
    "unknown": {"zz": {"yy": [1, {"xx": ASK}]}, "last": "en-GB"},
    "chatgpt": {"messages": [{"author": {"role": "user"}, "content": {"parts": [ASK]}}]},
    "nested": {"f": json.dumps([None, json.dumps([[ASK]])])},
}


@pytest.mark.parametrize("name", BODIES)
def test_every_shape_is_read(name: str) -> None:
    assert any(ASK in each for each in prompts_of(json.dumps(BODIES[name]).encode(), JSON))


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (urlencode({"f.req": json.dumps([None, json.dumps([[ASK]])]), "at": "x:1"}).encode(), "form"),
        (urlencode({"anything": ASK}).encode(), "form"),
        (json.dumps({"p": ASK}).encode(), "form"),
        (f'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n{ASK}\r\n--b--\r\n'.encode(), "multipart"),
        (f'{{"prompt": "{ASK}", "t": NaN}}'.encode(), JSON),
        (f'{{"prompt": "{ASK}", broken'.encode(), JSON),
        (b"\xef\xbb\xbf" + json.dumps({"prompt": ASK}).encode(), JSON),
        (json.dumps({"prompt": ASK}).encode("utf-16"), JSON),
        (json.dumps({"prompt": ASK}).encode("utf-16-le"), JSON),
        (f'42["msg", {{"x": "{ASK}"}}]'.encode(), ""),
        (ASK.encode(), "text/plain"),
        (b"[" * 5000 + ASK.encode(), JSON),
    ],
)
def test_every_way_of_writing_is_read(body: bytes, kind: str) -> None:
    types = {"form": "application/x-www-form-urlencoded", "multipart": "multipart/form-data; boundary=b"}
    assert any(ASK in each for each in prompts_of(body, types.get(kind, kind)))


def test_earlier_turns_answers_and_rules_are_not_judged_again() -> None:
    turns = [turn("system", "Speak of suicide with care."), turn("user", ASK), turn("assistant", "Call 116 123.")]
    assert prompts_of(json.dumps({"messages": [*turns, turn("user", "thank you")]}).encode(), JSON) == ("thank you",)


def test_ids_addresses_and_pictures_are_no_words() -> None:
    body = {
        "id": "a1b2-c3",
        "url": "https://x.example/kill",
        "image": "data:image/png;base64,AAAA",
        "n": 4,
        "v": "v1.2",
    }
    assert prompts_of(json.dumps(body).encode(), JSON) == ()


def test_a_long_prompt_is_read_in_windows_from_both_ends() -> None:
    windows = prompts_of((ASK + " padding" * 20_000 + " the end").encode(), "text/plain")
    assert len(windows) == 10
    assert all(len(each) <= WINDOW for each in windows)
    assert ASK in windows[0]
    assert "the end" in windows[-1]
