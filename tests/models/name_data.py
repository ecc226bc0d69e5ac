"""Reads the lists that the name model learns from and is measured on, and keeps the two apart.

A *site* is the name that somebody registered or was given: ``example.co.uk``, ``someone.blogspot.com``. Everything is
counted, split and held out by site, never by row, so that ``www.bet.example`` cannot teach what ``bet.example`` is
then examined on. Every site remembers all sources that list it.
"""

import hashlib
import itertools
import json
import random
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import yaml
from publicsuffixlist import PublicSuffixList
from schoolgate.lists.names import site_of

REPOSITORY = Path(__file__).resolve().parents[2]
DATA = REPOSITORY.parent / "shared" / "data"
HERE = Path(__file__).resolve().parent
CATEGORIES = ("adult", "gambling", "dating", "piracy", "circumvention", "drugs", "alcohol_tobacco", "weapons")
"""In order of precedence: a site of two categories teaches the first."""
_NAME = re.compile(r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)+")

# category -> source -> files below the data folder. "dirty" sources teach only what no ordinary list contradicts, and
# never decide that an ordinary site is harmful.
HARM: dict[str, dict[str, tuple[str, ...]]] = {
    "adult": {
        "shadowwhisperer": ("shadowwhisperer/Adult",),
        "sinfonietta": ("hosts/sinfonietta/pornography-hosts",),
        "anti-porn": ("hosts/anti-porn/HOSTS.txt",),
    },
    "gambling": {
        "shadowwhisperer": ("shadowwhisperer/Gambling",),
        "sinfonietta-gambling": ("hosts/sinfonietta/gambling-hosts",),
        "ut1": ("ut1/gambling/domains", "ut1/arjel/domains"),
        "v2fly": ("v2fly/data/betboom", "v2fly/data/fonbet", "v2fly/data/ligastavok", "v2fly/data/winline"),
    },
    "dating": {"shadowwhisperer": ("shadowwhisperer/Dating",), "ut1": ("ut1/dating/domains",)},
    "piracy": {
        "ut1": ("ut1/warez/domains",),
        "nextdns": tuple(
            f"nextdns-piracy/{name}"
            for name in (
                "warez",
                "torrent-clients",
                "torrent-trackers",
                "torrent-websites",
                "streaming-audio",
                "streaming-video",
                "usenet",
            )
        ),
        "v2fly": ("v2fly/data/category-pt", "v2fly/data/category-public-tracker"),
        "blocklistproject": ("blocklistproject/hosts/piracy.txt", "blocklistproject/hosts/torrent.txt"),
    },
    "circumvention": {
        "shadowwhisperer": ("shadowwhisperer/Wild_Tunnel", "shadowwhisperer/Tunnels"),
        "ut1": ("ut1/vpn/domains", "ut1/residential-proxies/domains"),
        "ut1-redirector": ("ut1/redirector/domains",),
        "nextdns": ("nextdns-bypass/vpn", "nextdns-bypass/proxies", "nextdns-piracy/proxies"),
        "v2fly": ("v2fly/data/category-vpnservices", "v2fly/data/category-proxy-tunnels"),
    },
    "drugs": {"ut1-drogue": ("ut1/drogue/domains",)},  # blocklistproject's list is of pharmacies, most of them spam
    "alcohol_tobacco": {"blocklistproject": ("blocklistproject/hosts/vaping.txt",)},
    "weapons": {},
}
DIRTY = frozenset({"sinfonietta", "anti-porn", "blocklistproject", "ut1-redirector", "ut1-drogue"})
ORDINARY: dict[str, tuple[str, ...]] = {
    "hagezi-uk": ("topsites/hagezi-uk-hosts-2023-01.txt",),
    "opendns": ("topsites/opendns-top-10000-2014.txt",),
    "whotracksme": ("topsites/whotracksme-top-2023-01.txt",),
    "third-party-web": ("third-party-web/entities-nostats.json",),
    "moz": ("topsites/moz-top500-2026-08.json",),
    "universities": ("topsites/universities.json",),
    "ut1-shopping": ("ut1/shopping/domains",),
    "ut1-press": ("ut1/press/domains", "ut1/radio/domains"),
    "ut1-bank": ("ut1/bank/domains", "ut1/financial/domains", "ut1/bitcoin/domains"),
    "ut1-sports": ("ut1/sports/domains",),
    "ut1-school": tuple(
        f"ut1/{name}/domains"
        for name in (
            "child",
            "educational_games",
            "sexual_education",
            "cooking",
            "associations_religieuses",
            "liste_bu",
            "liste_blanche",
            "examen_pix",
            "tricheur",
            "tricheur_pix",
            "translation",
            "cleaning",
            "update",
        )
    ),
    "ut1-leisure": tuple(
        f"ut1/{name}/domains"
        for name in (
            "audio-video",
            "blog",
            "celebrity",
            "manga",
            "forums",
            "webmail",
            "mobile-phone",
            "astrology",
            "ai",
            "social_networks",
            "chat",
            "publicite",
        )
    ),
    "ut1-games": ("ut1/games/domains",),
    "v2fly": (),  # every file of v2fly/data that names no harm
    "shadowwhisperer": ("shadowwhisperer/Whitelist", "shadowwhisperer/AI", "shadowwhisperer/Chat"),
}
TOP_LISTS = ("hagezi-uk", "opendns", "whotracksme", "moz", "universities")
"""What ordinary people visit: the false blocks that count are counted here."""
_OF_CHANCE = re.compile(
    r"casin|poker|bingo|slot|bet|roulette|jackpot|lott|gambl|wager|blackjack|baccarat|bookm|spin|777"
)
"""UT1 lists casinos and bookmakers among its games too: such a name there is neither ordinary nor known to be harmful."""
TELLING_SUFFIXES = {
    "adult": ("xxx", "porn", "sex", "adult"),
    "gambling": ("casino", "bet", "poker", "bingo"),
    "dating": ("dating",),
}
"""Top-level names that exist for one trade."""
_V2FLY_HARM = re.compile(r"vpn|proxy|tunnel|anticens|category-p[tu]|porn|bet|tracker|dlsite|ehentai|hentai|doh|tor")


@dataclass(slots=True)
class Site:
    """A name somebody holds, with every list that names it."""

    name: str
    harm: dict[str, set[str]] = field(default_factory=dict)  # category -> sources
    ordinary: set[str] = field(default_factory=set)

    def sources(self) -> set[str]:
        """All sources, harm and ordinary; a harm source is written ``category/source``."""
        return self.ordinary | {f"{category}/{source}" for category, found in self.harm.items() for source in found}


@cache
def suffixes() -> frozenset[str]:
    """The names under which strangers share a name: public suffixes, their own parents, and hosting sites.

    Wildcards (``*.ck``) are written out for the usual second levels only.
    """
    found = set((HERE / "hosting.txt").read_text().split())
    rules = PublicSuffixList()._publicsuffix
    for rule in rules:
        if rule.startswith("*."):
            found.update(
                f"{second}{rule[1:]}" for second in ("co", "com", "org", "net", "edu", "ac", "gov", "mil", "sch")
            )
        elif not rule.startswith("!"):
            labels = rule.split(".")
            found.update(".".join(labels[start:]) for start in range(len(labels) - 1))
    return frozenset(found)


def hosts_of(text: str) -> Iterator[str]:
    """Host names in any of the lists' line formats: plain, hosts file, URL, v2fly."""
    for line in text.splitlines():
        bare = line.split("#", 1)[0].split("@", 1)[0].strip().lower()
        if not bare or bare.startswith(("include:", "keyword:", "regexp:", "!")):
            continue
        word = bare.split()[-1].removeprefix("full:").removeprefix("domain:")
        host = word.split("://")[-1].split("/", 1)[0].split(":", 1)[0]
        if _NAME.fullmatch(host) and not host[-1].isdigit():
            yield host


def _read(path: Path) -> Iterator[str]:
    if not path.exists():
        return
    data = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    if path.suffix != ".json":
        yield from hosts_of(text)
        return
    for entry in json.loads(text):
        names = entry.get("domains") or [entry.get("rootDomain", "")]
        yield from hosts_of("\n".join(name.lstrip("*.") for name in names))


def word_lists(folder: str) -> dict[str, list[str]]:
    """The hand-written files below this folder, one name a line."""
    return {path.stem: list(hosts_of(path.read_text())) for path in sorted((HERE / folder).glob("*.txt"))}


@cache
def sensitive_sites() -> frozenset[str]:
    """The sites of the hand-written names to measure on, here and in ``tests/words``; nothing may learn from them."""
    names = [name for folder in ("sensitive", "telling") for written in word_lists(folder).values() for name in written]
    for path in (HERE.parent / "words" / "sensitive").glob("*.txt"):
        names += hosts_of(path.read_text())
    return frozenset(site_of(host, suffixes()) for host in names)


def benign_names() -> tuple[list[str], list[str]]:
    """The hand-written ordinary names; and those that ``stems.txt`` composes, half of all its pairs, a suffix each."""
    written = {site_of(host, suffixes()) for names in word_lists("benign").values() for host in names}
    composed = set()
    for first, second in _pairs():
        number = int.from_bytes(hashlib.sha256(f"{first}/{second}".encode()).digest()[:4])
        if number % 2:
            composed.add(f"{first}{'-' if number % 3 == 0 else ''}{second}.{_ENDINGS[number % len(_ENDINGS)]}")
    return sorted(written - {""}), sorted(composed - written)


_ENDINGS = "org org.uk co.uk com org com co.uk net ie info uk eu ca org.au com".split()  # noqa: SIM905  # shorter


def _pairs() -> Iterator[tuple[str, str]]:
    parts: dict[str, list[str]] = {}
    for line in (HERE / "benign" / "stems.txt").read_text().splitlines():
        if not line.startswith("#"):
            group, _, words = line.partition(":")
            parts[group] = words.split()
    for group in sorted({name.split()[0] for name in parts}):
        stems = parts[f"{group} stem"]
        yield from itertools.product(stems, parts.get(f"{group} ending", ()))
        yield from itertools.product(parts.get(f"{group} beginning", ()), stems)


_MEANINGLESS = (
    # letters, lengths, how many
    ("abcdefghijklmnopqrstuvwxyz", (5, 16), 8000),
    ("bcdfghjklmnpqrstvwxz", (5, 14), 1500),
    ("0123456789abcdef", (8, 32), 1500),
    ("abcdefghijklmnopqrstuvwxyz0123456789", (5, 16), 3000),
    ("0123456789", (3, 8), 400),
)
_ANY_ENDING = ("com", "net", "org", "info", "biz", "cc", "top", "xyz", "ru", "co.uk", "cloudfront.net", "azurewebsites.net",
               "herokuapp.com", "pages.dev", "tk", "me", "de", "io", "club", "pw", "online", "site", "cn", "us")  # fmt: skip


def meaningless_names() -> list[str]:
    """Names of random letters, as content networks and botnets make them: a name that says nothing must say nothing."""
    dice = random.Random(11)  # the same names each time
    return [
        f"{''.join(dice.choices(letters, k=dice.randint(*lengths)))}.{dice.choice(_ANY_ENDING)}"
        for letters, lengths, count in _MEANINGLESS
        for _ in range(count)
    ]


def telling_names() -> dict[str, str]:
    """Names that say nothing, or something ordinary, below a suffix that says everything; with their category."""
    words = [name.partition(".")[0] for name in benign_names()[1]]
    dice = random.Random(13)  # the same names each time
    return {
        f"{word}.{suffix}": category
        for category, endings in TELLING_SUFFIXES.items()
        for suffix in endings
        for word in dice.sample(words, 400)
    }


_BODIES = {"ac", "edu", "gov", "gob", "gouv", "govt", "gv", "mil", "nhs", "police", "sch", "school", "k12", "go", "gc"}
_BODIES_OWN = {"edu", "gov", "mil", "int"}  # top-level names


@cache
def reserved() -> frozenset[str]:
    """Suffixes that only schools, universities, hospitals and governments get: names below them are never judged."""
    found = _BODIES_OWN | {"nhs.uk", "sch.uk", "ac.uk", "gov.uk", "police.uk"}
    for suffix in suffixes():
        *lower, top = suffix.split(".")
        if top in _BODIES_OWN or (len(top) == 2 and _BODIES.intersection(lower)):
            found.add(suffix)
    return frozenset(found)


def _curated() -> Iterator[tuple[str, str, str]]:
    for path in sorted((REPOSITORY / "blocklists").glob("*.yaml")):
        document = yaml.safe_load(path.read_text())
        category = path.stem if path.stem in CATEGORIES else "ordinary"
        kind = "protected" if path.stem == "protected" else "curated"
        for name in document.get("domains") or ():
            if path.stem not in {"malware", "extremism", "hate", "violence", "self_harm", "misinformation"}:
                yield category, kind, str(name)
        for name in document.get("except") or ():
            yield "ordinary", "protected", str(name)


class Lists:
    """All lists, read once: ``sites`` by name."""

    def __init__(self, data: Path = DATA) -> None:
        self.sites: dict[str, Site] = {}
        self.suffixes = suffixes()
        for category, sources in HARM.items():
            for source, files in sources.items():
                for file in files:
                    self._add(category, source, _read(data / file))
        for source, files in ORDINARY.items():
            for file in files:
                self._add("ordinary", source, _read(data / file))
        for path in sorted((data / "v2fly" / "data").glob("*")):
            if not _V2FLY_HARM.search(path.name):
                self._add("ordinary", "v2fly", _read(path))
        for category, source, host in _curated():
            self._add(category, source, hosts_of(host))

    def _add(self, category: str, source: str, hosts: Iterable[str]) -> None:
        for host in hosts:
            name = site_of(host, self.suffixes)
            if not name:
                continue
            site = self.sites.setdefault(name, Site(name))
            if category == "ordinary":
                site.ordinary.add(source)
            else:
                site.harm.setdefault(category, set()).add(source)

    def of(self, category: str, source: str) -> list[str]:
        """The sites that one source lists ("ordinary" is a category here), in order."""
        if category == "ordinary":
            return sorted(name for name, site in self.sites.items() if source in site.ordinary)
        return sorted(name for name, site in self.sites.items() if source in site.harm.get(category, ()))

    def label(self, site: Site, without: frozenset[str] = frozenset()) -> str | None:
        """What the site teaches: a category, "ordinary", or None (its lists disagree).

        ``without`` names sources to forget. A harm source that is forgotten says nothing about its sites; of an ordinary
        source that is forgotten nothing is learnt at all, whoever else lists its sites.
        """
        if site.ordinary & without:
            return None
        if "protected" in site.ordinary:
            return "ordinary"
        if site.ordinary <= {"ut1-games"} and not site.harm and _OF_CHANCE.search(site.name):
            return None
        known = {
            category: rest
            for category, found in site.harm.items()
            if (rest := {source for source in found if f"{category}/{source}" not in without})
        }
        harm = {category: found for category, found in known.items() if found - DIRTY or not site.ordinary}
        if not harm:
            return "ordinary" if len(site.ordinary) > (1 if known else 0) else None
        if site.ordinary and not any("curated" in found for found in harm.values()):
            return None
        for category in CATEGORIES:
            if "curated" in harm.get(category, ()):
                return category
        return next(category for category in CATEGORIES if category in harm)


def families(names: Iterable[str]) -> dict[str, int]:
    """How many names of a numbered or mirrored family there are, by name.

    ``bet123.com``, ``bet124.net`` and ``mostbet-wdn6.top``, ``mostbet-wef6.top`` are two families.
    """
    names = list(names)
    counted: dict[str, int] = defaultdict(int)
    keys = {name: family(name) for name in names}
    for key in keys.values():
        counted[key] += 1
    return {name: counted[key] for name, key in keys.items()}


def family(name: str) -> str:
    """The name without its ending, its numbers, and a tail such as ``-wdn6``."""
    label = name.split(".", 1)[0]
    stem = re.sub(r"-(?=[a-z]*\d)[a-z0-9]{1,6}$|-[a-z]{1,3}$", "", label)
    return re.sub(r"\d+", "0", stem)
