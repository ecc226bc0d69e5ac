"""Reads everything, checks what one file says against the others, and freezes it into ``Settings``."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from schoolgate.content.judge import Judge, open_judge
from schoolgate.lists.model_file import BadModel
from schoolgate.lists.publishers.copies import Copies
from schoolgate.lists.publishers.remote import Remote
from schoolgate.lists.sealed.taking import FeedState, Taken, take_up, watched
from schoolgate.policy.files import FileRule
from schoolgate.policy.rules import Category, Rule
from schoolgate.policy.snapshot import Snapshot
from schoolgate.settings.alert_checks import check_alerts, without_login
from schoolgate.settings.alert_models import AlertsFile
from schoolgate.settings.away import FILE as DEVICES
from schoolgate.settings.away import AwayDevice, advice_on_devices, read_devices, usable
from schoolgate.settings.blocklists import Blocklists, Compile, compile_lists, content_of, read_blocklists
from schoolgate.settings.calendar_models import CalendarFile
from schoolgate.settings.checks import ConfigFiles, advice, check
from schoolgate.settings.faults import Fault, SettingsError
from schoolgate.settings.folders import Folders
from schoolgate.settings.identity_checks import check_identity
from schoolgate.settings.monitoring import advice_on, check_monitoring, purposes_of
from schoolgate.settings.monitoring_models import MonitoringFile
from schoolgate.settings.passing import check_passing, passing_of, read_apps
from schoolgate.settings.people_models import PeopleFile
from schoolgate.settings.persons import check_people, people_of
from schoolgate.settings.report_files import check_entries
from schoolgate.settings.rule_models import FileEntry, RuleEntry, RulesFile
from schoolgate.settings.school_models import SchoolFile
from schoolgate.settings.sealed import SEALED_CATEGORY, sealed_key
from schoolgate.settings.sign_on_checks import check_sign_on
from schoolgate.settings.topics import read_topics
from schoolgate.settings.year import calendar_of
from schoolgate.settings.year_checks import advice_on_year, check_year

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


def data_folder(folders: Folders, school: SchoolFile) -> Path:
    """``data:`` of school.yaml, relative to the folder above config/."""
    return (folders.root / school.data).resolve()


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
    files = ConfigFiles(folders)
    school, people = files.read("school", SchoolFile), files.read("people", PeopleFile)
    year = files.read("calendar", CalendarFile, optional=True)
    rules, alerts = files.read("rules", RulesFile), files.read("alerts", AlertsFile, optional=True)
    own = Copies(data_folder(folders, school) / "lists") if school else None
    lists = read_blocklists(folders, copies or own)
    files.faults.extend(lists.faults)
    monitoring = files.read("monitoring", MonitoringFile, optional=True)
    topics, apps = read_topics(folders, lists.anyones), read_apps(folders)
    files.faults.extend((*check_people(files, people), *check_year(files, year, people)))
    check(files, school, people, rules, lists)
    files.faults.extend((*check_alerts(files, alerts), *check_sign_on(files, school)))
    files.faults.extend(check_identity(files, school, people))
    if alerts and school:
        files.faults.extend(check_entries(files.documents.get("alerts"), alerts.reports, folders, list(school.roles)))
    files.faults.extend((*apps.faults, *check_passing(files, school)))
    files.faults.extend((*topics.faults, *check_monitoring(files, monitoring, lists, topics)))
    if files.faults or not (school and people and year and rules and alerts and monitoring):
        raise SettingsError(files.faults)
    data = data_folder(folders, school)
    try:
        if index_folder is None:
            data.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = index_folder or data / "index"
        index = lists.open_index(folder, compile_them, anew)
    except OSError as error:
        words = f"{school.data!r}: {UNWRITABLE}: {error.strerror}"
        raise SettingsError([files.fault("school", ("data",), words)]) from None
    taken = take_up(folders.root, data, sealed_key(folders.root, data))
    known = read_devices(data)
    away = usable(known, school.away)
    own_ca = (folders.root / school.upstream_ca,) if school.upstream_ca else ()
    read = (*files.paths, *lists.files, *topics.files, *apps.files, *own_ca, *([data / DEVICES] if known else ()))
    snapshot = Snapshot(
        version=_version([*read, *folders.own_reports()], taken),
        people=people_of(people, away, school.away),
        calendar=calendar_of(school, year, people),
        categories={**lists.categories, SEALED_CATEGORY.id: SEALED_CATEGORY},
        rules=tuple(_rule(rule, lists.categories) for rule in rules.rules),
        lists=lists.open_catalogue(index, judge_names=school.lists.names == "judged"),
        files=tuple(_file_rule(rule, lists.categories) for rule in rules.files),
        purposes=purposes_of(monitoring, school, topics),
        sealed=taken.sealed,
        passing=passing_of(school, apps, lists.words),
    )
    today = datetime.now(school.timezone).date()
    notes = (
        *lists.advice,
        *advice(people, snapshot.calendar.at_work, rules, alerts, school),
        *without_login(school),
        *advice_on_year(year, people, today),
        *advice_on(files, monitoring, school, today),
        *taken.troubles,
        *advice_on_devices(known, people, school.away),
    )
    judge = _judge(lists)
    return Settings(
        snapshot,
        judge,
        school,
        people,
        alerts,
        monitoring,
        folders,
        read,
        index.path,
        lists.remotes,
        notes,
        sealed=taken.states,
        sealed_troubles=taken.troubles,
        away=away,
    )


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
        digest.update(repr((state.name, state.source)).encode())
    for path in paths:
        digest.update(f"{path.name}\0{content_of(path)}".encode())
    return digest.hexdigest()[:12]
