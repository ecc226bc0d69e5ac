"""A dict of so many entries at most, for what is worth remembering but can be had again."""

from collections import OrderedDict
from collections.abc import Hashable


class Kept[K: Hashable, V](OrderedDict[K, V]):
    """What was longest not asked for goes first."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def recall(self, key: K) -> V | None:
        """What is kept, if it is."""
        if key in self:
            self.move_to_end(key)
        return self.get(key)

    def keep(self, key: K, value: V) -> V:
        """Keep it, and return it."""
        self[key] = value
        self.move_to_end(key)
        if len(self) > self._most:
            self.popitem(last=False)
        return value
