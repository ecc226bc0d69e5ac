"""Reads everything, checks what one file says against the others, and freezes it into ``Settings``."""

import hashlib
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from schoolgate.content.judge import Judge, open_judge
from schoolgate.lists.index import Index
from schoolgate.lists.model_file import BadModel
from schoolgate.lists.publishers.copies import Copies
from schoolgate.lists.publishers.remote import Remote
from schoolgate.lists.sealed.taking import FeedState, Taken, take_up, watched
from schoolgate.policy.files import FileRule
from schoolgate.policy.rules import Category, Rule
from schoolgate.policy.snapshot import Snapshot
from schoolgate.settings.alert_checks import without_login
from schoolgate.settings.alert_models import AlertsFile
from schoolgate.settings.away import FILE as DEVICES
from schoolgate.settings.away import AwayDevice, advice_on_devices, read_devices, usable
from schoolgate.settings.blocklists import Blocklists, Compile, compile_lists, content_of, list_files
from schoolgate.settings.checks import advice
from schoolgate.settings.faults import Fault, SettingsError
from schoolgate.settings.folders import Folders
from schoolgate.settings.monitoring import advice_on, purposes_of
from schoolgate.settings.monitoring_models import MonitoringFile
from schoolgate.settings.passing import passing_of
from schoolgate.settings.people_models import PeopleFile
from schoolgate.settings.persons import people_of
from schoolgate.settings.rule_models import FileEntry, RuleEntry
from schoolgate.settings.school_models import SchoolFile
from schoolgate.settings.sealed import SEALED_CATEGORY, sealed_key
from schoolgate.settings.written import Written, data_folder, read_written
from schoolgate.settings.year import calendar_of
from schoolgate.settings.year_checks import advice_on_year

UNWRITABLE = "the data folder cannot be written"
_TRIES = 3  # at files that are being saved


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


_Read = tuple[Written, Taken, tuple[Path, ...], str]


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
    compile_them: Compile = compile_lists,
    anew: bool = False,
    copies: Copies | None = None,
) -> Settings:
    """Read, check and compile everything. ``index_folder`` overrides ``data:`` for the index.

    ``copies`` are downloaded lists to use in place of those below ``data:``.

    Lists are compiled only where they have changed, or with ``anew`` in any case.

    Raises SettingsError with every fault of every file; nothing is half-used.
    """
    written, taken, read, version = _read_at_rest(folders, copies)
    index = _index_of(written, index_folder, compile_them, anew)
    known = read_devices(written.data)
    away = usable(known, written.school.away)
    snapshot = _snapshot_of(written, index, taken, away, version)
    return Settings(
        snapshot,
        _judge(written.lists),
        written.school,
        written.people,
        written.alerts,
        written.monitoring,
        folders,
        read,
        index.path,
        written.lists.remotes,
        (
            *_advice_on(written, snapshot),
            *taken.troubles,
            *advice_on_devices(known, written.people, written.school.away),
        ),
        sealed=taken.states,
        sealed_troubles=taken.troubles,
        away=away,
    )


def _read_at_rest(folders: Folders, copies: Copies | None) -> _Read:
    """All files, and the version that says what was read of them: not what was saved while lists were compiled.

    Were it of newer files than the rules are, these would never come into force, as their version is in force already.
    """
    for _ in range(_TRIES):
        began = time.time_ns()
        written = read_written(folders, copies)
        taken = take_up(folders.root, written.data, sealed_key(folders.root, written.data))
        devices = written.data / DEVICES
        read = (*written.paths, *([devices] if devices.is_file() else ()))
        paths = [*read, *folders.own_reports()]
        version = _version(paths, taken)
        if all(file.stat().st_ctime_ns <= began for path in paths for file in list_files(path)):
            break
    return written, taken, read, version


def with_feeds(settings: Settings) -> Settings:
    """The same settings with the feeds of illegal material as they lie now: these wait for no correction of a file."""
    taken = take_up(settings.folders.root, settings.data, sealed_key(settings.folders.root, settings.data))
    if (taken.states, taken.troubles) == (settings.sealed, settings.sealed_troubles):
        return settings
    told = f"{settings.snapshot.version}{taken.states}{taken.troubles}"
    version = hashlib.sha256(told.encode()).hexdigest()[:12]
    snapshot = replace(settings.snapshot, sealed=taken.sealed, version=version)
    return replace(settings, snapshot=snapshot, sealed=taken.states, sealed_troubles=taken.troubles)


def _index_of(written: Written, index_folder: Path | None, compile_them: Compile, anew: bool) -> Index:
    """The compiled lists. Raises SettingsError where the data folder cannot be written."""
    data = written.data
    try:
        if index_folder is None:
            data.mkdir(mode=0o700, parents=True, exist_ok=True)
        return written.lists.open_index(index_folder or data / "index", compile_them, anew)
    except OSError as error:
        words = f"{written.school.data!r}: {UNWRITABLE}: {error.strerror}"
        raise SettingsError([written.files.fault("school", ("data",), words)]) from None


def _snapshot_of(written: Written, index: Index, taken: Taken, away: tuple[AwayDevice, ...], version: str) -> Snapshot:
    school, lists = written.school, written.lists
    return Snapshot(
        version=version,
        people=people_of(written.people, away, school.away),
        calendar=calendar_of(school, written.year, written.people),
        categories={**lists.categories, SEALED_CATEGORY.id: SEALED_CATEGORY},
        rules=tuple(_rule(rule, lists.categories) for rule in written.rules.rules),
        lists=lists.open_catalogue(index, judge_names=school.lists.names == "judged"),
        files=tuple(_file_rule(rule, lists.categories) for rule in written.rules.files),
        purposes=purposes_of(written.monitoring, school, written.topics),
        sealed=taken.sealed,
        passing=passing_of(school, written.apps, lists.words),
    )


def _advice_on(written: Written, snapshot: Snapshot) -> Iterator[str]:
    """What is no fault, but not what the school would want either."""
    school, people = written.school, written.people
    today = datetime.now(school.timezone).date()
    yield from written.lists.advice
    yield from advice(people, snapshot.calendar.at_work, written.rules, written.alerts, school)
    yield from without_login(school)
    yield from advice_on_year(written.year, people, today)
    yield from advice_on(written.files, written.monitoring, school, today)


def _rule(rule: RuleEntry, categories: Mapping[str, Category]) -> Rule:
    """A rule that names a category reaches the narrower ones that are part of it, too."""
    reached, subjects = _reached(rule.categories, categories), frozenset(rule.applies_to)
    return Rule(
        rule.id, frozenset(rule.groups), reached, rule.when, rule.action, rule.alert, rule.why, rule.basis, subjects
    )


def _file_rule(rule: FileEntry, categories: Mapping[str, Category]) -> FileRule:
    return FileRule(
        id=rule.id,
        groups=frozenset(rule.groups),
        direction=rule.direction,
        action=rule.action,
        why=rule.why,
        extensions=frozenset(rule.extensions),
        types=tuple(rule.types),
        larger_than=rule.larger_than,
        categories=frozenset(_reached(rule.categories, categories)),
        alert=rule.alert,
        basis=rule.basis,
    )


def _reached(named: Iterable[str], categories: Mapping[str, Category]) -> tuple[str, ...]:
    """The categories that are named, and those that are part of one of them."""
    wide = tuple(named)
    return tuple(dict.fromkeys((*wide, *(each.id for each in categories.values() if each.part_of in wide))))


def _judge(lists: Blocklists) -> Judge:
    """Raises SettingsError when the shipped model is damaged."""
    try:
        return open_judge(lists.phrases, lists.searches)
    except BadModel as error:
        raise SettingsError([Fault("text.model", 0, str(error))]) from None


def _version(paths: list[Path], taken: Taken) -> str:
    digest = hashlib.sha256(repr(taken.troubles).encode() if taken.troubles else b"")
    for state in taken.states:
        brought = state.dated.date()  # the same list that is brought again each day is told as fresh
        digest.update(repr((state.name, state.source, brought)).encode())
    for path in paths:
        digest.update(f"{path.name}\0{content_of(path)}".encode())
    return digest.hexdigest()[:12]
