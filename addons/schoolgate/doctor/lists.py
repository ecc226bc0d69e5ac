"""Whether the lists are there, fresh, and in force: names that any list of their kind holds, asked of the gateway."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime

from schoolgate.doctor.asking import Asker, NoAnswer
from schoolgate.doctor.finding import Finding, good, skipped, wrong
from schoolgate.doctor.verdicts import Expected
from schoolgate.listing import catalogue_of
from schoolgate.lists.sealed.compliance import KEEP, is_old, not_compliant, told
from schoolgate.lists.sealed.probing import probe_name
from schoolgate.policy.identity import Group, Inspect
from schoolgate.policy.rules import NAME, Action, Subject
from schoolgate.policy.sealed import SEALED
from schoolgate.reporting.health import health
from schoolgate.settings.load import Settings
from schoolgate.settings.sealed import sealed_key

WELL_KNOWN = {
    "adult": ("pornhub.com", "xvideos.com", "xnxx.com"),
    "extremism": ("stormfront.org", "dailystormer.in"),
    "gambling": ("bet365.com", "paddypower.com"),
    "circumvention": ("nordvpn.com", "hidemyass.com"),
}
"""Sites that a list of a category holds if it holds anything; they are judged, never contacted."""
_STOPS = (Action.BLOCK, Action.WARN)
ROUND = ("dns.google", "cloudflare-dns.com", "mozilla.cloudflare-dns.com", "dns.quad9.net")
"""Resolvers that answer DNS over HTTPS: a browser that reaches one asks no longer who filters here."""


def listed(settings: Settings, asker: Asker, group: Group) -> Iterator[Finding]:
    """Of each category that is blocked for the group, the well-known names."""
    for category, hosts in WELL_KNOWN.items():
        if group.inspect is Inspect.NONE or not _is_blocked(settings, group, category):
            continue
        probe, found = f"list of {category}", [host for host in hosts if _is_listed(settings, host, category)]
        if not found:
            words = f"It is as good as empty: it does not hold even {', '.join(hosts)}."
            yield wrong(probe, words, f"See blocklists/{category}.yaml and 'schoolgate lists stats'.", group.id)
            continue
        passed = [host for host in found if not _refused(asker, group, host)]
        if not passed:
            yield good(probe, f"{', '.join(found)}: refused.", group.id)
        elif all(settings.snapshot.lists.look_up(host, "/").local is not None for host in passed):
            words = f"{', '.join(passed)} is not refused, though it is listed: the school itself has allowed it."
            yield wrong(probe, words, "Take it out of blocklists/local/allow.yaml.", group.id)
        else:
            words = f"{', '.join(passed)} is not refused by the gateway, though it is listed."
            yield wrong(probe, words, "Restart the gateway, and see its faults.", group.id)


def _is_blocked(settings: Settings, group: Group, category: str) -> bool:
    rules = (rule for rule in settings.snapshot.rules if group.id in rule.groups and category in rule.categories)
    return any(
        rule.action is Action.BLOCK and rule.when == "always" and Subject.ADDRESSES in rule.subjects for rule in rules
    )


def _is_listed(settings: Settings, host: str, category: str) -> bool:
    hits = settings.snapshot.lists.look_up(host, "/").hits
    return any(hit.category == category and hit.list != NAME for hit in hits)


def _refused(asker: Asker, group: Group, host: str) -> bool:
    try:
        return asker.plain(group.id, host).told.get("action") == Action.BLOCK
    except NoAnswer:
        return False


def held(settings: Settings) -> Iterator[Finding]:
    """Whether every category that a rule stops is told by something: entries of lists, or words of pages and texts."""
    facts = catalogue_of(settings).index.facts
    entries, by_words = Counter[str](), {each.category for each in (*settings.judge.phrases, *settings.judge.searches)}
    for name, number in facts["entries"].items():
        entries[facts["sources"].get(name, {"category": name})["category"]] += number
    for part in settings.snapshot.categories.values():  # what is in a part is in the wider category
        if part.part_of:
            entries[part.part_of] += entries[part.id]
            by_words |= {part.part_of} if part.id in by_words else set()
    acted_on = {each for rule in settings.snapshot.rules if rule.action in _STOPS for each in rule.categories}
    empty = [each for each in sorted(acted_on) if not entries[each] and each not in by_words]
    for category in empty:
        words = "Nothing is in it: no list names a site, and no words tell its pages. What rules say of it is idle."
        yield wrong(f"list of {category}", words, f"See blocklists/{category}.yaml and 'schoolgate lists stats'.")
    if not empty:
        total = sum(entries[each] for each in acted_on)
        yield good("lists filled", f"{len(acted_on)} categories that rules stop hold {total:,} entries.")


def encrypted_dns(settings: Settings, asker: Asker, group: Group) -> Iterator[Finding]:
    """The names of resolvers over HTTPS must be refused to all who do not work here."""
    if not Expected(settings).is_pupils(group):
        return
    passed = [host for host in ROUND if not _refused(asker, group, host)]
    if passed:
        advice = f"Block the category circumvention for {group.id} in rules.yaml."
        yield wrong("DNS over HTTPS", f"{', '.join(passed)} can be reached.", advice, group.id)
    else:
        yield good("DNS over HTTPS", f"{len(ROUND)} resolvers are refused.", group.id)


def fresh(settings: Settings) -> Iterator[Finding]:
    """Whether publishers have confirmed the downloaded lists lately."""
    states = health(settings, datetime.now(UTC)).lists
    if not states:
        yield skipped("lists fresh", "No list is downloaded from a publisher.")
        return
    old = [f"{each.name} ({each.trouble or f'{each.days} days old'})" for each in states if not each.is_fresh]
    if old:
        more = f" and {len(old) - 5} more" if len(old) > 5 else ""
        words = f"{len(old)} of {len(states)} lists are old or missing: {', '.join(old[:5])}{more}."
        yield wrong("lists fresh", words, "Run 'schoolgate lists update' and read what it says.")
    else:
        yield good("lists fresh", f"{len(states)} lists were confirmed by their publishers in the last two days.")


def sealed_for(settings: Settings, asker: Asker, group: Group) -> Iterator[Finding]:
    """Whether the gateway refuses the name of its own that stands in each feed of illegal material."""
    if not settings.sealed:
        return
    key = sealed_key(settings.folders.root, settings.data)
    passed = list[str]()
    for state in settings.sealed:
        try:
            told = asker.plain(group.id, probe_name(key, state.name)).told
        except NoAnswer:
            told = {}
        if (told.get("action"), told.get("category"), told.get("list")) != (Action.BLOCK, SEALED, state.name):
            passed.append(state.title)
    if passed:
        words = f"What {' and '.join(passed)} name is not refused."
        yield wrong("illegal material", words, "Restart the gateway at once, and see its faults.", group.id)
    else:
        names = " and ".join(state.name.upper() for state in settings.sealed)
        yield good("illegal material", f"The gateway refuses what {names} name.", group.id)


def sealed(settings: Settings) -> Iterator[Finding]:
    """Whether the feeds of illegal material are there and fresh; ``sealed_for`` asks the gateway for them."""
    now = datetime.now(UTC)
    if lacking := not_compliant(settings.sealed):
        yield wrong("sealed layer", lacking, KEEP)
    for state in settings.sealed:
        if state.trouble or is_old(state, now):
            advice = "Ask its provider for a sound copy; it is taken up by itself (docs/sealed.md)."
            yield wrong(f"sealed feed {state.name}", f"{told(state, now)}.", advice)
        else:
            yield good(f"sealed feed {state.name}", f"{told(state, now)}.")
