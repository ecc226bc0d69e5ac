"""Takes everybody else out of what one person is given: names, logins, mail addresses, codes, devices.

Somebody with a role is told as that role, everybody else as "another person". What is the person's own stays.
"""

import re
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

from schoolgate.reporting.naming import actor_words
from schoolgate.reporting.subject import Subject
from schoolgate.settings.load import Settings

_OTHER, _OTHER_DEVICE, _OTHER_CODE = "[another person]", "[another device]", "[another person or device]"
_CODE = re.compile(r"(?<![0-9a-z])[ud]-[0-9a-f]{12}(?![0-9a-z])", re.IGNORECASE)
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_ADDRESS = re.compile(r"(?<![\w.:])[0-9A-Fa-f]*[.:][0-9A-Fa-f.:]*[0-9A-Fa-f:](?![\w:])")
_SHORT = 6  # letters; what is shorter is taken out as a whole word only
_SURNAME = 4  # letters that a name's last word has at least, to be looked for by itself


class Redactor:
    """Redacts texts for one subject; ``clients`` are addresses that stand in the subject's own events."""

    def __init__(self, settings: Settings, subject: Subject, clients: Iterable[str]) -> None:
        self._own_codes = {code.lower() for code in subject.codes}
        self._own_addresses = {*clients, *subject.devices}
        self._people = settings.snapshot.people
        self._devices = {device for person in self._people.persons for device in person.devices}
        known = dict(_known(settings, subject))
        own = {text.casefold(): text for text in _own(settings, subject)}
        self._words = {word: label for word, label in known.items() if word not in own}
        self._keep = own
        every = sorted({*self._words, *own}, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(_as_pattern, every)), re.IGNORECASE) if every else None

    def text(self, text: str) -> str:
        """The text without anybody else in it."""
        text = _MAIL.sub(self._mail, text)
        if self._pattern is not None:
            text = self._pattern.sub(self._word, text)
        text = _CODE.sub(lambda found: found[0] if found[0].lower() in self._own_codes else _OTHER_CODE, text)
        return _ADDRESS.sub(self._address, text)

    def value(self, value: Any) -> Any:
        """A value as JSON knows it, with every text in it redacted."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {key: self.value(each) for key, each in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(each) for each in value]
        return value

    def actor(self, actor: str) -> str:
        """Who did something: ``you``, a role, or somebody else."""
        role, code = actor_words(actor)
        if code.lower() in self._own_codes:
            return "you"
        if role:
            return f"a person with the role {role}"
        return "the gateway itself" if code in ("schoolgate", "") else "another person"

    def _word(self, found: re.Match[str]) -> str:
        return found[0] if found[0].casefold() in self._keep else self._words[found[0].casefold()]

    def _mail(self, found: re.Match[str]) -> str:
        folded = found[0].casefold()
        return found[0] if folded in self._keep else self._words.get(folded, "[a mail address]")

    def _address(self, found: re.Match[str]) -> str:
        """Only what is a device of the school; the address of a site that the person asked for is no third party."""
        try:
            address = ip_address(found[0])
        except ValueError:
            return found[0]
        own = found[0] in self._own_addresses or str(address) in self._own_addresses
        return found[0] if own or not self._is_ours(address) else _OTHER_DEVICE

    def _is_ours(self, address: IPv4Address | IPv6Address) -> bool:
        networks = (network for group in self._people.groups for network in group.networks)
        return address in self._devices or address.is_private or any(address in network for network in networks)


def _as_pattern(word: str) -> str:
    whole = len(word) < _SHORT or " " in word or word.isalpha()
    return rf"(?<![0-9A-Za-z_]){re.escape(word)}(?![0-9A-Za-z_])" if whole else re.escape(word)


def _known(settings: Settings, subject: Subject) -> Iterator[tuple[str, str]]:
    """Everything by which the school's files call anybody else, casefolded, with what stands in its place."""
    for group in settings.people.groups.values():
        for user in group.users:
            if user.casefold() != subject.login.casefold():
                yield user.casefold(), _OTHER
    for person in settings.snapshot.people.persons:
        if person.login.casefold() != subject.login.casefold():
            yield from ((word, _OTHER) for word in (person.login.casefold(), person.name.casefold()))
            surname = person.name.split()[-1].casefold()
            if len(surname) >= _SURNAME:
                yield surname, _OTHER
    for name, role in settings.school.roles.items():
        if not role.user or role.user.casefold() != subject.login.casefold():
            label = f"[a person with the role {name.replace('_', ' ')}]"
            yield from ((word.casefold(), label) for word in (role.name, role.email, role.user) if word)


def _own(settings: Settings, subject: Subject) -> Iterator[str]:
    if subject.login:
        yield from (subject.login, subject.name, subject.name.split()[-1] if subject.name else subject.login)
        for role in settings.school.roles.values():
            if role.user and role.user.casefold() == subject.login.casefold():
                yield from (role.name, role.email)
