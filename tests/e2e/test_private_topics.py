"""What is nobody's business is neither opened nor recorded for staff, and is no way around the gateway for anybody."""

from collections.abc import Callable

import pytest
from e2e.test_staff import counts
from pretend.forms import OPENED
from pretend.gateway import Gateway
from pretend.school import RULES
from pretend.sites import Sites

STAFF, PUPIL = "127.0.0.3", "127.0.0.2"
PRIVATE = "www.nhs.uk"


@pytest.fixture(scope="module")
def gateway(start: Callable[..., Gateway]) -> Gateway:
    return start()


def _opened_by(gateway: Gateway, sites: Sites, url: str, client: str, *options: str) -> str:
    """Who signed the certificate that a client sees: the site's own authority, or the gateway."""
    own = gateway.curl(url, "--cacert", str(sites.ca), *OPENED, *options, client=client).status == 200
    ours = gateway.curl(url, *OPENED, *options, client=client).status == 200
    assert own is not ours
    return "site" if own else "gateway"


def test_everybody_reaches_the_site_itself(gateway: Gateway, sites: Sites) -> None:
    for host in (PRIVATE, "neu.org.uk"):
        url = f"https://{host}:{sites.tls_port}/conditions"
        assert _opened_by(gateway, sites, url, STAFF) == "site"
        assert _opened_by(gateway, sites, url, PUPIL) == "site"
    assert _opened_by(gateway, sites, f"https://news.example:{sites.tls_port}/", STAFF) == "gateway"
    assert gateway.events() == []


def test_another_name_inside_the_tunnel_is_looked_at(gateway: Gateway, sites: Sites) -> None:
    """CONNECT names the private site, but what is asked for inside is another."""
    inside = f"https://pornhub.com:{sites.tls_port}/"
    through = ["--connect-to", f"pornhub.com:{sites.tls_port}:{PRIVATE}:{sites.tls_port}"]
    answer = gateway.curl(inside, *through, *OPENED, client=STAFF)
    assert answer.status == 403
    assert "This page is blocked" in answer.text
    unsure = gateway.curl(
        f"https://news.example:{sites.tls_port}/",
        "--connect-to",
        f"news.example:{sites.tls_port}:{PRIVATE}:{sites.tls_port}",
        *OPENED,
        client=STAFF,
    )
    assert unsure.status == 421


def test_a_host_that_is_only_written_into_a_header_opens_nothing(gateway: Gateway, sites: Sites) -> None:
    header = ["--header", f"Host: {PRIVATE}"]
    assert gateway.curl(f"http://pornhub.com:{sites.port}/", *header, *OPENED, client=STAFF).status == 403
    assert gateway.curl(f"http://127.0.0.1:{sites.port}/", *header, *OPENED, client=STAFF).status == 421
    assert gateway.curl(f"https://x.com:{sites.tls_port}/", *header, *OPENED, client=STAFF).status == 421


def test_without_a_name_in_the_handshake_it_is_opened_but_nothing_is_kept(gateway: Gateway, sites: Sites) -> None:
    before = len(gateway.events("--group", "staff"))
    through = ["--connect-to", f"{PRIVATE}:{sites.tls_port}:127.0.0.1:{sites.tls_port}"]
    url = f"https://{PRIVATE}:{sites.tls_port}/"
    assert gateway.curl(url, *through, *OPENED, client=STAFF).status == 200
    assert len(gateway.events("--group", "staff")) == before


def test_over_plain_http_nothing_is_judged_or_kept(start: Callable[..., Gateway], sites: Sites) -> None:
    harmful = ("<!doctype html><title>t</title><p>" + "porn videos, hardcore sex, xxx, " * 60).encode()
    sites.pages[f"{PRIVATE}/a"] = sites.pages["news.example/a"] = harmful
    gateway = start(
        rules=RULES.replace("categories: [social_media, shopping]", "categories: [social_media, shopping, chat]"),
    )
    assert gateway.curl(f"http://{PRIVATE}:{sites.port}/a?q=how+to+kill+myself", *OPENED, client=STAFF).status == 200
    assert gateway.curl(f"http://news.example:{sites.port}/a", *OPENED, client=STAFF).status == 403
    assert gateway.curl(f"http://{PRIVATE}:{sites.port}/a", *OPENED, client=PUPIL).status == 403
    assert (
        gateway.curl(f"https://{PRIVATE}:{sites.tls_port}/", *OPENED, "--cacert", str(sites.ca), client=STAFF).status
        == 200
    )
    assert {event["host"] for event in gateway.events("--group", "staff")} == {"news.example"}
    tallies = counts(gateway.school, "tallies", lambda rows: sum(row["requests"] for row in rows) >= 6)
    assert {(row["action"], row["category"]) for row in tallies if row["group"] == "staff"} == {
        ("allow", ""),
        ("block", "adult"),
    }
    assert {row["category"] for row in counts(gateway.school, "activity", lambda rows: True)} <= {"other"}


def test_topics_that_the_school_does_not_choose_are_looked_at(start: Callable[..., Gateway], sites: Sites) -> None:
    gateway = start(monitoring="notice: {required: false}\nnever_log: [unions]\n")
    assert _opened_by(gateway, sites, f"https://{PRIVATE}:{sites.tls_port}/", STAFF) == "gateway"
    assert _opened_by(gateway, sites, f"https://neu.org.uk:{sites.tls_port}/", STAFF) == "site"


def test_what_the_school_blocks_itself_is_opened_for_its_page(start: Callable[..., Gateway], sites: Sites) -> None:
    gateway = start(blocklists={"local/block.yaml": f"title: Own\nwhy: Ours.\ndomains: [{PRIVATE}]\n"})
    answer = gateway.curl(f"https://{PRIVATE}:{sites.tls_port}/", *OPENED, client=STAFF)
    assert (answer.status, "This page is blocked" in answer.text) == (403, True)
