"""One thing that happened, in the form that every reader sees."""

import hashlib
import secrets
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from schoolgate.policy.identity import Confidence
from schoolgate.policy.request import WebRequest
from schoolgate.policy.rules import Alert
from schoolgate.policy.sealed import is_sealed
from schoolgate.policy.verdict import Verdict
from schoolgate.policy.visits import Origin
from schoolgate.store.pseudonym import Pseudonyms

_LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # no 0/O, 1/I/L: a child reads it out to a technician
FAULT = "fault"
"""The action of an event that says the gateway itself failed; the other actions are those of the rules."""
DEED = "deed"
"""The action of an event that says what a person, or the gateway for them, did with the record: see ``Deed``."""
PROBE = "probe"
"""The action of an event that tells of the gateway's own probes: what one of them met, or how all of them went
(``rule`` is then ``doctor``). It is nobody's doing, so it counts in no report of people and raises no alert."""


class Deed(StrEnum):
    """What was done; the ``rule`` of an event whose action is ``deed``."""

    NOTICE = "notice-acknowledged"  # person read the notice whose version stands in ``notice``
    DECLARED = "purpose-declared"  # about: sites; entry: since/until (ISO 8601); why: the purpose
    WITHDRAWN = "purpose-withdrawn"  # about: the id of the declaration
    NOTE = "note"  # about: ids of events; why: the person's words
    CONTEST = "contest"  # about: ids of events; why: the person's words
    ANSWER = "contest-answered"  # about: the id of the contest; entry: upheld | refused; why: the words
    REVEALED = "name-revealed"  # person: whose name; why: the reason
    VIEWED = "record-viewed"  # person: whose record; why: the reason
    EXPORTED = "exported"  # person: whose record, or ""; entry: what (sar, evidence, notices)
    HOLD = "hold"  # person, or about: ids of events; entry: since/until; why: the case
    RELEASED = "hold-released"  # about: the id of the hold
    RETENTION = "retention"  # entry: the ranges of ``seq`` whose contents were deleted; why: how many of which
    EXPLAINED = "explained"  # about: a ``seq`` that verify complains of; why: the explanation
    SEALED = "seal-handed-out"  # entry: the seal; why: to whom
    LOGGED_IN = "logged-in"  # a role came into the console; entry: password | sign-on | setup; client: from where
    CASE = "case-opened"  # about: ids of events; entry: priority/route; basis: the rule; why: one plain line
    CASE_MORE = "case-more"  # about: the id of the case, then ids of more events; entry: the priority, if it rose
    CASE_STEP = "case-step"  # about: the id of the case; entry: acknowledged, investigating, decided, closed, reopened
    CASE_OWNER = "case-owner"  # about: the id of the case; entry: the role that looks after it from now on
    CASE_NOTE = "case-note"  # about: the id of the case; why: the words
    ESCALATED = "case-escalated"  # about: the id of the case; entry: the role that is told now; why: what ran out
    OUTCOME = "case-outcome"  # about: the id of the case; entry: see ``store.cases``; why: the words
    ATTACHED = "evidence-attached"  # about: the id of the case; entry: sha256/bytes/type; why: the file's name
    ASKED = "unblock-asked"  # about: the id of the block; host, path; entry: wanted | mistake; why: the words
    OPENED = "site-opened"  # about: the ids of what asked; host, path, group; entry: since/until ("": always); why
    NOT_OPENED = "unblock-refused"  # about: the ids of what asked; why: the words
    SHUT = "site-shut"  # about: the id of what was opened
    DEVICE_IN = "device-added"  # entry: the name of a device that comes from elsewhere; client, group, person: whose
    DEVICE_OUT = "device-removed"  # the like


@dataclass(frozen=True, slots=True)
class Event:
    """A row of the record. ``at`` is UTC, ISO 8601, to the millisecond; ``search`` is set for searches only.

    ``confidence`` (0.00 to 1.00) and ``reason`` belong to ``kind``. ``left_out`` says why a visit does not count
    against the person, "" where it counts; ``notice`` is the version of the notice that the person had acknowledged.
    ``actor`` and ``about`` are of deeds: who did it (a role and a pseudonym, or ``schoolgate``), and to what.
    ``identity_since`` is when that became known which the identity rests on; "" where it came with the request.
    """

    id: str
    ref: str
    at: str
    client: str
    device: str
    person: str
    identity_confidence: str
    group: str
    kind: str
    confidence: str
    reason: str
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
    left_out: str
    notice: str
    actor: str
    about: str
    snapshot: str
    identity_since: str = ""

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


def steady_reference(seed: str) -> str:
    """A reference of the same form that is always the same for the same ``seed``."""
    number = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:16])
    letters = "".join(_LETTERS[number // len(_LETTERS) ** place % len(_LETTERS)] for place in range(8))
    return f"{letters[:4]}-{letters[4:]}"


def as_reference(text: str) -> str:
    """A reference as somebody types it after hearing it: any case, with or without the dash."""
    letters = "".join(letter for letter in text.upper() if letter.isalnum())
    return f"{letters[:4]}-{letters[4:]}"


def _identifier(at: datetime) -> str:
    """Sortable by time, unique without asking anybody."""
    return f"{int(at.timestamp() * 1000):012x}{secrets.token_hex(8)}"


def stamp(at: datetime) -> str:
    """A moment as the record writes it: UTC, ISO 8601, to the millisecond."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def event_of(request: WebRequest, verdict: Verdict, origin: Origin, pseudonyms: Pseudonyms, notice: str = "") -> Event:
    """The event of a verdict. The query never gets here; the login goes in as a pseudonym.

    Of illegal material neither host nor path goes on record, whatever the verdict and the request say.
    """
    hidden = is_sealed(verdict.category, verdict.rule)
    identity = verdict.identity
    is_probe = identity.confidence is Confidence.PROBE
    client = identity.client or ""
    return Event(
        id=_identifier(request.at),
        ref=new_reference(),
        at=stamp(request.at),
        client=client,
        device=pseudonyms.of("device", identity.device) if client else "",
        person="" if is_probe else pseudonyms.of(*identity.known_by),
        identity_confidence=identity.confidence,
        group=identity.group.id,
        kind=origin.kind,
        confidence=f"{origin.confidence:.2f}",
        reason=origin.reason,
        action=PROBE if is_probe else verdict.action,
        stage=verdict.stage,
        method=request.method[:16],
        host="" if hidden else verdict.host,
        path="" if hidden else request.path,
        search=None if hidden else verdict.search or None,
        category=verdict.category,
        theme=verdict.theme,
        list=verdict.list,
        entry=verdict.entry,
        rule=verdict.rule,
        basis=verdict.basis,
        why=verdict.why,
        alert=Alert.NONE if is_probe else verdict.alert,
        calendar=verdict.calendar,
        left_out=verdict.left_out,
        notice=notice,
        actor="",
        about="",
        snapshot=verdict.snapshot,
        identity_since=stamp(identity.since) if identity.since else "",
    )


def _plain(at: datetime, action: str, snapshot: str, **given: str) -> Event:
    """An event about no request: what is not ``given`` is empty."""
    values: dict[str, Any] = dict.fromkeys(NAMES, "")
    values |= {"id": _identifier(at), "ref": new_reference(), "at": stamp(at), "action": action, "search": None}
    return Event(**(values | given | {"snapshot": snapshot}))


def fault_event(at: datetime, where: str, why: str, snapshot: str, client: str = "", group: str = "") -> Event:
    """The gateway failed at ``where``; ``why`` is for the technician and holds no secret of anybody's."""
    return _plain(at, FAULT, snapshot, client=client, group=group, rule=where, why=why[:2000], alert="immediate")


def probes_event(at: datetime, entry: str, why: str, actor: str, snapshot: str) -> Event:
    """How the gateway's probes went: ``entry`` is what came out of how many, ``why`` what was wrong, one a line."""
    return _plain(at, PROBE, snapshot, rule="doctor", entry=entry, why=why[:4000], actor=actor, alert="none")


def deed_event(at: datetime, deed: Deed, actor: str, snapshot: str, **given: str) -> Event:
    """Somebody did something with the record; ``given`` are fields of the event that ``Deed`` speaks of.

    ``actor`` is a role and a pseudonym (``headteacher u-0123456789ab``), a pseudonym alone, or ``schoolgate``.
    """
    return _plain(at, DEED, snapshot, rule=deed, actor=actor, alert="none", **given)
