"""Small charts as inline SVG: bars and lines, with every number in figures, so that they read without colour.

Pure: from labels and numbers to a text. Each chart has a title and a description for who does not see it, loads
nothing and needs no style sheet. Where a mail program shows no SVG, ``alerting.drawings`` makes a picture of it.
"""

from collections.abc import Iterable, Sequence

from markupsafe import Markup, escape

_INK, _BAR, _PALE = "#1b1b1b", "#1d4f91", "#595959"
_FONT = 'font-family="DejaVu Sans, Arial, Helvetica, sans-serif"'
_WIDTH = 640
_LABEL, _FIGURE = 230, 70  # of a bar chart's width
_ROW = 26
_LONGEST = 26  # letters of a label
_HIGH = 150  # of a line chart


def bars(title: str, rows: Iterable[tuple[str, int]], most: int = 12) -> Markup:
    """Horizontal bars, the figure behind each; the rows beyond ``most`` are added up in one. "" for no rows."""
    told = [(str(label), int(number)) for label, number in rows]
    if len(told) > most:
        rest = told[most - 1 :]
        told = [*told[: most - 1], (f"{len(rest)} others", sum(number for _, number in rest))]
    if not told:
        return Markup()
    largest = max(1, *(number for _, number in told))
    room = _WIDTH - _LABEL - _FIGURE
    drawn = []
    for place, (label, number) in enumerate(told):
        y, length = place * _ROW, round(room * number / largest, 1)
        drawn.append(_text(_LABEL - 8, y + 17, _cut(label), "end"))
        drawn.append(f'<rect x="{_LABEL}" y="{y + 4}" width="{length}" height="{_ROW - 8}" fill="{_BAR}"/>')
        drawn.append(_text(_LABEL + length + 6, y + 17, f"{number:,}"))
    words = "; ".join(f"{label}: {number:,}" for label, number in told)
    return _svg(title, words, len(told) * _ROW + 4, drawn)


def line(title: str, rows: Iterable[tuple[str, int]], before: Sequence[int] = ()) -> Markup:
    """A line over time with its first, highest and last figure; ``before`` is the time before, dashed. "" for none."""
    told = [(str(label), int(number)) for label, number in rows]
    if not told:
        return Markup()
    largest = max(1, *(number for _, number in told), *before)
    xs = _places(max(len(told), len(before)))
    drawn = [f'<line x1="40" y1="{_HIGH}" x2="{_WIDTH - 40}" y2="{_HIGH}" stroke="{_PALE}"/>']
    if before:
        dashed = _points(xs, before, largest)
        drawn.append(
            f'<polyline points="{dashed}" fill="none" stroke="{_PALE}" stroke-dasharray="6 4" stroke-width="2"/>'
        )
    drawn.append(_polyline(xs, [number for _, number in told], largest))
    numbers = [number for _, number in told]
    for place in sorted({0, numbers.index(max(numbers)), len(numbers) - 1}):
        x, y = xs[place], _height(numbers[place], largest)
        drawn.append(f'<circle cx="{x}" cy="{y}" r="4" fill="{_BAR}"/>')
        drawn.append(_text(x, y - 9, f"{numbers[place]:,}", "middle"))
    drawn.append(_text(xs[0], _HIGH + 18, _cut(told[0][0]), "start" if len(told) > 1 else "middle"))
    if len(told) > 1:
        drawn.append(_text(xs[len(told) - 1], _HIGH + 18, _cut(told[-1][0]), "end"))
    words = "; ".join(f"{label}: {number:,}" for label, number in told)
    if before:
        drawn.append(_text(_WIDTH - 40, 12, "dashed: the time before", "end"))
        words += "; the time before: " + ", ".join(f"{number:,}" for number in before)
    return _svg(title, words, _HIGH + 26, drawn)


def _places(number: int) -> list[float]:
    if number == 1:
        return [_WIDTH / 2]
    return [round(50 + place * (_WIDTH - 100) / (number - 1), 1) for place in range(number)]


def _height(number: int, largest: int) -> float:
    return round(_HIGH - (_HIGH - 40) * number / largest, 1)


def _points(xs: Sequence[float], numbers: Sequence[int], largest: int) -> str:
    return " ".join(f"{x},{_height(number, largest)}" for x, number in zip(xs, numbers, strict=False))


def _polyline(xs: Sequence[float], numbers: Sequence[int], largest: int) -> str:
    return f'<polyline points="{_points(xs, numbers, largest)}" fill="none" stroke="{_BAR}" stroke-width="3"/>'


def _text(x: float, y: float, words: str, anchor: str = "start") -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}" font-size="14" {_FONT} fill="{_INK}">{escape(words)}</text>'


def _cut(label: str) -> str:
    return label if len(label) <= _LONGEST else f"{label[: _LONGEST - 1]}…"


def _svg(title: str, words: str, height: int, drawn: Iterable[str]) -> Markup:
    """The picture; its background is white, so that it also reads in a dark mail program."""
    return Markup(
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {_WIDTH} {height}" '
        f'width="{_WIDTH}" height="{height}" style="max-width:100%;height:auto">'
        f"<title>{escape(title)}</title><desc>{escape(words)}</desc>"
        f'<rect width="{_WIDTH}" height="{height}" fill="#fff"/>{"".join(drawn)}</svg>'
    )  # fmt: skip
