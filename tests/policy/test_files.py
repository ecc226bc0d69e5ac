"""Which rule speaks of a file, and what a file is by all that is said of it."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from schoolgate.policy.file_facts import extensions_of, extensions_of_path, media_type, names_in, seen_in
from schoolgate.policy.files import (
    Direction,
    FileFacts,
    FileRule,
    in_bytes,
    judge_file,
    on_site,
    size_in_words,
    strictest_first,
    told,
)
from schoolgate.policy.rules import Action

PROGRAMS = FileRule(
    "programs", frozenset({"pupils"}), Direction.DOWNLOAD, Action.BLOCK, "", frozenset({"exe"}), ("application/x-msdownload",)
)  # fmt: skip
LARGE = FileRule("large", frozenset({"pupils"}), Direction.DOWNLOAD, Action.BLOCK, "", larger_than=1000)
FILMS = FileRule(
    "films", frozenset({"pupils"}), Direction.DOWNLOAD, Action.WARN, "", types=("video/*",), larger_than=100
)
PICTURES = FileRule(
    "pictures",
    frozenset({"pupils", "staff"}),
    Direction.UPLOAD,
    Action.WARN,
    "",
    types=("image/*", "video/*"),
    categories=frozenset({"social_media"}),
)
RULES = (PROGRAMS, FILMS, LARGE, PICTURES)
SOCIAL = frozenset({"social_media"})


def facts(*types: str, ext: str = "", size: int | None = None, categories: frozenset[str] = frozenset()) -> FileFacts:
    return FileFacts(frozenset(ext.split()), frozenset(types), size, categories)


@pytest.mark.parametrize(
    ("group", "direction", "file", "rule"),
    [
        ("pupils", Direction.DOWNLOAD, facts(ext="exe"), PROGRAMS),
        ("pupils", Direction.DOWNLOAD, facts("image/png", "application/x-msdownload"), PROGRAMS),
        ("pupils", Direction.UPLOAD, facts(ext="exe"), None),
        ("staff", Direction.DOWNLOAD, facts(ext="exe"), None),
        ("pupils", Direction.DOWNLOAD, facts("text/plain", size=1000), None),
        ("pupils", Direction.DOWNLOAD, facts("text/plain", size=1001), LARGE),
        ("pupils", Direction.DOWNLOAD, facts("text/plain"), None),
        ("pupils", Direction.DOWNLOAD, facts("video/mp4", size=5000), FILMS),
        ("pupils", Direction.DOWNLOAD, facts("video/mp4"), None),
        ("pupils", Direction.DOWNLOAD, facts("videos/mp4", size=200), None),
        ("staff", Direction.UPLOAD, facts("image/webp", categories=SOCIAL), PICTURES),
        ("staff", Direction.UPLOAD, facts("image/webp"), None),
        ("staff", Direction.UPLOAD, facts("text/plain", categories=SOCIAL), None),
    ],
)
def test_the_first_rule_that_speaks_of_a_file_wins(
    group: str, direction: Direction, file: FileFacts, rule: FileRule | None
) -> None:
    assert judge_file(RULES, group, direction, file) is rule


def test_of_several_files_the_one_whose_rule_stands_first_counts() -> None:
    large, program = facts("text/plain", size=5000), facts(ext="exe", size=5000)
    assert strictest_first(RULES, "pupils", Direction.DOWNLOAD, [large, program]) == (PROGRAMS, program)
    assert strictest_first(RULES, "pupils", Direction.DOWNLOAD, [facts("text/plain")]) is None


def test_rules_for_a_category_concern_its_sites_only() -> None:
    assert on_site(RULES, frozenset()) == (PROGRAMS, FILMS, LARGE)
    assert PICTURES in on_site(RULES, SOCIAL)


@pytest.mark.parametrize(
    ("name", "extensions"),
    [
        ("setup.exe", "exe"),
        ("SETUP.EXE", "exe"),
        ("photo.jpg.exe", "exe"),
        ("setup.exe.", "exe"),
        ("setup.exe . .", "exe"),
        ("setup.exe::$DATA", "exe"),
        ("setup.exe:hidden", "exe"),
        ("setup.exe\0.png", "exe png"),
        ("setup.exe;.png", "exe png"),
        ("setup.ex\u200be", "exe"),
        ("setup.ｅｘｅ", "exe"),
        ("gpj.\u202eexe", "exe"),
        ("setup.exe.gz", "exe gz"),
        ("setup.exe.crdownload", "exe crdownload"),
        ("../../a/setup.exe", "exe"),
        ("C:\\x\\setup.exe", "exe"),
        ('"setup.exe"', "exe"),
        ("setup.exe/", "exe"),
        ("setup.exe.txt", "txt"),
        ("tar.gz", "gz"),
        ("README", ""),
        (".exe", "exe"),
        ("", ""),
        ("...", ""),
    ],
)
def test_the_extensions_of_a_name(name: str, extensions: str) -> None:
    assert extensions_of(name) == frozenset(extensions.split())


@pytest.mark.parametrize(
    ("path", "types", "extensions"),
    [
        ("/setup.exe", "application/octet-stream", "exe"),
        ("/set%75p%2EEXE?x=1#y", "", "exe"),
        ("/a/setup.exe%20", "application/octet-stream", "exe"),
        ("/setup.exe?file=x.png", "application/octet-stream", "exe"),
        ("/wiki/Setup.exe", "text/html", ""),
        ("/logo/example.com", "image/png", ""),
        ("/api/example.com", "application/json", ""),
        ("/raw/run.bat", "text/plain", "bat"),
    ],
)
def test_what_an_address_ends_on_counts_where_it_is_no_page(path: str, types: str, extensions: str) -> None:
    assert extensions_of_path(path, types.split()) == frozenset(extensions.split())


@pytest.mark.parametrize(
    ("header", "names"),
    [
        ("attachment; filename=a.exe", ["a.exe"]),
        ('attachment; filename="a b.exe"', ["a b.exe"]),
        ('attachment; filename="a\\".exe"', ['a".exe']),
        ('attachment; filename="a;b.exe"; size=3', ["a;b.exe"]),
        ("ATTACHMENT;FILENAME=a.exe", ["a.exe"]),
        ("attachment; filename = a.exe ", ["a.exe"]),
        ("attachment; filename=a.txt; filename*=UTF-8''b%2Eexe", ["a.txt", "b.exe"]),
        ("attachment; filename*=iso-8859-1'en'%A3.exe", ["£.exe"]),
        ("attachment; filename*=nonsense''a.exe", ["a.exe"]),
        ("attachment; filename*=a.exe", ["a.exe"]),
        ("attachment; filename*0=set; filename*1=up.exe", ["setup.exe"]),
        ("attachment; filename=a%2eexe", ["a%2eexe", "a.exe"]),
        ('attachment; filename="=?utf-8?B?YS5leGU=?="', ["=?utf-8?B?YS5leGU=?=", "a.exe"]),
        ('attachment; filename="a.exe', ["a.exe"]),
        ('form-data; name="x.exe"; filename="a.jpg"', ["a.jpg"]),
        ("inline", []),
        ("", []),
    ],
)
def test_the_names_in_a_content_disposition(header: str, names: list[str]) -> None:
    assert list(names_in(header)) == names


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        ("Image/PNG; charset=x", "image/png"),
        (" application/x-msdownload ", "application/x-msdownload"),
        ("image/png, text/html", "image/png"),
        ("nonsense", ""),
        ("", ""),
    ],
)
def test_a_media_type_is_read_without_its_parameters(header: str, kind: str) -> None:
    assert media_type(header) == kind


def zip_of(name: str) -> bytes:
    return b"PK\x03\x04" + bytes(22) + struct.pack("<HH", len(name), 0) + name.encode()


@pytest.mark.parametrize(
    ("first", "kind", "extension"),
    [
        (b"MZ\x90\0" + bytes(60), "application/x-msdownload", "exe"),
        (b"MZ is how this text begins, and it goes on and on for quite a while longer.", None, None),
        (b"\x7fELF\x02\x01\x01\0", "application/x-executable", "elf"),
        (b"\x7fELF\x02\x01\x01\0AI\x02", "application/x-executable", "appimage"),
        (b"\xcf\xfa\xed\xfe", "application/x-mach-binary", "macho"),
        (b"\xca\xfe\xba\xbe\0\0\0\x02", "application/x-mach-binary", "macho"),
        (b"\xca\xfe\xba\xbe\0\0\0\x41", "application/java-vm", "class"),
        (zip_of("AndroidManifest.xml"), "application/vnd.android.package-archive", "apk"),
        (zip_of("META-INF/MANIFEST.MF"), "application/java-archive", "jar"),
        (zip_of("game/setup.exe"), "application/zip", "exe"),
        (zip_of("[Content_Types].xml"), None, None),
        (b"#!/bin/sh\n", "text/x-shellscript", "sh"),
        (b"\xef\xbb\xbf@ECHO OFF\r\n", "application/x-bat", "bat"),
        (b"\xff\xd8\xff\xe0", "image/jpeg", "jpg"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp", None),
        (b"\0\0\0\x18ftypheic", "image/heic", "heic"),
        (b"\0\0\0\x18ftypisom", "video/mp4", "mp4"),
        (b"<!doctype html>", None, None),
        (b"", None, None),
    ],
)
def test_first_bytes_show_what_a_file_is(first: bytes, kind: str | None, extension: str | None) -> None:
    seen = seen_in(first)
    assert kind in seen.types if kind else not seen.types
    assert extension in seen.extensions if extension else not seen.extensions


@given(st.binary(max_size=600), st.text(max_size=80))
def test_nothing_that_is_sent_breaks_the_reading(data: bytes, text: str) -> None:
    seen_in(data)
    seen_in(b"PK\x03\x04" + data)
    extensions_of(text)
    names_in("attachment; filename*=" + text)
    names_in(text)


def test_the_record_tells_type_and_size() -> None:
    assert told(facts("application/octet-stream", "image/jpeg", size=2_400_000)) == "image/jpeg, 2.4 MB"
    assert told(facts()) == "unknown type"
    assert [size_in_words(size) for size in (None, 5, 1500, 3 * 10**9)] == ["", "5 bytes", "1.5 KB", "3.0 GB"]


@pytest.mark.parametrize(
    ("text", "number"), [("50MB", 50_000_000), ("1.5 gb", 1_500_000_000), ("200KB", 200_000), ("7", 7), ("7B", 7)]
)
def test_sizes_are_read(text: str, number: int) -> None:
    assert in_bytes(text) == number


@pytest.mark.parametrize("text", ["", "MB", "many", "5 MiBs", "-"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        in_bytes(text)
