"""Takes the words out of mark-up without building a tree: for XML, and for HTML too tangled for a parser.

One pass from left to right, whose time grows only with the length. Comments, scripts and styles are dropped, words that
inline tags split stay whole, CDATA is text.
"""

import html
import re
from collections.abc import Iterable, Iterator

_BLOCKS = (
    "address article aside blockquote br button caption dd details div dl dt fieldset figcaption figure footer form "
    "h1 h2 h3 h4 h5 h6 header hr img input label legend li main nav ol option p pre section select summary table tbody "
    "td textarea tfoot th thead tr ul video"
)
BLOCKS = tuple(_BLOCKS.split())
"""Elements of HTML that stand apart from the words before and after them."""
_APART = frozenset([*BLOCKS, "body", "desc", "foreignobject", "head", "html", "iframe", "svg", "text", "title"])
_INLINE_NAMES = (
    "a abbr b bdi bdo big cite code del dfn em font i ins kbd mark q s samp small span strike strong sub sup tspan tt "
    "u var wbr"
)
_INLINE = frozenset(_INLINE_NAMES.split())
_ATTRIBUTES = r"(?:[^>\"'=]++|=\s*+(?:\"[^\"]*+\"|'[^']*+')?|[\"'])*+"
_PIECE = re.compile(
    r"<!--(?:>|->|.*?(?:--!?>|\Z))"
    r"|<!\[CDATA\[(?P<cdata>.*?)(?:\]\]>|\Z)"
    r"|<\?[^>]*+>?"
    r"|<!(?P<doctype>[^\[>]*+(?:\[.*?(?:\]\s*+>|\Z))?)>?"
    r"|<(?P<close>/?)(?P<name>[a-z][^\s/>]*+)(?P<given>" + _ATTRIBUTES + r")>?",
    re.IGNORECASE | re.DOTALL,
)
_RAW_ENDS = {name: re.compile(rf"</(?:[\w-]{{1,40}}:)?{name}|\Z", re.IGNORECASE) for name in ("script", "style")}
_ENTITY = re.compile(r"<!ENTITY\s[^\"'<>]{0,100}[\"']([^\"'>]*)", re.IGNORECASE)
_SAID = re.compile(
    r"\s(?:alt|title|aria-label|placeholder|value|srcdoc|content)\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)')", re.IGNORECASE
)
_LONG_NUMBER = re.compile(r"&#(?:x0*[0-9a-f]{7,}|0*[0-9]{8,});?", re.IGNORECASE)
_LEADING_NOUGHTS = re.compile(r"&#(x?)0+(?=[0-9a-f])", re.IGNORECASE)
_MOST_SAID = 1000
_ODD_CASES = {"i": "\u0130\u0131", "k": "\u212a", "s": "\u017f"}  # other cases of ASCII's letters, to ``re``


def any_case(names: Iterable[str]) -> str:
    """A pattern for names in small letters and in capitals: what ``re.IGNORECASE`` would match, twice as fast."""
    by_first = dict[str, list[str]]()
    for name in names:
        by_first.setdefault(name[:1], []).append(name[1:])
    may_end = by_first.pop("", None) is not None
    ways = [f"{_either_case(first)}{any_case(rests)}" for first, rests in by_first.items()]
    if may_end or len(ways) > 1:
        return f"(?:{'|'.join(ways)}){'?' if may_end else ''}" if ways else ""
    return "".join(ways)


def _either_case(sign: str) -> str:
    return f"[{sign}{sign.upper()}{_ODD_CASES.get(sign, '')}]" if sign.isalpha() else sign


def text_of_html(text: str) -> str:
    """The words of an HTML document, hidden ones among them."""
    return entities_read("".join(_pieces(text, is_html=True)))


def text_of_xml(text: str) -> str:
    """The words of an XML document of any kind; HTML that stands in it as text is read as well."""
    plain = entities_read("".join(_pieces(text, is_html=False)))
    return text_of_html(plain) if re.search(r"</?[a-zA-Z]", plain) else plain


def words_of_attributes(text: str) -> str:
    """What attributes and entities say: the words of pictures, fields, and frames written in place."""
    said = [one or other for one, other in _SAID.findall(text)[:_MOST_SAID]]
    return text_of_html(entities_read(" \n".join([*said, *_ENTITY.findall(text)[:_MOST_SAID]])))


def entities_read(text: str) -> str:
    """``&eacute;`` and the like as the characters that they mean."""
    if "&#" in text:  # no browser knows such a number, and Python refuses to read it
        text = _LEADING_NOUGHTS.sub(r"&#\1", _LONG_NUMBER.sub("\ufffd", text))
    return html.unescape(text)


def _pieces(text: str, is_html: bool) -> Iterator[str]:
    begin, joining = 0, is_html or "http://www.w3.org/1999/xhtml" in text
    while piece := _PIECE.search(text, begin):
        yield text[begin : piece.start()]
        begin = piece.end()
        name = (piece["name"] or "").lower().rpartition(":")[2]
        if name in _RAW_ENDS and not piece["close"] and (is_html or not piece["given"].endswith("/")):
            end = _RAW_ENDS[name].search(text, begin)
            begin = end.start() if end else len(text)
        elif piece["cdata"]:
            yield piece["cdata"]
        elif name and (name in _APART if joining else name not in _INLINE):
            yield " \n"
    yield text[begin:]
