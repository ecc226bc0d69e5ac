"""Reads blocklists/apps/ and ``pass_through:`` of school.yaml: what stays closed, and what may be learned."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from schoolgate.lists.entry import Entry
from schoolgate.lists.guards import is_suffix
from schoolgate.lists.local_words import LocalWords
from schoolgate.policy.passing import Passing
from schoolgate.policy.request import host_address
from schoolgate.settings.checks import ConfigFiles
from schoolgate.settings.document import read_document
from schoolgate.settings.faults import Fault, SettingsError
from schoolgate.settings.folders import Folders
from schoolgate.settings.list_models import AppFile
from schoolgate.settings.school_models import SchoolFile

_KEYS = ("at_once", "learned", "learned_for_staff")


@dataclass(frozen=True, slots=True)
class Apps:
    """Services that are known to break when they are looked into: for each key of a file, hosts with the service."""

    hosts: dict[str, dict[str, str]]
    files: tuple[Path, ...]
    faults: tuple[Fault, ...]


def read_apps(folders: Folders) -> Apps:
    """Read every file."""
    hosts: dict[str, dict[str, str]] = {key: {} for key in _KEYS}
    faults: list[Fault] = []
    files = folders.apps()
    for path in files:
        try:
            document = read_document(path, folders.named(path))
            says = document.read(AppFile)
        except SettingsError as error:
            faults.extend(error.faults)
            continue
        for key in _KEYS:
            entries: list[Entry] = getattr(says, key)
            for number, entry in enumerate(entries):
                if words := _objection(entry):
                    faults.append(document.fault((key, number), f"{str(entry)!r} {words}"))
                hosts[key][entry.host] = says.title
    return Apps(hosts, tuple(files), tuple(faults))


def check_passing(files: ConfigFiles, school: SchoolFile | None) -> Iterator[Fault]:
    """Hosts in school.yaml that cannot be meant."""
    if school is None:
        return
    for key in ("hosts", "never"):
        entries: list[Entry] = getattr(school.pass_through, key)
        for number, entry in enumerate(entries):
            if words := _objection(entry):
                yield files.fault("school", ("pass_through", key, number), f"{str(entry)!r} {words}")


def passing_of(school: SchoolFile, apps: Apps, words: LocalWords) -> Passing:
    """What policy asks."""
    entry = school.pass_through
    return Passing(
        given=frozenset(each.host for each in entry.hosts),
        never=frozenset(each.host for each in entry.never),
        at_once=apps.hosts["at_once"],
        learned=apps.hosts["learned"],
        staff=apps.hosts["learned_for_staff"],
        in_part=words.blocked_in_part(),
        is_learning=entry.learn == "on",
    )


def _objection(entry: Entry) -> str:
    """Why a host cannot be passed through, or ""."""
    if entry.path:
        return "is a part of a site; a connection that stays closed shows its host only, so write that"
    if host_address(entry.host) is not None:
        return "is an IP address, which many sites may share; name the host"
    if is_suffix(entry.host):
        return "is a public suffix, under which strangers share a name; name the site itself"
    return ""
