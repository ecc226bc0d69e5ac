"""Takes out of other resolvers' answers what would hide names from the filter, and makes each fit its packet.

Records of type HTTPS and SVCB (RFC 9460) tell browsers of keys that hide the name of a site (ECH) and of HTTP/3, and
devices of encrypted resolvers (RFC 9462), wherever in an answer they stand. What cannot be read of them is left out.
"""

import struct
from dataclasses import replace

from mitmproxy.dns import DNSMessage, ResourceRecord
from mitmproxy.net.dns import https_records, types
from mitmproxy.net.dns.https_records import SVCParamKeys

_MANDATORY, _ALPN, _ECH = (key.value for key in (SVCParamKeys.MANDATORY, SVCParamKeys.ALPN, SVCParamKeys.ECH))
_EDNS = 41  # the type of the record in which a device says how large a packet it takes (RFC 6891)
_LEAST, _MOST = 512, 1232  # bytes: RFC 1035, 4.2.1, and what resolvers agreed on (DNS Flag Day 2020)


def tells_resolvers(name: str) -> bool:
    """Whether a device that asks for this name looks for an encrypted resolver to use in place of this one."""
    bare = name.lower().rstrip(".")
    return bare.startswith("_dns.") or f".{bare}".endswith(".resolver.arpa")


def make_bare(message: DNSMessage) -> None:
    """Leave nothing in an answer that hides names."""
    for section in (message.answers, message.authorities, message.additionals):
        section[:] = [bared for record in section if (bared := _bared(record)) is not None]


def make_fit(request: DNSMessage, response: DNSMessage) -> DNSMessage:
    """The answer for a packet of UDP: where it is too large, the device is told to ask again by TCP."""
    told = [record.class_ for record in request.additionals if record.type == _EDNS]
    room = min(max([_LEAST, *told]), _MOST)
    if len(response.packed) <= room:
        return response
    return replace(response, truncation=True, answers=[], authorities=[], additionals=[])


def _bared(record: ResourceRecord) -> ResourceRecord | None:
    """A record without keys and HTTP/3; None where nothing of use is left, or where it cannot be read."""
    if record.type not in (types.HTTPS, types.SVCB):
        return record
    try:
        said = https_records.unpack(record.data)
        params = said.params
        params.pop(_ECH, None)
        if _ALPN in params:
            kept = [word for word in _words(params[_ALPN]) if word != b"h3" and not word.startswith(b"h3-")]
            if not kept:
                return None
            params[_ALPN] = b"".join(bytes([len(word)]) + word for word in kept)
        needed = [key for key in struct.iter_unpack("!H", params.pop(_MANDATORY, b"")) if key[0] in params]
        if needed:
            params[_MANDATORY] = b"".join(struct.pack("!H", *key) for key in needed)
        ordered = replace(said, params=dict(sorted(params.items())))
        return replace(record, data=https_records.pack(ordered))
    except (struct.error, ValueError, IndexError):
        return None


def _words(data: bytes) -> list[bytes]:
    words, start = list[bytes](), 0
    while start < len(data):
        end = start + 1 + data[start]
        if end > len(data):
            raise ValueError("a word ends beyond its record")
        words.append(data[start + 1 : end])
        start = end
    return words
