"""The file that a small trained model is shipped in: checked as a whole before anything of it is used.

A mark of eight bytes, a SHA-256 of all that follows, the header's length (4 bytes, little-endian), the header (JSON),
then the deflated sections that the header names. A damaged file is refused.
"""

import hashlib
import json
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

LANE = 24
"""Bits of a weight's lane: a weight is below 2**8, so 2**16 of them can be added before one lane runs into the next."""
_HASH = 32


class BadModel(ValueError):
    """The model file is missing, truncated or altered; the message says which and what to do."""


class Model:
    """A model that, handed to another process, is opened there when it is first asked, and once for all who hold it.

    Most processes of a gateway hold the settings and never judge anything: they are spared the memory.
    """

    path: Path

    def __reduce__(self) -> tuple[Any, ...]:
        return _handed, (type(self), self.path)

    def __getattr__(self, name: str) -> Any:
        """What only an opened model has. Raises BadModel."""
        if name.startswith("__") or "path" not in vars(self):
            raise AttributeError(name)
        vars(self).update(vars(opened(type(self), self.path)))
        return object.__getattribute__(self, name)


def _handed(kind: type[Model], path: Path) -> Model:
    model = kind.__new__(kind)
    model.path = path
    return model


def opened[M: Model](kind: Callable[[Path], M], path: Path) -> M:
    """The model of a file, opened once a process. Raises BadModel."""
    if path not in _OPENED:
        _OPENED[path] = kind(path)
    model: Any = _OPENED[path]
    return model  # type: ignore[no-any-return]


def put_away() -> None:
    """Let go of what opened models hold, where nothing is judged: who asks one after all opens it again."""
    for path, model in list(_OPENED.items()):
        vars(model).clear()
        model.path = path
    _OPENED.clear()


_OPENED: dict[Path, Model] = {}


def read_model(path: Path, mark: bytes, what: str) -> tuple[dict[str, Any], dict[str, bytes], str]:
    """The header, the sections and the version of a model file; ``what`` names it in messages. Raises BadModel."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadModel(f"{path}: {error.strerror or error}; install schoolgate again") from error
    said, body = data[len(mark) : len(mark) + _HASH], data[len(mark) + _HASH :]
    found = hashlib.sha256(body)
    if not data.startswith(mark) or said != found.digest():
        raise BadModel(f"{path}: not a whole {what}; install schoolgate again")
    size = int.from_bytes(body[:4], "little")
    header: dict[str, Any] = json.loads(body[4 : 4 + size])
    sections, place = {}, 4 + size
    for name, length in header["sections"]:
        sections[name] = zlib.decompress(body[place : place + length])
        place += length
    return header, sections, found.hexdigest()[:12]


def save_model(path: Path, mark: bytes, header: dict[str, Any], sections: dict[str, bytes]) -> None:
    """Write a model file; ``header`` holds all that its reader needs but the sections' sizes."""
    packed = {name: zlib.compress(section, 9) for name, section in sections.items()}
    head = json.dumps({**header, "sections": [(n, len(p)) for n, p in packed.items()]}, sort_keys=True).encode()
    body = len(head).to_bytes(4, "little") + head + b"".join(packed.values())
    path.write_bytes(mark + hashlib.sha256(body).digest() + body)


def lanes_of(planes: bytes, classes: int) -> Iterator[int]:
    """One whole number a feature: a 1 (so that their sum also counts them), then one weight a class, a lane each.

    ``planes`` holds the weights of all features for the first class, then for the next, a byte each. Features of equal
    weights get the same number, which is there once: of names, five in six do.
    """
    features = len(planes) // classes
    step = (classes + 1) * LANE // 8
    lanes = bytearray(features * step)
    lanes[0::step] = b"\1" * features
    for number in range(classes):
        lanes[(number + 1) * LANE // 8 :: step] = planes[number * features : (number + 1) * features]
    known: dict[int, int] = {}
    for i in range(0, len(lanes), step):
        lane = int.from_bytes(lanes[i : i + step], "little")
        yield known.setdefault(lane, lane)
