"""What an alert says: what happened, how sure we are, what to do now. No text or picture of a page is in it."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from schoolgate.alerting.alerts import TECHNICAL
from schoolgate.policy.rules import Category
from schoolgate.settings.load import Settings

_SURE = {
    "login": "The person logged in by name and password, so it is they or somebody at their login.",
    "network": "We know the device by its place on the network, not who held it.",
    "unknown": "The device is not known to us; we do not know who held it.",
}
Who = Callable[[str, str], str]
"""(person, client) to words such as ``j.smith`` or ``device 10.20.0.5``."""


def words_of(alert: Mapping[str, Any], facts: Mapping[str, Any], settings: Settings, who: Who) -> tuple[str, str]:
    """Subject and text of an alert's mail."""
    if alert["audience"] == TECHNICAL:
        return _technical(alert, facts, settings)
    return _safeguarding(alert, facts, settings, who)


def _safeguarding(alert: Mapping[str, Any], facts: Mapping[str, Any], settings: Settings, who: Who) -> tuple[str, str]:
    more = alert["count"] - alert["told"]
    fresh = alert["told"] == 0
    category = _title(settings.snapshot.categories, facts["category"])
    group = next((g.title for g in settings.snapshot.people.groups if g.id == facts["group"]), facts["group"])
    person = who(facts["person"], facts["client"])
    times = _times(more) if fresh else f"{_times(more)} more"
    verb = "was blocked from" if facts["action"] == "block" else "opened"
    first, last = _clock(settings, facts["at"]), _clock(settings, facts["last_at"])
    when = first if first == last else f"between {first} and {last}"
    sites = ", ".join(site.replace(".", "[.]") for site in facts["sites"])
    subject = f"{settings.school.name}: {group}, {category} ({times})"
    text = f"""What happened: {person} ({group}) {verb} "{category}" {times}, {when}.
How sure we are: {_SURE.get(facts["confidence"], _SURE["unknown"])} Nothing was shown: the filter stopped it.
What to do now: find out who used the device then, and talk to them. If you fear for a child, follow your
safeguarding procedure today.

Sites asked for (written so that they cannot be clicked): {sites}
Rule: {facts["rule"]}. {facts["why"]}
Reference for the technician: {facts["ref"]} (schoolgate events --ref {facts["ref"]})
Further tries of the same kind within the hour are counted here and do not send a mail each.
"""
    if facts["action"] != "block":
        text = text.replace(" Nothing was shown: the filter stopped it.", " The rule lets it through and tells you.")
    return subject, text


def _technical(alert: Mapping[str, Any], facts: Mapping[str, Any], settings: Settings) -> tuple[str, str]:
    times = _times(alert["count"] - alert["told"])
    if facts["rule"] == "settings":
        subject = f"{settings.school.name}: schoolgate kept the old settings, because the edited files have faults"
        what = "The settings were edited, but the files have faults. The gateway goes on with the last sound settings."
        do = "correct these lines and save; the gateway takes them up by itself"
    else:
        subject = f"{settings.school.name}: schoolgate had a fault in {facts['rule']} ({times})"
        what = f"The gateway met a fault ({facts['rule']}) {times}. Where it could not decide, pages were not shown."
        do = "look at 'schoolgate events --action fault' and at the gateway's terminal or journal"
    text = f"""What happened: {what}
How sure we are: the gateway saw it itself, at {_clock(settings, facts["at"])}.
What to do now: {do}.

{facts["why"]}

Reference: {facts["ref"]}
"""
    return subject, text


def _title(categories: Mapping[str, Category], category: str) -> str:
    return categories[category].title if category in categories else category or "no category"


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def _clock(settings: Settings, at: str) -> str:
    return f"{datetime.fromisoformat(at).astimezone(settings.school.timezone):%d %B %Y %H:%M}"
