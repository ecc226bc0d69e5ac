"""Checks what school.yaml and people.yaml say of how people are recognised against the school's files."""

import ssl
from collections.abc import Iterator
from ipaddress import ip_address

from schoolgate.settings.checks import ConfigFiles
from schoolgate.settings.faults import Fault
from schoolgate.settings.identity_models import IdentityEntry
from schoolgate.settings.people_models import PeopleFile
from schoolgate.settings.school_models import SchoolFile

_SHORTEST = 8  # characters of a shared secret: RFC 2865 asks for 16, many access points allow less


def check_identity(files: ConfigFiles, school: SchoolFile | None, people: PeopleFile | None) -> Iterator[Fault]:
    """Faults of ``identity:``, and MACs and host names that stand twice in people.yaml."""
    groups = set(files.at("people", "groups", kind=dict))
    yield from files.known("school", ("identity", "login_page", "groups"), "group", groups)
    if people is not None:
        yield from _check_twice(files, people)
    if school is None:
        return
    identity = school.identity
    yield from _check_radius(files, identity)
    page = identity.login_page
    if page is not None and not (page.networks or page.groups):
        yield files.fault("school", ("identity", "login_page"), "nobody is asked; name networks or groups")
    if page is not None and identity.directory is None and people is not None and people.logins is None:
        words = "nobody could log in: people.yaml has no logins: and there is no directory: here"
        yield files.fault("school", ("identity", "login_page"), words)
    if page is not None and not school.listen.transparent:
        words = "only redirected devices see the page; set listen: transparent: or leave this out"
        yield files.fault("school", ("identity", "login_page"), words)
    yield from _check_directory(files, identity)


def _check_radius(files: ConfigFiles, identity: IdentityEntry) -> Iterator[Fault]:
    radius = identity.radius
    for client, secret in radius.clients.items() if radius else ():
        place = ("identity", "radius", "clients", client)
        try:
            ip_address(client)
        except ValueError:
            yield files.fault("school", place, f"{client!r} is no IP address; write the access point's, like 10.0.0.5")
        try:
            words = (files.folders.root / secret).read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            yield files.fault("school", place, f"{secret!r} cannot be read ({error}); put the shared secret there")
            continue
        if len(words) < _SHORTEST:
            yield files.fault("school", place, f"the secret in {secret!r} has fewer than {_SHORTEST} characters")


def _check_directory(files: ConfigFiles, identity: IdentityEntry) -> Iterator[Fault]:
    directory = identity.directory
    if directory is None:
        return
    if directory.server.startswith("ldap://") and directory.security != "starttls":
        words = "passwords never go out in plain text: write ldaps:// or security: starttls"
        yield files.fault("school", ("identity", "directory", "server"), words)
    if directory.server.startswith("ldaps://") and directory.security != "tls":
        words = "ldaps:// is TLS from the beginning; write ldap:// for starttls"
        yield files.fault("school", ("identity", "directory", "security"), words)
    if directory.ca is not None:
        try:
            ssl.create_default_context(cafile=str(files.folders.root / directory.ca))
        except (ssl.SSLError, OSError):
            words = f"{directory.ca!r} holds no PEM certificate"
            yield files.fault("school", ("identity", "directory", "ca"), words)


def _check_twice(files: ConfigFiles, people: PeopleFile) -> Iterator[Fault]:
    """A MAC or a host name is one person's or one group's; a shared device is nobody's own."""
    macs: dict[str, str] = {}
    names: dict[str, str] = {}
    listed = [(("groups", name), f"group {name!r}", group.macs) for name, group in people.groups.items()]
    listed += [(("people", login), repr(login), person.macs) for login, person in people.people.items()]
    for place, owner, theirs in listed:
        for number, mac in enumerate(theirs):
            if mac in macs:
                words = f"{mac} is already a device of {macs[mac]}; a shared device is nobody's own"
                yield files.fault("people", (*place, "macs", number), words)
            macs[mac] = owner
    for login, person in people.people.items():
        for number, name in enumerate(person.hostnames):
            if name.casefold() in names:
                words = f"{name!r} is already the device of {names[name.casefold()]}"
                yield files.fault("people", ("people", login, "hostnames", number), words)
            names[name.casefold()] = repr(login)
