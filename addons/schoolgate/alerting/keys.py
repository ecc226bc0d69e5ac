"""Which events are one alert: those of one person and category, apart by what a rule did with them."""

import hashlib
from typing import Any

from schoolgate.policy.rules import Action, Stage
from schoolgate.store.event import FAULT


def key_of(event: dict[str, Any]) -> str:
    """What events of one alert have in common. What is only written down never shares an alert with what is blocked."""
    if event["action"] == FAULT:
        same = hashlib.sha256(event["why"].encode()).hexdigest()[:8] if event["rule"] == "settings" else ""
        return f"{FAULT}/{event['rule']}/{same}"
    if event["stage"] == Stage.SEARCH:
        return f"{event['person']}/{event['category']}/search"
    return f"{event['person']}/{event['category']}{'/log' if event['action'] == Action.LOG else ''}"
