"""What sites, pupils and people write is shown as text wherever it is shown."""

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

from schoolgate.store.deeds import contests

MARKUP = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'><b>{{'sg'*3}}{% raw %}"
SQL = "x' or 1=1 --"


class Elements(HTMLParser):
    """Collects the elements and attributes of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def _check(text: str) -> None:
    for tag, attributes in Elements(text).found:
        assert tag not in ("script", "img", "b", "iframe", "object", "embed", "svg", "base", "style")
        assert not any(name.startswith("on") or name == "style" for name in attributes)
        address = attributes.get("href") or attributes.get("action") or attributes.get("formaction") or ""
        assert not address or address.startswith(("/", "#"))
    assert "sgsgsg" not in text


def _pages(console: Any) -> Iterator[str]:
    event = console.visit(
        "a.jones", host=f"evil.example{MARKUP}", path=f"/{MARKUP}", reason=MARKUP, calendar=MARKUP, why=MARKUP,
        basis=MARKUP, rule=MARKUP, category=MARKUP, notice=MARKUP, identity_confidence=MARKUP,
    )  # fmt: skip
    console.visit("a.jones", 5, host=MARKUP, left_out=MARKUP, action="allow", category=MARKUP)
    console.visit("a.jones", 6, host=MARKUP, action="block", search=MARKUP, why=MARKUP, kind=MARKUP)
    jones, head = console.browser("a.jones"), console.browser("h.head")
    place = f"/mine/visits/{event.id}"
    yield jones.post(f"{place}/note", {"words": MARKUP}).text
    yield jones.post(f"{place}/contest", {"words": MARKUP, "page": event.id}).text
    jones.post(f"{place}/contest", {"words": MARKUP, "page": event.id, "sure": "yes"})
    yield jones.post("/mine/lessons", {"purpose": MARKUP, "sites": MARKUP, "until": MARKUP, "since": MARKUP}).text
    jones.post("/mine/lessons", {"purpose": MARKUP, "sites": "x.com/<b>", "until": "2026-11-25T10:00"})
    for path in ("/", "/mine", "/mine/left-out", "/mine/said", "/mine/lessons", "/mine/kept", place):
        yield jones.get(path).text
    with console.desk.reading() as reader:
        [contest] = contests(reader)
    head.post(f"/contests/{contest.id}/look", {"reason": MARKUP})
    yield head.get(f"/contests/{contest.id}").text
    yield head.post(f"/contests/{contest.id}/answer", {"answer": MARKUP, "words": MARKUP}).text
    head.post(f"/contests/{contest.id}/answer", {"answer": "upheld", "words": MARKUP})
    yield head.post("/names", {"code": MARKUP, "reason": MARKUP}).text
    yield head.get("/names", params={"code": MARKUP}).text
    yield head.post("/records", {"person": MARKUP, "reason": MARKUP}).text
    code = console.code("a.jones")
    for path in ("/contests", f"/contests/{contest.id}", f"/records/{code}", f"/records/{code}/left-out", "/look-ups"):
        yield head.get(path).text
    yield head.get(f"/records/{MARKUP.replace('/', '')}").text
    yield jones.get("/mine/said").text
    yield console.browser().log_in(MARKUP, MARKUP).text
    yield console.browser().get("/login", params={"next": f"/{MARKUP}"}).text


def test_markup_comes_out_as_text_on_every_page(console: Any) -> None:
    pages = list(_pages(console))
    assert len(pages) > 20
    assert sum("&lt;script&gt;" in page for page in pages) > 15
    for page in pages:
        _check(page)


def test_words_that_look_like_sql_are_words(console: Any) -> None:
    event = console.visit("a.jones")
    jones, head = console.browser("a.jones"), console.browser("h.head")
    assert jones.get(f"/mine/visits/{SQL}").status_code == 404
    assert head.get(f"/contests/{SQL}").status_code == 404
    assert head.post("/records", {"person": SQL, "reason": "a long reason"}).status_code == 400
    assert head.post("/names", {"code": SQL, "reason": "a long reason"}).status_code == 400
    jones.post(f"/mine/visits/{event.id}/note", {"words": SQL})
    assert console.deeds("note")[0]["why"] == SQL


def test_an_event_with_values_that_are_no_values_is_shown_all_the_same(console: Any) -> None:
    console.visit("a.jones", confidence="", reason="", calendar="", notice="", category="", host="", path="")
    console.visit("a.jones", 2, confidence="none", snapshot="", rule="", why="")
    assert console.browser("a.jones").get("/mine").status_code == 200
