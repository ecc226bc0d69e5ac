"""What RADIUS accounting says of who is at which device: beginnings, words in between, ends."""

import re
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

from schoolgate.policy.whereabouts import Sitting, Source, Whereabouts, mac_address
from schoolgate.whereabouts.radius import Accounted, Status

_NOBODY = re.compile(r"^(host/.*|.*\$|anonymous|)$", re.IGNORECASE)
"""Names of machines (802.1X by the machine's own account) and the outer name of a tunnel are no person's."""
_DAY = 86400
_ANEW = timedelta(seconds=5)  # a session that ended does not begin again under the same name so soon


def person_of(name: str, realms: Collection[str]) -> str:
    """The login in a User-Name, without one of the school's realms; "" where it is no person's.

    ``SCHOOL\\j.smith`` and ``j.smith@school.example`` are j.smith. A realm of others stays: who comes by eduroam from
    elsewhere is not the namesake here.
    """
    folded = {realm.casefold() for realm in realms}
    domain, found, rest = name.strip().rpartition("\\")
    if found and domain.casefold() in folded:
        name = rest
    login, found, realm = name.strip().rpartition("@")
    if found and realm.casefold() in folded:
        name = login
    name = name.strip()
    return "" if _NOBODY.match(name.partition("@")[0]) or mac_address(name) else name


def after(
    before: Whereabouts, client: str, said: Accounted, now: datetime, lifetime: timedelta, realms: Collection[str]
) -> Whereabouts:
    """What is known after a packet of ``client`` that came at ``now``."""
    if said.status in (Status.ON, Status.OFF):
        return _anew(before, client, said, now)
    if not said.session or said.status is None:
        return before
    key, at = f"{_of(client, said)}{said.session}", now - timedelta(seconds=min(said.delay, _DAY))
    known = next((sitting for sitting in before.sittings if sitting.key == key), None)
    place = (Source.RADIUS, said.mac, said.addresses or (known.addresses if known else frozenset()))
    began = at if said.status is Status.START else at - timedelta(seconds=min(said.lasted, _DAY))
    if said.status is Status.STOP and known is None:
        return before.with_sitting(Sitting(key, "", began, at, *place)) if said.mac or said.addresses else before
    if said.status is Status.STOP:
        return before.ended(key, at)
    if known is not None and not known.user and (said.status is Status.INTERIM or at <= known.until + _ANEW):
        return before  # a word from before the end that came late
    user = person_of(said.user, realms)
    new = Sitting(key, user, at if said.status is Status.START else now, now + lifetime, *place)
    if known is not None and (known.user, known.mac) == (user, said.mac) and not _has_moved(known, said):
        new = replace(new, since=known.since)
    elif not (said.mac or said.addresses):
        return before
    elif known is not None:
        before = before.with_sitting(_set_aside(known, now))
    if said.status is Status.START:
        return before.with_sitting(new)
    return _or_nobody(before.with_sitting(new), new, min(known.since, began) if known else began, now)


def _of(client: str, said: Accounted) -> str:
    return f"radius {client} {said.access_point} "


def _anew(before: Whereabouts, client: str, said: Accounted, now: datetime) -> Whereabouts:
    """The access point began anew: whoever was there is not. Where it is not known by name, that is all of them."""
    keys = [sitting.key for sitting in before.sittings if sitting.key.startswith(_of(client, said))]
    for key in keys or [sitting.key for sitting in before.sittings if sitting.key.startswith(f"radius {client} ")]:
        before = before.ended(key, now)
    return before


def _has_moved(known: Sitting, said: Accounted) -> bool:
    return bool(said.addresses and known.addresses and said.addresses != known.addresses)


def _set_aside(known: Sitting, now: datetime) -> Sitting:
    """A session that goes on elsewhere is over where it was: nobody who was there before comes to life again."""
    return replace(known, key=f"{known.key} until {now}", user="", until=max(known.since, min(known.until, now)))


def _or_nobody(after_it: Whereabouts, new: Sitting, came: datetime, now: datetime) -> Whereabouts:
    """Two people who are both said to be at one device now: then nobody is, until somebody comes anew."""
    later = [
        one
        for one in after_it.sittings
        if one.since > came and one.until > now and one.user.casefold() != new.user.casefold()
        if (one.mac == new.mac if one.mac and new.mac else one.addresses & new.addresses)
    ]
    if not later:
        return after_it
    key = f"contradiction {new.mac or sorted(map(str, new.addresses))}"
    return after_it.with_sitting(Sitting(key, "", now, now, Source.RADIUS, new.mac, new.addresses))
