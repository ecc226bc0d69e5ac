"""Makes the list of domains and the URLs that bench_lists.py judges: real names where there are some, and invented ones.

Everything is deterministic: the same numbers and the same ../shared/data give the same list and the same URLs.
The invented names resemble 741,804 real ones (UT1, ShadowWhisperer, sinfonietta, anti-porn, StevenBlack) in what a
list engine feels: 15 % have subdomains, about half of those below a domain that is listed too; 13 % have a hyphen;
the endings have the same shares; and a trie of as many takes 5.5 bytes a name, where the real ones take 5.4.
"""

# ruff: noqa: SIM905 (words in a string can be read; a list of quoted words cannot)
import json
import random
import re
from collections.abc import Iterator
from importlib.resources import files
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

from schoolgate.policy.request import BadAddress, canonical_host

REAL_SHARE = 0.15  # of a list: at 5,000,000 this takes in all of ../shared/data, and a shorter list keeps the mixture
_SEED = 20261125
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST = re.compile(rf"(?:{_LABEL}\.)+{_LABEL}")
_BLOCK = 100_000

# the endings of the real names and how many in a thousand have them
_ENDINGS = {
    "com": 500, "net": 55, "tk": 50, "info": 50, "org": 24, "top": 17, "ru": 16, "cc": 16, "xyz": 15, "fr": 13,
    "de": 13, "co.uk": 11, "pro": 8, "nl": 7, "shop": 7, "blogspot.com": 7, "ninja": 5, "pl": 5, "me": 4, "eu": 4,
    "biz": 4, "club": 4, "cn": 4, "tv": 4, "online": 4, "in": 4, "it": 4, "site": 4, "co": 3, "us": 3, "io": 3,
    "click": 3, "ml": 3, "cf": 2, "ch": 2, "ca": 2, "live": 2, "com.br": 2, "ga": 2, "com.au": 2, "gq": 2, "sbs": 2,
    "cz": 2, "vip": 2, "icu": 2, "mobi": 2, "be": 2, "win": 2, "es": 2, "jp": 2, "hu": 2, "dk": 2, "se": 2, "fun": 2,
}  # fmt: skip
_WORDS = """
sex porn free tube cam girls live video hot teen adult xxx love dating chat play game games casino bet poker slots win
bonus lucky gold club best top new my the all net web online shop store buy cheap deal sale market pay bank credit loan
cash money crypto coin trade invest fund update secure login account verify service support mail cloud host server data
info news blog media press photo pics image movie film stream music radio sport team fit health pharma pills diet vpn
proxy unblock mirror torrent download soft app mobile phone tech lab digital smart home house garden kids baby school
learn job jobs work career travel hotel trip car auto moto food cook wine beer pet dog cat art design studio group
world city star sun moon blue red green black white king queen big super mega ultra pro max express direct easy fast
real true one first prime elite royal asia euro russia china india london paris berlin texas click link go get find
""".split()
_STARTS = "b c d f g h j k l m n p r s t v w z br ch cl cr dr fl gr kr pl pr sh sl sp st th tr".split()
_VOWELS = "a e i o u a e i o a ai ea ee ia io oo ou".split()
_CLOSES = [*[""] * 12, *"n r s l t m k d x".split(), "ck", "ng", "st", "nd"]
_BELOW = (
    "m en de fr shop blog cdn img ads static mail api app forum video live media news s1 s2 dl files my web".split()
)
_SEGMENTS = (
    "news article watch index.html search p category 2026 11 wiki images a.js img/logo.png video tag user".split()
)
_PARAMETERS = (
    "q=maths+homework id=4711 page=2 utm_source=mail ref=home lang=en-GB v=dQw4w9WgXcQ s=%20x url=a.org".split()
)


class Asked(NamedTuple):
    """One URL, the host that it names in its one spelling, and whether the list holds that host or one above it."""

    url: str
    host: str
    listed: bool


def is_listed(host: str, domains: set[str]) -> bool:
    """The truth: whether the host, or a domain above it, is in the set."""
    while host not in domains:
        _, dot, host = host.partition(".")
        if not dot:
            return False
    return True


def make_domains(number: int, shared: Path) -> tuple[list[str], int]:
    """``number`` different domains in alphabetical order, as publishers write them; and how many of them are real."""
    rng = random.Random(_SEED)
    suffixes = public_suffixes()
    real = [name for name in real_domains(shared) if not _is_suffix(name, suffixes)]
    limit = int(number * REAL_SHARE)
    found = set(real if len(real) <= limit else rng.sample(real, limit))
    taken = len(found)
    for name in invented(rng):
        if len(found) == number:
            break
        if name not in suffixes:
            found.add(name)
    return sorted(found), taken


def real_domains(shared: Path) -> list[str]:
    """Every name of the real lists once, in order, without ``www.`` and without what is no host name."""
    names: set[str] = set()
    for path in sorted((*shared.glob("ut1/*/domains"), *shared.glob("shadowwhisperer/*"))):
        if path.is_file() and path.name != "LICENSE":
            names.update(_lines(path))
    for path in sorted((shared / "hosts").glob("*/*")):
        names.update(name for line in _lines(path) for name in line.split()[1:])
    return sorted({clean for name in names if (clean := _clean(name))})


def _lines(path: Path) -> Iterator[str]:
    for line in path.read_text("latin-1").lower().splitlines():
        yield line.partition("#")[0].strip()


def _clean(name: str) -> str:
    while name.startswith("www."):
        name = name[4:]
    if len(name) > 253 or name.rpartition(".")[2].isdigit() or not _HOST.fullmatch(name):
        return ""
    if "xn--" in name:
        try:
            return name if canonical_host(name) == name else ""
        except BadAddress:
            return ""
    return name


def public_suffixes() -> set[str]:
    """The rules of the Public Suffix List: such names belong to many, and schoolgate leaves them out of lists."""
    text = (files("publicsuffixlist") / "public_suffix_list.dat").read_text("utf-8")
    return {line.split()[0] for line in text.splitlines() if line.strip() and not line.startswith("//")}


def _is_suffix(name: str, suffixes: set[str]) -> bool:
    return not suffixes.isdisjoint((name, f"*.{name}", "*." + name.partition(".")[2]))


def invented(rng: random.Random) -> Iterator[str]:
    """Names like those of real lists, endlessly; some come twice."""
    words = [*_WORDS, *dict.fromkeys(_word(rng) for _ in range(30_000))]
    weights = list(accumulate(1 / (20 + rank) for rank in range(len(words))))
    endings, shares = list(_ENDINGS), list(accumulate(_ENDINGS.values()))
    while True:
        parts = rng.choices(words, cum_weights=weights, k=2 * _BLOCK)
        names = [_name(rng, *pair) for pair in zip(parts[::2], parts[1::2], strict=True)]
        block = [f"{n}.{e}" for n, e in zip(names, rng.choices(endings, cum_weights=shares, k=_BLOCK), strict=True)]
        for number, domain in enumerate(block):
            shape = rng.random()
            if shape < 0.075:
                yield _below(rng, block[rng.randrange(number)] if number else domain)  # below one that is listed too
            elif shape < 0.15:
                yield _below(rng, f"{names[-number - 1]}{rng.choice(_BELOW)}.com")  # below one that is not
            else:
                yield domain


def _word(rng: random.Random) -> str:
    syllables = range(rng.choice((1, 2, 2, 2, 2, 3)))
    return "".join(rng.choice(_STARTS) + rng.choice(_VOWELS) + rng.choice(_CLOSES) for _ in syllables)


def _name(rng: random.Random, first: str, second: str) -> str:
    shape = rng.random()
    if shape < 0.13:
        return f"{first}-{second}"
    if shape < 0.24:
        return f"{first}{second if shape < 0.18 else ''}{rng.randrange(10_000 if shape < 0.21 else 100)}"
    if shape < 0.30:  # as programs make them
        return "".join(rng.choices("abcdefghijklmnopqrstuvwxyz0123456789" if shape < 0.26 else "aeioubcdlmnrst", k=11))
    return first + second


def _below(rng: random.Random, domain: str) -> str:
    label = rng.choice(_BELOW) if rng.random() < 0.7 else _word(rng)
    return f"{label}.{domain}" if rng.random() < 0.9 else f"{rng.choice(_BELOW)}.{label}.{domain}"


def make_urls(number: int, domains: list[str], shared: Path) -> list[Asked]:
    """``number`` URLs in mixed order: two fifths at listed hosts or below them, a fifth near-misses, the rest others."""
    rng = random.Random(_SEED + 1)
    held = set(domains)
    popular, others = _popular(shared), invented(random.Random(_SEED + 2))
    made: list[Asked] = []
    for _ in range(number):
        kind = rng.random()
        if kind < 0.4:
            host = _at_or_below(rng, rng.choice(domains))
        elif kind < 0.6:
            host = _near_miss(rng, rng.choice(domains))
        elif kind < 0.75 and popular:
            host = rng.choice(popular)
        else:
            host = next(others)
        if "xn--" in host and not _clean(host):
            host = next(others)  # what was glued to an international name is no longer one
        made.append(Asked(_url(rng, host), host, is_listed(host, held)))
    return made


def _popular(shared: Path) -> list[str]:
    """Real names that people visit; few of them are listed."""
    names = [line for path in sorted((shared / "topsites").glob("*.txt")) for line in _lines(path)]
    for path in sorted((shared / "topsites").glob("universities.json")):
        names += [domain.lower() for each in json.loads(path.read_text()) for domain in each["domains"]]
    return list(dict.fromkeys(clean for name in names if (clean := _clean(name))))


def _at_or_below(rng: random.Random, domain: str) -> str:
    shape = rng.random()
    if shape < 0.5:
        return domain
    return f"www.{domain}" if shape < 0.75 else _below(rng, domain)


def _near_miss(rng: random.Random, domain: str) -> str:
    """A host that looks listed: glued on, cut off, turned round, beside it, or above it."""
    first, _, rest = domain.partition(".")
    return rng.choice(
        (
            f"x{domain}",
            f"{rng.choice(_BELOW)}-{domain}",
            f"{domain}.{rng.choice(('example.org', 'net', 'co.uk', 'proxy.example'))}",
            f"{first}x.{rest}",
            f"{first}.{rest}s",
            f"{domain.replace('.', '-')}.org",
            rest if "." in rest else f"not{domain}",
        )
    )


def _url(rng: random.Random, host: str) -> str:
    if rng.random() < 0.1:
        host = "".join(letter.upper() if rng.random() < 0.4 else letter for letter in host)
    secure = rng.random() < 0.75
    port = rng.choice((":8080", ":8443", ":443" if secure else ":80", ":3000")) if rng.random() < 0.06 else ""
    path = "/"
    if rng.random() < 0.7:
        path += "/".join(rng.choices(_SEGMENTS, k=rng.choice((1, 1, 2, 3))))
        path = path.title() if rng.random() < 0.1 else path
    query = "?" + "&".join(rng.choices(_PARAMETERS, k=rng.choice((1, 2)))) if rng.random() < 0.3 else ""
    return f"http{'s' if secure else ''}://{host}{port}{path}{query}"
