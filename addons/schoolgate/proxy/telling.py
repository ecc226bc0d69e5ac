"""Somebody without a login tells the school, on a block page, that something is wrong: it becomes a case at once.

Only the designated safeguarding lead is told (or who stands first among the roles where there is none). What was
written twice about one block is one case.
"""

from datetime import UTC, datetime

from schoolgate.policy.identity import Identity
from schoolgate.policy.request import WebRequest
from schoolgate.proxy.live import Live
from schoolgate.store.cases import Priority, case_names, steady_id
from schoolgate.store.event import Deed, deed_event, stamp

TELL = "wrong"
"""What the form says where it is no request to open the page."""
_LEADS = ("dsl", "headteacher", "chair_of_governors")
_WHY = "Somebody wrote on a block page that something is wrong."


def tell(live: Live, request: WebRequest, identity: Identity, block: str, words: str) -> None:
    """Put it on record: a case, and the words as its first note. ``block`` is the id of the block. Raises OSError."""
    person, client = live.footings.person(identity), request.client or ""
    at = stamp(datetime.fromtimestamp(int(block[:12], 16) / 1000, UTC))
    names = case_names(at, "told", block)
    about = {"about": block, "entry": f"{Priority.HIGH}/{_lead(live)}", "why": _WHY}
    about |= {"client": client, "group": identity.group.id}
    version = live.snapshot.version
    live.record(deed_event(request.at, Deed.CASE, person, version, **names, **about))
    note = {"id": steady_id(at, names["id"], words), "about": names["id"], "why": words}
    live.record(deed_event(request.at, Deed.CASE_NOTE, person, version, **note))


def _lead(live: Live) -> str:
    known = live.settings.school.roles
    return next((role for role in _LEADS if role in known), _LEADS[0])
