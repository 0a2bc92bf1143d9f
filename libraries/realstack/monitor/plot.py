"""Plots of what was measured, as small inline SVGs for log.html."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from realstack.core import svg

WIDTH, HEIGHT = 760, 240
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 26, 30
MOST_POINTS = 240
"""Points of one line; of more, the extremes of each stretch are drawn."""
LEGEND_COLUMNS = 4


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a plot: its label and its points (seconds, value) by time."""

    label: str
    points: Sequence[tuple[float, float]]


def plot(
    title: str, unit: str, lines: Sequence[Line], bands: Mapping[str, tuple[float, float]] | None = None, *, axis: str = " s"
) -> str:
    """Draw lines over time, or over whatever the points' first figure is.

    Args:
        title: Of the plot.
        unit: Of the values.
        lines: What to draw; several services share one plot.
        bands: Stretches of time to point out, such as faults: label to begin and end.
        axis: What follows the figures below the plot: seconds by default.
    """
    drawn = [line for line in lines if line.points]
    if not drawn:
        return svg.document(WIDTH, 40, title, [svg.text(8, 24, f"{title}: nothing was measured.", kind="dim")])
    xs = [x for line in drawn for x, _ in line.points]
    ys = [y for line in drawn for _, y in line.points]
    begin = min(xs)
    end = max([*xs, begin + 0.001])
    low, high = _range(min(ys), max(ys))
    rows = (len(drawn) + LEGEND_COLUMNS - 1) // LEGEND_COLUMNS
    height = HEIGHT + 16 * rows

    def x_of(x: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (x - begin) / (end - begin)

    def y_of(y: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (y - low) / (high - low)

    parts = [f'<rect class="panel" x="{LEFT}" y="{TOP}" width="{WIDTH - LEFT - RIGHT}" height="{HEIGHT - TOP - BOTTOM}" rx="3"/>']
    parts.append(svg.text(LEFT, 16, f"{title} ({unit})" if unit else title))
    for tick in svg.ticks(low, high, 5):
        parts += [
            svg.rule(LEFT, y_of(tick), WIDTH - RIGHT, y_of(tick)),
            svg.text(LEFT - 6, y_of(tick) + 4, svg.short(tick), anchor="end"),
        ]
    for tick in svg.ticks(begin, end, 8):
        parts.append(svg.text(x_of(tick), HEIGHT - BOTTOM + 15, f"{tick:g}{axis}", anchor="middle", kind="dim"))
    for label, (left, right) in (bands or {}).items():
        a, b = x_of(max(left, begin)), x_of(min(right, end))
        if b > a:
            box = f'x="{svg.c(a)}" y="{TOP}" width="{svg.c(b - a)}" height="{HEIGHT - TOP - BOTTOM}"'
            parts.append(f'<rect class="band" {box}>{svg.tip(label)}</rect>')
    for number, line in enumerate(drawn):
        parts += _line(number, line, [(x_of(x), y_of(y)) for x, y in thin(line.points)], unit)
    return svg.document(WIDTH, height, title, parts)


def thin(points: Sequence[tuple[float, float]], most: int = MOST_POINTS) -> list[tuple[float, float]]:
    """Fewer points that look the same: of each stretch its lowest and its highest, in their order."""
    if len(points) <= most:
        return list(points)
    stretches = most // 2
    kept: list[tuple[float, float]] = []
    for number in range(stretches):
        chunk = points[number * len(points) // stretches : (number + 1) * len(points) // stretches]
        kept += sorted({min(chunk, key=lambda p: p[1]), max(chunk, key=lambda p: p[1])})
    return kept


def _range(low: float, high: float) -> tuple[float, float]:
    """The values' axis: from nought where that is near, with room above."""
    if low >= 0 and low < 0.5 * high:
        low = 0.0
    room = (high - low) * 0.06 or max(abs(high) * 0.05, 1.0)
    return (low if low == 0.0 else low - room), high + room


def _line(number: int, line: Line, points: Sequence[tuple[float, float]], unit: str) -> list[str]:
    path = "M" + "L".join(f"{svg.c(x)} {svg.c(y)}" for x, y in points)
    last = line.points[-1][1]
    dash = "" if number < svg.COLOURS else ' stroke-dasharray="5 3"'
    label = f"{line.label}: {svg.short(last)} {unit}".rstrip()
    drawn = f'<path d="{path}" fill="none" stroke="{svg.colour(number)}" stroke-width="1.6"{dash}>{svg.tip(label)}</path>'
    if len(points) == 1:
        drawn += f'<circle cx="{svg.c(points[0][0])}" cy="{svg.c(points[0][1])}" r="2.5" fill="{svg.colour(number)}"/>'
    x = LEFT + (number % LEGEND_COLUMNS) * (WIDTH - LEFT - RIGHT) / LEGEND_COLUMNS
    y = HEIGHT + 4 + 16 * (number // LEGEND_COLUMNS)
    key = f'<path d="M{svg.c(x)} {svg.c(y - 4)}h14" stroke="{svg.colour(number)}" stroke-width="3"{dash}/>'
    return [drawn, key, svg.text(x + 19, y, label, most=28)]
