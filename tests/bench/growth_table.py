"""A curve as a table: one line for each size, and behind each figure its ratio to the first line's."""

import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field


def progress(words: str) -> None:
    """A line for those who wait, apart from the tables."""
    print(f"[{time.strftime('%H:%M:%S')}, load {os.getloadavg()[0]:.1f}] {words} ...", file=sys.stderr, flush=True)


@dataclass
class Table:
    """``columns`` are pairs of a title and how its figures are written, like ``{:,.1f} ms``."""

    title: str
    sizes: str
    columns: Sequence[tuple[str, str]]
    _lines: list[tuple[str, list[float | None]]] = field(default_factory=list[tuple[str, list[float | None]]])

    def add(self, size: int | str, *figures: float | None) -> None:
        """One line; None is what could not be measured."""
        assert len(figures) == len(self.columns), self.title
        self._lines.append((f"{size:,}" if isinstance(size, int) else size, list(figures)))

    def show(self) -> None:
        """Print what was added."""
        heads = [self.sizes, *(title for title, _ in self.columns)]
        lines = [heads, *([size, *map(self._cell, range(len(figures)), figures)] for size, figures in self._lines)]
        widths = [max(len(line[place]) for line in lines) for place in range(len(heads))]
        print(f"\n{self.title}")
        for line in lines:
            print("  " + "   ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)))
        sys.stdout.flush()

    def _cell(self, place: int, figure: float | None) -> str:
        first = self._lines[0][1][place]
        if figure is None:
            return "-"
        ratio = f" x{figure / first:.3g}" if first else ""
        return f"{self.columns[place][1].format(figure)}{ratio:>8}"
