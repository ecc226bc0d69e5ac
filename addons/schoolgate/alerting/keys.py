"""Which events are one alert: those of one person and theme, apart by what a rule did with them."""

import hashlib
from collections.abc import Mapping
from typing import Any

from schoolgate.policy.rules import Action, Stage
from schoolgate.policy.sealed import is_sealed
from schoolgate.store.event import FAULT


def key_of(event: Mapping[str, Any]) -> str:
    """What events of one person and category have in common: the most that a contest can hold up."""
    if event["action"] == FAULT:
        return f"{FAULT}/{event['rule']}/{_same(event)}"
    return f"{event['person']}/{event['category']}{_apart(event)}"


def _same(event: Mapping[str, Any]) -> str:
    """What tells a fault from others of its place: its words, or its time where each is found, and told, only once."""
    if event["rule"] == "doctor":
        return str(event["at"])
    return hashlib.sha256(event["why"].encode()).hexdigest()[:8] if event["rule"] == "settings" else ""


def theme_key_of(event: Mapping[str, Any]) -> str:
    """What events of one alert have in common; what has no theme, or is illegal, stands by its category."""
    if event["action"] == FAULT or not event["theme"] or is_sealed(event["category"], event["rule"]):
        return key_of(event)
    return f"{event['person']}/theme:{event['theme']}{_apart(event)}"


def _apart(event: Mapping[str, Any]) -> str:
    """What is only written down never shares an alert with what is blocked, nor a search with a site."""
    if event["stage"] == Stage.SEARCH:
        return "/search"
    return "/log" if event["action"] == Action.LOG else ""
