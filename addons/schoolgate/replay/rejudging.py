"""Judges an event of the record once more, as of its own moment, under the settings in force and under edited ones.

What is on record is enough for an address and for the words of a search, but not for what a page said or showed, nor
for a file: of those, it is said why they cannot be judged. The query of an address is on record nowhere, so an entry of
a list that needs one matches neither before nor after.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

from schoolgate.content.verdict import on_search
from schoolgate.policy.decision import BAD_ADDRESS, BARE_ADDRESS, NAMES_DISAGREE, ODD_PORT, WRAPPED_SEARCH, decide_for
from schoolgate.policy.files import FILE
from schoolgate.policy.identity import Confidence, Group, Identity, Inspect
from schoolgate.policy.request import WebRequest, match_target
from schoolgate.policy.rules import PICTURE, SIGN, TEXT, Stage, Subject
from schoolgate.policy.said import is_judged
from schoolgate.policy.sealed import SEALED
from schoolgate.policy.standing import Standing
from schoolgate.policy.verdict import Verdict, outweighs
from schoolgate.settings.load import Settings

FIELDS = (
    "at", "client", "person", "identity_confidence", "group", "kind", "action", "stage", "method", "host", "path",
    "search", "list", "rule", "left_out",
)  # fmt: skip
"""What of an event is looked at."""
_LONGEST = 500  # characters of a search that are put on record: of a longer one, both ends
_REMEMBERED = 4096
Row = Mapping[str, Any]


class Unjudged(StrEnum):
    """Why an event cannot be judged again, in words for people."""

    PAGE = "what the page said is not kept"
    PICTURE = "the picture is not kept"
    FILE = "the file is not kept"
    SEARCH = "only both ends of the long search are kept"
    REQUEST = "it was refused for the way it was made, whatever rules say"
    SIGN = "the way it was asked for, by which it was known, is not kept"
    GROUP = "its group is gone from the settings, and nobody can tell who it was"


@dataclass(frozen=True, slots=True)
class Pair:
    """An event under the settings in force, and under edited ones."""

    before: Verdict
    after: Verdict


_BY_LIST = {SIGN: Unjudged.SIGN, TEXT: Unjudged.PAGE, PICTURE: Unjudged.PICTURE, FILE: Unjudged.FILE}
_SURE = (Confidence.LOGIN, Confidence.DEVICE)


class Rejudging:
    """Judges events by two settings; it may be asked for as many as there are."""

    def __init__(self, now: Settings, new: Settings, logins: Mapping[str, str], standing: Standing) -> None:
        """``logins`` are those behind pseudonyms, as far as anybody can tell; ``standing`` is what people declared."""
        self._now, self._new, self._logins, self._standing = now, new, logins, standing
        self._identities = lru_cache(_REMEMBERED)(self._identify)
        self._target = lru_cache(_REMEMBERED)(match_target)

    def judge(self, event: Row) -> Pair | Unjudged:
        """The event (a row with at least ``FIELDS``) under both settings, or why that cannot be told."""
        search = event["search"] or ""
        if event["rule"] in (NAMES_DISAGREE, BAD_ADDRESS, SEALED, ODD_PORT, WRAPPED_SEARCH):
            return Unjudged.REQUEST
        if event["list"] in _BY_LIST and event["rule"] != BARE_ADDRESS:
            return _BY_LIST[event["list"]]
        if len(search) >= _LONGEST and "…" in search:
            return Unjudged.SEARCH
        found = self._identities(event["client"], event["person"], event["group"], event["identity_confidence"])
        if found is None:
            return Unjudged.GROUP
        was, becomes = found
        target, at = self._target(event["path"]), datetime.fromisoformat(event["at"])
        method, host, path = event["method"], event["host"], event["path"]
        request = WebRequest(at, was.client, was.user, method, "https", (host,), 443, path, target)
        seen = Stage.HELLO if event["stage"] == Stage.HELLO else Stage.REQUEST
        unseen = _loses_sight(was.group, becomes.group)
        before = self._verdict(self._now, was, request, seen, event)
        after = self._verdict(self._new, becomes, request, Stage.HELLO if unseen else seen, event)
        return Pair(before, after)

    def _verdict(self, settings: Settings, who: Identity, request: WebRequest, stage: Stage, event: Row) -> Verdict:
        """As the gate reaches it: what is searched for counts where it matters as much as the address does."""
        snapshot, search = settings.snapshot, event["search"]
        verdict = decide_for(who, request, snapshot, stage, self._standing, event["person"])
        if search and is_judged(who, request, snapshot, Subject.SEARCHES):
            said = on_search(search, who, request, snapshot, settings.judge)
            return said if outweighs(said, verdict) else verdict
        return verdict

    def _identify(self, client: str, person: str, group: str, sure: str) -> tuple[Identity, Identity] | None:
        """Who it was, and who it would be: of the group on record, unless the edit puts them into another.

        None where only the group on record tells who it was, and one of the settings has no such group.
        """
        user = None if sure == Confidence.DEVICE else self._logins.get(person)
        was, becomes = (each.snapshot.people.identify(client or None, user) for each in (self._now, self._new))
        held, kept = (_group(each, group) for each in (self._now, self._new))
        if sure in _SURE and was.confidence != sure:  # a login that no file names any more, or a device given away
            unnamed = Identity(client or None, None, was.group, Confidence.UNKNOWN, "as it is on record")
            return (replace(unnamed, group=held), replace(unnamed, group=kept)) if held and kept else None
        if held and was.group.id != becomes.group.id:
            return replace(was, group=held), becomes
        return (replace(was, group=held), replace(becomes, group=kept)) if held and kept else (was, becomes)


def _group(settings: Settings, name: str) -> Group | None:
    return next((group for group in settings.snapshot.people.groups if group.id == name), None)


def _loses_sight(was: Group, becomes: Group) -> bool:
    """Whether the edit closes the group's TLS, so that only names are left to judge by."""
    return becomes.inspect is Inspect.NAMES and was.inspect is Inspect.FULL
