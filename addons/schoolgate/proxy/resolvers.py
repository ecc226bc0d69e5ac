"""Whom the network's resolver asks in its turn: those that the settings name, else the machine's, and never itself."""

import logging

import mitmproxy_rs

from schoolgate.proxy.own import is_own
from schoolgate.settings.school_models import SchoolFile

log = logging.getLogger("schoolgate")

_PORT = 53
_NOBODY = "100::53"  # leads nowhere (RFC 6666): an empty list would mean the machine's resolvers to mitmproxy


def resolvers(school: SchoolFile) -> list[str]:
    """Addresses to ask. A machine that leaves names to this resolver would have it ask itself, without end."""
    found = [str(address) for address in school.dns.upstream] or _of_this_machine()
    if school.listen.dns != _PORT:
        return found
    others = [address for address in found if not is_own(address)]
    if not others:
        log.error(
            "The network's resolver has nobody to ask: %s is this machine itself. Name others in config/school.yaml,"
            " like dns: {upstream: [192.0.2.53]}.",
            " and ".join(found) or "/etc/resolv.conf names none, which",
        )
    return others or [_NOBODY]


def _of_this_machine() -> list[str]:
    try:
        return mitmproxy_rs.dns.get_system_dns_servers()
    except (RuntimeError, OSError):
        return []
