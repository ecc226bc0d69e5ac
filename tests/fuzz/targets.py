"""What reads bytes of strangers, each as a function of bytes in which nothing may be raised but what its docstring says."""

import tempfile
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import h11
from mitmproxy.net.tls import starts_like_tls_record
from mitmproxy.proxy.layers.tls import parse_client_hello
from schoolgate.console.forms import BadForm, Form, read_form, read_query
from schoolgate.console.guard import is_own_host
from schoolgate.console.log import read_asked
from schoolgate.console.multipart import read_multipart
from schoolgate.console.paging import part_of
from schoolgate.console.what_if import Unclear, read_question
from schoolgate.content.charset import decode
from schoolgate.content.page import read_page
from schoolgate.content.prompts import prompts_of
from schoolgate.content.searches import open_engines
from schoolgate.content.unpacking import Broken, TooMuch, Unpacker
from schoolgate.content.uploads import open_upload
from schoolgate.policy.request import BadAddress, canonical_host, request_from_url, split_authority
from schoolgate.proxy.device_class import device_class
from schoolgate.proxy.insides.framing import _Buffer, _Chunks, page_of
from schoolgate.settings.checks import ConfigFiles
from schoolgate.settings.folders import Folders
from schoolgate.settings.models import FILES

NOW = datetime(2026, 11, 24, 10, 42, tzinfo=UTC)
_ENGINES = open_engines()
_MOST_TEXT = 4_000_000
_PACKED = ("gzip", "br", "zstd", "deflate", "gzip, br")
_KINDS = ("text/html", "application/json", "application/xml", "text/plain", "application/xhtml+xml")


def url(data: bytes) -> None:
    """An address is read, or is none; the host that it names is its own only spelling."""
    with suppress(BadAddress):
        request = request_from_url(data.decode("utf-8", "replace"), at=NOW)
        assert canonical_host(request.host) == request.host, request
        assert request.path.startswith("/")
        assert request.target.startswith("/")
        split_authority(request.host if ":" not in request.host else f"[{request.host}]")
    with suppress(BadAddress):
        host, _ = split_authority(data.decode("latin-1"))
        assert canonical_host(host) == host


def hello(data: bytes) -> None:
    """A ClientHello is read, or is none, whatever its lengths say."""
    starts_like_tls_record(data)
    with suppress(ValueError):
        found = parse_client_hello(data)
        if found is not None:
            assert len(device_class(found)) == 12
            if found.sni is not None:
                with suppress(BadAddress):
                    canonical_host(found.sni)


def yaml(data: bytes) -> None:
    """Every fault of a file is told with its line, and nothing is raised."""
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
        root = Path(folder)
        names = [each for each in FILES if "/" not in each]
        name = names[data[0] % len(names)] if data else names[0]
        (root / f"{name}.yaml").write_bytes(data[1:])
        files = ConfigFiles(Folders(root, root))
        read = files.read(name, FILES[name])
        assert read is not None or files.faults
        assert all(str(fault).startswith(f"{name}.yaml") for fault in files.faults), files.faults


def html(data: bytes) -> None:
    """The words of a page, of whatever kind and in whatever packing; never much more than came in."""
    kind = _KINDS[data[0] % len(_KINDS)] if data else _KINDS[0]
    body = data[1:]
    page = read_page(decode(body, kind), kind)
    assert len(repr(page)) < 50_000 + 60 * len(body)
    for packing in _PACKED:
        unpacker = Unpacker(packing, _MOST_TEXT)
        with suppress(Broken, TooMuch):
            unpacker.feed(body)


def search(data: bytes) -> None:
    """What somebody searched for, in an address and in a form."""
    text = data.decode("utf-8", "replace")
    host = ("www.google.com", "www.bing.com", "duckduckgo.com", "www.youtube.com", "anything.example")[len(data) % 5]
    path, _, query = text.partition("?")
    _ENGINES.search_of(host, f"/search{path}", query)
    _ENGINES.search_of_form(host, "/html/", query, "application/x-www-form-urlencoded", data)
    _ENGINES.search_of_form(host, "/html/", query, "application/json", data)
    prompts_of(data, "application/json")
    upload = open_upload("multipart/form-data; boundary=b", "/upload", "", "")
    upload.feed(data)
    upload.end()


def console(data: bytes) -> None:
    """What is posted to the console, or stands in its addresses: a form, or words for a person."""
    text = data.decode("utf-8", "replace")
    forms = [read_query(text)]
    with suppress(BadForm):
        forms.append(read_form("application/x-www-form-urlencoded", data))
    for kind in ("multipart/form-data; boundary=b", f"multipart/form-data; boundary={data[:70].decode('latin-1')}"):
        with suppress(BadForm):
            forms.append(read_multipart(kind, deque([bytearray(data[:100]), bytearray(data[100:])])))
    names = ("from", "to", "day", "group", "url", "host", "before", "after", "ref", "action", "search", "at", "person")
    forms.append(Form({name: [text] for name in names}, {}))
    for form in forms:
        with suppress(BadForm):
            part_of(form)
        with suppress(BadForm, ValueError):  # in words, for whoever has asked
            read_asked(form)
        with suppress(Unclear, BadForm):
            read_question(form)
    is_own_host(text, ("console.example",))


def framing(data: bytes) -> None:
    """A head of HTTP/1, answers on the way to it and chunks behind it, in whatever pieces they come."""
    buffer, chunks, size = _Buffer(), _Chunks(), 1 + len(data) % 17
    is_body = False
    with suppress(h11.ProtocolError):
        for start in range(0, len(data), size):
            buffer += data[start : start + size]
            if not is_body and buffer.pass_over():
                is_body = bool(buffer.maybe_extract_lines())
            while is_body and (event := chunks(buffer)) is not None:
                if isinstance(event, h11.EndOfMessage):
                    assert not event.headers
                    return
    page = page_of(400 + len(data) % 200, data.decode("latin-1"))
    assert page.count(b"<") == _TAGS
    assert len(page) < 2500


_TAGS = page_of(500, "").count(b"<")
TARGETS: dict[str, Callable[[bytes], None]] = {
    "url": url,
    "hello": hello,
    "yaml": yaml,
    "html": html,
    "search": search,
    "console": console,
    "framing": framing,
}
