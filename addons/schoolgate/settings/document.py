"""Reads one YAML file strictly: every scalar stays the text that was written, and every place keeps its line.

PyYAML's own loaders read ``8:45`` as 525, ``no`` as False, ``07`` as 7, and keep the last of two equal keys. Here
nodes are composed only; what a text means is decided by the type that its place is declared to have.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

from schoolgate.settings.faults import Fault, SettingsError, unknown

_NULL = "tag:yaml.org,2002:null"
_LARGEST = 16 * 1024 * 1024
_DEEPEST = 20
_SECRETS = "alerts.yaml"  # people write the secret address of a channel where the name of its file belongs
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s'\"]*")
Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A file's tree of dict, list, str and None, with the line of each place."""

    name: str
    tree: Any
    lines: dict[Place, int]

    def fault(self, place: Place, words: str) -> Fault:
        """A fault at a place, or at the nearest place above it that has a line; it is recorded, and mailed."""
        if self.name.endswith(_SECRETS):
            words = _ADDRESS.sub("…", words)
        for end in range(len(place), -1, -1):
            if place[:end] in self.lines:
                return Fault(self.name, self.lines[place[:end]], words)
        return Fault(self.name, 0, words)

    def read[M: BaseModel](self, model: type[M]) -> M:
        """The tree as a model. Raises SettingsError with every fault."""
        try:
            return model.model_validate({} if self.tree is None else self.tree)
        except ValidationError as error:
            raise SettingsError(self._translate(item, model) for item in error.errors()) from None

    def _translate(self, item: Any, model: type[BaseModel]) -> Fault:
        place: Place = tuple(part for part in item["loc"] if part != "[key]")
        given = item.get("input")
        match item["type"]:
            case "extra_forbidden":
                words = unknown("key", str(place[-1]), _keys_at(model, place[:-1]))
            case "missing":
                words = f"{str(place[-1])!r} is missing"
            case "model_type" | "dict_type" | "model_attributes_type":
                words = f"{_shown(given)} stands where 'key: value' lines are needed"
            case "list_type" | "tuple_type":
                words = f"{_shown(given)} stands where a list like [a, b] is needed"
            case "enum" | "literal_error":
                choices = [part.strip("' ") for part in item["ctx"]["expected"].replace(" or ", ", ").split(",")]
                words = unknown("value", given, choices) if isinstance(given, str) else f"{_shown(given)} will not do"
            case "value_error":
                words = str(item["ctx"]["error"])
            case "bool_parsing" | "bool_type":
                words = f"{_shown(given)} is neither true nor false"
            case "string_type":
                words = f"{_shown(given)} stands where a text is needed"
            case "date_from_datetime_parsing" | "date_parsing" | "date_type":
                words = f"{_shown(given)} is no date; write it like 2026-09-02"
            case "too_short":
                words = "is empty; at least one has to stand here"
            case "string_too_short":
                words = "is empty; write something"
            case "too_long" | "string_too_long":
                most = item["ctx"]["max_length"]
                words = (
                    f"{_shown(given)} is too long; at most {most} {'letters' if isinstance(given, str) else 'entries'}"
                )
            case "string_pattern_mismatch":
                words = f"{_shown(given)} is not written as it has to be; 'schoolgate config schema' shows how"
            case _:
                words = f"{_shown(given)}: {item['msg'].lower()}"
        return self.fault(place, words)


def read_document(path: Path, name: str) -> Document:
    """Read a file as a Document called ``name`` in messages. Raises SettingsError."""
    try:
        if path.exists() and not path.is_file():
            raise SettingsError([Fault(name, 0, "is no file")])
        data = path.read_bytes()
    except OSError as error:
        raise SettingsError([Fault(name, 0, f"cannot be read: {error.strerror or error}")]) from None
    if len(data) > _LARGEST:
        raise SettingsError([Fault(name, 0, "is larger than 16 MB; put long lists into a file of their own (sources)")])
    try:
        text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise SettingsError([Fault(name, line, "is not UTF-8 text; save the file as UTF-8")]) from None
    return parse_document(text, name)


def parse_document(text: str, name: str) -> Document:
    """A text as a Document called ``name`` in messages. Raises SettingsError."""
    reader = _Reader(name)
    try:
        _refuse_depth(text, name)
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        words = f"is not valid YAML: {error.problem or error.context}"
        raise SettingsError([Fault(name, mark.line + 1 if mark else 0, words)]) from None
    except (yaml.YAMLError, RecursionError) as error:
        raise SettingsError([Fault(name, 0, f"is not valid YAML: {str(error).splitlines()[0]}")]) from None
    tree = reader.walk(node, ()) if node is not None else None
    if reader.faults:
        raise SettingsError(reader.faults)
    return Document(name, tree, reader.lines)


def _refuse_depth(text: str, name: str) -> None:
    """The composer recurses in C, where too deep a file would end the process: count first."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise SettingsError(
                [Fault(name, event.start_mark.line + 1 if event.start_mark else 0, "is nested too deeply")]
            )


class _Reader:
    def __init__(self, name: str) -> None:
        self.name = name
        self.lines: dict[Place, int] = {}
        self.faults: list[Fault] = []
        self._seen: set[int] = set()

    def walk(self, node: yaml.Node, place: Place) -> Any:
        line = node.start_mark.line + 1
        self.lines.setdefault(place, line)
        if id(node) in self._seen:
            self.faults.append(Fault(self.name, line, "repeats another place (*alias); write it out instead"))
            return None
        self._seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, place)
        if isinstance(node, yaml.SequenceNode):
            return [self.walk(child, (*place, number)) for number, child in enumerate(node.value)]
        if node.tag == _NULL and isinstance(node, yaml.ScalarNode) and not node.style:
            return None
        return str(node.value)

    def _mapping(self, node: yaml.MappingNode, place: Place) -> dict[str, Any]:
        tree: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                self.faults.append(Fault(self.name, line, "a key must be a plain word"))
                continue
            key = str(key_node.value)
            if key in tree:
                first = self.lines[(*place, key)]
                self.faults.append(Fault(self.name, line, f"key {key!r} stands here twice (first in line {first})"))
                continue
            self.lines[(*place, key)] = line
            tree[key] = self.walk(value_node, (*place, key))
        return tree


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a block of keys"
    if isinstance(value, list):
        return "a list"
    return repr(value if len(str(value)) <= 80 else str(value)[:79] + "…")


def _keys_at(model: Any, place: Place) -> list[str]:
    """The keys that a model knows at a place, to suggest one for a misspelt key."""
    for part in place:
        if isinstance(model, type) and issubclass(model, BaseModel):
            names = {field.alias or name: field for name, field in model.model_fields.items()}
            model = names[part].annotation if isinstance(part, str) and part in names else None
        else:
            inner = [arg for arg in get_args(model) if arg not in (str, type(None), Ellipsis)]
            model = inner[0] if inner else None
        inner_models = [arg for arg in get_args(model) if isinstance(arg, type) and issubclass(arg, BaseModel)]
        if type(None) in get_args(model) and inner_models:
            model = inner_models[0]
    if isinstance(model, type) and issubclass(model, BaseModel):
        return [field.alias or name for name, field in model.model_fields.items()]
    return []
