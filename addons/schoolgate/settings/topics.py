"""Reads blocklists/private/: the sites that are nobody's business, by topic."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from schoolgate.lists.entry import Entry
from schoolgate.lists.guards import is_suffix
from schoolgate.policy.request import host_address
from schoolgate.settings.document import Document, read_document
from schoolgate.settings.faults import Fault, SettingsError
from schoolgate.settings.folders import Folders
from schoolgate.settings.list_models import TopicFile

_CLOSED_SUFFIXES = frozenset({"nhs.uk"})  # names below it are given to the health service only


@dataclass(frozen=True, slots=True)
class Topics:
    """Every topic with its hosts; ``names`` are also those of files that have faults."""

    hosts: dict[str, tuple[str, ...]]
    titles: dict[str, str]
    files: tuple[Path, ...]
    faults: tuple[Fault, ...]
    names: frozenset[str]

    def private(self, chosen: Collection[str] | None) -> dict[str, str]:
        """Each host with its topic, of the topics that the school has chosen (None: of all)."""
        topics = {name: hosts for name, hosts in self.hosts.items() if chosen is None or name in chosen}
        return {host: topic for topic, hosts in topics.items() for host in hosts}


def read_topics(folders: Folders, anyones: Collection[str]) -> Topics:
    """Read every file; ``anyones`` are hosts where anybody may publish, which no topic can hide."""
    hosts: dict[str, tuple[str, ...]] = {}
    titles: dict[str, str] = {}
    faults: list[Fault] = []
    names: set[str] = set()
    files = folders.private()
    for path in files:
        try:
            document = read_document(path, folders.named(path))
            if isinstance(document.tree, dict):
                names.add(str(document.tree.get("topic")))
            says = document.read(TopicFile)
        except SettingsError as error:
            faults.extend(error.faults)
            continue
        if says.topic in hosts:
            faults.append(document.fault(("topic",), f"topic {says.topic!r} stands already in another file"))
            continue
        faults.extend(_check(document, says.domains, anyones))
        hosts[says.topic], titles[says.topic] = tuple(entry.host for entry in says.domains), says.title
    return Topics(hosts, titles, tuple(files), tuple(faults), frozenset(names))


def _check(document: Document, domains: list[Entry], anyones: Collection[str]) -> Iterator[Fault]:
    for number, entry in enumerate(domains):
        if words := _objection(entry, anyones):
            yield document.fault(("domains", number), f"{str(entry)!r} {words}")


def _objection(entry: Entry, anyones: Collection[str]) -> str:
    """Why a host cannot be private, or ""."""
    if entry.path:
        return "is a part of a site; TLS stays closed there, so only whole hosts can be left alone"
    if is_suffix(entry.host) and entry.host not in _CLOSED_SUFFIXES:
        return "is a public suffix, under which strangers share a name; name the site itself"
    if host_address(entry.host) is not None:
        return "is an IP address, which many sites may share"
    strangers = sorted(host for host in anyones if f".{host}".endswith(f".{entry.host}"))
    if strangers:
        return f"is where anybody may publish ({strangers[0]}), so it cannot be left alone"
    return ""
