"""The stretch of time that a page of the console is about: today, this week, or all that is kept."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from schoolgate.store.event import stamp

CHOICES = {"today": "Today", "week": "This week", "all": "All that is kept"}


@dataclass(frozen=True, slots=True)
class Stretch:
    """From ``since`` up to ``until`` (as the record writes moments); ``first_day`` is a date, for counts by day."""

    name: str
    title: str
    since: str
    until: str
    first_day: str


def stretch(name: str, now: datetime) -> Stretch:
    """The stretch of that name; ``now`` is on the school's clock. What is no name means this week."""
    name = name if name in CHOICES else "week"
    if name == "all":
        return Stretch(name, CHOICES[name], "", "9", "")
    day = now.date() - timedelta(days=now.weekday() if name == "week" else 0)
    first = datetime.combine(day, time(), now.tzinfo)
    last = datetime.combine(day + timedelta(days=7 if name == "week" else 1), time(), now.tzinfo)
    return Stretch(name, CHOICES[name], stamp(first), stamp(last), day.isoformat())


def day_of(at: str, now: datetime) -> Stretch:
    """The school's day that a moment of the record is in; ``now`` brings the school's clock."""
    day = datetime.fromisoformat(at).astimezone(now.tzinfo).date()
    first, last = (datetime.combine(day + timedelta(days=more), time(), now.tzinfo) for more in (0, 1))
    return Stretch("day", f"{day:%A %d %B %Y}", stamp(first), stamp(last), day.isoformat())
