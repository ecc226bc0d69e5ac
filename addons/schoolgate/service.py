"""``schoolgate run``: settings first, then ports; the recorder, the office, the workers and the console as children.

The supervisor holds no connection and judges nothing. It reads the settings, hands each child one frozen version of
them, starts again what dies, takes up edits that are sound, and reports edits that are not.
"""

import logging
import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from schoolgate.child import STOP, CannotStart, Child, Late, leave_the_script
from schoolgate.crew import REPLACED, Crew, Roll
from schoolgate.free_addresses import try_addresses
from schoolgate.lists.index import BadIndex, Index
from schoolgate.lists.index_watch import IndexWatch
from schoolgate.lists.model_file import put_away
from schoolgate.lock import Lock, lock
from schoolgate.memory import be_lean, give_back
from schoolgate.reporting.report import try_reports
from schoolgate.sealed_upkeep import SealedUpkeep
from schoolgate.settings.compiling import COMPILING, compile_lists_apart
from schoolgate.settings.faults import Fault, SettingsError
from schoolgate.settings.folders import Folders
from schoolgate.settings.load import Settings, load_settings, watched_files, with_feeds
from schoolgate.settings.parcel import Parcel
from schoolgate.settings.school_models import ListenOn
from schoolgate.setup_code import forget, is_needed, issue
from schoolgate.store.event import fault_event
from schoolgate.store.journal import Journal
from schoolgate.store.pseudonym import open_pseudonyms
from schoolgate.upkeep import LOOK_EVERY, Upkeep
from schoolgate.watchdog import Watchdog
from schoolgate.welcome import welcome

if TYPE_CHECKING:
    from schoolgate.proxy.doors import Doors

log = logging.getLogger("schoolgate")

_ROUND = 0.1  # seconds
_WATCH_EVERY = 1.0  # seconds
_STOP_WITHIN = 8.0  # seconds, after which what still runs is killed
_ORPHANS_END_WITHIN = 7.0  # seconds: a worker without supervisor drains, then ends
_YOUNG = 5.0  # seconds; a child that keeps dying younger than that is started again after a pause
WORKER = Late("schoolgate.proxy.worker", "run_worker")
RECORDER = Late("schoolgate.recorder", "run_recorder")
OFFICE = Late("schoolgate.office", "run_office")
WHEREABOUTS = Late("schoolgate.whereabouts.watcher", "run_whereabouts")
CONSOLE = Late("schoolgate.console.process", "run_console")
Say = Callable[[str], None]


@dataclass(slots=True)
class Supervisor:
    """Keeps a gateway running. ``worker`` is the main function of its workers: production's, but for the demo."""

    folders: Folders
    workers: int
    say: Say
    worker: Callable[..., None] | None = None
    stopping: bool = False
    _restarts: int = 0  # that were asked for and not begun yet
    _begun: int = 0  # that were asked for before
    _crew: Crew = field(init=False)
    _others: list[Child] = field(default_factory=list[Child])
    _reported: str = ""
    _faulty_reports: str = ""
    _reported_reports: str = ""
    _upkeep: Upkeep = field(default_factory=Upkeep)
    _sealed: SealedUpkeep = field(default_factory=SealedUpkeep)
    _watchdog: Watchdog = field(default_factory=Watchdog)
    _index: IndexWatch = field(default_factory=IndexWatch)

    def run(self) -> None:
        """Run until SIGTERM or Ctrl-C. Raises SettingsError or CannotStart before any port is open."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        signal.signal(signal.SIGHUP, self._restart)
        os.umask(0o077)  # all that the gateway writes is for its owner only
        leave_the_script()
        be_lean()
        began = time.time_ns()
        settings = self._read()
        # what was saved while it was being read may not have been read: it is looked at again
        stamps = {path: of for path, of in watched_files(self.folders, settings).items() if of[0] < began}
        data = settings.data
        with lock(data) as held:
            try_addresses(settings.school.listen, _ORPHANS_END_WITHIN if held.died else 0.0)
            from schoolgate.proxy.certificates import ensure_authority
            from schoolgate.proxy.doors import open_doors
            from schoolgate.proxy.metrics import prepare_metrics, remove_metrics, serve_metrics, worker_ended

            _try_codes(data)
            authority = ensure_authority(data, settings.school.name)
            prepare_metrics(data)
            journal = Journal(data, "supervisor")
            work, doors = self.worker or WORKER, self._open(open_doors, settings)
            self._crew = Crew(
                self.workers,
                lambda number: Child(f"worker {number}" if number else "spare", work, (number, doors)),
                worker_ended,
            )
            self._others = [Child("recorder", RECORDER, ()), Child("office", OFFICE, ())]
            if _is_watched(settings):
                self._others.append(Child("whereabouts", WHEREABOUTS, ()))
            if settings.school.listen.console:
                self._others.append(Child("console", CONSOLE, ()))
            self._crew.others = self._others
            try:
                for child in self._children:
                    child.start(Parcel(settings))
                for child in self._children:
                    child.wait_until_ready()
                if settings.school.listen.metrics:
                    serve_metrics(settings.school.listen.metrics, data)
                self.say(welcome(settings, authority.certificate, authority.fingerprint, _first_login(settings)))
                self._watchdog.ready(f"filtering for {settings.school.name}")
                self._tell_of_reports(settings, journal)
                self._watch(settings, stamps, journal, held)
            except OSError as error:
                raise CannotStart(str(error)) from error
            finally:
                self._watchdog.stopping()
                self._end(journal)
                remove_metrics()

    @property
    def _children(self) -> list[Child]:
        """Those that are to run as long as the gateway does."""
        return [*self._others, *self._crew.places]

    def _open(self, opening: "Callable[[ListenOn, int], Doors]", settings: Settings) -> "Doors":
        try:
            return opening(settings.school.listen, self.workers)
        except OSError as error:
            raise CannotStart(f"config/school.yaml: listen: {error.strerror}") from None

    def _watch(self, settings: Settings, stamps: dict[Path, tuple[int, int]], journal: Journal, held: Lock) -> None:
        """Restart what dies and take up sound edits until told to stop; ``stamps`` are of the files that were read."""
        changing = stamps
        next_look = 0.0
        thread = ThreadPoolExecutor(1, "settings")
        reading: Future[Settings] | None = None
        try:
            while not self.stopping:
                time.sleep(_ROUND)
                now = time.monotonic()
                self._watchdog.alive()
                self._keep_lists_fresh(settings, journal)
                self._look_after_sealed(settings, journal)
                if self._index.is_damaged(settings.index, now):
                    self._end_with_index(settings, journal)
                for child in self._children:
                    self._revive(child, settings, journal, now)
                self._see_to_crew(settings, journal, held)
                if reading is not None and reading.done():
                    settings, reading = self._take_up(reading, settings, journal), None
                    self._tell_of_reports(settings, journal)
                if reading is None and now >= next_look:
                    next_look = now + _WATCH_EVERY
                    before, changing = changing, watched_files(self.folders, settings)
                    saved = changing != stamps and changing == before  # a file still being written is left alone
                    if saved or not settings.index.is_file():
                        stamps = changing
                        reading = thread.submit(self._read)
        finally:
            self._upkeep.stop()
            self._sealed.stop()
            for process in multiprocessing.active_children():
                if process.name == COMPILING:
                    process.kill()
            thread.shutdown(wait=False, cancel_futures=True)  # stopping waits for no list to be compiled

    def _see_to_crew(self, settings: Settings, journal: Journal, held: Lock) -> None:
        before = self._crew.roll
        if self._restarts and before is not Roll.UNDER_WAY:
            self._restarts, self._begun = 0, self._begun + 1
            self._crew.restart()
            held.note(self._crew.roll.value, self._begun)
            self.say("Every process of the gateway is replaced, one after the other.")
        self._crew.round(Parcel(settings))
        words, self._crew.told = self._crew.told, ""
        if words:
            self.say(words)
        if words not in ("", REPLACED):
            _report(journal, "workers", words, settings)
        if self._crew.roll is not before:
            held.note(self._crew.roll.value, self._begun)

    def _read(self) -> Settings:
        """The settings as they are now. A report that cannot be made is told of, but is no reason not to filter."""
        settings = read_settings(self.folders)
        try:
            try_reports(settings)
            self._faulty_reports = ""
        except SettingsError as error:
            self._faulty_reports = str(error)
        put_away()  # nothing is judged here
        give_back()
        return settings

    def _tell_of_reports(self, settings: Settings, journal: Journal) -> None:
        if self._faulty_reports and self._faulty_reports != self._reported_reports:
            words = f"Some reports cannot be made until they are corrected:\n{self._faulty_reports}"
            self.say(words)
            _report(journal, "reports", words, settings)
        self._reported_reports = self._faulty_reports

    def _keep_lists_fresh(self, settings: Settings, journal: Journal) -> None:
        now = datetime.now(UTC)
        try:
            told = self._upkeep.round(settings, now)
        except Exception as error:  # old lists are no reason to stop filtering
            log.exception("The lists could not be looked after")
            told = [f"The lists could not be looked after: {type(error).__name__}: {error}"]
            self._upkeep.stop()
            self._upkeep = Upkeep(_next_look=now + LOOK_EVERY)
        for words in told:
            self.say(words)
            _report(journal, "lists", words, settings)

    def _look_after_sealed(self, settings: Settings, journal: Journal) -> None:
        """The feeds of illegal material; whatever is wrong with them, what is in force stays so."""
        try:
            told = self._sealed.round(settings, datetime.now(UTC))
        except Exception as error:
            log.error("The feeds of illegal material could not be looked after: %s", type(error).__name__)
            return
        for words in told:
            self.say(words)
            _report(journal, "sealed", words, settings)

    def _take_up(self, reading: Future[Settings], old: Settings, journal: Journal) -> Settings:
        """Hand new settings to every child; faulty ones change nothing and are reported once."""
        try:
            new = reading.result()
            if new.school.listen != old.school.listen or new.data != old.data:
                words = "listen: and data: are taken up at the next start only; the rest waits with them"
                raise SettingsError([Fault("config/school.yaml", 0, words)])
            if _is_watched(new) and not _is_watched(old):
                words = "identity: where there was none is taken up at the next start only; the rest waits with it"
                raise SettingsError([Fault("config/school.yaml", 0, words)])
        except SettingsError as error:
            if str(error) != self._reported:
                self._reported = str(error)
                self.say(f"The edited settings have faults, the old ones stay in force:\n{error}")
                _report(journal, "settings", str(error), old)
            return self._hand_out(with_feeds(old), old)
        except Exception as error:  # whatever it is, the gateway goes on
            log.exception("The settings could not be read")
            _report(journal, "settings", f"The settings could not be read: {type(error).__name__}: {error}", old)
            return old
        self._reported = ""
        return self._hand_out(new, old)

    def _hand_out(self, new: Settings, old: Settings) -> Settings:
        if new.snapshot.version == old.snapshot.version:
            return old
        for child in (*self._others, *self._crew.everybody()):
            child.tell(Parcel(new))
        self.say(f"New settings are in force (version {new.snapshot.version}).")
        return new

    def _end_with_index(self, settings: Settings, journal: Journal) -> None:
        """Workers that look into a damaged index could let anything pass; new ones begin when it is made again."""
        settings.index.unlink(missing_ok=True)
        for child in self._crew.everybody():
            if child.process is not None:
                child.process.kill()
        words = "The list index was altered or damaged on disk. Nobody is let through until it has been made again."
        self.say(words)
        _report(journal, "index", words, settings)

    def _revive(self, child: Child, settings: Settings, journal: Journal, now: float) -> None:
        """Start a dead child again: at once, but with growing pauses if it keeps dying young."""
        if child.alive or self.stopping:
            return
        if child.start_at is None:  # its end was not noticed before
            code = child.process.exitcode if child.process else None
            child.early_deaths = child.early_deaths + 1 if now - child.started < _YOUNG else 0
            if child.process is not None and child.process.pid is not None:
                self._crew.ended(child.process.pid)
            child.start_at = now + child.pause()
            words = (
                f"{child.name} ended by itself (exit code {code}) and is started again. {child.last_words()}".strip()
            )
            self.say(words)
            _report(journal, child.name.replace(" ", "-"), words, settings)
        if now >= child.start_at and _is_whole(settings.index) and not self._crew.revive(child):
            child.start(Parcel(settings))

    def _stop(self, number: int, frame: object) -> None:
        self.stopping = True

    def _restart(self, number: int, frame: object) -> None:
        self._restarts += 1

    def _end(self, journal: Journal) -> None:
        """Workers first, so that the recorder carries over their last words; then the office."""
        end = time.monotonic() + _STOP_WITHIN
        recorder = [child for child in self._others if child.name == "recorder"]
        others = [*self._crew.everybody(), *(child for child in self._others if child not in recorder)]
        for children in (others, recorder):
            if children is recorder:
                journal.close()
            for child in children:
                child.tell(STOP)
            for child in children:
                if child.process is not None:
                    child.process.join(max(0.1, end - time.monotonic()))
                    if child.process.is_alive():
                        child.process.kill()
                        child.process.join(1)


def read_all(folders: Folders) -> Settings:
    """Read the settings, and try the pages and reports that they bring. Raises SettingsError, and nothing else."""
    settings = read_settings(folders)
    try_reports(settings)
    return settings


def read_settings(folders: Folders) -> Settings:
    """Read the settings, and try the pages that people see. Raises SettingsError, and nothing else.

    Lists are compiled in a process of its own, so that this one stays small and quick.
    """
    from schoolgate.proxy.pages import open_pages

    try:
        settings = load_settings(folders, compile_them=compile_lists_apart)
    except OSError as error:
        raise SettingsError([Fault(str(error.filename), 0, f"cannot be read: {error.strerror}")]) from None
    open_pages(settings)
    return settings


def _is_watched(settings: Settings) -> bool:
    """Whether there is work for the process that watches who is where on the network."""
    identity = settings.school.identity
    return identity.watches or identity.login_page is not None


def _try_codes(data: Path) -> None:
    """See that people's codes can be made as before. Raises CannotStart."""
    try:
        open_pseudonyms(data)
    except OSError as error:
        raise CannotStart(f"{error.filename}: {error.strerror}") from error


def _first_login(settings: Settings) -> str:
    """The code that sets up the console's first login, "" where a role has one or there is no console."""
    try:
        if settings.school.listen.console is not None and is_needed(settings):
            return issue(settings.data, datetime.now(UTC)).letters
        forget(settings.data)
    except (OSError, ValueError) as error:
        log.error("The code for the first login cannot be made: %s", error)
    return ""


def _is_whole(index: Path) -> bool:
    """Whether a child can open the list index; a damaged one is taken away, and the next look makes it again."""
    try:
        Index(index)
    except BadIndex:
        index.unlink(missing_ok=True)
        return False
    return True


def _report(journal: Journal, where: str, words: str, settings: Settings) -> None:
    event = fault_event(datetime.now(UTC), where, words, settings.snapshot.version)
    try:
        journal.append({"t": "event", **event.row()})
    except OSError as error:
        log.error("A fault could not be recorded: %s", error)
