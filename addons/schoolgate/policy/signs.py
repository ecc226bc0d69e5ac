"""Ways round a filter that show in how something is asked for, whatever site it is asked of.

Web proxies, encrypted DNS and tunnels move to new names every week; their software stays the same, and so do the
addresses and headers that it uses. A sign that is certain counts everywhere. One that a harmless site might have too
does not count on sites that the school must be able to reach.
"""

import re
from base64 import urlsafe_b64decode
from collections.abc import Iterator, Mapping
from functools import lru_cache
from urllib.parse import unquote

from schoolgate.policy.request import host_address
from schoolgate.policy.rules import SIGN, Hit
from schoolgate.policy.within_names import is_named_for_an_address

CIRCUMVENTION = "circumvention"
_DNS_TYPES = frozenset(
    {
        "application/dns-message",
        "application/dns-json",
        "application/oblivious-dns-message",
        "application/dns-udpwireformat",
    }
)
_HIDDEN = (".onion", ".i2p", ".loki", ".exit")
_ONION = re.compile(r"(?:^|\.)(?:[a-z2-7]{56}\.|[a-z2-7]{16}\.onion\.)")  # one of Tor's names below another
_DNS_PATH = re.compile(r"^/(?:[\w.-]+/)*(?:dns-query|resolve|query-dns|doh|dns)(?:/[\w.,=-]*)?$", re.IGNORECASE)
_RECORDS = frozenset({"A", "AAAA", "ANY", "CNAME", "HTTPS", "MX", "NS", "PTR", "SVCB", "TXT"})
_LEAST_DNS = 17  # bytes of the shortest question of DNS: its header and the root's name

_CERTAIN = (
    ("Glype, a web proxy", r"/browse\.php\?(?:.*&)?u=.*&b=\d", r"/includes/process\.php\?action=update"),
    ("CGIProxy, a web proxy", r"/nph-\w+\.(?:cgi|pl)/[0-9a-z]{6,}"),
    ("PHProxy, a web proxy", r"[?&]q=[^&]+&hl=(?=[a-f]*\d)[0-9a-f]{3}(?:&|$)"),
    ("CroxyProxy, a web proxy", r"[?&]__(?:cpo|pot|cpp|crp)=(?:ahr0c|1|https?)"),
    (
        "Ultraviolet, a web proxy",
        r"/uv[/.](?:uv\.)?(?:bundle|handler|client|config|sw)(?:[.-][\w.-]+)?\.js$",
        r"/hvtr?[sp](?:8|:)/",
    ),
    (
        "Scramjet, a web proxy",
        r"/scramjet[.](?:all|bundle|client|codecs|config|controller|shared|sync|worker|sw|wasm)\b",
        r"/scram(?:jet)?/https?:",
    ),
    (
        "the transport of web proxies",
        r"/bare-?mux/(?:index|worker|bare)\b",
        r"/(?:epoxy|libcurl|baremod)/index\.m?js$",
        r"/bare/v[123]/",
    ),
    (
        "Rammerhead, a web proxy",
        r"/rammerhead(?:\.min)?\.js$",
        r"/(?:edit|delete)session\?id=[0-9a-f]{32}",
        r"/sessionexists\?id=",
        r"/[0-9a-f]{32}(?:![a-z!*]+)?/https?:/",
    ),
    ("Hammerhead, the engine of web proxies", r"/(?:hammerhead|transport-worker|worker-hammerhead)\.js$"),
    ("Womginx, a web proxy", r"/womginx\.js$"),
    ("Corrosion or Alloy, web proxies", r"/(?:corrosion|alloy)/(?:index\.js|https?)", r"/service/gateway/https?"),
    ("node-unblocker, a web proxy", r"/(?:node-?)?unblocker/https?:/"),
    ("the makers of web proxies", r"/@?(?:titaniumnetwork-dev|useinterstellar|mercuryworkshop)(?:/|$)"),
    ("miniProxy, a web proxy", r"/miniproxy\.php\?"),
    ("Meteor, a web proxy", r"/meteor\.(?:bundle|codecs|config|sw|worker)\.js$"),
)
_DOUBTFUL = (
    (
        "the service worker of a web proxy",
        r"/(?:uv|scramjet|ultraviolet|dynamic|unblock)[\w-]*sw\.js$",
        r"/(?:uv|dynamic|scramjet)/sw\.js$",
    ),
    (
        "a web proxy's own way to a page",
        r"/(?:proxy|unblock|surf|service|~/\w+)/(?:https?:/|ahr0c)",
        r"/(?:proxy|browse|surf|unblock|unblocker|webproxy)\.(?:php|aspx?|cgi|pl)\?(?:.*&)?(?:u|q|url)=(?:https?:|ahr0c)",
    ),
)
_SOON = re.compile(
    r"/(?:@?(?:mercuryworkshop|titaniumnetwork|useinterstellar)|alloy/|bare|browse\.|corrosion/|deletesession|"
    r"dynamic|editsession|epoxy/|gateway/http|h(?:ammerhead|ttps?:|vt)|libcurl/|meteor\.|miniproxy|nph-|"
    r"pro(?:cess\.|xy(?:\.|/ahr0c))|rammerhead|s(?:cram|ervice/ahr0c|essionexists|urf(?:\.|/ahr0c))|"
    r"transport-worker|u(?:ltraviolet|nblock|v)|w(?:ebproxy\.|omginx|orker-)|~)|&(?:hl=|__)|\?__"
)
"""Whatever the patterns above match has one of these in it: they are looked for first, which is ten times as fast."""
_ODD_CASES = (("\u0130", "i"), ("\u0131", "i"), ("\u017f", "s"))
"""Letters that are other cases of ASCII's to ``re.IGNORECASE``, and not to ``str.lower``."""
_SOCKET_PATH = re.compile(
    r"/(?:wisp|bare|vmess|vless|shadowsocks|v2ray|trojan|trojan-go|xray|sing-box)(?:ws|-ws)?(?:/|$|\?)|/ss-?ws(?:/|$)|"
    r"\?ed=\d+$",
    re.IGNORECASE,
)
_STORES = frozenset(
    {
        *("addons.mozilla.org", "addons.opera.com", "apps.apple.com", "apps.microsoft.com", "chrome.google.com"),
        *("chromewebstore.google.com", "itunes.apple.com", "microsoftedge.microsoft.com", "play.google.com"),
    }
)
_IN_A_STORE = re.compile(
    r"/(?:detail|details|addon|app|apps|extensions)/.*(?:vpn|unblock(?:er|ed|-sites|-web)|(?<![a-z])(?:web|free)?prox(?:y|ies)(?![a-z-]*-vot)|"
    r"tor-?browser|torproject|orbot|psiphon|ultrasurf|shadowrocket|v2ray|onedotonedotone|1-1-1-1)",
    re.IGNORECASE,
)
_FOR_WORK = re.compile(
    r"forti|global-?protect|anyconnect|secure-client|ivanti|pulse|zscaler|sonicwall|azure|sophos|watchguard|citrix|cisco|"
    r"paloalto|checkpoint|f5",
    re.IGNORECASE,
)
_GRPC_PATH = re.compile(r"/Tun(?:Multi)?$")
_PAGES = frozenset({"document", "iframe", "frame", "serviceworker", "script", "worker", "sharedworker"})
_BARE_HEADERS = frozenset({"x-bare-url", "x-bare-host", "x-bare-headers", "x-tomp-authorization", "x-bare-protocol"})
_TUNNELS = re.compile(
    r"\b(?:wisp(?:-v\d+)?|bare|chisel-v\d+|wstunnel|ssh|socks5?|tunnel|vmess|vless)\b|^v1, ?authorization\.bearer\."
)  # the last is wstunnel's
_UPGRADES = frozenset({"connect-udp", "connect-ip", "connect-tcp", "masque", "tunnel", "socks", "ssh", "ssh-tunnel"})


def of_name(name: str) -> Hit | None:
    """What a canonical host alone shows: a hidden service of Tor, I2P or Lokinet, or a gateway to one."""
    if name.endswith(_HIDDEN) or (len(name) > 24 and _ONION.search(name)):
        return _hit("the name of a hidden service", certain=True)
    return None


def of_request(method: str, host: str, asked: str, headers: Mapping[str, str]) -> tuple[Hit, ...]:
    """What a request shows; ``asked`` is path and query as they were sent, ``headers`` by lower-case names."""
    found: list[Hit] = []
    if method == "CONNECT" or "upgrade" in headers or _tells_more(headers):
        found.extend(_by_headers(method, host, asked, headers))
    if "?" in asked and ("dns" in asked or "name=" in asked):
        found.extend(_by_query(asked))
    for small in (_small(asked), _small(unquote(asked))) if "%" in asked else (_small(asked),):
        if _SOON.search(small) is not None:
            found.extend(_by_address(small, headers.get("sec-fetch-dest", "document").lower() in _PAGES))
    if host in _STORES:
        found.extend(_by_store(asked))
    return tuple(dict.fromkeys(found))


def _tells_more(headers: Mapping[str, str]) -> bool:
    """Whether there are headers of a tunnel, or the types that are sent or asked for may be those of one."""
    kinds = f"{headers.get('content-type', '')},{headers.get('accept', '')}".lower()
    return "dns" in kinds or "grpc" in kinds or not _BARE_HEADERS.isdisjoint(headers)


def _small(text: str) -> str:
    """Small letters, so that matching them is matching without regard to case, which is several times as slow."""
    if not text.isascii():
        for odd, plain in _ODD_CASES:
            text = text.replace(odd, plain)
    return text.lower()


def opens_a_page(headers: Mapping[str, str]) -> bool:
    """Whether a page or a frame is asked for, and no part of a page (headers by lower-case names)."""
    dest, accept = headers.get("sec-fetch-dest", "").lower(), headers.get("accept", "").lower()
    if dest:
        return dest in ("document", "iframe", "frame", "embed", "object")
    return "text/html" in accept or (accept in ("", "*/*") and "referer" not in headers)


def _by_headers(method: str, host: str, asked: str, headers: Mapping[str, str]) -> Iterator[Hit]:
    kinds = {headers.get("content-type", "").partition(";")[0].strip().lower()}
    kinds |= {each.partition(";")[0].strip() for each in headers.get("accept", "").lower().split(",")}
    if not _DNS_TYPES.isdisjoint(kinds):
        yield _hit("DNS over HTTPS", certain=True)
    if not _BARE_HEADERS.isdisjoint(headers):
        yield _hit("the transport of web proxies", certain=True)
    if any(kind.startswith("application/grpc") for kind in kinds) and _GRPC_PATH.search(asked):
        yield _hit("a tunnel over gRPC", certain=True)
    if method == "CONNECT":
        yield _hit("a tunnel in a tunnel", certain=True)
    if upgrade := headers.get("upgrade", "").lower():
        yield from _by_upgrade(upgrade, host, asked, headers.get("sec-websocket-protocol", "").lower())


def _by_upgrade(upgrade: str, host: str, asked: str, protocols: str) -> Iterator[Hit]:
    if upgrade in _UPGRADES:
        yield _hit(f"a tunnel ({upgrade})", certain=True)
    if upgrade == "websocket":
        if _TUNNELS.search(protocols) or _SOCKET_PATH.search(asked):
            yield _hit("a tunnel in a WebSocket", certain=True)
        if is_public_address(host):
            yield _hit("a WebSocket to a bare address", certain=True)


def _by_query(asked: str) -> Iterator[Hit]:
    path, _, query = asked.partition("?")
    if ("dns=" in query or "name=" in query or "dns-" in query) and _asks_dns(path, query):
        yield _hit("DNS over HTTPS", certain=True)


def _by_address(small: str, opened: bool) -> Iterator[Hit]:
    if words := _SURELY.named(small):
        yield _hit(words, certain=True)
    elif opened and (words := _PERHAPS.named(small)):
        yield _hit(words, certain=False)


def _by_store(asked: str) -> Iterator[Hit]:
    """A VPN or a proxy in a store of apps or extensions; those that people work with are left alone."""
    package = re.search(r"[?&]id=([\w.]+)", asked)
    named = f"{asked.partition('?')[0]}/{package[1] if package else ''}"
    if _IN_A_STORE.search(named) and not _FOR_WORK.search(named):
        yield _hit("a VPN or proxy in a store", certain=True)


def _asks_dns(path: str, query: str) -> bool:
    """RFC 8484's GET: ``dns`` is a question of DNS in base64url; or the JSON form of Google's and Cloudflare's."""
    given = dict(pair.partition("=")[::2] for pair in query.split("&"))
    if unquote(given.get("ct", "")).lower() in _DNS_TYPES:
        return True
    if "dns" in given:
        try:
            message = urlsafe_b64decode(unquote(given["dns"]).rstrip("=") + "=" * (-len(given["dns"].rstrip("=")) % 4))
        except ValueError:
            return False
        return len(message) >= _LEAST_DNS and message[4:6] == b"\0\1" and message[2] & 0xF8 == 0
    asked = given.get("type", "").upper()
    return bool(given.get("name")) and (asked.isdigit() or asked in _RECORDS) and bool(_DNS_PATH.match(path))


@lru_cache(8192)
def is_public_address(host: str) -> bool:
    """Whether a canonical host is an IP address of the public internet, or a name that says no more than that."""
    address = host_address(host)
    if address is None:
        return is_named_for_an_address(host)
    return address.is_global and not address.is_multicast


def _hit(words: str, certain: bool) -> Hit:
    return Hit(CIRCUMVENTION, SIGN, words, certain)


class _Known:
    """The addresses of known software; each begins with one of three signs, and nothing else is looked at closely."""

    def __init__(self, lines: tuple[tuple[str, ...], ...]) -> None:
        self._words = tuple(words for words, *_ in lines)
        groups = (f"(?P<n{number}>{'|'.join(each)})" for number, (_, *each) in enumerate(lines))
        self._pattern = re.compile(f"(?=[/?&])(?:{'|'.join(groups)})")

    def named(self, small: str) -> str:
        """What an address in small letters is one of; "" where it is none."""
        match = self._pattern.search(small)
        return self._words[int((match.lastgroup or "n0")[1:])] if match is not None else ""


_SURELY, _PERHAPS = _Known(_CERTAIN), _Known(_DOUBTFUL)
