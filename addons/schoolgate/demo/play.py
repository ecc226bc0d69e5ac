"""Puts the demonstration together, plays it, and takes it down so that nothing is left behind."""

import os
import signal
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from http.client import HTTPException
from pathlib import Path

from schoolgate.child import CannotStart
from schoolgate.demo.day import OTHERS, Day, NotAsTold
from schoolgate.demo.device import Device, trusting
from schoolgate.demo.fortnight import DAYS, live_through, school_days
from schoolgate.demo.gateway import Gateway
from schoolgate.demo.guide import Guide, GuideServer
from schoolgate.demo.mail import MailServer
from schoolgate.demo.past import Past
from schoolgate.demo.school import PUPILS, SHOWN, ZONE, Ports, password, write_school
from schoolgate.demo.world import Authority, World
from schoolgate.proxy.certificates import ensure_authority
from schoolgate.settings.folders import find_folders
from schoolgate.settings.load import Settings, load_settings

CONSOLE = 8081
_TABLETS = 8
_QUICK_TABLETS = 2
_PAUSE = 1.5  # seconds between two steps, so that somebody can read along
_TOLD_WITHIN = 60.0  # seconds in which letters of the last step arrive
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Demo:
    """One run: ``play`` it, then leave it standing as long as ``gateway`` lives, then ``close`` it."""

    def __init__(self, port: int | None, keep: Path | None, quick: bool) -> None:
        self._port, self._keep = port, keep
        self._pause, self._tablets = (0.0, _QUICK_TABLETS) if quick else (_PAUSE, _TABLETS)
        self._stack = ExitStack()
        self.passwords = {login: password() for login in SHOWN}

    @property
    def length(self) -> int:
        """How many words ``play`` tells."""
        return 3 + DAYS + self._tablets + OTHERS

    @property
    def keeps(self) -> bool:
        """Whether the folder stays."""
        return self._keep is not None

    def last_words(self) -> str:
        """What the gateway said last."""
        return "\n".join(self.gateway.log.read_text(errors="replace").splitlines()[-5:])

    def play(self) -> Iterator[str]:
        """Words of what is being done, until the console stands open on a school that has had its day.

        Raises CannotStart, NotAsTold, OSError or SettingsError; call ``close`` whatever happens.
        """
        _see_that_loopback_is_wide()
        self.root, self.ports = self._folder(), _ports(self._port)
        yield "A school with its people, its calendar and its rules"
        settings = self._build()
        yield from self._two_weeks(settings)
        yield "The gateway starts"
        yield from self._today(self._open(settings))

    def _build(self) -> Settings:
        """The school's folder, the pretend internet and the pretend mail server."""
        authority = Authority(self.root / "internet")
        self._stack.callback(authority.forget)
        config = write_school(self.root, self.ports, authority.path, self.passwords, datetime.now(ZONE).date())
        self.mail = MailServer(self.ports.mail)
        self._stack.callback(self.mail.stop)
        self.world = World(authority, self.ports.http, self.ports.tls)
        self._stack.callback(self.world.stop)
        return load_settings(find_folders(config))

    def _open(self, settings: Settings) -> Day:
        """The gateway runs, and the guide can be read; returns the day that is to be played."""
        ports, folders = self.ports, settings.folders
        self.certificate = ensure_authority(settings.data, settings.school.name).certificate
        self.gateway = Gateway(folders.config, ports.http, ports.tls, self.root / "gateway.log")
        self._stack.callback(self.gateway.stop)
        self.gateway.wait_until_running()
        assert settings.school.upstream_ca is not None
        sites = (folders.root / settings.school.upstream_ca).read_text()
        trust = trusting(self.certificate.read_text(), sites)

        def device(address: str, login: tuple[str, str] | None = None) -> Device:
            return Device(address, ports.proxy, trust, login)

        day = Day(device, ports.console, self.passwords, folders.local("block"), self._tablets)
        guide = GuideServer(ports.guide, Guide(ports.console, lambda: self.mail.letters, lambda: day.seen))
        self._stack.callback(guide.stop)
        return day

    def _two_weeks(self, settings: Settings) -> Iterator[str]:
        days = school_days(datetime.now(ZONE).date())
        past = Past(settings, self.mail, datetime.fromisoformat(f"{days[0]}T07:00").replace(tzinfo=ZONE))
        try:
            yield from live_through(past, days)
        except BaseException:
            with suppress(Exception):  # what was cut off in the middle may not close cleanly
                past.close()
            raise
        past.close()

    def _today(self, day: Day) -> Iterator[str]:
        before = len(self.mail.letters)
        for words, happens in day.steps():
            yield words
            try:
                happens()
            except (OSError, HTTPException, LookupError) as error:
                raise NotAsTold(f"{words}: {type(error).__name__}: {error}") from error
            time.sleep(self._pause)
        yield "The last letters arrive"
        self._wait_for_letters(before)
        day.tidy_up()

    def _wait_for_letters(self, before: int) -> None:
        """Until the technician, who is told last, has her letter."""
        end = time.monotonic() + _TOLD_WITHIN
        while not any("faults" in each.subject for each in self.mail.letters[before:]):
            if time.monotonic() > end:
                raise NotAsTold("the technician was not told of the faulty list")
            time.sleep(0.1)

    def _folder(self) -> Path:
        if self._keep is not None:
            try:
                self._keep.mkdir(mode=0o700, parents=True, exist_ok=True)
                (self._keep / "gateway.log").touch()
            except OSError as error:
                raise CannotStart(f"--keep {self._keep}: cannot be written: {error.strerror}") from None
            return self._keep.resolve()
        return Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="schoolgate-demo-"))).resolve()

    def close(self) -> None:
        """End every process, close every port, and delete the folder unless it is kept."""
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)  # the end comes to its end
        self._stack.close()


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Whatever asks this process to end does so as Ctrl-C does; what it writes is for its owner only."""

    def stop(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    hung_up = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN  # by nohup: then the terminal's end is none of ours
    before = {number: signal.signal(number, stop) for number in _SIGNALS if not (hung_up and number == signal.SIGHUP)}
    mask = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(mask)
        for number, handler in before.items():
            signal.signal(number, handler)


def _see_that_loopback_is_wide() -> None:
    """Every pretend device has an address of its own. Raises CannotStart where this machine has one only."""
    with socket.socket() as probe:
        try:
            probe.bind((f"{PUPILS}.11", 0))
        except OSError:
            words = "answers at 127.0.0.1 only, and the demo gives each device an address of its own; use Linux"
            raise CannotStart(f"this machine {words}") from None


def _ports(console: int | None) -> Ports:
    """Free ports; the console's is the one that was asked for, or 8081 if that is free. Raises CannotStart."""
    with ExitStack() as held:
        own = held.enter_context(socket.socket())
        own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        for port in (console,) if console is not None else (CONSOLE, 0):
            try:
                own.bind(("127.0.0.1", port))
                break
            except OSError as error:
                if console is not None:
                    raise CannotStart(f"--port {console}: cannot be opened: {error.strerror}; take another") from None
        others = [held.enter_context(socket.socket()) for _ in range(5)]
        for each in others:
            each.bind(("127.0.0.1", 0))
        return Ports(own.getsockname()[1], *(each.getsockname()[1] for each in others))
