"""Puts one line into ``local/allow.yaml``, or takes it out again, and leaves every other byte of the file as it is.

The parser only says where things stand; the text itself is never written anew, so comments, order, quotes, blank lines
and line ends stay. What comes out is read again: it must say what the file said before, and the one line more or less.
"""

from dataclasses import dataclass

import yaml

from schoolgate.lists.entry import Entry, entry
from schoolgate.policy.request import BadAddress

_HEADER = "# Sites that this school allows, whatever any list says (the domain and all below it, or host/path).\n"
_NEW = f"{_HEADER}title: Allowed by the school\n"
_LONGEST_COMMENT = 300
_BLOCK_TEXTS = ("|", ">")


class NoEdit(Exception):
    """The line cannot be put in or taken out; ``line`` is where the reason stands, 0 for the file as a whole."""

    def __init__(self, line: int, words: str) -> None:
        super().__init__(words)
        self.line = line


@dataclass(frozen=True, slots=True)
class _Found:
    """An entry of the file: the list that it is in, its place there, and its node."""

    key: yaml.ScalarNode
    sequence: yaml.SequenceNode
    number: int
    node: yaml.Node
    entry: Entry


def with_entry(text: str, added: Entry, comment: str) -> str:
    """The text with one entry more, on a line of its own that ends in the comment. Raises NoEdit."""
    if found := _find(text, added):
        raise NoEdit(_line(found.node), f"{added} is allowed already")
    key, line = "urls" if added.path else "domains", f"{_scalar(added)}"
    remark = f"  # {in_one_line(comment)}"
    end = "\r\n" if "\r\n" in text else "\n"
    root = _compose(text)
    if root is None:
        return _with_list(text or _NEW, len(text or _NEW), f"{key}:{end}- {line}{remark}", end)
    if not isinstance(root, yaml.MappingNode):
        raise NoEdit(1, "is not made of 'key: value' lines")
    for name, value in root.value:
        if name.value == key and isinstance(value, yaml.SequenceNode):
            return _into(text, name, value, line, remark, end)
    if root.flow_style or not root.value:
        raise NoEdit(_line(root), f"has no {key}: list; write one, each on a line of its own")
    last = root.value[-1][1]
    if isinstance(last, yaml.ScalarNode) and last.style in _BLOCK_TEXTS and not text.endswith("\n"):
        raise NoEdit(_line(last), "ends in the middle of a text; end the file with a line break")
    indent = " " * root.start_mark.column
    new = f"{indent}{key}:{end}{indent}- {line}{remark}"
    return _with_list(text, _end_of_line(text, _end_of(text, last)), new, end)


def without_entry(text: str, removed: Entry) -> str:
    """The text without the line of one entry, as it was before the entry came. Raises NoEdit."""
    found = _find(text, removed)
    if found is None:
        raise NoEdit(0, f"does not allow {removed} any more")
    start = text.rfind("\n", 0, found.node.start_mark.index) + 1
    stop = _end_of_line(text, found.node.end_mark.index)
    alone = text[start : found.node.start_mark.index].strip(" \t")
    rest = text[found.node.end_mark.index : stop].strip().removeprefix(",").strip()
    if alone not in ("", "-") or (rest and not rest.startswith("#")):
        raise NoEdit(_line(found.node), f"{removed} shares its line with something else; take it out there by hand")
    if found.sequence.flow_style:
        return _out_of_flow(text, found, start, stop)
    if is_new := _is_new(text, found, start):
        start = text.rfind("\n", 0, found.key.start_mark.index) + 1
    if stop == len(text) and not text.endswith("\n"):  # the file ends as it did: without a line break
        start = len(text[:start].removesuffix("\n").removesuffix("\r"))
    left = text[:start] + text[stop:]
    if len(found.sequence.value) > 1 or is_new:
        return left
    colon = text.index(":", found.key.end_mark.index) + 1
    return f"{left[:colon]} []{left[colon:]}"


def in_one_line(comment: str) -> str:
    """Words as they may stand behind a comment sign: one line, nothing unseen in it, not endless."""
    line = " ".join("".join(c if c.isprintable() else " " for c in comment).split())
    return line if len(line) <= _LONGEST_COMMENT else line[: _LONGEST_COMMENT - 1] + "…"


def _with_list(text: str, place: int, new: str, end: str) -> str:
    """A list that the file lacked: its item stands right below the key, by which ``_is_new`` knows it again."""
    before, after = ("", end) if text[:place].endswith("\n") else (end, "")
    return f"{text[:place]}{before}{new}{after}{text[place:]}"


def _is_new(text: str, found: _Found, start: int) -> bool:
    """Whether the list of an entry came with it, and goes with it: ``start`` is where the line of the entry begins."""
    key = found.key.start_mark
    alone = len(found.sequence.value) == 1 and text[key.index : start].rstrip("\r\n") == f"{found.key.value}:"
    return alone and text[start : start + key.column + 1] == f"{' ' * key.column}-"


def _into(text: str, key: yaml.ScalarNode, value: yaml.SequenceNode, line: str, remark: str, end: str) -> str:
    """One item more: at the end of a list that is written item by item, at the beginning of one in brackets."""
    if not value.flow_style:
        place = _end_of_line(text, _end_of(text, value))
        dash = text[text.rfind("\n", 0, value.value[0].start_mark.index) + 1 : value.value[0].start_mark.index]
        if dash.strip(" ") != "-":
            raise NoEdit(_line(value), "begins its list in a way that cannot be continued; write '- ' lines")
        before, after = ("", end) if text[:place].endswith("\n") else (end, "")
        return f"{text[:place]}{before}{dash}{line}{remark}{after}{text[place:]}"
    opening, closing = value.start_mark.index, value.end_mark.index
    colon = text.index(":", key.end_mark.index) + 1
    if text[colon:closing] == " []":
        place = _end_of_line(text, closing)
        kept = text[closing:place]
        before, after = ("", end) if kept.endswith("\n") else (end, "")
        indent = " " * key.start_mark.column
        return f"{text[:colon]}{kept}{before}{indent}  - {line}{remark}{after}{text[place:]}"
    inside = opening + 1
    return f"{text[:inside]}{end}  {line},{remark}{end}{'' if text[inside] in '\r\n' else '  '}{text[inside:]}"


def _out_of_flow(text: str, found: _Found, start: int, stop: int) -> str:
    """Also the line break, where the line had been put in behind the bracket."""
    end = "\r\n" if text[:start].endswith("\r\n") else "\n"
    before = text[: start - len(end)]
    if found.number == 0 and before.endswith("["):
        after = text[stop:]
        return before + (after[2:] if after.startswith("  ") else after)
    return text[:start] + text[stop:]


def _find(text: str, wanted: Entry) -> _Found | None:
    root = _compose(text)
    for key, value in root.value if isinstance(root, yaml.MappingNode) else ():
        if key.value in ("domains", "urls") and isinstance(value, yaml.SequenceNode):
            for number, node in enumerate(value.value):
                try:
                    read = entry(str(node.value))
                except BadAddress:
                    continue
                if read == wanted:
                    return _Found(key, value, number, node, read)
    return None


def _compose(text: str) -> yaml.Node | None:
    try:
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise NoEdit(mark.line + 1 if mark else 0, f"is not valid YAML: {error.problem or error.context}") from None
    except (yaml.YAMLError, RecursionError) as error:
        raise NoEdit(0, f"is not valid YAML: {str(error).splitlines()[0]}") from None


def _end_of(text: str, node: yaml.Node) -> int:
    """Where the last thing of a node ends; the parser's own end of a block lies behind the comments after it."""
    if isinstance(node, yaml.SequenceNode) and node.value and not node.flow_style:
        return _end_of(text, node.value[-1])
    if isinstance(node, yaml.MappingNode) and node.value and not node.flow_style:
        return _end_of(text, node.value[-1][1])
    end = int(node.end_mark.index)
    if isinstance(node, yaml.ScalarNode) and node.style in _BLOCK_TEXTS:
        return len(text[:end].rstrip())
    return end


def _end_of_line(text: str, place: int) -> int:
    """Behind the line break of the line, or the end of the text."""
    at = text.find("\n", place)
    return len(text) if at < 0 else at + 1


def _scalar(added: Entry) -> str:
    """As YAML; addresses with signs that mean something there stand in quotes."""
    text = str(added)
    plain = text.replace(".", "").replace("-", "").replace("/", "").replace("_", "")
    is_plain = plain.isascii() and plain.isalnum() and text[0].isalnum() and not text.replace(".", "").isdigit()
    return text if is_plain else "'" + text.replace("'", "''") + "'"


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
