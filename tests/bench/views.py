"""The figures in columns for the console, and as a page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from pages import page, table

from .measure import Figure


def digits(value: float) -> str:
    """A value with three digits that mean something."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _spread(figure: Figure) -> str:
    return "" if figure.low == figure.high else f"{digits(figure.low)} to {digits(figure.high)}"


def _ratio(figure: Figure) -> str:
    return "" if figure.ratio is None else f"{figure.ratio:.2f}"


def console(figures: Iterable[Figure]) -> str:
    """The figures in columns."""
    lines = [f"{'':<40} {'':<34} {'median':>10} {'':<6} {'ratio':>6}  spread"]
    group = ""
    for one in figures:
        shown = "" if one.group == group else one.group
        columns = f"{shown:<40} {one.name:<34} {digits(one.value):>10} {one.unit:<6} {_ratio(one):>6}  {_spread(one)}"
        lines.append(columns.rstrip())
        group = one.group
    return "\n".join(lines)


def html(rows: Mapping[str, Mapping[str, Any]]) -> str:
    """The page `bench.html` of all rows that bench.json has."""
    body = ""
    for name, row in rows.items():
        machine = ", ".join(f"{what}: {value}" for what, value in row["machine"].items())
        body += f"<h2>{escape(name)}</h2><p>{escape(row['about'])}</p><p><small>{escape(machine)}</small></p>"
        body += table(
            ["What", "Whose", "#Median", "Unit", "#Ratio", "#Spread"], _lines([Figure(**one) for one in row["figures"]])
        )
    told = "Side by side, in turn, several rounds: the median of all, the ratio to the first of a group, and the spread."
    return page("How fast it is", told, body)


def _lines(figures: Iterable[Figure]) -> list[str]:
    lines, group = [], ""
    for one in figures:
        cells = [f"<td>{escape('' if one.group == group else one.group)}</td><td>{escape(one.name)}</td>"]
        cells += [f'<td class="number">{digits(one.value)}</td><td>{escape(one.unit)}</td>']
        cells += [f'<td class="number">{text}</td>' for text in (_ratio(one), _spread(one))]
        lines.append(f"<tr>{''.join(cells)}</tr>")
        group = one.group
    return lines
