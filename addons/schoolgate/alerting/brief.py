"""What a chat channel is told of an alert: three lines and the link; no name, no code, no site, no search word."""

from collections.abc import Mapping
from typing import Any

from schoolgate.alerting.audience import CONTEST, TECHNICAL, WORRY
from schoolgate.alerting.case_words import case_link
from schoolgate.alerting.words import group_title, kinds_of
from schoolgate.settings.load import Settings

_SURE = {
    "login": "somebody had logged in by name and password.",
    "portal": "somebody had logged in on the device; who held it since is not known.",
    "radius": "the device had joined the network with a login; who held it is not known.",
    "mac": "the device is one person's; who held it is not known.",
    "device": "the device is one person's; who held it is not known.",
    "hostname": "the device calls itself as one person's; who held it is not known.",
    "network": "the device is known by its place only; who held it is not known.",
}
_UNKNOWN = "the device is not known, nor who held it."
_TIMES = {1: "once", 2: "twice"}


def brief_of(alert: Mapping[str, Any], facts: Mapping[str, Any], settings: Settings) -> tuple[str, str]:
    """Title and text."""
    school, priority = settings.school.name, facts.get("priority", "medium")
    if alert["audience"] == TECHNICAL:
        happened, do = f"the gateway reports a fault of its own ({facts['rule']}).", "read the mail about it."
        return f"{school}: a fault of the gateway", _lines(happened, "the gateway saw it itself.", do)
    if alert["audience"] == CONTEST:
        happened = "somebody says that an entry on their record should not count."
        return f"{school}: a contest waits", _lines(happened, "nobody has looked yet.", "read the mail about it.")
    times = _TIMES.get(alert["count"], f"{alert['count']} times")
    kinds = " and ".join(f'"{kind}"' for kind in kinds_of(settings, facts))
    group = group_title(settings, facts["group"])
    if alert["audience"] == WORRY:
        happened = f"somebody ({group}) searched for something that counts as {kinds}, {times}."
    else:
        happened = (
            f"somebody ({group}) {'was blocked from' if facts['action'] == 'block' else 'opened'} {kinds} {times}."
        )
    where = case_link(settings, facts["case"], facts["case_ref"]) if "case" in facts else "in the mail about it"
    do = f"read it {where}"
    return f"{school}: an alert of {priority} priority", _lines(happened, _SURE.get(facts["confidence"], _UNKNOWN), do)


def _lines(happened: str, sure: str, do: str) -> str:
    return f"What happened: {happened}\nHow sure we are: {sure}\nWhat to do now: {do}"
