"""Ports that lead past the filter, as people write them and as nftables reads them."""

import pytest
from schoolgate.policy.ports import REFUSED, PortRange, numbers, past_the_filter, port_range


@pytest.mark.parametrize(
    ("text", "meant"),
    [("tcp/993", PortRange("tcp", 993, 993)), (" UDP/3478-3481 ", PortRange("udp", 3478, 3481))],
)
def test_a_port_is_written_with_its_transport(text: str, meant: PortRange) -> None:
    assert port_range(text) == meant
    assert port_range(str(meant)) == meant


@pytest.mark.parametrize("text", ["993", "tcp/0", "tcp/70000", "udp/9-3", "sctp/1", "tcp/http", ""])
def test_what_is_no_port_is_said_to_be_none(text: str) -> None:
    with pytest.raises(ValueError, match="is no port"):
        port_range(text)


def test_ports_that_touch_are_joined() -> None:
    ports = [port_range(each) for each in ("tcp/5-7", "tcp/8", "tcp/1", "udp/9", "tcp/6-12")]
    assert (numbers(ports, "tcp"), numbers(ports, "udp")) == ("1, 5-12", "9")


@pytest.mark.parametrize("port", [22, 53, 853, 1080, 1194, 1723, 3389, 9001, 9050, 51820])
def test_no_website_stands_on_the_ports_of_tunnels(port: int) -> None:
    assert past_the_filter(port)


@pytest.mark.parametrize("port", [80, 443, 8080, 8443, 8888, 3000, 12345])
def test_a_proxy_may_be_asked_for_sites_on_other_ports(port: int) -> None:
    assert past_the_filter(port) == ""


def test_every_way_has_a_name() -> None:
    assert len(REFUSED) >= 50
    assert all(REFUSED.values())
