"""What is wrong in a file: where it stands first, then the offending text, then what would do."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One mistake in one file; line 0 means the file as a whole."""

    file: str
    line: int
    words: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.words}" if self.line else f"{self.file}: {self.words}"


class SettingsError(Exception):
    """The settings cannot be used; ``faults`` are all of them, at once."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = sorted(set(faults))
        super().__init__("\n".join(map(str, self.faults)))


def unknown(what: str, name: str, choices: Iterable[str]) -> str:
    """``unknown category 'gambing'; did you mean 'gambling'?``, or what there is to choose from."""
    known = sorted(map(str, choices))
    close = get_close_matches(name, known, 1)
    if close:
        return f"unknown {what} {name!r}; did you mean {close[0]!r}?"
    return f"unknown {what} {name!r}; there is {', '.join(known) if known else 'none'}"
