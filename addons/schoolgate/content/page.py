"""What a reader sees of a page: its title, description, words, the words of its pictures and of its links.

What browsers do not show (scripts, styles, hidden elements, comments) is left out, so that a page can neither be
blocked for words that nobody sees nor hide behind harmless ones. Words that only a mark-up splits stay whole.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import orjson
from selectolax.lexbor import LexborHTMLParser

MOST_TEXT = 1 << 20
"""Characters of a page that are judged, at most."""
_BLOCKS = (
    "address article aside blockquote br button caption dd details div dl dt fieldset figcaption figure footer form "
    "h1 h2 h3 h4 h5 h6 header hr img input label legend li main nav ol option p pre section select summary table tbody "
    "td textarea tfoot th thead tr ul video"
)
_BEFORE_A_BLOCK = re.compile(rf"<(?=/?(?:{_BLOCKS.replace(' ', '|')})[\s>/])", re.IGNORECASE)
_UNSEEN = (
    "script, style, template, noscript, object, svg, head, [hidden]:not([hidden='until-found']), "
    "[style*='display:none' i], [style*='display: none' i], "
    "[style*='visibility:hidden' i], [style*='visibility: hidden' i]"
)
_DESCRIBING = (
    "description",
    "keywords",
    "og:title",
    "og:description",
    "og:site_name",
    "twitter:title",
    "twitter:description",
    "subject",
)
_OPENED = re.compile(r"<[a-zA-Z]")
_ANY_TAG = re.compile(r"<[^<>]{0,2000}>")
_DEEPEST = 5000  # tags left open; the parser's time grows with the square of a page's depth
_MOST_LINKS = 400
_MOST_NESTED = 64
_SHORTEST_STRING = 3
_LINK_WORD = re.compile(r"[A-Za-z]{3,}")
_NO_WORDS = frozenset(
    {"http", "https", "www", "com", "org", "net", "html", "htm", "php", "aspx", "index", "javascript", "mailto", "tel"}
)
_NOT_TEXT = re.compile(r"^(?:https?:|/|#|data:|[\w+/=-]{40,}$|[\d.,:TZ+-]+$)")


@dataclass(frozen=True, slots=True)
class PageText:
    """The parts of a page that words are read from; each is plain text."""

    title: str = ""
    described: str = ""
    body: str = ""
    pictures: str = ""
    links: str = ""

    @property
    def parts(self) -> tuple[str, ...]:
        """All parts that hold anything, in reading order."""
        return tuple(part for part in (self.title, self.described, self.body, self.pictures, self.links) if part)


def read_html(html: str) -> PageText:
    """The visible words of an HTML page or fragment; never raises for what a page may hold."""
    html = html[:MOST_TEXT].replace("\0", "")
    if len(_OPENED.findall(html)) - html.count("</") > _DEEPEST:
        return PageText(body=_ANY_TAG.sub(" ", html))
    tree = LexborHTMLParser(_BEFORE_A_BLOCK.sub("\n<", html))
    title = " ".join(node.text() for node in tree.css("title")[:3])
    described = [*_metas(tree), *_linked_data(tree)]
    for node in tree.css(_UNSEEN):
        if node.parent is not None and node.tag != "html" and node.tag != "body":
            node.decompose()
    body = tree.body
    shown = body.text(deep=True) if body is not None else tree.text()
    return PageText(title, " \n".join(described), shown, " \n".join(_pictures(tree)), " ".join(_link_words(tree)))


def _metas(tree: LexborHTMLParser) -> Iterator[str]:
    for node in tree.css("meta[content]"):
        given = node.attributes
        name = (given.get("name") or given.get("property") or "").lower()
        if name in _DESCRIBING:
            yield given.get("content") or ""


def _linked_data(tree: LexborHTMLParser) -> Iterator[str]:
    """What the page tells search engines of itself (schema.org)."""
    for node in tree.css("script[type='application/ld+json']")[:5]:
        yield read_json(node.text()).body[:5000]


def _pictures(tree: LexborHTMLParser) -> Iterator[str]:
    for node in tree.css("[alt], [title], [aria-label], [placeholder]"):
        given = node.attributes
        for name in ("alt", "title", "aria-label", "placeholder"):
            if words := given.get(name):
                yield words
    for node in tree.css("input[value]:not([type='hidden'])"):
        yield node.attributes.get("value") or ""


def _link_words(tree: LexborHTMLParser) -> Iterator[str]:
    """The words of addresses that the page leads to: ``/free-spins/`` says as much as a button does."""
    seen: set[str] = set()
    for node in tree.css("a[href]")[:_MOST_LINKS]:
        address = (node.attributes.get("href") or "")[:300]
        words = [word for word in _LINK_WORD.findall(unquote(address)) if word.lower() not in _NO_WORDS]
        link = " ".join(words)
        if link and link not in seen:
            seen.add(link)
            yield link + " \n"


def read_json(text: str) -> PageText:
    """The strings of a JSON document that look like words; a broken document is read as plain text."""
    try:
        tree = orjson.loads(text[: 2 * MOST_TEXT].encode("utf-8", "replace"))
    except ValueError:
        return PageText(body=text[:MOST_TEXT])
    return PageText(body=" \n".join(_strings(tree, 0))[:MOST_TEXT])


def _strings(value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        if len(value) >= _SHORTEST_STRING and not _NOT_TEXT.match(value):
            yield _tags_gone(value) if "<" in value else value
    elif depth < _MOST_NESTED and isinstance(value, (dict, list)):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _strings(each, depth + 1)


def _tags_gone(value: str) -> str:
    return read_html(value).body if re.search(r"</?[a-zA-Z]", value) else value


def read_plain(text: str) -> PageText:
    """Plain text is all body."""
    return PageText(body=text[:MOST_TEXT])


def read_page(text: str, media_type: str) -> PageText:
    """A document by its media type (lower case, without parameters); what is not known is read as HTML."""
    if media_type.endswith(("json", "javascript")):
        return read_json(text)
    if media_type in ("text/plain", "text/csv", "text/markdown", "text/event-stream"):
        return read_plain(text)
    return read_html(text)
