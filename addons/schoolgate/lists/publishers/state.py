"""What is written down about one publisher's list: the copy in force, one that is held back, and the last failure."""

import json
import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from schoolgate.whole_file import whole

STATE = "state.json"
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Content:
    """One downloaded file (``size`` bytes, from ``url``) with its number of entries."""

    url: str
    sha256: str
    size: int
    entries: int
    fetched: datetime
    etag: str | None
    modified: str | None

    @property
    def file(self) -> str:
        """The name of its file: by what is in it, so that two copies never share one."""
        return f"copy-{self.sha256[:16]}"


@dataclass(frozen=True, slots=True)
class Failure:
    """A try that failed: at which address, what happened, when, how many in a row, and when the next is due."""

    url: str
    words: str
    at: datetime
    times: int
    again: datetime


@dataclass(frozen=True, slots=True)
class State:
    """All of ``state.json``; ``reason`` says why ``held`` is held."""

    first: datetime | None = None
    checked: datetime | None = None
    copy: Content | None = None
    held: Content | None = None
    reason: str = ""
    failure: Failure | None = None


def write_state(folder: Path, state: State) -> None:
    """Write it down, whole or not at all. Raises OSError."""
    with whole(folder / STATE) as file:
        file.write(json.dumps(asdict(state), default=lambda at: at.astimezone(UTC).isoformat(), indent=1).encode())


def read_state(folder: Path) -> State | None:
    """What was written down last; None where there is nothing, or nothing that makes sense.

    Raises OSError where the disk cannot be read: what stands there must then not be written over.
    """
    try:
        facts = json.loads((folder / STATE).read_bytes())
        failure = facts["failure"]
        return State(
            first=_time(facts["first"]),
            checked=_time(facts["checked"]),
            copy=_content(facts["copy"]),
            held=_content(facts["held"]),
            reason=str(facts["reason"]),
            failure=failure
            and Failure(
                str(failure["url"]),
                str(failure["words"]),
                datetime.fromisoformat(failure["at"]),
                int(failure["times"]),
                datetime.fromisoformat(failure["again"]),
            ),
        )
    except (FileNotFoundError, NotADirectoryError, ValueError, TypeError, KeyError):
        return None


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _content(facts: dict[str, Any] | None) -> Content | None:
    if facts is None:
        return None
    if not _SHA256.fullmatch(facts["sha256"]):
        raise ValueError(facts["sha256"])
    return Content(**{**facts, "fetched": datetime.fromisoformat(facts["fetched"])})
