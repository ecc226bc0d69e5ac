"""How long something holds, as people say it: 45 minutes, a lesson, the day, until a quarter past eleven."""

import re
from datetime import datetime, time, timedelta

LESSON, DAY, ALWAYS = "lesson", "day", "always"
_SHORTEST_REST = timedelta(minutes=15)
_LENGTH = re.compile(r"(\d{1,5})\s*(m|min|h)", re.ASCII)
_CLOCK = re.compile(r"\d\d:\d\d", re.ASCII)


class NoLength(ValueError):
    """A length that cannot be read, or that is over already; the words say what would do."""


def until_of(length: str, now: datetime) -> datetime:
    """The end of ``45m``, ``2h``, ``lesson``, ``day``, ``11:15`` or ``2026-11-24T11:15``. Raises NoLength.

    ``now`` is on the school's clock. A lesson goes to the end of this hour, or of the next where less than 15 minutes
    are left of it; a day goes to midnight.
    """
    length = length.strip().lower()
    if length == LESSON:
        hour = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        return hour if hour - now >= _SHORTEST_REST else hour + timedelta(hours=1)
    if length == DAY:
        return datetime.combine(now.date() + timedelta(days=1), time(), now.tzinfo)
    until = _moment(length, now)
    if until <= now:
        raise NoLength("It would end before it begins; choose a later end.")
    return until


def _moment(length: str, now: datetime) -> datetime:
    if match := _LENGTH.fullmatch(length):
        return now + timedelta(minutes=int(match[1]) * (60 if match[2] == "h" else 1))
    try:
        written = f"{now:%Y-%m-%d}T{length}" if _CLOCK.fullmatch(length) else length.upper()
        until = datetime.fromisoformat(written)
    except ValueError:
        raise NoLength(f"How long? {length!r} is none of 45m, 2h, lesson, day, always, 11:15.") from None
    return until if until.tzinfo else until.replace(tzinfo=now.tzinfo)
