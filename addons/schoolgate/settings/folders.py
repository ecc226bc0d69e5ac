"""Where the school's files are, and the shipped ones that stand behind them."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from schoolgate.settings.faults import Fault, SettingsError

if TYPE_CHECKING:
    from schoolgate.settings.school_models import SchoolFile

_CHECKOUT = Path(__file__).resolve().parents[3]
_INSTALLED = Path(__file__).resolve().parents[1] / "shipped"  # put there by the wheel


def shipped() -> Path:
    """The folder that holds the shipped ``config/``, ``blocklists/`` and ``reports/``: the checkout or the install."""
    for root in (_CHECKOUT, _INSTALLED):
        if (root / "blocklists").is_dir() and (root / "reports").is_dir():
            return root
    raise SettingsError([Fault("schoolgate", 0, "its own blocklists/ and reports/ are missing; install it again")])


@dataclass(frozen=True, slots=True)
class Folders:
    """A school's files: ``root`` is the folder above ``config``, from which relative paths count."""

    config: Path
    root: Path

    def named(self, path: Path) -> str:
        """A file as messages call it: relative to the school's folder where it is inside."""
        for root in (self.root, shipped()):
            if path.is_relative_to(root):
                return str(path.relative_to(root))
        return str(path)

    def report(self, name: str) -> Path:
        """A file of reports/: the school's own, or else the shipped one."""
        own = self.root / "reports" / name
        return own if own.is_file() else shipped() / "reports" / name

    def own_reports(self) -> list[Path]:
        """The files of reports/ that are the school's own."""
        return sorted((self.root / "reports").glob("*.html"))

    def blocklists(self) -> list[Path]:
        """The YAML files of blocklists/: a file of the school's own replaces the shipped one of the same name."""
        return self._files_of("blocklists")

    def private(self) -> list[Path]:
        """The YAML files of blocklists/private/, replaced one by one in the same way."""
        return self._files_of("blocklists/private")

    def apps(self) -> list[Path]:
        """The YAML files of blocklists/apps/, replaced one by one in the same way."""
        return self._files_of("blocklists/apps")

    def _files_of(self, place: str) -> list[Path]:
        found: dict[str, Path] = {}
        for folder in (shipped() / place, self.root / place):
            found.update({path.name: path for path in sorted(folder.glob("*.yaml")) + sorted(folder.glob("*.yml"))})
        return [found[name] for name in sorted(found)]

    def local(self, name: str) -> Path:
        """``blocklists/local/allow.yaml`` or ``block.yaml``; it need not exist."""
        return self.root / "blocklists" / "local" / f"{name}.yaml"

    def source(self, listed_in: Path, file: str) -> Path:
        """A ``file:`` source: beside the file that names it, or else among the shipped ones."""
        own = listed_in.parent / file
        return own if own.exists() else shipped() / "blocklists" / file


def find_folders(config: Path | None) -> Folders:
    """The folder of ``--config``, or ``./config``, or the shipped default. Raises SettingsError."""
    if config is None:
        here, default = Path.cwd() / "config", shipped()
        if (here / "school.yaml").is_file():
            return Folders(here, here.parent)
        return Folders(default / "config", Path.cwd() if default == _INSTALLED else default)
    for folder in (config, config / "config"):
        if (folder / "school.yaml").is_file():
            return Folders(folder.resolve(), folder.resolve().parent)
    words = "has no school.yaml; name the folder that holds it, or make a new one with 'schoolgate init DIR'"
    raise SettingsError([Fault(str(config), 0, words)])


def make_school(target: Path) -> list[Path]:
    """Write a new school's config/, blocklists/local/ and reports/ into ``target``; returns the files written.

    Raises FileExistsError when there is a config/ already, before anything is written.
    """
    if (target / "config").exists():
        raise FileExistsError(target / "config")
    source = shipped()
    written: list[Path] = []
    for pattern in ("config/*.yaml", "blocklists/local/*.yaml", "reports/*.html"):
        for path in sorted(source.glob(pattern)):
            copy = target / path.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
            written.append(copy)
    return written


def data_folder(folders: Folders, school: "SchoolFile") -> Path:
    """``data:`` of school.yaml, relative to the folder above config/."""
    return (folders.root / school.data).resolve()
