"""What was harmless once passes again unread; whatever is different about it is read."""

import json

import pytest
from schoolgate.content.heard import Heard, Reheard
from schoolgate.content.open_forms import form_of
from schoolgate.content.passing_text import Budget, Passing
from schoolgate.content.stream_forms import Notice

JSON = "application/json"
CALM = json.dumps({"items": [{"title": f"A calm sentence, number {number}. "} for number in range(200)]}).encode()
HARM = b'{"title": "Mix the banned powder."}'


class Reader:
    """Judges words, and keeps what it was given to read."""

    def __init__(self, heard: Heard, about: str = "pupils", kind: str = JSON) -> None:
        self.read: list[str] = []
        form = form_of(kind)
        assert form is not None
        passing = Passing(form, self._judge, lambda found: Notice("Because.", "ABCD"), Budget())
        self.way: Reheard[str] = heard.again(form, passing, f"{kind} {about}")

    def _judge(self, text: str) -> str | None:
        self.read.append(text)
        return "harm" if "banned powder" in text else None

    def passes(self, *pieces: bytes) -> bytes:
        return b"".join([*(self.way.feed(piece)[0] for piece in pieces), self.way.end()[0]])


def halves(data: bytes) -> tuple[bytes, bytes]:
    return data[: len(data) // 2], data[len(data) // 2 :]


def test_what_was_harmless_passes_again_unread() -> None:
    heard = Heard()
    first, second = Reader(heard), Reader(heard)
    assert first.passes(*halves(CALM)) == CALM
    assert first.read
    assert second.passes(b"", *halves(CALM), b"") == CALM
    assert not second.read


def test_it_is_read_where_other_words_count() -> None:
    heard = Heard()
    Reader(heard).passes(CALM)
    for other in (Reader(heard, "infants"), Reader(heard, kind="text/plain")):
        assert other.passes(CALM) == CALM
        assert other.read


@pytest.mark.parametrize("about", ["pupils", "infants"])
def test_what_is_harmful_is_never_known(about: str) -> None:
    heard = Heard()
    for _ in range(3):
        reader = Reader(heard, about)
        assert b"powder" not in reader.passes(CALM, HARM)
        assert reader.way.cut
        assert reader.read


def test_what_goes_on_otherwise_is_read_from_its_beginning() -> None:
    heard = Heard()
    Reader(heard).passes(*halves(CALM))
    begin, _ = halves(CALM)
    reader = Reader(heard)
    assert reader.passes(begin, b' the banned powder."}]}').startswith(begin)
    assert reader.way.cut
    assert "calm sentence, number 0" in reader.read[0]


def test_words_that_are_split_by_what_is_known_are_found() -> None:
    heard = Heard()
    Reader(heard).passes(b'{"a": "Mix the banned ')
    reader = Reader(heard)
    assert reader.passes(b'{"a": "Mix the banned ', b'powder now."}') == b'{"a": "Mix the banned '
    assert reader.way.cut


def test_an_end_is_another_thing_than_going_on() -> None:
    heard = Heard()
    Reader(heard).passes(b'{"a": "Mix the banned')
    reader = Reader(heard)
    reader.way.feed(b'{"a": "Mix the banned')
    assert reader.way.feed(b"its end")[1] is None
    assert reader.way.feed(b' banned powder."}')[1] == "harm"


def test_where_it_is_held_against_an_answer_later_only_the_notice_is_left_to_pass() -> None:
    heard, text = Heard(), b"The first sentence is calm. Mix the banned powder now."
    reader = Reader(heard, kind="text/plain")
    reader.way._known.keep(reader.way._digest.copy().digest(), True)
    known = reader.way._digest.copy()
    known.update(text)
    reader.way._known.keep(known.digest(), True)  # as if it had been judged by kinder words
    assert reader.way.feed(text) == (text, None)
    out, found = reader.way.feed(b" And on.")
    assert found == "harm"
    assert b"The school's filter has stopped this here." in out
    assert b"calm" not in out


def test_messages_of_a_stream_are_always_read() -> None:
    heard, data = Heard(), b'data: {"content": "A calm sentence."}\n\n'
    for _ in range(2):
        for kind in ("text/event-stream", "application/x-ndjson", JSON):
            reader = Reader(heard, kind=kind)
            assert reader.passes(data) == data
            assert reader.read


def test_a_long_answer_is_read_again_beyond_its_beginning() -> None:
    heard, pieces = Heard(), [b'{"a": "' + b"calm words " * 1000 + b'"}'] * 20
    assert Reader(heard).passes(*pieces) == b"".join(pieces)
    reader = Reader(heard)
    assert reader.passes(*pieces) == b"".join(pieces)
    assert reader.read
    heard = Heard(most=2)
    Reader(heard).passes(*pieces)
    assert len(heard._known) == 2
