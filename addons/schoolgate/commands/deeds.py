"""What commands about people share: the record to read, a deed to leave behind, reasons, and files for few eyes."""

import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from schoolgate.settings.load import Settings
from schoolgate.store.event import Deed, Event, deed_event
from schoolgate.store.journal import Journal
from schoolgate.store.record import RecordReader, open_reader
from schoolgate.terminal import Wrong, unreadable
from schoolgate.whole_file import whole

_SHORTEST, _LONGEST = 3, 2000  # letters of a reason


@contextmanager
def reading(settings: Settings) -> Iterator[RecordReader]:
    """The record with what still waits to be carried over; a damaged one ends the command in plain words."""
    try:
        with open_reader(settings.data, with_waiting=True) as reader:
            yield reader
    except sqlite3.Error as error:
        raise unreadable(settings.data, error) from None


def put_on_record(settings: Settings, actor: str, deed: Deed, **given: str) -> Event:
    """Write the deed to a journal, durable when this returns; the gateway seals it, now or when it runs again."""
    event = deed_event(datetime.now(UTC), deed, actor, settings.snapshot.version, **given)
    put_in_journal(settings.data, event)
    return event


def put_in_journal(data: Path, event: Event) -> None:
    """The same for a deed that needs no settings. Raises Wrong where it cannot be written."""
    try:
        journal = Journal(data, "cli")
        try:
            journal.append({"t": "event", **event.row()})
        finally:
            journal.close()
    except OSError as error:
        raise Wrong(f"{data}: cannot be written: {error.strerror}; nothing was done") from None


def reason_of(option: str, text: str) -> str:
    """A reason in words. Raises Wrong where it is too short to say anything."""
    words = " ".join(text.split())
    if not _SHORTEST <= len(words) <= _LONGEST or not any(letter.isalpha() for letter in words):
        raise Wrong(f"{option}: say it in {_SHORTEST} to {_LONGEST:,} letters; it goes on record")
    return words


def write_files(folder: Path, files: Mapping[str, str]) -> None:
    """Files that only their owner can read, each whole or not at all. Raises Wrong where they cannot be written."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, text in files.items():
            with whole(folder / name) as file:
                os.fchmod(file.fileno(), 0o600)
                file.write(text.encode())
    except OSError as error:
        raise Wrong(f"{folder}: cannot be written: {error.strerror}") from None
