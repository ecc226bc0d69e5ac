"""What was judged while it passed, and may pass again unread: a class fetches the same data thirty times.

Kept are digests of all that had come of an answer at some moment, and nothing of what it said. They hold for what else
the judgement hung on, too. What goes on otherwise than before is read from its beginning.
"""

from collections.abc import Callable
from hashlib import blake2b

from schoolgate.content.open_forms import GrowingJson, Sniffed, Text
from schoolgate.content.passing_text import Passing
from schoolgate.content.stream_forms import Form
from schoolgate.kept import Kept

_MOST = 8192  # digests
_LONGEST = 1 << 17  # bytes of an answer that are passed unread, for they may have to be read after all
_END = b"its end"


class Heard:
    """The digests of all answers of a worker."""

    def __init__(self, most: int = _MOST) -> None:
        self._known = Kept[bytes, bool](most)

    def again[T](self, form: Form, passing: Passing[T], about: str) -> "Reheard[T]":
        """An answer on its way; ``about`` is all that its judgement hangs on besides its bytes."""
        return Reheard(form, passing, self._known, about)


class Reheard[T]:
    """What ``passing`` does with the bytes of one answer, but for those that are known: they pass as they are."""

    def __init__(self, form: Form, passing: Passing[T], known: Kept[bytes, bool], about: str) -> None:
        self._form, self._passing, self._known = form, passing, known
        self._digest = blake2b(about.encode("utf-8", "backslashreplace") + b"\0", digest_size=16)
        self._unread: bytes | None = b""

    @property
    def cut(self) -> bool:
        """Whether nothing more passes."""
        return self._passing.cut

    @property
    def sound(self) -> bool:
        """As of ``Passing``."""
        return self._passing.sound

    def feed(self, chunk: bytes) -> tuple[bytes, T | None]:
        """What may pass on, and what the answer was cut for."""
        if not chunk and self._unread is not None:
            return b"", None  # of what was unpacked, nothing has come yet
        return self._pass(chunk, chunk, lambda: self._passing.feed(chunk))

    def end(self) -> tuple[bytes, T | None]:
        """The same for what was kept back. More may be fed after it."""
        return self._pass(b"", _END, self._passing.end)

    def _pass(self, chunk: bytes, told: bytes, judged: Callable[[], tuple[bytes, T | None]]) -> tuple[bytes, T | None]:
        self._digest.update(told)
        key = self._digest.digest()
        if self._unread is not None:
            if len(self._unread) + len(chunk) <= _LONGEST and self._known.recall(key):
                self._unread += chunk
                return chunk, None
            out, found = self._catch_up()
            if found is not None:
                return out, found
        out, found = judged()
        if found is None and _lets_go_of_all(self._form):
            self._known.keep(key, True)
        return out, found

    def _catch_up(self) -> tuple[bytes, T | None]:
        """Read what has passed unread; where it is held against the answer now, only the notice is left to pass."""
        unread, self._unread = self._unread or b"", None
        if not unread:
            return b"", None
        out, found = self._passing.feed(unread)
        differing = (at for at, (one, other) in enumerate(zip(out, unread, strict=False)) if one != other)
        return out[next(differing, len(unread)) :], found


def _lets_go_of_all(form: Form) -> bool:
    """Whether every byte has left when it was taken, so that nothing of it can be lost between two ways of passing."""
    return isinstance(form.told if isinstance(form, Sniffed) else form, (GrowingJson, Text))
