"""Apps that accept no certificate but their own, at a real gateway: what is learned, and what never is."""

import base64
import hashlib
import json
import socket
import ssl
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pretend.forms import OPENED
from pretend.gateway import Gateway, schoolgate
from pretend.sites import Served, Sites
from schoolgate.cli import main

PUPIL, STAFF, BARE = "127.0.0.2", "127.0.0.3", "127.0.2.9"
KNOWN = "www.allowed.example"  # the school has allowed allowed.example
ALLOW = "title: Own\nwhy: Ours.\ndomains: [allowed.example, chat.example]\n"


@pytest.fixture(scope="module")
def gateway(start: Callable[..., Gateway]) -> Gateway:
    return start(blocklists={"local/allow.yaml": ALLOW})


def _trusts(gateway: Gateway, sites: Sites, client: str = PUPIL) -> None:
    """A program on the device is seen to trust the school's certificate."""
    assert gateway.curl(f"https://news.example:{sites.tls_port}/", client=client).status == 200


def _pinned(gateway: Gateway, sites: Sites, host: str, client: str = PUPIL, connect: str = "", sni: str = "") -> str:
    """An app's handshake, which trusts the site's own authority only: what comes of it.

    ``connect`` is the name that the proxy is told, ``sni`` the one in the handshake, where they are others.
    """
    context = ssl.create_default_context(cafile=str(sites.ca))
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # the pretend internet's certificates are plain ones
    with socket.create_connection(("127.0.0.1", gateway.school.proxy_port), 20, (client, 0)) as raw:
        to = f"{connect or host}:{sites.tls_port}"
        raw.sendall(f"CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n\r\n".encode())
        assert b" 200 " in raw.recv(4096)
        try:
            with context.wrap_socket(raw, server_hostname=sni or host) as secure:
                secure.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
                answer = b""
                while piece := secure.recv(65536):
                    answer += piece
                return "site" if b"Welcome to" in answer else answer.decode(errors="replace")
        except ssl.SSLCertVerificationError:
            return "refused"
        except OSError as error:
            return repr(error)


def _learn(gateway: Gateway, sites: Sites, client: str) -> None:
    """An app on a device of its own refuses until it is passed through, or is passed through already."""
    _trusts(gateway, sites, client)
    assert "site" in [_pinned(gateway, sites, KNOWN, client) for _ in range(4)]


def _passes(gateway: Gateway) -> dict[str, list[dict[str, object]]]:
    done = CliRunner().invoke(main, ["passes", "--json", "--config", str(gateway.school.config)])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_an_app_that_refuses_three_times_is_passed_through_and_browsers_go_on_being_looked_into(
    gateway: Gateway, sites: Sites
) -> None:
    _trusts(gateway, sites)
    assert [_pinned(gateway, sites, KNOWN) for _ in range(4)] == ["refused"] * 3 + ["site"]
    assert gateway.curl(f"https://{KNOWN}:{sites.tls_port}/").status == 200  # by the gateway's own certificate
    assert _pinned(gateway, sites, "allowed.example") == "refused"  # another host is another matter


def test_an_app_that_checks_its_pin_after_the_handshake_is_told_by_its_silence(gateway: Gateway, sites: Sites) -> None:
    """As curl and many phones' libraries do: the certificate is trusted, but it is not the one they know."""
    _trusts(gateway, sites)
    pin = ["--pinnedpubkey", f"sha256//{_key(sites)}", "--cacert", str(_both(gateway, sites))]
    url = f"https://chat.example:{sites.tls_port}/"
    codes = [gateway.curl(url, *pin).status for _ in range(7)]
    assert codes == [0] * 6 + [200]
    assert [each["how"] for each in _passes(gateway)["learned"] if each["host"] == "chat.example"] == [
        "it closes without asking for anything"
    ]


def test_an_app_that_breaks_off_without_a_word_is_told_by_that(gateway: Gateway, sites: Sites) -> None:
    """As phones do that end the connection at the sight of the certificate, with TLS 1.2 and 1.3."""
    _trusts(gateway, sites)
    for version, host in (
        (ssl.TLSVersion.TLSv1_2, "tls2.allowed.example"),
        (ssl.TLSVersion.TLSv1_3, "tls3.allowed.example"),
    ):
        for _ in range(6):
            assert _broken_off(gateway, sites, host, version)[:1] == b"\x16"
        end = time.monotonic() + 40
        while host not in {each["host"] for each in _passes(gateway)["learned"]} and time.monotonic() < end:
            time.sleep(0.2)
        assert host in {each["host"] for each in _passes(gateway)["learned"]}


def _broken_off(gateway: Gateway, sites: Sites, host: str, version: ssl.TLSVersion) -> bytes:
    """The first bytes of the answer to a ClientHello; the connection ends there."""
    context, coming, going = ssl.create_default_context(), ssl.MemoryBIO(), ssl.MemoryBIO()
    context.maximum_version = version
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(coming, going, server_hostname=host).do_handshake()
    with socket.create_connection(("127.0.0.1", gateway.school.proxy_port), 20, (PUPIL, 0)) as raw:
        to = f"{host}:{sites.tls_port}"
        raw.sendall(f"CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n\r\n".encode())
        assert b" 200 " in raw.recv(4096)
        raw.sendall(going.read())
        return raw.recv(4096)


def test_openssl_teaches_too(gateway: Gateway, sites: Sites) -> None:
    _trusts(gateway, sites)
    host = "schule.allowed.example"
    command = ["openssl", "s_client", "-verify_return_error", "-brief", "-CAfile", str(sites.ca), "-servername", host]
    command += ["-proxy", f"127.0.0.1:{gateway.school.proxy_port}", "-connect", f"{host}:{sites.tls_port}"]
    for _ in range(3):
        done = subprocess.run([*command, "-bind", f"{PUPIL}:0"], input="", capture_output=True, text=True, timeout=60)
        assert "certificate verify failed" in done.stderr, done.stderr
    assert host in {each["host"] for each in _passes(gateway)["learned"]}


HOSTILE = [
    ("pornhub.com", "a list and a rule"),  # blocked
    ("bet365.com", "a list and a rule"),  # blocked
    ("mail.yahoo.com", "a list and a rule"),  # warned of
    ("news.example", "no list of pinned services knows it"),  # nobody has judged it
    ("www.google.com", "no list of pinned services knows it"),  # protected, but people search there
    ("freegamblingcasino.example", ""),  # by its name
]


@pytest.mark.parametrize(("host", "why"), HOSTILE)
def test_a_pupil_who_provokes_alerts_opens_nothing(gateway: Gateway, sites: Sites, host: str, why: str) -> None:
    client = f"127.0.2.{20 + [each for each, _ in HOSTILE].index(host)}"  # by itself, or it would refuse everywhere
    _trusts(gateway, sites, client)
    assert {_pinned(gateway, sites, host, client) for _ in range(8)} == {"refused"}
    listed = _passes(gateway)
    assert host not in {each["host"] for each in listed["learned"]}
    held = {str(each["host"]): str(each["why"]) for each in listed["held_back"]}
    assert why in held[host]


def test_a_learned_name_leads_nowhere_else(gateway: Gateway, sites: Sites) -> None:
    """The name in the handshake, the name that the proxy is told, and where it leads must be one."""
    _learn(gateway, sites, "127.0.2.40")
    asked = len(sites.seen("pornhub.com"))
    assert _pinned(gateway, sites, KNOWN, connect="pornhub.com") == "refused"
    assert _pinned(gateway, sites, KNOWN, connect="127.0.0.1") == "refused"
    assert _pinned(gateway, sites, "pornhub.com", connect=KNOWN) == "refused"
    assert len(sites.seen("pornhub.com")) == asked


def test_a_device_without_the_certificate_teaches_nothing_and_the_technician_is_told(
    gateway: Gateway, sites: Sites
) -> None:
    hosts = [f"w{number}.allowed.example" for number in range(3)] + ["chat.example", "x.org", "y.org", "z.org"]
    for host in hosts:
        for _ in range(4):
            assert _pinned(gateway, sites, host, BARE) == "refused"
    listed = _passes(gateway)
    assert {str(each["host"]) for each in listed["learned"]}.isdisjoint(set(hosts) - {"chat.example"})
    assert [each["client"] for each in listed["untrusting"]] == [BARE]
    told = [event for event in gateway.events() if event["rule"] == "certificate"]
    assert [event["client"] for event in told] == [BARE]
    assert "does not trust the school's certificate" in told[0]["why"]


def test_a_bot_wall_is_told_of_and_not_looped(gateway: Gateway, sites: Sites) -> None:
    wall = Served((b"Just a moment...",), {"Content-Type": "text/html", "cf-mitigated": "challenge"}, 403)
    sites.pages["news.example/wall"] = sites.pages["www.allowed.example/wall"] = wall
    url = f"https://news.example:{sites.tls_port}/wall"
    seen = [gateway.curl(url, *OPENED, client=STAFF) for _ in range(8)]
    assert (seen[0].status, "Just a moment" in seen[0].text) == (403, True)
    assert (seen[-1].status, "takes the school&#39;s filter for a robot" in seen[-1].text) == (503, True)
    url = f"https://www.allowed.example:{sites.tls_port}/wall"
    assert [gateway.curl(url, *OPENED, client=STAFF).status for _ in range(3)] == [403] * 3
    through = gateway.curl(url, *OPENED, "--cacert", str(sites.ca), client=STAFF)
    assert (through.status, "Just a moment" in through.text) == (403, True)
    assert "schoolgate_challenges_total" in _metrics(gateway)


def test_a_captcha_is_told_by_its_page_and_what_a_page_loads_besides_is_no_loop(gateway: Gateway, sites: Sites) -> None:
    puzzle = b"<!doctype html><title>One moment</title><div class='h-captcha' data-sitekey='1'></div>"
    sites.pages["news.example/puzzle"] = Served((puzzle,), {"Content-Type": "text/html"}, 403)
    sites.pages["news.example/pixel"] = Served((b"no",), {"Content-Type": "image/gif", "Server": "AkamaiGHost"}, 403)
    url, client = f"https://news.example:{sites.tls_port}", "127.0.2.60"
    part = ["--header", "Sec-Fetch-Dest: image"]
    assert [gateway.curl(f"{url}/pixel", *part, client=client).status for _ in range(4)] == [403] * 4
    assert [gateway.curl(f"{url}/{page}", *OPENED, client=client).status for page in ("puzzle", "puzzle", "")] == [
        403,
        403,
        200,  # solved
    ]
    seen = [gateway.curl(f"{url}/puzzle", *OPENED, client=client) for _ in range(4)]
    assert [each.status for each in seen] == [403, 403, 403, 503]
    assert "takes the school&#39;s filter for a robot" in seen[-1].text


def test_it_can_be_forgotten_kept_and_holds_over_a_restart_for_all_workers(gateway: Gateway, sites: Sites) -> None:
    config = str(gateway.school.config)
    _learn(gateway, sites, "127.0.2.41")
    assert schoolgate("passes", "forget", KNOWN, "--config", config).returncode == 0
    assert _pinned(gateway, sites, KNOWN) == "refused"
    assert schoolgate("passes", "forget", KNOWN, "--config", config).returncode == 2
    _learn(gateway, sites, "127.0.2.42")
    assert schoolgate("passes", "keep", KNOWN, "--config", config).returncode == 0
    gateway.stop()
    gateway.workers = 2
    gateway.start()
    assert {_pinned(gateway, sites, KNOWN) for _ in range(8)} == {"site"}
    assert f"learned    {KNOWN}  for good" in schoolgate("passes", "--config", config).stdout


def test_a_rule_that_comes_later_ends_it(gateway: Gateway, sites: Sites) -> None:
    block = gateway.school.root / "blocklists" / "local" / "block.yaml"
    block.write_text(f"title: Own\nwhy: Ours.\ndomains: [{KNOWN}]\n")
    end = time.monotonic() + 60
    while _pinned(gateway, sites, KNOWN) == "site" and time.monotonic() < end:
        time.sleep(0.3)
    assert _pinned(gateway, sites, KNOWN) == "refused"
    block.unlink()


def test_banks_and_health_stay_closed_for_pupils_too_where_nothing_is_blocked(gateway: Gateway, sites: Sites) -> None:
    before = len(gateway.events())
    assert _pinned(gateway, sites, "www.nhs.uk") == "site"
    assert _pinned(gateway, sites, "neu.org.uk") == "site"
    assert _pinned(gateway, sites, "www.nhs.uk", connect="news.example") == "refused"
    assert len(gateway.events()) == before
    gateway.stop()
    kept = [path for path in gateway.school.data.rglob("*") if path.is_file() and path.parent.name != "index"]
    assert kept
    assert not [path.name for path in kept if any(host in path.read_bytes() for host in (b"nhs.uk", b"neu.org"))]


def _metrics(gateway: Gateway) -> str:
    command = ["curl", "--silent", f"http://127.0.0.1:{gateway.school.metrics_port}/metrics"]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout


def _key(sites: Sites) -> str:
    """The digest of the key of every site, as curl pins it."""
    key = x509.load_pem_x509_certificate(sites.ca.read_bytes()).public_key()  # one key is behind all of them
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(der).digest()).decode()


def _both(gateway: Gateway, sites: Sites) -> Path:
    """An app that trusts whom the device trusts, and looks at the key besides."""
    path = gateway.school.root / "both.pem"
    path.write_bytes(sites.ca.read_bytes() + gateway.school.ca.read_bytes())
    return path
