"""What an alert says: what happened, how sure we are, what to do now. No text or picture of a page is in it."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from schoolgate.alerting.audience import CONTEST, TECHNICAL, WORRY
from schoolgate.alerting.case_words import case_link
from schoolgate.alerting.plain import out_of_reach, plain
from schoolgate.lists.sealed.feeds import About, known
from schoolgate.policy.rules import Category
from schoolgate.policy.sealed import is_sealed
from schoolgate.settings.load import Settings
from schoolgate.store.cases import Priority

_SURE = {
    "login": "They had logged in by name and password, so it is they or somebody at their login.",
    "portal": "Somebody had logged in on this device by name and password; we do not know who held it since.",
    "radius": "The device had joined the network with a person's login; we do not know who held it then.",
    "mac": "The school has given this device to one person; we do not know who held it then.",
    "device": "The school has given this device to one person; we do not know who held it then.",
    "hostname": "The device calls itself as one that the school has given to one person; we do not know who held it.",
    "network": "We know the device by its place on the network, not who held it.",
    "unknown": "The device is not known to us; we do not know who held it.",
}
_DO_FOR_PUPILS = {
    "login": "talk to them.",
    "portal": "talk to whoever had logged in; somebody else may have held the device.",
    "radius": "talk to whoever had logged in; somebody else may have held the device.",
    "mac": "talk to whom the device belongs to; somebody else may have held it.",
    "device": "talk to whom the device belongs to; somebody else may have held it.",
    "hostname": "find out who used the device then, and talk to them.",
    "network": "find out who used the device then, and talk to them.",
    "unknown": "find out whose device it is and who used it then, and talk to them.",
}
_DO_FOR_STAFF = (
    "this concerns a member of staff: keep it confidential and do not confront anybody yet. Check the facts, and "
    "follow the school's procedure for concerns about staff. A page can also open by mistake or by itself."
)
_SEALED_PUPIL = (
    "follow your child protection procedure today. Speak to the child calmly and without blame, and ask no more than "
    "you must: the child may be a victim."
)
_SEALED_STAFF = (
    "this concerns an adult who works with children: tell nobody else, do not confront anybody, and call the local "
    "authority's designated officer (LADO) and the police today."
)
_SEALED_REPORT = {
    About.CHILD_ABUSE: "Where it was no mistake, tell the police (101, in danger 999). The IWF has the page already.",
    About.TERRORISM: "Where it was no mistake, follow your Prevent duty, and report it at gov.uk/report-terrorism.",
    About.ILLEGAL: "Where it was no mistake, tell the police (101, in danger 999).",
}
_FIRST = "Further tries of the same kind are counted, and told in one mail later, or as soon as the priority rises."
_FOLLOW_UP = "This follows an earlier mail about the same person, and tells only what is new since then."
Who = Callable[[str, str, str], str]
"""(person, client, group) to words such as ``j.smith``, ``Device 10.20.0.5``, or a code for who works here."""


def words_of(alert: Mapping[str, Any], facts: Mapping[str, Any], settings: Settings, who: Who) -> tuple[str, str]:
    """Subject and text of an alert's mail."""
    if alert["audience"] == TECHNICAL:
        return _technical(alert, facts, settings)
    if alert["audience"] == WORRY:
        return _worry(alert, facts, settings, who)
    if alert["audience"] == CONTEST:
        return _contest(facts, settings, who)
    return _safeguarding(alert, facts, settings, who)


def _safeguarding(alert: Mapping[str, Any], facts: Mapping[str, Any], settings: Settings, who: Who) -> tuple[str, str]:
    if is_sealed(facts["category"], facts["rule"]):
        return _sealed(alert, facts, settings, who)
    group = group_title(settings, facts["group"])
    person = plain(who(facts["person"], facts["client"], facts["group"]))
    times = _times(alert["count"] - alert["told"]) + (" more" if alert["told"] else "")
    blocked = facts["action"] == "block"
    staff = facts["group"] in settings.snapshot.calendar.at_work
    care = "If you fear for a child, follow your safeguarding procedure today."
    do = _DO_FOR_STAFF if staff else f"{_DO_FOR_PUPILS.get(facts['confidence'], _DO_FOR_PUPILS['unknown'])} {care}"
    kinds = kinds_of(settings, facts)
    sites = ", ".join(out_of_reach(site) for site in facts["sites"]) + _more(facts, "more_sites", ", and {} more")
    subject = f"{_begin(settings, facts)}{person} ({group}), {' and '.join(kinds)}, {times}"
    named = " and ".join(f'"{kind}"' for kind in kinds)
    text = f"""What happened: {person} ({group}) {"was blocked from" if blocked else "opened"} {named} {times}, \
{_when(settings, facts.get("since", facts["at"]), facts["last_at"])}.
How sure we are: {_SURE.get(facts["confidence"], _SURE["unknown"])} \
{"Nothing was shown: the filter stopped it." if blocked else "The rule lets it through and tells you."}
What to do now: {do}

{_priority(settings, facts)}{_names(settings, facts, staff)}
Sites asked for (written so that they cannot be clicked): {sites}
Rule: {facts["rule"]}. {facts["why"]}
Reference for the technician: {facts["ref"]} (schoolgate events --ref {facts["ref"]})
{_FOLLOW_UP if alert["told"] else _FIRST}
"""
    return subject, text


def _sealed(alert: Mapping[str, Any], facts: Mapping[str, Any], settings: Settings, who: Who) -> tuple[str, str]:
    """Illegal material was asked for; no address stands anywhere, and nobody is to look for it."""
    group, feed = group_title(settings, facts["group"]), known(facts["list"])
    person = plain(who(facts["person"], facts["client"], facts["group"]))
    times = _times(alert["count"] - alert["told"]) + (" more" if alert["told"] else "")
    staff = facts["group"] in settings.snapshot.calendar.at_work
    when = _when(settings, facts.get("since", facts["at"]), facts["last_at"])
    whom = _SEALED_STAFF if staff else _SEALED_PUPIL
    report = _SEALED_REPORT.get(feed.about, _SEALED_REPORT[About.ILLEGAL])
    text = f"""What happened: a page on the list of {feed.title} was asked for {times} by {person} ({group}), {when}. \
The filter stopped it: nothing was shown.
How sure we are: {_SURE.get(facts["confidence"], _SURE["unknown"])} The address is on the list; which it was is kept \
nowhere. A page can also ask for another by itself, or a link can mislead.
What to do now: {whom} {report} Do not look for the page, and do not send this mail on. Leave the device as it is: \
switched on, untouched, and with nobody; the police may need it.

{_priority(settings, facts)}{_names(settings, facts, staff)}\
Reference for the technician: {facts["ref"]} (schoolgate events --ref {facts["ref"]})
{_FOLLOW_UP if alert["told"] else _FIRST}
"""
    return f"{_begin(settings, facts)}illegal material was asked for: {person} ({group}), {times}", text


def kinds_of(settings: Settings, facts: Mapping[str, Any]) -> list[str]:
    """The titles of the categories that are still to be told of, the gravest first."""
    parts = facts["kinds"]
    news = [name for name, part in parts.items() if part["count"] > part["told"]] or list(parts)
    lead = facts["category"]
    return [_title(settings.snapshot.categories, name) for name in sorted(news, key=lambda name: name != lead)]


def group_title(settings: Settings, group: str) -> str:
    """A group as people call it."""
    return plain(next((g.title for g in settings.snapshot.people.groups if g.id == group), group))


def _begin(settings: Settings, facts: Mapping[str, Any]) -> str:
    """How the subject of an alert's mail begins."""
    high = "High priority: " if facts.get("priority") == Priority.HIGH else ""
    return f"{settings.school.name}: {high}"


def _priority(settings: Settings, facts: Mapping[str, Any]) -> str:
    """The priority with its reasons, and where the case of the alert is read."""
    why = f" ({facts['priority_why']})" if facts.get("priority_why") else ""
    told = f"Priority: {facts['priority']}{why}.\n" if facts.get("priority") else ""
    if "case" not in facts:
        return told
    link = case_link(settings, facts["case"], facts["case_ref"])
    return f"{told}Read the case, and say that you look after it, {link}\n"


def _names(settings: Settings, facts: Mapping[str, Any], staff: bool) -> str:
    """How a code becomes a name; "" where a name or a device is shown already."""
    if not staff:
        return ""
    code, console = facts["person"], settings.console_url
    where = f"in the console ({console}/names) or by" if console else "by"
    return (
        f"The name: people who work here stand under a code. Those who may look behind it do so {where} this command; "
        f"the reason goes on record:\n  schoolgate reveal {code} --by YOUR-LOGIN --reason WHY\n"
    )


def _contest(facts: Mapping[str, Any], settings: Settings, who: Who) -> tuple[str, str]:
    """Somebody says that what is on record should not count, and waits; her words are in the console only."""
    number, console = facts["number"], settings.console_url
    person = who(facts["person"], "", facts["group"])
    kinds = ", ".join(f'"{_title(settings.snapshot.categories, name)}"' for name in facts["categories"])
    about = f" ({kinds})" if kinds else ""
    when = f", {_when(settings, facts['first'], facts['last'])}" if facts["first"] else ""
    where = f"at {console}/contests/{facts['id']}" if console else "in the console"
    entries = "1 entry" if number == 1 else f"{number} entries"
    text = f"""What happened: {person} says that {entries} on their record should not count{about}{when}.
How sure we are: nobody has looked at it yet. Until somebody has answered, these entries count for nothing, and \
nothing of their kind is sent on.
What to do now: read it and answer it {where}. Say yes (they are cleared for good) or no, with the reason in \
your own words: the person reads it. Nobody answers a contest about themselves.

Reference: {facts["ref"]}. This mail is sent once; contests that wait also stand in the digest.
"""
    return f"{settings.school.name}: a contest waits for your answer ({person})", text


def _worry(alert: Mapping[str, Any], facts: Mapping[str, Any], settings: Settings, who: Who) -> tuple[str, str]:
    """A search that may mean that somebody needs help, told as care and not as an offence."""
    category = '" and "'.join(kinds_of(settings, facts))
    group = group_title(settings, facts["group"])
    person = plain(who(facts["person"], facts["client"], facts["group"]))
    staff = facts["group"] in settings.snapshot.calendar.at_work
    searched = "\n".join(f'  "{out_of_reach(words)}"' for words in facts["searches"]) or "  (the words were not kept)"
    searched += _more(facts, "more_searches", "\n  and {} more, which stand in the case")
    more = f", and {_times(alert['told'])} before" if alert["told"] else ""
    find = "" if facts["confidence"] == "login" else " Find out gently who used the device then."
    do = (
        "somebody on the staff may not be well, or may have looked this up for work. Speak to them in private, kindly."
        if staff
        else "see the child today, somewhere quiet, without reproach: ask how they are, and listen." + find
    )
    shown = (
        "They were shown where help is, instead of results." if facts["action"] == "block" else "Nothing was blocked."
    )
    kinds = " and ".join(kinds_of(settings, facts))
    subject = f"{_begin(settings, facts)}somebody may need you: {person} ({group}), {kinds}"
    when = _when(settings, facts.get("since", facts["at"]), facts["last_at"])
    text = f"""What happened: {person} ({group}) searched for this, {when}{more}:
{searched}
It counts as "{category}". {shown}
How sure we are: {_SURE.get(facts["confidence"], _SURE["unknown"])} A search is a question and proves nothing: \
it can be a worry about oneself or a friend, and also homework, a song or a dare.
What to do now: {do} If you fear for somebody's safety, follow your safeguarding procedure at once; \
in danger, call 999.

{_priority(settings, facts)}Reference for the technician: {facts["ref"]} (schoolgate events --ref {facts["ref"]})
"""
    return subject, text


def _technical(alert: Mapping[str, Any], facts: Mapping[str, Any], settings: Settings) -> tuple[str, str]:
    times, rule = _times(alert["count"] - alert["told"]), facts["rule"]
    if rule == "settings":
        subject = "the edited settings have faults, so the old ones stay in force"
        what = "The settings were edited, but the files have faults. The gateway goes on with the last sound settings."
        do = "correct these lines and save; the gateway takes them up by itself."
    elif rule.startswith("gate-"):
        subject = f"the gateway could not decide {times}"
        what = f"The gateway could not decide on a request, {times}. It showed nothing where it could not decide."
        do = "look at 'schoolgate events --action fault', and report it to the makers of schoolgate with these words."
    elif rule == "recording":
        subject = f"a visit could not be recorded, {times}"
        what = f"A visit could not be put on record, {times}. The page was shown."
        do = "see whether the disk of the gateway is full or cannot be written."
    elif rule == "chain":
        subject = "the record was changed by another hand, or damaged"
        what = "The gateway found that the record, or a file it is made from, is not as it left it. It goes on."
        do = "run 'schoolgate verify', keep a copy of the data folder as it is now, and tell the Headteacher."
    elif rule == "sealed":
        subject = "a feed of illegal material is faulty, old or gone"
        what = "A feed of illegal material (IWF, CTIRU) cannot be used as it is. The words below say what still holds."
        do = "ask the provider for a sound copy, and put it into the feed's folder; it is taken up by itself."
    elif rule == "clock":
        subject = "the clock of the gateway was set"
        what = "The clock of the gateway's machine was set by more than a few minutes. It goes on with the new time."
        do = "see that the machine's time is right; then run 'schoolgate verify' and explain what it tells."
    elif rule == "doctor":
        subject = "the gateway's own probes found something wrong"
        what = "The gateway probes itself as a device of each group would, and something is not as it should be."
        do = "do what stands below at each line; then run 'schoolgate doctor'. A mail tells when all is well again."
    else:
        subject = f"a part of the gateway ended by itself, {times}"
        what = f"A part of the gateway ({rule}) ended by itself, {times}, and was started again."
        do = "if it happens again, look at the gateway's terminal or journal for the reason."
    asked = rule == "recording" or rule.startswith("gate-")  # the words may hold what somebody asked for
    text = f"""What happened: {what}
How sure we are: the gateway saw it itself, {_when(settings, facts["at"], facts["last_at"])}.
What to do now: {do}

{out_of_reach(facts["why"]) if asked else facts["why"]}

Reference: {facts["ref"]}
"""
    return f"{settings.school.name}: schoolgate: {subject}", text


def _more(facts: Mapping[str, Any], name: str, words: str) -> str:
    """How many more there are than are shown."""
    return words.format(facts[name]) if facts.get(name) else ""


def _when(settings: Settings, first: str, last: str) -> str:
    begin, end = (datetime.fromisoformat(at).astimezone(settings.school.timezone) for at in (first, last))
    if begin.date() != end.date():
        return f"between {begin:%A %d %B at %H:%M} and {end:%A %d %B at %H:%M}"
    if f"{begin:%H%M}" == f"{end:%H%M}":
        return f"on {begin:%A %d %B at %H:%M}"
    return f"on {begin:%A %d %B between %H:%M} and {end:%H:%M}"


def _title(categories: Mapping[str, Category], category: str) -> str:
    return categories[category].title if category in categories else "a site that the school blocks"


def _times(number: int) -> str:
    return {1: "once", 2: "twice"}.get(number, f"{number} times")
