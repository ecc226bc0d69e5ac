"""Which ports and protocols lead past a filter: those that VPNs, proxies, Tor and remote desktops are known by.

Numbers are those of IANA's registry, or the defaults that the software's own documentation names.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Ways(StrEnum):
    """What devices may use beside the web, in two words; the third way is to list it."""

    GUARDED = "guarded"  # everything but what is known to lead past the filter
    ANY = "any"


@dataclass(frozen=True, slots=True)
class PortRange:
    """Ports of ``tcp`` or ``udp``, both ends included."""

    transport: str
    first: int
    last: int

    def __str__(self) -> str:
        """As people write it."""
        return f"{self.transport}/{self.numbers}"

    @property
    def numbers(self) -> str:
        """The numbers alone."""
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"


_RANGE = re.compile(r"(tcp|udp)/(\d{1,5})(?:-(\d{1,5}))?")


def port_range(text: str) -> PortRange:
    """``tcp/993`` or ``udp/3478-3481``. Raises ValueError in words."""
    match = _RANGE.fullmatch(text.strip().lower())
    if match is None:
        raise ValueError(f"{text!r} is no port; write it like tcp/993 or udp/3478-3481")
    first = int(match[2])
    last = int(match[3] or first)
    if not 0 < first <= last < 65536:
        raise ValueError(f"{text!r} is no port; they go from 1 to 65535, the smaller one first")
    return PortRange(match[1], first, last)


_NAMED = """
tcp/22 udp/22                                       SSH
tcp/23                                              Telnet
udp/500 udp/4500 tcp/500 tcp/4500                   IPsec
tcp/992 tcp/5555 udp/1196 udp/5555                  SoftEther VPN
tcp/1080-1085 udp/1080 tcp/4145 tcp/9999            SOCKS
tcp/1194-1198 udp/1194-1198                         OpenVPN
tcp/1701 udp/1701                                   L2TP
tcp/1723                                            PPTP
udp/2408                                            Cloudflare WARP
tcp/3128-3129 tcp/8118 tcp/8123                     web proxies
tcp/3389 udp/3389                                   Remote Desktop
udp/3544                                            Teredo
tcp/5500 tcp/5800-5803 tcp/5900-5910                VNC
tcp/5938 udp/5938                                   TeamViewer
tcp/6568 tcp/7070 udp/7070                          AnyDesk
tcp/6881-6889 udp/6881-6889                         BitTorrent
udp/784 udp/8853 tcp/8853 udp/5443 tcp/5443         encrypted DNS
tcp/8388-8389 udp/8388-8389                         Shadowsocks
tcp/9001-9003 tcp/9030 tcp/9040 tcp/9050-9053       Tor
tcp/9150-9153                                       Tor
udp/9993 tcp/9993                                   ZeroTier
tcp/10800 tcp/10808-10810                           V2Ray
udp/41641                                           Tailscale
udp/51820-51822 tcp/51820                           WireGuard
"""


def _ranges(text: str) -> tuple[PortRange, ...]:
    return tuple(map(port_range, text.split()))


def _named() -> dict[PortRange, str]:
    found: dict[PortRange, str] = {}
    for line in _NAMED.strip().splitlines():
        ports = re.match(r"((?:(?:tcp|udp)/[\d-]+ )+)\s*(.*)", line)
        if ports is not None:
            found.update(dict.fromkeys(map(port_range, ports[1].split()), ports[2]))
    return found


REFUSED = _named()
"""What leads past the filter, with the name that people know it by."""
TUNNELS = {4: "IPIP", 41: "6in4", 47: "GRE", 50: "ESP", 51: "AH", 94: "IPIP", 97: "EtherIP", 115: "L2TPv3"}
"""Protocols beside TCP and UDP that carry other traffic, by their IP protocol number."""
SITES = _ranges("""
tcp/81-85 tcp/591 tcp/2052-2053 tcp/2082-2083 tcp/2086-2087 tcp/2095-2096 tcp/3000 tcp/4443 tcp/5000 tcp/7443
tcp/8000-8010 tcp/8080-8099 tcp/8181 tcp/8443-8444 tcp/8880 tcp/8888-8889 tcp/9443 tcp/10443
""")
"""Ports beside the web's own on which sites stand, among them all that Cloudflare answers on."""
SECURED = _ranges("""
tcp/21 tcp/25 tcp/110 tcp/119 tcp/143 tcp/389 tcp/465 tcp/563 tcp/587 tcp/636 tcp/989-990 tcp/993-995 tcp/2195-2197
tcp/3268-3269 tcp/3478-3481 tcp/4190 tcp/5061 tcp/5222-5223 tcp/5228-5230 tcp/5269 tcp/5349-5350 tcp/5671
tcp/8801-8810 tcp/8883
""")
"""Ports on which mail, directories, calls, notices and devices speak a TLS that is no web's."""
_OF_NAMES = {53: "DNS", 853: "encrypted DNS", 5353: "DNS"}
_WEB = frozenset({80, 443, 3128, 3129, 8118, 8123})


def past_the_filter(port: int) -> str:
    """What a TCP port is known for that no website stands on, for one that a proxy is asked for; "" for any other."""
    if port in _WEB:
        return ""
    if port in _OF_NAMES:
        return _OF_NAMES[port]
    known = (words for each, words in REFUSED.items() if each.transport == "tcp" and each.first <= port <= each.last)
    return next(known, "")


def numbers(ports: Iterable[PortRange], transport: str) -> str:
    """The ports of one transport as nftables reads them, joined where they touch; "" where there are none."""
    merged: list[list[int]] = []
    for each in sorted((each.first, each.last) for each in ports if each.transport == transport):
        if merged and each[0] <= merged[-1][1] + 1:
            merged[-1][1] = max(merged[-1][1], each[1])
        else:
            merged.append(list(each))
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in merged)
