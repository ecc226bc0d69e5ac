"""Words that came from outside, made fit for a mail: one line, nothing invisible, nothing that can be clicked."""

import re
import unicodedata

_LONGEST = 300  # characters
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_DOT_INSIDE = re.compile(r"(?<=[^\s.])\.(?=[^\s.])")


def plain(words: str) -> str:
    """One line of what can be seen; what was cut off ends in an ellipsis."""
    seen = "".join(" " if unicodedata.category(letter) in _INVISIBLE else letter for letter in words)
    line = " ".join(seen.split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"


def out_of_reach(words: str) -> str:
    """The same, written so that no mail program makes a link of it: ``example[.]com``, ``https[:]//``."""
    return _DOT_INSIDE.sub("[.]", plain(words).replace("://", "[:]//")).replace("@", "[at]")
