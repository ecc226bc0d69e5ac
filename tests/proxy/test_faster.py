"""What is changed in mitmproxy to make it faster changes nothing else, and stays off where mitmproxy is another one."""

import contextlib
import ipaddress
import json
import re
import shutil
import ssl
import subprocess
import sys
import uuid
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from h11._receivebuffer import ReceiveBuffer
from hypothesis import given
from hypothesis import strategies as st
from mitmproxy import version
from mitmproxy.certs import Cert
from mitmproxy.http import Headers, Request, Response
from mitmproxy.tls import ClientHello
from OpenSSL.crypto import X509
from schoolgate.proxy.insides import faster, framing, messages
from schoolgate.proxy.insides.framing import _Buffer

DRIVEN = Path(__file__).parents[1] / "pretend" / "driven.py"


@cache
def driven(how: str) -> dict[str, Any]:
    done = subprocess.run([sys.executable, str(DRIVEN), how], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


@pytest.fixture(scope="module")
def plain() -> dict[str, Any]:
    return driven("plain")


@pytest.mark.parametrize("how", ["faster", "doorstep"])
def test_traffic_hooks_and_logged_errors_are_the_same_with_and_without(plain: dict[str, Any], how: str) -> None:
    fast = driven(how)
    assert {name: plain["answers"][name] for name in fast["answers"]} == fast["answers"]
    assert plain["hooks"] == fast["hooks"]
    assert plain["counted"] == fast["counted"]
    assert plain["errors"] == fast["errors"]
    assert plain["errors"]  # some handlers fail on purpose
    assert fast["left_out"] == []
    assert fast["left"] < plain["left"] / 10  # the garbage collector, which was off, has little to do
    assert (fast["opened"] > 0) == (how == "doorstep")


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed (apt-get install openssl)")
@pytest.mark.parametrize("how", ["faster", "doorstep"])
def test_a_device_that_asks_for_small_records_hears_whole_answers(how: str) -> None:
    length, _, _ = driven(how)["answers"]["small records"].partition(" ")
    assert int(length) > 10_000 + 70_000


def test_all_changes_fit_the_mitmproxy_that_is_installed() -> None:
    assert [str(change) for change in faster.CHANGES if not change.is_known()] == []


def test_with_another_version_nothing_is_changed_and_all_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(version, "VERSION", "12.2.4")
    before = [getattr(change.owner, change.name) for change in faster.CHANGES]
    left_out = faster.switch_on()
    assert left_out == [str(change) for change in faster.CHANGES]
    assert "ProxyConnectionHandler.server_event" in left_out
    assert [getattr(change.owner, change.name) for change in faster.CHANGES] == before


def test_where_one_function_is_another_one_only_that_change_stays_off() -> None:
    class Changed:
        def one(self, event: object, more: object) -> str:
            return "as it came"

        def two(self, event: object) -> str:
            return "as it came"

    changes = (
        faster.Change(Changed, "one", "self, event", lambda *_: "changed", ""),
        faster.Change(Changed, "two", "self, event", lambda *_: "changed", ""),
        faster.Change(Changed, "gone", "self, event", lambda *_: "changed", ""),
    )
    assert faster.switch_on(changes) == ["Changed.one", "Changed.gone"]
    assert Changed().one(0, 0) == "as it came"
    assert Changed().two(0) == "changed"


@pytest.mark.parametrize("key", ["host", "HOST", "x-two", "X-Two", "none", "ünï", "empty"])
def test_headers_by_the_table_are_those_of_the_fields(key: str) -> None:
    fields = (
        (b"Host", b"a.example"),
        (b"X-Two", b"1"),
        (b"x-two", b"\xff2"),
        ("ünï".encode(), "é".encode()),
        (b"Empty", b""),
    )
    headers = Headers(fields)
    plain = Headers.__mro__[1].get_all(headers, key.encode())  # type: ignore[attr-defined]
    values = [value.decode("utf-8", "surrogateescape") for value in plain]
    assert messages.get_all(headers, key) == values
    assert messages.get(headers, key) == (", ".join(values) if values else None)
    assert messages.get(headers, key, "x") == (", ".join(values) if values else "x")
    headers[key] = "new"
    assert messages.get_all(headers, key) == ["new"]


@given(
    st.lists(st.sampled_from([b"\r\n", b"\n", b"\r", b"a: 1", b"GET / HTTP/1.1", b" ", b"\r\n\r\n"]), max_size=14),
    st.data(),
)
def test_a_head_is_cut_into_lines_as_h11_cuts_it_in_whatever_pieces_it_comes(
    parts: list[bytes], data: st.DataObject
) -> None:
    whole, ours, theirs = b"".join(parts), _Buffer(), ReceiveBuffer()
    while whole:
        size = data.draw(st.integers(1, len(whole)))
        ours += whole[:size]
        theirs += whole[:size]
        whole = whole[size:]
        while True:
            lines = theirs.maybe_extract_lines()
            assert ours.maybe_extract_lines() == lines
            assert bytes(ours) == bytes(theirs)
            if lines is None:
                break


def test_a_head_that_comes_byte_by_byte_is_not_searched_from_its_beginning_each_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    buffer, looked, empty_line = _Buffer(), list[int](), framing._EMPTY_LINE

    class Watched:
        def search(self, data: bytearray, start: int) -> re.Match[bytes] | None:
            looked.append(len(data) - start)
            return empty_line.search(data, start)

    monkeypatch.setattr(framing, "_EMPTY_LINE", Watched())
    for _ in range(5000):
        buffer += b"a"
        assert buffer.maybe_extract_lines() is None
    assert len(looked) == 5000
    assert max(looked) < 10


def test_heads_that_wait_are_not_copied_for_each_head_before_them() -> None:
    buffer, copied = _Buffer(), list[int]()

    class Watched(bytearray):
        def __getitem__(self, at: Any) -> Any:
            got = super().__getitem__(at)
            copied.append(len(got) if isinstance(at, slice) else 1)
            return got

    heads = b"GET / HTTP/1.1\r\nA: b\n\n" * 500 + b"GET / HTTP/1.1\r\n\r\n"
    buffer._data = Watched(heads)
    while buffer.maybe_extract_lines() is not None:
        pass
    assert not buffer
    assert sum(copied) < 4 * len(heads)


def test_a_hello_is_read_as_mitmproxy_reads_it_wherever_it_is_cut_off_or_odd() -> None:
    whole = hello()
    cuts = [whole[:end] for end in range(len(whole) + 1)]
    odd = [whole[:at] + bytes([value]) + whole[at + 1 :] for at in range(34, len(whole)) for value in (0, 1, 0xFF)]
    short = whole[: whole.index(bytes(2), 36)]  # without extensions: the end of what may be compressed
    assert sum(said(each) is None for each in cuts) > len(cuts) // 2
    for each in (*cuts, *odd, short):
        assert said(each, fast=True) == said(each), each.hex()


def said(raw: bytes, fast: bool = False) -> tuple[object, ...] | None:
    """All that a hello says; None where it cannot be read."""
    made = object.__new__(ClientHello)
    try:
        (faster.client_hello if fast else faster._CLIENT_HELLO)(made, raw, False)
    except EOFError:
        return None
    return made.sni, made.alpn_protocols, made.cipher_suites, made.extensions, made.raw_bytes()


def test_what_is_long_is_not_remembered() -> None:
    long = b"a." * 200 + b"example"
    assert messages.is_valid_host(long) == messages._IS_VALID_HOST(long)
    assert messages.parse_authority(b"h:80", True) == messages._PARSE_AUTHORITY(b"h:80", True)
    before = messages._known_host.cache_info().currsize, messages._known_authority.cache_info().currsize
    for number in range(20):
        messages.is_valid_host(long + str(number).encode())
        messages.parse_authority(long + str(number).encode(), False)
    assert (messages._known_host.cache_info().currsize, messages._known_authority.cache_info().currsize) == before


def hello() -> bytes:
    """What OpenSSL says first, without the headers of record and handshake."""
    heard, said = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.create_default_context()
    context.set_alpn_protocols(["h2", "http/1.1"])
    with contextlib.suppress(ssl.SSLWantReadError):
        context.wrap_bio(heard, said, server_hostname="a.example").do_handshake()
    return said.read()[9:]


def test_a_length_that_says_nothing_is_none() -> None:
    asked = Request.make("GET", "http://h/")
    for length, goes_on in (("2", True), ("", False), (None, False)):
        answered = Response.make(200, b"ok", {})
        answered.headers.pop("content-length", None)
        if length is not None:
            answered.headers["content-length"] = length
        assert messages.goes_on(asked, answered) is goes_on


def test_a_connection_has_an_id_of_its_own_that_is_a_random_uuid() -> None:
    made = {faster.ids.uuid4() for _ in range(2000)}
    assert len(made) == 2000
    for text in made:
        read = uuid.UUID(text)
        assert (read.version, read.variant, str(read)) == (4, uuid.RFC_4122, text)


@pytest.mark.parametrize("text", ["192.0.2.1", "2001:db8::1", "fe80::1%eth0", "a.example", "", "1.2.3", "::1" * 200])
def test_an_address_is_told_from_a_name_as_python_does_it(text: str) -> None:
    for _ in range(2):
        try:
            expected = ipaddress.ip_address(text)
        except ValueError:
            with pytest.raises(ValueError, match="address"):
                faster.addresses.ip_address(text)
        else:
            assert faster.addresses.ip_address(text) == expected


def test_a_certificate_is_read_as_mitmproxy_reads_it() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    for name in ("a.example", "b.example", "a.example"):
        said = X509.from_cryptography(self_signed(key, name))
        assert faster.from_pyopenssl(said) == Cert(said.to_cryptography())


def self_signed(key: ec.EllipticCurvePrivateKey, name: str, more: bytes = b"") -> x509.Certificate:
    named = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    start = datetime(2026, 1, 1, tzinfo=UTC)
    made = x509.CertificateBuilder(named, named, key.public_key(), 1, start, start + timedelta(days=9))
    if more:
        made = made.add_extension(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), more), critical=False)
    return made.sign(key, hashes.SHA256())


def test_a_long_certificate_is_not_remembered() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    said = X509.from_cryptography(self_signed(key, "a.example", bytes(9000)))
    before = faster._known_certificate.cache_info().currsize
    assert faster.from_pyopenssl(said) == Cert(said.to_cryptography())
    assert faster._known_certificate.cache_info().currsize == before


def test_switched_on_twice_is_switched_on(monkeypatch: pytest.MonkeyPatch) -> None:
    for change in faster.CHANGES:
        monkeypatch.setattr(change.owner, change.name, getattr(change.owner, change.name))  # put back afterwards
    assert [faster.switch_on(), faster.switch_on()] == [[], []]


def test_two_changes_of_which_one_needs_the_other_stay_off_together() -> None:
    class Changed:
        def one(self, other: object) -> str:
            return "as it came"

        def two(self, event: object) -> str:
            return "as it came"

        def three(self, event: object) -> str:
            return "as it came"

    changes = (
        faster.Change(Changed, "one", "self, event", lambda *_: "changed", ""),
        faster.Change(Changed, "three", "self, event", lambda *_: "changed", "", needs="Changed.two"),
        faster.Change(Changed, "two", "self, event", lambda *_: "changed", "", needs="Changed.one"),
    )
    assert faster.switch_on(changes) == ["Changed.one", "Changed.three", "Changed.two"]
    assert (Changed().two(0), Changed().three(0)) == ("as it came", "as it came")
