"""A worrying search is told whatever else the rules say of the site that it is made on."""

from collections.abc import Callable

import pytest
from pretend.gateway import Gateway
from pretend.school import RULES
from pretend.sites import Sites

PUPIL = "127.0.0.2"
WORRY = "/results?search_query=how+to+kill+myself"
HEAD = """rules:
  - {id: worries, groups: [pupils], categories: [self_harm], applies_to: [searches], action: %s, alert: immediate,
     why: The school looks after it.}
  - {id: seen, groups: [pupils], categories: [streaming], action: %s, alert: none, why: It is noted.}
"""


@pytest.mark.parametrize(
    ("search", "site", "statuses"),
    [
        ("log", "log", [200, 200]),
        ("log", "block", [403, 403]),
        ("warn", "log", [403, 200]),
        ("block", "block", [403, 403]),
        ("block", "log", [403, 403]),
    ],
)
def test_every_worrying_search_is_on_record_and_alarms(
    start: Callable[..., Gateway], sites: Sites, search: str, site: str, statuses: list[int]
) -> None:
    gateway = start(rules=RULES.replace("rules:\n", HEAD % (search, site), 1))
    for status in statuses:
        assert gateway.curl(f"https://www.youtube.com:{sites.tls_port}{WORRY}").status == status
    told = [each for each in gateway.events() if each["search"] == "how to kill myself"]
    assert [each["alert"] for each in told] == ["immediate", "immediate"]
