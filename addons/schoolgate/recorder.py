"""The recorder: the process that carries what the others wrote into the record, seals it and deletes what is due."""

import logging
from datetime import timedelta
from importlib.metadata import version
from multiprocessing.connection import Connection

from schoolgate.child import work_in_rounds
from schoolgate.policy.rules import Action
from schoolgate.settings.load import Settings
from schoolgate.store.copies import NotCopied, upgrade_words
from schoolgate.store.event import DEED, FAULT, PROBE
from schoolgate.store.recorder import Recorder
from schoolgate.store.retention import REQUESTS
from schoolgate.store.schema import FILE, record_migrations

log = logging.getLogger("schoolgate")

_ROUND = 0.1  # seconds


def run_recorder(settings: Settings, channel: Connection) -> None:
    """The recorder's main function."""
    work = _Work(settings)
    if words := upgrade_words(settings.data / FILE, record_migrations):
        log.warning("%s", words)  # and the first round does it: the gateway need not wait
    else:
        try:
            work.recorder()
        except _Unopened as error:
            channel.send(str(error))
            return
    work_in_rounds(channel, _ROUND, work.take_up, work.round)
    work.close()


class _Unopened(Exception):
    """The record cannot be opened, and the words say why."""


class _Work:
    """Opens the record when it is first needed, and carries on with it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._recorder: Recorder | None = None

    def recorder(self) -> Recorder:
        """The recorder. Raises _Unopened."""
        if self._recorder is None:
            settings = self._settings
            try:
                self._recorder = Recorder(settings.data, kept(settings), versions(settings), settings.snapshot.version)
            except NotCopied as error:
                words = f"its tables are not brought up to date without a copy of them as they are, but {error}"
                raise _Unopened(words) from None
            except OSError as error:
                raise _Unopened(f"Its files cannot be opened: {error}. Is the disk full or read-only?") from None
        return self._recorder

    def take_up(self, new: Settings) -> None:
        """From now on these settings hold."""
        self._settings = new
        if self._recorder is not None:
            self._recorder.take_up(kept(new), versions(new), new.snapshot.version)

    def round(self) -> None:
        """One round; where the record cannot be opened, the process ends and says why."""
        was_open = self._recorder is not None
        try:
            recorder = self.recorder()
        except _Unopened as error:
            raise SystemExit(f"recorder: {error}") from None
        if not was_open:
            log.warning("The record is open.")
        recorder.round()

    def close(self) -> None:
        """The last round before the end."""
        if self._recorder is not None:
            self._recorder.close()


def kept(settings: Settings) -> dict[str, timedelta]:
    """How long events of each action stay on record."""
    spans = settings.school.retention
    return {
        Action.ALLOW: spans.allowed,
        Action.LOG: spans.logged,
        Action.WARN: spans.logged,
        Action.BLOCK: spans.blocked,
        FAULT: spans.blocked,
        PROBE: spans.logged,
        REQUESTS: spans.blocked,
        DEED: spans.cases,
    }


def versions(settings: Settings) -> str:
    """What every seal says of how its events came about: the programme, the settings and the lists."""
    return f"schoolgate {version('schoolgate')}, settings {settings.snapshot.version}, lists {settings.index.stem}"
