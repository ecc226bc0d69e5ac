"""The verdict on words: what a page says, or what somebody searches for, under a school's rules."""

from schoolgate.content.judge import USUAL_LIMIT, Judge, hits
from schoolgate.content.page import PageText
from schoolgate.policy.identity import Identity
from schoolgate.policy.request import WebRequest
from schoolgate.policy.rules import SEARCH, TEXT, Stage
from schoolgate.policy.said import decide_said, text_limit
from schoolgate.policy.snapshot import Snapshot
from schoolgate.policy.verdict import Verdict

_MOST_KEPT = 500  # characters of a search that are put on record


def on_page(page: PageText, identity: Identity, request: WebRequest, snapshot: Snapshot, judge: Judge) -> Verdict:
    """The verdict on a page's visible words."""
    limit = text_limit(identity, request, snapshot)
    found = hits(judge.page(page, limit), limit, TEXT)
    return decide_said(identity, request, snapshot, found)


def on_search(words: str, identity: Identity, request: WebRequest, snapshot: Snapshot, judge: Judge) -> Verdict:
    """The verdict on search words, or on a prompt to a chatbot; it carries the words where anything was found."""
    found = hits(judge.query(words), USUAL_LIMIT, SEARCH)
    return decide_said(identity, request, snapshot, found, Stage.SEARCH, _kept(words) if found else "")


def _kept(words: str) -> str:
    """What of a search is put on record: both ends of a long one, as either may be padding."""
    half = _MOST_KEPT // 2
    return words if len(words) <= _MOST_KEPT else f"{words[: half - 1]}…{words[-half:]}"
