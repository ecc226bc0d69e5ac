"""Settings on their way to another process, which may be of a newer version of schoolgate than the one that sends them.

After an upgrade the supervisor is still of the old version while the processes that it starts are of the new one. What
the old one has in memory may lack what the new one looks for, so a process of another build reads the files itself.
"""

import hashlib
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import schoolgate
from schoolgate.settings.folders import find_folders
from schoolgate.settings.load import Settings, load_settings


def _build() -> str:
    """What stands for the code of this process: the sizes and times of its files, as it began."""
    digest = hashlib.sha256()
    for path in sorted(Path(schoolgate.__file__).parent.rglob("*.py")):
        stat = path.stat()
        digest.update(f"{path} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()


BUILD = _build()


@dataclass(frozen=True, slots=True)
class Parcel:
    """Settings to be sent; what arrives is Settings."""

    settings: Settings

    def __reduce__(self) -> tuple[Callable[[str, str, bytes], Settings], tuple[str, str, bytes]]:
        return unpack, (BUILD, str(self.settings.folders.config), pickle.dumps(self.settings))


def unpack(build: str, config: str, packed: bytes) -> Settings:
    """What was sent by a process of the same build, else what the files say. Raises SettingsError."""
    if build == BUILD:
        settings: Settings = pickle.loads(packed)  # from our own supervisor, by a pipe of its own
        return settings
    return load_settings(find_folders(Path(config)))
