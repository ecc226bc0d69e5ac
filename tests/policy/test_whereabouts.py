"""Which device an address belongs to and who sits there: a record may lack a name, it never bears a wrong one."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from schoolgate.policy.identity import Confidence, Group, Inspect, People, Person
from schoolgate.policy.whereabouts import Address, Found, Hold, Sitting, Source, Whereabouts, mac_address

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
X, Y, V6 = ip_address("10.20.0.5"), ip_address("10.20.0.6"), ip_address("fd00:20::5")
A, B = "02:00:00:00:00:0a", "02:00:00:00:00:0b"


def hold(address: Address = X, mac: str = A, since: datetime = NOON, last: timedelta = HOUR) -> Hold:
    return Hold(address, mac, since, since + last, Source.LEASE)


def near(address: Address, mac: str = A) -> Hold:
    return replace(hold(address, mac), source=Source.NEIGHBOUR)


def sat(user: str, mac: str = A, *addresses: Address, since: datetime = NOON, last: timedelta = HOUR) -> Sitting:
    return Sitting(f"{user} {mac}", user, since, since + last, Source.RADIUS, mac, frozenset(addresses))


def who(seen: Whereabouts, address: Address = X, after: timedelta = timedelta(minutes=5)) -> str:
    return seen.found(address, NOON + after).user


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("02:00:5E:10:00:01", "02:00:5e:10:00:01"),
        ("02-00-5e-10-00-01", "02:00:5e:10:00:01"),
        ("0200.5e10.0001", "02:00:5e:10:00:01"),
        ("02005e100001", "02:00:5e:10:00:01"),
        ("02-00-5E-10-00-01:School WiFi", "02:00:5e:10:00:01"),
        ("00:00:00:00:00:00", None),
        ("01:00:5e:10:00:01", None),  # of a group
        ("ff:ff:ff:ff:ff:ff", None),
        ("02:00:5e:10:00:01:02", "02:00:5e:10:00:01"),
        ("02:00:5e:10:00:0111", None),
        ("j.smith", None),
        ("", None),
    ],
)
def test_a_mac_has_one_form(written: str, meant: str | None) -> None:
    assert mac_address(written) == meant


def test_all_addresses_of_a_device_are_its_own_also_those_that_change_for_privacy() -> None:
    later = ip_address("fd00:20::dead:beef")
    seen = Whereabouts((hold(), hold(V6), hold(later)), (sat("ann"),))
    assert [who(seen, address) for address in (X, V6, later, Y)] == ["ann", "ann", "ann", ""]
    assert seen.found(later, NOON).mac == A


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (Whereabouts((hold(),), (sat("ann"),)), "ann"),
        (Whereabouts((hold(),), (sat("ann", last=timedelta(minutes=4)),)), ""),  # older than its lifetime
        (Whereabouts((hold(last=timedelta(minutes=4)),), (sat("ann"),)), ""),  # the lease is over
        (Whereabouts((hold(mac=B),), (sat("ann"),)), ""),
        (Whereabouts((hold(mac=B),), (sat("ann", A, X),)), ""),  # RADIUS named the address, which is another's now
        (Whereabouts((), (sat("ann", A, X),)), "ann"),  # RADIUS alone knows of it
        (Whereabouts((hold(), hold(mac=B)), (sat("ann"),)), ""),  # two devices at one address
        (Whereabouts((hold(), hold(Y)), (sat("ann"),)), ""),  # a repeater: one MAC for several devices
        (Whereabouts((hold(), hold(Y), near(X)), (sat("ann"),)), "ann"),  # came here with a lease of elsewhere
        (Whereabouts((hold(), hold(Y), near(Y)), (sat("ann"),)), ""),  # that lease, and who else may have it now
        (Whereabouts((hold(), near(X), near(Y)), (sat("ann"),)), ""),
        (Whereabouts((hold(),), (sat("ann"), sat("bob", since=NOON + timedelta(minutes=1)))), "bob"),
        (Whereabouts((hold(),), (sat("ann"), sat("bob"))), ""),  # at the same moment
        (Whereabouts((hold(),), (sat("ann"), sat("bob", since=NOON + HOUR))), ""),  # the clock was set back
        (Whereabouts((hold(),), (sat("ann"), sat("", since=NOON + timedelta(minutes=1)))), ""),
        (
            Whereabouts(
                (hold(),), (sat("ann"), sat("bob", since=NOON + timedelta(minutes=1), last=timedelta(minutes=1)))
            ),
            "",
        ),
        (Whereabouts((hold(since=NOON + timedelta(minutes=1)),), (sat("ann", "", X),)), ""),
        (Whereabouts((hold(since=NOON - HOUR, last=2 * HOUR),), (sat("ann", "", X),)), "ann"),
    ],
)
def test_who_is_at_an_address(seen: Whereabouts, expected: str) -> None:
    assert who(seen) == expected


def test_it_is_known_since_when_somebody_is_there() -> None:
    came = NOON + timedelta(minutes=2)
    seen = Whereabouts((hold(since=NOON - HOUR, last=2 * HOUR),), (sat("ann", since=came),))
    found = seen.found(X, NOON + timedelta(minutes=5))
    assert found.since == came
    assert PEOPLE.identify("10.20.0.5", None, found).since == came
    assert seen.found(X, NOON).since == NOON - HOUR
    assert PEOPLE.identify("10.20.0.5", "eve", found).since is None  # it came with the request


def test_an_address_that_another_device_had_meanwhile_is_not_given_back() -> None:
    seen = Whereabouts((), (sat("ann", A, X), sat("cat", "", Y)))
    seen = seen.with_holds([hold(mac=B), hold(Y, "02:00:00:00:00:0c", NOON + timedelta(minutes=1))]).with_holds([])
    assert (who(seen), who(seen, Y)) == ("", "")


PEOPLE = People(
    (
        Group("pupils", "Pupils", Inspect.FULL, (ip_network("10.20.0.0/16"), ip_network("fd00:20::/64"))),
        Group(
            "staff",
            "Staff",
            Inspect.FULL,
            (ip_network("10.30.0.0/16"),),
            frozenset({"ann"}),
            macs=frozenset({"02:00:00:00:00:5f"}),
        ),
    ),
    "pupils",
    (
        Person("mac", "Ms Mac", "staff", (ip_address("10.20.0.9"),), (A,)),
        Person("host", "Mr Host", "staff", (), (), ("Hosts-iPad",)),
        Person("addr", "Ms Address", "staff", (ip_address("10.20.0.8"),)),
    ),
)


@pytest.mark.parametrize(
    ("client", "user", "found", "expected"),
    [
        ("10.20.0.5", None, Found(1, A), ("mac", "staff", Confidence.MAC)),
        ("fd00:20::77", None, Found(1, A), ("mac", "staff", Confidence.MAC)),
        ("10.20.0.5", "ann", Found(1, A), ("ann", "staff", Confidence.LOGIN)),
        ("10.20.0.5", None, Found(1, A, "", "ann", Source.PORTAL), ("ann", "staff", Confidence.PORTAL)),
        ("10.20.0.5", None, Found(1, A, "", "ann", Source.RADIUS), ("ann", "staff", Confidence.RADIUS)),
        ("10.20.0.5", None, Found(1, B, "", "eve", Source.RADIUS), ("eve", "pupils", Confidence.RADIUS)),
        ("10.20.0.5", "eve", Found(1, B), ("eve", "pupils", Confidence.LOGIN)),
        ("192.0.2.1", "eve", Found(1, B), ("eve", "pupils", Confidence.LOGIN)),
        ("10.30.0.5", None, Found(1, B, "hosts-ipad"), ("host", "staff", Confidence.HOSTNAME)),
        ("10.20.0.5", None, Found(1, B, "hosts-ipad"), (None, "pupils", Confidence.NETWORK)),  # a pupil can say so, too
        ("10.20.0.5", None, Found(1, "02:00:00:00:00:5f"), (None, "staff", Confidence.NETWORK)),
        ("10.20.0.9", None, Found(), ("mac", "staff", Confidence.DEVICE)),
        ("10.20.0.9", None, Found(1, B), (None, "pupils", Confidence.NETWORK)),  # her address, not her device
        ("10.20.0.8", None, Found(1, B), ("addr", "staff", Confidence.DEVICE)),
        ("10.20.0.8", None, Found(2), (None, "pupils", Confidence.NETWORK)),
    ],
)
def test_user_then_own_device_then_network(
    client: str, user: str | None, found: Found, expected: tuple[str | None, str, Confidence]
) -> None:
    known = PEOPLE.identify(client, user, found)
    assert (known.user, known.group.id, known.confidence) == expected
    assert known.device == (found.mac or client)


UNSEEN = "a device behind a router"


def source_of(what: str) -> Source:
    return Source.PORTAL if what == "login" else Source.RADIUS


@dataclass
class Truth:
    """Which device really has an address, and who really is at a device; and what the gateway has seen of it."""

    seen: Whereabouts = field(default_factory=Whereabouts)
    now: datetime = NOON
    leases: dict[Address, Hold] = field(default_factory=dict)
    near: dict[Address, Hold] = field(default_factory=dict)
    has: dict[Address, str] = field(default_factory=dict)
    at: dict[str, set[str]] = field(default_factory=dict)  # with whoever came at the same moment
    came: dict[str, datetime] = field(default_factory=dict)
    packets: int = 0

    def happens(self, what: str, device: str, address: Address, user: str, minutes: int) -> None:
        self.now += timedelta(seconds=minutes % 7)
        length = timedelta(minutes=1 + minutes)
        match what:
            case "lease" | "wire":
                table, source = (self.leases, Source.LEASE) if what == "lease" else (self.near, Source.NEIGHBOUR)
                table[address] = Hold(address, device, self.now, self.now + length, source)
                self.has[address] = device
                if what == "lease" and address in self.near and self.near[address].mac != device:
                    del self.near[address]  # the watcher lets go of whom it only remembers
            case "release":
                self.leases.pop(address, None)
            case "login":
                holder = self.has.get(address, UNSEEN)
                if holder != UNSEEN and self.seen.found(address, self.now).mac == holder:  # else: try again
                    self._comes(source_of(what), holder, holder, frozenset(), user, length)
            case "radius" | "framed":
                where = frozenset({address} if what == "framed" else ())
                if where:
                    self.has[address] = device
                self._comes(source_of(what), device, device, where, user, length)
            case "unplaced":  # a device whose MAC nobody sees is known by its address alone
                if not self.seen.found(address, self.now).devices:
                    self.has = {known: holder for known, holder in self.has.items() if holder != UNSEEN}
                    self.has[address] = UNSEEN
                    self._comes(Source.PORTAL, UNSEEN, "", frozenset({address}), user, length)
            case "stop":
                self.at[device] = set()
                self.seen = self._leave(device)
            case "time":
                self.now += timedelta(minutes=minutes)
        self._look()

    def _comes(
        self, source: Source, device: str, mac: str, where: frozenset[Address], user: str, length: timedelta
    ) -> None:
        self.packets += 1
        key = f"session {self.packets}" if source is Source.RADIUS else f"page {mac or where}"
        new = Sitting(key, user, self.now, self.now + length, source, mac, where)
        before = self.at.get(device, set()) if self.came.get(device) == self.now else set()
        self.at[device], self.came[device] = before | {user}, self.now
        self.seen = self.seen.with_sitting(new)

    def _leave(self, device: str) -> Whereabouts:
        seen = self.seen
        for sitting in self.seen.sittings:
            if sitting.mac == device or any(self.has.get(address) == device for address in sitting.addresses):
                seen = seen.ended(sitting.key, self.now)
        return seen

    def _look(self) -> None:
        for address, hold in self.near.items():
            if self.has.get(address) == hold.mac:  # whoever asks is seen on the wire by that
                self.near[address] = replace(hold, until=max(hold.until, self.now + timedelta(minutes=1)))
        holds = [each for table in (self.leases, self.near) for each in table.values() if self.now < each.until]
        self.seen = self.seen.with_holds(holds).tidied(self.now)

    def check(self) -> None:
        for address, device in self.has.items():
            user = self.seen.found(address, self.now).user
            assert not user or user in self.at.get(device, set()), (address, device, user)


EVENTS = st.tuples(
    st.sampled_from(["lease", "wire", "release", "login", "radius", "framed", "unplaced", "stop", "time"]),
    st.sampled_from([A, B, "02:00:00:00:00:0c"]),
    st.sampled_from([X, Y, V6]),
    st.sampled_from(["ann", "bob", "cat"]),
    st.integers(0, 90),
)


@settings(max_examples=1500, deadline=None)
@given(st.lists(EVENTS, max_size=40))
def test_whatever_happens_nobody_is_named_who_is_not_at_the_device(
    events: list[tuple[str, str, Address, str, int]],
) -> None:
    truth = Truth()
    for event in events:
        truth.happens(*event)
        truth.check()


def test_the_truth_that_is_tried_does_name_people() -> None:
    truth = Truth()
    truth.happens("lease", A, X, "", 60)
    truth.happens("login", A, X, "ann", 60)
    assert truth.seen.found(X, truth.now).user == "ann"
    truth.happens("lease", B, X, "", 60)
    assert truth.seen.found(X, truth.now).user == ""
    assert truth.seen.found(X, truth.now).mac == B
