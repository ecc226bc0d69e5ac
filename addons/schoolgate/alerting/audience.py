"""Whom an alert is for: those who look after children, who help somebody in need, or who mend the gateway."""

from collections.abc import Mapping
from typing import Any

from schoolgate.policy.sealed import SEALED, is_sealed

SAFEGUARDING = "safeguarding"
WORRY = "worry"
"""The audience of a search, or of a prompt to a chatbot, that may mean that somebody needs help."""
TECHNICAL = "technical"
CONTEST = "contest"
"""The audience of a contest that waits for an answer."""


def audience_of(alert: Mapping[str, Any], facts: Mapping[str, Any]) -> str:
    """An alert's audience with its theme and the group of whom it is about, such as ``worry/content/pupils``.

    The theme of illegal material is ``sealed``, so that no route of alerts.yaml that names a theme is for it.
    """
    theme = SEALED if is_sealed(facts.get("category", ""), facts.get("rule", "")) else facts.get("theme", "")
    return f"{alert['audience']}/{theme}/{facts.get('group', '')}"


def parts_of(audience: str) -> tuple[str, str, str]:
    """The audience alone, the theme and the group; "" for what is not said."""
    name, theme, group = (*audience.split("/", 2), "", "")[:3]
    return name, theme, group
