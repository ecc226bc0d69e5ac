"""What devices may use beside the web's own two ports: sites on others come to the filter, ways past it are refused.

A VPN may use any port, so a connection is also known by its first words: WireGuard's, OpenVPN's and QUIC's over UDP;
OpenVPN's, SSH's, SOCKS's, and those of the web on a port where nobody could look into it, over TCP. ``@th`` counts
bits from the head of TCP or UDP; a TCP head is 20 bytes long, or 32 with its time stamps.
"""

from collections.abc import Iterable, Iterator

from schoolgate.policy.ports import REFUSED, SECURED, SITES, TUNNELS, Ways, numbers
from schoolgate.settings.school_models import GatewayEntry

_UDP_REFUSED = "reject with icmpx type port-unreachable"  # said at once, browsers fall back to TLS over TCP at once
_RESET = "reject with tcp reset"
_NOT_ALLOWED = "reject with icmpx type admin-prohibited"
_PRIVATE = (
    ("ip", "10.0.0.0/8, 100.64.0.0/10, 169.254.0.0/16, 172.16.0.0/12, 192.168.0.0/16"),
    ("ip6", "fc00::/7, fe80::/10"),
)
_HEADS = {5: 160, 8: 256}  # length of a TCP head in words of 32 bits -> where its data begin, in bits
_WORDS = ("GET ", "POST", "HEAD", "CONN", "SSH-", "\4\1\0\x50", "\4\1\1\xbb")  # the last are SOCKS4 to 80 and 443
_OPENVPN = (14, 42, 54, 86)  # bytes of its first packet, in the ways of signing that it has
_SOCKS5 = {3: "0x050100, 0x050102", 4: "0x050200"}  # bytes of its greeting -> how that begins


def sites(gateway: GatewayEntry) -> str:
    """The TCP ports that lead to the filter, as nftables reads them."""
    return f"80, 443, {numbers(SITES, 'tcp')}" if gateway.ports is Ways.GUARDED else "80, 443"


def sites_left_alone(gateway: GatewayEntry, inside: str) -> Iterator[str]:
    """The school's own servers on such ports, and networks that may use every port."""
    if gateway.ports is not Ways.GUARDED:
        return
    other = f"{inside} tcp dport {{ {numbers(SITES, 'tcp')} }}"
    yield f"\t\t{other} fib daddr oifname{inside.removeprefix('iifname')} return"
    for word, private in _PRIVATE:
        yield f"\t\t{other} {word} saddr @any_port{'4' if word == 'ip' else '6'} return"
        yield f"\t\t{other} {word} daddr {{ {private} }} return"


def refused(gateway: GatewayEntry, inside: str) -> Iterator[str]:
    """What is refused on the way to the internet; between the school's own networks nothing is."""
    if gateway.ports is Ways.ANY:
        return
    yield f"\t\to{inside[1:]} return"
    for word, version in (("ip", 4), ("ip6", 6)):
        yield f"\t\t{word} saddr @any_port{version} return"
    began = f"{inside} ct direction original"
    yield from _guarded(began) if isinstance(gateway.ports, Ways) else _listed(gateway, began)


def _guarded(began: str) -> Iterator[str]:
    tunnels = ", ".join(map(str, TUNNELS))
    yield f"\t\t{began} meta l4proto {{ {tunnels} }} counter {_NOT_ALLOWED}"
    for transport, answer in (("tcp", _RESET), ("udp", _UDP_REFUSED)):
        yield f"\t\t{began} {transport} dport {{ {numbers(REFUSED, transport)} }} counter {answer}"
    yield from _by_first_words(began)


def _by_first_words(began: str) -> Iterator[str]:
    yield f"\t\t{began} udp length 156 @th,64,32 0x01000000 counter {_UDP_REFUSED}"  # WireGuard's handshake
    openvpn = _set(8 + length for length in _OPENVPN)
    yield f"\t\t{began} udp length {openvpn} @th,64,8 0x38 ct state new counter {_UDP_REFUSED}"
    yield f"\t\t{began} udp length >= 1208 @th,64,2 3 @th,72,32 1 counter {_UDP_REFUSED}"  # QUIC's (RFC 9000, 17.2)
    spoken = ", ".join(f"0x{word.encode('latin-1').hex()}" for word in _WORDS)
    others = f"tcp dport != {{ {numbers(SECURED, 'tcp')} }}"
    for length, at in _HEADS.items():
        head = f"{began} tcp doff {length}"
        yield f"\t\t{head} @th,{at},32 {{ {spoken} }} counter {_RESET}"
        hello = f"@th,{at},24 {{ 0x160301, 0x160303 }} @th,{at + 40},16 0x0100"  # a ClientHello of TLS
        yield f"\t\t{began} {others} tcp doff {length} {hello} counter {_RESET}"
        whole = _set(ip + 4 * length + 2 + each for ip in (20, 40) for each in _OPENVPN)
        resets = ", ".join(f"0x{each:04x}38" for each in _OPENVPN)
        yield f"\t\t{head} meta length {whole} @th,{at},24 {{ {resets} }} counter {_RESET}"
        for each, greeting in _SOCKS5.items():
            whole = _set(ip + 4 * length + each for ip in (20, 40))
            yield f"\t\t{head} meta length {whole} @th,{at},24 {{ {greeting} }} counter {_RESET}"


def _set(lengths: Iterable[int]) -> str:
    return "{ " + ", ".join(map(str, sorted(set(lengths)))) + " }"


def _listed(gateway: GatewayEntry, began: str) -> Iterator[str]:
    yield f"\t\t{began} meta l4proto != {{ tcp, udp, icmp, icmpv6 }} counter {_NOT_ALLOWED}"
    if isinstance(gateway.ports, Ways):
        return
    for transport, answer in (("tcp", _RESET), ("udp", _UDP_REFUSED)):
        allowed = numbers(gateway.ports, transport)
        others = f"dport != {{ {allowed} }}" if allowed else "dport 0-65535"
        yield f"\t\t{began} {transport} {others} counter {answer}"
