"""What a reader sees of a page: its title, description, words, the words of its pictures and of its links.

What browsers do not show (scripts, comments) is left out. What they may show or not (hidden elements, frames written in
place, data) is kept apart, so that no page can hide behind harmless words that nobody sees. Words that only a mark-up
splits stay whole.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import orjson
from selectolax.lexbor import LexborHTMLParser

from schoolgate.content.markup import BLOCKS, any_case, text_of_html, text_of_xml, words_of_attributes
from schoolgate.content.proxy_pages import proxy_software
from schoolgate.content.tangle import is_tangled
from schoolgate.content.unseen import MOST_UNSEEN, take_unseen, templates_opened

MOST_TEXT = 1 << 20
"""Characters of a page that are judged, at most."""
_BEFORE_A_BLOCK = re.compile(rf"<(?=/?{any_case(BLOCKS)}[\s>/])")
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
_MOST_LINKS = 400
_MOST_NESTED = 64
_SHORTEST_STRING = 3
_LINK_WORD = re.compile(r"[A-Za-z]{3,}")
_NO_WORDS = frozenset(
    {"http", "https", "www", "com", "org", "net", "html", "htm", "php", "aspx", "index", "javascript", "mailto", "tel"}
)
_NOT_TEXT = re.compile(r"(?:https?://[^/\s]*+/?|data:[\w/.+-]*;base64,\S*|[A-Za-z0-9+=]{40,}|[\d.,:TZ+-]+)\Z")
_PLAIN = re.compile(r"text/(?!html$)[\w.+-]+")


@dataclass(frozen=True, slots=True)
class PageText:
    """The parts of a page that words are read from; each is plain text."""

    title: str = ""
    described: str = ""
    body: str = ""
    pictures: str = ""
    links: str = ""
    unseen: str = ""
    """What a browser may show or not: it can speak for a category, never against one."""
    software: str = ""
    """The software of a web proxy that the page is built with; "" where it is built with none."""

    @property
    def parts(self) -> tuple[str, ...]:
        """All parts that surely are seen and hold anything, in reading order."""
        return tuple(part for part in (self.title, self.described, self.body, self.pictures, self.links) if part)


def read_html(html: str) -> PageText:
    """The visible words of an HTML page or fragment; never raises for what a page may hold."""
    html = html[:MOST_TEXT].replace("\0", "")
    lowered = html.lower()
    software = proxy_software(lowered)
    if is_tangled(lowered):
        return PageText(body=text_of_html(html), unseen=words_of_attributes(html)[:MOST_UNSEEN], software=software)
    if "<template" in lowered or "<noscript" in lowered:
        html = templates_opened(html)
    tree = LexborHTMLParser(_BEFORE_A_BLOCK.sub("\n<", html))
    title = " ".join([node.text() for node in tree.css("title")[:3]])
    described = [*_metas(tree), *_linked_data(tree)]
    unseen = take_unseen(tree, lowered)
    body = tree.body
    shown = body.text(deep=True) if body is not None else tree.text()
    pictures = " \n".join(_pictures(tree))
    return PageText(title, " \n".join(described), shown, pictures, " ".join(_link_words(tree)), unseen, software)


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
        plain = unquote(address) if "%" in address else address
        words = [word for word in _LINK_WORD.findall(plain) if word.lower() not in _NO_WORDS]
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
    names: dict[str, None] = {}
    body = " \n".join(_strings(tree, 0, names))[:MOST_TEXT]
    return PageText(body=body, unseen=" \n".join(names)[:MOST_UNSEEN])


def _strings(value: Any, depth: int, names: dict[str, None]) -> Iterator[str]:
    if isinstance(value, str):
        if len(value) >= _SHORTEST_STRING and not _NOT_TEXT.match(value):
            yield _tags_gone(value) if "<" in value else value
    elif depth < _MOST_NESTED and isinstance(value, (dict, list)):
        if isinstance(value, dict):
            names.update(dict.fromkeys(value))
        for each in value.values() if isinstance(value, dict) else value:
            yield from _strings(each, depth + 1, names)


def _tags_gone(value: str) -> str:
    if not re.search(r"</?[a-zA-Z]", value):
        return value
    return read_html(value).body if "hidden" in value or "style" in value else text_of_html(value)


def read_xml(text: str) -> PageText:
    """The words of an XML document, be it a page, a feed or a drawing."""
    text = text[:MOST_TEXT].replace("\0", "")
    return PageText(body=text_of_xml(text), unseen=words_of_attributes(text)[:MOST_UNSEEN])


def read_plain(text: str) -> PageText:
    """Plain text is all body."""
    return PageText(body=text[:MOST_TEXT])


def read_page(text: str, media_type: str) -> PageText:
    """A document by its media type (lower case, without parameters); what is not known is read as HTML."""
    if media_type.endswith(("json", "javascript")):
        return read_json(text)
    if media_type.endswith("xml"):
        return read_xml(text)
    if _PLAIN.fullmatch(media_type):
        return read_plain(text)
    return read_html(text)
