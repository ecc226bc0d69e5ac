"""How deeds are asked for: any connection that answers over the views of the record will do."""

from typing import Any, Protocol

from schoolgate.store.event import DEED, Deed


class Queries(Protocol):
    """A connection that answers queries over the views of the record."""

    def query(self, sql: str, parameters: dict[str, Any] | None = None) -> Any:
        """Rows as dicts."""
        ...


def deeds_of(reader: Queries, deed: Deed) -> list[dict[str, Any]]:
    """All deeds of one kind, oldest first."""
    sql = "select * from events where action = :action and rule = :rule order by at, id"
    return list(reader.query(sql, {"action": DEED, "rule": deed}))
