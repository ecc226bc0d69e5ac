"""All settings as one frozen value, which most processes of a gateway are handed; ``reading`` makes it of the files.

What reads YAML and checks it (``reading`` and all below it) is imported only where that is done: it is some megabytes.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from schoolgate.content.judge import Judge
from schoolgate.lists.publishers.copies import Copies
from schoolgate.lists.publishers.remote import Remote
from schoolgate.lists.sealed.taking import FeedState, take_up, watched
from schoolgate.policy.snapshot import Snapshot
from schoolgate.settings.alert_models import AlertsFile
from schoolgate.settings.away import FILE as DEVICES
from schoolgate.settings.away import AwayDevice
from schoolgate.settings.folders import Folders, data_folder
from schoolgate.settings.monitoring_models import MonitoringFile
from schoolgate.settings.people_models import PeopleFile
from schoolgate.settings.school_models import SchoolFile
from schoolgate.settings.sealed import sealed_key

UNWRITABLE = "the data folder cannot be written"


@dataclass(frozen=True, slots=True)
class Settings:
    """All that a process of the gateway needs to know, as one frozen value that can be handed to a child process."""

    snapshot: Snapshot
    judge: Judge  # of the words of pages and searches
    school: SchoolFile
    people: PeopleFile
    alerts: AlertsFile
    monitoring: MonitoringFile
    folders: Folders
    files: tuple[Path, ...]  # everything that was read, besides reports
    index: Path  # the file of compiled lists that the snapshot looks names up in
    remotes: tuple[Remote, ...]  # the lists that are downloaded from their publishers
    advice: tuple[str, ...]
    sealed: tuple[FeedState, ...] = ()  # the feeds of illegal material that are in force
    sealed_troubles: tuple[str, ...] = ()
    away: tuple[AwayDevice, ...] = ()  # devices that come from elsewhere by a tunnel

    @property
    def data(self) -> Path:
        """The folder of everything that the gateway writes."""
        return data_folder(self.folders, self.school)

    @property
    def copies(self) -> Copies:
        """The last good copies of downloaded lists."""
        return Copies(self.data / "lists")

    @property
    def console_url(self) -> str:
        """The address under which people reach the console, without a slash at its end; "" where it is off."""
        listen = self.school.listen.console
        if listen is None or self.school.console_url:
            return self.school.console_url or "" if listen else ""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(listen[0], listen[0])
        return f"http://{f'[{host}]' if ':' in host else host}:{listen[1]}"

    def recipients(self, roles: list[str]) -> list[str]:
        """The e-mail addresses behind roles; roles that the school has not filled are left out."""
        return list(dict.fromkeys(self.school.roles[role].email for role in roles if role in self.school.roles))


def watched_files(folders: Folders, settings: Settings) -> dict[Path, tuple[int, int]]:
    """Every file that settings come from, with its time and size: a change here means reading again."""
    paths = {
        *folders.config.glob("*.y*ml"),
        *folders.blocklists(),
        *folders.private(),
        *folders.apps(),
        *settings.files,
    }
    paths.update(folders.own_reports())
    paths.update(settings.copies.state_file(remote.name) for remote in settings.remotes)
    paths.update(watched(folders.root, settings.data))
    paths.add(settings.data / DEVICES)
    stamps: dict[Path, tuple[int, int]] = {}
    for path in (*paths, folders.local("allow"), folders.local("block")):
        try:
            stat = path.stat()
        except OSError:
            continue
        stamps[path] = (stat.st_mtime_ns, stat.st_size)
    return stamps


def load_settings(
    folders: Folders,
    index_folder: Path | None = None,
    compile_them: Callable[..., Any] | None = None,
    anew: bool = False,
    copies: Copies | None = None,
) -> Settings:
    """Read, check and compile everything. ``index_folder`` overrides ``data:`` for the index.

    ``compile_them`` compiles lists in place of this process; ``copies`` are downloaded lists to use in place of those
    below ``data:``.

    Lists are compiled only where they have changed, or with ``anew`` in any case.

    Raises SettingsError with every fault of every file; nothing is half-used.
    """
    from schoolgate.settings.reading import load

    return load(folders, index_folder, compile_them, anew, copies)


def with_feeds(settings: Settings) -> Settings:
    """The same settings with the feeds of illegal material as they lie now: these wait for no correction of a file."""
    taken = take_up(settings.folders.root, settings.data, sealed_key(settings.folders.root, settings.data))
    if (taken.states, taken.troubles) == (settings.sealed, settings.sealed_troubles):
        return settings
    told = f"{settings.snapshot.version}{taken.states}{taken.troubles}"
    version = hashlib.sha256(told.encode()).hexdigest()[:12]
    snapshot = replace(settings.snapshot, sealed=taken.sealed, version=version)
    return replace(settings, snapshot=snapshot, sealed=taken.states, sealed_troubles=taken.troubles)
