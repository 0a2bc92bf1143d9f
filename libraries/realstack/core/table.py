"""Facts as a table: HTML for log.html, escaped, bounded and readable on light and dark pages, and text for errors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from typing import Any

MOST_ROWS = 50
MOST_COLUMNS = 40
LONGEST_CELL = 200

_TABLE = "border-collapse:collapse;font-size:0.92em"
_CELL = "border:1px solid rgba(128,128,128,.45);padding:2px 7px;text-align:left;vertical-align:top;white-space:pre-wrap"
_NULL = '<i style="opacity:.55">null</i>'


def html_table(
    columns: Sequence[str],
    rows: Iterable[Mapping[str, Any]],
    caption: str = "",
    *,
    total: int | None = None,
    most_rows: int = MOST_ROWS,
    longest_cell: int = LONGEST_CELL,
    show: Callable[[Any], str] = str,
) -> str:
    """Build a table; everything in it is escaped.

    Args:
        columns: Names of the columns to show, in order.
        rows: The rows; values that a row lacks are shown as nothing, None as *null*.
        caption: Plain text above the table.
        total: How many rows there are in all; counted when not given.
        most_rows: How many are shown at most; the caption says how many are not.
        longest_cell: Characters that are shown of a value.
        show: Makes a text of a value.
    """
    kept = list(rows)
    total = len(kept) if total is None else total
    shown = list(columns)[:MOST_COLUMNS]
    head = "".join(f'<th style="{_CELL}">{escape(name)}</th>' for name in shown)
    body = "".join(
        "<tr>" + "".join(f'<td style="{_CELL}">{_cell(row, name, show, longest_cell)}</td>' for name in shown) + "</tr>"
        for row in kept[:most_rows]
    )
    notes = [caption] if caption else []
    if total > most_rows:
        notes.append(f"the first {most_rows} of {total} rows")
    if len(columns) > MOST_COLUMNS:
        notes.append(f"the first {MOST_COLUMNS} of {len(columns)} columns")
    title = f'<caption style="text-align:left;padding:2px 0">{escape(" · ".join(notes))}</caption>' if notes else ""
    return f'<table style="{_TABLE}">{title}<tr>{head}</tr>{body}</table>'


def text_table(
    columns: Sequence[str],
    rows: Iterable[Mapping[str, Any]],
    *,
    most_rows: int = 12,
    longest_cell: int = 90,
    show: Callable[[Any], str] = str,
) -> str:
    """The rows as lines of text, for error messages."""
    kept = list(rows)
    lines = [
        "  " + " · ".join(f"{name}={shorten(show(row[name]), longest_cell)}" for name in columns if row.get(name) is not None)
        for row in kept[:most_rows]
    ]
    if len(kept) > most_rows:
        lines.append(f"  … and {len(kept) - most_rows} more")
    return "\n".join(lines)


def shorten(text: str, limit: int) -> str:
    """The text on one line, cut in the end where it is longer than `limit` characters."""
    text = " ".join(text.split())
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _cell(row: Mapping[str, Any], name: str, show: Callable[[Any], str], longest: int) -> str:
    if name not in row:
        return ""
    value = row[name]
    if value is None:
        return _NULL
    text = show(value)
    if len(text) <= longest:
        return escape(text)
    return f'<span title="{len(text)} characters">{escape(text[:longest])}…</span>'
