"""Turns the drawings of a mail into pictures that it carries along, since mail programs show no SVG."""

import logging
import re
from dataclasses import dataclass
from html import unescape

from markupsafe import escape

log = logging.getLogger("schoolgate")

_DRAWING = re.compile(r"<svg\b.*?</svg>", re.S)
_TITLE, _WORDS = re.compile(r"<title>(.*?)</title>", re.S), re.compile(r"<desc>(.*?)</desc>", re.S)
_WIDTH = re.compile(r'<svg\b[^>]*?\bwidth="(\d+)"')
_ZOOM = 2  # a picture of that many dots for each of the drawing's, for sharp screens
_LONGEST = 1000  # letters of an alternative text


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG; ``name`` is what the page calls it by (``cid:name``)."""

    name: str
    png: bytes


def with_pictures(html: str, of: str) -> tuple[str, list[Picture]]:
    """The page with a picture in place of each drawing, and the pictures; ``of`` makes their names unique.

    A drawing that cannot be made a picture becomes its own description in words.
    """
    pictures: list[Picture] = []

    def put(found: re.Match[str]) -> str:
        drawing = found[0]
        told = [part[1] for part in (_TITLE.search(drawing), _WORDS.search(drawing)) if part]
        words = unescape(". ".join(told))[:_LONGEST]
        png = _picture_of(drawing)
        if png is None:
            return f"<p>{escape(words)}</p>"
        picture = Picture(f"drawing-{len(pictures) + 1}-{of}", png)
        pictures.append(picture)
        width = _WIDTH.search(drawing)
        wide = f' width="{width[1]}"' if width else ""
        return f'<img src="cid:{escape(picture.name)}" alt="{escape(words)}"{wide} style="max-width:100%;height:auto">'

    return _DRAWING.sub(put, html), pictures


def _picture_of(drawing: str) -> bytes | None:
    from resvg_py import svg_to_bytes  # in the office only, and only where a mail has a drawing

    try:
        return bytes(svg_to_bytes(svg_string=drawing, zoom=_ZOOM, font_family="DejaVu Sans"))
    except ValueError as error:
        log.warning("A drawing in a mail could not be made a picture: %s", error)
        return None
