"""The table of nftables: one worker has the redirected port, several share out devices by their address."""

import re
from typing import Any

import pytest
from schoolgate.gateway.redirect import mark_of, table
from schoolgate.settings.school_models import SchoolFile

BOTH = ["0.0.0.0:8080", "[::]:8080"]


def school(proxy: list[str], **listen: Any) -> SchoolFile:
    text = {"name": "S", "roles": {}, "listen": {"proxy": proxy, "transparent": 8480, **listen}}
    return SchoolFile.model_validate({**text, "gateway": {"inside": ["eth1"]}})


def test_one_worker_shares_nothing_out() -> None:
    text = table(school(BOTH), 1)
    assert "jhash" not in text
    assert re.search(r"tcp dport \{ 80, 443, 81-85, [\d, -]+ \} counter redirect to :8480\n", text)
    assert "tcp dport { 8480 } ct status ! dnat" in text


def test_several_workers_each_have_their_devices_by_whatever_way_they_come() -> None:
    text = table(school(BOTH), 3)
    choices = re.findall(r"(ip6?) saddr mod 3 seed (\w+) map \{ (.*?) \}", text)
    transparent, proxy = "0 : 8481, 1 : 8482, 2 : 8483", "0 : 8545, 1 : 8546, 2 : 8547"
    assert sorted((word, ports) for word, _, ports in choices) == sorted(
        (word, ports) for word in ("ip", "ip6") for ports in (transparent, proxy)
    )
    assert len({seed for _, seed, _ in choices}) == 1
    assert "tcp dport { 8480, 8481, 8482, 8483, 8545, 8546, 8547 } ct status ! dnat" in text
    assert mark_of(text) != mark_of(table(school(BOTH), 2))


@pytest.mark.parametrize("proxy", ["127.0.0.1:8080", "[::1]:8080", "localhost:8080"])
def test_a_proxy_for_this_machine_only_is_opened_to_nobody(proxy: str) -> None:
    assert "8545" not in table(school([proxy]), 2).partition("chain own_port")[0]


def test_a_proxy_at_one_address_is_shared_out_at_that_address() -> None:
    text = table(school(["10.20.0.1:3128", "[fd00:20::1]:3128"]), 2)
    assert "ip daddr 10.20.0.1 tcp dport 3128 counter redirect to :jhash ip saddr" in text
    assert "ip6 daddr fd00:20::1 tcp dport 3128 counter redirect to :jhash ip6 saddr" in text


def test_only_those_that_the_settings_name_say_by_radius_who_is_where() -> None:
    told = {"radius": {"listen": "0.0.0.0:1913", "clients": {"10.0.0.5": "a", "10.0.0.6": "b"}}}
    text = table(SchoolFile.model_validate({"name": "S", "roles": {}, "listen": {"transparent": 8480},
                                            "gateway": {"inside": ["eth1"]}, "identity": told}))  # fmt: skip
    own = text.partition("chain own_port")[2]
    assert "ip saddr != { 10.0.0.5, 10.0.0.6 } udp dport 1913 counter drop" in own
    assert "meta nfproto ipv6 udp dport 1913 counter drop" in own
    assert "1813" not in table(school(BOTH))
