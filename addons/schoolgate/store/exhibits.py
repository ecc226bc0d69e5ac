"""Evidence that was attached to cases: files held as they came, under the hash of what is in them, and never changed.

They lie in ``data/evidence/<case>/<sha256>``, readable by the gateway only. There is no way to delete one by hand: they
go with their case, when the time for keeping cases is over. What is read is compared with its name first.
"""

import hashlib
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from schoolgate.store.cases import Exhibit
from schoolgate.whole_file import exchange

FOLDER = "evidence"
MOST_BYTES = 10 * 1024 * 1024
KINDS = {"image/png": "png", "image/jpeg": "jpg", "application/pdf": "pdf", "text/plain": "txt"}
"""What may be attached, with the ending that it gets when it is handed out."""
_MAGIC = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"%PDF-": "application/pdf"}
_CASE = re.compile(r"[0-9a-f]{28}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


class BadExhibit(Exception):
    """The file cannot be taken, or handed out; the words are for people."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that lies safely on the disk."""

    sha256: str
    size: int
    kind: str

    @property
    def entry(self) -> str:
        """How the deed of it says that."""
        return f"{self.sha256}/{self.size}/{self.kind}"


def kind_of(content: bytes) -> str:
    """What a file is, by what is in it and not by its name. Raises BadExhibit for what is not taken."""
    if not content:
        raise BadExhibit("The file is empty, so nothing was attached.")
    if len(content) > MOST_BYTES:
        raise BadExhibit("The file is larger than 10 MB, so nothing was attached. Attach a part, or a smaller picture.")
    for start, kind in _MAGIC.items():
        if content.startswith(start):
            return kind
    try:
        text = content.decode()
    except UnicodeDecodeError:
        text = "\0"
    if any(ord(letter) < 32 and letter not in "\t\n\r\f" for letter in text):
        raise BadExhibit("Only PNG and JPEG pictures, PDF and plain text can be attached, so nothing was.")
    return "text/plain"


def keep(data: Path, case: str, content: bytes) -> Kept:
    """Put a file where it stays, whole or not at all. Raises BadExhibit, and OSError for a full disk."""
    kind, sha256 = kind_of(content), hashlib.sha256(content).hexdigest()
    path = _path(data, case, sha256)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    exchange(path, content)
    return Kept(sha256, len(content), kind)


def read(data: Path, case: str, exhibit: Exhibit) -> bytes:
    """What was attached. Raises BadExhibit when the file is gone, or is not what it was."""
    try:
        content = _path(data, case, exhibit.sha256).read_bytes()
    except FileNotFoundError:
        raise BadExhibit("This file is on record, but it is no longer on the disk. Tell the technician.") from None
    if hashlib.sha256(content).hexdigest() != exhibit.sha256:
        words = "This file is not what was attached: somebody has changed it on the disk."
        raise BadExhibit(f"{words} It is not handed out. Tell the technician, and look for a backup.")
    return content


def forget(data: Path, case: str) -> None:
    """Delete all evidence of a case, whose time is over. Raises OSError where it cannot be deleted."""
    folder = data / FOLDER / case
    if _CASE.fullmatch(case) and folder.is_dir():
        shutil.rmtree(folder)


def _path(data: Path, case: str, sha256: str) -> Path:
    if not _CASE.fullmatch(case) or not _SHA256.fullmatch(sha256):
        raise BadExhibit("There is no such file.")
    return data / FOLDER / case / sha256
