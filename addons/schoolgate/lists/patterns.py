"""Regular expressions of lists, all matched in one pass and in time that grows with the text only (RE2)."""

from collections.abc import Iterable, Iterator

import re2

Pattern = tuple[str, str, str, str]
"""A regular expression: (how, pattern, category, list)."""
_MEMORY = 256 << 20  # bytes that one set of patterns may take while matching


def pattern_options(memory: int = _MEMORY) -> re2.Options:
    """How lists' regular expressions are read: without regard to case, and in bounded memory (bytes)."""
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = memory
    return options


class Patterns:
    """The expressions of one kind; ``how`` is HOST_PATTERN or URL_PATTERN."""

    def __init__(self, patterns: Iterable[Pattern], how: str) -> None:
        self._says = [(pattern, category, source) for kind, pattern, category, source in patterns if kind == how]
        if self._says:
            self._set = re2.Set.SearchSet(pattern_options())
            for pattern, _, _ in self._says:
                self._set.Add(pattern)
            self._set.Compile()

    def match(self, text: str) -> Iterator[tuple[str, str, str]]:
        """(pattern, category, list) of every expression that is found in the text."""
        if self._says:
            yield from (self._says[number] for number in self._set.Match(text) or ())
