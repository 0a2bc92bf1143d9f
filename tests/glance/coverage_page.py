"""The page of what a run judged: a matrix of laws by journey, by fault and by kind of data, and each law's own."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from html import escape
from itertools import combinations

from pages import page
from realstack.history.laws import LAWS

from .coverage import Cell, Coverage, looked_at

MOST_NAMED = 6
"""Tests that a cell names when it is pointed at."""

Needed = Set[frozenset[tuple[str, str]]]
"""The cells that must not be empty, by their places on the axes."""

At = Callable[[str, str], Cell]
"""The cell of a row and a column."""


def html(coverage: Coverage, wanted: Iterable[Cell], journeys: Mapping[str, str], *, whole: bool) -> str:
    """The page `coverage.html`.

    Args:
        coverage: What was judged.
        wanted: The cells that a whole run must not leave empty.
        journeys: Names of the journeys by number.
        whole: Whether every test of the suites passed; of others only what there is is shown.
    """
    must = list(wanted)
    empty = coverage.empty(must)
    laws, faults, data = _same(LAWS), _same(_axis(coverage, must, "fault")), _same(_axis(coverage, must, "data"))
    names = {number: journeys.get(number, number) for number in _axis(coverage, must, "journey")}
    matrices: list[tuple[str, Mapping[str, str], Mapping[str, str], At]] = [
        ("Laws by journey", names, laws, lambda row, law: Cell(law, journey=row)),
        ("Laws by fault", faults, laws, lambda row, law: Cell(law, fault=row)),
        ("Laws by kind of data", data, laws, lambda row, law: Cell(law, data=row)),
        ("Faults by kind of data", faults, data, lambda row, kind: Cell(fault=row, data=kind)),
    ]
    needed = _needed(must)
    body = [_missing(empty, whole=whole), _LEGEND]
    body += [f"<h2>{title}</h2>{_matrix(coverage, needed, rows, columns, at)}" for title, rows, columns, at in matrices]
    body += ["<h2>Law by law</h2>", *(_law(coverage, needed, law, names) for law in LAWS)]
    verdicts = f"{len(coverage.judgements)} verdicts in {len({one.test for one in coverage.judgements})} tests"
    if not whole:
        told = "Not every test of the suites passed in this run: shown is what it has."
    else:
        told = f"{len(must) - len(empty)} of {len(must)} cells that must not be empty have facts."
    return page("What was judged, and what never happened", f"{verdicts}. {told}", "".join(body))


_LEGEND = (
    "<p><small>A number is that of tests in which the law was judged, with enough to look at, after the fault or with the data "
    "of its row; pointing at it shows what was counted. A whole run must leave no framed one empty.</small></p>"
)


def _missing(empty: Sequence[Cell], *, whole: bool) -> str:
    if not empty or not whole:
        return ""
    cells = "".join(f"<li>{escape(str(cell))}</li>" for cell in empty)
    return f'<h2 class="missed">Empty, and must not be</h2><ul>{cells}</ul>'


def _needed(must: Iterable[Cell]) -> Needed:
    """The cells that must not be empty: those that are declared, and those that these lie in."""
    return {
        frozenset(some) for cell in must for count in range(1, len(cell.parts) + 1) for some in combinations(cell.parts, count)
    }


def _axis(coverage: Coverage, must: Iterable[Cell], axis: str) -> list[str]:
    """What there is on an axis, and what there must be."""
    there = coverage.along(axis)
    wanted = {value for cell in must for name, value in cell.parts if name == axis}
    return [*there, *sorted(wanted.difference(there))]


def _same(names: Iterable[str]) -> dict[str, str]:
    return {name: name for name in names}


def _law(coverage: Coverage, needed: Needed, law: str, journeys: Mapping[str, str]) -> str:
    """A law's own matrices: faults and kinds of data by journey."""
    own = Coverage(coverage.of(Cell(law)))
    if not own.judgements:
        return f'<p class="missed">{escape(law)} was never judged.</p>'
    columns = {number: journeys[number] for number in own.along("journey")}
    faults = _matrix(own, needed, _same(own.along("fault")), columns, lambda row, journey: Cell(law, journey, fault=row))
    data = _matrix(own, needed, _same(own.along("data")), columns, lambda row, journey: Cell(law, journey, data=row))
    counted = ", ".join(f"{count} {name}" for name, count in looked_at(own.judgements).items())
    tests = len({one.test for one in own.judgements})
    return f"<details><summary>{escape(law)}: {tests} tests, {escape(counted)}</summary>{faults}<br>{data}</details>"


def _matrix(coverage: Coverage, needed: Needed, rows: Mapping[str, str], columns: Mapping[str, str], at: At) -> str:
    head = "".join(f'<th><span class="upright">{escape(title)}</span></th>' for title in columns.values())
    body = "".join(
        f"<tr><th>{escape(title)}</th>{''.join(_cell(coverage, needed, at(row, column)) for column in columns)}</tr>"
        for row, title in rows.items()
    )
    return f'<div class="wide"><table class="matrix"><thead><tr><th></th>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _cell(coverage: Coverage, needed: Needed, cell: Cell) -> str:
    judged = coverage.of(cell)
    tests = list(dict.fromkeys(one.test.rpartition(".")[2] for one in judged))
    kept = frozenset(cell.parts) in needed
    if not judged:
        return f'<td class="empty" title="{escape(str(cell))}">0</td>' if kept else "<td></td>"
    counted = ", ".join(f"{count} {name}" for name, count in looked_at(judged).items())
    named = "".join(f"\n{test}" for test in tests[:MOST_NAMED]) + ("\n…" if len(tests) > MOST_NAMED else "")
    much = min(60, 10 + round(12 * math.log2(len(tests))))
    return (
        f'<td class="judged{" must" if kept else ""}" style="--much:{much}" '
        f'title="{escape(f"{cell}: {counted}{named}", quote=True)}">{len(tests)}</td>'
    )
