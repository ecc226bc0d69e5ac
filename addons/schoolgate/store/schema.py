"""The record's file: its tables, its migrations by name, and the views that everybody reads.

Tables may change from version to version; the views ``events``, ``blocks``, ``visits``, ``faults``, ``deeds``,
``tallies``, ``activity`` and ``coverage`` are the interface and keep their columns.
"""

from schoolgate.store import check_chain
from schoolgate.store.chain import make_tables
from schoolgate.store.database import Database, Migrations
from schoolgate.store.event import NAMES

FILE = "record.db"
COLUMNS = ", ".join(f'"{name}"' for name in NAMES)
VIEWS = {name: f"select {COLUMNS} {rows}" for name, rows in check_chain.VIEWS.items()}
UNSEALED = "unsealed_up_to"
"""The note of the recorder that says up to which row the record stood before there was a chain."""

COVERAGE = 'select hour, "group", fate, app, connections from coverage_count'
"""The view ``coverage``; like all counts it is not sealed."""

record_migrations = Migrations("record")


@record_migrations()
def m001_events(db: Database) -> None:
    """Events, the counts of what was only counted, and how far each journal was carried over."""
    columns = ", ".join(f'"{name}" text' for name in NAMES)
    db.execute(f"create table event (seq integer primary key autoincrement, {columns})")  # no seq is used twice
    db["event"].create_index(["id"], unique=True)  # type: ignore[union-attr]
    db["event"].create_index(["at"])  # type: ignore[union-attr]
    db["event"].create_index(["ref"])  # type: ignore[union-attr]
    db["event"].create_index(["action", "at"])  # type: ignore[union-attr]
    db["tally"].create(  # type: ignore[union-attr]
        {"hour": str, "group": str, "action": str, "category": str, "requests": int},
        pk=("hour", "group", "action", "category"),
    )
    db["journal_place"].create({"segment": str, "end": int}, pk="segment")  # type: ignore[union-attr]
    db["recorder"].create({"name": str, "value": float}, pk="name")  # type: ignore[union-attr]


@record_migrations()
def m002_views(db: Database) -> None:
    """The reading interface."""
    db.create_view("events", f"select seq, {COLUMNS} from event")
    for name, sql in VIEWS.items():
        db.create_view(name, sql)
    db.create_view("tallies", check_chain.COUNTS["tallies"])


@record_migrations()
def m003_fair_record(db: Database) -> None:
    """How sure a kind is and why, what is left out, notices, and deeds."""
    known = {column.name for column in db["event"].columns}
    for name in NAMES:
        if name not in known:
            db.execute(f"alter table event add column \"{name}\" text not null default ''")
    for name in ("events", *VIEWS):
        db.execute(f"drop view if exists {name}")
    db.create_view("events", f"select seq, {COLUMNS} from event")
    for name, sql in VIEWS.items():
        db.create_view(name, sql)
    db["event"].create_index(["person", "at"], if_not_exists=True)  # type: ignore[union-attr]
    db["activity_count"].create(  # type: ignore[union-attr]
        {"day": str, "person": str, "group": str, "category": str, "kind": str, "requests": int},
        pk=("day", "person", "group", "category", "kind"),
    )
    db.create_view("activity", check_chain.COUNTS["activity"])


@record_migrations()
def m004_chain(db: Database) -> None:
    """The hash chain; rows that are here already are sealed by the recorder when it starts."""
    make_tables(db.conn)
    last = db.execute("select coalesce(max(seq), 0) from event").fetchone()[0]
    db["recorder"].upsert({"name": UNSEALED, "value": last}, pk="name")  # type: ignore[union-attr]


@record_migrations()
def m005_log(db: Database) -> None:
    """One index that answers for what a log is looked through by, newest first; and one of searches alone."""
    db.execute('create index if not exists event_log on event (at, "group", action, category, host)')
    db.execute("create index if not exists event_searched on event (at) where search is not null")
    db.execute("drop index if exists idx_event_at")  # the first column of event_log


@record_migrations()
def m006_coverage(db: Database) -> None:
    """How many connections of a group were looked into, judged by name, passed through, refused, or broke off."""
    db["coverage_count"].create(  # type: ignore[union-attr]
        {"hour": str, "group": str, "fate": str, "app": str, "connections": int}, pk=("hour", "group", "fate", "app")
    )
    db.create_view("coverage", COVERAGE)


@record_migrations()
def m007_counter(db: Database) -> None:
    """A record of the first version gave the number of a deleted last row again; the chain counts on a counter."""
    (made,) = db.execute("select sql from sqlite_master where type = 'table' and name = 'event'").fetchone()
    if "autoincrement" in made.lower():
        return
    kept = "select sql from sqlite_master where type = 'index' and tbl_name = 'event' and sql is not null"
    indexes = [row[0] for row in db.execute(kept).fetchall()]
    columns = ", ".join(f'"{column.name}" text' for column in db["event"].columns if column.name != "seq")
    names = ", ".join(f'"{column.name}"' for column in db["event"].columns)
    db.execute(f"create table event_counted (seq integer primary key autoincrement, {columns})")
    db.execute(f"insert into event_counted ({names}) select {names} from event")
    db.execute("drop table event")
    db.execute("pragma legacy_alter_table = on")  # which looks at no view that names the table
    db.execute("alter table event_counted rename to event")
    db.execute("pragma legacy_alter_table = off")
    for index in indexes:
        db.execute(index)


@record_migrations()
def m008_identity_since(db: Database) -> None:
    """Since when that was known which an identity rests on."""
    if "identity_since" not in {column.name for column in db["event"].columns}:
        db.execute("alter table event add column identity_since text not null default ''")
    for name in ("events", *VIEWS):
        db.execute(f"drop view if exists {name}")
    db.create_view("events", f"select seq, {COLUMNS} from event")
    for name, sql in VIEWS.items():
        db.create_view(name, sql)


@record_migrations()
def m009_deeds(db: Database) -> None:
    """Deeds are looked through by what was done: there are few of a kind, however many there are."""
    db.execute("create index if not exists event_deed on event (rule, at) where action = 'deed'")
