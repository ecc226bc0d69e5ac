"""What duties know of a flow or a connection besides, kept at the object itself, with which it goes."""

from itertools import count
from typing import overload

_NUMBERS = count()


class Attached[K, V]:
    """Values by object, as a ``WeakKeyDictionary`` would keep them, but several times faster; it lists none."""

    def __init__(self) -> None:
        self._name = f"schoolgate's {next(_NUMBERS)}"

    def __getitem__(self, key: K) -> V:
        found: V = key.__dict__[self._name]
        return found

    def __setitem__(self, key: K, value: V) -> None:
        key.__dict__[self._name] = value

    def __contains__(self, key: K) -> bool:
        return self._name in key.__dict__

    @overload
    def get(self, key: K) -> V | None: ...
    @overload
    def get(self, key: K, default: V) -> V: ...
    def get(self, key: K, default: V | None = None) -> V | None:
        """The value, or ``default``."""
        found: V | None = key.__dict__.get(self._name, default)
        return found

    @overload
    def pop(self, key: K, default: None) -> V | None: ...
    @overload
    def pop(self, key: K, default: V) -> V: ...
    def pop(self, key: K, default: V | None) -> V | None:
        """Take the value away; it, or ``default``."""
        found: V | None = key.__dict__.pop(self._name, default)
        return found


class Marks[K]:
    """Objects that are marked, as a ``WeakSet`` would keep them."""

    def __init__(self) -> None:
        self._name = f"schoolgate's {next(_NUMBERS)}"

    def __contains__(self, key: K) -> bool:
        return self._name in key.__dict__

    def add(self, key: K) -> None:
        """Mark it."""
        key.__dict__[self._name] = True

    def discard(self, key: K) -> None:
        """Take its mark away, if it has one."""
        key.__dict__.pop(self._name, None)
