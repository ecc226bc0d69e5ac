"""One thing that happened, in the form that every reader sees."""

import secrets
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import Any

from schoolgate.policy.decision import Verdict
from schoolgate.policy.request import WebRequest
from schoolgate.policy.visits import Kind
from schoolgate.store.pseudonym import Pseudonyms

_LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # no 0/O, 1/I/L: a child reads it out to a technician
FAULT = "fault"
"""The action of an event that says the gateway itself failed; the other actions are those of the rules."""


@dataclass(frozen=True, slots=True)
class Event:
    """A row of the record. ``at`` is UTC, ISO 8601, to the millisecond; ``search`` is set for searches only."""

    id: str
    ref: str
    at: str
    client: str
    device: str
    person: str
    identity_confidence: str
    group: str
    kind: str
    action: str
    stage: str
    method: str
    host: str
    path: str
    search: str | None
    category: str
    theme: str
    list: str
    entry: str
    rule: str
    basis: str
    why: str
    alert: str
    calendar: str
    snapshot: str

    def row(self) -> dict[str, Any]:
        """The event as a dict, in the order of its names; bytes that are no text are written out as ``\\xff``."""
        return {name: _storable(value) for name, value in asdict(self).items()}


def _storable(value: str | None) -> str | None:
    if value is None or value.isascii():
        return value
    return value.encode("utf-8", "backslashreplace").decode()


NAMES = tuple(field.name for field in fields(Event))
"""The names of an event, in order."""


def new_reference() -> str:
    """Eight letters and figures that can be read over a telephone, one in 6.5e11."""
    letters = "".join(secrets.choice(_LETTERS) for _ in range(8))
    return f"{letters[:4]}-{letters[4:]}"


def as_reference(text: str) -> str:
    """A reference as somebody types it after hearing it: any case, with or without the dash."""
    letters = "".join(letter for letter in text.upper() if letter.isalnum())
    return f"{letters[:4]}-{letters[4:]}"


def _identifier(at: datetime) -> str:
    """Sortable by time, unique without asking anybody."""
    return f"{int(at.timestamp() * 1000):012x}{secrets.token_hex(8)}"


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def event_of(request: WebRequest, verdict: Verdict, kind: Kind, pseudonyms: Pseudonyms) -> Event:
    """The event of a verdict. The query never gets here; the login goes in as a pseudonym."""
    identity = verdict.identity
    client = identity.client or ""
    return Event(
        id=_identifier(request.at),
        ref=new_reference(),
        at=_stamp(request.at),
        client=client,
        device=pseudonyms.of("device", client) if client else "",
        person=pseudonyms.of("user", identity.user) if identity.user else pseudonyms.of("device", client),
        identity_confidence=identity.confidence,
        group=identity.group.id,
        kind=kind,
        action=verdict.action,
        stage=verdict.stage,
        method=request.method[:16],
        host=verdict.host,
        path=request.path,
        search=verdict.search or None,
        category=verdict.category,
        theme=verdict.theme,
        list=verdict.list,
        entry=verdict.entry,
        rule=verdict.rule,
        basis=verdict.basis,
        why=verdict.why,
        alert=verdict.alert,
        calendar=verdict.calendar,
        snapshot=verdict.snapshot,
    )


def fault_event(at: datetime, where: str, why: str, snapshot: str, client: str = "", group: str = "") -> Event:
    """The gateway failed at ``where``; ``why`` is for the technician and holds no secret of anybody's."""
    return Event(
        id=_identifier(at),
        ref=new_reference(),
        at=_stamp(at),
        client=client,
        device="",
        person="",
        identity_confidence="",
        group=group,
        kind="",
        action=FAULT,
        stage="",
        method="",
        host="",
        path="",
        search=None,
        category="",
        theme="",
        list="",
        entry="",
        rule=where,
        basis="",
        why=why[:2000],
        alert="immediate",
        calendar="",
        snapshot=snapshot,
    )
