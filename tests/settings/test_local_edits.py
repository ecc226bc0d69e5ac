"""A line comes into ``local/allow.yaml`` and goes again; every other byte stays, and what would be unsound is refused."""

import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from hypothesis import assume, example, given
from hypothesis import strategies as st
from pretend.school import School
from schoolgate.lists.entry import Entry, entry
from schoolgate.settings.faults import SettingsError
from schoolgate.settings.load import Settings
from schoolgate.settings.local_edits import allow_no_more, allowed_by_hand, allowing
from schoolgate.settings.local_text import NoEdit, in_one_line, with_entry, without_entry

NEW = (Entry("new.example"), Entry("new.example", "/a?b=1"), Entry("2001:db8::1"), Entry("192.0.2.7", "/x"))
ODD = [
    "",
    "# only words\n",
    "title: x",
    "domains: []\nurls: []\n",
    "---\ntitle: x\n...\n",
    "title: |\n  a\n\n  b\n\n\n",
]

_blanks = st.sampled_from(["", " ", "   "])
_comments = st.sampled_from(["", "  # why: because [x], 'y'", " #", "  # ü – “quoted”"])
_ends = st.sampled_from(["\n", "\r\n"])
_hosts = st.integers(0, 99).map(lambda n: f"site{n}.example")
_quoted = st.tuples(_hosts, st.sampled_from(["{}", "'{}'", '"{}"', "{}/path"])).map(lambda of: of[1].format(of[0]))
_between = st.sampled_from(["", "\n", "# a remark\n", "  # further in\n\n"])


@st.composite
def _list(draw: st.DrawFn, key: str) -> str:
    """A list as a person writes it: in lines or in brackets, with comments, odd blanks and empty lines."""
    entries = draw(st.lists(_quoted, unique=True, max_size=4))
    if key == "domains":
        entries = [each.replace("/path", "") for each in entries]
    if draw(st.booleans()) or not entries:
        gap = draw(st.sampled_from([", ", ",", ",\n    ", " ,  # so\n  "]))
        opening, closing = draw(
            st.sampled_from([("[", "]"), ("[ ", " ]"), ("[\n  ", "\n]"), ("[  # all\n  ", ",\n  ]")])
        )
        closing = closing if entries else closing.replace(",", "")
        return f"{key}:{draw(_blanks) or ' '}{opening}{gap.join(entries)}{closing}{draw(_comments)}\n"
    indent, blank = draw(st.sampled_from(["", "  ", "    "])), draw(st.sampled_from([" ", "   "]))
    lines = [f"{indent}-{blank}{each}{draw(_comments)}\n{draw(_between)}" for each in entries]
    return f"{key}:{draw(_comments)}\n{''.join(lines)}"


@st.composite
def _files(draw: st.DrawFn) -> str:
    title = draw(
        st.sampled_from(["title: Ours\n", "title: 'It''s ours'  # yes\n", "title: >\n  folded\n  words\n", ""])
    )
    parts = [title, *(draw(_list(key)) for key in ("domains", "urls") if draw(st.integers(0, 5)))]
    text = draw(_between) + "".join(part + draw(_between) for part in draw(st.permutations(parts)))
    text = text if draw(st.booleans()) or ">" in text else text.rstrip("\n")
    return text.replace("\n", draw(_ends))


def _says(text: str) -> dict[str, object]:
    tree = yaml.safe_load(text) or {}
    return {
        **tree,
        "domains": [entry(str(e)) for e in tree.get("domains", [])],
        "urls": [entry(str(e)) for e in tree.get("urls", [])],
    }


@given(_files() | st.sampled_from(ODD), st.sampled_from(NEW), st.text())
@example("domains: [a.example]  # c\n", NEW[0], "x")
@example("domains:\n- a.example", NEW[0], "# -")
def test_one_entry_comes_and_every_other_line_stays_byte_for_byte(text: str, added: Entry, comment: str) -> None:
    edited = with_entry(text, added, comment)
    key = "urls" if added.path else "domains"
    before, after = _says(text), _says(edited)
    assert sorted(map(str, after[key])) == sorted([*map(str, before[key]), str(added)])  # type: ignore[call-overload]
    assert {name: value for name, value in after.items() if name != key} | {key: 0} == before | {key: 0} | (
        {"title": "Allowed by the school"} if not text else {}
    )
    [line] = [line for line in edited.splitlines() if str(added) in line and "#" in line]
    kept = edited.replace(line, "", 1) if text else ""
    assert _squeezed(kept).replace(f"{key}:", "", 1) == _squeezed(text).replace(f"{key}:", "", 1)
    for old in text.splitlines():
        assert old in kept.splitlines() or "[" in old or "]" in old or not old.strip()


def _squeezed(text: str) -> str:
    """Without what may change where a list stands in brackets: these, and the blanks and line breaks at them."""
    return "".join(text.replace("[", "").replace("]", "").split())


@given(_files(), st.sampled_from(NEW), st.text())
def test_what_was_put_in_is_taken_out_and_the_file_is_as_before(text: str, added: Entry, comment: str) -> None:
    assume(text)  # a file of nothing gets a title too
    assert without_entry(with_entry(text, added, comment), added) == text


@pytest.mark.parametrize(
    "text",
    [
        "domains: []\n",
        "domains: []",
        "a: 1\r\ndomains:\r\n- b.example",
        "title: x\n\ndomains: []  # none yet\r\nurls: []\r\n",
        "a: 1\ndomains:\n- b.example # x\n",
    ],
)
def test_the_usual_files_come_back_exactly(text: str) -> None:
    added = Entry("new.example")
    assert without_entry(with_entry(text, added, "why"), added) == text


def test_the_line_reads_as_a_person_would_write_it() -> None:
    text = "# Ours.\ntitle: Allowed\ndomains:\n  - a.example  # trip\n\n# below\nurls: []\n"
    assert with_entry(text, Entry("new.example"), "Year 6 maths\n- b.example") == (
        "# Ours.\ntitle: Allowed\ndomains:\n  - a.example  # trip\n  - new.example  # Year 6 maths - b.example\n"
        "\n# below\nurls: []\n"
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("domains: [new.example]\n", "allowed already"),
        ("domains:\n  - a.example\n  - https://www.new.example/\n", "allowed already"),
        ("- a\n- b\n", "'key: value' lines"),
        ("{title: x}\n", "has no domains: list"),
        ("domains: [a.example\n", "not valid YAML"),
        ("a: 1\n---\nb: 2\n", "not valid YAML"),
        ("title: |\n  no line break", "end the file with a line break"),
    ],
)
def test_what_cannot_be_edited_is_said(text: str, words: str) -> None:
    with pytest.raises(NoEdit, match=words):
        with_entry(text, Entry("new.example"), "why")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("domains: [a.example, new.example]\n", "shares its line"),
        ("domains: [a.example]\n", "does not allow"),
    ],
)
def test_a_line_that_is_shared_is_left_to_a_person(text: str, words: str) -> None:
    with pytest.raises(NoEdit, match=words):
        without_entry(text, Entry("new.example"))


@given(st.text())
def test_a_comment_is_one_line_whatever_it_says(words: str) -> None:
    assert len(f"x{in_one_line(words)}".splitlines()) == 1
    assert yaml.safe_load(f"a: b  # {in_one_line(words)}\n") == {"a": "b"}


OURS = "# ours\ntitle: Allowed\ndomains:\n  - kept.example  # long ago\n"
type Make = Callable[[School], Settings]


@pytest.fixture
def settings(tmp_path: Path, index: Path, settings_of: Make) -> Settings:
    school = School(tmp_path).write()
    shutil.copytree(index, school.data / "index")  # so that an edit is checked without compiling all lists anew
    (tmp_path / "blocklists/local/allow.yaml").write_text(OURS)
    return settings_of(school)


def _path(settings: Settings) -> Path:
    return settings.folders.local("allow")


def _add(settings: Settings, site: str) -> None:
    with allowing(settings.folders, entry(site), "why") as write:
        write()


def test_the_file_is_exchanged_whole_with_its_rights(settings: Settings) -> None:
    path = _path(settings)
    path.chmod(0o640)
    before = path.stat().st_ino
    _add(settings, "new.example")
    assert path.read_text() == f"{OURS}  - new.example  # why\n"
    assert path.stat().st_mode & 0o777 == 0o640
    assert path.stat().st_ino != before
    assert [each.name for each in path.parent.iterdir()] == ["allow.yaml"]
    assert allowed_by_hand(settings.folders) == [Entry("kept.example"), Entry("new.example")]
    allow_no_more(settings.folders, Entry("new.example"))
    assert path.read_text() == OURS


def test_a_link_leads_to_the_file_that_is_edited(settings: Settings, tmp_path: Path) -> None:
    path, real = _path(settings), tmp_path / "elsewhere.yaml"
    path.rename(real)
    path.symlink_to(real)
    _add(settings, "new.example")
    assert path.is_symlink()
    assert "new.example" in real.read_text()


def test_a_file_that_is_missing_is_made(settings: Settings) -> None:
    _path(settings).unlink()
    _add(settings, "new.example/page")
    assert allowed_by_hand(settings.folders) == [Entry("new.example", "/page")]
    assert _path(settings).read_text().startswith("# Sites that this school allows")
    assert _path(settings).stat().st_mode & 0o777 == 0o644


def test_an_empty_file_is_filled(settings: Settings) -> None:
    _path(settings).write_text("")
    _add(settings, "new.example")
    assert allowed_by_hand(settings.folders) == [Entry("new.example")]


def test_a_mark_before_the_text_stays(settings: Settings) -> None:
    _path(settings).write_bytes(b"\xef\xbb\xbf" + OURS.encode())
    _add(settings, "new.example")
    assert _path(settings).read_bytes() == b"\xef\xbb\xbf" + f"{OURS}  - new.example  # why\n".encode()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("domains: [kept.example\n", "blocklists/local/allow.yaml:2: is not valid YAML"),
        ("title: x\ndomian: []\n", "blocklists/local/allow.yaml:2: unknown key 'domian'"),
        ("domains: [new.example]\n", "blocklists/local/allow.yaml:1: new.example is allowed already"),
        ("title: \xff\n", "blocklists/local/allow.yaml:1: is not UTF-8"),
        ("domains: &a [kept.example]\nurls: *a\n", "blocklists/local/allow.yaml"),
    ],
)
def test_a_fault_is_named_by_file_and_line_and_the_file_stays(settings: Settings, text: str, words: str) -> None:
    _path(settings).write_bytes(text.encode("latin-1"))
    with pytest.raises(SettingsError, match=words.replace("(", r"\(")):
        _add(settings, "new.example")
    assert _path(settings).read_bytes() == text.encode("latin-1")


def test_a_fault_of_another_file_keeps_everything_as_it_is(settings: Settings) -> None:
    (settings.folders.config / "rules.yaml").write_text("rules: [{id: x}]\n")
    with pytest.raises(SettingsError, match=r"config/rules.yaml:1: 'groups' is missing"):
        _add(settings, "new.example")
    assert _path(settings).read_text() == OURS


def test_a_hand_edit_in_the_meantime_is_noticed_and_stays(settings: Settings) -> None:
    with (
        pytest.raises(SettingsError, match="changed by somebody else meanwhile"),
        allowing(settings.folders, Entry("new.example"), "why") as write,
    ):
        _path(settings).write_text("title: by hand\n")
        write()
    assert _path(settings).read_text() == "title: by hand\n"
    assert [each.name for each in _path(settings).parent.iterdir()] == ["allow.yaml"]


def test_two_edits_at_once_both_come_in(settings: Settings) -> None:
    several = [threading.Thread(target=_add, args=(settings, f"new{n}.example")) for n in range(4)]
    for each in several:
        each.start()
    for each in several:
        each.join()
    assert {each.host for each in allowed_by_hand(settings.folders)} == {
        "kept.example",
        *(f"new{n}.example" for n in range(4)),
    }


def test_a_full_disk_leaves_the_old_file(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with (
        pytest.raises(SettingsError, match=r"allow.yaml: cannot be written: No space left"),
        allowing(settings.folders, Entry("new.example"), "why") as write,
    ):
        monkeypatch.setattr(os, "fsync", full)
        write()
    monkeypatch.undo()
    assert _path(settings).read_text() == OURS
    assert [each.name for each in _path(settings).parent.iterdir()] == ["allow.yaml"]
