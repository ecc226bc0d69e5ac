"""When the record was last checked as a whole, and with which result: a note beside the record."""

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

_FILE = "verified.json"


@dataclass(frozen=True, slots=True)
class Verified:
    """``at`` is a moment as the record writes it; ``words`` is the first line of what was said."""

    at: str
    is_whole: bool
    words: str


def note_verified(data: Path, verified: Verified) -> None:
    """Keep the result; where that cannot be done, nothing depends on it."""
    temporary = data / f".{_FILE}.{os.getpid()}"
    with suppress(OSError):
        temporary.touch(mode=0o600)
        temporary.write_text(json.dumps(asdict(verified)))
        owner = data.stat()
        if os.geteuid() == 0:  # a command that root gives writes for the gateway, which must read it
            os.chown(temporary, owner.st_uid, owner.st_gid)
        temporary.replace(data / _FILE)


def last_verified(data: Path) -> Verified | None:
    """The last result; None where there is none, or it cannot be read."""
    try:
        return Verified(**json.loads((data / _FILE).read_text()))
    except (OSError, ValueError, TypeError):
        return None
