"""Edits ``blocklists/local/allow.yaml`` as a careful hand would: checked before it counts, and all at once or not.

The result is checked by the checks of every hand edit. Only then the file is exchanged whole, with the rights that it
had. Where somebody else has changed it meanwhile, theirs stays, and nothing is done.
"""

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from schoolgate.lists.entry import Entry
from schoolgate.settings.document import read_document
from schoolgate.settings.faults import Fault, SettingsError
from schoolgate.settings.folders import Folders
from schoolgate.settings.list_models import LocalFile
from schoolgate.settings.load import load_settings
from schoolgate.settings.local_text import NoEdit, with_entry, without_entry
from schoolgate.whole_file import alone_in, exchange

_BOM = b"\xef\xbb\xbf"
_NEW_FILE = 0o644
_CHANGED = "was changed by somebody else meanwhile, so nothing was done; look at it, and try again"


@dataclass(frozen=True, slots=True)
class _Trial(Folders):
    """A school's folders with another ``local/allow.yaml``, called by the name of the real one."""

    trial: Path

    def local(self, name: str) -> Path:
        """The file that is tried."""
        return self.trial if name == "allow" else Folders.local(self, name)

    def named(self, path: Path) -> str:
        """A file as messages call it."""
        return Folders.named(self, Folders.local(self, "allow") if path == self.trial else path)


@dataclass(frozen=True, slots=True)
class Edit:
    """A whole new text of the file beside the one that it was made from (None: there was no file)."""

    path: Path
    name: str
    before: bytes | None
    after: bytes


@contextlib.contextmanager
def allowing(folders: Folders, added: Entry, comment: str) -> Iterator[Callable[[], None]]:
    """Prepare and check a line that allows a site; what is given writes it, and may raise SettingsError.

    Raises SettingsError where the file cannot be read, changed, or used afterwards; nothing is written then.
    """
    with _editing(folders, added, lambda text: with_entry(text, added, comment)) as carry_out:
        yield carry_out


def allow_no_more(folders: Folders, removed: Entry) -> None:
    """Take the line of a site out again. Raises SettingsError where that cannot be done; nothing is changed then."""
    with _editing(folders, removed, lambda text: without_entry(text, removed)) as carry_out:
        carry_out()


@contextlib.contextmanager
def _editing(folders: Folders, about: Entry, change: Callable[[str], str]) -> Iterator[Callable[[], None]]:
    path = Path(os.path.realpath(folders.local("allow")))
    name = folders.named(folders.local("allow"))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with alone_in(path.parent):
            yield _prepared(folders, path, name, about, change)
    except OSError as error:
        raise SettingsError([Fault(name, 0, f"cannot be written: {error.strerror or error}")]) from None


def _prepared(
    folders: Folders, path: Path, name: str, about: Entry, change: Callable[[str], str]
) -> Callable[[], None]:
    before = path.read_bytes() if path.exists() else None
    try:
        text = (before or b"").removeprefix(_BOM).decode("utf-8")
        after = (_BOM if (before or b"").startswith(_BOM) else b"") + change(text).encode("utf-8")
    except UnicodeDecodeError as error:
        line = (before or b"")[: error.start].count(b"\n") + 1
        raise SettingsError([Fault(name, line, "is not UTF-8 text; save the file as UTF-8")]) from None
    except NoEdit as error:
        raise SettingsError([Fault(name, error.line, str(error))]) from None
    edit = Edit(path, name, before, after)
    _check(folders, edit, about)
    return lambda: _exchange(edit)


def _check(folders: Folders, edit: Edit, about: Entry) -> None:
    """The file must say what it said before, but for one entry; and the settings must be sound with it."""
    with tempfile.TemporaryDirectory() as folder:
        trial = Path(folder) / "allow.yaml"
        trial.write_bytes(edit.before or b"")
        before = read_document(trial, edit.name).read(LocalFile)
        trial.write_bytes(edit.after)
        after = read_document(trial, edit.name).read(LocalFile)
        changed = {*before.domains, *before.urls} ^ {*after.domains, *after.urls}
        same = not edit.before or (before.title, before.why) == (after.title, after.why)
        if changed != {about} or not same:
            words = "cannot be edited safely as it is written; edit it by hand, each site on a line of its own"
            raise SettingsError([Fault(edit.name, 0, words)])
        load_settings(_Trial(folders.config, folders.root, trial))


def allowed_by_hand(folders: Folders) -> list[Entry]:
    """What the file allows now. Raises SettingsError."""
    path = folders.local("allow")
    says = read_document(path, folders.named(path)).read(LocalFile) if path.exists() else LocalFile()
    return [*says.domains, *says.urls]


def _exchange(edit: Edit) -> None:
    """The new file takes the place of the old one, unless somebody has changed that one meanwhile."""

    def unchanged() -> None:
        now = edit.path.read_bytes() if edit.path.exists() else None
        if now != edit.before:
            raise SettingsError([Fault(edit.name, 0, _CHANGED)])

    exchange(edit.path, edit.after, _NEW_FILE, unchanged)
