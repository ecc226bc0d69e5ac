"""How long what is kept, in words."""

from collections.abc import Iterator
from datetime import timedelta

from schoolgate.settings.load import Settings

_UNITS = ((365, "year", "years"), (7, "week", "weeks"), (1, "day", "days"))


def retention_lines(settings: Settings) -> Iterator[str]:
    """A sentence for each kind of thing on record."""
    kept = settings.school.retention
    yield f"Visits that count, and warnings: {in_words(kept.logged)}."
    yield f"Visits that were recorded and do not count: {in_words(kept.allowed)}."
    yield f"Counts by kind of site, without addresses: {in_words(min(kept.allowed, kept.logged))} at most."
    yield f"What was blocked: {in_words(kept.blocked)}. Alerts and mails about it: as long."
    yield (
        "Requests to open a blocked site, in the words of who asked, and refusals: "
        f"{in_words(kept.blocked)}, longer only while the site stands open for them."
    )
    yield (
        "What people did with the record (notices read, purposes, notes, contests and answers, look-ups): "
        f"{in_words(kept.cases)}."
    )
    yield "What belongs to a case is put on hold, and kept until somebody releases it."


def in_words(span: timedelta) -> str:
    """``90 days``, ``1 year``, ``4 weeks``, ``36 hours``."""
    for days, one, many in _UNITS:
        if span.days >= days and not span.days % days and (days != 7 or span.days < 28):
            count = span.days // days
            return f"{count} {one if count == 1 else many}"
    return f"{span.total_seconds() / 3600:g} hours"
