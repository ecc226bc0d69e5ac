"""What kind of program opens a connection, told by how it opens it, and by nothing that it says.

Programs offer TLS in ways of their own: which ciphers, which extensions, which protocols (the idea of JA3 and JA4).
The order of extensions is left out, because browsers shuffle it; so is what differs from one connection to the next.
"""

import hashlib

from mitmproxy.tls import ClientHello

_PASSING = frozenset({0, 21, 41, 42, 44})
"""Server name, padding, and what comes only with a resumed session (pre-shared key, early data, cookie)."""


def device_class(hello: ClientHello) -> str:
    """Twelve characters that are the same for every connection that one version of a program opens."""
    ciphers = sorted(number for number in hello.cipher_suites if not _is_grease(number))
    extensions = sorted(kind for kind, _ in hello.extensions if kind not in _PASSING and not _is_grease(kind))
    offered = [bytes(name).hex() for name in hello.alpn_protocols]
    return hashlib.sha256(repr((ciphers, extensions, offered)).encode()).hexdigest()[:12]


def _is_grease(number: int) -> bool:
    """Whether this is one of the values that browsers draw by lot to keep servers tolerant (RFC 8701)."""
    return number & 0x0F0F == 0x0A0A and number >> 8 == number & 0xFF
