"""A whole network behind the gateway, in namespaces: devices that know of no proxy, over IPv4 and IPv6."""

import json
import plistlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from pretend.chromium import CHROMIUM
from pretend.gateway import Gateway
from pretend.network import Network, inside
from pretend.school import RULES, School
from pretend.world import WITH_KEY

PEOPLE = """
groups:
  pupils: {title: Pupil devices, networks: ["10.20.0.0/16", "fd00:20::/32"], inspect: full}
  staff: {title: Staff, networks: ["10.30.0.0/16", "fd00:30::/32"], inspect: full}
  guests: {title: Guest Wi-Fi, networks: ["10.40.0.0/16", "fd00:40::/32"], inspect: names}
  servers: {title: Servers, inspect: none}
unknown: pupils
"""
PORT, DNS = 8480, 5353
Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def gate(network: Network, index: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    school = School(tmp_path_factory.mktemp("school"), people=PEOPLE, rules=RULES)
    school.upstream_ca, school.transparent, school.dns = network.folder / "pretend-ca.pem", PORT, DNS
    school.host = "0.0.0.0"
    lan = ", ".join(inside(host) for host in ("pupil", "staff", "guest", "admin"))
    school.gateway = f'gateway: {{inside: [{lan}], management: ["10.99.0.0/24", "fd00:99::/64"]}}\n'
    gateway = Gateway(school, 1, index, within=network.within("gate"), mounts={"/etc/resolv.conf": network.resolver})
    yield gateway.start()
    gateway.stop()


@pytest.fixture(scope="module")
def command(network: Network, gate: Gateway, tmp_path_factory: pytest.TempPathFactory) -> Command:
    """``schoolgate gateway`` at the gate; what it writes into the machine's /etc is written beside it."""
    upper, work = tmp_path_factory.mktemp("upper"), tmp_path_factory.mktemp("work")
    etc = f"mount -t overlay overlay -o lowerdir=/etc,upperdir={upper},workdir={work} /etc"

    def run(word: str, *options: str) -> subprocess.CompletedProcess[str]:
        arguments = [word, *options, *([] if word == "remove" else ["--config", str(gate.school.config)])]
        started = [sys.executable, "-m", "schoolgate", "gateway", *arguments]
        return network.run("gate", "sh", "-c", f'{etc} && exec "$@"', "sh", *started)

    return run


@pytest.fixture(scope="module")
def installed(command: Command) -> subprocess.CompletedProcess[str]:
    done = command("install")
    assert done.returncode == 0, done.stderr
    return done


FAMILIES = pytest.mark.parametrize("family", ["-4", "-6"])


@FAMILIES
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_pupil_who_knows_of_no_proxy_is_filtered(
    network: Network, gate: Gateway, installed: object, family: str, scheme: str
) -> None:
    shown = network.curl("pupil", f"{scheme}://allowed.example/", family, ca=gate.school.ca)
    assert shown.stdout.endswith("\n200"), shown.stderr
    assert "Welcome to allowed.example" in shown.stdout
    before = len(network.asked("www.pornhub.com"))
    refused = network.curl("pupil", f"{scheme}://www.pornhub.com/x", family, ca=gate.school.ca)
    assert refused.stdout.endswith("\n403"), refused.stderr
    assert len(network.asked("www.pornhub.com")) == before
    client = "10.20.0.2" if family == "-4" else "fd00:20::2"
    assert ("www.pornhub.com", "/x") in [(e["host"], e["path"]) for e in gate.events() if e["client"] == client]


@FAMILIES
def test_a_guests_tls_stays_closed_and_what_is_refused_by_name_ends_at_the_hello(
    network: Network, gate: Gateway, installed: object, family: str
) -> None:
    world = network.folder / "pretend-ca.pem"
    shown = network.curl("guest", "https://allowed.example/", family, ca=world)
    assert shown.stdout.endswith("\n200"), shown.stderr
    refused = network.curl("guest", "https://pornhub.com/", family, ca=world)
    assert refused.stdout.endswith("\n000")
    assert refused.returncode == 35, refused.stderr  # no TLS came about
    assert not network.asked("pornhub.com")
    events = [e for e in gate.events() if e["group"] == "guests" and e["host"] == "pornhub.com"]
    assert {(e["stage"], e["action"]) for e in events} == {("dns", "block"), ("hello", "block")}


@FAMILIES
def test_sites_on_other_ports_come_to_the_filter_too(
    network: Network, gate: Gateway, installed: object, family: str
) -> None:
    to = "203.0.113.10" if family == "-4" else "[2001:db8:113::10]"
    for scheme, port in (("http", 8080), ("https", 8443), ("http", 2052), ("https", 2096)):
        resolve = f"www.pornhub.com:{port}:{to}"
        url = f"{scheme}://www.pornhub.com:{port}/other"
        refused = network.curl("pupil", url, family, "--resolve", resolve, ca=gate.school.ca)
        assert refused.stdout.endswith("\n403"), (url, refused.stderr)
    for url in ("http://www.pornhub.com/by", "https://www.pornhub.com/by"):  # an open proxy of the internet
        refused = network.curl("pupil", url, family, "--proxy", f"http://{to}:8080", ca=gate.school.ca)
        assert refused.stdout.rpartition("\n")[2] in ("403", "000"), (url, refused.stdout[-80:])
    assert not network.asked("www.pornhub.com")


def test_management_is_left_alone(network: Network, gate: Gateway, installed: object) -> None:
    shown = network.curl("admin", "https://pornhub.com/", ca=network.folder / "pretend-ca.pem")
    assert "Welcome to pornhub.com" in shown.stdout, shown.stderr


@FAMILIES
@pytest.mark.parametrize(("protocol", "port"), [("udp", 443), ("udp", 853), ("tcp", 853)])
def test_ways_past_the_filter_are_refused_at_once(
    network: Network, gate: Gateway, installed: object, family: str, protocol: str, port: int
) -> None:
    kind = "SOCK_DGRAM" if protocol == "udp" else "SOCK_STREAM"
    to = "203.0.113.10" if family == "-4" else "2001:db8:113::10"
    words = f"""
import socket
s = socket.socket(socket.AF_INET{"6" if family == "-6" else ""}, socket.{kind})
s.settimeout(20)
s.connect(({to!r}, {port}))
s.send(b"x"); s.recv(1)
"""
    done = network.run("pupil", sys.executable, "-c", words)
    assert "ConnectionRefusedError" in done.stderr, done.stderr


@pytest.mark.parametrize(
    ("host", "expected"), [("pornhub.com", "403"), ("allowed.example, pornhub.com", "400"), ("", "200")]
)
def test_a_plain_request_goes_where_its_host_leads_and_nowhere_else(
    network: Network, gate: Gateway, installed: object, host: str, expected: str
) -> None:
    before = len(network.asked("pornhub.com"))
    done = network.curl("pupil", "http://allowed.example/", "--header", f"Host: {host}" if host else "Host;")
    assert done.stdout.endswith(f"\n{expected}"), done.stdout[-300:]
    assert len(network.asked("pornhub.com")) == before


def test_a_name_beside_another_name_is_refused(network: Network, gate: Gateway, installed: object) -> None:
    done = network.curl("pupil", "https://allowed.example/", "--header", "Host: pornhub.com", ca=gate.school.ca)
    assert done.stdout.endswith("\n403"), done.stdout[-300:]
    done = network.curl("pupil", "https://allowed.example/", "--header", "Host: news.example", ca=gate.school.ca)
    assert done.stdout.endswith("\n421"), done.stdout[-300:]


def test_a_pinned_app_is_passed_through_to_where_its_name_leads_and_nowhere_else(
    network: Network, gate: Gateway, installed: object
) -> None:
    world = network.folder / "pretend-ca.pem"
    assert network.curl("pupil", "https://allowed.example/", "-4", ca=gate.school.ca).stdout.endswith("\n200")
    tries = [network.curl("pupil", "https://gsa.apple.com/", "-4", ca=world).stdout[-3:] for _ in range(4)]
    assert tries == ["000"] * 3 + ["200"]
    own = ["-4", "--resolve", "gsa.apple.com:443:198.51.100.7"]  # a server of the pupil's choice
    assert network.curl("pupil", "https://gsa.apple.com/", *own, ca=world).stdout.endswith("\n200")
    assert network.asked("gsa.apple.com")[-1]["at"] in ("203.0.113.10", "2001:db8:113::10")  # by its name
    assert len(network.asked("gsa.apple.com")) == 2
    tries = [network.curl("pupil", "https://www.pornhub.com/", "-4", ca=world).stdout[-3:] for _ in range(6)]
    assert set(tries) == {"000"}
    assert not [each for each in network.asked("www.pornhub.com") if each["path"] == "/"]


@FAMILIES
def test_nobody_speaks_to_the_redirected_port_itself(
    network: Network, gate: Gateway, installed: object, family: str
) -> None:
    to = "10.20.0.1" if family == "-4" else "[fd00:20::1]"
    done = network.curl("pupil", f"http://{to}:{PORT}/")
    assert done.returncode == 7, done.stderr  # could not connect


def test_the_internet_is_no_client_of_the_filter(network: Network, gate: Gateway, installed: object) -> None:
    proxy = ["--proxy", f"http://203.0.113.2:{gate.school.proxy_port}", "--max-time", "4"]
    assert network.curl("world", "http://allowed.example/", *proxy).returncode == 28  # no answer at all
    asked = network.run("world", "dig", "+tries=1", "+time=2", f"-p{DNS}", "@203.0.113.2", "allowed.example")
    assert asked.returncode == 9, asked.stdout
    proxy[1] = f"http://10.20.0.1:{gate.school.proxy_port}"
    assert network.curl("pupil", "http://allowed.example/", *proxy).stdout.endswith("\n200")


def test_nobody_reaches_through_the_filter_what_the_machine_alone_sees(
    network: Network, gate: Gateway, installed: object, tmp_path: Path
) -> None:
    (tmp_path / "index.html").write_text("for the technicians")
    serve = [sys.executable, "-m", "http.server", "--directory", str(tmp_path), "--bind"]
    began = [network.spawn("admin", *serve, "10.99.0.2", "80"), network.spawn("gate", *serve, "127.0.0.1", "9077")]
    proxy = ["--proxy", f"http://10.20.0.1:{gate.school.proxy_port}"]
    try:
        for host, url in (("admin", "http://10.99.0.2/"), ("gate", "http://127.0.0.1:9077/")):
            there = ["--retry", "40", "--retry-delay", "1", "--retry-connrefused"]
            assert "for the technicians" in network.curl(host, url, *there).stdout
        for url in ("http://127.0.0.1:9077/", "http://localhost:9077/", "http://10.99.0.2/"):
            assert "for the technicians" not in network.curl("pupil", url, *proxy).stdout
        hidden = network.curl("pupil", "http://203.0.113.10/", "--header", "Host: 10.99.0.2").stdout
        assert "for the technicians" not in hidden
        proxy[1] = proxy[1].replace("10.20.0.1", "10.99.0.1")
        assert "for the technicians" in network.curl("admin", "http://10.99.0.2/", *proxy).stdout
    finally:
        for process in began:
            process.kill()


def look_up(network: Network, host: str, name: str, kind: str = "A", *options: str) -> str:
    """What a device's resolver answers, by dig; the address of the resolver is the device's own choice."""
    done = network.run(host, "dig", "+noall", "+answer", "+comments", "@8.8.8.8", name, kind, *options, check=True)
    return done.stdout


@pytest.mark.parametrize("transport", ["+notcp", "+tcp"])
def test_whichever_resolver_a_device_asks_the_filter_answers(
    network: Network, gate: Gateway, installed: object, transport: str
) -> None:
    assert "203.0.113.10" in look_up(network, "pupil", "allowed.example", "A", transport)
    assert "2001:db8:113::10" in look_up(network, "pupil", "allowed.example", "AAAA", transport)
    for kind, address in (("A", "198.18.0.1"), ("AAAA", "100::53")):
        assert address in look_up(network, "pupil", "www.pornhub.com", kind, transport)
    assert "ANSWER: 0" in look_up(network, "pupil", "www.pornhub.com", "HTTPS", transport)


def test_a_name_that_was_looked_up_is_on_record_once_and_alerts_nobody_at_once(
    network: Network, gate: Gateway, installed: object
) -> None:
    for _ in range(3):
        look_up(network, "pupil", "stormfront.org")
    [event] = [e for e in gate.events() if e["host"] == "stormfront.org" and e["stage"] == "dns"]
    assert (event["action"], event["alert"], event["kind"]) == ("block", "digest", "unknown")


def test_what_a_site_tells_of_hidden_names_and_http_3_is_left_out(
    network: Network, gate: Gateway, installed: object
) -> None:
    assert '1 . alpn="h2"\n' in look_up(network, "pupil", WITH_KEY, "HTTPS")


@pytest.mark.parametrize("name", ["use-application-dns.net", "mask.icloud.com", "mask-h2.icloud.com"])
def test_what_would_hide_names_is_told_that_this_network_filters(
    network: Network, gate: Gateway, installed: object, name: str
) -> None:
    assert "NXDOMAIN" in look_up(network, "pupil", name)


@pytest.mark.parametrize(
    ("name", "safe"),
    [("www.google.co.uk", "forcesafesearch.google.com"), ("www.youtube.com", "restrict.youtube.com"),
     ("www.bing.com", "strict.bing.com"), ("duckduckgo.com", "safe.duckduckgo.com")],
)  # fmt: skip
def test_search_engines_lead_to_their_safe_names(
    network: Network, gate: Gateway, installed: object, name: str, safe: str
) -> None:
    answer = look_up(network, "guest", name)
    assert f"{safe}." in answer
    assert "203.0.113.20" in answer
    assert "ANSWER: 0" in look_up(network, "guest", name, "HTTPS")


def test_a_guest_who_knows_the_address_of_an_engine_still_reaches_the_safe_one(
    network: Network, gate: Gateway, installed: object
) -> None:
    world = network.folder / "pretend-ca.pem"
    to = ["--resolve", "www.google.com:443:203.0.113.10"]
    assert network.curl("guest", "https://www.google.com/", *to, ca=world).stdout.endswith("\n200")
    assert network.asked("www.google.com")[-1]["at"] == "203.0.113.20"


def surf(network: Network, gate: Gateway, host: str, *words: str) -> list[dict[str, Any]]:
    """What a real Chromium at a device shows; options come before ``--``, addresses after it."""
    if CHROMIUM is None:
        pytest.skip("Debian's chromium is not installed (apt-get install chromium)")
    path = f"PYTHONPATH={Path(__file__).parents[1]}"
    done = network.run(host, "env", path, sys.executable, "-m", "pretend.surf", str(gate.school.ca), *words)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_pupils_chromium_knows_of_no_proxy_and_is_filtered(
    network: Network, gate: Gateway, installed: object
) -> None:
    allowed, refused = surf(network, gate, "pupil", "--", "https://allowed.example/", "https://www.pornhub.com/")
    assert (allowed.get("status"), allowed.get("text")) == (200, "Welcome to allowed.example"), allowed
    assert refused["status"] == 403
    assert "School" in refused["text"] or "school" in refused["text"]
    assert not network.asked("www.pornhub.com")


def test_a_guests_chromium_is_shown_no_page_and_no_warning_that_could_be_clicked_away(
    network: Network, gate: Gateway, installed: object
) -> None:
    [refused] = surf(network, gate, "guest", "--", "https://pornhub.com/")
    assert "ERR_" in refused["error"]
    assert "ERR_CERT" not in refused["error"]


def test_a_chromium_takes_its_proxy_from_the_gateways_own_site(
    network: Network, gate: Gateway, installed: object
) -> None:
    options = ["--proxy-pac-url=http://schoolgate.local/proxy.pac"]
    before = {e["id"] for e in gate.events()}
    [refused] = surf(network, gate, "pupil", *options, "--", "http://www.pornhub.com:8080/by-proxy")
    assert refused.get("status") == 403, refused
    assert "/by-proxy" in [e["path"] for e in gate.events() if e["id"] not in before]


def test_the_gateways_own_site_hands_out_its_certificate(network: Network, gate: Gateway, installed: object) -> None:
    own = gate.school.ca.read_bytes()
    page = network.curl("pupil", "http://schoolgate.local/").stdout
    fingerprint = x509.load_pem_x509_certificate(own).fingerprint(hashes.SHA256()).hex(":").upper()
    assert fingerprint in page
    assert network.curl("pupil", "http://mitm.it/").stdout.replace("mitm.it", "schoolgate.local") == page
    folder = network.folder
    for name in ("schoolgate-ca.crt", "schoolgate-ca.cer", "schoolgate-ca.mobileconfig"):
        network.curl("guest", f"http://schoolgate.local/{name}", "--output", str(folder / name))
    assert (folder / "schoolgate-ca.crt").read_bytes() == own
    der = (folder / "schoolgate-ca.cer").read_bytes()
    assert x509.load_der_x509_certificate(der) == x509.load_pem_x509_certificate(own)
    profile = plistlib.loads((folder / "schoolgate-ca.mobileconfig").read_bytes())
    assert profile["PayloadContent"][0]["PayloadContent"] == der
    found = network.curl("pupil", "http://wpad.school.example/wpad.dat").stdout
    assert f"PROXY 10.20.0.1:{gate.school.proxy_port}" in found
    assert "DIRECT" not in found.partition("isPlainHostName")[2].partition("}")[2]
    assert not [e for e in gate.events() if "schoolgate" in e["host"] or "wpad" in e["host"]]


def test_the_state_of_the_gateway_is_told(network: Network, gate: Gateway, installed: object, command: Command) -> None:
    good = command("status")
    assert good.returncode == 0, good.stdout
    assert "in force as the settings say" in good.stdout
    network.run("gate", "nft", "delete", "table", "inet", "schoolgate", check=True)
    bad = command("status")
    assert bad.returncode == 1
    assert "WRONG The nftables table is not in force" in bad.stdout
    assert command("install").returncode == 0


def test_only_its_own_table_and_files_are_taken_away(
    network: Network, gate: Gateway, installed: object, command: Command
) -> None:
    network.run("gate", "nft", "add", "table", "inet", "theirs", check=True)
    done = command("remove")
    assert done.returncode == 0, done.stderr
    assert "removed  the nftables table inet schoolgate" in done.stdout
    tables = network.run("gate", "nft", "list", "tables", check=True).stdout
    assert tables.splitlines() == ["table inet theirs"]
    assert command("remove").stdout == "Nothing of schoolgate is installed here.\n"
    assert command("install").returncode == 0


def test_a_gateway_that_is_not_running_lets_nothing_past(network: Network, gate: Gateway, installed: object) -> None:
    gate.stop()
    try:
        done = network.curl("pupil", "http://allowed.example/")
        assert done.stdout.endswith("\n000")
    finally:
        gate.start()
