"""The nftables table that brings devices' web traffic to the filter and shuts the ways that would lead past it."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_address

from schoolgate.gateway.other_ports import refused, sites, sites_left_alone
from schoolgate.settings.identity_models import RadiusEntry
from schoolgate.settings.school_models import GatewayEntry, ListenOn, SchoolFile

TABLE = "inet schoolgate"
_WEB = "{ 80, 443 }"
_REFUSED = "reject with icmpx type port-unreachable"  # said at once, browsers fall back to TLS over TCP at once
_SEED = "0x5367"  # the same for every rule: a device comes to the same worker by whatever way
type Network = IPv4Network | IPv6Network


def table(school: SchoolFile, workers: int = 1) -> str:
    """The table as a file for ``nft -f``, which replaces an older one of its own in one step.

    ``listen.transparent`` and ``gateway.inside`` have to be set. Redirected is what comes in through the inside
    interfaces for ports 80 and 443 of anywhere but this machine; QUIC (UDP 80, 443) and DNS over TLS or QUIC (853) are
    refused. Networks of ``management`` and destinations of ``direct`` are left alone. Of several ``workers`` each has
    ports of its own, and the address of a device tells which of them it comes to, redirected or to the proxy.
    """
    body = "\n".join(_body(school, workers))
    mark = hashlib.sha256(body.encode()).hexdigest()[:12]
    return f'table {TABLE}\ndelete table {TABLE}\ntable {TABLE} {{\n\tcomment "{_comment(mark)}"\n{body}\n}}\n'


def mark_of(text: str) -> str | None:
    """The mark of a table that is written here or listed by nft; None where there is none of schoolgate's."""
    _, found, rest = text.partition(f'comment "{_comment("")}')
    return rest.partition('"')[0] if found else None


def _comment(mark: str) -> str:
    return f"schoolgate {mark}"


def _body(school: SchoolFile, workers: int) -> Iterator[str]:
    listen, gateway = school.listen, school.gateway
    inside = "iifname { " + ", ".join(f'"{name}"' for name in gateway.inside) + " }"
    yield from _set("management", gateway.management)
    yield from _set("direct", gateway.direct)
    yield from _set("any_port", gateway.any_port)
    yield "\tchain to_the_filter {"
    yield "\t\ttype nat hook prerouting priority dstnat - 5; policy accept;"
    yield from _left_alone()
    if listen.dns:
        yield f"\t\t{inside} meta l4proto {{ tcp, udp }} th dport 53 counter redirect to :{listen.dns}"
    if workers > 1:
        yield from _to_the_proxy(listen, inside, workers)
    yield "\t\tfib daddr type { local, broadcast, multicast } return"
    yield from sites_left_alone(gateway, inside)
    to_sites = f"{inside} tcp dport {{ {sites(gateway)} }}"
    if workers > 1:
        yield from _shared_out(to_sites, _numbered(listen.own_transparent, workers))
    else:
        yield f"\t\t{to_sites} counter redirect to :{listen.transparent}"
    yield "\t}"
    yield "\tchain past_the_filter {"
    yield "\t\ttype filter hook forward priority filter - 5; policy accept;"
    yield from _left_alone()
    yield f"\t\t{inside} udp dport {{ 80, 443, 853 }} counter {_REFUSED}"
    yield f"\t\t{inside} tcp dport 853 counter reject with tcp reset"
    yield f"\t\t{inside} tcp dport {_WEB} counter reject with tcp reset"
    yield from refused(gateway, inside)
    yield "\t}"
    yield "\tchain own_port {"
    yield "\t\ttype filter hook input priority filter - 5; policy accept;"
    ports = [listen.transparent or 0]
    if workers > 1:
        ports += [port for own in (listen.own_transparent, listen.own_proxy) for port in _numbered(own, workers)]
    yield f"\t\ttcp dport {{ {', '.join(map(str, ports))} }} ct status ! dnat counter reject with tcp reset"
    yield from _from_outside(listen, gateway)
    yield from _of_radius(school.identity.radius)
    yield "\t}"


def _from_outside(listen: ListenOn, gateway: GatewayEntry) -> Iterator[str]:
    """The filter serves whom it stands before, and management; to the internet it would be an open proxy."""
    known = "iifname != { " + ", ".join(f'"{name}"' for name in ("lo", *gateway.inside)) + " }"
    for word, version in (("ip", 4), ("ip6", 6)):
        yield f"\t\t{word} saddr @management{version} return"
    ports = ", ".join(map(str, sorted({port for _, port in listen.proxy})))
    yield f"\t\t{known} tcp dport {{ {ports} }} counter drop"
    if listen.dns:
        yield f"\t\t{known} meta l4proto {{ tcp, udp }} th dport {listen.dns} counter drop"


def _of_radius(radius: RadiusEntry | None) -> Iterator[str]:
    """Who may say who is at which device: only those that the settings name, even before their word is examined."""
    if radius is None:
        return
    for word, version in (("ip", 4), ("ip6", 6)):
        known = [str(each) for client in radius.clients if (each := ip_address(client)).version == version]
        others = f"{word} saddr != {{ {', '.join(known)} }}" if known else f"meta nfproto ipv{version}"
        yield f"\t\t{others} udp dport {radius.listen[1]} counter drop"


def _to_the_proxy(listen: ListenOn, inside: str, workers: int) -> Iterator[str]:
    """Devices that were told of the proxy come to the own port of their worker."""
    for host, port in listen.proxy:
        address = None if host == "localhost" else ip_address(host)
        if address is None or address.is_loopback:
            continue
        word = "ip" if address.version == 4 else "ip6"
        to = "fib daddr type local" if address.is_unspecified else f"{word} daddr {host}"
        ports = _numbered(listen.own_proxy, workers)
        yield from _shared_out(f"{inside} {to} tcp dport {port}", ports, address.version)


def _shared_out(what: str, ports: list[int], *versions: int) -> Iterator[str]:
    """The address that it comes from tells which port it goes to."""
    shares = ", ".join(f"{number} : {port}" for number, port in enumerate(ports))
    for word, version in (("ip", 4), ("ip6", 6)):
        if version in (versions or (4, 6)):
            choice = f"jhash {word} saddr mod {len(ports)} seed {_SEED} map {{ {shares} }}"
            yield f"\t\tmeta nfproto ipv{version} {what} counter redirect to :{choice}"


def _numbered(own: Callable[[int], int], workers: int) -> list[int]:
    return [own(number) for number in range(1, workers + 1)]


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
