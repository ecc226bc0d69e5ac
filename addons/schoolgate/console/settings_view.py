"""The school's settings as they are written, to be read only: every file, and what is wrong in the last edit."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from starlette.responses import Response

from schoolgate.console.entry import Refused, Visitor
from schoolgate.settings.load import Settings
from schoolgate.store.record import RecordReader

_LARGEST = 256 * 1024  # bytes of a file that are shown
_FAULT = "select at, why from faults where rule = 'settings' order by at desc, id desc limit 1"
_PLACE = re.compile(r"(\S+\.\w+)(?::(\d+))?: (.*)")
_SECRET = re.compile(
    r"""((?:^|[{,#-])\s*["']?(?:\w+_)?(?:pass(?:word|phrase|wd)?|secret|token|api_?key)["']?\s*:\s*)(?!["']?\s*$)[^#,}]+"""
    r"|(?!https?:)(\b[a-z][a-z0-9+.-]*://)[^\s\"',}]+|(\bhttps?://)[^\s/@\"']+@",
    re.IGNORECASE,
)
_HIDDEN = "(not shown)"


@dataclass(frozen=True, slots=True)
class Place:
    """Something that is wrong: in which file, in which line (0: in the file as a whole), and what."""

    file: str
    line: int
    words: str


@dataclass(frozen=True, slots=True)
class Complaint:
    """The faults of the last edit that could not be used.

    ``saved`` says that one of these files was saved again afterwards: either it is right now, or it is wrong in the
    same way, which the gateway does not say twice.
    """

    at: str
    places: tuple[Place, ...]
    saved: bool


def show_settings(visitor: Visitor) -> Response:
    """All files; or one of them with its lines."""
    settings = visitor.settings
    files = files_of(settings)
    with visitor.desk.reading() as reader:
        complaint = complaint_of(reader, files)
    faults = complaint.places if complaint else ()
    wanted = visitor.query.line("file", 300)
    words = {"complaint": complaint, "version": settings.snapshot.version, "advice": settings.advice}
    if not wanted:
        wrong = {name: sum(each.file == name for each in faults) for name in files}
        return visitor.page("settings.html", **words, files=files, wrong=wrong, changed=_changed(visitor, files))
    if wanted not in files:
        raise Refused(404, "There is no such file among the settings.")
    of_file = [each for each in faults if each.file == wanted]
    by_line = {line: [each.words for each in of_file if each.line == line] for line in {each.line for each in of_file}}
    lines, is_cut = _lines(files[wanted])
    return visitor.page("settings_file.html", **words, name=wanted, lines=lines, is_cut=is_cut, faults=by_line)


def files_of(settings: Settings) -> dict[str, Path]:
    """Every YAML file that the settings come from, under the name that messages call it by."""
    folders = settings.folders
    paths = [*folders.config.glob("*.y*ml"), folders.local("allow"), folders.local("block")]
    paths += [path for path in settings.files if path.suffix in (".yaml", ".yml")]
    found = {folders.named(path): path for path in dict.fromkeys(paths) if path.is_file()}
    return dict(sorted(found.items(), key=lambda item: (_rank(item[0]), item[0])))


def _rank(name: str) -> int:
    """The school's own words first."""
    return 0 if name.startswith("config") else 1 if "/local/" in name else 2


def complaint_of(reader: RecordReader, files: dict[str, Path]) -> Complaint | None:
    """What the gateway said of the last bad edit; None where it never said anything."""
    row = next(reader.query(_FAULT), None)
    if row is None:
        return None
    places = tuple(_place(line) for line in str(row["why"]).splitlines() if line.strip())
    at = datetime.fromisoformat(row["at"]).timestamp()
    saved = [each.file for each in places if each.file in files and files[each.file].stat().st_mtime > at]
    return Complaint(row["at"], places, bool(saved))


def _place(line: str) -> Place:
    found = _PLACE.match(line)
    return Place(found[1], int(found[2] or 0), found[3]) if found else Place("", 0, line)


def _changed(visitor: Visitor, files: dict[str, Path]) -> dict[str, str]:
    """When each file was saved last, as the record writes moments."""
    return {name: datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat() for name, path in files.items()}


def _lines(path: Path) -> tuple[list[str], bool]:
    with path.open("rb") as file:
        content = file.read(_LARGEST + 1)
    lines = content[:_LARGEST].decode("utf-8", "backslashreplace").splitlines()
    return [without_secrets(line) for line in lines], len(content) > _LARGEST


def without_secrets(line: str) -> str:
    """A line of a file without the passwords that stand in files of their own, where somebody wrote one here."""
    return _SECRET.sub(lambda found: f"{found[1] or found[2] or found[3]}{_HIDDEN}", line)
