"""A worrying search is told whatever else the rules say of the site that it is made on."""

from collections.abc import Callable

import pytest
from pretend.gateway import Gateway
from pretend.school import PEOPLE, RULES
from pretend.sites import Sites

WORRY = "/results?search_query=how+to+kill+myself"
YEARS = {
    ("log", "log"): [200, 200],
    ("log", "block"): [403, 403],
    ("warn", "log"): [403, 200],
    ("block", "block"): [403, 403],
    ("block", "log"): [403, 403],
}
"""Five years of pupils: what their rules do with a worrying search and with the site, and what it answers them twice."""
GROUP = '  year-{year}: {{title: Year {year}, networks: ["127.0.3.{year}/32"], inspect: full}}\n'
HEAD = """
  - {{id: worries-{year}, groups: [year-{year}], categories: [self_harm], applies_to: [searches], action: {search},
     alert: immediate, why: The school looks after it.}}
  - {{id: seen-{year}, groups: [year-{year}], categories: [streaming], action: {site}, alert: none, why: It is noted.}}"""


@pytest.fixture(scope="module")
def gateway(start: Callable[..., Gateway]) -> Gateway:
    groups, rules = "groups:\n", "rules:"
    for year, (search, site) in enumerate(YEARS, 1):
        groups += GROUP.format(year=year)
        rules += HEAD.format(year=year, search=search, site=site)
    return start(people=PEOPLE.replace("groups:\n", groups, 1), rules=RULES.replace("rules:", rules, 1))


@pytest.mark.parametrize(("year", "statuses"), [*enumerate(YEARS.values(), 1)], ids=map("-".join, YEARS))
def test_every_worrying_search_is_on_record_and_alarms(
    gateway: Gateway, sites: Sites, year: int, statuses: list[int]
) -> None:
    for status in statuses:
        answer = gateway.curl(f"https://www.youtube.com:{sites.tls_port}{WORRY}", client=f"127.0.3.{year}")
        assert answer.status == status
    told = [each for each in gateway.events("--group", f"year-{year}") if each["search"] == "how to kill myself"]
    assert [each["alert"] for each in told] == ["immediate", "immediate"]
