"""The verdict on what a page says or shows, or on what is searched for; the hits are found in ``content/``."""

from math import inf

from schoolgate.policy.case import Case, by_rule
from schoolgate.policy.identity import Identity, Inspect
from schoolgate.policy.private import is_private
from schoolgate.policy.request import WebRequest
from schoolgate.policy.rules import (
    EVERYTHING,
    PICTURE,
    SEARCH,
    TEXT,
    Action,
    Hit,
    Rule,
    Stage,
    Subject,
)
from schoolgate.policy.snapshot import Snapshot
from schoolgate.policy.verdict import Verdict
from schoolgate.policy.wrapped import shown

_REMEMBERED = 4096  # combinations of a group, the periods of a moment, and a subject
_SUBJECTS = {TEXT: Subject.PAGES, SEARCH: Subject.SEARCHES, PICTURE: Subject.PICTURES}


def decide_said(
    identity: Identity,
    request: WebRequest,
    snapshot: Snapshot,
    hits: tuple[Hit, ...],
    stage: Stage = Stage.RESPONSE,
    search: str = "",
) -> Verdict:
    """The verdict on what a page says or shows, or on a search; ``hits`` are what its words or pictures amount to.

    What a page says is never written down against anybody as personal use (``log``), and doubtful words alarm nobody.
    """
    case = Case(identity, request.at, stage, snapshot, search)
    named = ((request.host, hit) for hit in hits)
    if first := case.first_rule(named, lambda rule, hit: _means(rule, _SUBJECTS[hit.list])):
        return by_rule(case, *first)
    if hits:
        now = case.moment.words
        why = f"Judged to be {hits[0].category}, but no rule forbids that to {identity.group.id} now ({now})."
        return case.about(request.host, hits[0], Action.ALLOW, why)
    return case.allow(request.host, "Nothing in its words speaks against it.")


def _means(rule: Rule, subject: Subject) -> bool:
    """Whether a rule means what is judged; to be written down (``log``), searches must be named in the rule itself."""
    if rule.action is Action.LOG:
        return subject is Subject.SEARCHES and subject in rule.subjects and rule.subjects != EVERYTHING
    return subject in rule.subjects


def is_judged(identity: Identity, request: WebRequest, snapshot: Snapshot, subject: Subject) -> bool:
    """Whether any rule could do something about what this request's page says or shows; never on private sites."""
    group = identity.group
    if group.inspect is not Inspect.FULL or (subject is Subject.PAGES and group.text_limit is None):
        return False
    if group.id in snapshot.calendar.at_work and is_private(snapshot, identity, request.names):
        return False
    periods = snapshot.calendar.moment(request.at, group.id, identity.user or "").periods
    key = (group.id, periods, subject)
    does = snapshot.does.get(key)
    if does is None:
        if len(snapshot.does) >= _REMEMBERED:
            snapshot.does.clear()
        does = snapshot.does[key] = any(
            group.id in rule.groups
            and rule.when in periods
            and _means(rule, subject)
            and rule.action is not Action.ALLOW
            for rule in snapshot.rules
        )
    return does


def text_limit(identity: Identity, request: WebRequest, snapshot: Snapshot) -> float:
    """The points at which words count for this group on this site: never where the school itself has allowed the site.

    Sites that the school must be able to reach need twice as many.
    """
    limit, request = identity.group.text_limit, shown(request)
    if limit is None or any(_is_allowed(snapshot, name, request.target) for name in request.names):
        return inf
    return limit * (2.0 if all(snapshot.lists.is_protected(name) for name in request.names) else 1.0)


def _is_allowed(snapshot: Snapshot, name: str, target: str) -> bool:
    local = snapshot.lists.look_up(name, target).local
    return local is not None and local[0] is Action.ALLOW
