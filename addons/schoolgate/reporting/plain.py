"""A report's page as plain text, for who reads mails without HTML; it keeps every word and every number."""

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode

_HEADINGS = frozenset({"h1", "h2", "h3"})
_BLOCKS = frozenset({"p", "div", "section", "header", "main", "ul", "ol", "dl", "figure", "pre", "form"})
_SKIPPED = frozenset({"style", "script", "head", "title"})


def plain(html: str) -> str:
    """The words of a page: headings in capitals, lists with dashes, a line for each row of a table.

    What stands in an element with ``data-only="page"`` is left out, such as notes that nothing in a text leads to.
    """
    body = LexborHTMLParser(html).body
    lines = [line.rstrip() for line in "".join(_words(body)).split("\n")] if body is not None else []
    return re.sub(r"\n{3,}", "\n\n", "\n".join(" ".join(line.split()) for line in lines)).strip() + "\n"


def _words(node: LexborNode) -> Iterator[str]:
    tag = node.tag
    if node.attributes.get("data-only") == "page":
        return
    if tag == "-text":
        yield re.sub(r"\s+", " ", node.text_content or "")
    elif tag == "table":
        yield f"\n{''.join(_table(node))}\n"
    elif tag == "svg":  # what the drawing says of itself
        yield f"\n\n{''.join(part.text() for part in node.css('desc'))}\n"
    elif tag in _HEADINGS:
        yield f"\n\n{_inside(node).strip().upper()}\n\n"
    elif tag in ("li", "dd"):
        yield f"\n- {_inside(node).strip()}"
    elif tag in ("br", "dt"):
        yield f"\n{_inside(node)}"
    elif tag in _BLOCKS:
        yield f"\n\n{_inside(node).strip()}\n"
    elif tag not in _SKIPPED:
        yield _inside(node)


def _inside(node: LexborNode) -> str:
    return "".join(word for child in node.iter(include_text=True) for word in _words(child))


def _table(table: LexborNode) -> Iterator[str]:
    """``- Adult sites: Requests 12, Last term 9``; the first cell names the row."""
    names = [" ".join(cell.text().split()) for cell in table.css("thead th, thead td")]
    for row in table.css("tbody tr"):
        first, *cells = [" ".join(_inside(cell).split()) for cell in row.css("th, td")] or [""]
        told = [f"{name} {cell}".strip() for name, cell in zip(names[1:], cells, strict=False) if cell]
        yield f"\n- {first}: {', '.join(told)}" if told else f"\n- {first}"
