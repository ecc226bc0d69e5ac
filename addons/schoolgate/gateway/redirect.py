"""The nftables table that brings devices' web traffic to the filter and shuts the ways that would lead past it."""

import hashlib
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network, IPv6Network, collapse_addresses

from schoolgate.settings.models import SchoolFile

TABLE = "inet schoolgate"
_WEB = "{ 80, 443 }"
_REFUSED = "reject with icmpx type port-unreachable"  # said at once, browsers fall back to TLS over TCP at once
type Network = IPv4Network | IPv6Network


def table(school: SchoolFile) -> str:
    """The table as a file for ``nft -f``, which replaces an older one of its own in one step.

    ``listen.transparent`` and ``gateway.inside`` have to be set. Redirected is what comes in through the inside
    interfaces for ports 80 and 443 of anywhere but this machine; QUIC (UDP 443) and DNS over TLS or QUIC (853) are
    refused. Networks of ``management`` and destinations of ``direct`` are left alone.
    """
    body = "\n".join(_body(school))
    mark = hashlib.sha256(body.encode()).hexdigest()[:12]
    return f'table {TABLE}\ndelete table {TABLE}\ntable {TABLE} {{\n\tcomment "{_comment(mark)}"\n{body}\n}}\n'


def mark_of(text: str) -> str | None:
    """The mark of a table that is written here or listed by nft; None where there is none of schoolgate's."""
    _, found, rest = text.partition(f'comment "{_comment("")}')
    return rest.partition('"')[0] if found else None


def _comment(mark: str) -> str:
    return f"schoolgate {mark}"


def _body(school: SchoolFile) -> Iterator[str]:
    port, gateway = school.listen.transparent, school.gateway
    inside = "iifname { " + ", ".join(f'"{name}"' for name in gateway.inside) + " }"
    yield from _set("management", gateway.management)
    yield from _set("direct", gateway.direct)
    yield "\tchain to_the_filter {"
    yield "\t\ttype nat hook prerouting priority dstnat - 5; policy accept;"
    yield from _left_alone()
    if school.listen.dns:
        yield f"\t\t{inside} meta l4proto {{ tcp, udp }} th dport 53 counter redirect to :{school.listen.dns}"
    yield "\t\tfib daddr type { local, broadcast, multicast } return"
    yield f"\t\t{inside} tcp dport {_WEB} counter redirect to :{port}"
    yield "\t}"
    yield "\tchain past_the_filter {"
    yield "\t\ttype filter hook forward priority filter - 5; policy accept;"
    yield from _left_alone()
    yield f"\t\t{inside} udp dport {{ 443, 853 }} counter {_REFUSED}"
    yield f"\t\t{inside} tcp dport 853 counter reject with tcp reset"
    yield f"\t\t{inside} tcp dport {_WEB} counter reject with tcp reset"
    yield "\t}"
    yield "\tchain own_port {"
    yield "\t\ttype filter hook input priority filter - 5; policy accept;"
    yield f"\t\ttcp dport {port} ct status ! dnat counter reject with tcp reset"
    yield "\t}"


def _set(name: str, networks: Iterable[Network]) -> Iterator[str]:
    for version, kind in ((4, "ipv4_addr"), (6, "ipv6_addr")):
        members = ", ".join(str(network) for network in _collapsed(networks, version))
        yield f"\tset {name}{version} {{"
        yield f"\t\ttype {kind}; flags interval;"
        if members:
            yield f"\t\telements = {{ {members} }}"
        yield "\t}"


def _collapsed(networks: Iterable[Network], version: int) -> Iterator[Network]:
    if version == 4:
        return collapse_addresses(network for network in networks if isinstance(network, IPv4Network))
    return collapse_addresses(network for network in networks if isinstance(network, IPv6Network))


def _left_alone() -> Iterator[str]:
    for word, version in (("ip", 4), ("ip6", 6)):
        yield f"\t\t{word} saddr @management{version} return"
        yield f"\t\t{word} daddr @management{version} return"
        yield f"\t\t{word} daddr @direct{version} return"
