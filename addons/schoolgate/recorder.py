"""The recorder: the process that carries what the others wrote into the record, seals it and deletes what is due."""

from datetime import timedelta
from importlib.metadata import version
from multiprocessing.connection import Connection

from schoolgate.child import work_in_rounds
from schoolgate.policy.rules import Action
from schoolgate.settings.load import Settings
from schoolgate.store.copies import NotCopied
from schoolgate.store.event import DEED, FAULT, PROBE
from schoolgate.store.recorder import Recorder
from schoolgate.store.retention import REQUESTS

_ROUND = 0.1  # seconds


def run_recorder(settings: Settings, channel: Connection) -> None:
    """The recorder's main function."""
    try:
        recorder = Recorder(settings.data, kept(settings), versions(settings), settings.snapshot.version)
    except NotCopied as error:
        channel.send(f"its tables are not brought up to date without a copy of them as they are, but {error}")
        return

    def take_up(new: Settings) -> None:
        recorder.take_up(kept(new), versions(new), new.snapshot.version)

    work_in_rounds(channel, _ROUND, take_up, recorder.round)
    recorder.close()


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
