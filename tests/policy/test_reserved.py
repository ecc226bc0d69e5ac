"""Reserved names count as listed in their category for everybody, and as nothing else."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pretend.school import School
from schoolgate.policy.decision import decide_for
from schoolgate.policy.request import request_from_url
from schoolgate.policy.reserved import RESERVED, is_reserved, reserved_listing, reserved_name
from schoolgate.policy.rules import Action
from schoolgate.settings.load import Settings

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
KNOWN = ("adult", "self_harm", "my-own")


@pytest.mark.parametrize("category", KNOWN)
def test_every_category_has_one(category: str) -> None:
    listing = reserved_listing(reserved_name(category), KNOWN)
    assert listing is not None
    assert [hit.category for hit in listing.hits] == [category]


@pytest.mark.parametrize(
    "host",
    [RESERVED, f"x.{RESERVED}", f"a.adult.{RESERVED}", f"adult.{RESERVED}.evil.example", f"adult{RESERVED}", "adult"],
)
def test_nothing_else_is_one(host: str) -> None:
    assert reserved_listing(host, KNOWN) is None


def test_what_ends_so_is_the_gateways_own() -> None:
    assert is_reserved(RESERVED)
    assert is_reserved(f"whatever.{RESERVED}")
    assert not is_reserved(f"evil{RESERVED}")


@pytest.mark.parametrize(
    ("group", "category", "action"),
    [("pupils", "adult", "block"), ("staff", "adult", "block"), ("staff", "gambling", "allow"), ("servers", "adult", "allow"),
     ("pupils", "webmail", "warn"), ("staff", "social_media", "log")],
)  # fmt: skip
def test_the_rules_decide_on_it(
    settings_of: Callable[[School], Settings], tmp_path: Path, group: str, category: str, action: str
) -> None:
    snapshot = settings_of(School(tmp_path).write()).snapshot
    request = request_from_url(f"http://{reserved_name(category)}/", at=NOW)
    assert decide_for(snapshot.people.probe(group), request, snapshot).action is Action(action)
