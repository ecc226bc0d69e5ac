"""What kind of program opens a connection, told by how it opens it, and by nothing that it says.

Programs offer TLS in ways of their own: which ciphers, which extensions, which protocols (the idea of JA3 and JA4).
The order of extensions is left out, because browsers shuffle it; so is what differs from one connection to the next.
"""

import hashlib
from functools import lru_cache

from mitmproxy.tls import ClientHello

_GREASE = frozenset(low << 8 | low for low in range(0x0A, 0x100, 0x10))
"""The values that browsers draw by lot to keep servers tolerant (RFC 8701)."""
_PASSING = _GREASE | {0, 21, 41, 42, 44}
"""Besides: server name, padding, and what comes only with a resumed session (pre-shared key, early data, cookie)."""


def device_class(hello: ClientHello) -> str:
    """Twelve characters that are the same for every connection that one version of a program opens."""
    extensions = tuple([kind for kind, _ in hello.extensions])
    return _class_of(tuple(hello.cipher_suites), extensions, tuple(hello.alpn_protocols))


@lru_cache(maxsize=256)
def _class_of(suites: tuple[int, ...], kinds: tuple[int, ...], protocols: tuple[bytes, ...]) -> str:
    ciphers = sorted([number for number in suites if number not in _GREASE])
    extensions = sorted([kind for kind in kinds if kind not in _PASSING])
    offered = [bytes(name).hex() for name in protocols]
    return hashlib.sha256(repr((ciphers, extensions, offered)).encode()).hexdigest()[:12]
