"""What somebody says to a chatbot, out of the body of a request, however that body is written.

Of a conversation the turns since the last answer count: what stands before them was judged when it was sent. Where the
shape is unknown, every string that looks like words counts; what cannot be parsed is read as plain text.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from schoolgate.content.charset import decode
from schoolgate.content.query_string import form_values, words
from schoolgate.content.stream_forms import is_technical

WINDOW = 2000
"""Characters of a prompt that are judged together."""
_OVERLAP = 200  # characters of a window that the next one repeats
_MOST_WINDOWS = 10  # of a longer prompt, the first and the last
_MOST_NESTED = 24
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_TURNS = frozenset({"messages", "contents", "input", "history", "conversation", "chat_history"})
_SETTINGS = """system system_instruction systeminstruction instructions tools tool_choice functions response_format
generationconfig generation_config safetysettings safety_settings metadata model"""
_NOT_ASKED = frozenset(_SETTINGS.split())
_ANSWERS = frozenset({"assistant", "model", "ai", "bot", "chatbot"})
_RULES = frozenset({"system", "developer"})
_BINARY = re.compile(r"data:[\w/.+-]*;base64,|[A-Za-z0-9+/=_-]{120,}\Z")
_NO_WORD = re.compile(r"(?:https?://\S*|[\w.+-]*\d[\w.:+-]*|[\w-]+[._/:][\w./:-]+)\Z")
_BLANK = re.compile(r"\s")
_LETTER = re.compile(r"[^\W\d_]")


def prompts_of(body: bytes, content_type: str) -> tuple[str, ...]:
    """What is asked, in windows to be judged one by one; none where nothing is asked."""
    said = dict.fromkeys(each.strip() for each in _said_in(body, content_type))
    return _windows("\n".join(each for each in said if each))


def _said_in(body: bytes, content_type: str) -> Iterator[str]:
    kind = content_type.partition(";")[0].strip().lower()
    fields = form_values(content_type, body) if kind in _FORMS and body.lstrip()[:1] not in (b"{", b"[") else {}
    if any(map(any, fields.values())):
        for given in fields.values():
            for value in given:
                yield from _said_in_text(words(value))
    else:
        yield from _said_in_text(_text(body, content_type))


def _text(body: bytes, content_type: str) -> str:
    """UTF-16 without a mark is told by its zeros, as readers of JSON do."""
    head = body[:64]
    if len(head) >= 4 and head.count(0) * 3 >= len(head):
        return body.decode("utf-16-be" if head[0] == 0 else "utf-16-le", "replace")
    return decode(body, content_type)


def _said_in_text(text: str) -> Iterator[str]:
    tree = _parsed(text)
    if tree is None:
        yield text.replace("\0", "")
    else:
        yield from _asked(tree)


def _parsed(text: str) -> Any:
    """JSON, also with NaN, or behind the mark of a WebSocket's library (``42[...]``); None where it is none."""
    start = re.match(r"\s*\d{0,4}\s*(?=[\[{])", text)
    if start is None:
        return None
    try:
        return json.loads(text[start.end() :], strict=False)
    except (ValueError, RecursionError):
        return None


def _asked(tree: Any) -> Iterator[str]:
    """The turns since the last answer of a conversation, and all else that the person may have written."""
    turns = tree if isinstance(tree, list) and _is_conversation(tree) else None
    if turns is not None:
        yield from _last_turns(turns)
    elif isinstance(tree, dict) and any(_is_turns(key, each) for key, each in tree.items()):
        for key, each in tree.items():
            if _is_turns(key, each):
                yield from _last_turns(each)
            elif key.lower() not in _NOT_ASKED:
                yield from _leaves(each, 0)
    else:
        yield from _leaves(tree, 0)


def _is_turns(key: str, value: Any) -> bool:
    return key.lower() in _TURNS and isinstance(value, list) and _is_conversation(value)


def _is_conversation(turns: list[Any]) -> bool:
    return bool(turns) and all(isinstance(turn, dict) for turn in turns) and any(map(_role, turns))


def _role(turn: dict[str, Any]) -> str:
    author = turn.get("author")
    role = turn.get("role") or (author.get("role") if isinstance(author, dict) else author) or turn.get("sender")
    return role.lower() if isinstance(role, str) else ""


def _last_turns(turns: list[dict[str, Any]]) -> Iterator[str]:
    """From the end back to the last answer; an answer at the very end is the beginning of one that is asked for."""
    asked: list[dict[str, Any]] = []
    for turn in reversed(turns):
        role = _role(turn)
        if role in _ANSWERS and any(_role(each) not in _ANSWERS for each in asked):
            break
        if role not in _RULES:
            asked.append(turn)
    for turn in reversed(asked or turns):
        yield from _leaves({key: each for key, each in turn.items() if key not in ("role", "author", "sender")}, 0)


def _leaves(value: Any, depth: int, key: str = "") -> Iterator[str]:
    """All strings that look like words; JSON that is written inside of a string is opened."""
    if isinstance(value, str):
        inner = _parsed(value) if value[:1] in ("[", "{") and depth < _MOST_NESTED else None
        if inner is not None:
            yield from _leaves(inner, depth + 1, key)
        elif _looks_like_words(value) and not (is_technical(key) and not _BLANK.search(value)):
            yield value
    elif depth < _MOST_NESTED and isinstance(value, dict):
        for name, each in value.items():
            yield from _leaves(each, depth + 1, name)
    elif depth < _MOST_NESTED and isinstance(value, list):
        for each in value:
            yield from _leaves(each, depth + 1, key)
    elif isinstance(value, (dict, list)):
        yield json.dumps(value, ensure_ascii=False)


def _looks_like_words(value: str) -> bool:
    return len(value) > 1 and bool(_LETTER.search(value)) and not (_NO_WORD.match(value) or _BINARY.match(value))


def _windows(text: str) -> tuple[str, ...]:
    step = WINDOW - _OVERLAP
    starts = range(0, max(len(text) - _OVERLAP, 1), step) if text else range(0)
    windows = [text[start : start + WINDOW] for start in starts]
    if len(windows) > _MOST_WINDOWS:
        half = _MOST_WINDOWS // 2
        windows = windows[:half] + windows[-half:]
    return tuple(windows)
