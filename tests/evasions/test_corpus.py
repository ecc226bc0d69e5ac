"""Ways round a filter, as data: none passes for a pupil, and nothing that looks like one is taken from a lesson."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from schoolgate.enquiry import Enquiry
from schoolgate.settings.load import Settings

HERE = Path(__file__).parent
AT = "2026-11-24T10:42"
WAYS = ("wrapped", "ways", "pages", "more_wrapped", "more_ways", "more_pages")
LOOKALIKES = ("lookalikes", "more_lookalikes")


def cases(*names: str) -> list[Any]:
    """Every case of these files; its address, or the name of its page, is the test's."""
    found = [case for name in names for case in yaml.safe_load((HERE / f"{name}.yaml").read_text())]
    return [pytest.param(case, id=case.get("name", case.get("url"))) for case in found]


@pytest.fixture(scope="session")
def enquiry(default: Settings) -> Enquiry:
    """The verdicts of the shipped settings."""
    return Enquiry(default, {"at": AT})


def answer(enquiry: Enquiry, case: dict[str, Any], group: str) -> dict[str, Any]:
    """What the filter says of a case to somebody of a group."""
    asked = {name: case[name] for name in ("url", "headers", "html") if name in case}
    return enquiry.answer({"group": group, **asked})


@pytest.mark.parametrize("case", cases(*WAYS))
def test_no_way_round_the_filter_passes_for_a_pupil(enquiry: Enquiry, case: dict[str, Any]) -> None:
    said = answer(enquiry, case, "pupils")
    assert (said["action"], said["category"]) == (case["action"], case["category"]), said
    assert case["action"] == "block"
    assert said["rule"]
    assert said["why"]


@pytest.mark.parametrize("case", cases(*LOOKALIKES))
def test_what_only_looks_like_one_passes_for_a_pupil(enquiry: Enquiry, case: dict[str, Any]) -> None:
    said = answer(enquiry, case, "pupils")
    assert said["action"] == case["action"] == "allow", said


def test_there_are_enough_of_both() -> None:
    assert len(cases(*WAYS)) >= 550
    assert len(cases(*LOOKALIKES)) >= 300
