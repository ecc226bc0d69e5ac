"""Proxy settings as devices read them."""

from ipaddress import ip_network

from schoolgate.proxy.handouts import pac


def test_the_web_goes_by_the_proxies_and_never_past_them() -> None:
    text = pac([("10.0.0.1", 8080), ("fd00::1", 8080)], [])
    assert text.rstrip().endswith('return "PROXY 10.0.0.1:8080; PROXY [fd00::1]:8080";\n}')
    assert "dnsResolve" not in text


def test_the_schools_own_network_is_reached_directly() -> None:
    text = pac([("10.0.0.1", 8080)], [ip_network("10.0.0.0/16"), ip_network("fd00::/64")])
    assert 'isInNet(address, "10.0.0.0", "255.255.0.0")' in text
    assert "fd00" not in text
