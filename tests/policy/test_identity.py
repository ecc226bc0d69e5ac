"""Who stands behind an address or a login."""

from ipaddress import ip_address, ip_network

import pytest
from schoolgate.policy.identity import Confidence, Group, Inspect, People, Person

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
        ("10.1.2.3", "nobody", "pupils", Confidence.LOGIN),
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


NAMED = People(
    PEOPLE.groups,
    "pupils",
    (
        Person("o.ffice", "Ms Office", "staff", (ip_address("10.1.9.9"), ip_address("2001:db8::7"))),
        Person("K.Night", "Mr Night", "staff", (ip_address("192.0.2.77"), ip_address("::ffff:10.1.9.10"))),
        Person("p.upil", "A Pupil", "pupils"),
    ),
)


@pytest.mark.parametrize(
    ("client", "user", "who", "group", "confidence"),
    [
        ("10.1.9.9", None, "o.ffice", "staff", Confidence.DEVICE),  # in the pupils' network
        ("::ffff:10.1.9.9", None, "o.ffice", "staff", Confidence.DEVICE),
        ("10.1.9.10", None, "K.Night", "staff", Confidence.DEVICE),
        ("2001:db8:0::7", None, "o.ffice", "staff", Confidence.DEVICE),
        ("192.0.2.77", None, "K.Night", "staff", Confidence.DEVICE),  # outside of every network
        ("192.0.2.78", None, None, "pupils", Confidence.UNKNOWN),
        ("10.1.9.9", "k.night", "k.night", "staff", Confidence.LOGIN),  # somebody else's device
        ("10.1.9.9", "p.upil", "p.upil", "pupils", Confidence.LOGIN),
        ("10.30.0.1", "P.Upil", "P.Upil", "pupils", Confidence.LOGIN),
        ("10.1.9.9", "j.smith", "j.smith", "staff", Confidence.LOGIN),
        ("10.1.9.9", "stranger", "stranger", "pupils", Confidence.LOGIN),  # not the owner, so not the owner's doing
        ("192.0.2.77", "stranger", "stranger", "pupils", Confidence.LOGIN),
        (None, "k.night", "k.night", "staff", Confidence.LOGIN),
    ],
)
def test_login_before_device_before_network(
    client: str | None, user: str | None, who: str | None, group: str, confidence: Confidence
) -> None:
    found = NAMED.identify(client, user)
    assert (found.user, found.group.id, found.confidence) == (who, group, confidence)


def test_the_reason_names_the_device_and_whose_it_is() -> None:
    assert NAMED.identify("10.1.9.9", None).reason == "10.1.9.9 is the device of o.ffice"
    person = NAMED.person("O.FFICE")
    assert person is not None
    assert person.name == "Ms Office"
    assert NAMED.person("nobody") is None
