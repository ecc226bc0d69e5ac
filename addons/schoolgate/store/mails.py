"""What the office still holds of alerts and mails that mention somebody; read only."""

import json
import sqlite3
from collections.abc import Collection
from contextlib import closing
from pathlib import Path
from typing import Any

from schoolgate.store.office import FILE

_MAILS = "select id, alert, recipients, subject, text, created, sent from mail order by created, id"
_ALERTS = "select id, audience, opened, changed, count, facts from alert order by opened, id"
_WAITING = "select created, attempts, error from mail where sent is null and recipients <> '[]' order by created, id"


def alerts_about(data: Path, codes: Collection[str]) -> list[dict[str, Any]]:
    """The alerts about a person's codes; ``facts`` is a dict. Raises sqlite3.Error when the file is damaged."""
    found = [row | {"facts": json.loads(row["facts"])} for row in _rows(data, _ALERTS)]
    return [row for row in found if row["facts"].get("person") in codes]


def mails_about(data: Path, alerts: Collection[int], words: Collection[str]) -> list[dict[str, Any]]:
    """The mails of these alerts, and those in whose text one of ``words`` stands (in any case)."""
    wanted = [word.casefold() for word in words if word]
    return [
        row
        for row in _rows(data, _MAILS)
        if row["alert"] in alerts
        or any(word in f"{row['subject'] or ''}\n{row['text'] or ''}".casefold() for word in wanted)
    ]


def waiting_mails(data: Path) -> list[dict[str, Any]]:
    """Mails that nobody has got yet, oldest first. Raises sqlite3.Error when the file is damaged."""
    return _rows(data, _WAITING)


def _rows(data: Path, sql: str) -> list[dict[str, Any]]:
    path = data / FILE
    if not path.exists():
        return []
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=10)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(sql)]
