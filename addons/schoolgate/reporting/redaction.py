"""Takes everybody else out of what one person is given: names, logins, mail addresses, codes, devices.

Somebody with a role is told as that role, everybody else as "another person". What is the person's own stays.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

from schoolgate.reporting.called import names_in
from schoolgate.reporting.naming import actor_words
from schoolgate.reporting.subject import Subject
from schoolgate.settings.load import Settings

_OTHER, _OTHER_DEVICE, _OTHER_CODE = "[another person]", "[another device]", "[another person or device]"
_CODE = re.compile(r"(?<![0-9a-z])[ud]-[0-9a-f]{12}(?![0-9a-z])", re.IGNORECASE)
_MAIL = re.compile(r"[\w.+-]+(?:@|%40)[\w-]+(?:\.[\w-]+)+", re.IGNORECASE)
_IPV4, _IPV6 = r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?!\w|\.\d)", r"(?<![\w.:])[0-9A-Fa-f]*:[0-9A-Fa-f:.]*(?!\w)"
_ADDRESS = re.compile(f"{_IPV4}|{_IPV6}")
_BETWEEN = r"(?:%20|[\s+._-])*"  # what may stand between the words of a name, also in the address of a page
_PARTED = re.compile(r"%20|[\s+._-]")
_SHORT = 6  # letters; what is shorter is taken out as a whole word only
_NAME = 4  # letters from which a part of a name is looked for in any case; what is shorter only where it is a Name


class Redactor:
    """Redacts texts for one subject; ``clients`` are addresses that stand in the subject's own events."""

    def __init__(self, settings: Settings, subject: Subject, clients: Iterable[str]) -> None:
        self._own_codes = {code.lower() for code in subject.codes}
        self._own_addresses = {*clients, *subject.devices}
        self._people = settings.snapshot.people
        self._devices = {device for person in self._people.persons for device in person.devices}
        own, known = list(_own(settings, subject)), list(_known(settings, subject))
        self._keep = {_plain(word) for word in own}
        self._words = {_plain(word): label for word, label in reversed(known)}
        every = sorted({*own, *(word for word, _ in known)}, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(_as_pattern, every))) if every else None

    def text(self, text: str) -> str:
        """The text without anybody else in it."""
        text = _MAIL.sub(self._mail, unicodedata.normalize("NFC", text))
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
        plain = _plain(found[0])
        return found[0] if plain in self._keep else self._words.get(plain, _OTHER)

    def _mail(self, found: re.Match[str]) -> str:
        plain = _plain(found[0].replace("%40", "@"))
        return found[0] if plain in self._keep else self._words.get(plain, "[a mail address]")

    def _address(self, found: re.Match[str]) -> str:
        """Only what is a device of the school; the address of a site that the person asked for is no third party."""
        written = found[0].rstrip(".:") if found[0][-2:] != "::" else found[0]
        try:
            address = ip_address(written)
        except ValueError:
            return found[0]
        own = written in self._own_addresses or str(address) in self._own_addresses
        return found[0] if own or not self._is_ours(address) else _OTHER_DEVICE + found[0][len(written) :]

    def _is_ours(self, address: IPv4Address | IPv6Address) -> bool:
        networks = (network for group in self._people.groups for network in group.networks)
        return address in self._devices or address.is_private or any(address in network for network in networks)


def _plain(word: str) -> str:
    """A name as it is compared: in small letters, and without what may stand between its words."""
    return _PARTED.sub("", unicodedata.normalize("NFC", word).casefold())


def _as_pattern(word: str) -> str:
    """Letters beside it make it another word, but for those of %20 and its like; a short name begins with a capital."""
    word = unicodedata.normalize("NFC", word)
    spelt = _BETWEEN.join(map(re.escape, word.split()))
    if word.isalpha() and len(word) < _NAME and word[0].isupper():
        spelt = f"{spelt}|{re.escape(word.upper())}"
    else:
        spelt = f"(?i:{spelt})"
    if len(word) >= _SHORT and " " not in word and not word.isalpha():
        return spelt
    edge = r"[^\W_]" if word[0].isdigit() or word[-1].isdigit() else r"[^\W\d_]"
    return rf"(?:(?<!{edge})|(?<=%[0-9A-Fa-f][0-9A-Fa-f]))(?:{spelt})(?!{edge})"


def _known(settings: Settings, subject: Subject) -> Iterator[tuple[str, str]]:
    """Everything by which the school's files call anybody else, with what stands in its place; roles come first."""
    own = subject.login.casefold()
    for name, role in settings.school.roles.items():
        if not role.user or role.user.casefold() != own:
            label = f"[a person with the role {name.replace('_', ' ')}]"
            yield from ((word, label) for word in (*names_in(role.name), role.email, role.user) if word)
    for person in settings.snapshot.people.persons:
        if person.login.casefold() != own:
            yield from ((word, _OTHER) for word in (person.login, *names_in(person.name)) if word)
    for group in settings.people.groups.values():
        yield from ((user, _OTHER) for user in group.users if user.casefold() != own)


def _own(settings: Settings, subject: Subject) -> Iterator[str]:
    if subject.login:
        yield from (subject.login, *names_in(subject.name or subject.login))
        for role in settings.school.roles.values():
            if role.user and role.user.casefold() == subject.login.casefold():
                yield from (*names_in(role.name), role.email)
