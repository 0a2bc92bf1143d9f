"""The plain page that the project's own reports are shown on: one file, offline, light and dark."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

_STYLE = Path(__file__).with_name("report.css").read_text(encoding="utf-8")


def table(headings: Sequence[str], rows: Sequence[str]) -> str:
    """A table; headings are text, rows are finished HTML. A heading that starts with '#' is that of a column of numbers."""
    head = "".join(
        f'<th class="number">{escape(text[1:])}</th>' if text.startswith("#") else f"<th>{escape(text)}</th>" for text in headings
    )
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'


def page(title: str, introduction: str, body: str) -> str:
    """A whole page; title and introduction are text, the body is finished HTML."""
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style><h1>{escape(title)}</h1><p>{escape(introduction)}</p>{body}</html>"
    )
