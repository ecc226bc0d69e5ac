"""What people.yaml says of persons and groups, held against itself and built into ``People``."""

from collections.abc import Collection, Iterator
from typing import Any

from schoolgate.policy.identity import Group, People, Person
from schoolgate.policy.request import host_address
from schoolgate.settings.away import AwayDevice, with_devices
from schoolgate.settings.checks import ConfigFiles
from schoolgate.settings.faults import Fault
from schoolgate.settings.people_models import PeopleFile
from schoolgate.settings.school_models import AwayEntry


class Folded(set[str]):
    """Names in which capitals make no difference."""

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and super().__contains__(name.casefold())


def every_login(files: ConfigFiles) -> Collection[str]:
    """Every login that is written in people.yaml, under ``people`` or as a user of a group."""
    logins = set(map(str, files.at("people", "people", kind=dict)))
    for group in files.at("people", "groups", kind=dict):
        logins.update(map(str, files.at("people", "groups", group, "users", kind=list)))
    return Folded(login.casefold() for login in logins)


def groups_by_login(people: PeopleFile) -> dict[str, str]:
    """The group of each login (casefolded) that people.yaml names."""
    by_group = {user.casefold(): name for name, group in people.groups.items() for user in group.users}
    return by_group | {login.casefold(): person.group for login, person in people.people.items()}


def check_people(files: ConfigFiles, people: PeopleFile | None) -> Iterator[Fault]:
    """What stands in people.yaml twice, or means nobody."""
    groups = set(files.at("people", "groups", kind=dict))
    for login in files.at("people", "people", kind=dict):
        yield from files.known("people", ("people", login, "group"), "group", groups)
    if people is None:
        return
    yield from _check_groups(files, people)
    yield from _check_persons(files, people)
    asks_directory = files.at("school", "identity", "directory", kind=dict)
    if people.logins and not asks_directory and not (files.folders.config / people.logins.file).is_file():
        words = f"{people.logins.file!r} does not exist; 'schoolgate login USER' makes it"
        yield files.fault("people", ("logins", "file"), words)


def _check_groups(files: ConfigFiles, people: PeopleFile) -> Iterator[Fault]:
    networks: dict[object, str] = {}
    users: dict[str, str] = {}
    for name, group in people.groups.items():
        for number, network in enumerate(group.networks):
            if network in networks:
                words = f"{network} stands already in group {networks[network]!r}"
                yield files.fault("people", ("groups", name, "networks", number), words)
            networks[network] = name
        for number, user in enumerate(group.users):
            if user.casefold() in users:
                words = f"user {user!r} stands already in group {users[user.casefold()]!r}"
                yield files.fault("people", ("groups", name, "users", number), words)
            users[user.casefold()] = name


def _check_persons(files: ConfigFiles, people: PeopleFile) -> Iterator[Fault]:
    """A login means one person in one group, and a device that is somebody's is nobody else's."""
    by_group = {user.casefold(): name for name, group in people.groups.items() for user in group.users}
    seen: dict[str, str] = {}
    devices: dict[Any, str] = {}
    for login, person in people.people.items():
        if not login.strip():
            yield files.fault("people", ("people", login), "a person needs a login")
        if other := seen.get(login.casefold()):
            yield files.fault("people", ("people", login), f"{login!r} stands here already, as {other!r}")
        elif by_group.get(login.casefold(), person.group) != person.group:
            words = f"{login!r} is a user of group {by_group[login.casefold()]!r}, so cannot be in {person.group!r}"
            yield files.fault("people", ("people", login, "group"), words)
        for number, device in enumerate(person.devices):
            address = host_address(str(device)) or device  # as policy has it: ::ffff:10.30.1.20 is 10.30.1.20
            if address in devices:
                words = f"{device} is already the device of {devices[address]!r}; a shared device is nobody's own"
                yield files.fault("people", ("people", login, "devices", number), words)
            devices[address] = login
        seen[login.casefold()] = login


def people_of(people: PeopleFile, devices: tuple[AwayDevice, ...] = (), away: AwayEntry | None = None) -> People:
    """What policy asks, with the devices that come from elsewhere; everything named in it is there."""
    groups = tuple(
        Group(
            name,
            group.title,
            group.inspect,
            tuple(group.networks),
            frozenset(user.casefold() for user in group.users),
            group.text_limit,
            group.safe_search,
            group.addresses,
            frozenset(group.macs),
        )
        for name, group in people.groups.items()
    )
    persons = tuple(
        Person(login, person.name, person.group, tuple(person.devices), tuple(person.macs), tuple(person.hostnames))
        for login, person in people.people.items()
    )
    if away is not None:
        groups, persons = with_devices(groups, persons, devices, away)
    return People(groups, people.unknown, persons)
