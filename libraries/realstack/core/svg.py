"""Small inline SVG charts for log.html: offline, escaped, light and dark.

The colours follow Robot's own theme switch (``data-theme`` on the page's body) and, where there is none, the
reader's system. Everything from outside goes through [escape][html.escape] in `text` and `tip`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

_LIGHT = (
    "--ink:#1f2328;--dim:#6b7280;--line:#d8dce1;--panel:#f6f7f9;--bad:#c62828;--band:#c6282822;"
    "--s0:#0b6fb8;--s1:#c9570c;--s2:#12805c;--s3:#9a4dae;--s4:#8a6d00;--s5:#3f51b5;--s6:#b03a68;--s7:#4b6b2f"
)
_DARK = (
    "--ink:#e2e1d7;--dim:#9aa3ab;--line:#3b464e;--panel:#222a30;--bad:#ff8a80;--band:#ff8a8030;"
    "--s0:#62b5f5;--s1:#f2a15f;--s2:#5ccfa4;--s3:#d79be6;--s4:#e3c84f;--s5:#9fa8ff;--s6:#f48fb1;--s7:#a5cf7b"
)
COLOURS = 8
"""How many series colours there are; more series take them in turn."""

STYLE = (
    f".rs-chart{{{_LIGHT};max-width:100%;height:auto;font:11px Helvetica,Arial,sans-serif;display:block;margin:4px 0}}"
    f"@media (prefers-color-scheme:dark){{.rs-chart{{{_DARK}}}}}"
    f"[data-theme=light] .rs-chart{{{_LIGHT}}}[data-theme=dark] .rs-chart{{{_DARK}}}"
    ".rs-chart text{fill:var(--ink)}.rs-chart .dim{fill:var(--dim)}.rs-chart .rule{stroke:var(--line);stroke-width:1}"
    ".rs-chart .panel{fill:var(--panel)}.rs-chart .band{fill:var(--band)}.rs-chart .bad{stroke:var(--bad);fill:var(--bad)}"
)


def c(value: float) -> str:
    """A coordinate with one decimal and no needless zero."""
    return f"{value:.1f}".removesuffix(".0")


def colour(number: int) -> str:
    """The CSS colour of a series."""
    return f"var(--s{number % COLOURS})"


def document(width: int, height: int, title: str, parts: Sequence[str]) -> str:
    """A whole chart, to be put inline into HTML.

    Args:
        width: In units of the drawing; the chart shrinks with its page.
        height: In units of the drawing.
        title: Read out by screen readers.
        parts: Escaped SVG elements.
    """
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    label = f'role="img" aria-label="{escape(title, quote=True)}"'
    head = f'<svg class="rs-chart" xmlns="http://www.w3.org/2000/svg" {size} {label}><style>{STYLE}</style>'
    return head + "".join(parts) + "</svg>"


def text(x: float, y: float, words: str, *, anchor: str = "start", kind: str = "", most: int = 80, middle: bool = False) -> str:
    """A line of text of at most `most` characters, escaped; `kind` is a class of the style.

    Of a longer one the end is left out, or with `middle` its middle, where names are told apart by their ends.
    """
    kept = most - 1
    cut = (
        words if len(words) <= most else words[: kept // 2] + "…" + words[-(kept - kept // 2) :] if middle else words[:kept] + "…"
    )
    cls = f' class="{kind}"' if kind else ""
    return f'<text x="{c(x)}" y="{c(y)}" text-anchor="{anchor}"{cls}>{escape(cut)}</text>'


def tip(words: str, most: int = 160) -> str:
    """What is shown when the mouse rests on the element around it."""
    cut = words if len(words) <= most else words[: most - 1] + "…"
    return f"<title>{escape(cut)}</title>"


def rule(x1: float, y1: float, x2: float, y2: float) -> str:
    """A thin line of the grid."""
    return f'<path class="rule" d="M{c(x1)} {c(y1)}L{c(x2)} {c(y2)}"/>'


def ticks(low: float, high: float, most: int = 8) -> list[float]:
    """Round values between two, at most so many."""
    if high <= low:
        return [low]
    raw = (high - low) / most
    magnitude = 10.0 ** math.floor(math.log10(raw))
    step = next(magnitude * factor for factor in (1, 2, 5, 10) if magnitude * factor >= raw)
    first = math.ceil(low / step - 1e-9)
    return [number * step for number in range(first, math.floor(high / step + 1e-9) + 1)]


def short(value: float) -> str:
    """A number as an axis shows it: ``0.5``, ``12``, ``3.4k``, ``1.2M``."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            scale = 1e3 if letter == "k" else size
            return f"{value / scale:.4g}{letter}"
    return f"{value:.4g}"
