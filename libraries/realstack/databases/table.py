"""Rows as an HTML table for log.html: escaped, bounded, readable on light and dark pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from realstack.databases.values import json_safe

MAX_ROWS = 50
MAX_CELL = 200
MAX_COLUMNS = 40

_TABLE = "border-collapse:collapse;font-size:0.92em"
_CELL = "border:1px solid rgba(128,128,128,.45);padding:2px 7px;text-align:left;vertical-align:top;white-space:pre-wrap"
_NULL = '<i style="opacity:.55">null</i>'


def html_table(
    columns: Sequence[str],
    rows: Iterable[Mapping[str, Any]],
    caption: str = "",
    *,
    total: int | None = None,
    max_rows: int = MAX_ROWS,
) -> str:
    """Build a table; everything in it is escaped.

    Args:
        columns: Names of the columns to show, in order.
        rows: The rows; values that a row lacks are shown as nothing.
        caption: Plain text above the table.
        total: How many rows there are in all; counted when not given.
        max_rows: How many rows are shown at most; the caption says how many are not.
    """
    kept = list(rows)
    total = len(kept) if total is None else total
    shown_columns = list(columns)[:MAX_COLUMNS]
    head = "".join(f'<th style="{_CELL}">{escape(name)}</th>' for name in shown_columns)
    body = "".join(
        "<tr>" + "".join(f'<td style="{_CELL}">{_cell(row, name)}</td>' for name in shown_columns) + "</tr>"
        for row in kept[:max_rows]
    )
    notes = [caption] if caption else []
    if total > max_rows:
        notes.append(f"the first {max_rows} of {total} rows")
    if len(columns) > MAX_COLUMNS:
        notes.append(f"the first {MAX_COLUMNS} of {len(columns)} columns")
    title = f'<caption style="text-align:left;padding:2px 0">{escape(" · ".join(notes))}</caption>' if notes else ""
    return f'<table style="{_TABLE}">{title}<tr>{head}</tr>{body}</table>'


def text_table(columns: Sequence[str], rows: Iterable[Mapping[str, Any]], *, max_rows: int = 12, max_cell: int = 90) -> str:
    """The rows as lines of text, for error messages."""
    kept = list(rows)
    lines = [
        "  "
        + " · ".join(f"{name}={shorten(_plain_text(row.get(name)), max_cell)}" for name in columns if row.get(name) is not None)
        for row in kept[:max_rows]
    ]
    if len(kept) > max_rows:
        lines.append(f"  … and {len(kept) - max_rows} more")
    return "\n".join(lines)


def shorten(text: str, limit: int) -> str:
    """The text on one line, cut in the end where it is longer than `limit` characters."""
    text = " ".join(text.split())
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _plain_text(value: Any) -> str:
    return str(json_safe(value))


def _cell(row: Mapping[str, Any], name: str) -> str:
    if name not in row:
        return ""
    value = row[name]
    if value is None:
        return _NULL
    text = _plain_text(value)
    if len(text) <= MAX_CELL:
        return escape(text)
    return f'<span title="{len(text)} characters">{escape(text[:MAX_CELL])}…</span>'
