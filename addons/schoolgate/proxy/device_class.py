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

_MOST_KEPT = 300  # suites, extensions and bytes of protocols' names: a browser's hello has some 50


def device_class(hello: ClientHello) -> str:
    """Twelve characters that are the same for every connection that one version of a program opens."""
    kinds, protocols = tuple([kind for kind, _ in hello.extensions]), tuple(hello.alpn_protocols)
    suites = tuple(hello.cipher_suites)
    is_usual = len(suites) + len(kinds) + sum(map(len, protocols)) <= _MOST_KEPT
    return (_class_of if is_usual else _class_of.__wrapped__)(suites, kinds, protocols)


@lru_cache(maxsize=256)
def _class_of(suites: tuple[int, ...], kinds: tuple[int, ...], protocols: tuple[bytes, ...]) -> str:
    ciphers = sorted([number for number in suites if number not in _GREASE])
    extensions = sorted([kind for kind in kinds if kind not in _PASSING])
    offered = [bytes(name).hex() for name in protocols]
    return hashlib.sha256(repr((ciphers, extensions, offered)).encode()).hexdigest()[:12]
