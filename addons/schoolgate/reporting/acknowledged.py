"""The ledger of acknowledged notices: who read which version, when, and at which device."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass

from schoolgate.reporting.filling import clock, group_title
from schoolgate.settings.load import Settings
from schoolgate.store.deeds import Queries
from schoolgate.store.event import Deed
from schoolgate.store.queries import deeds_of

_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n")  # a spreadsheet takes what begins so for a formula
COLUMNS = ("code", "login", "name", "group", "acknowledged (school time)", "version", "device", "known by", "reference")


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """One notice, read by one person; ``login`` and ``name`` are "" unless they were asked for."""

    code: str
    login: str
    name: str
    group: str
    at: str
    version: str
    device: str
    known_by: str
    ref: str

    @property
    def cells(self) -> tuple[str, ...]:
        """In the order of COLUMNS."""
        return (
            self.code,
            self.login,
            self.name,
            self.group,
            self.at,
            self.version,
            self.device,
            self.known_by,
            self.ref,
        )


def ledger(reader: Queries, settings: Settings, names: Mapping[str, tuple[str, str]]) -> list[Acknowledged]:
    """All acknowledgements on record, oldest first; ``names`` gives login and name by code, where they may be shown."""
    zone = settings.school.timezone
    return [
        Acknowledged(
            row["person"],
            *names.get(row["person"], ("", "")),
            group_title(settings, row["group"]),
            clock(zone, row["at"]),
            row["notice"],
            row["device"],
            row["identity_confidence"],
            row["ref"],
        )
        for row in deeds_of(reader, Deed.NOTICE)
    ]


def as_csv(rows: list[Acknowledged]) -> str:
    """The ledger for a spreadsheet; no cell can become a formula."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow(COLUMNS)
    writer.writerows([_harmless(cell) for cell in row.cells] for row in rows)
    return text.getvalue()


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.lstrip(" ").startswith(_SIGNS) else cell
