"""A pupil's real clients and answers that stream: cut at the sentence, told why, on record; all else as it was sent."""

import gzip
import json
import os
import re
import socket
import ssl
import statistics
import subprocess
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import brotli
import pytest
import wsproto
import wsproto.events
import zstandard
from pretend.chatbot import HOST, Chatbot, Told
from pretend.chromium import CHROMIUM
from pretend.gateway import Gateway
from pretend.school import PEOPLE
from pretend.sites import Sites

PUPIL, STAFF, ADULT = "127.0.0.2", "127.0.0.3", "127.0.0.9"
FREE = PEOPLE.replace("unknown:", '  adults: {title: Adults, networks: ["127.0.0.9/32"], text_limit: null}\nunknown:')
SCRIPT = ("-H", "Sec-Fetch-Dest: empty", "-H", "Sec-Fetch-Mode: cors", "-H", "Accept: */*")
STORY = "Here is a story about a fox. The fox was fond of sums. "
HARM = "Claim 200 free spins at the best online casino"  # "casino" completes it
REST = " and play slots for real money with no deposit bonus. Place your bets now."
SSE = "text/event-stream"
WAYS = pytest.mark.parametrize(  # to an origin that speaks HTTP/2 only, mitmproxy speaks it where the client does
    ("version", "origin2"), [("--http1.1", False), ("--http2", False), ("--http2", True)]
)


def openai(token: str) -> bytes:
    return b"data: %s\n\n" % json.dumps({"id": "c9", "choices": [{"index": 0, "delta": {"content": token}}]}).encode()


def tokens(text: str, size: int) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]


def shown(stream: bytes) -> str:
    """What a chat client of the openai kind shows."""
    events = re.findall(rb"^data: (\{.*\})$", stream, re.M)
    return "".join(json.loads(event)["choices"][0]["delta"]["content"] for event in events if b"choices" in event)


@pytest.fixture(scope="module")
def chatbot(sites: Sites) -> Iterator[Chatbot]:
    bot = Chatbot(sites).start()
    yield bot
    bot.stop()


@pytest.fixture(scope="module")
def gateway(start: Callable[..., Gateway]) -> Gateway:
    return start(people=FREE)


def blocks(gateway: Gateway, path: str) -> list[dict[str, str]]:
    return [event for event in gateway.events("--action", "block") if event["path"] == path]


def faults(gateway: Gateway) -> list[dict[str, str]]:
    return gateway.events("--action", "fault")


@WAYS
@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 13])
def test_an_answer_is_cut_at_the_sentence_with_a_notice(
    gateway: Gateway, chatbot: Chatbot, version: str, origin2: bool, size: int
) -> None:
    path = f"/cut{version}-{origin2}-{size}"
    chunks = [openai(token) for token in tokens(STORY + HARM + REST, size)]
    chatbot.answers[path] = Told(SSE, tuple(chunks), pause=0.002)
    answer = gateway.curl(chatbot.url(path, origin2), "-N", version, *SCRIPT)
    assert (answer.status, answer.error) == (200, "")
    said, _, notice = shown(answer.body).partition("[The school's filter")
    assert said.startswith(STORY)
    assert "casino" not in said
    assert "real money" not in answer.text
    assert answer.body.endswith(b"data: [DONE]\n\n")
    [event] = blocks(gateway, path)
    assert event["ref"] in notice
    assert event["ref"] in re.findall(r"event: schoolgate\nretry: \d+\ndata: (.*)", answer.text)[0]
    assert (event["category"], event["stage"], event["rule"], event["group"]) == (
        "gambling",
        "response",
        "pupils-harm",
        "pupils",
    )
    assert STORY.split()[4] not in " ".join(str(value) for value in event.values())


def test_the_harmful_sentence_split_in_two_at_every_place(gateway: Gateway, chatbot: Chatbot) -> None:
    places = range(1, len(HARM))
    for at in places:
        parts = [STORY, HARM[:at], HARM[at:], *tokens(REST, 4)]
        chatbot.answers[f"/split-{at}"] = Told(SSE, tuple(map(openai, parts)))
    for at in places:
        body = gateway.curl(chatbot.url(f"/split-{at}"), "-N", *SCRIPT).body
        said, cut, _ = shown(body).partition("\n\n[The school's filter")
        assert cut, at
        assert said in (STORY, STORY + HARM[:at]), at
        assert "casino" not in said, at


PACKED = {
    "gzip": lambda chunks: _flushed(zlib.compressobj(wbits=31), chunks),
    "deflate": lambda chunks: _flushed(zlib.compressobj(), chunks),
    "br": lambda chunks: _brotli(chunks),
    "zstd": lambda chunks: _zstd(chunks),
}


def _flushed(packer: "zlib._Compress", chunks: list[bytes]) -> list[bytes]:
    return [*(packer.compress(chunk) + packer.flush(zlib.Z_SYNC_FLUSH) for chunk in chunks), packer.flush()]


def _brotli(chunks: list[bytes]) -> list[bytes]:
    packer = brotli.Compressor()
    return [*(packer.process(chunk) + packer.flush() for chunk in chunks), packer.finish()]


def _zstd(chunks: list[bytes]) -> list[bytes]:
    packer = zstandard.ZstdCompressor().compressobj()
    flush = zstandard.COMPRESSOBJ_FLUSH_BLOCK
    return [*(packer.compress(chunk) + packer.flush(flush) for chunk in chunks), packer.flush()]


@pytest.mark.parametrize("encoding", PACKED)
@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
def test_packed_answers_are_unpacked_judged_and_cut(
    gateway: Gateway, chatbot: Chatbot, encoding: str, version: str
) -> None:
    told = [openai(token) for token in tokens(STORY * 2, 4)]
    harm = [openai(token) for token in tokens(HARM + REST, 4)]
    headers = {"Content-Encoding": encoding, "ETag": '"strong"', "Cache-Control": "no-store"}
    path = f"/packed-{encoding}-{version}"
    chatbot.answers[path + "-good"] = Told(SSE, tuple(PACKED[encoding](told)), headers=headers)
    chatbot.answers[path + "-bad"] = Told(SSE, tuple(PACKED[encoding](told + harm)), headers=headers)
    accept = ("-H", "Accept-Encoding: gzip, deflate, br, zstd, dcz")
    good = gateway.curl(chatbot.url(path + "-good"), version, *SCRIPT, *accept)
    assert (good.body, good.error) == (b"".join(told), "")
    last = good.head.lower().rpartition("http/")[2]
    assert "content-encoding" not in last
    assert 'etag: w/"strong"' in last
    bad = gateway.curl(chatbot.url(path + "-bad"), version, *SCRIPT, *accept)
    assert bad.error == ""
    assert shown(bad.body).startswith(STORY * 2)
    assert "casino" not in bad.text
    assert len(blocks(gateway, path + "-bad")) == 1
    assert blocks(gateway, path + "-good") == []


INNOCENT = {
    "sse": Told(
        SSE,
        (
            *(b": hi\n\nretry: 30", b"00\nid: 7\nevent: d", b'elta\ndata: {"v":"caf\xc3', b'\xa9"}\r\n\r\n'),
            *(b"data: a\r", b"data: b\r\r", b":\n", b": ping\n\n", b"data: [DONE]\n\ndata: no end"),
        ),
        pause=0.003,
    ),
    "lines": Told("application/x-ndjson", (b'{"a":', b'"b"}\n{"c"', b':"d"}\r\n\n{"last"', b':"one"}'), pause=0.003),
    "json": Told(
        "application/json; charset=utf-8", (b'{"a": "b\\u00', b"e9\xc3", b'\xa9", "c": [1', b"]}"), pause=0.003
    ),
    "json-length": Told("application/json", (b'{"a": "b', b'"}'), length=True),
    "text": Told("text/plain", (b"Two lines.\nAnd \xc3", b"\xa0 la carte. ", b"Done"), pause=0.003),
    "html": Told("text/html; charset=iso-8859-1", (b"<p>Caf\xe9 & <b", b">more</b> a < b"), pause=0.003),
    "marked": Told("text/plain", (b'0:"Hel', b'"\n0:"lo"\nd:{}\n'), pause=0.003),
    "picture": Told("image/png", (b"\x89PNG", bytes(range(256)))),
    "empty": Told(SSE, ()),
}


@pytest.mark.parametrize("name", INNOCENT)
@WAYS
def test_an_innocent_answer_arrives_byte_for_byte(
    gateway: Gateway, chatbot: Chatbot, name: str, version: str, origin2: bool
) -> None:
    chatbot.answers["/" + name] = INNOCENT[name]
    answer = gateway.curl(chatbot.url("/" + name, origin2), "-N", version, *SCRIPT)
    assert (answer.status, answer.error) == (200, "")
    assert answer.body == b"".join(INNOCENT[name].chunks)


@WAYS
def test_an_endless_answer_ends_on_both_sides_when_it_is_cut(
    gateway: Gateway, chatbot: Chatbot, version: str, origin2: bool
) -> None:
    path = f"/endless{version}-{origin2}"
    chunks = (*map(openai, tokens(STORY + HARM, 6)), openai(" and more"))
    chatbot.answers[path] = Told(SSE, chunks, pause=0.005, endless=True)
    started = time.monotonic()
    answer = gateway.curl(chatbot.url(path, origin2), "-N", version, *SCRIPT)
    took = time.monotonic() - started
    assert answer.error == ""
    assert took < 5
    end = time.monotonic() + 30
    while path not in chatbot.left and time.monotonic() < end:
        time.sleep(0.02)
    assert path in chatbot.left
    print(f"cut after {took:.2f} s; the origin sent {chatbot.sent[path] - len(chunks) + 1} events after the harm")


def test_the_same_connection_serves_on_after_a_cut(gateway: Gateway, chatbot: Chatbot) -> None:
    chatbot.answers["/first"] = Told(SSE, tuple(map(openai, tokens(STORY + HARM + REST, 6))))
    chatbot.answers["/second"] = Told(SSE, tuple(map(openai, tokens(STORY, 6))))
    for version in ("--http1.1", "--http2"):
        answer = gateway.curl(
            chatbot.url("/first"), "-N", version, *SCRIPT, chatbot.url("/second"), "--output", "/dev/null", "-v"
        )
        assert answer.status == 200
        assert len(re.findall(r"CONNECT phase completed|Established connection to 127", answer.error)) >= 1
        assert "Re-using existing" in answer.error or "Reusing existing" in answer.error, answer.error


def test_json_that_a_script_fetches_breaks_off_and_is_no_sound_document(gateway: Gateway, chatbot: Chatbot) -> None:
    posts = [{"id": number, "text": f"Post {number} is about kittens."} for number in range(400)]
    posts.insert(200, {"id": 1000, "text": HARM + REST})
    whole = json.dumps(posts).encode()
    packed = brotli.compress(whole)
    chunks = tuple(packed[at : at + 200] for at in range(0, len(packed), 200))
    chatbot.answers["/posts"] = Told("application/json", chunks, headers={"Content-Encoding": "br"})
    answer = gateway.curl(chatbot.url("/posts"), *SCRIPT, "-H", "Accept-Encoding: br")
    assert whole.startswith(answer.body)
    assert b"Post 150 " in answer.body
    assert b"casino" not in answer.body
    assert answer.error != ""
    assert len(blocks(gateway, "/posts")) == 1


def test_a_text_that_grows_is_cut_with_a_sentence(gateway: Gateway, chatbot: Chatbot) -> None:
    text = (STORY + HARM + REST).encode()
    chatbot.answers["/text"] = Told("text/plain", tuple(bytes([byte]) for byte in text), pause=0.001)
    answer = gateway.curl(chatbot.url("/text"), "-N", *SCRIPT)
    assert answer.error == ""
    assert answer.text.startswith(STORY)
    assert "casino" not in answer.text
    assert re.search(
        r"\[The school's filter has stopped this here\. .* Reference: [0-9A-Z]{4}-[0-9A-Z]{4}\]", answer.text
    )


def test_whoever_is_not_judged_gets_the_stream_untouched(gateway: Gateway, chatbot: Chatbot) -> None:
    chunks = PACKED["gzip"]([openai(token) for token in tokens(STORY + HARM + REST, 6)])
    chatbot.answers["/free"] = Told(SSE, tuple(chunks), headers={"Content-Encoding": "gzip", "ETag": '"a"'})
    for client in (STAFF, ADULT):  # no rule of the staff's speaks of gambling
        answer = gateway.curl(chatbot.url("/free"), *SCRIPT, "-H", "Accept-Encoding: gzip", client=client)
        if client == ADULT:
            assert answer.body == b"".join(chunks)
            assert 'etag: "a"' in answer.head.lower()
        else:
            assert shown(answer.body) == STORY + HARM + REST


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", b"no gzip at all" * 20),
        ("br", b"\xff" * 500),
        ("foo", b"data: x\n\n"),
        ("gzip", gzip.compress(bytes(100_000_000), 9)),
        ("gzip, gzip, gzip, gzip", b"x"),
    ],
    ids=["no-gzip", "no-brotli", "unknown", "bomb", "too-deep"],
)
def test_what_cannot_be_unpacked_does_not_pass_and_is_no_fault_of_ours(
    gateway: Gateway, chatbot: Chatbot, encoding: str, body: bytes
) -> None:
    chatbot.answers["/odd"] = Told(SSE, (body,), headers={"Content-Encoding": encoding})
    answer = gateway.curl(chatbot.url("/odd"), "--raw", *SCRIPT)
    assert len(answer.body) < 200
    assert answer.error != ""
    assert faults(gateway) == []


@pytest.mark.parametrize("client", [PUPIL, ADULT], ids=["judged", "not-judged"])
def test_the_first_byte_and_every_other_are_hardly_delayed(gateway: Gateway, chatbot: Chatbot, client: str) -> None:
    chatbot.answers["/clock"] = Told(SSE, tuple(openai(f" word{number}") for number in range(100)), pause=0.02)
    arrived = _times(gateway, chatbot.url("/clock"), client)
    direct = _times(None, chatbot.url("/clock"), client, resolve=f"{HOST}:{chatbot.port}:127.0.0.1")
    through = [later - earlier for earlier, later in zip(arrived, arrived[1:], strict=False)]
    print(
        f"{client}: first byte after {arrived[0] * 1000:.1f} ms (without a gateway {direct[0] * 1000:.1f} ms);"
        f" gap between events {statistics.median(through) * 1000:.1f} ms, at most {max(through) * 1000:.1f} ms (sent every 20 ms)"
    )
    assert arrived[0] - direct[0] < 2.0
    assert len(arrived) >= 90


def _times(gateway: Gateway | None, url: str, client: str, resolve: str = "") -> list[float]:
    """Seconds from the start of a curl until each read of its output."""
    command = ["curl", "-sNk", "--max-time", "20", "--interface", client, *SCRIPT, url]
    command += ["--proxy", gateway.address] if gateway else ["--resolve", resolve]
    started, times = time.monotonic(), []
    with subprocess.Popen(command, stdout=subprocess.PIPE, bufsize=0) as process:
        assert process.stdout is not None
        while process.stdout.read(65536):
            times.append(time.monotonic() - started)
    return times


class Socket:
    """A WebSocket client over a CONNECT tunnel and TLS."""

    def __init__(self, gateway: Gateway, chatbot: Chatbot, path: str, client: str = PUPIL) -> None:
        address = ("127.0.0.1", gateway.school.proxy_port)
        raw = socket.create_connection(address, 10, source_address=(client, 0))
        raw.sendall(f"CONNECT {HOST}:{chatbot.port} HTTP/1.1\r\nHost: {HOST}:{chatbot.port}\r\n\r\n".encode())
        while b"\r\n\r\n" not in raw.recv(65536):
            pass
        context = ssl.create_default_context(cafile=gateway.school.ca)
        self.socket = context.wrap_socket(raw, server_hostname=HOST)
        self.socket.settimeout(5)
        self.connection = wsproto.WSConnection(wsproto.ConnectionType.CLIENT)
        request = wsproto.events.Request(
            host=f"{HOST}:{chatbot.port}", target=path, extensions=[wsproto.extensions.PerMessageDeflate()]
        )
        self.socket.sendall(self.connection.send(request))
        self.closed: tuple[int, str | None] | None = None
        assert self.messages(1, handshake=True) == []

    def say(self, message: str | bytes) -> None:
        kind = wsproto.events.TextMessage if isinstance(message, str) else wsproto.events.BytesMessage
        self.socket.sendall(self.connection.send(kind(data=message)))

    def messages(self, number: int, handshake: bool = False) -> list[str | bytes]:
        """The next messages; fewer if it is closed."""
        found: list[str | bytes] = []
        partial: str | bytes = ""
        while len(found) < number and self.closed is None:
            data = self.socket.recv(65536)
            self.connection.receive_data(data or None)
            for event in self.connection.events():
                if isinstance(event, wsproto.events.AcceptConnection) and handshake:
                    return []
                if isinstance(event, (wsproto.events.TextMessage, wsproto.events.BytesMessage)):
                    new = event.data if isinstance(event.data, str) else bytes(event.data)
                    partial = partial + new if partial else new  # type: ignore[operator]
                    if event.message_finished:
                        found.append(partial)
                        partial = ""
                elif isinstance(event, wsproto.events.CloseConnection):
                    self.closed = (event.code, event.reason)
        return found


def test_a_websocket_answer_is_cut_and_closed(gateway: Gateway, chatbot: Chatbot) -> None:
    said = [json.dumps({"type": "delta", "text": token}) for token in tokens(STORY + HARM + REST, 5)]
    chatbot.talks["/chat"] = tuple(said)
    client = Socket(gateway, chatbot, "/chat")
    client.say("Tell me a story")
    got = client.messages(1000)
    text = "".join(json.loads(message)["text"] for message in got[:-1])
    assert text.startswith(STORY)
    assert "casino" not in text
    notice = json.loads(got[-1])
    [event] = blocks(gateway, "/chat")
    assert notice["type"] == "delta"
    assert event["ref"] in notice["text"]
    assert client.closed is not None
    assert client.closed[0] == 1008
    assert event["ref"] in str(client.closed[1])
    assert (event["category"], event["stage"]) == ("gambling", "response")
    time.sleep(0.2)
    assert chatbot.closed[-1][0] in (1008, None)


def test_a_message_that_is_sent_is_judged_and_does_not_arrive(gateway: Gateway, chatbot: Chatbot) -> None:
    chatbot.heard.clear()
    client = Socket(gateway, chatbot, "/say")
    client.say(json.dumps({"text": "Hello"}))
    assert client.messages(0) == []
    client.say(json.dumps({"text": "free spins"}))
    client.say(json.dumps({"text": "best online casino"}))
    client.say(json.dumps({"text": "more"}))
    got = client.messages(1000)
    assert "The school's filter" in str(got[-1]) or "blocked" in str(got[-1])
    assert client.closed is not None
    assert client.closed[0] == 1008
    assert not any("casino" in str(message) or "more" in str(message) for message in chatbot.heard)
    assert len(blocks(gateway, "/say")) == 1


def test_binary_messages_that_are_text_are_judged_and_others_pass(gateway: Gateway, chatbot: Chatbot) -> None:
    rubbish = os.urandom(3000) + b"\xff"
    chatbot.talks["/binary"] = (rubbish, b'{"t":"fine"}', rubbish, (HARM + REST).encode(), b"after")
    client = Socket(gateway, chatbot, "/binary")
    client.say(b"\x00\x01\xff")
    got = client.messages(1000)
    assert [message for message in got if isinstance(message, bytes)] == [rubbish, b'{"t":"fine"}', rubbish]
    assert client.closed is not None
    assert client.closed[0] == 1008


def test_an_innocent_websocket_says_and_hears_all(gateway: Gateway, chatbot: Chatbot) -> None:
    chatbot.talks["/good"] = tuple(f"message {number} " * 100 for number in range(300))
    for client in (Socket(gateway, chatbot, "/good"), Socket(gateway, chatbot, "/good", ADULT)):
        client.say("begin")
        assert tuple(client.messages(300)) == chatbot.talks["/good"]
        for echo in ("one", b"\xff\x00", "three" * 5000):
            client.say(echo)
            assert client.messages(1) == [echo]
        client.socket.sendall(client.connection.send(wsproto.events.CloseConnection(1000, "bye")))
        assert client.messages(1) == []
        assert client.closed == (1000, "bye")


def test_no_compression_is_agreed_upon_for_websockets(gateway: Gateway, chatbot: Chatbot) -> None:
    Socket(gateway, chatbot, "/ext")
    headers = [headers for path, headers in chatbot.asked if path == "/ext"][-1]
    assert "sec-websocket-extensions" not in headers


def test_what_one_pupil_is_told_never_counts_against_another(gateway: Gateway, chatbot: Chatbot) -> None:
    """Halves of the harm go to different clients at the same time, again and again: only the whole is cut."""
    first, second = STORY * 8 + "The fox read of the best online", "casino is a word. " + STORY * 8
    chatbot.answers["/half-1"] = Told(SSE, tuple(map(openai, tokens(first, 9))), pause=0.001)
    chatbot.answers["/half-2"] = Told(SSE, tuple(map(openai, tokens(second, 9))), pause=0.001)
    chatbot.answers["/whole"] = Told(SSE, tuple(map(openai, tokens(STORY + HARM + REST, 9))), pause=0.001)
    results: list[tuple[str, bytes]] = []

    def ask(number: int) -> None:
        path = ("/half-1", "/half-2", "/whole")[number % 3]
        command = ["curl", "-sNk", "--max-time", "60", "--interface", f"127.0.2.{number + 1}", *SCRIPT]
        command += ["--proxy", gateway.address, chatbot.url(path)]
        results.append((path, subprocess.run(command, capture_output=True, timeout=90).stdout))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 30
    for path, body in results:
        if path == "/whole":
            assert "casino" not in shown(body)
            assert b"schoolgate" in body
        else:
            assert body == b"".join(chatbot.answers[path].chunks)
    clients = sorted(int(event["client"].rpartition(".")[2]) for event in blocks(gateway, "/whole"))
    assert clients == [number + 1 for number in range(30) if number % 3 == 2]


def test_a_hundred_thousand_events_keep_the_gateways_memory_flat(gateway: Gateway, chatbot: Chatbot) -> None:
    block = b"".join(openai(f" word{number}") for number in range(100))
    chatbot.answers["/long"] = Told(SSE, (block,) * 1000)
    chatbot.answers["/short"] = Told(SSE, (block,) * 50)
    worker = gateway.children()["worker1"]
    assert len(gateway.curl(chatbot.url("/short"), "-N", *SCRIPT).body) == 50 * len(block)
    before = _memory(worker)
    started, peak = time.monotonic(), [0]
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.05):
            peak[0] = max(peak[0], _memory(worker))

    watcher = threading.Thread(target=watch)
    watcher.start()
    answer = gateway.curl(chatbot.url("/long"), "-N", *SCRIPT)
    done.set()
    watcher.join()
    took = time.monotonic() - started
    assert answer.body == block * 1000
    print(f"100,000 events in {took:.1f} s; memory {before} kB before, at most {peak[0]} kB while")
    assert peak[0] - before < 20_000


def _memory(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.findall(r"VmRSS:\s+(\d+)", status)[0])


def test_no_fault_was_recorded_and_nothing_was_logged_as_an_error(gateway: Gateway) -> None:
    assert faults(gateway) == []
    assert "Traceback" not in gateway.log
    assert "crashed" not in gateway.log
    assert " ERROR" not in gateway.log


PAGE = b"""<!doctype html><title>waiting</title><script>
const said = {};
function keep(name, text) { said[name] = (said[name] || "") + text; }
const source = new EventSource("/browser-sse");
source.onmessage = (e) => { if (e.data.startsWith("{")) { const m = JSON.parse(e.data);
  if (m.choices) keep("sse", m.choices[0].delta.content); } };
source.addEventListener("schoolgate", (e) => { keep("told", e.data); source.close(); });
(async () => {
  const answer = await fetch("/browser-sse?fetch");
  const reader = answer.body.getReader();
  for (;;) { const { done, value } = await reader.read(); if (done) break; keep("fetch", new TextDecoder().decode(value)); }
  try { await (await fetch("/browser-json")).json(); keep("json", "sound"); } catch (e) { keep("json", "broken"); }
  const socket = new WebSocket(location.origin.replace("http", "ws") + "/browser-ws");
  socket.onopen = () => socket.send("begin");
  socket.onmessage = (e) => keep("ws", e.data);
  socket.onclose = (e) => { keep("closed", e.code + " " + e.reason); document.title = "done"; };
})();
</script>"""


@pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed (apt-get install chromium)")
def test_a_real_browser_shows_the_notice_in_every_kind_of_stream(gateway: Gateway, chatbot: Chatbot) -> None:
    from playwright.sync_api import sync_playwright

    stream = tuple(map(openai, tokens(STORY + HARM + REST, 5)))
    chatbot.answers["/browser"] = Told("text/html", (PAGE,))
    chatbot.answers["/browser-sse"] = Told(SSE, stream, pause=0.002)
    posts = json.dumps([STORY, HARM, REST]).encode()
    chatbot.answers["/browser-json"] = Told("application/json", (posts,))
    chatbot.talks["/browser-ws"] = tuple(tokens(STORY + HARM + REST, 5))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"],
            proxy={"server": gateway.address},
        )
        page = browser.new_context(ignore_https_errors=True).new_page()
        page.goto(chatbot.url("/browser"))
        page.wait_for_function("document.title == 'done'")
        said = page.evaluate("said")
        browser.close()
    for name in ("sse", "fetch", "ws"):
        assert "casino" not in said[name]
        assert "The school's filter has stopped this here" in said[name]
    assert said["sse"].startswith(STORY)
    assert json.loads(said["told"])["error"] == "blocked"
    assert said["json"] == "broken"
    assert said["closed"].startswith("1008 Stopped by the school's filter")
