"""Settings are read strictly: every fault at once, by file and line, in words; nothing half-read is used."""

import os
import pickle
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pretend.gateway import schoolgate
from pretend.school import School
from schoolgate.settings.calendar_models import CalendarFile
from schoolgate.settings.checks import ConfigFiles
from schoolgate.settings.document import read_document
from schoolgate.settings.faults import SettingsError
from schoolgate.settings.folders import find_folders, make_school
from schoolgate.settings.load import Settings, load_settings
from schoolgate.settings.models import FILES
from schoolgate.settings.people_models import PeopleFile
from schoolgate.settings.persons import check_people
from schoolgate.settings.year_checks import check_year

Load = Callable[[School], Settings]


def _faults(load: Load, school: School) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load(school)
    return [str(fault) for fault in caught.value.faults]


def _edit(school: School, name: str, old: str, new: str) -> None:
    path = school.config / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.fixture
def school(tmp_path: Path) -> School:
    return School(tmp_path).write()


def test_a_sound_school_is_read_and_can_be_handed_to_a_child_process(settings_of: Load, school: School) -> None:
    read = settings_of(school)
    again = pickle.loads(pickle.dumps(read))
    assert again.snapshot.version == read.snapshot.version
    assert again.snapshot.lists.look_up("pornhub.com", "/").hits
    assert again.people == read.people


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("rules.yaml", "gambling", "gambing", "config/rules.yaml:3: unknown category 'gambing'; did you mean 'gambling'?"),
        ("rules.yaml", "groups: [pupils, guests", "groups: [pupil, guests", "unknown group 'pupil'; did you mean 'pupils'?"),
        ("rules.yaml", "action: warn", "action: wran", "rules.yaml:5: unknown value 'wran'; did you mean 'warn'?"),
        ("rules.yaml", "alert: digest", "alrt: digest", "unknown key 'alrt'; did you mean 'alert'?"),
        ("rules.yaml", "when: working_hours", "when: working_hour", "unknown period 'working_hour'; did you mean"),
        ("rules.yaml", "id: pupils-chat", "id: pupils-harm", "there are two rules called 'pupils-harm'"),
        ("rules.yaml", "why: Mail is for after school.", "basis: x", "rules.yaml:5: 'why' is missing"),
        ("people.yaml", "127.0.2.0/24", "127.0.2.1/24", "did you mean '127.0.2.0/24'?"),
        ("people.yaml", "127.0.0.3/32", "127.0.0.333/32", "is no network"),
        ("people.yaml", "127.0.0.3/32", "127.0.0.2/32", "stands already in group 'pupils'"),
        ("people.yaml", "unknown: pupils", "unknown: pupil", "people.yaml:7: unknown group 'pupil'"),
        ("people.yaml", "unknown: pupils", "unknown: staff", "the most lenient group"),
        ("people.yaml", "inspect: names", "inspect: name", "unknown value 'name'; did you mean 'names'?"),
        ("people.yaml", "unknown: pupils", "unknown: pupils\nunknown: staff", "people.yaml:8: key 'unknown' stands here twice"),
        ("calendar.yaml", "00:00-24:00", "08:15-07:00", "calendar.yaml:1: '08:15-07:00' ends before it begins"),
        ("calendar.yaml", "00:00-24:00", "8.15 to 9", "is no stretch of a day"),
        ("calendar.yaml", '"00:00-24:00"', '"08:00-10:00", "09:00-12:00"', "08:00-10:00 and 09:00-12:00 overlap"),
        ("calendar.yaml", "mon-sun", "mon-son", "'mon-son' is no weekday"),
        ("calendar.yaml", "staff", "stuff", "unknown group 'stuff'; did you mean 'staff'?"),
        ("calendar.yaml", "none", "Englnd", "did you mean 'England'?"),
        ("calendar.yaml", "00:00-24:00", "08:15-08:15", "'08:15-08:15' ends before it begins"),
        ("calendar.yaml", "00:00-24:00", "17:00-08:00", "08:15-12:15 (a night is at most 14 hours long; divide a longer one at 24:00)"),
        ("calendar.yaml", "bank_holidays: none", "terms: [{name: working_hours, from: 2026-09-01, to: 2026-12-18}]", "2: 'working_hours' already means something"),
        ("calendar.yaml", "bank_holidays: none", "closed: [{name: always, from: 2026-09-01, to: 2026-12-18}]", "2: 'always' already means something"),
        ("calendar.yaml", "bank_holidays: none", "terms: [{name: A, from: 2026-09-01, to: 2026-12-18}]\nperiods: {A: {mon: '10:00-11:00'}}", "3: 'A' already means something (it stands under terms:)"),
        ("calendar.yaml", "00:00-24:00", "16:00-08:15", "'16:00-08:15' ends before it begins"),
        ("calendar.yaml", "00:00-24:00", "22:00-06:0", "'22:00-06:0' is no stretch of a day"),
        ("calendar.yaml", '"00:00-24:00"', '"20:00-02:00", "22:00-03:00"', "20:00-02:00 and 22:00-03:00 overlap"),
        ("calendar.yaml", 'mon-sun: ["00:00-24:00"]', 'mon: ["22:00-06:00"], tue: ["05:00-07:00"]', "22:00-06:00 of mon overlaps 05:00-07:00 of tue"),
        ("calendar.yaml", 'mon-sun: ["00:00-24:00"]', 'sun: ["22:00-06:00"], mon: ["05:00-07:00"]', "22:00-06:00 of sun overlaps 05:00-07:00 of mon"),
        ("school.yaml", "update: null", "update: '23:00-02:00'", "'23:00-02:00' ends before it begins"),
        ("school.yaml", "port: ", "prot: ", "unknown key 'prot'; did you mean 'port'?"),
        ("school.yaml", "email: it@school.example", "email: it", "'it' is no e-mail address"),
        ("school.yaml", "deputy: dsl", "deputy: dls", "unknown role 'dls'; did you mean 'dsl'?"),
        ("school.yaml", "name: St Test's School", "", "'name' is missing"),
        ("school.yaml", "metrics: \"127.0.0.1:", "metrics: \"127.0.0.1", "is no address to listen on"),
        ("school.yaml", "mail: {", "upstream_ca: nothing.pem\nmail: {", "'nothing.pem' does not exist"),
        ("school.yaml", "mail: {", "upstream_ca: config/school.yaml\nmail: {", "holds no PEM certificate"),
        ("school.yaml", "mail: {", "timezone: Europe/Londn\nmail: {", "did you mean 'Europe/London'?"),
        ("school.yaml", "mail: {", "retention: {blocked: 1 decade}\nmail: {", "'1 decade' is no length of time"),
        ("people.yaml", "unknown: pupils", "unknown: servers", "would not be filtered at all"),
        ("calendar.yaml", "mon-sun", "monkeys", "'monkeys' is no weekday"),
        ("calendar.yaml", "bank_holidays: none", "inset: ['0', 20260902]", "'20260902' is no date; write it like"),
        ("school.yaml", "mail: {", "retention: {blocked: 9999y}\nmail: {", "is longer than 100 years"),
        ("school.yaml", "mail: {", 'data: "a\\0b"\nmail: {', "school.yaml:7"),
        ("school.yaml", "name: St Test's School", "name: ''", "is empty; write something"),
        ("school.yaml", "mail: {", "console_url: ftp://x\nmail: {", "is not written as it has to be"),
        ("alerts.yaml", "reports: []", "immediate: {to: []}\nreports: []", "alerts.yaml:1: is empty; at least one has"),
        ("school.yaml", "roles:", "roles: [", "is not valid YAML"),
        ("school.yaml", "roles:", "roles: &a\n  x: *a\nr:", "repeats another place"),
    ],
)  # fmt: skip
def test_a_fault_is_named_by_file_and_line_in_words(
    settings_of: Load, school: School, file: str, old: str, new: str, message: str
) -> None:
    _edit(school, file, old, new)
    faults = _faults(settings_of, school)
    assert any(message in fault for fault in faults), faults
    assert all(fault.startswith(f"config/{file}") for fault in faults), faults


def test_all_faults_of_all_files_come_at_once(settings_of: Load, school: School) -> None:
    _edit(school, "rules.yaml", "gambling", "gambing")
    _edit(school, "people.yaml", "inspect: none", "inspct: none")
    (school.root / "blocklists" / "adult.yaml").write_text("category: adult\ntheme: contents\n")
    faults = _faults(settings_of, school)
    for part in ("rules.yaml:3", "people.yaml:6", "blocklists/adult.yaml:2", "'title' is missing", "'why' is missing"):
        assert any(part in fault for fault in faults), (part, faults)


def test_a_mistake_hides_no_other_in_the_same_file(settings_of: Load, school: School) -> None:
    _edit(school, "rules.yaml", "action: warn", "action: wran")
    _edit(school, "rules.yaml", "when: working_hours", "when: lunch")
    _edit(school, "rules.yaml", "gambling", "gambing")
    _edit(school, "school.yaml", "deputy: dsl", "deputy: dls")
    _edit(school, "school.yaml", "port: ", "prot: ")
    (school.config / "calendar.yaml").write_text(
        "working_hours:\n  stuff:\n    wed: ['8:5-9']\n    xyz: ['08:00-09:00']\n    fri: ['08:00-10:00', '09:00-11:00']\n"
    )
    faults = "\n".join(_faults(settings_of, school))
    for part in (
        "rules.yaml:5: unknown value 'wran'",
        "unknown period 'lunch'",
        "unknown category 'gambing'",
        "unknown role 'dls'",
        "unknown key 'prot'",
        "calendar.yaml:2: unknown group 'stuff'",
        "calendar.yaml:3: '8:5-9' is no stretch of a day",
        "calendar.yaml:4: 'xyz' is no weekday",
        "calendar.yaml:5: 08:00-10:00 and 09:00-11:00 overlap",
    ):
        assert part in faults, (part, faults)


def test_overlapping_terms_and_closures_are_faults(settings_of: Load, school: School) -> None:
    (school.config / "calendar.yaml").write_text(
        "terms:\n"
        "  - {name: A, from: 2026-09-01, to: 2026-12-18}\n"
        "  - {name: B, from: 2026-12-18, to: 2027-03-01}\n"
        "closed:\n"
        "  - {name: C, from: 2026-10-30, to: 2026-10-26}\n"
    )
    faults = _faults(settings_of, school)
    assert "config/calendar.yaml:3: 'B' overlaps 'A'" in faults
    assert any(fault.startswith("config/calendar.yaml:5: 'C' ends on 2026-10-26") for fault in faults)


def _faults_of_the_year(school: School) -> list[str]:
    """What is wrong in people.yaml and calendar.yaml, without reading the lists."""
    files = ConfigFiles(find_folders(school.config))
    people, year = files.read("people", PeopleFile), files.read("calendar", CalendarFile)
    return [str(fault) for fault in (*files.faults, *check_people(files, people), *check_year(files, year, people))]


HIM = "contracts:\n  - {id: a, people: [j.smith], hours: {mon: ['08:00-12:00']}"


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("contracts:\n  - {id: a, people: [j.smiht], hours: {mon: ['08:00-12:00']}}", "6: unknown person 'j.smiht'; did you mean 'j.smith'? (of config/people.yaml)"),
        ("contracts:\n  - {id: a, groups: [stuff], hours: {mon: ['08:00-12:00']}}", "6: unknown group 'stuff'; did you mean 'staff'?"),
        ("contracts:\n  - {id: a, hours: {mon: ['08:00-12:00']}}", "6: contract 'a' is nobody's; give it people: or groups:"),
        ("contracts:\n  - {id: a, people: [j.smith]}", "6: 'hours' is missing"),
        ("contracts:\n  - {id: a, people: [j.smith], hours: {}}", "6: no hours stand here"),
        ("contracts:\n  - {id: a, people: [j.smith], hours: {mon: []}}", "6: no hours stand here"),
        (HIM + "}\n  - {id: a, people: [j.smith], hours: {tue: ['08:00-12:00']}}", "7: there are two contracts called 'a'"),
        (HIM + ", inset: maybe}", "6: 'maybe' is neither true nor false"),
        (HIM + ", works: terms}", "6: unknown value 'terms'; did you mean 'term'?"),
        (HIM + ", brakes: {}}", "6: unknown key 'brakes'; did you mean 'breaks'?"),
        (HIM + ", from: 2026-09-01, to: 2026-08-01}", "6: contract 'a' ends on 2026-08-01, before it begins on 2026-09-01"),
        (HIM + ", breaks: {mon: ['12:30-12:45']}}", "6: the break 12:30-12:45 is not within the hours of contract 'a' on Monday"),
        (HIM + ", breaks: {mon: ['10:00-10:20', '10:10-10:30']}}", "6: 10:00-10:20 and 10:10-10:30 overlap"),
        ("contracts:\n  - {id: a, groups: [staff], hours: {mon: ['08:00-12:00']}}", "6: 'staff' has working_hours, which never hold beside contract 'a'"),
        ("duties:\n  - {name: D, people: [j.smith]}", "6: duty 'D' needs either every: {tue: ...} or on: a date with hours:"),
        ("duties:\n  - {name: D, people: [j.smith], on: 2026-11-26, every: {mon: ['08:00-09:00']}}", "6: duty 'D' needs either"),
        ("duties:\n  - {name: D, people: [j.smith], on: 2026-11-26}", "6: duty 'D': hours: are missing"),
        ("duties:\n  - {name: D, people: [j.smith], every: {mon: ['08:00-09:00']}, hours: ['17:00-18:00']}", "6: duty 'D': hours: go with on:"),
        ("duties:\n  - {name: D, people: [j.smith], on: [2026-11-26], hours: ['17:00-18:00'], to: 2027-01-01}", "6: duty 'D': from: and to: go with every:"),
        ("duties:\n  - {name: D, people: [j.smith], on: [26/11/2026], hours: ['17:00-18:00']}", "6: '26/11/2026' is no date"),
        ("duties:\n  - {name: D, on: 2026-11-26, hours: ['17:00-18:00']}", "6: duty 'D' is nobody's"),
        ("duties:\n  - {name: D, groups: [pupils], every: {mon: ['08:00-09:00']}}", "6: 'pupils' has no working_hours and no contract"),
        ("duties:\n  - {name: D, people: [p.upil], every: {mon: ['08:00-09:00']}}", "6: 'pupils' has no working_hours and no contract"),
        ("duties:\n  - {name: D, groups: [staff], on: [2026-12-25], hours: ['17:00-18:00']}", "6: nobody works on 2026-12-25: Christmas Day"),
        ("duties:\n  - {name: D, groups: [staff], on: 2026-12-24, hours: ['17:00-18:00']}", "6: nobody works on 2026-12-24: Shutdown"),
        ("leave:\n  - {people: [j.smith], from: 2026-11-23, to: 2026-11-24, hours: '22:00-02:00'}", "6: '22:00-02:00' ends before it begins"),
        ("leave:\n  - {people: [], from: 2026-11-23, to: 2026-11-24}", "6: "),
        ("leave:\n  - {people: [nobody], from: 2026-11-23, to: 2026-11-24}", "6: unknown person 'nobody'"),
        ("leave:\n  - {people: [j.smith], from: 2026-11-24, to: 2026-11-23}", "6: leave ends on 2026-11-23, before it begins on 2026-11-24"),
        ("leave:\n  - {people: [j.smith], from: 2026-11-24, to: 2026-11-24, why: ill}", "6: unknown key 'why'"),
    ],
)  # fmt: skip
def test_faults_of_contracts_duties_and_leave(school: School, written: str, message: str) -> None:
    (school.config / "people.yaml").open("a").write("people:\n  p.upil: {name: P, group: pupils}\n")
    (school.config / "calendar.yaml").write_text(
        "working_hours: {staff: {mon-fri: ['08:15-16:00']}}\nbank_holidays: England\n"
        f"closed:\n  - {{name: Shutdown, from: 2026-12-24, to: 2026-12-24, everybody: true}}\n{written}\n"
    )
    faults = _faults_of_the_year(school)
    assert any(fault.startswith(f"config/calendar.yaml:{message}") for fault in faults), faults
    assert all(fault.startswith("config/calendar.yaml:") for fault in faults), faults


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("  a.b: {name: A, group: stuff}", "9: unknown group 'stuff'; did you mean 'staff'?"),
        ("  a.b: {name: A, group: staff, devices: [10.1.1.1/32]}", "9: '10.1.1.1/32' is no IP address; write it like 10.30.1.20"),
        ("  a.b: {name: A, group: staff, devices: [10.1.1.1, 10.1.1.1]}", "9: 10.1.1.1 is already the device of 'a.b'"),
        ("  a.b: {name: A, group: staff, devices: [10.1.1.1]}\n  c.d: {name: C, group: staff, devices: [10.1.1.1]}", "10: 10.1.1.1 is already the device of 'a.b'; a shared device is nobody's own"),
        ("  a.b: {name: A, group: staff, devices: [10.1.1.1]}\n  c.d: {name: C, group: staff, devices: ['::ffff:10.1.1.1']}", "10: ::ffff:10.1.1.1 is already the device of 'a.b'"),
        ("  a.b: {name: A, group: staff}\n  A.B: {name: C, group: staff}", "10: 'A.B' stands here already, as 'a.b'"),
        ("  J.Smith: {name: A, group: pupils}", "9: 'J.Smith' is a user of group 'staff', so cannot be in 'pupils'"),
        ("  a.b: {name: '', group: staff}", "9: "),
        ("  '': {name: A, group: staff}", "9: a person needs a login"),
        ("  a.b: {nmae: A, group: staff}", "9: unknown key 'nmae'; did you mean 'name'?"),
    ],
)  # fmt: skip
def test_faults_of_persons(school: School, written: str, message: str) -> None:
    (school.config / "people.yaml").open("a").write(f"people:\n{written}\n")
    faults = _faults_of_the_year(school)
    assert any(fault.startswith(f"config/people.yaml:{message}") for fault in faults), faults


def test_persons_contracts_and_old_files_are_read(settings_of: Load, school: School) -> None:
    with (school.config / "people.yaml").open("a") as people:
        people.write("people:\n  J.Smith: {name: Mrs J Smith, group: staff, devices: [10.9.9.9, '2001:db8::9']}\n")
    (school.config / "calendar.yaml").write_text(
        "contracts: [{id: night, people: [j.SMITH], hours: {sun-thu: '22:00-06:00'}, breaks: {mon: '02:00-02:30'}}]\n"
    )
    read = settings_of(school)
    assert read.snapshot.calendar.at_work == {"staff"}
    assert not any("never applies to staff" in advice for advice in read.advice)
    found = read.snapshot.people.identify("2001:db8:0:0::9", None)
    assert (found.user, found.group.id, found.confidence) == ("J.Smith", "staff", "device")
    [contract] = read.snapshot.calendar.contracts
    assert [str(window) for window in contract.hours[6]] == ["22:00-06:00"]
    assert contract.breaks[0][0].start == 26 * 60


def test_closures_for_everybody_may_lie_within_others_but_not_overlap_each_other(
    settings_of: Load, school: School
) -> None:
    closed = "closed:\n  - {name: A, from: 2026-12-19, to: 2027-01-04}\n  - {name: B, from: 2026-12-24, to: 2026-12-31, everybody: true}\n"
    (school.config / "calendar.yaml").write_text(closed)
    assert settings_of(school).snapshot.calendar.shut[0].name == "B"
    (school.config / "calendar.yaml").write_text(
        closed + "  - {name: C, from: 2026-12-31, to: 2026-12-31, everybody: true}\n"
    )
    assert _faults(settings_of, school) == ["config/calendar.yaml:4: 'C' overlaps 'B'"]


def test_what_may_not_be_meant_in_a_calendar_is_advice(settings_of: Load, school: School) -> None:
    with (school.config / "calendar.yaml").open("a") as calendar:
        calendar.write(
            "closed: [{name: Half term, from: 2026-10-26, to: 2026-10-30}]\ninset: [2026-10-26]\n"
            "contracts: [{id: old, people: [j.smith], hours: {mon: '08:00-12:00'}, to: 2020-07-21}]\n"
        )
    advice = "\n".join(settings_of(school).advice)
    assert "2026-10-26 is an INSET day, but the school is closed then (Half term)" in advice
    assert "contract 'old' of j.smith ended on 2020-07-21; since then the hours of staff hold for them" in advice


def test_the_examples_in_the_shipped_files_are_sound_once_their_marks_are_taken_away(tmp_path: Path) -> None:
    make_school(tmp_path / "new")
    config = tmp_path / "new" / "config"
    for name, marks in (
        ("people.yaml", ("people:", "j.smith:")),
        ("calendar.yaml", ("contracts:", "duties:", "leave:", "- {")),
    ):
        lines = (config / name).read_text().splitlines()
        for number, line in enumerate(lines):
            if line.startswith("#") and line.lstrip("# ").startswith(marks):
                lines[number] = line[2:] if line.startswith("# ") else f" {line[1:]}"
        (config / name).write_text("\n".join(lines) + "\n")
    people = (config / "people.yaml").read_text()
    people = people.replace("groups:", "groups:\n  midday: {title: Midday}\n  site: {title: Site, users: [c.taker]}", 1)
    (config / "people.yaml").write_text(people)
    calendar = load_settings(find_folders(config), tmp_path / "index").snapshot.calendar
    assert [contract.id for contract in calendar.contracts] == ["part-time", "midday", "caretaker"]
    assert len(calendar.duties) == 2
    assert calendar.shut[0].name == "Christmas shutdown"
    assert "j.smith" in calendar.leave[0].people


def _kinds(shape: dict[str, Any]) -> set[str]:
    """The types that a JSON Schema takes at one place."""
    inner = (_kinds(each) for each in shape.get("anyOf", []))
    return set().union(*inner) if "anyOf" in shape else {shape["type"]}


def test_editors_are_shown_the_calendar_and_people(school: School) -> None:
    calendar, people = FILES["calendar"].model_json_schema(), FILES["people"].model_json_schema()
    assert set(calendar["properties"]) >= {"contracts", "duties", "leave"}
    entry = calendar["$defs"]["ContractEntry"]["properties"]
    assert set(entry) == {"id", "people", "groups", "hours", "breaks", "works", "inset", "from", "to"}
    assert entry["works"]["enum"] == ["term", "all_year"]
    assert "everybody" in calendar["$defs"]["ClosureEntry"]["properties"]
    duty = calendar["$defs"]["DutyEntry"]["properties"]
    assert {"string", "array"} <= _kinds(duty["on"]), "one date, or a list of them"
    assert {"string", "array"} == _kinds(duty["hours"]) == _kinds(entry["hours"]["additionalProperties"])
    assert set(people["$defs"]["PersonEntry"]["properties"]) == {"name", "group", "devices", "macs", "hostnames"}


def test_yaml_traps_read_as_they_are_written(tmp_path: Path) -> None:
    path = tmp_path / "calendar.yaml"
    path.write_text("working_hours: {no: {mon: [8:45-12:15], tue: 08:45-09:00}}\ninset: [2026-09-01]\n")
    read = read_document(path, "calendar.yaml").read(CalendarFile)
    assert [str(window) for window in read.working_hours["no"]["mon"]] == ["08:45-12:15"]
    assert read.inset == [date(2026, 9, 1)]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.one_of(st.binary(max_size=300), st.text(max_size=300).map(str.encode)))
def test_any_bytes_are_settings_or_a_plain_fault(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "school.yaml"
    path.write_bytes(data)
    for model in FILES.values():
        try:
            read_document(path, "x.yaml").read(model)
        except SettingsError as error:
            assert all(str(fault).startswith("x.yaml") for fault in error.faults)


def test_a_deep_or_huge_file_is_a_fault_and_no_crash(tmp_path: Path) -> None:
    path = tmp_path / "school.yaml"
    for text in ("[" * 3000, "[" * 200_000, "a: " + "{b: " * 300 + "1" + "}" * 300, "x" * 17_000_000):
        path.write_text(text)
        with pytest.raises(SettingsError):
            read_document(path, "school.yaml")


def test_the_schools_own_list_replaces_the_shipped_one_of_that_name(settings_of: Load, tmp_path: Path) -> None:
    text = "category: adult\ntitle: A\ntheme: content\nwhy: w\ndomains: [only.example]\n"
    lists = settings_of(School(tmp_path, blocklists={"adult.yaml": text}).write()).snapshot.lists
    assert lists.look_up("only.example", "/").hits
    assert not lists.index.look_up("pornhub.com", "/").hits
    assert lists.look_up("pornhub.com", "/").hits[0].list == "name", "no list knows it, but its name gives it away"
    assert lists.look_up("bet365.com", "/").hits


def test_a_list_can_bring_a_category_of_its_own_and_a_source_file(settings_of: Load, tmp_path: Path) -> None:
    text = (
        "category: ponies\ntitle: Ponies\ntheme: conduct\nwhy: w\n"
        "sources: [{name: stable, url: 'file:stable.txt', format: hosts}]\n"
    )
    school = School(tmp_path, blocklists={"ponies.yaml": text, "stable.txt": "0.0.0.0 pony.example\n"}).write()
    [hit] = settings_of(school).snapshot.lists.look_up("pony.example", "/").hits
    assert (hit.category, hit.list) == ("ponies", "stable")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{name: s, url: 'file:none.txt', format: domains}", "the list file 'none.txt' does not exist"),
        ("{name: s, url: 'file:x.txt', format: domain}", "unknown format 'domain'; did you mean 'domains'?"),
        ("{name: s, url: x.txt, format: domains}", "'x.txt' is no source"),
    ],
)
def test_a_crooked_source_is_a_fault(settings_of: Load, tmp_path: Path, source: str, message: str) -> None:
    text = f"category: ponies\ntitle: P\ntheme: conduct\nwhy: w\nsources:\n  - {source}\n"
    faults = _faults(settings_of, School(tmp_path, blocklists={"ponies.yaml": text}).write())
    assert len(faults) == 1
    assert faults[0].startswith("blocklists/ponies.yaml:6: ")
    assert message in faults[0]


def test_the_version_changes_with_every_file(settings_of: Load, school: School) -> None:
    seen = {settings_of(school).snapshot.version}
    _edit(school, "rules.yaml", "Mail is", "Mail was")
    seen.add(settings_of(school).snapshot.version)
    (school.root / "blocklists" / "local" / "block.yaml").write_text("domains: [x.example]\n")
    seen.add(settings_of(school).snapshot.version)
    assert len(seen) == 3


def test_an_edit_while_lists_are_compiled_is_of_another_version(school: School, index: Path) -> None:
    """Else the gateway would take the edit for one that is in force, and go by the old rules for ever."""
    folders = find_folders(school.config)

    def edits_meanwhile(path: Path, lists: Any, guard: Any) -> None:
        _edit(school, "rules.yaml", "gambling, ", "")

    def gambling_is_named(settings: Settings) -> bool:
        return any("gambling" in rule.categories for rule in settings.snapshot.rules)

    before = load_settings(folders, index, edits_meanwhile, anew=True)
    after = load_settings(folders, index)
    assert (gambling_is_named(before), gambling_is_named(after)) == (True, False)
    assert before.snapshot.version != after.snapshot.version


def test_bank_holidays_are_the_nations_own(settings_of: Load, school: School) -> None:
    st_andrews = datetime(2026, 11, 30, 10, tzinfo=ZoneInfo("Europe/London"))
    for nation, words in (("England", "working hours 00"), ("Scotland", "bank holiday")):
        (school.config / "calendar.yaml").write_text(
            f'working_hours: {{staff: {{mon-sun: ["00:00-24:00"]}}}}\nbank_holidays: {nation}\n'
        )
        assert words in settings_of(school).snapshot.calendar.moment(st_andrews, "staff").words


def test_only_school_people_and_rules_are_needed(settings_of: Load, school: School) -> None:
    (school.config / "calendar.yaml").unlink()
    assert any("never applies to staff" in advice for advice in settings_of(school).advice)
    for name in ("people.yaml", "rules.yaml"):
        (school.config / name).unlink()
    assert len(_faults(settings_of, school)) == 2


def test_a_link_to_nowhere_and_a_pipe_are_faults(settings_of: Load, school: School) -> None:
    (school.config / "calendar.yaml").unlink()
    (school.config / "calendar.yaml").symlink_to("nowhere")
    local = school.root / "blocklists" / "local" / "block.yaml"
    local.symlink_to("nowhere")
    (school.config / "rules.yaml").unlink()
    os.mkfifo(school.config / "rules.yaml")
    faults = _faults(settings_of, school)
    for name in ("config/calendar.yaml", "config/rules.yaml", "blocklists/local/block.yaml"):
        assert any(fault.startswith(name) for fault in faults), (name, faults)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("block_page.html", "{{ why + 1 }}"),
        ("block_page.html", "{{ 1 / 0 }}"),
        ("block_page.html", "{{ nobody }}"),
        ("block_page.html", "{% if %}"),
        ("digest.html", "{{ query('select * from nothing') }}"),
        ("digest.html", "{{ query('delete from events') }}"),
        ("digest.html", "{{ ''.__class__.__mro__ }}"),
    ],
)
def test_a_page_or_report_of_the_schools_own_that_does_not_work_is_a_fault(
    school: School, name: str, text: str
) -> None:
    (school.root / "reports").mkdir()
    (school.root / "reports" / name).write_text(text)
    done = schoolgate("config", "check", "--config", str(school.config))
    assert done.returncode == 2
    assert f"reports/{name}" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_data_folder_that_cannot_be_written_is_told_with_its_line(school: School) -> None:
    _edit(school, "school.yaml", "mail: {", "data: config/people.yaml\nmail: {")
    done = schoolgate("run", "--config", str(school.config))
    assert done.returncode == 2
    assert "config/school.yaml:7: 'config/people.yaml': the data folder cannot be written" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_page_in_another_encoding_is_a_fault(school: School) -> None:
    (school.root / "reports").mkdir()
    (school.root / "reports" / "block_page.html").write_bytes("café".encode("latin-1"))
    done = schoolgate("config", "check", "--config", str(school.config))
    assert done.returncode == 2
    assert "reports/block_page.html" in done.stderr


def test_a_new_school_is_sound_as_it_is_written(tmp_path: Path) -> None:
    written = make_school(tmp_path / "new")
    assert tmp_path / "new" / "config" / "school.yaml" in written
    assert load_settings(find_folders(tmp_path / "new"), tmp_path / "index").advice == ()
    with pytest.raises(FileExistsError):
        make_school(tmp_path / "new")


def test_the_shipped_default_is_sound_and_names_what_is_missing(default: Settings, tmp_path: Path) -> None:
    assert default.advice == ()
    with pytest.raises(SettingsError, match=r"school\.yaml"):
        find_folders(tmp_path)


def test_a_role_that_cases_come_to_and_that_cannot_log_in_is_advice(settings_of: Load, school: School) -> None:
    words = "config/school.yaml: roles: dsl: cases come to this role, but nobody can log in as it"
    assert not any(words in each for each in settings_of(school).advice)  # the first login is not set up yet
    path = school.config / "school.yaml"
    path.write_text(path.read_text().replace("name: Head,", "name: Head, user: h.head,"))
    assert [each for each in settings_of(school).advice if words in each]
