"""Whether what happens can be kept: a data folder that can be written, room on the disk, and a clock that is right."""

import os
import secrets
import shutil
import socket
import sqlite3
import struct
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from schoolgate.doctor.finding import Finding, good, skipped, wrong
from schoolgate.settings.load import Settings
from schoolgate.store.event import stamp
from schoolgate.store.record import open_reader

_NO_ROOM = 1024**3  # bytes
_AHEAD = timedelta(minutes=2)  # that an event may lie in the future
_OFF = 60.0  # seconds that the clock may differ from a time server's
_NTP, _SINCE_1900 = 123, 2_208_988_800  # RFC 4330: its port, and its epoch in seconds before 1970
_WITHIN = 5.0  # seconds
_NEWEST = "select max(at) as at from events"
_TURNED = "select at, why from faults where rule = 'clock' and at >= :since order by at desc limit 1"


def writable(settings: Settings) -> Iterator[Finding]:
    """Whether a file can be written where the record is, to the disk itself."""
    path = settings.data / f".probe-{secrets.token_hex(8)}"
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(handle, b"probe")
            os.fsync(handle)
        finally:
            os.close(handle)
            path.unlink(missing_ok=True)
    except OSError as error:
        advice = "Is the disk mounted read-only, full, or the folder given to another user?"
        yield wrong("store writable", f"{settings.data} cannot be written: {error.strerror}.", advice)
        return
    yield good("store writable", f"{settings.data} can be written.")


def room(settings: Settings) -> Iterator[Finding]:
    """Whether the disk has room."""
    try:
        free = shutil.disk_usage(settings.data).free
    except OSError as error:
        yield wrong("disk", f"{settings.data}: {error.strerror}.", "Is the disk mounted?")
        return
    words = f"{free / 1024**3:,.1f} GB are free where the record is kept."
    if free < _NO_ROOM:
        yield wrong("disk", words, "Make room: without it nothing is recorded.")
    else:
        yield good("disk", words)


def clock(settings: Settings) -> Iterator[Finding]:
    """Whether the clock fits what is on record, and a time server where the school names one."""
    now = datetime.now(UTC)
    try:
        with open_reader(settings.data) as reader:
            newest = next(reader.query(_NEWEST))["at"]
            turned = next(reader.query(_TURNED, {"since": stamp(now - timedelta(days=1))}), None)
    except sqlite3.Error as error:
        yield wrong("clock", f"The record cannot be read: {error}.", "See 'schoolgate verify'.")
        return
    if newest and datetime.fromisoformat(newest) > now + _AHEAD:
        words = f"It says {now:%Y-%m-%d %H:%M} UTC, but something is on record of {newest[:16]}."
        yield wrong("clock", words, "Set the machine's time by NTP.")
    elif turned is not None:
        yield wrong("clock", f"It was turned in the last day: {turned['why']}", "Set the machine's time by NTP.")
    else:
        yield good("clock", f"It says {now:%Y-%m-%d %H:%M} UTC, which fits what is on record.")
    server = settings.school.doctor.time
    if server is not None:
        yield _against(server)


def _against(server: str) -> Finding:
    """The clock against a time server's (SNTP)."""
    probe = "clock by NTP"
    try:
        off = _offset(server)
    except (OSError, struct.error) as error:
        return skipped(probe, f"{server} gave no time: {error}.")
    words = f"It differs by {abs(off):.1f} seconds from {server}'s."
    return good(probe, words) if abs(off) <= _OFF else wrong(probe, words, "Set the machine's time by NTP.")


def _offset(server: str) -> float:
    family, kind, protocol, _, address = socket.getaddrinfo(server, _NTP, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, kind, protocol) as asking:
        asking.settimeout(_WITHIN)
        asking.connect(address)
        began = time.time()
        asking.send(b"\x23" + bytes(47))  # version 4, client
        answer = asking.recv(512)
        ended = time.time()
    seconds, fraction = struct.unpack_from(">II", answer, 40)
    return float(seconds - _SINCE_1900 + fraction / 2**32 - (began + ended) / 2)
