"""The office's own file, which only the office writes: alerts, the outbox, and how far the record was read."""

import json
import sqlite3
from pathlib import Path
from typing import Any

from schoolgate.store.copies import is_whole, keep_before
from schoolgate.store.database import Database, Migrations
from schoolgate.store.mending import mend_office
from schoolgate.store.writer_lock import WriterLock

FILE = "office.db"

office_migrations = Migrations("office")


@office_migrations()
def m001_outbox(db: Database) -> None:
    """Alerts, mails and bookmarks; times are seconds since 1970, UTC."""
    db["alert"].create(  # type: ignore[union-attr]
        {
            "id": int,
            "key": str,
            "audience": str,
            "opened": float,
            "changed": float,
            "count": int,
            "told": int,
            "state": str,
            "facts": str,
        },
        pk="id",
    )
    db["alert"].create_index(["key", "opened"])  # type: ignore[union-attr]
    db["mail"].create(  # type: ignore[union-attr]
        {
            "id": int,
            "alert": int,
            "recipients": str,
            "subject": str,
            "text": str,
            "html": str,
            "message_id": str,
            "created": float,
            "attempts": int,
            "next_try": float,
            "sent": float,
            "error": str,
        },
        pk="id",
    )
    db["bookmark"].create({"name": str, "value": str}, pk="name")  # type: ignore[union-attr]
    db.create_view(
        "mail_figures",
        "select count(sent) as sent, count(*) - count(sent) as waiting from mail where recipients <> '[]'",
    )


@office_migrations()
def m002_channels(db: Database) -> None:
    """Messages to channels beside the mail; what a mail told, and how many it has reached; alerts by category."""
    mail = db["mail"]
    mail.add_column("channel", str, not_null_default="")  # type: ignore[union-attr]
    mail.add_column("told", str, not_null_default="")  # type: ignore[union-attr]
    mail.add_column("reached", int, not_null_default=0)  # type: ignore[union-attr]
    for row in db.query("select id, count, told, facts from alert where audience <> 'contest' and state <> 'closed'"):
        facts = json.loads(row["facts"])
        if "kinds" not in facts:
            facts |= {"kinds": {facts["category"]: _kind_of(facts, row)}, "theme": "", "earlier": 0}
            db["alert"].update(row["id"], {"facts": json.dumps(facts)})  # type: ignore[union-attr]


def _kind_of(facts: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
    """The facts of an alert of the first version, which was of one category."""
    site, search = (*facts["sites"], "")[0], (*facts.get("searches", ()), "")[0]
    names = ("action", "category", "rule", "basis", "why", "calendar", "stage", "confidence")
    events = {event: [facts["at"], facts["ref"], site, search] for event in facts["ids"]}
    kind = {name: facts[name] for name in names} | {"list": "", "part_of": "", "events": events}
    return kind | {"count": row["count"], "told": row["told"]}


class OfficeStore:
    """The writing connection. ``with store.atomic():`` makes several changes one."""

    def __init__(self, data: Path) -> None:
        self._lock = WriterLock(data / f"{FILE}.lock")
        path = data / FILE
        self.mended = (
            "" if not path.exists() or is_whole(path) else mend_office(data, FILE, "pages of it cannot be read")
        )
        """What was lost where the file was damaged, "" where it was not."""
        self._connection = sqlite3.connect(path, timeout=30)
        self._db = Database(self._connection)
        self._db.enable_wal()
        self._connection.execute("pragma synchronous = full")
        keep_before(path, self._db, office_migrations)
        office_migrations.apply(self._db)
        self.atomic = self._db.atomic

    def rows(self, sql: str, **parameters: Any) -> list[dict[str, Any]]:
        """Rows of a query, as dicts."""
        return list(self._db.query(sql, parameters))

    def insert(self, table: str, **values: Any) -> int:
        """Add a row; returns its id."""
        return int(self._db[table].insert(values).last_pk)  # type: ignore[union-attr,arg-type]

    def update(self, table: str, row: int, **values: Any) -> None:
        """Change columns of the row with that id."""
        self._db[table].update(row, values)  # type: ignore[union-attr]

    def bookmark(self, name: str) -> str | None:
        """A value kept under a name."""
        rows = self.rows("select value from bookmark where name = :name", name=name)
        return str(rows[0]["value"]) if rows else None

    def set_bookmark(self, name: str, value: str) -> None:
        """Keep a value under a name."""
        self._db["bookmark"].upsert({"name": name, "value": value}, pk="name")  # type: ignore[union-attr]

    def add_mail(
        self,
        recipients: list[str],
        subject: str,
        text: str,
        html: str,
        message_id: str,
        now: float,
        alert: int | None = None,
        channel: str = "",
    ) -> int:
        """Put a mail into the outbox, to be sent at once; or a message to a ``channel`` beside the mail."""
        return self.insert(
            "mail",
            alert=alert,
            channel=channel,
            recipients=json.dumps(recipients),
            subject=subject,
            text=text,
            html=html,
            message_id=message_id,
            created=now,
            attempts=0,
            next_try=now,
            sent=None,
            error=None,
        )

    def forget_before(self, moment: float) -> None:
        """Delete mails that were sent, and alerts that were closed, before that moment."""
        with self.atomic():
            self._connection.execute("delete from mail where sent < ?", [moment])
            self._connection.execute("delete from alert where state = 'closed' and changed < ?", [moment])

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
        self._lock.release()
