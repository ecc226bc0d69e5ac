"""What one probe found: that something holds, that it does not and what to do, or why it was not tried."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """How it stands."""

    GOOD = "ok"
    WRONG = "WRONG"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """``probe`` and ``group`` ("" where it is of no group) name what was tried; ``advice`` is "" where all is well."""

    probe: str
    outcome: Outcome
    words: str
    advice: str = ""
    group: str = ""

    @property
    def key(self) -> str:
        """What tells it from others, from one examination to the next."""
        return f"{self.probe}/{self.group}" if self.group else self.probe


def good(probe: str, words: str, group: str = "") -> Finding:
    """It holds."""
    return Finding(probe, Outcome.GOOD, words, "", group)


def wrong(probe: str, words: str, advice: str, group: str = "") -> Finding:
    """It does not hold."""
    return Finding(probe, Outcome.WRONG, words, advice, group)


def skipped(probe: str, words: str, group: str = "") -> Finding:
    """It was not tried; the words say why."""
    return Finding(probe, Outcome.SKIPPED, words, "", group)


def wrongs(findings: Iterable[Finding]) -> list[Finding]:
    """Those that say that something is wrong."""
    return [each for each in findings if each.outcome is Outcome.WRONG]


def in_a_line(finding: Finding) -> str:
    """As it stands in a mail, on the record and on a terminal."""
    of = f" ({finding.group})" if finding.group else ""
    advice = f" What to do: {finding.advice}" if finding.advice else ""
    return f"{finding.probe}{of}: {finding.words}{advice}"
