"""How reports call people: pupils by login or device, people who work here by the code that stands for their name."""

from collections.abc import Iterable

from schoolgate.access import names_of
from schoolgate.settings.load import Settings
from schoolgate.store.pseudonym import Pseudonyms


class Names:
    """Answers ``(person, client, group)``; the group is worked out where an older template does not give it."""

    def __init__(self, settings: Settings, pseudonyms: Pseudonyms) -> None:
        self._people = settings.snapshot.people
        self._at_work = settings.snapshot.calendar.at_work
        self._roles = settings.school.roles
        self._pseudonyms = pseudonyms
        self._logins = names_of(settings, pseudonyms)

    def __call__(self, person: str, client: str, group: str = "") -> str:
        """``j.smith``, ``Device 10.20.0.5``, or ``u-0123456789ab`` for who works here.

        A device that is known by its MAC has a code of its own, as its address may have been another's before.
        """
        login = self._logins.get(person)
        if person and (group or self._people.identify(client or None, login).group.id) in self._at_work:
            return person
        if login or not client:
            return login or "An unknown device"
        known_by_mac = person.startswith("d-") and person != self._pseudonyms.of("device", client)
        return f"Device {person} at {client}" if known_by_mac else f"Device {client}"

    def codes(self, roles: Iterable[str]) -> frozenset[str]:
        """Every pseudonym under which whoever fills these roles can stand on record: of a login, or of a device."""
        users = {self._roles[role].user or "" for role in roles if role in self._roles} - {""}
        people = (self._people.person(user) for user in users)
        devices = (device for person in people if person for device in person.own)
        logins = {self._pseudonyms.of("user", user) for user in users}
        return frozenset(logins | {self._pseudonyms.of("device", device) for device in devices})


def actor_words(actor: str) -> tuple[str, str]:
    """The role ("" where none is given) and the code of a deed's actor; the gateway itself is ``schoolgate``."""
    role, _, code = actor.rpartition(" ")
    return role.replace("_", " "), code
