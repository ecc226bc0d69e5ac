"""How sure it is that it was this person: logins, devices that others used too, logins at several devices at once."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from schoolgate.reporting.case import Case

_AT_ONCE = timedelta(minutes=5)
_MOST = 20
_WORDS = {
    "login": "the login and password of this person came with that request",
    "portal": "this person had logged in on the device before",
    "radius": "the device had joined the network with this person's login",
    "mac": "known by a device (its MAC) that the school gave to this person alone",
    "device": "known by a device that the school gave to this person alone",
    "hostname": "the device called itself as one does that the school gave to this person alone",
    "network": "known by the network of the device only",
    "unknown": "neither person nor device was known",
}


@dataclass(frozen=True, slots=True)
class Shared:
    """Somebody else at the same device in the period: by code, on how many days, with how many requests on record."""

    client: str
    person: str
    days: int
    requests: int


@dataclass(frozen=True, slots=True)
class Sureness:
    """What the record says of who it was; ``by`` counts events by what their identity rests on."""

    by: list[tuple[str, int]]
    clients: list[tuple[str, int]]
    shared: list[Shared]
    at_once: list[str]
    without_login: list[str]
    without_notice: list[str]


def sureness(case: Case) -> Sureness:
    """The facts; nobody weighs them here. Days are on the school's clock."""
    by = Counter(row["identity_confidence"] or "unknown" for row in case.events)
    clients = Counter(row["client"] for row in case.events if row["client"])
    with_login = {_day(case, row["at"]) for row in case.events if row["identity_confidence"] == "login"}
    without_login = {_day(case, row["at"]) for row in case.events} - with_login
    without_notice = {_day(case, row["at"]) for row in case.pages if not row["notice"]}
    return Sureness(
        by=[(_WORDS.get(how, how), number) for how, number in by.most_common()],
        clients=clients.most_common(),
        shared=list(_shared(case)),
        at_once=list(dict.fromkeys(_at_once(case)))[:_MOST],
        without_login=_in_words(without_login),
        without_notice=_in_words(without_notice),
    )


def _shared(case: Case) -> Iterator[Shared]:
    found: dict[tuple[str, str], tuple[set[str], int]] = {}
    for row in case.others:
        days, requests = found.get((row["client"], row["person"]), (set[str](), 0))
        found[row["client"], row["person"]] = ({*days, _day(case, row["first"])}, requests + row["n"])
    for (client, person), (days, requests) in found.items():
        yield Shared(client, person, len(days), requests)


def _at_once(case: Case) -> Iterator[str]:
    """The same login at two devices within five minutes: nobody sits at both."""
    logged_in = [row for row in case.events if row["identity_confidence"] == "login" and row["client"]]
    for number, row in enumerate(logged_in):
        for later in logged_in[number + 1 :]:
            if datetime.fromisoformat(later["at"]) - datetime.fromisoformat(row["at"]) > _AT_ONCE:
                break
            if later["client"] != row["client"]:
                yield f"{case.day(row['at']):%a %d %b %Y %H:%M}: at {row['client']} and at {later['client']}"


def _in_words(days: set[str]) -> list[str]:
    return [f"{date.fromisoformat(day):%a %d %b %Y}" for day in sorted(days)]


def _day(case: Case, at: str) -> str:
    return case.day(at).date().isoformat()
