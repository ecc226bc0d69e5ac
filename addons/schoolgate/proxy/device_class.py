"""What kind of program opens a connection, told by how it opens it, and by nothing that it says.

Programs offer TLS in ways of their own: which ciphers, which extensions, which protocols (the idea of JA3 and JA4).
The order of extensions is left out, because browsers shuffle it; so is what differs from one connection to the next.
"""

import hashlib

from mitmproxy.tls import ClientHello

_GREASE = frozenset(low << 8 | low for low in range(0x0A, 0x100, 0x10))
"""The values that browsers draw by lot to keep servers tolerant (RFC 8701)."""
_PASSING = _GREASE | {0, 21, 41, 42, 44}
"""Besides: server name, padding, and what comes only with a resumed session (pre-shared key, early data, cookie)."""


def device_class(hello: ClientHello) -> str:
    """Twelve characters that are the same for every connection that one version of a program opens."""
    ciphers = sorted([number for number in hello.cipher_suites if number not in _GREASE])
    extensions = sorted([kind for kind, _ in hello.extensions if kind not in _PASSING])
    offered = [bytes(name).hex() for name in hello.alpn_protocols]
    return hashlib.sha256(repr((ciphers, extensions, offered)).encode()).hexdigest()[:12]
