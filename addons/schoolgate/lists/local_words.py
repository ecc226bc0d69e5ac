"""The school's own word on sites: ``local/allow.yaml`` and ``local/block.yaml``, above every list.

They stand beside the compiled index, not in it, so that an edit is in force at once, however many lists there are.
"""

from collections.abc import Iterable

from schoolgate.lists.entry import Entry, covers
from schoolgate.policy.rules import Action, Hit

LOCAL = "local"
_Word = tuple[str, Action, Hit]


class LocalWords:
    """Looks up what the school has said; the longest entry wins, and a block wins over an equal allow."""

    def __init__(self, allow: Iterable[Entry] = (), block: Iterable[Entry] = ()) -> None:
        self._words: dict[str, list[_Word]] = {}
        for action, entries in ((Action.BLOCK, block), (Action.ALLOW, allow)):
            for entry in entries:
                word = (entry.path, action, Hit(LOCAL, f"local/{action}", str(entry)))
                self._words.setdefault(entry.host, []).append(word)

    def __bool__(self) -> bool:
        return bool(self._words)

    def blocked_in_part(self) -> frozenset[str]:
        """The hosts of which the school has blocked a part."""
        return frozenset(
            host
            for host, words in self._words.items()
            if any(path and action is Action.BLOCK for path, action, _ in words)
        )

    def hangs_on_path(self, host: str) -> bool:
        """Whether the school has said something of a part of a host, or of one above it."""
        name = host
        while name:
            if any(path for path, *_ in self._words.get(name, ())):
                return True
            name = name.partition(".")[2]
        return False

    def word(self, host: str, target: str) -> tuple[Action, Hit] | None:
        """The school's last word on a host and a match target, or None."""
        name = host
        while name:
            said = [word for word in self._words.get(name, ()) if covers(word[0], target)]
            if said:
                _, action, hit = max(said, key=lambda word: (len(word[0]), word[1] is Action.BLOCK))
                return action, hit
            name = name.partition(".")[2]
        return None
