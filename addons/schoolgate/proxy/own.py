"""Which addresses are this machine's own."""

import socket

from schoolgate.policy.request import host_address


def is_own(address: str) -> bool:
    """Whether an IP address is one of this machine's: only those can be listened on. What is no address may be one."""
    literal = host_address(address)
    if literal is None or literal.is_loopback or literal.is_unspecified:
        return True
    with socket.socket(socket.AF_INET if literal.version == 4 else socket.AF_INET6, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((str(literal), 0))
        except OSError:
            return False
    return True


def has_ipv6() -> bool:
    """Whether this machine can listen on IPv6 at all."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True
