"""The network's resolver: what another resolver's answer may hold, how large it may be, and whom it asks."""

import struct
from pathlib import Path

import pytest
from mitmproxy.connection import Client, Server
from mitmproxy.dns import DNSFlow, DNSMessage, Question, ResourceRecord
from mitmproxy.net.dns import classes, https_records, op_codes, response_codes, types
from mitmproxy.net.dns.https_records import HTTPSRecord
from pretend.school import School
from schoolgate.proxy.act import Act
from schoolgate.proxy.bare_records import make_bare
from schoolgate.proxy.chain import open_live
from schoolgate.proxy.names import Names
from schoolgate.proxy.resolvers import resolvers
from schoolgate.settings.folders import find_folders
from schoolgate.settings.load import load_settings
from schoolgate.settings.school_models import SchoolFile

ALPN, PORT, ECH = 1, 3, 5


def asked(name: str, kind: int) -> DNSMessage:
    question = Question(name, kind, classes.IN)
    flags = {"authoritative_answer": False, "truncation": False, "recursion_desired": True, "reserved": 0}
    sections = {"questions": [question], "answers": [], "authorities": [], "additionals": []}
    told = {"recursion_available": False, "response_code": response_codes.NOERROR}
    return DNSMessage(id=7, query=True, op_code=op_codes.QUERY, **flags, **told, **sections)  # type: ignore[arg-type]


def record(kind: int, params: dict[int, bytes]) -> ResourceRecord:
    return ResourceRecord("a.example", kind, classes.IN, 60, https_records.pack(HTTPSRecord(1, "", params)))


@pytest.fixture(scope="module")
def names(index: Path, tmp_path_factory: pytest.TempPathFactory) -> Names:
    live = open_live(
        load_settings(find_folders(School(tmp_path_factory.mktemp("names")).write().config), index), "test"
    )
    return Names(live, Act(live))


def ask(names: Names, name: str, kind: int, transport: str = "udp", client: str = "127.0.0.2") -> DNSFlow:
    told = Client(peername=(client, 5000), sockname=("127.0.0.1", 53), timestamp_start=1.0)
    told.transport_protocol = "udp" if transport == "udp" else "tcp"
    flow = DNSFlow(told, Server(address=None))
    flow.request = asked(name, kind)
    names.dns_request(flow)
    return flow


@pytest.mark.parametrize("kind", [types.HTTPS, types.SVCB])
@pytest.mark.parametrize("section", ["answers", "authorities", "additionals"])
def test_keys_of_hidden_names_and_http_3_stand_nowhere_in_an_answer(kind: int, section: str) -> None:
    message = asked("a.example", kind).succeed([])
    full = {0: struct.pack("!HH", ALPN, ECH), ALPN: b"\x02h3\x05h3-29\x02h2", PORT: b"\x01\xbb", ECH: b"key"}
    broken = ResourceRecord("a.example", kind, classes.IN, 60, record(kind, {ECH: b"key"}).data[:-1])
    getattr(message, section)[:] = [record(kind, full), record(kind, {ALPN: b"\x02h3", ECH: b"key"}), broken]
    make_bare(message)
    [left] = getattr(message, section)
    assert https_records.unpack(left.data).params == {0: struct.pack("!H", ALPN), ALPN: b"\x02h2", PORT: b"\x01\xbb"}


def test_an_answer_that_is_too_large_for_its_packet_is_asked_for_by_tcp(names: Names) -> None:
    found = [ResourceRecord("a.example", types.TXT, classes.IN, 60, b"\xc8" + b"x" * 200) for _ in range(4)]
    flow = ask(names, "a.example", types.TXT)
    assert flow.response is None  # left to the resolver that is asked
    opt = ResourceRecord("", 41, 4096, 0, b"")
    for transport, additional, whole in (("udp", [], False), ("udp", [opt], True), ("tcp", [], True)):
        flow = ask(names, "a.example", types.TXT, transport)
        flow.request.additionals = additional
        flow.response = flow.request.succeed(list(found))
        names.dns_response(flow)
        assert flow.response is not None
        assert (flow.response.truncation, len(flow.response.answers)) == (not whole, 4 * whole)
        assert flow.response.recursion_available


def test_an_answer_to_nothing_that_was_asked_goes_nowhere(names: Names) -> None:
    flow = DNSFlow(
        Client(peername=("127.0.0.2", 5), sockname=("127.0.0.1", 53), timestamp_start=1.0), Server(address=None)
    )
    flow.response = asked("a.example", types.TXT).succeed([])
    names.dns_response(flow)
    assert flow.response is None


@pytest.mark.parametrize("name", ["_dns.resolver.arpa", "resolver.arpa", "_DNS.Resolver.ARPA", "_dns.dns.google"])
def test_no_device_is_told_of_an_encrypted_resolver(names: Names, name: str) -> None:
    answer = ask(names, name, types.SVCB).response
    assert answer is not None
    assert (answer.response_code, answer.answers) == (response_codes.NOERROR, [])


def test_an_engine_with_a_safe_name_still_has_its_mail(names: Names) -> None:
    for kind in (types.HTTPS, types.SVCB, types.CNAME, types.ANY):
        answer = ask(names, "yandex.com", kind).response
        assert answer is not None
        assert answer.answers == []
    for kind in (types.MX, types.TXT, types.NS):
        assert ask(names, "yandex.com", kind).response is None


def test_the_gateways_own_site_is_found_over_ipv6_where_only_an_ipv4_proxy_listens(names: Names) -> None:
    for name, found in (("mitm.it", 1), ("schoolgate.local", 0)):
        answer = ask(names, name, types.AAAA, client="fd00:20::2").response
        assert answer is not None
        assert len(answer.answers) == found


def test_the_resolver_never_asks_itself(caplog: pytest.LogCaptureFixture) -> None:
    def school(port: int, *upstream: str) -> SchoolFile:
        text = {"name": "S", "roles": {}, "listen": {"dns": port}, "dns": {"upstream": list(upstream)}}
        return SchoolFile.model_validate(text)

    assert resolvers(school(5353, "127.0.0.1")) == ["127.0.0.1"]  # another program's
    assert resolvers(school(53, "127.0.0.1", "192.0.2.53")) == ["192.0.2.53"]
    assert not caplog.text
    assert resolvers(school(53, "127.0.0.1")) == ["100::53"]
    assert "has nobody to ask: 127.0.0.1 is this machine itself" in caplog.text
