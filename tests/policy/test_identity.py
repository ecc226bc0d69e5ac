"""Who stands behind an address or a login."""

from ipaddress import ip_network

import pytest
from schoolgate.policy.identity import Confidence, Group, Inspect, People

PEOPLE = People(
    (
        Group("pupils", "Pupils", Inspect.FULL, (ip_network("10.0.0.0/8"), ip_network("fd00:20::/64"))),
        Group("staff", "Staff", Inspect.FULL, (ip_network("10.30.0.0/16"),), frozenset({"j.smith"})),
    ),
    "pupils",
)


@pytest.mark.parametrize(
    ("client", "user", "group", "confidence"),
    [
        ("10.1.2.3", None, "pupils", Confidence.NETWORK),
        ("10.30.2.3", None, "staff", Confidence.NETWORK),
        ("::ffff:10.30.2.3", None, "staff", Confidence.NETWORK),
        ("fd00:20::7", None, "pupils", Confidence.NETWORK),
        ("fd00:21::7", None, "pupils", Confidence.UNKNOWN),
        ("192.0.2.1", None, "pupils", Confidence.UNKNOWN),
        ("10.1.2.3", "j.smith", "staff", Confidence.LOGIN),
        ("10.1.2.3", "J.Smith", "staff", Confidence.LOGIN),
        ("10.1.2.3", "nobody", "pupils", Confidence.NETWORK),
        ("rubbish", None, "pupils", Confidence.UNKNOWN),
        (None, None, "pupils", Confidence.UNKNOWN),
    ],
)
def test_login_before_narrowest_network_before_unknown(
    client: str | None, user: str | None, group: str, confidence: Confidence
) -> None:
    found = PEOPLE.identify(client, user)
    assert (found.group.id, found.confidence) == (group, confidence)
    assert found.reason
