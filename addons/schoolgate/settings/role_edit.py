"""Gives a role of ``school.yaml`` its login, and names the password file in ``people.yaml``, as a careful hand would.

The parser only says where things stand: each file gets one addition, every other byte of it stays. What comes out is
read again, and has to say what it said before and that one thing more; then it is checked with all other files.
"""

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import BaseModel

from schoolgate.settings.document import read_document
from schoolgate.settings.faults import Fault, SettingsError
from schoolgate.settings.folders import Folders
from schoolgate.settings.load import load_settings
from schoolgate.settings.people_models import PeopleFile
from schoolgate.settings.role_text import logins_line, with_file, with_user
from schoolgate.settings.school_models import SchoolFile
from schoolgate.whole_file import exchange

_BY_HAND = "cannot be edited safely as it is written; add this by hand"


@dataclass(frozen=True, slots=True)
class _Trial(Folders):
    """A school's folders with another config/, whose files are called by the names of the real ones."""

    real: Folders

    def named(self, path: Path) -> str:
        """A file as messages call it."""
        inside = path.is_relative_to(self.config)
        return self.real.named(self.real.config / path.relative_to(self.config) if inside else path)


def lines_to_add(role: str, login: str, file: str, names_a_file: bool) -> list[tuple[str, str]]:
    """What stands in which file afterwards, for somebody who writes it by hand."""
    lines = [] if names_a_file else [("config/people.yaml", logins_line(file))]
    return [*lines, ("config/school.yaml", f"roles: {{{role}: {{..., user: {login}}}}}")]


def give_role(folders: Folders, role: str, login: str, file: str) -> None:
    """The role belongs to the login from now on. Raises SettingsError, and changes nothing then."""
    school, people = folders.config / "school.yaml", folders.config / "people.yaml"
    try:
        old = {path: path.read_bytes() for path in (people, school)}
    except OSError as error:
        raise SettingsError([Fault(str(error.filename), 0, f"cannot be read: {error.strerror}")]) from None
    new = {
        people: _changed(folders.named(people), old[people], lambda text: with_file(text, file)),
        school: _changed(folders.named(school), old[school], lambda text: with_user(text, role, login)),
    }
    _check(folders, old, new, role, login)
    try:
        for path, content in new.items():
            if content != old[path]:
                exchange(path, content)
    except OSError as error:
        words = f"cannot be written: {error.strerror}"
        raise SettingsError([Fault(folders.named(Path(str(error.filename))), 0, words)]) from None


def _changed(name: str, old: bytes, change: Callable[[str], str]) -> bytes:
    try:
        return change(old.decode("utf-8")).encode("utf-8")
    except (ValueError, yaml.YAMLError) as error:
        reason = str(error).splitlines()[0] if isinstance(error, ValueError) else "it cannot be read"
        raise SettingsError([Fault(name, 0, f"{_BY_HAND} ({reason})")]) from None


def _check(folders: Folders, old: dict[Path, bytes], new: dict[Path, bytes], role: str, login: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        trial = _Trial(Path(folder) / "config", folders.root, folders)
        shutil.copytree(folders.config, trial.config)
        before = _read(trial, "school", SchoolFile), _read(trial, "people", PeopleFile)
        for path, content in new.items():
            (trial.config / path.name).write_bytes(content)
        after = _read(trial, "school", SchoolFile), _read(trial, "people", PeopleFile)
        user = before[0].roles[role].model_copy(update={"user": login})
        roles = {"roles": before[0].roles | {role: user}}
        logins = {"logins": before[1].logins or after[1].logins}
        if (before[0].model_copy(update=roles), before[1].model_copy(update=logins)) != after or not after[1].logins:
            raise SettingsError([Fault(trial.named(trial.config / "school.yaml"), 0, _BY_HAND)])
        load_settings(trial)
    for path, content in old.items():
        if path.read_bytes() != content:
            raise SettingsError([Fault(folders.named(path), 0, "was changed by somebody else meanwhile; try again")])


def _read[M: BaseModel](folders: Folders, name: str, model: type[M]) -> M:
    path = folders.config / f"{name}.yaml"
    return read_document(path, folders.named(path)).read(model)
