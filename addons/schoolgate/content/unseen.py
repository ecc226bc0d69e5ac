"""What a page holds but may not show: hidden elements, drawings, frames written in place, words in styles and in data.

Whether a browser shows it hangs on styles and scripts. So these words are taken out of the page and judged apart:
harmful ones count, harmless ones excuse nothing.
"""

import base64
import re
from binascii import Error
from urllib.parse import unquote_to_bytes

import orjson
from selectolax.lexbor import LexborHTMLParser, LexborNode

from schoolgate.content.markup import text_of_html

MOST_UNSEEN = 50_000
"""Characters of it that are judged, at most."""
_TAGS = "script style head x-noscript object svg x-template iframe noembed noframes canvas audio video"
_HIDING_TAGS = frozenset(_TAGS.split())
_UNSEEN = ", ".join(
    [*_TAGS.split(), "[hidden]:not([hidden='until-found'])", "[style*='display' i]", "[style*='visibility' i]"]
)
_APART = "iframe, frame, embed, object[data], bdo, [style*='bidi-override' i]"
_TEMPLATE = re.compile(r"(</?)(?=(?:template|noscript)[\s>/])", re.IGNORECASE)
_CSS_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_HIDING = re.compile(
    r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse))\s*(?:!\s*important\s*)?(?=;|$)"
)
_CSS_STRING = re.compile(r"\"((?:\\.|[^\"\\\n])*+)\"?|'((?:\\.|[^'\\\n])*+)'?", re.DOTALL)
_CSS_ESCAPE = re.compile(r"\\(?:([0-9a-fA-F]{1,6})\s?|\n|(.))")
_CSS_ATTRIBUTE = re.compile(r"\battr\(\s*([\w-]{1,40})")
_IS_SCRIPT = re.compile(
    r"\s*(?:(?:text|application)/(?:x-)?(?:java|ecma|live|j)script.*|module|importmap|speculationrules)?\s*", re.I
)
_JSON_STRING = re.compile(r'"((?:[^"\\]|\\.)*+)"?', re.DOTALL)
_MOST_STRINGS = 2000
_MOST_FRAMES = 50
_MOST_SHOWN = 100  # times that styles show attributes
_DATA = re.compile(r"\s*data:([^,]*),(.*)", re.IGNORECASE | re.DOTALL)


def templates_opened(html: str) -> str:
    """The page with its templates as elements like others, which a parser looks into; so is what stands for scripts."""
    return _TEMPLATE.sub(r"\1x-", html)


def take_unseen(tree: LexborHTMLParser, lowered: str) -> str:
    """Take what may not be seen out of a page and return its words; ``lowered`` is the page in small letters."""
    said = [_set_apart(node) for node in tree.css(_APART)[:_MOST_FRAMES]]
    few_shown = lowered.count("attr(") < _MOST_SHOWN
    last, taken = -1, list[str]()
    for node in reversed(tree.css(_UNSEEN)):  # from the inside to the outside, for what is taken out is gone
        if node.mem_id == last or node.tag in ("html", "body") or not _may_hide(node):
            continue
        last = node.mem_id
        taken.append(_words_of(node, tree, few_shown))
        node.decompose()
    return " \n".join(part[:MOST_UNSEEN] for part in [*said, *reversed(taken)] if part)[:MOST_UNSEEN]


def _may_hide(node: LexborNode) -> bool:
    """Of elements found by their style, those whose style hides them; all others may."""
    if node.tag in _HIDING_TAGS:
        return True
    given = node.attributes
    if "hidden" in given and given["hidden"] != "until-found":
        return True
    style = _CSS_COMMENT.sub("", given.get("style") or "").lower()
    return _HIDING.search(style) is not None


def _words_of(node: LexborNode, tree: LexborHTMLParser, few_shown: bool) -> str:
    match node.tag:
        case "script":
            return _words_of_script(node)
        case "style":
            return _words_of_style(node.text(), tree, few_shown)
        case "head":
            return ""
        case _:
            return str(node.text(deep=True))


def _words_of_script(node: LexborNode) -> str:
    """The words of data that scripts show; of scripts themselves none."""
    kind = node.attributes.get("type") or ""
    if _IS_SCRIPT.fullmatch(kind) or kind == "application/ld+json":
        return ""
    text = node.text()[: 4 * MOST_UNSEEN]
    return words_of_json(text) if "json" in kind.lower() else text_of_html(text)


def words_of_json(text: str) -> str:
    """All strings of a JSON text, whole or cut off."""
    found = _JSON_STRING.findall(text)[: 10 * _MOST_STRINGS]
    strings = [string for string in found if len(string) > 2]
    try:
        plain = " \n".join(orjson.loads('["' + '","'.join(strings) + '"]'))
    except ValueError:
        plain = " \n".join(strings)
    return text_of_html(plain) if "<" in plain else plain


def _words_of_style(css: str, tree: LexborHTMLParser, few_shown: bool) -> str:
    """What a style sheet writes into the page: its strings, and the attributes it shows."""
    if '"' not in css and "'" not in css and "attr(" not in css:
        return ""
    css = _CSS_COMMENT.sub("", css)
    said = [one or other for one, other in _CSS_STRING.findall(css)[:_MOST_STRINGS]]
    names = sorted(set(_CSS_ATTRIBUTE.findall(css)))[:5] if few_shown else []
    for name in names:
        said += [node.attributes.get(name) or "" for node in tree.css(f"[{name}]")[:_MOST_STRINGS]]
    return " \n".join(_CSS_ESCAPE.sub(_css_sign, string) for string in said if not string.startswith("data:"))


def _css_sign(escape: re.Match[str]) -> str:
    code = int(escape[1], 16) if escape[1] else 0
    return chr(code) if 0 < code < 0xD800 or 0xDFFF < code < 0x110000 else escape[2] or ""


def _set_apart(node: LexborNode) -> str:
    """The words of a document that is written into a frame, and those written from right to left, turned round."""
    given = node.attributes
    if node.tag in ("iframe", "frame", "embed", "object"):
        if frame := given.get("srcdoc"):
            return text_of_html(frame)
        return _words_of_address(given.get("src") or given.get("data") or "")
    return str(node.text(deep=True))[:MOST_UNSEEN][::-1]


def _words_of_address(address: str) -> str:
    """The words of a document that its own address holds."""
    found = _DATA.match(re.sub(r"[\t\n\r]", "", address[: 4 * MOST_UNSEEN]))
    if not found or found[1].lower().startswith(("image/png", "image/jp", "image/gif", "image/webp", "font", "video")):
        return ""
    body = unquote_to_bytes(found[2])
    if found[1].lower().rstrip().endswith("base64"):
        try:
            body = base64.b64decode(body + b"==")
        except (Error, ValueError):
            return ""
    return text_of_html(body.decode("utf-8", "replace"))
