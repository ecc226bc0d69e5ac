"""A download that is not finished: the bytes so far, and what the publisher must still say for more to be added."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

from schoolgate.whole_file import whole

_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")


@dataclass(frozen=True, slots=True)
class _Facts:
    url: str
    validator: str
    etag: str | None
    total: int | None
    boot: str


class Partial:
    """The files ``partial`` and ``partial.json`` of one list's folder."""

    def __init__(self, folder: Path, url: str) -> None:
        self.path = folder / "partial"
        self._facts_path = folder / "partial.json"
        self._url = url

    def offer(self) -> tuple[int, str] | None:
        """How many bytes can be kept and the validator for If-Range; None when the download starts over.

        What was written before the machine was switched off is not trusted: the end of a file may then be zeros.
        """
        facts = self._facts()
        size = self.path.stat().st_size if self.path.exists() else 0
        if facts is None or facts.url != self._url or facts.boot != _boot():
            return None
        if facts.total is not None:  # a whole one is asked for its last byte again, which shows that it still holds
            size = min(size, facts.total - 1)
        return (size, facts.validator) if size > 0 else None

    def begin(self, headers: Mapping[str, str], resumable_total: int | None, *, packed: bool) -> None:
        """Start over with the body of a 200 answer. ``packed``: bytes on the wire are not the bytes of the file."""
        self.discard()
        self.path.touch()
        validator = None if packed else _strong_validator(headers)
        if validator is not None:
            facts = _Facts(self._url, validator, header(headers, "etag"), resumable_total, _boot())
            with whole(self._facts_path) as file:
                file.write(json.dumps(asdict(facts)).encode())

    def go_on(self, headers: Mapping[str, str], start: int) -> int | None:
        """Cut the file to ``start`` bytes for the body of a 206 answer, and return the size of the whole.

        None when the answer is not the rest of what is here.
        """
        facts = self._facts()
        found = _RANGE.fullmatch(headers.get("content-range", ""))
        etag = header(headers, "etag")
        if facts is None or not found or int(found[1]) != start or int(found[2]) + 1 != int(found[3]):
            return None
        if facts.total not in (None, int(found[3])) or (etag is not None and etag != facts.etag):
            return None
        with self.path.open("r+b") as file:
            file.truncate(start)
        return int(found[3])

    def discard(self) -> None:
        """Throw the bytes away; the facts go first, so bytes without facts are never added to."""
        self._facts_path.unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)

    def _facts(self) -> _Facts | None:
        try:
            return _Facts(**json.loads(self._facts_path.read_bytes()))
        except (OSError, ValueError, TypeError):
            return None


def header(headers: Mapping[str, str], name: str) -> str | None:
    """A header that can be kept and sent back as it is, or None."""
    value = headers.get(name, "")
    return value if value.isascii() and value.isprintable() and 0 < len(value) <= 256 else None


def _strong_validator(headers: Mapping[str, str]) -> str | None:
    """What If-Range may carry (RFC 9110, 13.1.5): a strong ETag, else a date a second older than the answer's."""
    etag, modified, date = header(headers, "etag"), header(headers, "last-modified"), header(headers, "date")
    if etag is not None:
        return etag if etag.startswith('"') else None
    if modified is None or date is None:
        return None
    try:
        age = parsedate_to_datetime(date) - parsedate_to_datetime(modified)
    except (ValueError, TypeError):
        return None
    return modified if age >= timedelta(seconds=1) else None


def _boot() -> str:
    """A word that changes when the machine starts anew; "" where it has none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
