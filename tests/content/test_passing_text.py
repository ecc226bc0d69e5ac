"""Answers that stream: the harmful sentence stays behind wherever it is split, and all else arrives as it was sent."""

import json
import time
import tracemalloc
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from schoolgate.content.fold import fold
from schoolgate.content.line_forms import EventStream, Lines, Messages
from schoolgate.content.open_forms import GrowingJson, Text, form_of
from schoolgate.content.passing_text import LATE, WINDOW, Budget, Passing
from schoolgate.content.stream_forms import Form, Notice

HARM = "Mix the banned powder with the secret fluid"
BEFORE = "Sure, here is a story. It was a dark night! "
AFTER = " and light it. Then run away."
CHUNKS = (1, 2, 3, 7, 64, 100_000)


def judge(text: str) -> str | None:
    words = f" {fold(text)} "
    return "harm" if " banned powder " in words and " secret fluid " in words else None


def tell(found: str) -> Notice:
    return Notice("Pupils must not be exposed to harmful material.", "ABCD-2345")


class Rich(Budget):
    def allows(self) -> bool:
        return True


class Poor(Budget):
    def allows(self) -> bool:
        return False


def through(
    form: Form, data: list[bytes], budget: Budget | None = None, judging: Callable[[str], str | None] = judge
) -> tuple[list[bytes], bool]:
    """What came out for each chunk, and whether the stream was cut."""
    passing = Passing(form, judging, tell, budget or Rich())
    out = [passing.feed(chunk)[0] for chunk in data]
    out.append(passing.end()[0])
    return out, passing.cut


def cut_up(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


def openai(token: str) -> str:
    return json.dumps({"id": "chatcmpl-9", "object": "chunk", "choices": [{"index": 0, "delta": {"content": token}}]})


def anthropic(token: str) -> str:
    return json.dumps({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": token}})


def gemini(token: str) -> str:
    return json.dumps({"candidates": [{"content": {"parts": [{"text": token}], "role": "model"}}]})


def patch(token: str) -> str:
    return json.dumps({"v": token}, ensure_ascii=False)


SHAPES = {"openai": openai, "anthropic": anthropic, "gemini": gemini, "patch": patch, "plain": str}


def event_stream(tokens: list[str], shape: Callable[[str], str], end: str = "\n") -> bytes:
    events = [f"data: {shape(token)}{end}{end}" for token in tokens if token and "\n" not in token]
    return "".join(events).encode()


def lines(tokens: list[str], shape: Callable[[str], str] = patch) -> bytes:
    return "".join(f"{shape(token)}\n" for token in tokens if token).encode()


def words(text: str) -> list[str]:
    """As language models do: each word with the blank before it."""
    return [text[: text.index(" ")], *(f" {word}" for word in text[text.index(" ") + 1 :].split(" "))]


def splits(text: str) -> Iterator[list[str]]:
    """The text in two messages, at every place."""
    yield from ([text[:at], text[at:]] for at in range(1, len(text)))


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_a_sentence_split_over_two_events_at_any_place_stays_behind(shape: Callable[[str], str]) -> None:
    for parts in splits(HARM + AFTER):
        stream = event_stream([*words(BEFORE.strip()), *([" " + parts[0], *parts[1:]])], shape)
        out, cut = through(EventStream(), cut_up(stream, 64))
        got = b"".join(out)
        assert cut, parts
        assert b"fluid" not in got, parts
        assert b"dark night" in got or b" night!" in got
        assert b"stopped this here" in got
        assert b"ABCD-2345" in got


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 9, 17])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_a_sentence_in_tokens_of_any_size_stays_behind(shape: Callable[[str], str], size: int) -> None:
    text = BEFORE + HARM + AFTER
    tokens = [text[at : at + size] for at in range(0, len(text), size)]
    for chunk in CHUNKS:
        for form, stream in ((EventStream(), event_stream(tokens, shape)), (Lines(), lines(tokens))):
            out, cut = through(form, cut_up(stream, chunk))
            said = said_in(b"".join(out))
            assert cut
            assert "secret fluid" not in said
            assert "light it" not in said
            assert said.startswith("Sure, here is a story.")


def said_in(stream: bytes) -> str:
    """What a client of any of the shapes would show."""
    said = []
    for line in stream.decode().split("\n"):
        body = line.removeprefix("data: ")
        if body.startswith("{"):
            said.extend(strings(json.loads(body)))
        elif line.startswith("data: "):
            said.append(body)
    return "".join(said)


def strings(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for key, part in value.items():
            if key not in ("type", "role", "id", "object"):
                yield from strings(part)
    elif isinstance(value, list):
        for part in value:
            yield from strings(part)
    elif isinstance(value, str):
        yield value


def test_where_all_comes_at_once_the_sentences_before_still_pass() -> None:
    out, cut = through(EventStream(), [event_stream(words(BEFORE + HARM + AFTER), openai)])
    assert cut
    said = said_in(b"".join(out))
    assert said.startswith(BEFORE.strip())
    assert "banned" not in said
    assert "Mix" not in said


def test_a_document_is_cut_within_and_no_notice_makes_it_look_sound() -> None:
    posts = [{"id": number, "text": f"Post number {number} is about kittens."} for number in range(100)]
    posts.insert(50, {"id": 1000, "text": HARM})
    document = json.dumps({"posts": posts}).encode()
    for size in CHUNKS:
        out, cut = through(GrowingJson(), cut_up(document, size))
        got = b"".join(out)
        assert cut
        assert document.startswith(got)
        assert b"number 40 " in got
        assert b"fluid" not in got
        with pytest.raises(ValueError):
            json.loads(got)


@pytest.mark.parametrize("size", [1, 3, 10, 1000])
def test_a_string_that_grows_is_judged_as_far_as_it_has_come(size: int) -> None:
    escaped = "".join(f"\\u{ord(sign):04x}" for sign in HARM)
    document = f'{{"answer": "Well, \\"listen\\":\\n{escaped} and {"x" * 2000}'.encode()
    chunks = cut_up(document, size)
    passing = Passing(GrowingJson(), judge, tell, Rich())
    passed = b""
    for chunk in chunks:
        passed += passing.feed(chunk)[0]
        assert judge(json.loads('"' + passed.decode().partition(': "')[2].rpartition("\\")[0] + '"') or "") is None
    assert passing.cut


def test_json_inside_of_json_is_opened() -> None:
    inner = json.dumps([None, ["c_1", [["rc_1", [f"Here you go:\n{HARM}"]]]]])
    assert through(GrowingJson(), [json.dumps([["wrb.fr", None, inner]]).encode()])[1]
    assert through(Lines(), [json.dumps([["wrb.fr", None, inner]]).encode() + b"\n"])[1]
    assert through(Messages(), [json.dumps({"m": inner}).encode()])[1]


def test_texts_in_pieces_of_a_document_are_joined_as_words_and_as_parts_of_words() -> None:
    parts = [{"text": part} for part in ("Mix the ban", "ned pow", "der with the sec", "ret flu", "id")]
    assert through(GrowingJson(), [json.dumps(parts, indent=1).encode()])[1]
    apart = [{"text": part} for part in ("banned", "powder", "secret", "fluid")]
    assert through(GrowingJson(), [json.dumps(apart).encode()])[1]


@pytest.mark.parametrize("charset", ["utf-8", "utf-16", "utf-16-be", "iso-8859-1", "windows-1252", "cp1252"])
@pytest.mark.parametrize("size", [1, 2, 5, 1000])
def test_text_of_any_charset_is_read(charset: str, size: int) -> None:
    text = ("Où est le café? " + HARM + ". Voilà.").encode(charset)
    out, cut = through(Text(charset, is_html=False), cut_up(text, size))
    assert cut
    assert "fluid".encode(charset)[2:] not in b"".join(out).partition(b"\n\n[")[0]


@pytest.mark.parametrize(
    "charset", ["nonsense", "base64", "punycode", "undefined", "idna", "\0", "hex", "unicode_escape"]
)
def test_a_charset_of_no_browser_is_read_as_utf_8(charset: str) -> None:
    form = form_of(f"text/plain; charset={charset}")
    assert form is not None
    assert through(form, [HARM.encode()])[1]


def test_what_html_hides_is_not_judged_and_what_it_shows_is() -> None:
    page = f"<div><script>var x = '{HARM}';</script><style>{HARM}</style><p>Fine</p><!-- {HARM} --></div>".encode()
    bad = b"<p>Mix the b<b>ann</b>ed&nbsp;powder</p><p class='x'>with the secret fl&#117;id</p>"
    for size in (1, 5, 30, 1000):
        out, cut = through(Text("", is_html=True), cut_up(page, size))
        assert (b"".join(out), cut) == (page, False)
        assert through(Text("", is_html=True), cut_up(bad, size), Poor())[1]
    out, _ = through(Text("", is_html=True), [b"<p>Fine.</p>", bad])
    assert out[0] == b"<p>Fine.</p>"
    assert out[1].endswith(b"Reference: ABCD-2345]</p>")


@pytest.mark.parametrize(
    ("messages", "cut"),
    [
        ([b'{"text":"Mix the banned pow"}', b'{"text":"der with the sec"}', b'{"text":"ret fluid"}'], True),
        ([b'{"text":"banned"}', b'{"text":"powder"}', b'{"text":"secret"}', b'{"text":"fluid"}'], True),
        ([b"banned powder", b"secret fluid"], True),
        ([b'42["say",{"text":"banned powder"}]', b'42["say",{"text":"secret fluid"}]'], True),
        ([b'{"type":1,"arguments":["banned powder"]}\x1e{"type":1,"arguments":["secret fluid"]}\x1e'], True),
        ([b'[3,"12","room:1","phx_reply",{"body":"the banned powder, the secret fluid"}]'], True),
        ([b"2", b"3", b"", b"40", b'{"type":6}\x1e', b"{}", b"[]", b"null"], False),
        ([b'{"id":"banned powder secret fluid"}'], False),
    ],
)
def test_messages_of_websockets(messages: list[bytes], cut: bool) -> None:
    out, was_cut = through(Messages(), messages)
    assert was_cut is cut
    if not cut:
        assert out[:-1] == messages


def test_an_answer_that_is_repeated_as_it_grows_is_told_once() -> None:
    seen: list[str] = []
    text = "The quick brown fox jumps over the lazy dog, and the dog sleeps on."
    events = [json.dumps({"message": text[:length]}) for length in range(5, len(text), 6)]
    through(EventStream(), [f"data: {event}\n\n".encode() for event in events], judging=lambda t: seen.append(t))
    assert seen[-1].count("lazy dog") == 1


@pytest.mark.parametrize(
    ("form", "data", "expected"),
    [
        (EventStream, event_stream(["Hello", HARM], openai), '"delta": {"content": "\\n\\n[The school'),
        (EventStream, event_stream(["Hello", HARM], openai), "data: [DONE]\n\n"),
        (EventStream, event_stream(["Hello", HARM], anthropic), '"text": "\\n\\n[The school'),
        (EventStream, event_stream(["Hello", HARM], openai), 'event: schoolgate\nretry: 86400000\ndata: {"error": "bl'),
        (EventStream, event_stream(["Hello", HARM], str), "event: schoolgate\nretry: 86400000\ndata: [The school"),
        (
            EventStream,
            b'event: delta\ndata: {"v":"Hi "}\n\nevent: delta\ndata: {"v":"%s"}\n\n' % HARM.encode(),
            '\nevent: delta\ndata: {"v": "\\n\\n[The',
        ),
        (Lines, lines(["Hello", HARM]), '{"error": "blocked", "why": "Pupils'),
        (Lines, lines(["Hello", HARM]), '{"v": "\\n\\n[The school'),
        (Lines, b'0:"Hello"\n0:"%s"\n' % HARM.encode(), '0:"\\n\\n[The school'),
        (Messages, b'42["say",{"text":"%s"}]' % HARM.encode(), '42["'),
        (Messages, HARM.encode(), "[The school's filter"),
    ],
)
def test_the_notice_is_written_as_the_client_reads(form: Callable[[], Form], data: bytes, expected: str) -> None:
    out, cut = through(form(), [data])
    assert cut
    assert expected in b"".join(out).decode()


INNOCENT = {
    "text/event-stream": (
        b'\xef\xbb\xbf: hello\n\nretry: 3000\nid: 7\nevent: delta\ndata: {"v":"caf\xc3\xa9 "}\r\n\r\n'
        b"data: two\rdata: lines\r\r:\n: ping\n\ndata\n\nid\n\nunknown: field\ndata: [DONE]\n\ndata: no end"
    ),
    "application/x-ndjson": b'{"a":"b\\u00e9"}\r\n\n{"c": [1,2,{"d":"\\ud83d\\ude00"}]}\nno json\n{"last":"one"}',
    "application/json-seq": b'\x1e{"a":"b"}\n\x1e{"a":"c"}\n',
    "application/json": b'{"a": "b\\u00e9\xc3\xa9", "list": ["x", "y", {"z": "\\"q\\\\"}], "n": 1.5e3, "e": "", "": "k"}',
    "application/vnd.api+json": b'[{"v":"a"}\n,\r\n{"v":"\xf0\x9f\x98\x80"}]',
    "text/plain; charset=utf-8": "Two lines.\nÀ la carte... 😀 Done! ".encode(),
    "text/plain": b'0:"Hel"\n0:"lo"\nd:{"finishReason":"stop"}\n',
    "text/html; charset=iso-8859-1": "<p>Caf\xe9 &amp; <b>more</b> <script>1<2</script> a < b".encode("latin-1"),
    "application/json; charset=utf-8": b")]}'\n\n123\n" + b'[["wrb.fr",null,"[\\"x\\"]"]]',
}


@given(data=st.data())
@settings(max_examples=300, deadline=None)
def test_an_innocent_stream_arrives_byte_for_byte(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(sorted(INNOCENT)))
    body = INNOCENT[kind] * 2
    edges = sorted(data.draw(st.sets(st.integers(1, len(body) - 1))))
    form = form_of(kind)
    assert form is not None
    chunks = [body[start:end] for start, end in zip([0, *edges], [*edges, len(body)], strict=True)]
    out, cut = through(form, chunks, data.draw(st.sampled_from([Rich(), Poor()])))
    assert not cut
    assert b"".join(out) == body


@given(st.lists(st.binary(max_size=40), max_size=20), st.sampled_from(sorted(INNOCENT)))
@settings(max_examples=300, deadline=None)
def test_rubbish_passes_as_it_came(chunks: list[bytes], kind: str) -> None:
    form = form_of(kind)
    assert form is not None
    assert b"".join(through(form, chunks)[0]) == b"".join(chunks)
    assert through(Messages(), chunks)[0] == [*chunks, b""]


@given(
    st.lists(st.integers(1, 12), min_size=1, max_size=60),
    st.sampled_from(sorted(SHAPES)),
    st.integers(1, 400),
    st.text("abc .,", max_size=200),
)
@settings(max_examples=200, deadline=None)
def test_the_words_that_complete_the_harm_never_leave(sizes: list[int], shape: str, chunk: int, before: str) -> None:
    text, tokens = before + " " + HARM + " for the rest of it.", []
    while text:
        size = sizes[len(tokens) % len(sizes)]
        tokens.append(text[:size])
        text = text[size:]
    out, cut = through(EventStream(), cut_up(event_stream(tokens, SHAPES[shape]), chunk))
    assert cut
    assert judge(said_in(b"".join(out)).partition("[The school")[0]) is None


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_when_time_is_short_no_more_than_a_few_dozen_characters_are_late(shape: Callable[[str], str]) -> None:
    text = "".join(f"Word number {number} of a long tale, " for number in range(50)) + HARM + " and so on" * 30
    for size in (1, 3, 8):
        tokens = [text[at : at + size] for at in range(0, len(text), size)]
        out, cut = through(EventStream(), cut_up(event_stream(tokens, shape), 90), Poor())
        assert cut
        said = said_in(b"".join(out)).partition("[The school")[0]
        assert len(said.partition(HARM)[2]) <= LATE


def test_when_time_is_short_a_sentence_is_still_judged_when_it_ends() -> None:
    stream = event_stream([*words("Once upon a time"), *words(HARM), ".", " And"], openai)
    out, cut = through(EventStream(), cut_up(stream, len(event_stream(["x"], openai)) + 4), Poor())
    assert cut
    assert " And" not in said_in(b"".join(out))


def test_the_budget_is_a_share_of_time() -> None:
    now = [0.0]
    budget = Budget(share=0.25, saved=0.1, clock=lambda: now[0])
    assert budget.allows()
    budget.spend(0.15)
    assert not budget.allows()
    now[0] += 0.19
    assert not budget.allows()
    now[0] += 0.02
    assert budget.allows()


def test_what_passed_long_ago_weighs_no_more() -> None:
    filler = "An ordinary sentence about the weather in Leeds. " * 60
    assert len(filler) > WINDOW
    for form, stream in (
        (EventStream(), event_stream(words(f"The banned powder. {filler} The secret fluid."), openai)),
        (Text("", is_html=False), f"The banned powder. {filler} The secret fluid.".encode()),
    ):
        assert not through(form, cut_up(stream, 50))[1]


def test_the_end_of_a_stream_is_judged_too() -> None:
    out, cut = through(EventStream(), [b"data: banned powder\n\ndata: secret fluid"])
    assert cut
    assert b"fluid" not in b"".join(out)
    out, cut = through(Text("", is_html=False), [b"banned powder secret fl", b"uid"], Poor())
    assert cut


def test_nothing_passes_after_the_cut() -> None:
    passing = Passing(EventStream(), judge, tell, Rich())
    _, found = passing.feed(event_stream([HARM], str))
    assert found == "harm"
    assert passing.feed(b"data: more\n\n") == (b"", None)
    assert passing.end() == (b"", None)


@pytest.mark.parametrize(
    "kind", ["text/event-stream", "application/x-ndjson", "application/json", "text/plain", "text/html"]
)
def test_one_endless_event_or_line_is_not_kept(kind: str) -> None:
    form = form_of(kind)
    assert form is not None
    passing = Passing(form, judge, tell, Poor())
    sent = b'data: {"v":"' + b"many words and more " * 50_000
    passed, most = 0, 0
    for chunk in cut_up(sent, 16_384):
        passed += len(passing.feed(chunk)[0])
        most = max(most, 0 if passing.cut else 1)
    assert len(sent) - passed < 300_000
    passed += len(passing.feed(HARM.encode() + b'"}\n\n')[0])
    assert passing.cut


def test_a_hundred_thousand_events_cost_flat_memory_and_linear_time() -> None:
    def run(number: int) -> tuple[float, int]:
        passing = Passing(EventStream(), judge, tell, Budget())
        events = [event_stream([f" word{index % 977}"], openai) for index in range(1000)]
        tracemalloc.start()
        peak = 0
        started = time.process_time()
        for index in range(number):
            passing.feed(events[index % 1000])
            if index == 1000:
                tracemalloc.reset_peak()
                peak = tracemalloc.get_traced_memory()[0]
        spent = time.process_time() - started
        grown = tracemalloc.get_traced_memory()[1] - peak
        tracemalloc.stop()
        return spent, grown

    short, _ = run(10_000)
    long, grown = run(100_000)
    print(f"10,000 events {short:.2f} s, 100,000 events {long:.2f} s, memory grew by {grown} bytes at most")
    assert grown < 200_000
    assert long < short * 20


def test_streams_know_nothing_of_each_other() -> None:
    seen: dict[int, list[str]] = {number: [] for number in range(50)}
    streams = {
        number: Passing(
            EventStream(),
            lambda text, number=number: seen[number].append(text),
            tell,
            Rich(),  # type: ignore[misc]
        )
        for number in seen
    }
    for turn in range(40):
        for number, passing in streams.items():
            passing.feed(event_stream([f" s{number}w{turn}."], openai))
    for number, texts in seen.items():
        assert all(word.startswith(f"s{number}w") for text in texts for word in text.split())
