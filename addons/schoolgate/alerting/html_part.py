"""A mail's text once more as a page, so that its three lines and its link stand out; it loads nothing from anywhere."""

import re
from html import escape

_LABEL = re.compile(r"^(What happened|How sure we are|What to do now):", re.MULTILINE)
_STYLE = "font-family:sans-serif;font-size:16px;line-height:1.5;color:#1a1a1a;max-width:40em"


def html_of(text: str, console: str = "") -> str:
    """The text as HTML. Only addresses below ``console`` become links: all others may be somebody else's words."""
    paragraphs = [_paragraph(part, console) for part in re.split(r"\n\s*\n", text.strip("\n")) if part.strip()]
    body = "\n".join(paragraphs)
    return f'<!doctype html>\n<html lang="en"><meta charset="utf-8"><body style="{_STYLE}">\n{body}\n</body></html>\n'


def _paragraph(text: str, console: str) -> str:
    lines = escape(text)
    if console:
        address = re.compile(re.escape(escape(console)) + r"/[A-Za-z0-9/_-]*")
        lines = address.sub(lambda found: f'<a href="{found[0]}">{found[0]}</a>', lines)
    lines = _LABEL.sub(r"<strong>\1:</strong>", lines)
    return f"<p>{lines.replace('\n', '<br>\n')}</p>"
