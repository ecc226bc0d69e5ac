"""Every format that publishers write is read to the letter; what a line asks that cannot be done is not half done."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schoolgate.lists.entry import NO_HOST, TOO_LONG
from schoolgate.lists.formats.adblock import HIDES, OPTIONS, PARTS
from schoolgate.lists.formats.reading import Reading
from schoolgate.lists.formats.registry import READERS
from schoolgate.lists.formats.source_text import LARGEST, TOO_LONG_A_LINE, UnreadableList, lines

Entries = list[tuple[str, str]]
ELSEWHERE = "it sends the domain to another server instead of blocking it"


def read(fmt: str, path: Path, folder: str = "") -> tuple[Entries, list[tuple[str, int, str]]]:
    """(host + path, how) of all entries, and (file, line, reason) of all lines left out."""
    reading = Reading(path, folder, path.name)
    faults: list[tuple[str, int, str]] = []
    reading.complain = lambda line, reason, text: faults.append((reading.file, line, reason))
    return [(host + way, how) for _, host, way, how in READERS[fmt](reading)], faults


LINES = [
    ("domains", "Example.COM", [("example.com", "list")], None),
    ("domains", "example.com # why", [("example.com", "list")], None),
    ("domains", "# only words", [], None),
    ("domains", "www.example.com", [("example.com", "list")], None),
    ("domains", "www.com", [("www.com", "list")], None),
    ("domains", ".example.com", [("example.com", "list")], None),
    ("domains", "*.example.com", [("example.com", "list")], None),
    ("domains", "example.com.", [("example.com", "list")], None),
    ("domains", "bücher.example", [("xn--bcher-kva.example", "list")], None),
    ("domains", "foo_bar.example", [("foo_bar.example", "list")], None),
    ("domains", "https://example.com/", [("example.com", "list")], None),
    ("domains", "example.com/Bad/Path", [("example.com/bad/path", "list")], None),
    ("domains", "example.com/%62ad?q=1", [("example.com/bad?q=1", "list")], None),
    ("domains", "0x7f.1", [("127.0.0.1", "list")], None),
    ("domains", "two words", [], NO_HOST),
    ("domains", "a" * 64 + ".example", [], TOO_LONG),
    ("domains", "a." * 200 + "example", [], TOO_LONG),
    ("hosts", "0.0.0.0 bad.example worse.example #x", [("bad.example", "list"), ("worse.example", "list")], None),
    ("hosts", "127.0.0.1 localhost", [], None),
    ("hosts", "::1 ip6-localhost ip6-loopback", [], None),
    ("hosts", "alone.example", [("alone.example", "list")], None),
    ("hosts", "0.0.0.0 b@d", [], NO_HOST),
    ("dnsmasq", "address=/bad.example/0.0.0.0", [("bad.example", "list")], None),
    ("dnsmasq", "address=/bad.example/#", [("bad.example", "list")], None),
    ("dnsmasq", "address=/a.example/b.example/", [("a.example", "list"), ("b.example", "list")], None),
    ("dnsmasq", "server=/bad.example/", [("bad.example", "list")], None),
    ("dnsmasq", "local=/bad.example/", [("bad.example", "list")], None),
    ("dnsmasq", "server=/inside.example/10.0.0.1", [], ELSEWHERE),
    ("dnsmasq", "address=/ours.example/10.0.0.1", [], ELSEWHERE),
    ("dnsmasq", "cache-size=1000", [], "a setting of dnsmasq that blocks no domain"),
    ("dnsmasq", "address=/#/0.0.0.0", [], NO_HOST),
    ("adblock", "||bad.example^", [("bad.example", "list")], None),
    ("adblock", "||bad.example^|", [("bad.example", "list")], None),
    ("adblock", "||bad.example", [("bad.example", "list")], None),
    ("adblock", "||bad.example^$all", [("bad.example", "list")], None),
    ("adblock", "||bad.example/ads/", [("bad.example/ads/", "list")], None),
    ("adblock", "@@||good.example^", [("good.example", "unless")], None),
    ("adblock", "plain.example", [("plain.example", "list")], None),
    ("adblock", "0.0.0.0 bad.example", [("bad.example", "list")], None),
    ("adblock", "||ads*.example.com^", [(r"(^|\.)ads[^/]*\.example\.com$", "host-pattern")], None),
    ("adblock", r"/^ad\d+\./", [(r"^ad\d+\.", "url-pattern")], None),
    ("adblock", "! words", [], None),
    ("adblock", "# words", [], None),
    ("adblock", "[Adblock Plus 2.0]", [], None),
    ("adblock", "||bad.example^$third-party", [], OPTIONS),
    ("adblock", "||bad.example^$all,domain=x.example", [], OPTIONS),
    ("adblock", "@@||good.example^$document", [], OPTIONS),
    ("adblock", "example.com##.ad", [], HIDES),
    ("adblock", "##.ad", [], HIDES),
    ("adblock", "example.com#@#.ad", [], HIDES),
    ("adblock", "-banner-ad.", [], PARTS),
    ("adblock", "||bad.", [], PARTS),
    ("adblock", "|https://bad.example/x", [], PARTS),
    ("adblock", "||bad.example^*/ads", [], PARTS),
    ("adblock", "@@||ads*.good.example^", [], "a pattern as an exception"),
    ("rpz", "bad.example CNAME .", [("bad.example", "exact")], None),
    ("rpz", "*.bad.example CNAME .", [("bad.example", "below")], None),
    ("rpz", "bad.example 60 IN CNAME *.", [("bad.example", "exact")], None),
    ("rpz", "www.bad.example CNAME rpz-drop.", [("www.bad.example", "exact")], None),
    ("rpz", "good.example CNAME rpz-passthru.", [("good.example", "unless-exact")], None),
    ("rpz", "bad.example A 0.0.0.0", [("bad.example", "exact")], None),
    (
        "rpz",
        "safe.example CNAME forcesafesearch.example.",
        [],
        "it sends the name to another server instead of blocking it",
    ),
    ("rpz", "32.1.0.0.10.rpz-ip CNAME .", [], "it speaks of addresses or name servers, not of a host"),
    ("rpz", "; words", [], None),
    ("rpz", "$TTL 60", [], None),
    ("rpz", "@ SOA ns.zone. root.zone. 1 2 3 4 5", [], None),
    ("rpz", "nonsense", [], "no record of a zone"),
    ("expressions", "(^|[-.])casino[0-9]+", [("(^|[-.])casino[0-9]+", "url-pattern")], None),
]


@pytest.mark.parametrize(("fmt", "line", "entries", "reason"), LINES, ids=[f"{f}-{t[:40]}" for f, t, _, _ in LINES])
def test_a_line_says_just_this(tmp_path: Path, fmt: str, line: str, entries: Entries, reason: str | None) -> None:
    path = tmp_path / "list"
    path.write_text(line + "\n", encoding="utf-8")
    assert read(fmt, path) == (entries, [("list", 1, reason)] if reason else [])


def test_names_in_a_zone_lose_the_zone(tmp_path: Path) -> None:
    path = tmp_path / "zone"
    path.write_text(
        "$ORIGIN rpz.school.example.\n@ IN SOA ns. root. (\n 1 ; serial\n 2 3\n 4 5 )\n@ NS ns.\n"
        "bad.example.rpz.school.example. CNAME .\nalso.example CNAME .\n"
    )
    assert read("rpz", path) == ([("bad.example", "exact"), ("also.example", "exact")], [])


def test_v2fly_files_include_one_another_and_missing_ones_are_told(tmp_path: Path) -> None:
    (tmp_path / "main").write_text(
        "# words\ninclude:other @ads\ninclude:other @-ads\ninclude:main\ninclude:category-porn\n"
        "domain:b.example\nfull:www.c.example\nkeyword:casino\nregexp:^bet\\d+\\.\nd.example @cn # why\n"
    )
    (tmp_path / "other").write_text("x.example @ads\ny.example\n")
    entries, faults = read("v2fly", tmp_path / "main")
    assert entries == [
        ("x.example", "list"),
        ("y.example", "list"),
        ("b.example", "list"),
        ("www.c.example", "exact"),
        ("casino", "host-pattern"),
        ("^bet\\d+\\.", "host-pattern"),
        ("d.example", "list"),
    ]
    assert faults == [("main", 5, "it includes a file that is not here")]


def _ut1(folder: Path) -> Path:
    """A category as UT1 packs it."""
    (folder / "adult").mkdir()
    (folder / "adult" / "domains").write_text("bad.example\n")
    (folder / "adult" / "urls").write_text("some.example/bad\n")
    (folder / "adult" / "expressions").write_text("porn[0-9]+\n")
    (folder / "adult" / "usage").write_text("black\n")
    return folder / "adult"


UT1 = [("bad.example", "list"), ("porn[0-9]+", "url-pattern"), ("some.example/bad", "list")]


def _packed(source: Path, target: Path, mode: str) -> Path:
    if mode == "zip":
        with zipfile.ZipFile(target, "w") as archive:
            for file in source.rglob("*"):
                archive.write(file, f"{source.name}/{file.relative_to(source)}")
    else:
        with tarfile.open(target, f"w:{mode}") as archive:
            archive.add(source, source.name)
    return target


@pytest.mark.parametrize("mode", ["folder", "", "gz", "bz2", "xz", "zip"])
def test_a_squidguard_category_is_read_as_a_folder_and_from_every_archive(tmp_path: Path, mode: str) -> None:
    source = _ut1(tmp_path)
    path = source if mode == "folder" else _packed(source, tmp_path / "download", mode)
    assert sorted(read("squidguard", path)[0]) == UT1
    if mode != "folder":
        assert sorted(read("squidguard", path, "adult")[0]) == UT1
        with pytest.raises(UnreadableList, match="no file 'domains'"):
            read("squidguard", path, "gambling")


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_compressed_list_is_known_by_its_first_bytes(tmp_path: Path, pack: object) -> None:
    path = tmp_path / "list.txt"
    path.write_bytes(pack(b"bad.example\n"))  # type: ignore[operator]
    assert read("domains", path) == ([("bad.example", "list")], [])


def test_a_damaged_archive_is_one_clear_fault(tmp_path: Path) -> None:
    path = _packed(_ut1(tmp_path), tmp_path / "download", "gz")
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(UnreadableList, match="cannot be unpacked"):
        read("squidguard", path)


def test_nothing_leaves_an_archive(tmp_path: Path) -> None:
    path = tmp_path / "download"
    with tarfile.open(path, "w") as archive:
        for name in ("../../domains", "adult/domains"):
            info = tarfile.TarInfo(name)
            info.size = 12
            archive.addfile(info, io.BytesIO(f"{len(name):02}.example\n\n".encode()))
        link = tarfile.TarInfo("adult/urls")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    assert read("squidguard", path) == ([("13.example", "list")], [])


def test_a_bomb_is_given_up_at_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("schoolgate.lists.formats.source_text.LARGEST", 1 << 20)
    path = tmp_path / "list"
    path.write_bytes(gzip.compress(b"a.example\n" * 500_000))
    with pytest.raises(UnreadableList, match="larger than"):
        read("domains", path)
    assert LARGEST > 1 << 30


def test_lines_have_a_number_a_limit_and_some_encoding() -> None:
    faults: list[tuple[int, str, str]] = []
    data = b"\xef\xbb\xbfone\n\xff\xfe caf\xe9 \r\n\n" + b"x" * 10_000 + b"\nfive\n" + b"y" * (3 << 20) + b"\nseven"
    found = list(lines(io.BytesIO(data), lambda *fault: faults.append(fault)))
    assert found == [(1, "one"), (2, "ÿþ café"), (5, "five"), (7, "seven")]
    assert [(number, reason) for number, reason, _ in faults] == [(4, TOO_LONG_A_LINE), (6, TOO_LONG_A_LINE)]


WORDS = """|| | @@ ^ $ / # ## . * example.com bad address=/ server=/ include: regexp: full: keyword: [ ] ) (a+)+$ {1000} (?i)
\\ @cn - www. xn-- é % ? :"""
SPACED = ["\n", "\r", " ", "\t", "\x00", "\ufeff", "a" * 70, "0.0.0.0 ", " CNAME .", " IN SOA a. b. (", "$ORIGIN "]
PIECES = st.sampled_from([*WORDS.split(), *SPACED])


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.binary(max_size=300), st.lists(PIECES, max_size=40).map(lambda p: "".join(p).encode())))
def test_any_bytes_are_a_list_in_any_format(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "list"
    path.write_bytes(data)
    for fmt in READERS:
        try:
            entries, _ = read(fmt, path)
        except UnreadableList:
            continue
        for entry, how in entries:
            assert entry
            assert how in {
                "list",
                "exact",
                "below",
                "unless",
                "unless-exact",
                "unless-below",
                "host-pattern",
                "url-pattern",
            }
