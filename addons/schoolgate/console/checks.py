"""What is looked at to tell whether the gateway is well, each with what to do where it is not."""

import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from cryptography import x509

from schoolgate.console.desk import Desk
from schoolgate.console.pages import number
from schoolgate.console.settings_view import complaint_of, files_of
from schoolgate.doctor.history import last
from schoolgate.lists.publishers.copies import ago
from schoolgate.lists.sealed.compliance import KEEP, is_old, not_compliant, told
from schoolgate.reporting.coverage import coverage_of
from schoolgate.reporting.health import STALE
from schoolgate.settings.load import Settings
from schoolgate.store.event import stamp
from schoolgate.store.figures import store_figures
from schoolgate.store.journal import abandoned, segments
from schoolgate.store.mails import waiting_mails
from schoolgate.store.pack import last_seal
from schoolgate.store.passes import Passes
from schoolgate.store.record import RecordReader
from schoolgate.store.verified import last_verified

_LAG = timedelta(seconds=30)
_VERIFY_EVERY = timedelta(days=31)
_CA_SOON = timedelta(days=60)
_ROOM, _NO_ROOM = 5 * 1024**3, 1024**3  # bytes
_CLOCK = "select at, why from faults where rule = 'clock' and at >= :since order by at desc limit 1"
_OLDEST = "select min(at) as at from waiting"
_WRITER = re.compile(r"([a-z]+)\d*-\d+-")
ILLEGAL = "Illegal content"
"""The name of the check that only a school with licensed feeds can pass."""
_DOCTOR = "Do what each line says; then run schoolgate doctor (docs/doctor.md)."
_CERTIFICATE = "schoolgate-ca.crt"


class State(StrEnum):
    """How it stands."""

    GOOD = "good"
    LOOK = "look"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing about the gateway: ``words`` say how it is, ``advice`` what to do where it is not good."""

    name: str
    state: State
    words: str
    advice: str = ""


def checks(desk: Desk) -> list[Check]:
    """All checks, in the order of the road of a request."""
    settings, now = desk.settings, desk.now()
    with desk.reading() as reader:
        return [
            *_processes(settings),
            _recorder(settings, reader, now),
            _mails(settings, now),
            *_lists(settings, now),
            *_illegal(settings, now),
            _passes(settings, now),
            _coverage(settings, reader, now),
            _probes(settings, reader, now),
            _authority(settings, now),
            _disk(settings),
            _clock(reader, now),
            _chain(settings, reader, now),
            _settings(settings, reader),
        ]


def _processes(settings: Settings) -> Iterator[Check]:
    """Whoever runs holds the lock of a journal of its own."""
    alive: list[str] = []
    for path in segments(settings.data):
        with suppress(FileNotFoundError):
            name = _WRITER.match(path.name)
            if name and not abandoned(path):
                alive.append(name[1])
    workers = alive.count("worker")
    if workers:
        yield Check("Filter", State.GOOD, f"{number(workers, 'worker filters', 'workers filter')} the web.")
    else:
        yield Check("Filter", State.BAD, "No worker is running: nothing passes.", "Start it: schoolgate run.")
    if "office" in alive:
        yield Check("Office", State.GOOD, "It is running: alerts and reports go out.")
    else:
        yield Check("Office", State.BAD, "It is not running: no alert goes out.", "Start it: schoolgate run.")


def _recorder(settings: Settings, reader: RecordReader, now: datetime) -> Check:
    figures, oldest = store_figures(settings.data), next(reader.query(_OLDEST))["at"]
    lag = now - datetime.fromisoformat(oldest) if oldest else timedelta()
    waits = f"{number(figures.queue_entries, 'entry waits', 'entries wait')} to be put on record"
    if figures.damaged:
        words = f"{number(figures.damaged, 'line', 'lines')} of the journals could not be read. {waits.capitalize()}."
        return Check("Recorder", State.LOOK, words, "See the faults in the event log.")
    if lag > _LAG:
        words = f"{waits}, the oldest since {ago(lag)}.".capitalize()
        return Check("Recorder", State.BAD, words, "Is the disk full, or was the recorder killed? See the faults.")
    return Check("Recorder", State.GOOD, f"{waits}." if figures.queue_entries else "All that happened is on record.")


def _mails(settings: Settings, now: datetime) -> Check:
    try:
        waiting = waiting_mails(settings.data)
    except sqlite3.Error as error:
        words = f"The office's file cannot be read: {error}."
        return Check("Messages", State.BAD, words, "Restore it, or move it away.")
    failing = [row for row in waiting if row["attempts"]]
    if not failing:
        return Check("Messages", State.GOOD, f"{number(len(waiting), 'message waits', 'messages wait')} to be sent.")
    since = ago(now - datetime.fromtimestamp(failing[0]["created"], UTC))
    words = f"{number(len(failing), 'message', 'messages')} could not be sent yet, the oldest was written {since}"
    last = next((str(row["error"]) for row in reversed(failing) if row["error"]), "")
    advice = "They are tried again by themselves. Is the mail server of school.yaml right, and running?"
    return Check("Messages", State.BAD, f"{words}{f': {last}' if last else ''}.", advice)


def _lists(settings: Settings, now: datetime) -> Iterator[Check]:
    copies = {remote.name: settings.copies.get(remote.name) for remote in settings.remotes}
    missing = sorted(name for name, copy in copies.items() if copy is None)
    old = sorted(name for name, copy in copies.items() if copy and now - copy.checked > STALE)
    held = sorted(name for name, copy in copies.items() if copy and copy.held)
    if missing:
        words = f"{number(len(missing), 'list was', 'lists were')} never downloaded: {', '.join(missing)}."
        yield Check("Lists", State.LOOK, words, "Run schoolgate lists update, or wait for the night.")
    if old:
        words = f"{number(len(old), 'list', 'lists')} was not confirmed by its publisher for days: {', '.join(old)}."
        yield Check("Lists", State.LOOK, words, "Run schoolgate lists update and read what it says.")
    if held:
        words = f"A new copy is held back, as it looks odd: {', '.join(held)}."
        yield Check("Lists", State.LOOK, words, "Look at it, then take it: schoolgate lists update --accept NAME.")
    if not (missing or old or held):
        kept = f"{number(len(copies), 'list is', 'lists are')} kept fresh from their publishers."
        yield Check("Lists", State.GOOD, kept if copies else "No list is downloaded.")


def _illegal(settings: Settings, now: datetime) -> Iterator[Check]:
    """The feeds of illegal material: a check for each that is in force, and one for all that are missing."""
    for state in settings.sealed:
        is_well = not state.trouble and not is_old(state, now)
        advice = "" if is_well else "Ask its provider for a sound copy; it is taken up by itself (docs/sealed.md)."
        yield Check(ILLEGAL, State.GOOD if is_well else State.BAD, f"{told(state, now)}.", advice)
    if lacking := not_compliant(settings.sealed):
        yield Check(ILLEGAL, State.BAD, lacking, KEEP)


def _coverage(settings: Settings, reader: RecordReader, now: datetime) -> Check:
    """How much of each group's traffic was seen in the last week."""
    rows = coverage_of(reader, stamp(now - timedelta(days=7)), stamp(now + timedelta(hours=1)), settings)
    shown = [row for row in rows if row.total]
    told_of = ". ".join(row.in_words() for row in shown)
    words = f"In the last week. {told_of}." if shown else "No connection was counted."
    if bad := [row.title for row in rows if row.breaks_off]:
        advice = f"See that these devices trust the school's certificate: {', '.join(bad)}."
        return Check("Coverage", State.LOOK, words, advice)
    return Check("Coverage", State.GOOD, words)


def _passes(settings: Settings, now: datetime) -> Check:
    """What stays closed because apps break otherwise, and devices that lack the school's certificate."""
    name, list_them = "Pass-through", "List them: schoolgate passes (docs/pass-through.md)."
    try:
        known = Passes(settings.data).now()
    except (OSError, ValueError) as error:
        words = f"Nothing learned is passed through: {error}."
        return Check(name, State.BAD, words, "Delete the file; it is made anew.")
    passed = sum(each.holds(now) for each in known.passes.values())
    words = f"{number(passed, 'site was', 'sites were')} learned from apps that accept no other certificate"
    week = now - timedelta(days=7)
    lacking = sum(datetime.fromisoformat(each.at) > week for each in known.untrusting.values())
    held = sum(datetime.fromisoformat(each.at) > week for each in known.stopped.values())
    if lacking:
        words = f"{words}. {number(lacking, 'device does', 'devices do')} not trust the school's certificate"
        return Check(name, State.LOOK, f"{words}.", f"Install it there. {list_them}")
    if held:
        words = f"{words}, {number(held, 'was', 'were')} held back in the last week"
        return Check(name, State.LOOK, f"{words}.", list_them)
    return Check(name, State.GOOD, f"{words}.")


def _probes(settings: Settings, reader: RecordReader, now: datetime) -> Check:
    """What the gateway found when it last used itself as a device of each group."""
    examined = last(reader)
    if examined is None:
        return Check("Probes", State.LOOK, "The gateway has not examined itself yet.", "Run schoolgate doctor.")
    age = now - examined.at
    words = f"{number(examined.good, 'probe was', 'probes were')} ok {ago(age)}"
    if examined.lines:
        return Check("Probes", State.BAD, f"{words}, {examined.wrong} not. {' '.join(examined.lines)}", _DOCTOR)
    every = settings.school.doctor.every
    if every is not None and age > 3 * every:
        return Check("Probes", State.LOOK, f"{words}, and none was made since.", "Run schoolgate doctor.")
    return Check("Probes", State.GOOD, f"{words}, none was wrong.")


def _authority(settings: Settings, now: datetime) -> Check:
    try:
        until = x509.load_pem_x509_certificate((settings.data / _CERTIFICATE).read_bytes()).not_valid_after_utc
    except (OSError, ValueError):
        words = f"{_CERTIFICATE} cannot be read."
        return Check("Certificate", State.BAD, words, "It is made anew at the next start: schoolgate run.")
    day = f"{until.astimezone(settings.school.timezone):%d %B %Y}".lstrip("0")
    if until < now:
        words = f"It ended on {day}: pages over https fail."
        return Check("Certificate", State.BAD, words, "Make a new one and install it on the devices.")
    if until - now < _CA_SOON:
        return Check("Certificate", State.LOOK, f"It is good until {day}.", "Plan to install a new one on the devices.")
    return Check("Certificate", State.GOOD, f"It is good until {day}.")


def _disk(settings: Settings) -> Check:
    free = _free(settings.data)
    words = f"{free / 1024**3:,.1f} GB are free where the record is kept."
    if free < _ROOM:
        state = State.BAD if free < _NO_ROOM else State.LOOK
        return Check("Disk", state, words, "Make room: without it nothing is recorded.")
    return Check("Disk", State.GOOD, words)


def _free(path: Path) -> int:
    return shutil.disk_usage(path).free


def _clock(reader: RecordReader, now: datetime) -> Check:
    since = (now - timedelta(days=7)).astimezone(UTC).isoformat()
    turned = next(reader.query(_CLOCK, {"since": since}), None)
    if turned is not None:
        return Check("Clock", State.LOOK, str(turned["why"]), "Is the machine's time kept by NTP?")
    return Check("Clock", State.GOOD, f"It says {now.astimezone(UTC):%H:%M} UTC, and was not turned in the last week.")


def _chain(settings: Settings, reader: RecordReader, now: datetime) -> Check:
    seal, done = last_seal(reader), last_verified(settings.data)
    sealed = f" Last seal: {_wall(settings, seal.sealed_at)}, batch {seal.number}." if seal else " Nothing is sealed."
    if done is None:
        return Check("Record", State.LOOK, f"Nobody has checked it yet.{sealed}", "Run schoolgate verify.")
    age = now - datetime.fromisoformat(done.at)
    if not done.is_whole:
        words = f"It was NOT whole when it was checked {ago(age)}: {done.words}"
        return Check("Record", State.BAD, words, "Run schoolgate verify, and find out who did it.")
    words = f"It was whole and unaltered when it was checked {ago(age)}.{sealed}"
    if age > _VERIFY_EVERY:
        return Check("Record", State.LOOK, words, "Check it once a month: schoolgate verify.")
    return Check("Record", State.GOOD, words)


def _wall(settings: Settings, at: str) -> str:
    return f"{datetime.fromisoformat(at).astimezone(settings.school.timezone):%d %B %Y at %H:%M}".lstrip("0")


def _settings(settings: Settings, reader: RecordReader) -> Check:
    words, complaint = f"Version {settings.snapshot.version} is in force.", complaint_of(reader, files_of(settings))
    if complaint is not None and not complaint.saved:
        faults = number(len(complaint.places), "fault")
        return Check("Settings", State.BAD, f"{words} The last edit has {faults}, so it is not.", "See the settings.")
    if settings.advice:
        return Check("Settings", State.LOOK, f"{words} {' '.join(settings.advice)}", "See the settings.")
    return Check("Settings", State.GOOD, words)
