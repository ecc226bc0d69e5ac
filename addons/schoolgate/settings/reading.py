"""Reads everything, checks what one file says against the others, and freezes it into ``Settings``."""

import hashlib
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

from schoolgate.content.judge import Judge, open_judge
from schoolgate.lists.index import Index
from schoolgate.lists.model_file import BadModel
from schoolgate.lists.publishers.copies import Copies
from schoolgate.lists.sealed.taking import Taken, take_up
from schoolgate.policy.files import FileRule
from schoolgate.policy.identity import Group
from schoolgate.policy.rules import Category, Rule
from schoolgate.policy.snapshot import Snapshot
from schoolgate.settings.alert_checks import without_login
from schoolgate.settings.away import FILE as DEVICES
from schoolgate.settings.away import AwayDevice, advice_on_devices, read_devices, usable
from schoolgate.settings.blocklists import Blocklists, Compile, compile_lists, content_of, list_files
from schoolgate.settings.checks import advice
from schoolgate.settings.faults import Fault, SettingsError
from schoolgate.settings.folders import Folders
from schoolgate.settings.load import UNWRITABLE, Settings
from schoolgate.settings.monitoring import advice_on, purposes_of
from schoolgate.settings.passing import passing_of
from schoolgate.settings.persons import people_of
from schoolgate.settings.rule_models import FileEntry, RuleEntry
from schoolgate.settings.sealed import SEALED_CATEGORY, sealed_key
from schoolgate.settings.written import Written, read_written
from schoolgate.settings.year import calendar_of
from schoolgate.settings.year_checks import advice_on_year

_TRIES = 3  # at files that are being saved
_Read = tuple[Written, Taken, tuple[Path, ...], str]


def load(
    folders: Folders,
    index_folder: Path | None = None,
    compile_them: Compile | None = None,
    anew: bool = False,
    copies: Copies | None = None,
) -> Settings:
    """Read, check and compile everything. ``index_folder`` overrides ``data:`` for the index.

    ``copies`` are downloaded lists to use in place of those below ``data:``.

    Lists are compiled only where they have changed, or with ``anew`` in any case.

    Raises SettingsError with every fault of every file; nothing is half-used.
    """
    written, taken, read, version = _read_at_rest(folders, copies)
    index = _index_of(written, index_folder, compile_them or compile_lists, anew)
    known = read_devices(written.data)
    away = usable(known, written.school.away)
    snapshot = _snapshot_of(written, index, taken, away, version)
    return Settings(
        snapshot,
        _judge(written.lists, snapshot.people.groups),
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


def _judge(lists: Blocklists, groups: Iterable[Group]) -> Judge:
    """Raises SettingsError when the shipped model is damaged."""
    least = min((group.text_limit for group in groups if group.text_limit is not None), default=0.0)
    try:
        return open_judge(lists.phrases, lists.searches, least)
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
