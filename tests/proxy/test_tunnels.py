"""Which tunnels begin without a question: none of a device that has to log in, and none to where no website stands."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from mitmproxy.connection import Client
from pretend.school import School
from schoolgate.passwords import hashed, set_password
from schoolgate.proxy.chain import open_live
from schoolgate.proxy.live import Live
from schoolgate.proxy.tunnels import Tunnels
from schoolgate.settings.load import Settings

PEOPLE = """
groups:
  pupils: {title: Pupil devices, networks: ["127.0.0.2/32"]}
  staff: {title: Staff, networks: ["127.0.0.3/32"]}
  guests: {title: Guests}
  servers: {title: Servers}
unknown: pupils
logins: {file: logins.htpasswd, ask: ["10.1.0.0/16"]}
"""


@pytest.fixture
def live(tmp_path: Path, settings_of: Callable[[School], Settings]) -> Live:
    school = School(tmp_path, people=PEOPLE).without_publishers()
    school.config.mkdir(parents=True)
    set_password(school.config / "logins.htpasswd", "j.smith", hashed("correct horse"))
    return open_live(settings_of(school.write()), "worker1")


def client(address: str) -> Client:
    return Client(peername=(address, 50000), sockname=("127.0.0.1", 8080), timestamp_start=time.time())


def test_a_tunnel_is_known_by_its_canonical_name(live: Live) -> None:
    device = client("10.2.0.1")
    assert Tunnels(live).opens(device, "www.example.org.", 443)
    tunnel = live.tunnels[device]
    assert (tunnel.host, tunnel.port, tunnel.is_refused) == ("www.example.org", 443, False)


REFUSED = [
    ("10.1.2.3", "www.example.org", 443),  # has to say who is there
    ("10.2.0.1", "www.example.org", 22),
    ("10.2.0.1", "www.example.org", 1194),
    ("10.2.0.1", "..", 443),
]


def test_what_a_duty_has_something_to_say_of_does_not_begin(live: Live) -> None:
    for address, host, port in REFUSED:
        device = client(address)
        assert not Tunnels(live).opens(device, host, port), (address, host, port)
        assert device not in live.tunnels
