"""The host that is written into another host's name, as translators, AMP caches, mirrors and libraries' proxies do it.

``www-bbc-co-uk.translate.goog`` shows www.bbc.co.uk, and so do ``www.bbc.co.uk.mirror.example`` and
``www-bbc-co-uk.ezproxy.library.example``.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import unquote

TRANSLATED = ".translate.goog"
AMP = ".cdn.ampproject.org"
_HYPHENS = re.compile(r"-+")
_ENDING = "com|org|net|info|tv|xxx|porn|io|me|co|gg|app|live|site|online"
_BEFORE_ANOTHER = re.compile(
    rf"((?:[a-z0-9-]+\.)+(?:{_ENDING})(?:\.[a-z]{{2}}(?=\.))?)\.(?!in-addr|ip6)(?:[a-z0-9-]+\.)+[a-z0-9-]+"
)
_IN_A_LABEL = re.compile(
    rf"(?:0-)?((?:[a-z0-9]+-+)+(?:{_ENDING}|uk|de|fr|es|pl|ru))\.(?:[a-z0-9-]+\.)*?"
    r"(?:[a-z0-9-]*proxy[a-z0-9-]*|webvpn|translate[a-z0-9-]*|mirror[a-z0-9-]*|unblock[a-z0-9-]*|amp|lib|library)\.[a-z0-9.-]+"
)

_NAMED_FOR_AN_ADDRESS = re.compile(
    r"(?:.*[.-])?(?:\d{1,3}[.-]){3}\d{1,3}\.(?:[\w-]+\.)*?(?:compute(?:-1)?\.amazonaws\.com|bc\.googleusercontent\.com|"
    r"(?:ip|members)\.linode(?:usercontent)?\.com|clients\.your-server\.de|vultrusercontent\.com|cprapid\.com|"
    r"plesk\.page|traefik\.me|local-ip\.co)"
)  # the names that hosters give every machine, and those that hold whatever address somebody writes into them


def is_named_for_an_address(host: str) -> bool:
    """Whether a canonical host is a bare address in a name's clothes: whoever rents the machine has it."""
    return _NAMED_FOR_AN_ADDRESS.fullmatch(host) is not None


def within_name(host: str, query: str, anywhere: bool = True) -> Iterator[str]:
    """The hosts in a canonical host; ``query`` may say more of it, as Google's translator does.

    Without ``anywhere``, only translators and AMP caches are read: a mail server looks up names in names (DNSBL).
    """
    if host.endswith(TRANSLATED):
        yield from _plain(_translated(host.removesuffix(TRANSLATED).rpartition(".")[2], query))
    elif host.endswith(AMP):
        label = host.removesuffix(AMP).rpartition(".")[2]
        yield from _plain(label[2:-2] if label.startswith("0-") and label.endswith("-0") else label)
    elif anywhere:
        yield from _anywhere(host)


def _translated(label: str, query: str) -> str:
    if "_x_tr_" not in query:
        return label
    given = dict(pair.partition("=")[::2] for pair in query.replace(";", "&").split("&"))
    given = {unquote(name).lower().removeprefix("amp;"): value for name, value in given.items()}
    ways = given.get("_x_tr_enc", "").split(",")
    label = given.get("_x_tr_hp", "") + label
    for way in ("1", "0"):
        label = label.removeprefix(f"{way}-") if way in ways else label
    return label


def _plain(label: str) -> Iterator[str]:
    """A dot is written as one hyphen, a hyphen as two."""
    name = _HYPHENS.sub(lambda run: "-" * (len(run[0]) // 2) + "." * (len(run[0]) % 2), label)
    if "." in name:
        yield name


@lru_cache(8192)
def _anywhere(host: str) -> tuple[str, ...]:
    if host.count(".") < 2:
        return ()
    before, label = _BEFORE_ANOTHER.fullmatch(host), _IN_A_LABEL.fullmatch(host)
    return (*((before[1],) if before else ()), *(_plain(label[1]) if label else ()))
