"""Whether the lists are there, fresh, and in force: names that any list of their kind holds, asked of the gateway."""

from collections.abc import Iterator
from datetime import UTC, datetime

from schoolgate.doctor.asking import Asker, NoAnswer
from schoolgate.doctor.finding import Finding, good, skipped, wrong
from schoolgate.doctor.verdicts import Expected
from schoolgate.lists.sealed.compliance import KEEP, is_old, not_compliant, told
from schoolgate.policy.identity import Group, Inspect
from schoolgate.policy.rules import NAME, Action
from schoolgate.reporting.health import health
from schoolgate.settings.load import Settings

WELL_KNOWN = {
    "adult": ("pornhub.com", "xvideos.com", "xnxx.com"),
    "extremism": ("stormfront.org", "dailystormer.in"),
    "gambling": ("bet365.com", "paddypower.com"),
    "circumvention": ("nordvpn.com", "hidemyass.com"),
}
"""Sites that a list of a category holds if it holds anything; they are judged, never contacted."""
ROUND = ("dns.google", "cloudflare-dns.com", "mozilla.cloudflare-dns.com", "dns.quad9.net")
"""Resolvers that answer DNS over HTTPS: a browser that reaches one asks no longer who filters here."""


def listed(settings: Settings, asker: Asker, group: Group) -> Iterator[Finding]:
    """Of each category that is blocked for the group, the well-known names."""
    expected = Expected(settings)
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
        elif all(expected.of(group.id, host).action is not Action.BLOCK for host in passed):
            words = f"{', '.join(passed)} is not refused, though it is listed: the school itself has allowed it."
            yield wrong(probe, words, "Take it out of blocklists/local/allow.yaml.", group.id)
        else:
            words = f"{', '.join(passed)} is not refused by the gateway, though it is listed."
            yield wrong(probe, words, "Restart the gateway, and see its faults.", group.id)


def _is_blocked(settings: Settings, group: Group, category: str) -> bool:
    rules = (rule for rule in settings.snapshot.rules if group.id in rule.groups and category in rule.categories)
    return any(rule.action is Action.BLOCK and rule.when == "always" for rule in rules)


def _is_listed(settings: Settings, host: str, category: str) -> bool:
    hits = settings.snapshot.lists.look_up(host, "/").hits
    return any(hit.category == category and hit.list != NAME for hit in hits)


def _refused(asker: Asker, group: Group, host: str) -> bool:
    try:
        return asker.plain(group.id, host).told.get("action") == Action.BLOCK
    except NoAnswer:
        return False


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


def sealed(settings: Settings) -> Iterator[Finding]:
    """Whether the feeds of illegal material are in force and fresh; 'settings in force' says whether in the gateway."""
    now = datetime.now(UTC)
    if lacking := not_compliant(settings.sealed):
        yield wrong("sealed layer", lacking, KEEP)
    for state in settings.sealed:
        if state.trouble or is_old(state, now):
            advice = "Ask its provider for a sound copy; it is taken up by itself (docs/sealed.md)."
            yield wrong(f"sealed feed {state.name}", f"{told(state, now)}.", advice)
        else:
            yield good(f"sealed feed {state.name}", f"{told(state, now)}.")
