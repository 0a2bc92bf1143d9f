"""A load's results for people: a table, and a picture of every latency over time."""

from __future__ import annotations

import math
from collections.abc import Callable

from realstack.core import svg
from realstack.core.table import html_table
from realstack.load.results import LONGEST_GAP, Results, Series
from realstack.secrets import secrets

WIDTH, HEIGHT = 760, 240
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 28, 30
PERCENTILES = (50.0, 95.0, 99.0)
_Scale = Callable[[float], float]


def milliseconds(seconds: float) -> str:
    """A latency as people read it."""
    if math.isinf(seconds):
        return "never"
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.1f} ms"


def summary(name: str, results: Results) -> str:
    """The figures in a few lines of plain text."""
    lines = [
        f"Load '{name}': {results.users} users, {results.planned} iterations planned, {results.begun} begun, "
        f"{results.done} went well, {sum(results.errors.values())} errors, {results.sent} frames sent, {results.seconds:.2f} s."
    ]
    for measure, series in results.measures.items():
        told = ", ".join(f"p{percent:g} {milliseconds(series.percentile(percent))}" for percent in PERCENTILES)
        never = f" and {series.missing} that never came" if series.missing else ""
        count, worst = f"{series.count} latencies{never}", milliseconds(series.worst)
        since = "" if measure.endswith(LONGEST_GAP) else " (from the planned time)"
        lines.append(f"{measure}: {count}, {told}, worst {worst}{since}")
    if results.workers:
        lines.append(results.workers)
    lines += results.lost
    if results.lag.count:
        p99, worst = milliseconds(results.lag.percentile(99)), milliseconds(results.lag.worst)
        lines.append(f"The generator's own lag: p99 {p99}, worst {worst}; allowed {milliseconds(results.most_lag)}.")
    lines.append(f"Errors: {results.told_errors()}")
    return secrets.scrub("\n".join(lines))


def table(results: Results) -> str:
    """The latencies as an HTML table."""
    rows = []
    for name, series in [*results.measures.items(), ("generator's lag", results.lag)]:
        row: dict[str, object] = {"measure": name, "count": series.count, "never came": series.missing or ""}
        if series.count:
            row["mean"] = milliseconds(series.mean)
            row |= {f"p{percent:g}": milliseconds(series.percentile(percent)) for percent in PERCENTILES}
            row["worst"] = milliseconds(series.worst)
        rows.append(row)
    return html_table(("measure", "count", "never came", "mean", *(f"p{percent:g}" for percent in PERCENTILES), "worst"), rows)


def picture(name: str, results: Results) -> str:
    """Every latency at its planned time, as an inline SVG; errors are marked at the bottom."""
    drawn = {measure: series for measure, series in results.measures.items() if series.points}
    if not drawn:
        return svg.document(WIDTH, 40, name, [svg.text(8, 24, f"{name}: nothing was measured.", kind="dim")])
    points = [point for series in drawn.values() for point in series.points]
    end = max([at for at, _ in points] + [failure.at for failure in results.failures] + [0.1])
    high = max(seconds for _, seconds in points) * 1.1

    def x_of(at: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * max(at, 0.0) / end

    def y_of(seconds: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * seconds / high

    parts = [f'<rect class="panel" x="{LEFT}" y="{TOP}" width="{WIDTH - LEFT - RIGHT}" height="{HEIGHT - TOP - BOTTOM}" rx="3"/>']
    parts.append(svg.text(LEFT, 16, f"{name}: latency from the planned time (ms) over that time (s)"))
    for tick in svg.ticks(0, high * 1000, 5):
        y = y_of(tick / 1000)
        parts += [svg.rule(LEFT, y, WIDTH - RIGHT, y), svg.text(LEFT - 6, y + 4, svg.short(tick), anchor="end")]
    for tick in svg.ticks(0, end, 8):
        parts.append(svg.text(x_of(tick), HEIGHT - 12, svg.short(tick), anchor="middle", kind="dim"))
    for number, (measure, series) in enumerate(drawn.items()):
        parts += _dots(measure, series, svg.colour(number), x_of, y_of)
        parts.append(_legend(number, measure, series))
    for failure in results.failures:
        x = x_of(failure.at)
        mark = f"M{svg.c(x - 3)} {HEIGHT - BOTTOM - 7}l6 6m0 -6l-6 6"
        words = secrets.scrub(f"{failure.kind}: {failure.user}, {failure.step}")
        parts.append(f'<path class="bad" style="stroke-width:1.5" d="{mark}">{svg.tip(words)}</path>')
    return svg.document(WIDTH, HEIGHT + 16 * len(drawn), name, parts)


def _dots(measure: str, series: Series, colour: str, x_of: _Scale, y_of: _Scale) -> list[str]:
    dots = "".join(f"M{svg.c(x_of(at))} {svg.c(y_of(seconds))}h0" for at, seconds in series.points)
    stroke = f"stroke:{colour};fill:none"
    drawn = [f'<path d="{dots}" style="{stroke};stroke-width:4;stroke-linecap:round;opacity:.7">{svg.tip(measure)}</path>']
    p99 = series.percentile(99)
    if math.isfinite(p99):
        line = f"M{LEFT} {svg.c(y_of(p99))}H{WIDTH - RIGHT}"
        drawn.append(f'<path d="{line}" style="{stroke};stroke-dasharray:4 3">{svg.tip(f"p99 of {measure}")}</path>')
    return drawn


def _legend(number: int, measure: str, series: Series) -> str:
    y = HEIGHT + 8 + 16 * number
    told = "  ".join(f"p{percent:g} {milliseconds(series.percentile(percent))}" for percent in PERCENTILES)
    mark = f'<path d="M{LEFT} {y - 4}h0" style="stroke:{svg.colour(number)};stroke-width:8;stroke-linecap:round"/>'
    words = f"{measure}: {series.count} latencies, {told}, worst {milliseconds(series.worst)} (dashed: p99)"
    return mark + svg.text(LEFT + 10, y, words, most=110)
