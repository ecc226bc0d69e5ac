"""Illegal material stays closed whatever the school's files say, and its address stands nowhere but in the feed."""

import socket
import sqlite3
import struct
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pretend.forms import OPENED, hidden_fields
from pretend.gateway import Answer, Gateway, schoolgate
from pretend.mailbox import Mailbox
from pretend.school import RULES, free_port
from pretend.sites import Sites
from schoolgate.settings.folders import find_folders
from schoolgate.settings.load import load_settings
from schoolgate.settings.openable import NotOpened, Right, check_always, check_for_a_while, read_site
from schoolgate.store.event import Deed, deed_event
from schoolgate.store.journal import Journal

PUPIL, STAFF, GUEST, SERVER = "127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5"
IWF = """http://www.bbc.co.uk/zzhidden/page.html
https://news.example/zzview.php?id=42&set=7
http://bücher.example/zzgeheim/
https://www.nhs.uk/zzhidden
http://www.google.com/search?q=how+to+kill+myself+zzsecretword
chat.example
"""
CTIRU = "id,url,added\n1,http://slow.example/,2026-11-01\n"
SECRETS = ("zzhidden", "zzview", "zzgeheim", "zzsecretword", "chat.example", "slow.example")
ALLOWED = """domains: [bbc.co.uk, news.example, bücher.example, chat.example, slow.example, nhs.uk]
urls: [bbc.co.uk/zzhidden/page.html, news.example/zzview.php]
"""
WORRY = """  - {id: worry, groups: [pupils], categories: [self_harm], applies_to: [searches], action: log, why: Help.}
"""
ALERTS = """immediate: {to: [headteacher]}
routes: [{to: [technician], themes: [content]}, {to: [technician], groups: [pupils, staff, guests, servers]}]
quiet: {from: "00:00", until: "23:59"}
"""


def drop(gateway: Gateway, feed: str, text: str) -> Path:
    """As a provider does: written beside, then moved into its place."""
    path = gateway.school.root / "sealed" / feed / "list.csv"
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_suffix(".part")
    part.write_text(text)
    part.chmod(0o600)
    part.replace(path)
    return path


def until(done: Callable[[], Any], seconds: float = 90) -> Any:
    end = time.monotonic() + seconds
    while not (found := done()) and time.monotonic() < end:
        time.sleep(0.3)
    return found


@pytest.fixture(scope="module")
def gateway(start: Callable[..., Gateway], sites: Sites) -> Gateway:
    made = start(dns=free_port(), names="ignored", rules=RULES + WORRY)
    local = made.school.root / "blocklists" / "local" / "allow.yaml"
    local.write_text(ALLOWED)
    drop(made, "iwf", IWF)
    drop(made, "ctiru", CTIRU)
    assert until(lambda: all(_blocks(made, sites, host) for host in ("chat.example", "slow.example"))), made.log
    return made


def _blocks(gateway: Gateway, sites: Sites, host: str) -> bool:
    return _is_sealed(gateway.curl(f"http://{host}:{sites.port}/", client=SERVER))


def _is_sealed(answer: Answer) -> bool:
    return answer.status == 451 and "against the law" in answer.text


PAGES = [
    "http://www.bbc.co.uk:{port}/zzhidden/page.html",
    "https://www.bbc.co.uk:{tls}/zzhidden/page.html?x=1",
    "http://bbc.co.uk:{port}/ZZhidden/%70age.html",
    "http://bbc.co.uk:{port}/x/..%2Fzzhidden%2fpage.html",
    "http://bbc.co.uk:{port}/zzhidden/page.html%23part",
    "https://news.example:{tls}/zzview.php?set=7&more=1&id=%34%32",
    "http://xn--bcher-kva.example:{port}/zzgeheim/inside",
    "https://chat.example:{tls}/any",
    "https://news.example:{tls}/http://www.bbc.co.uk/zzhidden/page.html",
    "http://www.google.com:{port}/url?q=https%3A%2F%2Fchat.example%2F",
    "http://slow.example:{port}/",
]


@pytest.mark.parametrize("client", [PUPIL, STAFF])
@pytest.mark.parametrize("url", PAGES)
def test_no_way_of_writing_opens_it(gateway: Gateway, sites: Sites, url: str, client: str) -> None:
    """All of these stand in allow.yaml."""
    answer = gateway.curl(url.format(port=sites.port, tls=sites.tls_port), "--path-as-is", *OPENED, client=client)
    assert _is_sealed(answer), (answer.status, answer.text[:200], answer.error)
    assert not any(word in answer.text.lower() for word in SECRETS)
    assert hidden_fields(answer.text) == {}


def test_the_rest_of_a_shared_host_stays_open(gateway: Gateway, sites: Sites) -> None:
    for url in (
        f"http://www.bbc.co.uk:{sites.port}/zzhidden/",
        f"https://news.example:{sites.tls_port}/zzview.php?id=43&set=7",
        f"https://news.example:{sites.tls_port}/",
        f"http://xn--bcher-kva.example:{sites.port}/",
    ):
        assert gateway.curl(url, *OPENED).status == 200, url


def test_the_page_says_whom_to_tell(gateway: Gateway, sites: Sites) -> None:
    abuse = gateway.curl(f"http://www.bbc.co.uk:{sites.port}/zzhidden/page.html", *OPENED).text
    terror = gateway.curl(f"http://slow.example:{sites.port}/", *OPENED).text
    assert "report.iwf.org.uk" in abuse
    assert "Childline" in abuse
    assert "not in trouble" in abuse
    assert "gov.uk/report-terrorism" in terror
    assert "CTIRU" in terror
    assert "safeguarding lead (DSL)" in gateway.curl(f"http://slow.example:{sites.port}/", *OPENED, client=STAFF).text


@pytest.mark.parametrize("client", [GUEST, SERVER])
def test_groups_whose_tls_stays_closed_are_refused_by_name(gateway: Gateway, sites: Sites, client: str) -> None:
    before = len(sites.seen("chat.example"))
    own = ("--cacert", str(sites.ca))
    assert gateway.curl(f"https://chat.example:{sites.tls_port}/", *own, client=client).status == 0
    assert gateway.curl(f"https://news.example:{sites.tls_port}/", *own, client=client).status == 200
    assert _is_sealed(gateway.curl(f"http://slow.example:{sites.port}/", client=client))
    assert _is_sealed(gateway.curl(f"http://www.bbc.co.uk:{sites.port}/zzhidden/page.html", client=client))
    assert len(sites.seen("chat.example")) == before


def test_a_private_topic_hides_no_page_of_a_feed(gateway: Gateway, sites: Sites) -> None:
    """The site is never opened for staff, but for the sake of the page that a feed names on it."""
    assert _is_sealed(gateway.curl(f"https://www.nhs.uk:{sites.tls_port}/zzhidden", *OPENED, client=STAFF))
    assert gateway.curl(f"https://www.nhs.uk:{sites.tls_port}/conditions", *OPENED, client=STAFF).status == 200
    assert not [event for event in gateway.events("--group", "staff") if event["host"] == "www.nhs.uk"]


def test_a_search_that_a_feed_names_is_told_as_that_and_not_as_a_search(gateway: Gateway, sites: Sites) -> None:
    """Its words would ring an alarm by themselves, and would tell the address."""
    url = f"http://www.google.com:{sites.port}/search?q=how+to+kill+myself+zzsecretword&hl=en"
    assert _is_sealed(gateway.curl(url, *OPENED))
    url = f"http://www.google.com:{sites.port}/search?q=how+to+kill+myself&hl=en"
    gateway.curl(url, *OPENED)
    assert until(lambda: [event for event in gateway.events() if event["rule"] == "worry"])  # others are told


def _asks(gateway: Gateway, name: str, client: str) -> bytes:
    """The answer of the resolver to a question for an IPv4 address."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    question = struct.pack(">6H", 7, 0x100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">2H", 1, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.bind((client, 0))
        asking.settimeout(20)
        asking.sendto(question, ("127.0.0.1", gateway.school.dns or 0))
        return asking.recv(512)


@pytest.mark.parametrize("client", [PUPIL, GUEST, SERVER])
def test_the_resolver_leads_a_whole_site_to_the_page(gateway: Gateway, client: str) -> None:
    assert socket.inet_aton("198.18.0.1") in _asks(gateway, "deep.Chat.example", client)


def test_nothing_of_ours_holds_an_address(gateway: Gateway, sites: Sites) -> None:
    unreadable = gateway.curl(f"http://chat.example:{sites.port}/", "--header", "Host: chat.example:99999")
    assert (unreadable.status, "chat.example" in unreadable.text) == (400, False)
    assert until(lambda: [event for event in gateway.events() if event["rule"] == "bad-address"])
    ref = gateway.curl(PAGES[0].format(port=sites.port), *OPENED).text.split("<code>")[1].split("</code>")[0]
    [event] = until(lambda: gateway.events("--ref", ref))
    assert (event["category"], event["rule"], event["list"], event["alert"]) == ("sealed", "sealed", "iwf", "immediate")
    assert (event["host"], event["path"], event["search"]) == ("", "", None)
    assert event["entry"].startswith("#")
    assert event["client"] == PUPIL
    assert event["person"]
    for path in gateway.school.data.rglob("*"):
        if path.is_file() and "index" not in path.parts and path.suffix not in (".db-shm",):
            data = path.read_bytes().lower()
            found = [word for word in SECRETS if word.encode() in data]
            assert not found, (path, found)
    assert not any(word in gateway.log.lower() for word in SECRETS)
    with closing(sqlite3.connect(gateway.school.data / "record.db")) as record:
        assert record.execute("select count(*) from event where category = 'sealed' and host <> ''").fetchone() == (0,)


def test_commands_name_the_feed_alone(gateway: Gateway) -> None:
    config = ("--config", str(gateway.school.config))
    for given in (
        ("check", *config, "http://bbc.co.uk/zzhidden/page.html"),
        ("lists", "lookup", *config, "chat.example"),
    ):
        said = schoolgate(*given)
        assert "IWF" in said.stdout, said
        assert not any(word in said.stdout.lower() for word in SECRETS), said
    assert schoolgate("check", *config, "--json", "http://slow.example/").returncode == 3


def test_an_opening_is_refused_and_changes_nothing(gateway: Gateway, sites: Sites) -> None:
    settings, now = load_settings(find_folders(gateway.school.config)), datetime.now(UTC)
    for check in (
        lambda site: check_for_a_while(settings, site, "pupils", now),
        lambda site: check_always(settings, Right.LISTS, site, now),
    ):
        with pytest.raises(NotOpened, match="nobody can open it"):
            check(read_site("chat.example"))
    journal = Journal(gateway.school.data, "opening")
    told = {"host": "chat.example", "group": "pupils", "entry": f"2026-01-01T00:00:00Z/{now.year + 1}-01-01T00:00:00Z"}
    journal.append({"t": "event", **deed_event(now, Deed.OPENED, "technician u-1", "v", **told, why="no").row()})
    journal.close()
    time.sleep(3)  # workers look for openings every two seconds
    assert _is_sealed(gateway.curl(f"https://chat.example:{sites.tls_port}/", *OPENED))


def test_no_file_of_the_school_can_name_the_category(gateway: Gateway) -> None:
    path = gateway.school.root / "blocklists" / "sealed.yaml"
    path.write_text("category: sealed\ntitle: x\ntheme: content\nwhy: x\nexcept: [chat.example]\n")
    said = schoolgate("config", "check", "--config", str(gateway.school.config))
    path.unlink()
    assert said.returncode == 2
    assert "no file of the school's can speak of" in said.stderr


def test_a_fault_in_a_file_of_the_school_holds_no_feed_up(gateway: Gateway, sites: Sites) -> None:
    path = gateway.school.config / "rules.yaml"
    sound = path.read_text()
    path.write_text(f"{sound}nonsense: [\n")
    drop(gateway, "iwf", f"{IWF}allowed.example\n")
    assert until(lambda: _blocks(gateway, sites, "allowed.example")), gateway.log
    assert until(lambda: "not valid YAML" in gateway.log), gateway.log
    assert _blocks(gateway, sites, "chat.example")
    path.write_text(sound)


def test_the_start_says_loudly_what_is_missing(gateway: Gateway) -> None:
    assert "NOT COMPLIANT on 2 points" in gateway.log
    assert "IWF and CTIRU" in gateway.log


def test_the_safeguarding_lead_is_told_at_once_whatever_alerts_yaml_says(
    start: Callable[..., Gateway], sites: Sites, mailbox: Callable[[int], Mailbox]
) -> None:
    gateway = start(alerts=ALERTS)
    box = mailbox(gateway.school.mail_port)
    path = drop(gateway, "iwf", IWF)
    assert until(lambda: _blocks(gateway, sites, "chat.example")), gateway.log
    gateway.curl(f"https://chat.example:{sites.tls_port}/a", *OPENED)
    told = until(
        lambda: [mail for mail in box.delivered if "illegal material was asked for" in mail.message["subject"]]
    )
    assert "dsl@school.example" in told[0].to
    assert "it@school.example" not in told[0].to
    assert "High priority" in told[0].message["subject"]
    assert not any(word in str(told[0].message).lower() for word in SECRETS)
    assert "IWF" in told[0].text
    assert "the child may be a victim" in " ".join(told[0].text.split())
    path.write_text("<html>")
    faulty = until(lambda: [mail for mail in box.delivered if "feed of illegal material" in mail.message["subject"]])
    assert faulty
    assert faulty[0].to == ("it@school.example",)
    assert _is_sealed(gateway.curl(f"https://chat.example:{sites.tls_port}/b", *OPENED))
