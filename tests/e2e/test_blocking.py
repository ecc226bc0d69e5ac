"""A pupil's real curl through the real gateway: what is blocked, how it is said, and that no site was asked."""

import json
import socket
import sqlite3
import time
from collections.abc import Callable

import pytest
from pretend.gateway import Gateway
from pretend.sites import Sites

PUPIL, STAFF, GUEST, SERVER, STRANGER = "127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5", "127.0.0.77"


@pytest.fixture(scope="module")
def gateway(start: Callable[..., Gateway]) -> Gateway:
    return start()


@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
@pytest.mark.parametrize("client", [PUPIL, STAFF, STRANGER])
def test_an_adult_site_over_https_is_a_403_page_and_the_site_is_not_asked(
    gateway: Gateway, sites: Sites, version: str, client: str
) -> None:
    before = sites.connections
    answer = gateway.curl(f"https://www.pornhub.com:{sites.tls_port}/video?q=secret", version, client=client)
    assert answer.status == 403, answer.error
    assert "This page is blocked" in answer.text
    assert "Adult" in answer.text or "adult" in answer.text
    assert ("HTTP/2 403" if version == "--http2" else "HTTP/1.1 403") in answer.head
    assert "no-store" in answer.head.lower()
    assert sites.connections == before


@pytest.mark.parametrize("client", [PUPIL, STAFF, GUEST, STRANGER])
def test_an_adult_site_over_http_is_a_403_page_and_the_site_is_not_asked(
    gateway: Gateway, sites: Sites, client: str
) -> None:
    before = sites.connections
    answer = gateway.curl(f"http://pornhub.com:{sites.port}/", client=client)
    assert answer.status == 403
    assert "This page is blocked" in answer.text
    assert sites.connections == before


def test_the_page_loads_nothing_and_its_reference_is_found_on_record(gateway: Gateway, sites: Sites) -> None:
    answer = gateway.curl(f"http://pornhub.com:{sites.port}/path?token=secret-query")
    assert len(answer.body) < 4096
    for outside in ("src=", "href=", "url(", "@import"):
        assert outside not in answer.text
    assert '<html lang="en">' in answer.text
    assert "<main>" in answer.text
    ref = answer.text.split("<code>")[1].split("</code>")[0]
    [event] = gateway.events("--ref", ref)
    assert event["action"] == "block"
    assert event["category"] == "adult"
    assert event["host"] == "pornhub.com"
    assert event["path"] == "/path"
    assert event["group"] == "pupils"
    assert event["rule"] == "pupils-harm"
    assert "secret-query" not in json.dumps(event)


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        (["Sec-Fetch-Dest: image", "Sec-Fetch-Mode: no-cors"], "nothing"),
        (["Sec-Fetch-Dest: script"], "nothing"),
        (["Sec-Fetch-Dest: empty", "Sec-Fetch-Mode: cors"], "json"),
        (["Accept: image/avif,image/webp,*/*;q=0.8"], "nothing"),
        (["Accept: application/json"], "json"),
        (["X-Requested-With: XMLHttpRequest"], "json"),
        (["Sec-Fetch-Dest: document"], "page"),
        (["Sec-Fetch-Dest: iframe"], "page"),
        (["Accept: text/html,*/*;q=0.8"], "page"),
    ],
)
def test_only_a_page_gets_a_page(gateway: Gateway, sites: Sites, headers: list[str], kind: str) -> None:
    options = [part for header in headers for part in ("--header", header)]
    answer = gateway.curl(f"https://pornhub.com:{sites.tls_port}/x", *options)
    assert answer.status == 403
    if kind == "page":
        assert answer.text.startswith("<!doctype html>")
    elif kind == "json":
        assert json.loads(answer.body)["category"] == "adult"
    else:
        assert answer.body == b""
    assert ("text/html" in answer.head) == (kind == "page")


def test_an_ordinary_site_is_served_over_every_protocol(gateway: Gateway, sites: Sites) -> None:
    for url in (f"http://allowed.example:{sites.port}/", f"https://allowed.example:{sites.tls_port}/"):
        for version in ("--http1.1", "--http2"):
            answer = gateway.curl(url, version)
            assert answer.status == 200, answer.error
            assert "Welcome to allowed.example" in answer.text
            assert "alt-svc" not in answer.head.lower()


def test_guests_are_filtered_by_name_and_their_tls_stays_closed(gateway: Gateway, sites: Sites) -> None:
    before = sites.connections
    refused = gateway.curl(f"https://pornhub.com:{sites.tls_port}/", client=GUEST)
    assert refused.status == 0
    assert sites.connections == before
    passed = gateway.curl(f"https://allowed.example:{sites.tls_port}/", "--cacert", str(sites.ca), client=GUEST)
    assert passed.status == 200, passed.error
    assert "Welcome to allowed.example" in passed.text


def test_a_group_that_is_not_inspected_is_let_through(gateway: Gateway, sites: Sites) -> None:
    answer = gateway.curl(f"https://pornhub.com:{sites.tls_port}/", "--cacert", str(sites.ca), client=SERVER)
    assert answer.status == 200, answer.error
    assert not [event for event in gateway.events() if event["client"] == SERVER]


def test_a_site_with_a_wrong_certificate_is_not_shown(start: Callable[..., Gateway], sites: Sites) -> None:
    gateway = start(upstream_ca=None)
    answer = gateway.curl(f"https://allowed.example:{sites.tls_port}/")
    assert answer.status == 502


def test_a_warning_is_shown_once_and_then_lets_pass(gateway: Gateway, sites: Sites) -> None:
    page = ["--header", "Sec-Fetch-Dest: document"]
    url = f"https://mail.yahoo.com:{sites.tls_port}/inbox"
    first = gateway.curl(url, *page)
    assert first.status == 403
    assert "Before you go on" in first.text
    assert f"mail.yahoo.com:{sites.tls_port}/inbox" in first.text
    assert gateway.curl(url, *page).status == 200
    assert gateway.curl(f"http://mail.yahoo.com:{sites.port}/", "--header", "Accept: text/html").status == 200


def test_a_large_body_passes_whole(gateway: Gateway, sites: Sites) -> None:
    sites.pages["allowed.example/large"] = b"x" * 20_000_000
    answer = gateway.curl(f"https://allowed.example:{sites.tls_port}/large")
    assert len(answer.body) == 20_000_000
    upload = gateway.school.root / "upload"
    upload.write_bytes(b"y" * 20_000_000)
    answer = gateway.curl(f"https://allowed.example:{sites.tls_port}/up", "--data-binary", f"@{upload}")
    assert answer.status == 200, answer.error


def test_a_blocked_upload_is_answered(gateway: Gateway, sites: Sites) -> None:
    upload = gateway.school.root / "upload"
    upload.write_bytes(b"y" * 2_000_000)
    before = sites.connections
    assert gateway.curl(f"https://pornhub.com:{sites.tls_port}/up", "--data-binary", f"@{upload}").status == 403
    assert sites.connections == before


def test_a_method_that_is_no_text_is_recorded_as_such(gateway: Gateway, sites: Sites) -> None:
    with socket.create_connection(("127.0.0.1", gateway.school.proxy_port), source_address=(PUPIL, 0)) as connection:
        connection.sendall(b"\xff\xfe http://pornhub.com:%d/odd HTTP/1.1\r\nHost: pornhub.com\r\n\r\n" % sites.port)
        connection.recv(65536)
    assert gateway.curl(f"http://pornhub.com:{sites.port}/after-odd").status == 403
    time.sleep(0.5)
    with sqlite3.connect(gateway.school.data / "record.db") as db:
        assert db.execute("select count(*) from events where path = '/after-odd'").fetchone() == (1,)


def test_a_huge_blocked_upload_is_cut_off_and_recorded(gateway: Gateway, sites: Sites) -> None:
    upload = gateway.school.root / "upload"
    upload.write_bytes(b"y" * 20_000_000)
    before = sites.connections
    answer = gateway.curl(f"https://pornhub.com:{sites.tls_port}/cut", "--data-binary", f"@{upload}")
    assert answer.status != 200
    assert sites.connections == before
    assert [event for event in gateway.events() if event["path"] == "/cut"]


def test_the_gateways_own_services_are_not_reached_through_it(gateway: Gateway) -> None:
    for host in ("127.0.0.1", "localhost", "2130706433", "0", "allowed.example"):
        answer = gateway.curl(f"http://{host}:{gateway.school.metrics_port}/metrics")
        assert answer.status == 502, host
        assert "schoolgate_requests" not in answer.text
