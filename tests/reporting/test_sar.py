"""A subject access copy holds everything about the person and nothing of anybody else."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as tries
from hypothesis import strategies as st
from pretend.school import School
from pretend.told import Told, named_school
from schoolgate.alerting.case_roles import codes_of
from schoolgate.reporting.called import names_in
from schoolgate.reporting.redaction import Redactor
from schoolgate.reporting.sar import Holdings, as_json, as_page, holdings
from schoolgate.reporting.subject import Subject, subject_of
from schoolgate.settings.load import Settings
from schoolgate.store.event import Deed
from schoolgate.store.office import OfficeStore
from schoolgate.store.record import open_reader

DAY = "2026-11-24T"
NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
OTHERS = (
    "a.jones", "Mr Anthony Jones", "Jones", "127.0.3.8", "h.head", "Ms Beatrix Headley", "head@school.example",
    "d.safe", "Mr Safeman", "dsl@school.example", "c.chair", "Dr Chairworth", "chair@school.example", "t.tech",
    "Ian Techson", "it@school.example", "somebody.else@elsewhere.example", "127.0.2.44", "u-0123456789ab", "d-0123456789ab",
)  # fmt: skip


@pytest.fixture
def told(tmp_path: Path, settings_of: Callable[[School], Settings]) -> Told:
    return Told(settings_of(named_school(tmp_path)))


def copy(told: Told, person: str = "j.smith") -> Holdings:
    with open_reader(told.data, with_waiting=True) as reader:
        subject = subject_of(told.settings, told.pseudonyms, reader, person)
        return holdings(reader, told.settings, subject, NOW)


def test_what_was_done_at_a_device_that_is_known_by_its_mac_is_hers(
    tmp_path: Path, settings_of: Callable[[School], Settings]
) -> None:
    school, mac = named_school(tmp_path), "02:00:00:00:00:07"
    school.people = school.people.replace('devices: ["127.0.3.7"]', f'macs: ["{mac}"]')
    told = Told(settings_of(school.write()))
    code = told.pseudonyms.of("device", mac)
    told.event(f"{DAY}11:30", person=code, path="/before-the-mac-was-listed", identity_since="2026-11-24T10:12:00.000Z")
    page, document = texts(told)
    assert "/before-the-mac-was-listed" in page
    assert "10:12" in page
    assert json.loads(document)["person"]["devices"] == [mac]
    assert code in codes_of(told.settings, told.pseudonyms, "J.Smith")
    with open_reader(told.data, with_waiting=True) as reader:
        assert subject_of(told.settings, told.pseudonyms, reader, code).login == "j.smith"


def texts(told: Told, person: str = "j.smith") -> tuple[str, str]:
    found = copy(told, person)
    return as_page(found, told.settings), as_json(found)


def others_in(told: Told, text: str) -> list[str]:
    """Everything by which anybody else is known that stands in a text."""
    codes = [told.code(login) for login in ("a.jones", "h.head", "d.safe", "c.chair", "t.tech")]
    known = [*OTHERS, *codes, told.pseudonyms.of("device", "127.0.3.8")]
    return [each for each in known if each.casefold() in text.casefold()]


def test_everything_of_hers_is_in_it(told: Told) -> None:
    own = told.code("j.smith")
    visit = told.event(f"{DAY}10:40", path="/unmistakable")
    told.event(f"{DAY}10:50", left_out="said to be a break", action="allow")
    told.block(f"{DAY}11:00", search="how to", host="bing.com")
    told.event(f"{DAY}11:30", person=told.pseudonyms.of("device", "127.0.3.7"), path="/at-her-own-device")
    told.activity("2026-11-24", "shopping", "visit", 77)
    told.deed(f"{DAY}08:00", Deed.NOTICE, own, person=own, notice="2026-3fa90c12")
    told.deed(f"{DAY}08:05", Deed.DECLARED, own, person=own, about="bbc.co.uk", entry="x/y", why="Year 5 history")
    told.deed(f"{DAY}16:00", Deed.NOTE, own, person=own, about=visit.id, why="I remember that")
    told.answer(f"{DAY}17:00", told.contest(f"{DAY}16:10", visit, words="No, that was work"), "upheld", "It was")
    told.deed(f"{DAY}18:00", Deed.VIEWED, f"dsl {told.code('d.safe')}", person=own, why="a worry about a pupil")
    page, document = texts(told)
    for text in (page, document):
        for words in (
            "/unmistakable", "said to be a break", "how to", "/at-her-own-device", "77", "2026-3fa90c12", "Year 5 history",
            "I remember that", "No, that was work", "It was", "a worry about a pupil", "a person with the role dsl",
        ):  # fmt: skip
            assert words in text, words
    assert "no: you contested it, and that was upheld" in page
    assert len(json.loads(document)["parts"]["events"]["rows"]) == 4


def test_others_are_nowhere(told: Told) -> None:
    own, said = told.code("j.smith"), " / ".join((*OTHERS, told.code("a.jones"), told.code("c.chair")))
    visit = told.event(f"{DAY}10:40", path="/a.jones", why=said, client="127.0.0.3")
    told.event(f"{DAY}10:41", "a.jones", client="127.0.0.3", path="/not-hers")
    told.deed(f"{DAY}16:00", Deed.NOTE, own, person=own, about=visit.id, why=said)
    told.answer(f"{DAY}17:00", told.contest(f"{DAY}16:10", visit, words=said), "refused", said)
    told.deed(f"{DAY}18:00", Deed.VIEWED, f"headteacher {told.code('h.head')}", person=own, why=said)
    told.deed(f"{DAY}18:10", Deed.REVEALED, f"dsl {told.code('d.safe')}", person=told.code("a.jones"), why="not hers")
    for text in texts(told):
        assert others_in(told, text) == []
        assert "not-hers" not in text
        assert "not hers" not in text
        assert "127.0.0.3" in text, "the device that she used herself is hers to know"


def test_mails_are_in_it_with_her_lines_only(told: Told) -> None:
    store, own = OfficeStore(told.data), told.code("j.smith")
    facts = {"person": own, "client": "127.0.3.7", "category": "adult", "ids": ["x"]}
    alert = store.insert(
        "alert", key=f"{own}/adult", audience="safeguarding", opened=1.0, changed=1.0, count=1, told=1,
        state="closed", facts=json.dumps(facts),
    )  # fmt: skip
    text = f"{own} was blocked. Told to Ms Beatrix Headley."
    store.add_mail(["head@school.example"], "An alert", text, "", "<1@x>", 1_795_000_000.0, alert)
    digest = f"Digest\n- {own}: 2 pages at amazon\n- {told.code('a.jones')}: 9 pages at games\n"
    store.add_mail(["head@school.example", "chair@school.example"], "The digest", digest, "", "<2@x>", 1_795_000_001.0)
    store.add_mail(["head@school.example"], "Not hers", told.code("a.jones"), "", "<3@x>", 1_795_000_002.0)
    store.close()
    for text in texts(told):
        assert "a person with the role headteacher" in text
        assert "2 pages at amazon" in text
        assert "9 pages at games" not in text
        assert "Not hers" not in text
        assert others_in(told, text) == []


def test_holds_are_kept_back_and_the_copy_says_that_they_always_are(told: Told) -> None:
    told.event(f"{DAY}10:40")
    before = texts(told)
    actor = f"headteacher {told.code('h.head')}"
    told.deed(f"{DAY}18:00", Deed.HOLD, actor, person=told.code("j.smith"), why="the case of the fair")
    assert texts(told) == before
    assert "always left out of" in before[0]


def test_nothing_is_held_about_a_stranger(told: Told) -> None:
    found = copy(told, "new.person")
    assert found.is_empty
    assert "Nothing is held about you." in as_page(found, told.settings)


def test_a_code_and_a_login_are_the_same_person(told: Told) -> None:
    told.event(f"{DAY}10:40")
    by_device = told.pseudonyms.of("device", "127.0.3.7")
    subjects = [copy(told, each).subject for each in ("j.smith", "J.Smith", told.code("j.smith"), by_device)]
    assert {subject.code for subject in subjects} == {told.code("j.smith")}


def test_hostile_words_are_text(told: Told) -> None:
    told.event(f"{DAY}10:40", path="/<script>alert(1)</script>")
    assert "<script" not in texts(told)[0]


WORDS = st.sampled_from(
    [*OTHERS, "j.smith", "Mrs J Smith", "and", "facebook.com", "10:42", "1.5", "::1", "fe80::1", "I", "é", "the case"]
)
TEXTS = st.lists(st.tuples(WORDS, st.sampled_from([" ", ", ", "/", "(", ")", "; ", "?", "\n", '"'])), max_size=12)


@given(said=TEXTS, upper=st.booleans())
@tries(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_identifier_of_anybody_else_survives(redactor: Redactor, said: list[tuple[str, str]], upper: bool) -> None:
    text = "".join(f"{word}{sign}" for word, sign in said)
    redacted = redactor.text(text.upper() if upper else text)
    assert [each for each in OTHERS if each.casefold() in redacted.casefold()] == []
    assert redacted.casefold().count("j.smith") == text.casefold().count("j.smith")
    assert redacted.casefold().count("mrs j smith") == text.casefold().count("mrs j smith")
    assert redacted.casefold().count("facebook.com") == text.casefold().count("facebook.com")
    assert redactor.text(redacted) == redacted


@pytest.fixture(scope="module")
def redactor(tmp_path_factory: pytest.TempPathFactory, index: Path) -> Redactor:
    from schoolgate.settings.folders import find_folders
    from schoolgate.settings.load import load_settings

    settings = load_settings(find_folders(named_school(tmp_path_factory.mktemp("school")).config), index)
    subject = Subject("u-aaaaaaaaaaaa", ("u-aaaaaaaaaaaa",), "j.smith", "Mrs J Smith", "staff", ("127.0.3.7",))
    return Redactor(settings, subject, ["127.0.0.3"])


def test_a_short_name_is_a_whole_word(redactor: Redactor) -> None:
    assert redactor.text("He jonesed for it") == "He jonesed for it"
    assert redactor.text("Mr Jones's class") == "Mr [another person]'s class"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("ask Mrs Headley", "ask Mrs [a person with the role headteacher]"),
        ("Anthony Jones, and Anthony", "[another person], and [another person]"),
        ("/people/Anthony%20Jones", "/people/[another person]"),
        ("/Anthony+Jones/AnthonyJones1980", "/[another person]/[another person]1980"),
        ("/anthony_jones", "/[another person]"),
        ("/u/head%40school.example", "/u/[a person with the role headteacher]"),
        ("127.0.2.44: then", "[another device]: then"),
        ("at:127.0.2.44:8080", "at:[another device]:8080"),
        ("\u0131an TECHSON", "[another person]"),
        ("Mrs J Smith, J+Smith, 127.0.3.7: 10:42", "Mrs J Smith, J+Smith, 127.0.3.7: 10:42"),
        ("Ian saw the head teacher", "[a person with the role technician] saw the head teacher"),
    ],
)
def test_names_and_devices_are_known_however_they_are_written(redactor: Redactor, said: str, told: str) -> None:
    assert redactor.text(said) == told


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("Head Teacher", []),
        ("Designated Safeguarding Lead", []),
        ("Mr Head", ["Head", "Head"]),
        ("Dr Mary Ng", ["Mary Ng", "Mary", "Ng"]),
        ("Headteacher Mary Poole", ["Mary Poole", "Mary", "Poole"]),
    ],
)
def test_a_post_is_no_name(name: str, parts: list[str]) -> None:
    assert list(names_in(name)) == [name, *parts]


def test_lines_of_a_digest_are_hers_by_whole_words_only(told: Told) -> None:
    store = OfficeStore(told.data)
    digest = "Digest\n- Device 127.0.3.7 (Staff): at games\n- Device 127.0.3.71 (Pupil devices): at unlike\n"
    store.add_mail(["head@school.example"], "The digest", digest, "", "<2@x>", 1_795_000_001.0)
    store.add_mail(["head@school.example"], "Another", "aj.smith and j.smithers", "", "<3@x>", 1_795_000_002.0)
    store.close()
    for text in texts(told):
        assert "at games" in text
        assert "at unlike" not in text
        assert "Another" not in text


def test_times_are_told_on_the_schools_clock(told: Told) -> None:
    own = told.code("j.smith")
    entry = "2026-07-24T08:00:00.000Z/2026-07-24T09:00:00.000Z"
    told.deed("2026-07-24T08:05", Deed.DECLARED, own, person=own, about="bbc.co.uk", entry=entry, why="Year 5 history")
    told.activity("2026-07-24", "shopping", "visit", 7)
    page, _ = texts(told)
    assert "Fri 24 Jul 2026 09:00 to Fri 24 Jul 2026 10:00" in page
    assert "2026-07-24" not in page


def test_it_tells_of_no_case_and_of_no_look_at_one(told: Told) -> None:
    event = told.block(f"{DAY}10:00", "h.head")
    about = {"person": told.code("h.head"), "about": event.id, "entry": "medium/chair_of_governors"}
    case = told.deed(f"{DAY}10:01", Deed.CASE, "schoolgate", **about, why="Blocked once.")
    looks = {"person": told.code("h.head"), "why": f"case {case.ref}", "about": case.id}
    told.deed(f"{DAY}10:02", Deed.VIEWED, "chair_of_governors u-1", **looks)
    facts = {
        "person": told.code("h.head"),
        "ids": [event.id],
        "case": case.id,
        "case_ref": case.ref,
        "in_case": event.id,
    }
    text = f"What happened: somebody was blocked.\nRead the case, and say that you look after it, at /cases/{case.id}\n"
    store = OfficeStore(told.data)
    alert = store.insert(
        "alert", key="x", audience="safeguarding", opened=0.0, changed=0.0, count=1, told=0, state="told",
        facts=json.dumps(facts),
    )  # fmt: skip
    store.add_mail(["chair@school.example"], "St Test's: an alert", text, "", "<x>", NOW.timestamp(), alert)
    store.close()
    for shown in texts(told, "h.head"):
        assert "somebody was blocked" in shown
        assert not [each for each in (case.ref, case.id, "chair of governors u-1") if each in shown]
