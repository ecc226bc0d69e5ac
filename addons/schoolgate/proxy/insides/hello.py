"""A ClientHello taken apart in a few steps; of what is odd about one nothing is said, and mitmproxy reads it itself."""

import struct
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class Part:
    """A part of a ClientHello, under the names that mitmproxy knows it by."""

    type: int = 0
    body: Any = b""
    _raw_body: bytes = b""
    extensions: Any = ()
    cipher_suites: Any = ()
    server_names: Any = ()
    alpn_protocols: Any = ()
    name_type: int = 0
    host_name: bytes = b""
    name: bytes = b""


def read_hello(raw: bytes) -> Part | None:
    """RFC 8446, 4.1.2: version, random, session, cipher suites, compression, extensions. None where a part is short."""
    try:
        at = 35 + raw[34]
        number = int.from_bytes(raw[at : at + 2]) // 2
        suites = struct.unpack_from(f">{number}H", raw, at + 2)
        at += 2 + 2 * number
        at += 3 + raw[at]
        if at > len(raw):
            return None  # without extensions, or cut off before them
        extensions = list[Part]()
        while at < len(raw):
            kind, size = struct.unpack_from(">HH", raw, at)
            at += 4 + size
            body = raw[at - size : at]
            if at > len(raw):
                return None
            extensions.append(Part(kind, _READERS[kind](body) if kind in _READERS else body, body))
    except (IndexError, struct.error):
        return None
    return Part(cipher_suites=Part(cipher_suites=list(suites)), extensions=Part(extensions=extensions))


def _names_in(body: bytes) -> Part:
    """RFC 6066, 3: a list of names, each with its type."""
    at, names = 2, list[Part]()
    while at < len(body):
        kind, size = struct.unpack_from(">BH", body, at)
        at += 3 + size
        names.append(Part(name_type=kind, host_name=body[at - size : at]))
    if at != len(body):
        raise IndexError
    return Part(server_names=names)


def _protocols_in(body: bytes) -> Part:
    """RFC 7301, 3.1: a list of names."""
    at, names = 2, list[Part]()
    while at < len(body):
        size = body[at]
        at += 1 + size
        names.append(Part(name=body[at - size : at]))
    if at != len(body):
        raise IndexError
    return Part(alpn_protocols=names)


_READERS = {0: _names_in, 16: _protocols_in}
