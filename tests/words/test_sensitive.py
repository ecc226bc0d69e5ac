"""Pupils reach sex education, LGBT, health, faith, addiction help, news and reference: less than 1 % may be blocked."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from schoolgate.policy.decision import decide_for
from schoolgate.policy.identity import Confidence, Identity
from schoolgate.policy.request import request_from_url
from schoolgate.policy.rules import Action
from schoolgate.policy.verdict import Verdict
from schoolgate.settings.load import Settings

SITES = sorted(Path(__file__).with_name("sensitive").glob("*.txt"))
MOST_BLOCKED = 0.01  # of the sites of a file
AT = datetime(2026, 11, 24, 10, 42, tzinfo=UTC)  # a Tuesday in term, during lessons


def read_sites(path: Path) -> list[str]:
    """One host, or host and path, a line; ``#`` begins a comment."""
    lines = (line.partition("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line]


def judge(settings: Settings, site: str) -> Verdict:
    """What a pupil gets who opens the site."""
    identity = Identity(None, None, settings.snapshot.people.group("pupils"), Confidence.UNKNOWN, "test")
    return decide_for(identity, request_from_url(f"https://{site}", at=AT), settings.snapshot)


def test_every_subject_has_its_sites() -> None:
    assert {path.stem for path in SITES} == {
        "sex_education",
        "lgbt",
        "health",
        "religion",
        "addiction_help",
        "news_reference",
    }


@pytest.mark.parametrize("path", SITES, ids=lambda path: path.stem)
def test_less_than_one_in_a_hundred_sites_is_blocked_for_pupils(default: Settings, path: Path) -> None:
    sites = read_sites(path)
    verdicts = {site: judge(default, site) for site in sites}
    assert len(verdicts) == len(sites), "a site is named twice"
    blocked = [
        f"{site}: {verdict.category} by {verdict.list} ({verdict.entry})"
        for site, verdict in verdicts.items()
        if verdict.action is Action.BLOCK
    ]
    assert len(blocked) < MOST_BLOCKED * len(sites), "\n".join(blocked)
