"""What ``faster`` puts in the place of mitmproxy's reading of messages: the plain cases first, the rest left to it."""

import contextlib
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from mitmproxy.http import Headers, Message, Request, Response
from mitmproxy.net import check
from mitmproxy.net.http import http1, url
from mitmproxy.net.http.http1 import read
from mitmproxy.proxy.layers import http

from schoolgate.proxy.insides.header_texts import text_of, texts_of

LONGEST = 260
"""Characters of a name that is remembered; of sites none is longer, with its port."""
RequestLine = tuple[str, int, bytes, bytes, bytes, bytes, bytes]
_READ_HEADERS: Callable[[list[bytes]], Headers] = read._read_headers
_READ_REQUEST_LINE: Callable[[bytes], RequestLine] = read._read_request_line
_IS_VALID_HOST: Callable[[Any], bool] = check.is_valid_host
_BODY_SIZE: Callable[[Request, Response | None], int | None] = read.expected_http_body_size
_CONNECTION_CLOSE: Callable[[Any, Headers], bool] = http1.connection_close
_WITH_BODY = frozenset({200, 201, 202, 203, 206, *range(300, 304), *range(305, 600)})
_WITH_ANSWER = frozenset({b"GET", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS"})
_PLAIN_VERSION, _STAYS, _SWITCHED = b"HTTP/1.1", "keep-alive", 101
_KEPT_OPEN = frozenset({"HTTP/1.1", b"HTTP/1.1", "HTTP/2.0", b"HTTP/2.0"})
_PARSE_AUTHORITY: Callable[[Any, bool], tuple[str, int | None]] = url.parse_authority
_VALIDATE_HEADERS: Callable[[Message], None] = http.validate_headers  # type: ignore[attr-defined]
_GET_ALL: Callable[[Headers, str | bytes], list[str]] = Headers.get_all
_POP: Callable[[Headers, str], str] = Headers.pop
_NONE: Any = object()
_PORTS = {b"http": 80, b"https": 443}
_MOST_VALID = 1024  # names of headers that are remembered to be valid
_VALID = set[str]()


def get_all(self: Headers, name: str | bytes) -> list[str]:
    """As mitmproxy's, but what is not there is not looked for."""
    return [] if text_of(self, name) is None else _GET_ALL(self, name)


def get(self: Headers, key: str, default: Any = None) -> Any:
    """As mitmproxy's, but looked up in a table."""
    text = text_of(self, key)
    return default if text is None else text


def get_item(self: Headers, key: str) -> str:
    """As mitmproxy's, but looked up in a table."""
    text = text_of(self, key)
    if text is None:
        raise KeyError(key)
    return text


def pop(self: Headers, key: str, default: Any = _NONE) -> Any:
    """As Python's, but nothing is raised and caught where there is nothing to take."""
    if text_of(self, key) is not None:
        return _POP(self, key)
    if default is _NONE:
        raise KeyError(key)
    return default


def contains(self: Headers, key: object) -> bool:
    """As mitmproxy's, but looked up in a table."""
    return isinstance(key, str | bytes) and text_of(self, key) is not None


def as_bytes(self: Headers) -> bytes:
    """As mitmproxy's, but without a generator."""
    return b"\r\n".join([b": ".join(field) for field in self.fields]) + b"\r\n" if self.fields else b""


def read_headers(lines: list[bytes]) -> Headers:
    """As mitmproxy's, but fields that were just cut out of bytes are not checked to be bytes."""
    fields = []
    for line in lines:
        name, colon, value = line.partition(b":")
        if not name or not colon or line[0] in b" \t":
            return _READ_HEADERS(lines)
        fields.append((name, value.strip()))
    headers = Headers.__new__(Headers)
    headers.fields = tuple(fields)
    return headers


def read_request_line(line: bytes) -> RequestLine:
    """As mitmproxy's, but the address of a plain request is not taken apart a second time, only to be checked."""
    parts = line.split()
    if len(parts) == 3 and line.isascii() and parts[2] == b"HTTP/1.1":
        scheme, slashes, rest = parts[1].partition(b"://")
        authority, _, path = rest.partition(b"/")
        if slashes and scheme in _PORTS and b"[" not in authority and parts[0] != b"CONNECT":
            with contextlib.suppress(ValueError):
                host, port = url.parse_authority(authority, check=True)
                return host, port or _PORTS[scheme], parts[0], scheme, authority, b"/" + path, parts[2]
    return _READ_REQUEST_LINE(line)


def body_size(request: Request, response: Response | None = None) -> int | None:
    """As mitmproxy's, but the plain cases are told apart first."""
    table = texts_of(request.headers if response is None else response.headers)
    if "transfer-encoding" not in table and (response is None or _has_body(request, response)):
        length = table.get("content-length")
        if length is None:
            return 0 if response is None else -1
        if _is_plain(length):
            return int(length)
    return _BODY_SIZE(request, response)


def _is_plain(length: str) -> bool:
    return length.isdigit() and length.isascii() and (length[0] != "0" or length == "0")


def _has_body(request: Request, response: Response) -> bool:
    return response.data.status_code in _WITH_BODY and request.data.method in _WITH_ANSWER


def connection_close(http_version: Any, headers: Headers) -> bool:
    """As mitmproxy's, but the plain cases are told first."""
    said = texts_of(headers).get("connection")
    if said is None:
        return http_version not in _KEPT_OPEN
    return said != _STAYS and _CONNECTION_CLOSE(http_version, headers)


def goes_on(request: Request, response: Response) -> bool:
    """Whether the connection is, plainly, open for another request after this one; mitmproxy can tell of the others."""
    asked, answered = texts_of(request.headers), texts_of(response.headers)
    if request.data.method not in _WITH_ANSWER or response.data.status_code == _SWITCHED:
        return False
    if request.data.http_version != _PLAIN_VERSION or response.data.http_version != _PLAIN_VERSION:
        return False
    if asked.get("connection", _STAYS) != _STAYS or answered.get("connection", _STAYS) != _STAYS:
        return False
    coding = answered.get("transfer-encoding")
    return bool(answered.get("content-length")) if coding is None else coding == "chunked"


def parse_authority(authority: Any, check: bool) -> tuple[str, int | None]:
    """As mitmproxy's, but remembers the last ones."""
    return _known_authority(authority, check) if len(authority) <= LONGEST else _PARSE_AUTHORITY(authority, check)


def is_valid_host(host: Any) -> bool:
    """As mitmproxy's, but remembers the last ones."""
    return _known_host(host) if len(host) <= LONGEST else _IS_VALID_HOST(host)


@lru_cache(maxsize=1024)
def _known_authority(authority: Any, check: bool) -> tuple[str, int | None]:
    return _PARSE_AUTHORITY(authority, check)


@lru_cache(maxsize=2048)
def _known_host(host: Any) -> bool:
    return _IS_VALID_HOST(host)


def validate_headers(message: Message) -> None:
    """As mitmproxy's, but a name that was valid before is still valid."""
    table = texts_of(message.headers)
    length = table.get("content-length")
    is_plain = "transfer-encoding" not in table and (length is None or _is_plain(length))
    if not is_plain or not _VALID.issuperset(table):
        _VALIDATE_HEADERS(message)
        if len(_VALID) + len(table) <= _MOST_VALID:
            _VALID.update(name for name in table if len(name) <= LONGEST)
