"""How deeds and single events are asked for: any connection that answers over the views of the record will do."""

import json
from collections.abc import Iterable
from typing import Any, Protocol

from schoolgate.store.event import DEED, Deed

DEEDS = f"select * from events where action = '{DEED}'"
"""What every query of deeds begins with."""


class Queries(Protocol):
    """A connection that answers queries over the views of the record."""

    def query(self, sql: str, parameters: dict[str, Any] | None = None) -> Any:
        """Rows as dicts."""
        ...


def deeds_of(reader: Queries, *deeds: Deed) -> list[dict[str, Any]]:
    """All deeds of these kinds, oldest first."""
    return list(reader.query(f"{DEEDS} and rule in {quoted(deeds)} order by at, id"))


def quoted(deeds: Iterable[Deed]) -> str:
    """Kinds of deeds as SQL has them, for an ``in``: the index of deeds is there for words only, not for parameters."""
    return f"({', '.join(f"'{deed}'" for deed in deeds)})"


def events_of(reader: Queries, ids: Iterable[str]) -> list[dict[str, Any]]:
    """Events by their ids, oldest first."""
    sql = "select * from events where id in (select value from json_each(:ids)) order by at, id"
    return list(reader.query(sql, {"ids": json.dumps(list(ids))}))
