"""``schoolgate doctor`` on a real gateway: all is well, then one thing after the other is broken on purpose."""

import http.client
import json
import os
import shutil
import sqlite3
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pretend.gateway import Gateway, schoolgate
from pretend.mailbox import Mailbox
from pretend.school import PEOPLE, RULES, free_port
from pretend.sites import Sites
from schoolgate.doctor.asking import asker_of
from schoolgate.doctor.examination import examine, steps
from schoolgate.doctor.finding import Finding, Outcome, good, wrong
from schoolgate.doctor.history import BY_ITSELF, event_of, last
from schoolgate.doctor.hourly import Hourly
from schoolgate.doctor.verdicts import settings_in_force
from schoolgate.policy.reserved import reserved_name
from schoolgate.settings.folders import find_folders
from schoolgate.settings.load import Settings, load_settings
from schoolgate.settings.school_models import DoctorEntry
from schoolgate.store.journal import Journal
from schoolgate.store.office import OfficeStore
from schoolgate.store.proof import HEADER, Proofs, open_proofs
from schoolgate.store.record import open_reader

ADULT = reserved_name("adult")
LISTS = (
    "# Sites of the school's own.\ncategory: {0}\ntitle: {0}\ntheme: content\nwhy: Not for children.\ndomains: [{1}]\n"
)
KEPT = {"adult": "pornhub.com, xvideos.com", "extremism": "stormfront.org", "gambling": "bet365.com"}


@pytest.fixture(scope="module")
def post() -> Iterator[Mailbox]:
    box = Mailbox(free_port()).start()
    yield box
    box.stop()


@pytest.fixture(scope="module")
def gateway(start: Callable[..., Gateway], post: Mailbox, tmp_path_factory: pytest.TempPathFactory) -> Gateway:
    """Without publishers of lists, and with feeds of illegal material, so that nothing is wrong with it."""
    from pretend.school import School

    plain = School(tmp_path_factory.mktemp("plain")).without_publishers().blocklists
    lists = plain | {f"{name}.yaml": LISTS.format(name, hosts) for name, hosts in KEPT.items()}
    made = start(fresh=True, people=PEOPLE, rules=RULES, names="ignored", mail_port=post.port, blocklists=lists)
    for feed in ("iwf", "ctiru"):
        folder = made.school.root / "sealed" / feed
        folder.mkdir(parents=True, mode=0o700)
        (folder / "list.csv").write_text("zzhidden.example\n")
        (folder / "list.csv").chmod(0o600)
    end = time.monotonic() + 90
    while len(settings_of(made).sealed) < 2 and time.monotonic() < end:
        time.sleep(0.1)
    in_force(made)
    return made


def settings_of(gateway: Gateway) -> Settings:
    return load_settings(find_folders(gateway.school.config))


@dataclass
class Examined:
    code: int
    findings: list[dict[str, Any]] = field(default_factory=list)
    text: str = ""

    def of(self, probe: str, group: str = "") -> dict[str, Any]:
        return next(each for each in self.findings if (each["probe"], each["group"]) == (probe, group))

    @property
    def wrong(self) -> list[tuple[str, str]]:
        return [(each["probe"], each["group"]) for each in self.findings if each["outcome"] == "WRONG"]


def doctor(gateway: Gateway, *options: str) -> Examined:
    done = schoolgate("doctor", "--config", str(gateway.school.config), "--json", *options)
    assert done.returncode in (0, 1), done.stderr
    return Examined(done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr)


def look(gateway: Gateway, name: str, group: str = "") -> list[Finding]:
    """One step alone, in this process."""
    return list(examine([step for step in steps(settings_of(gateway), group) if step.name == name]))


def in_force(gateway: Gateway) -> None:
    """Wait until the gateway judges by its files as they are now."""
    settings, end = settings_of(gateway), time.monotonic() + 60
    while time.monotonic() < end:
        found = list(settings_in_force(settings, asker_of(settings)))
        if all(each.outcome is Outcome.GOOD for each in found):
            return
    raise AssertionError(f"{found}\n{gateway.log}")


@contextmanager
def edited(gateway: Gateway, path: Path, text: str) -> Iterator[None]:
    before = path.read_text() if path.exists() else None
    path.write_text(text)
    try:
        in_force(gateway)
        yield
    finally:
        path.write_text(before) if before is not None else path.unlink()
        in_force(gateway)


@pytest.fixture(scope="module")
def well(gateway: Gateway) -> Examined:
    return doctor(gateway)


def test_a_gateway_that_is_well_is_called_so(gateway: Gateway, well: Examined) -> None:
    assert well.wrong == [], "\n".join(
        f"{e['probe']} {e['group']}: {e['words']}" for e in well.findings if e["outcome"] == "WRONG"
    )
    assert well.code == 0
    for group in ("pupils", "staff", "guests"):
        assert well.of("adult", group)["outcome"] == "ok"
        assert well.of("on record", group)["outcome"] == "ok"
    assert well.of("block page", "pupils")["words"].startswith("It came over https")
    assert well.of("refused by name", "guests")["outcome"] == "ok"
    assert well.of("safe search", "staff")["words"].startswith("4 engines")
    assert well.of("every worker")["outcome"] == "ok"
    assert ("sealed", "pupils") not in [(each["probe"], each["group"]) for each in well.findings]
    assert well.of("illegal material", "staff")["words"] == "The gateway refuses what CTIRU and IWF name."
    assert well.of("list of adult", "pupils")["words"] == "pornhub.com, xvideos.com: refused."
    assert well.of("social_media", "staff")["words"].startswith("log by staff-personal-use")
    assert well.of("categories", "servers")["outcome"] == "skipped"
    assert {each["advice"] == "" for each in well.findings} == {True}


def test_people_read_a_line_for_each_probe_and_how_far_it_is(gateway: Gateway) -> None:
    done = schoolgate("doctor", "--config", str(gateway.school.config), "--group", "guests")
    assert done.returncode == 0, done.stdout
    assert "ok      adult [guests]: block by pupils-harm, as the rules say." in done.stdout
    assert "[pupils]" not in done.stdout
    assert " 0 wrong, " in done.stdout.splitlines()[-1]
    assert "Done 21 of 21 steps." in done.stderr


def test_probes_are_on_record_as_such_and_count_for_nobody(gateway: Gateway, well: Examined) -> None:
    probes = [each for each in gateway.events("--action", "probe") if each["rule"] != "doctor"]
    assert {each["group"] for each in probes} >= {"pupils", "staff", "guests"}
    assert {(each["client"], each["person"], each["device"], each["alert"]) for each in probes} == {
        ("", "", "", "none")
    }
    assert all(each["path"].startswith("/on-record/") and each["host"] == ADULT for each in probes)
    with open_reader(gateway.school.data, with_waiting=True) as reader:
        for view in ("blocks", "visits", "tallies", "activity"):
            assert next(reader.query(f"select * from {view}"), None) is None  # noqa: S608 - names of our own
        assert list(reader.query("select * from coverage")) == []
        examined = last(reader)
    assert examined is not None
    assert (examined.wrong, examined.lines) == (0, ())
    assert examined.good > 40


def test_a_rule_that_no_longer_blocks_adult_for_pupils_is_found(gateway: Gateway) -> None:
    rules = RULES.replace(
        "groups: [pupils, guests, servers], categories: [adult, ", "groups: [pupils, guests, servers], categories: ["
    )
    with edited(gateway, gateway.school.config / "rules.yaml", rules):
        found = doctor(gateway, "--group", "pupils")
    assert found.code == 1
    assert found.wrong == [("adult", "pupils")]
    assert found.of("adult", "pupils")["words"].startswith("No rule blocks adult for pupils now")
    assert "rules.yaml" in found.of("adult", "pupils")["advice"]


def test_an_edit_that_is_not_in_force_is_found(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_of(gateway)
    rules = gateway.school.config / "rules.yaml"
    before = rules.read_text()
    rules.write_text(before.replace("[adult, extremism, gambling", "[adult, gambling"))
    try:
        newer = settings_of(gateway)
    finally:
        rules.write_text(before)
    in_force(gateway)
    assert newer.snapshot.version != settings.snapshot.version
    monkeypatch.setattr("schoolgate.doctor.verdicts._IN_FORCE", 3.0)
    found = list(settings_in_force(newer, asker_of(newer)))
    assert found[-1].outcome is Outcome.WRONG
    assert settings.snapshot.version in found[-1].words
    found = [each for each in examine(steps(newer)) if each.probe == "extremism" and each.group == "guests"]
    assert found[0].outcome is Outcome.WRONG


def test_a_list_that_was_emptied_is_found(gateway: Gateway) -> None:
    path = gateway.school.root / "blocklists" / "adult.yaml"
    with edited(gateway, path, LISTS.format("adult", "")):
        found = look(gateway, "lists as pupils")
    assert [(each.probe, each.outcome) for each in found if "adult" in each.probe] == [("list of adult", Outcome.WRONG)]
    assert "as good as empty" in found[0].words


def test_a_mail_server_that_is_down_or_refuses_somebody_is_found(gateway: Gateway, post: Mailbox) -> None:
    assert [each.outcome for each in look(gateway, "mail")] == [Outcome.GOOD]
    assert post.delivered == []  # asked up to RSET, nothing was sent
    post.refuse.add("dsl@school.example")
    try:
        refused = look(gateway, "mail")
    finally:
        post.refuse.clear()
    assert refused[0].outcome is Outcome.WRONG
    assert "dsl@school.example" in refused[0].words
    post.stop()
    try:
        down = look(gateway, "mail")
    finally:
        post.start()
    assert down[0].outcome is Outcome.WRONG
    assert "refused" in down[0].words


def test_a_real_mail_is_sent_where_it_is_asked_for(gateway: Gateway, post: Mailbox) -> None:
    before = len(post.delivered)
    assert doctor(gateway, "--group", "servers", "--mail").of("test mail")["outcome"] == "ok"
    assert [mail.to for mail in post.delivered[before:]] == [("it@school.example",)]


def test_a_data_folder_that_is_read_only_is_found(gateway: Gateway) -> None:
    data = gateway.school.data
    command = f"mount --bind {data} {data} && mount -o remount,ro,bind {data} && exec "
    command += f"python -m schoolgate doctor --config {gateway.school.config} --group servers --json"
    path = f"{Path(os.sys.executable).parent}:{os.environ['PATH']}"  # type: ignore[attr-defined]
    done = subprocess.run(
        [*gateway.within, "sh", "-c", command],
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | {"PATH": path},
    )
    found = {each["probe"]: each for each in map(json.loads, done.stdout.splitlines())}
    assert done.returncode == 1, done.stderr
    assert found["store writable"]["outcome"] == "WRONG"
    assert "Read-only file system" in found["store writable"]["words"]
    assert "not put on record" in done.stderr


def test_a_record_that_another_program_has_locked_is_found(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("schoolgate.doctor.verdicts._ON_RECORD", 6.0)
    other = sqlite3.connect(gateway.school.data / "record.db", isolation_level=None)
    other.execute("begin immediate")
    try:
        found = {each.probe: each for each in look(gateway, "block page as pupils")}
    finally:
        other.execute("rollback")
        other.close()
    assert found["block page"].outcome is Outcome.GOOD
    assert found["on record"].outcome is Outcome.WRONG
    assert "locked by another program" in found["on record"].advice


def test_a_key_that_others_can_read_is_found(gateway: Gateway) -> None:
    key = gateway.school.data / "ca" / "mitmproxy-ca.pem"
    key.chmod(0o644)
    try:
        found = {each.probe: each for each in look(gateway, "certificate")}
    finally:
        key.chmod(0o600)
    assert found["keys"].outcome is Outcome.WRONG
    assert str(key) in found["keys"].words
    assert found["certificate"].outcome is Outcome.GOOD


def test_a_key_for_probes_that_others_can_read_is_not_used(gateway: Gateway) -> None:
    key = gateway.school.data / "keys" / "probe.key"
    assert key.stat().st_mode & 0o777 == 0o600
    key.chmod(0o640)
    try:
        found = look(gateway, "the filter")
    finally:
        key.chmod(0o600)
    assert [each.outcome for each in found] == [Outcome.WRONG]


def test_a_probe_that_the_gateway_does_not_know_accuses_nobody(gateway: Gateway) -> None:
    key = gateway.school.data / "keys" / "probe.key"
    before, blocks = key.read_bytes(), len(gateway.events("--action", "block"))
    key.write_bytes(bytes(32))  # the gateway goes by the one that it read when it began
    try:
        found = list(examine([step for step in steps(settings_of(gateway)) if step.asks]))
    finally:
        key.write_bytes(before)
    assert [(each.probe, each.outcome) for each in found] == [("filter answers", Outcome.WRONG)]
    assert "does not know its own probe" in found[0].words
    assert len(gateway.events("--action", "block")) == blocks


def test_no_gateway_is_exit_code_2(tmp_path: Path) -> None:
    from pretend.school import School

    school = School(tmp_path).without_publishers().write()
    done = schoolgate("doctor", "--config", str(school.config))
    assert done.returncode == 2
    assert "no gateway is running" in done.stderr


class TestHostile:
    """Nobody but the gateway's own user, on this machine, is ever taken for a probe; and a probe opens nothing."""

    def ask(self, gateway: Gateway, url: str, *options: str, client: str = "127.0.0.1") -> Any:
        return gateway.curl(url, *options, client=client)

    def header(self, gateway: Gateway, group: str, **changes: float) -> list[str]:
        proof = open_proofs(gateway.school.data).of(group, changes.get("at", time.time()))
        return ["--header", f"{HEADER}: {proof}"]

    def test_from_another_address_even_a_right_proof_is_worth_nothing(self, gateway: Gateway) -> None:
        as_servers = self.header(gateway, "servers")  # who is not inspected
        told = self.ask(gateway, f"http://{ADULT}/", *as_servers, client="127.0.0.2")
        assert told.status == 403
        assert HEADER not in told.head.lower()
        told = self.ask(gateway, f"http://{ADULT}/", *as_servers)
        assert told.status == 200
        assert '"action": "allow"' in told.head

    @pytest.mark.parametrize(
        "value",
        [
            "",
            "servers",
            "servers 0000000000 " + "0" * 64,
            "servers 9999999999 " + "f" * 64,
            "../x " + "1" * 10,
            "é" * 90,
        ],
    )
    def test_what_is_no_proof_is_nobodys(self, gateway: Gateway, value: str) -> None:
        told = self.ask(gateway, f"http://{ADULT}/", "--header", f"{HEADER}: {value}")
        assert told.status == 403
        assert HEADER not in told.head.lower()

    def test_a_proof_is_good_for_its_group_its_key_and_its_minute(self, gateway: Gateway) -> None:
        proof = open_proofs(gateway.school.data).of("pupils", time.time())
        stolen = proof.replace("pupils", "servers")
        old = open_proofs(gateway.school.data).of("servers", time.time() - 120)
        other = Proofs(b"x" * 32).of("servers", time.time())
        for value in (stolen, old, other, f"{proof}, {proof}"):
            assert self.ask(gateway, f"http://{ADULT}/", "--header", f"{HEADER}: {value}").status == 403, value
        twice = [*self.header(gateway, "servers"), *self.header(gateway, "servers")]
        assert self.ask(gateway, f"http://{ADULT}/", *twice).status == 403

    def test_inside_a_tunnel_it_is_worth_nothing(self, gateway: Gateway) -> None:
        told = self.ask(gateway, f"https://{ADULT}/", *self.header(gateway, "staff"), client="127.0.0.1")
        assert told.status == 403
        assert HEADER not in told.head.lower()

    def test_the_header_never_reaches_a_site(self, gateway: Gateway, sites: Sites) -> None:
        before = len(sites.asked)
        for scheme, port in (("http", sites.port), ("https", sites.tls_port)):
            for value in ("anything", self.header(gateway, "staff")[1].partition(": ")[2]):
                url = f"{scheme}://allowed.example:{port}/"
                told = self.ask(gateway, url, "--header", f"{HEADER}: {value}", client="127.0.0.2")
                assert told.status == 200, told.error
        came = sites.asked[before:]
        assert len(came) == 4
        assert not any(HEADER in str(each).lower() for each in came)

    def test_a_probe_reaches_no_site_even_where_its_group_may(self, gateway: Gateway, sites: Sites) -> None:
        before = len(sites.asked)
        told = self.ask(gateway, f"http://allowed.example:{sites.port}/", *self.header(gateway, "pupils"))
        assert told.status == 200
        assert json.loads(told.body)["url"] == f"http://allowed.example:{sites.port}/"
        connection = http.client.HTTPConnection("127.0.0.1", gateway.school.proxy_port, 20, ("127.0.0.1", 0))
        proof = open_proofs(gateway.school.data).of("guests", time.time())
        connection.set_tunnel("allowed.example", sites.tls_port, {HEADER: proof})
        connection.connect()
        context = ssl.create_default_context(cafile=str(sites.ca))
        with pytest.raises((ssl.SSLError, ConnectionError)):
            context.wrap_socket(connection.sock, server_hostname="allowed.example")
        assert len(sites.asked) == before

    def test_a_group_that_is_no_more_opens_nothing(self, gateway: Gateway) -> None:
        told = self.ask(gateway, f"http://{ADULT}/", *self.header(gateway, "nobody"))
        assert told.status == 503

    def test_a_device_meets_the_reserved_names_as_any_listed_site(self, gateway: Gateway) -> None:
        assert self.ask(gateway, f"http://{ADULT}/", client="127.0.0.2").status == 403
        allowed = self.ask(gateway, f"http://{reserved_name('games')}/", client="127.0.0.2")
        assert (allowed.status, "not blocked for this device" in allowed.text) == (200, True)


def test_the_technician_hears_once_of_what_is_wrong_and_once_when_it_is_mended(
    gateway: Gateway, post: Mailbox, tmp_path: Path
) -> None:
    """The hourly examination with an office's file of its own; the fault goes out by the gateway's real office."""
    told = list[tuple[str, str]]()
    store = OfficeStore(tmp_path)
    journal = Journal(gateway.school.data, "test")
    hourly = Hourly(store, journal, lambda subject, text, now: told.append((subject, text)), settled=0, again=0)
    loaded = settings_of(gateway)
    school = loaded.school.model_copy(
        update={"doctor": DoctorEntry.model_construct(every=timedelta(seconds=1), reach=[], time=None)}
    )
    settings = replace(loaded, school=school)

    def once() -> None:
        number, end = _examinations(gateway), time.monotonic() + 90
        while _examinations(gateway) == number and time.monotonic() < end:
            began = time.monotonic()
            hourly.round(settings, time.time())
            assert time.monotonic() - began < 1, "it held up the office's round"
            time.sleep(0.2)

    shutil.move(key := gateway.school.data / "schoolgate-ca.crt", tmp_path / "away")
    try:
        once()
        once()
    finally:
        shutil.move(tmp_path / "away", key)
    assert told == []
    end = time.monotonic() + 40
    while not _about_probes(post) and time.monotonic() < end:
        time.sleep(0.2)
    mails = _about_probes(post)
    assert [mail.to for mail in mails] == [("it@school.example",)]
    assert "schoolgate-ca.crt" in mails[0].text
    for _ in range(3):  # the one that was under way may still have missed it
        once()
    assert [subject for subject, _ in told] == ["what was wrong is mended"]
    assert "Nothing is wrong any more." in told[0][1]
    faults = [each for each in gateway.events("--action", "fault") if each["rule"] == "doctor"]
    assert len(faults) == 1
    hourly.close()
    journal.close()
    store.close()


def _examinations(gateway: Gateway) -> int:
    return len([each for each in gateway.events("--action", "probe") if each["rule"] == "doctor"])


def _about_probes(post: Mailbox) -> list[Any]:
    return [mail for mail in post.delivered if "own probes" in str(mail.message["Subject"])]


def test_the_technicians_week_tells_of_what_was_found(gateway: Gateway) -> None:
    found = [good("disk", "There is room."), wrong("adult", "No rule blocks it.", "Write one.", "pupils")]
    journal = Journal(gateway.school.data, "test")
    journal.append({"t": "event", **event_of(found, datetime.now(UTC), BY_ITSELF, "").row()})
    journal.close()
    done = schoolgate("report", "week_technician", "--config", str(gateway.school.config))
    assert "something was wrong" in done.stdout, done.stdout + done.stderr
    assert "adult (pupils): No rule blocks it. What to do: Write one." in done.stdout
    assert "1/1/0" in done.stdout
