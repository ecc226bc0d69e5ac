"""A school of some kinds of people, whose days are told in the files beside this one."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pretend.school import School
from schoolgate.policy.decision import decide
from schoolgate.policy.request import request_from_url
from schoolgate.policy.verdict import Verdict
from schoolgate.settings.folders import find_folders
from schoolgate.settings.load import Settings, load_settings

LONDON = ZoneInfo("Europe/London")
SHOP = "https://www.amazon.co.uk/"
PEOPLE = """
groups:
  pupils: {title: Pupil devices, networks: ["10.20.0.0/16"]}
  staff:  {title: Staff, networks: ["10.30.0.0/16"], users: ["t.full", "t.other"]}
  midday: {title: Midday supervisors, networks: ["10.31.0.0/16"], users: ["m.day"]}
  site:   {title: Office and site, networks: ["10.32.0.0/16"], users: ["c.taker"]}
unknown: pupils
people:
  j.smith: {name: Mrs J Smith, group: staff, devices: ["10.30.1.20"]}
  o.ffice: {name: Ms O Ffice, group: site}
"""
RULES = """
rules:
  - {id: pupils-harm, groups: [pupils], categories: [adult, gambling, shopping], action: block, why: Not for children.}
  - {id: personal-use, groups: [staff, midday, site], categories: [shopping], when: working_hours, action: log,
     alert: digest, why: Staff give the whole of their time to their duties in working hours.}
"""


@dataclass(frozen=True)
class Told:
    """A school whose people open a shop at some time."""

    settings: Settings

    def verdict(self, at: str, who: str) -> Verdict:
        """``at`` is on the school's clock, or UTC with a Z; ``who`` is a login or an address."""
        local = datetime.fromisoformat(at)
        moment = local if local.tzinfo else local.replace(tzinfo=LONDON)
        is_device = who[0].isdigit()
        client, user = (who, None) if is_device else ("10.20.9.9", who)
        request = request_from_url(SHOP, at=moment.astimezone(UTC), client=client, user=user)
        return decide(request, self.settings.snapshot)

    def words(self, at: str, who: str) -> str:
        """What the record says of the time, once it is seen that the verdict says the same."""
        verdict = self.verdict(at, who)
        assert (verdict.action == "log") is (" is in " in verdict.calendar), (at, who, verdict)
        assert verdict.action in ("log", "allow")
        assert "smith" not in verdict.calendar.casefold()
        return verdict.calendar


@pytest.fixture(scope="session")
def tell(index: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Told]:
    """A school with this calendar.yaml."""

    def told(calendar: str) -> Told:
        folder = tmp_path_factory.mktemp("told")
        shutil.copytree(index, folder / "index")
        school = School(folder / "school", people=PEOPLE, rules=RULES, calendar=calendar).write()
        return Told(load_settings(find_folders(school.config), folder / "index"))

    return told
