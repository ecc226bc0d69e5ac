"""monitoring.yaml and the private topics: read strictly, built into purposes, and overdue reviews told, not dropped."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from pretend.gateway import schoolgate
from pretend.school import School
from schoolgate.lists.guards import is_suffix
from schoolgate.policy.decision import decide
from schoolgate.policy.private import is_private
from schoolgate.policy.purpose import Purpose
from schoolgate.policy.request import canonical_host, request_from_url
from schoolgate.policy.rules import NAME, Action
from schoolgate.settings.faults import SettingsError
from schoolgate.settings.folders import find_folders, make_school, shipped
from schoolgate.settings.load import Settings, load_settings, watched_files
from schoolgate.settings.monitoring import overdue
from schoolgate.settings.monitoring_models import MonitoringFile

Load = Callable[[School], Settings]
TOPICS = ["banking", "counselling", "faith", "health", "helplines", "unions", "whistleblowing"]
MONITORING = """names: {may_reveal: [headteacher]}
seal: {to: [headteacher, dsl]}
never_log: [health, unions]
official_pages:
  - {url: "https://www.facebook.com/StBenedicts", title: Facebook, editors: [J.Smith], approver: headteacher, review: 2020-09-01}
  - {url: x.com/stbenedicts, title: X, approver: Governors, review: 2999-09-01}
channels:
  - {url: classdojo.com, title: Dojo, people: [staff], approver: dsl, review: 2021-01-01}
teaching:
  - {sites: [youtube.com], people: [j.smith], for: Blitz, from: 2026-11-23, until: 2026-11-27}
"""


@pytest.fixture
def school(tmp_path: Path) -> School:
    school = School(tmp_path).write()
    (school.config / "monitoring.yaml").write_text(MONITORING)
    return school


def _faults(load: Load, school: School) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load(school)
    return [str(fault) for fault in caught.value.faults]


def test_who_alone_may_answer_contests_is_told_of(settings_of: Load, school: School) -> None:
    for users, told in ((("h.head", None), True), (("h.head", "h.head"), True), (("h.head", "d.safe"), False)):
        given = "".join(f", user: {user}" if user else "" for user in users[:1])
        other = f", user: {users[1]}" if users[1] else ""
        school.roles = (
            f"roles:\n  headteacher: {{name: Head, email: head@school.example{given}}}\n"
            f"  dsl: {{name: DSL, email: dsl@school.example{other}}}\n"
        )
        school.monitoring = "names: {may_reveal: [headteacher, dsl]}\n"
        advice = settings_of(school.write()).advice
        assert any("would wait for ever" in line for line in advice) is told


def _topic(school: School, name: str, text: str) -> Path:
    path = school.root / "blocklists" / "private" / f"{name}.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def test_a_sound_file_becomes_purposes(settings_of: Load, school: School) -> None:
    purposes = settings_of(school).snapshot.purposes
    page, other, channel, lesson = purposes.works
    assert (page.what, page.title, page.approver) == (Purpose.PAGE, "Facebook", "Head")
    assert (page.sites[0].host, page.sites[0].path) == ("facebook.com", "/stbenedicts")
    assert (other.approver, other.who) == ("Governors", frozenset())
    assert (channel.what, channel.names(None, "staff"), channel.names(None, "pupils")) == (Purpose.CHANNEL, True, False)
    assert (page.names("j.SMITH", "x"), page.names("a.b", "staff")) == (True, False)
    assert lesson.since is not None
    assert lesson.until is not None
    assert (lesson.since.isoformat(), lesson.until.isoformat()) == (
        "2026-11-23T00:00:00+00:00",
        "2026-11-28T00:00:00+00:00",
    )
    assert set(purposes.private.values()) == {"health", "unions"}


def test_without_the_file_every_topic_is_private_and_nothing_is_work(settings_of: Load, school: School) -> None:
    (school.config / "monitoring.yaml").unlink()
    purposes = settings_of(school).snapshot.purposes
    assert purposes.works == ()
    assert sorted(set(purposes.private.values())) == TOPICS


@pytest.mark.parametrize(("chosen", "topics"), [("null", TOPICS), ("[]", []), ("[faith]", ["faith"])])
def test_the_school_chooses_the_topics(settings_of: Load, school: School, chosen: str, topics: list[str]) -> None:
    (school.config / "monitoring.yaml").write_text(f"never_log: {chosen}\n")
    assert sorted(set(settings_of(school).snapshot.purposes.private.values())) == topics


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("may_reveal: [headteacher]", "may_reveal: [hedteacher]", "monitoring.yaml:1: unknown role 'hedteacher'; did you mean"),
        ("to: [headteacher, dsl]", "to: [dls]", "monitoring.yaml:2: unknown role 'dls'; did you mean 'dsl'?"),
        ("[health, unions]", "[health, union]", "monitoring.yaml:3: unknown topic 'union'; did you mean 'unions'?"),
        ("editors: [J.Smith]", "editors: [j.smth]", ":5: unknown person or group 'j.smth'; did you mean 'j.smith'?"),
        ("people: [staff]", "people: [stuff]", ":8: unknown person or group 'stuff'; did you mean 'staff'?"),
        ("people: [j.smith]", "people: [nobody.here]", ":10: unknown person or group 'nobody.here'"),
        ("until: 2026-11-27", "until: 2026-11-20", ":10: 'Blitz' ends on 2026-11-20, before it begins on 2026-11-23"),
        ("x.com/stbenedicts", "m.facebook.com/stbenedicts/, x: 1", ":6: unknown key 'x'"),
        ("x.com/stbenedicts", "http://facebook.com/stbenedicts", ":6: 'facebook.com/stbenedicts' stands already here, as 'Facebook'"),
        ("x.com/stbenedicts", "x.com", ":6: 'x.com' is all of a site (social_media); write the address of the school's own"),
        ("x.com/stbenedicts", "co.uk", ":6: 'co.uk' is a public suffix"),
        ("url: classdojo.com", "url: ac.uk", ":8: 'ac.uk' is a public suffix"),
        ("sites: [youtube.com]", "sites: [com]", ":10: 'com' is a public suffix"),
        ("review: 2999-09-01", "review: someday", ":6: 'someday' is no date"),
        ("approver: dsl", "approvr: dsl", "unknown key 'approvr'; did you mean 'approver'?"),
    ],
)  # fmt: skip
def test_a_fault_is_named_by_file_and_line_in_words(
    settings_of: Load, school: School, old: str, new: str, message: str
) -> None:
    assert old in MONITORING
    (school.config / "monitoring.yaml").write_text(MONITORING.replace(old, new))
    faults = _faults(settings_of, school)
    assert any(message in fault for fault in faults), faults
    assert all(fault.startswith("config/monitoring.yaml:") for fault in faults), faults


def test_a_mistake_hides_no_unknown_name(settings_of: Load, school: School) -> None:
    text = MONITORING.replace("2999-09-01", "someday").replace("[health, unions]", "[helth]")
    (school.config / "monitoring.yaml").write_text(text)
    faults = "\n".join(_faults(settings_of, school))
    assert "'someday' is no date" in faults
    assert "unknown topic 'helth'; did you mean 'health'?" in faults


def test_a_page_below_a_name_of_its_own_on_a_platform_is_the_schools(settings_of: Load, school: School) -> None:
    (school.config / "monitoring.yaml").write_text(
        "official_pages:\n  - {url: stbenedicts.tumblr.com, title: Diary, approver: dsl, review: 2999-01-01}\n"
    )
    assert settings_of(school).snapshot.purposes.works[0].sites[0].host == "stbenedicts.tumblr.com"


def test_reviews_that_are_past_or_near_are_told_by_line_and_still_count(settings_of: Load, school: School) -> None:
    soon = datetime.now(UTC).date() + timedelta(days=20)
    (school.config / "monitoring.yaml").write_text(MONITORING.replace("2021-01-01", str(soon)))
    settings = settings_of(school)
    told = [line for line in settings.advice if "review" in line]
    late = (
        "the official page 'Facebook' was to be reviewed by 2020-09-01; it still counts as work until somebody decides"
    )
    assert told == [
        f"config/monitoring.yaml:5: {late} (approver: Head)",
        f"config/monitoring.yaml:8: the agreed channel 'Dojo' is to be reviewed by {soon} (approver: DSL)",
    ]
    request = request_from_url(
        "facebook.com/stbenedicts", at=datetime(2026, 11, 24, 10, tzinfo=UTC), client="127.0.0.3"
    )
    verdict = decide(request, settings.snapshot)
    assert verdict.action is Action.ALLOW
    assert "its review was due on 2020-09-01" in verdict.left_out


def test_the_digest_can_ask_what_is_overdue(settings_of: Load, school: School) -> None:
    settings = settings_of(school)
    late = overdue(settings.monitoring, date(2026, 11, 24), settings.school)
    assert [(each.title, each.approver) for each in late] == [("Facebook", "Head"), ("Dojo", "DSL")]
    assert [each.title for each in overdue(settings.monitoring, date(2020, 9, 2))] == ["Facebook"]
    assert overdue(settings.monitoring, date(2020, 9, 1)) == []


def test_config_check_shows_the_overdue_and_finds_the_faults(school: School) -> None:
    shown = schoolgate("config", "check", "--config", school.config)
    assert (shown.returncode, "'Facebook' was to be reviewed by 2020-09-01" in shown.stdout) == (0, True), shown
    (school.config / "monitoring.yaml").write_text("never_log: [helth]\n")
    refused = schoolgate("config", "check", "--config", school.config)
    assert refused.returncode == 2
    assert "config/monitoring.yaml:1: unknown topic 'helth'; did you mean 'health'?" in refused.stdout + refused.stderr


def test_a_school_adds_topics_and_replaces_shipped_ones(settings_of: Load, school: School) -> None:
    _topic(
        school, "parish", "topic: parish\ntitle: Our parish\nwhy: Ours.\ndomains: [www.stbenedicts-parish.example]\n"
    )
    _topic(school, "health", "topic: health\ntitle: Health\nwhy: Ours.\ndomains: [clinic.example]\n")
    (school.config / "monitoring.yaml").write_text("never_log: null\n")
    purposes = settings_of(school).snapshot.purposes
    assert purposes.topic("stbenedicts-parish.example") == "parish"
    assert (purposes.topic("clinic.example"), purposes.topic("bupa.co.uk")) == ("health", "")
    assert purposes.topic("unison.org.uk") == "unions"
    (school.config / "monitoring.yaml").write_text("never_log: [parish]\n")
    assert set(settings_of(school).snapshot.purposes.private) == {"stbenedicts-parish.example"}


@pytest.mark.parametrize(
    ("domain", "message"),
    [
        ("school.example/page", "'school.example/page' is a part of a site; TLS stays closed there"),
        ("co.uk", "'co.uk' is a public suffix"),
        ("google.com", "is where anybody may publish"),
        ("docs.google.com", "is where anybody may publish"),
        ("192.0.2.1", "is an IP address"),
    ],
)
def test_a_topic_cannot_hide_what_is_anybodys(settings_of: Load, school: School, domain: str, message: str) -> None:
    _topic(school, "ours", f"topic: ours\ntitle: Ours\nwhy: Ours.\ndomains:\n  - clinic.example\n  - {domain}\n")
    [fault] = _faults(settings_of, school)
    assert fault.startswith("blocklists/private/ours.yaml:6: ")
    assert message in fault


def test_faults_of_a_topic_file_are_named(settings_of: Load, school: School) -> None:
    _topic(school, "ours", "topic: health\ntitle: Ours\nwhy: Ours.\n")
    _topic(school, "other", "topic: Other\ntitl: x\n")
    faults = "\n".join(_faults(settings_of, school))
    assert "blocklists/private/ours.yaml:1: topic 'health' stands already in another file" in faults
    assert "blocklists/private/other.yaml:2: unknown key 'titl'; did you mean 'title'?" in faults


def test_topics_are_no_categories_and_changes_are_seen(settings_of: Load, school: School) -> None:
    before = settings_of(school)
    assert not set(TOPICS) & set(before.snapshot.categories)
    path = _topic(school, "ours", "topic: ours\ntitle: Ours\nwhy: Ours.\ndomains: [clinic.example]\n")
    watched = watched_files(before.folders, before)
    assert {path, school.config / "monitoring.yaml", shipped() / "blocklists" / "private" / "faith.yaml"} <= set(
        watched
    )
    after = settings_of(school)
    assert after.snapshot.version != before.snapshot.version
    (school.config / "monitoring.yaml").write_text(MONITORING.replace("Blitz", "The Blitz"))
    assert settings_of(school).snapshot.version != after.snapshot.version


def test_a_new_school_gets_the_file_and_its_examples_are_sound(settings_of: Load, tmp_path: Path) -> None:
    make_school(tmp_path / "new")
    config = find_folders(tmp_path / "new")
    path = config.config / "monitoring.yaml"
    written = path.read_text()
    example = re.sub(r"(?m)^# (  |official_pages:|channels:|teaching:)", r"\1", written).replace("j.smith", "staff")
    path.write_text(example)
    settings = load_settings(config)
    assert [len(part) for part in (settings.monitoring.official_pages, settings.monitoring.channels)] == [1, 1]
    assert len(settings.monitoring.teaching) == 1
    path.write_text(written)
    assert load_settings(config).monitoring == MonitoringFile()


def test_the_schema_shows_both_files() -> None:
    for name, word in (("monitoring", "official_pages"), ("blocklists/private", "topic")):
        shown = schoolgate("config", "schema", name)
        assert (shown.returncode, word in shown.stdout) == (0, True)


# the shipped topics


def test_the_shipped_topics_are_whole_hosts_that_only_their_owners_fill(default: Settings) -> None:
    private = default.snapshot.purposes.private
    assert sorted(set(private.values())) == TOPICS
    assert 500 < len(private) < 1000
    for host in private:
        assert canonical_host(host) == host
        assert not is_suffix(host) or host == "nhs.uk"
        assert default.snapshot.purposes.topic(f"www.{host}")


def test_no_shipped_topic_hides_a_listed_site(default: Settings) -> None:
    """Not one that any shipped rule blocks for anybody, nor one where people publish, shop, play or write mail."""
    open_to_all = {"social_media", "blogs", "chat", "webmail", "games", "streaming", "ai_chatbots", "dating", "piracy"}
    blocked = {c for rule in default.snapshot.rules if rule.action is Action.BLOCK for c in rule.categories}
    for host, topic in default.snapshot.purposes.private.items():
        for name in (host, f"www.{host}", f"login.{host}"):
            hits = default.snapshot.lists.look_up(name, "").hits
            bad = [hit for hit in hits if hit.category in blocked | open_to_all or hit.list == NAME]
            assert not bad, f"{topic}: {name}: {bad}"


@pytest.mark.parametrize(
    "file", sorted((shipped() / "blocklists" / "private").glob("*.yaml")), ids=lambda path: path.stem
)
def test_no_host_stands_twice_or_below_another(file: Path) -> None:
    hosts = re.findall(r"(?m)^  - (\S+)", file.read_text())
    assert len(hosts) == len(set(hosts)) > 30
    for host in hosts:
        above = host.partition(".")[2]
        while above:
            assert above not in hosts, host
            above = above.partition(".")[2]


@pytest.mark.parametrize(
    ("host", "topic"),
    [
        ("www.neu.org.uk", "unions"),
        ("www.nasuwt.org.uk", "unions"),
        ("111.nhs.uk", "health"),
        ("www.bacp.co.uk", "counselling"),
        ("www.educationsupport.org.uk", "counselling"),
        ("www.samaritans.org", "helplines"),
        ("www.gamcare.org.uk", "helplines"),
        ("www.churchofengland.org", "faith"),
        ("protect-advice.org.uk", "whistleblowing"),
        ("www.acas.org.uk", "whistleblowing"),
        ("www.barclays.co.uk", "banking"),
        ("www.teacherspensions.co.uk", "banking"),
    ],
)
def test_what_staff_need_to_reach_unseen_is_private_for_them_only(default: Settings, host: str, topic: str) -> None:
    people = default.snapshot.people
    assert is_private(default.snapshot, people.identify("10.30.0.1", None), (host,)) == topic
    assert is_private(default.snapshot, people.identify("10.20.0.1", None), (host,)) == ""


@pytest.mark.parametrize(
    "host",
    [
        "google.com",
        "www.gov.uk",
        "facebook.com",
        "bet365.com",
        "cloudfront.net",
        "microsoft.com",
        "akamaized.net",
        "apple.com",
    ],
)
def test_general_hosts_are_not_private(default: Settings, host: str) -> None:
    assert default.snapshot.purposes.topic(host) == ""
