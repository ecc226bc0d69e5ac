"""Lists in their publishers' formats become one exact index."""

import random
from pathlib import Path

import pytest
from schoolgate.lists.catalogue import Catalogue
from schoolgate.lists.compiler import CategoryList, Source, compile_index
from schoolgate.lists.entry import entry
from schoolgate.lists.guards import ADDRESS, SUFFIX, Guard
from schoolgate.lists.index import BadIndex, Index
from schoolgate.lists.local_words import LocalWords
from schoolgate.policy.rules import Action


def _index(path: Path, *lists: CategoryList) -> Index:
    compile_index(path, lists, Guard([entry("bbc.co.uk")]))
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
    index = _index(tmp_path / "i", _list("adult", "bad.example"))
    words = LocalWords(
        map(entry, ["bad.example", "ok.shut.example", "same.example"]),
        map(entry, ["shut.example", "bad.example/worse", "same.example"]),
    )
    catalogue = Catalogue(index, words)
    assert catalogue.look_up("bad.example", "/").local[0] is Action.ALLOW
    assert catalogue.look_up("bad.example", "/").hits, "what lists say is still told"
    assert catalogue.look_up("bad.example", "/worse").local[0] is Action.BLOCK
    assert catalogue.look_up("bad.example", "/worsening").local[0] is Action.ALLOW
    assert catalogue.look_up("ok.shut.example", "/").local[0] is Action.ALLOW
    assert catalogue.look_up("x.shut.example", "/").local[0] is Action.BLOCK
    assert catalogue.look_up("same.example", "/").local[0] is Action.BLOCK
    assert catalogue.look_up("other.example", "/").local is None


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
        expected = [name for name in (".".join(labels[n:]) for n in range(len(labels))) if name in names]
        assert [hit.entry for hit in index.look_up(host, "/").hits] == expected[-1:], "one above all others is enough"


def test_guards_keep_platforms_protected_sites_and_addresses_out_of_sources_only(tmp_path: Path) -> None:
    source = tmp_path / "list"
    source.write_text(
        "\ufeffBAD.example # comment\n# whole line\nblogspot.com\ncom\n1.2.3.4\nwww.bbc.co.uk\nhost name\nx.blogspot.com\n"
    )
    report = compile_index(
        tmp_path / "i",
        [_list("adult", "", "", Source("theirs", source, "domains"))],
        Guard([entry("bbc.co.uk")]),
    )
    index = Index(tmp_path / "i")
    assert [hit.list for hit in index.look_up("bad.example", "/").hits] == ["theirs"]
    assert [hit.list for hit in index.look_up("x.blogspot.com", "/").hits] == ["theirs"]
    assert not index.look_up("y.blogspot.com", "/").hits
    assert not index.look_up("www.bbc.co.uk", "/").hits
    assert not index.look_up("1.2.3.4", "/").hits
    assert not index.look_up("anything.com", "/").hits
    assert report.entries["theirs"] == 2
    assert report.left_out == {
        ("theirs", SUFFIX): 2,
        ("theirs", ADDRESS): 1,
        ("theirs", "protected (bbc.co.uk)"): 1,
        ("theirs", "no host name stands here"): 1,
    }
    [place] = report.places["theirs", ADDRESS]
    assert (place.file, place.line, place.text) == ("list", 5, "1.2.3.4")


def test_a_suffix_that_is_nothing_but_one_thing_is_let_through_by_name(tmp_path: Path) -> None:
    source = tmp_path / "list"
    source.write_text("bet.br\npages.dev\n")
    index = _index(tmp_path / "i", _list("gambling", "bet.br", "", Source("theirs", source, "domains")))
    assert {hit.list for hit in index.look_up("any.bet.br", "/").hits} == {"gambling", "theirs"}
    assert not index.look_up("any.pages.dev", "/").hits


def test_a_curated_list_knows_better_than_another_list_what_a_site_is(tmp_path: Path) -> None:
    source = tmp_path / "list"
    source.write_text("bets.example\nsub.bets.example\nnew.example\n")
    index = _index(
        tmp_path / "i", _list("gambling", "bets.example"), _list("games", "", "", Source("theirs", source, "domains"))
    )
    assert [hit.category for hit in index.look_up("bets.example", "/").hits] == ["gambling"]
    assert [hit.category for hit in index.look_up("new.example", "/").hits] == ["games"]
    assert {hit.category for hit in index.look_up("sub.bets.example", "/").hits} == {"gambling", "games"}
    assert ["theirs", "a curated list puts it in another category", 1] in [f[:3] for f in index.facts["left_out"]]


def _theirs(tmp_path: Path, fmt: str, text: str, category: str = "adult", name: str = "theirs") -> CategoryList:
    """A category that is filled by one list of somebody else's."""
    path = tmp_path / f"{name}.txt"
    path.write_text(text)
    return CategoryList(category, category, (), (), (Source(name, path, fmt),))


def _listed(index: Index, *hosts: str) -> list[bool]:
    return [bool(index.look_up(host, "/").hits) for host in hosts]


def test_an_entry_reaches_just_as_far_as_its_list_says(tmp_path: Path) -> None:
    zone = "only.example CNAME .\n*.below.example CNAME .\nwww.full.example CNAME .\n"
    index = _index(tmp_path / "i", _theirs(tmp_path, "rpz", zone))
    assert _listed(index, "only.example", "www.only.example") == [True, False]
    assert _listed(index, "below.example", "x.below.example", "a.x.below.example") == [False, True, True]
    assert _listed(index, "full.example", "www.full.example") == [False, True]


def test_a_lists_own_exception_clears_its_own_entries_only(tmp_path: Path) -> None:
    rules = "||bad.example^\n@@||good.bad.example^\n"
    index = _index(
        tmp_path / "i",
        _theirs(tmp_path, "adblock", rules, name="one"),
        _theirs(tmp_path, "domains", "bad.example\nother.example\n", "chat", "two"),
    )
    assert [hit.list for hit in index.look_up("bad.example", "/").hits] == ["one", "two"]
    assert [hit.list for hit in index.look_up("x.good.bad.example", "/").hits] == ["two"]


def test_patterns_name_themselves_and_cannot_touch_protected_sites(tmp_path: Path) -> None:
    rules = "/(^|[.-])casino[0-9]+\\./\n/bbc/\n/.*/\n/(unclosed/\n/(a)\\1/\n/\\/slots\\/[0-9]+/\n"
    index = _index(tmp_path / "i", _theirs(tmp_path, "adblock", rules, "gambling"))
    [hit] = index.look_up("www.casino77.example", "/").hits
    assert (hit.category, hit.list, hit.entry) == ("gambling", "theirs", r"(^|[.-])casino[0-9]+\.")
    assert index.look_up("any.example", "/slots/7").hits
    assert _listed(index, "bbc.co.uk", "casino.example", "other.example") == [False, False, False]
    reasons = {reason: number for _, reason, number, _ in index.facts["left_out"]}
    assert reasons == {
        "a pattern that cannot be read, or not in linear time": 2,
        "a pattern that matches everything": 1,
        "protected (bbc.co.uk) by a pattern": 1,
    }


def test_a_pattern_made_to_hang_does_not(tmp_path: Path) -> None:
    index = _index(tmp_path / "i", _theirs(tmp_path, "adblock", "/(a+)+$b/\n/(x+x+)+y/\n", "gambling"))
    assert not index.look_up("x" * 60 + ".example", "/" + "a" * 100_000 + "x" * 100_000).hits


def test_what_was_left_out_can_be_asked_for(tmp_path: Path) -> None:
    index = _index(tmp_path / "i", _theirs(tmp_path, "domains", "www.bbc.co.uk/sport\nbbc.co.uk\nbad.example\n"))
    assert ("bbc.co.uk", ("refused: protected (bbc.co.uk)", "adult", "theirs")) in list(index.explain("bbc.co.uk", "/"))
    entries = {entry for entry, _ in index.explain("www.bbc.co.uk", "/sport/football")}
    assert entries == {"bbc.co.uk", "bbc.co.uk/sport"}
    assert not index.is_settled("bad.example")
    assert index.is_settled("news.bbc.co.uk")


def test_repeated_and_subsumed_entries_are_counted_and_change_nothing(tmp_path: Path) -> None:
    source = _theirs(tmp_path, "domains", "bad.example\nBAD.example\na.bad.example\nx.a.bad.example\nother.example\n")
    report = compile_index(tmp_path / "i", [source], Guard([]))
    assert (report.repeated["theirs"], report.below_another["theirs"]) == (1, 2)
    index = Index(tmp_path / "i")
    assert len(index) == 2
    assert _listed(index, "bad.example", "x.a.bad.example", "other.example", "example") == [True, True, True, False]


def test_an_unreadable_list_costs_itself_only(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.write_bytes(b"\x1f\x8bno archive at all")
    lists = CategoryList(
        "adult",
        "adult",
        (entry("curated.example"),),
        (),
        (Source("broken", broken, "squidguard"), Source("gone", tmp_path / "gone", "domains")),
    )
    index = _index(tmp_path / "i", lists)
    assert _listed(index, "curated.example") == [True]
    assert {name for name, _, _, _ in index.facts["left_out"]} == {"broken", "gone"}


def test_the_same_lists_give_the_same_version_and_others_another(tmp_path: Path) -> None:
    one = _index(tmp_path / "1", _list("adult", "a.example b.example"))
    two = _index(tmp_path / "2", _list("adult", "b.example a.example"))
    three = _index(tmp_path / "3", _list("adult", "a.example b.example c.example"))
    assert one.version == two.version != three.version


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


REACHES = {
    "{0} CNAME .": lambda host, entry: host == entry,
    "*.{0} CNAME .": lambda host, entry: host.endswith("." + entry),
    "{0} CNAME rpz-passthru.": lambda host, entry: host == entry,
    "*.{0} CNAME rpz-passthru.": lambda host, entry: host.endswith("." + entry),
}


def test_lists_with_every_reach_and_exception_answer_like_a_plain_model(tmp_path: Path) -> None:
    rng = random.Random(11)

    def name(most: int) -> str:
        return ".".join(rng.choices("abcd", k=rng.randint(1, most))) + ".test"

    for _ in range(30):
        said = [[(rng.choice(list(REACHES)), name(4)) for _ in range(rng.randint(1, 25))] for _ in range(3)]
        sources = []
        for number, lines in enumerate(said):
            path = tmp_path / str(number)
            path.write_text("".join(form.format(host) + "\n" for form, host in lines))
            sources.append(Source(str(number), path, "rpz"))
        index = _index(tmp_path / "i", CategoryList("adult", "adult", (), (), tuple(sources)))
        for host in (name(5) for _ in range(200)):
            expected = set()
            for number, lines in enumerate(said):
                reached = {"passthru" in form for form, entry in lines if REACHES[form](host, entry)}
                expected |= {str(number)} if reached == {False} else set()
            assert {hit.list for hit in index.look_up(host, "/").hits} == expected, host


def test_a_list_that_names_a_domain_above_it_reaches_no_protected_site(tmp_path: Path) -> None:
    source = tmp_path / "list"
    source.write_text("co.example\n")
    lists = _list("adult", "", "", Source("theirs", source, "domains"))
    compile_index(tmp_path / "i", [lists], Guard([entry("help.co.example")]))
    assert _listed(Index(tmp_path / "i"), "co.example", "www.help.co.example") == [True, False]


def test_too_many_patterns_are_left_out_and_the_index_opens(tmp_path: Path) -> None:
    rules = "".join(f"/^bad{number}(a|b|c){{1,20}}x[0-9]{{1,9}}\\./\n" for number in range(1600))
    index = _index(tmp_path / "i", _theirs(tmp_path, "adblock", rules))
    assert index.facts["entries"]["theirs"] == 200
    assert _listed(index, "bad7abx1.example", "bad1599abx1.example") == [True, False]


def test_an_address_inside_a_path_is_a_part_of_the_path() -> None:
    assert str(entry("go.example.com/out?u=http://poems.example")) == "go.example.com/out?u=http://poems.example"
    assert str(entry("https://go.example.com/x")) == "go.example.com/x"


PATTERNS = "||porn.example^\n/^[a-z]+-casino\\.example$/\n"


@pytest.mark.parametrize("patterns", [False, True])
def test_what_is_remembered_of_a_host_is_what_the_lists_say_of_every_address(tmp_path: Path, patterns: bool) -> None:
    (tmp_path / "list.txt").write_text(PATTERNS)
    sources = (Source("theirs", tmp_path / "list.txt", "adblock"),) if patterns else ()
    lists = (
        _list("adult", "bad.example part.example/bad other.example", "good.bad.example bad.example/help"),
        _list("chat", "part.example/bad/chat sub.bad.example", "", *sources),
    )
    words = LocalWords([entry("other.example/mine"), entry("lesson.example")], [entry("deep.part.example/x")])
    catalogue = Catalogue(_index(tmp_path / "i", *lists), words)
    assert bool(catalogue.index.facts["patterns"]) == patterns
    hosts = (
        "bad",
        "good.bad",
        "sub.bad",
        "part",
        "deep.part",
        "other",
        "www.other",
        "lesson",
        "lucky-casino",
        "porn",
        "no",
    )
    targets = ("", "/", "/bad", "/bad/chat/1", "/help/me", "/mine", "/x?y", "/badger")
    for _ in range(2):
        for host in (f"{name}.example" for name in hosts):
            for target in targets:
                listing = catalogue.index.look_up(host, target)
                told = catalogue.look_up(host, target)
                assert (told.hits, told.local) == (listing.hits, words.word(host, target)), (host, target)
