"""Lists in their publishers' formats become one exact index."""

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from schoolgate.lists.compiler import CategoryList, Source, compile_index
from schoolgate.lists.formats import Entry, entry, read_entries, read_hosts
from schoolgate.lists.guards import Guard
from schoolgate.lists.index import BadIndex, Index
from schoolgate.policy.rules import Action

NOBODY = CategoryList("local", "local/none", ())


def _index(path: Path, *lists: CategoryList, allow: str = "", block: str = "") -> Index:
    local = [
        CategoryList("local", f"local/{n}", tuple(map(entry, t.split())))
        for n, t in (("allow", allow), ("block", block))
    ]
    compile_index(path, lists, local[0], local[1], Guard([entry("gov.uk")]))
    return Index(path)


def _list(category: str, entries: str, exceptions: str = "", *sources: Source) -> CategoryList:
    return CategoryList(
        category, category, tuple(map(entry, entries.split())), tuple(map(entry, exceptions.split())), sources
    )


def test_a_domain_covers_all_below_it_and_nothing_beside_it(tmp_path: Path) -> None:
    index = _index(tmp_path / "i", _list("adult", "bad.example"))
    for host in ("bad.example", "www.bad.example", "a.b.bad.example"):
        assert [hit.entry for hit in index.look_up(host, "/").hits] == ["bad.example"], host
    for host in ("notbad.example", "bad.example.org", "example", "ad.example", "bad.exampl"):
        assert index.look_up(host, "/").hits == (), host


def test_an_address_may_be_in_many_categories_and_says_by_which_list(tmp_path: Path) -> None:
    index = _index(tmp_path / "i", _list("adult", "bad.example"), _list("chat", "sub.bad.example"))
    hits = index.look_up("www.sub.bad.example", "/").hits
    assert [(hit.category, hit.list, hit.entry) for hit in hits] == [
        ("chat", "chat", "sub.bad.example"),
        ("adult", "adult", "bad.example"),
    ]


def test_exceptions_clear_their_own_category_only(tmp_path: Path) -> None:
    index = _index(
        tmp_path / "i", _list("adult", "bad.example", "good.bad.example bad.example/help"), _list("chat", "bad.example")
    )
    assert {hit.category for hit in index.look_up("bad.example", "/").hits} == {"adult", "chat"}
    assert {hit.category for hit in index.look_up("x.good.bad.example", "/").hits} == {"chat"}
    assert {hit.category for hit in index.look_up("www.bad.example", "/help/me").hits} == {"chat"}
    assert {hit.category for hit in index.look_up("bad.example", "/helpless").hits} == {"adult", "chat"}


def test_url_prefixes_end_at_a_word(tmp_path: Path) -> None:
    index = _index(tmp_path / "i", _list("adult", "site.example/bad site.example/watch?v=abc site.example/dir/"))
    for target in ("/bad", "/bad/", "/bad/x", "/bad?x", "/bad.html", "/watch?v=abc", "/watch?v=abc&t=1", "/dir/x"):
        assert index.look_up("www.site.example", target).hits, target
    for target in ("/", "", "/badger", "/bad-and-good", "/watch?v=abcd", "/dir", "/x/bad"):
        assert not index.look_up("www.site.example", target).hits, target


def test_the_schools_own_word_is_the_longest_one(tmp_path: Path) -> None:
    index = _index(
        tmp_path / "i",
        _list("adult", "bad.example"),
        allow="bad.example ok.shut.example",
        block="shut.example bad.example/worse",
    )
    assert index.look_up("bad.example", "/").local[0] is Action.ALLOW
    assert index.look_up("bad.example", "/worse").local[0] is Action.BLOCK
    assert index.look_up("ok.shut.example", "/").local[0] is Action.ALLOW
    assert index.look_up("x.shut.example", "/").local[0] is Action.BLOCK
    assert index.look_up("other.example", "/").local is None


def test_ip_addresses_match_whole(tmp_path: Path) -> None:
    index = _index(tmp_path / "i", _list("adult", "10.1.2.3 2001:db8::1 10.1.2.3/path"))
    assert index.look_up("10.1.2.3", "/").hits
    assert index.look_up("2001:db8::1", "/").hits
    assert not index.look_up("10.1.2.30", "/").hits
    assert not index.look_up("1.10.1.2", "/").hits


def test_a_random_list_is_exact_against_a_plain_set(tmp_path: Path) -> None:
    rng = random.Random(7)
    names = {".".join(rng.choices("abcdefgh", k=rng.randint(1, 4))) + ".example" for _ in range(3000)}
    index = _index(tmp_path / "i", _list("adult", " ".join(names)))
    for _ in range(5000):
        host = ".".join(rng.choices("abcdefgh", k=rng.randint(1, 6))) + ".example"
        labels = host.split(".")
        expected = {".".join(labels[n:]) for n in range(len(labels))} & names
        assert {hit.entry for hit in index.look_up(host, "/").hits} == expected


def test_guards_keep_platforms_protected_sites_and_addresses_out_of_sources_only(tmp_path: Path) -> None:
    source = tmp_path / "list"
    source.write_text(
        "\ufeffBAD.example # comment\n# whole line\nblogspot.com\ncom\n1.2.3.4\nwww.gov.uk\nhost name\nx.blogspot.com\n"
    )
    report = compile_index(
        tmp_path / "i",
        [_list("adult", "blogspot.com", "", Source("theirs", source, "domains"))],
        NOBODY,
        NOBODY,
        Guard([entry("gov.uk")]),
    )
    index = Index(tmp_path / "i")
    assert [hit.list for hit in index.look_up("bad.example", "/").hits] == ["theirs"]
    assert [hit.list for hit in index.look_up("x.blogspot.com", "/").hits] == ["theirs", "adult"]
    assert not index.look_up("www.gov.uk", "/").hits
    assert not index.look_up("1.2.3.4", "/").hits
    assert not index.look_up("anything.com", "/").hits
    assert report.entries["theirs"] == 2
    assert sum(report.left_out.values()) == 5


def test_a_curated_list_knows_better_than_another_list_what_a_site_is(tmp_path: Path) -> None:
    source = tmp_path / "list"
    source.write_text("bets.example\nsub.bets.example\nnew.example\n")
    index = _index(
        tmp_path / "i", _list("gambling", "bets.example"), _list("games", "", "", Source("theirs", source, "domains"))
    )
    assert [hit.category for hit in index.look_up("bets.example", "/").hits] == ["gambling"]
    assert [hit.category for hit in index.look_up("new.example", "/").hits] == ["games"]
    assert {hit.category for hit in index.look_up("sub.bets.example", "/").hits} == {"gambling", "games"}
    assert ["theirs", "a curated list puts it in another category", 1] in index.facts["left_out"]


def test_hosts_files_and_latin_1_are_read(tmp_path: Path) -> None:
    path = tmp_path / "hosts"
    path.write_bytes(b"127.0.0.1 localhost\n0.0.0.0 bad.example www.worse.example # caf\xe9\n::1 localhost\n")
    assert [str(e) for e in read_hosts(path).entries] == ["bad.example", "worse.example"]


@given(st.binary(max_size=400))
def test_any_bytes_are_a_list(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("list") / "list"
    path.write_bytes(data)
    for read in (read_entries, read_hosts):
        for found in read(path).entries:
            assert isinstance(found, Entry)


@pytest.mark.parametrize("damage", ["cut", "head", "body", "magic", "empty"])
def test_a_damaged_index_is_refused(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "i"
    _index(path, _list("adult", "bad.example worse.example"))
    data = bytearray(path.read_bytes())
    if damage == "cut":
        del data[-5:]
    elif damage == "empty":
        data.clear()
    else:
        data[{"magic": 1, "head": 100, "body": len(data) - 3}[damage]] ^= 4
    path.write_bytes(data)
    with pytest.raises(BadIndex):
        Index(path)
