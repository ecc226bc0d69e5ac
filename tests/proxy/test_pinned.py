"""Where a connection that stays closed leads."""

import ssl
from pathlib import Path

import pytest
from mitmproxy.connection import Client
from mitmproxy.options import Options
from mitmproxy.proxy.context import Context
from mitmproxy.tls import ClientHello, ClientHelloData
from pretend.school import School
from schoolgate.proxy.act import Act
from schoolgate.proxy.chain import open_live
from schoolgate.proxy.live import Live, Tunnel
from schoolgate.proxy.pinned import Pinned
from schoolgate.settings.folders import find_folders
from schoolgate.settings.load import load_settings

GIVEN = "pass_through: {hosts: [www.youtube.com, app.example.org]}\n"


@pytest.fixture(scope="module")
def live(index: Path, tmp_path_factory: pytest.TempPathFactory) -> Live:
    school = School(tmp_path_factory.mktemp("pinned"), gateway=GIVEN).write()
    return open_live(load_settings(find_folders(school.config), index), "test")


def _hello(live: Live, host: str) -> ClientHelloData:
    """What is known when a pupil's device has said the name of a host, and the duty has seen it."""
    going = ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), going, server_hostname=host).do_handshake()
    client = Client(peername=("127.0.0.2", 50000), sockname=("127.0.0.1", 8080), timestamp_start=1.0)
    data = ClientHelloData(Context(client, Options()), ClientHello(going.read()[9:]))
    data.context.server.address = (host, 443)
    live.tunnels[client] = Tunnel(host, 443)
    Pinned(live, Act(live)).tls_clienthello(data)
    return data


@pytest.mark.parametrize(
    ("host", "leads"),
    [
        ("app.example.org", "app.example.org"),
        ("www.youtube.com", "restrict.youtube.com"),  # the name under which it answers as the group's level wants
        ("www.barclays.co.uk", "www.barclays.co.uk"),
    ],
)
def test_what_is_passed_through_leads_to_its_name_or_to_its_safe_name(live: Live, host: str, leads: str) -> None:
    data = _hello(live, host)
    assert (data.ignore_connection, data.context.server.address) == (True, (leads, 443))


def test_what_is_not_passed_through_is_opened(live: Live) -> None:
    assert not _hello(live, "www.google.com").ignore_connection
