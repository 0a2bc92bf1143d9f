"""What happened, line by line, as people read it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from realstack.history.domain import History
from realstack.history.vocabulary import Rule
from realstack.recording.events import Entry

MOST_LINES = 80
LONGEST_FACTS = 240
MOST_MEANINGS = 5
"""Of one frame, such as a list of messages, that a line tells."""
WIDEST = 32
"""Characters of a source up to which all lines begin their text in one column."""

_STYLE = (
    "<style>.rs-lines{white-space:pre-wrap;overflow-wrap:anywhere}"
    # Where a line is too long for the page, what follows stands behind its time.
    ".rs-lines div{padding-left:16ch;text-indent:-16ch;min-height:1em}</style>"
)
_UUID = re.compile(r"\b([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
_FIRST_DIGITS = r"\1…"


def line(history: History, index: int, *, marked: bool = False, width: int = 12) -> str:
    """One event as one line: time, source, what it was; evidence is marked with ``»``."""
    event = history.events[index]
    return f"{'»' if marked else ' '} {event.at:9.3f} s  {event.source:<{width}}  {_what(history, event)}"


def around(history: History, evidence: Sequence[int], *, before: int = 12, after: int = 8, tab: str | None = None) -> list[str]:
    """The lines around pieces of evidence, gaps told as ``…``.

    Args:
        history: What happened.
        evidence: Positions of the events that matter.
        before: Lines before each piece.
        after: Lines after each piece.
        tab: Only events of this source (the evidence itself is always shown).
    """
    wanted = [index for index, event in enumerate(history.events) if tab in (None, event.source) or index in evidence]
    places = {index: position for position, index in enumerate(wanted)}
    chosen: set[int] = set()
    for index in evidence or ((len(history.events) - 1,) if history.events else ()):
        position = places.get(index, len(wanted) - 1)
        chosen.update(range(max(0, position - before), min(len(wanted), position + after + 1)))
    width = _width(history.events[wanted[position]].source for position in chosen)
    lines: list[str] = []
    previous = -1
    for position in sorted(chosen):
        if position != previous + 1:
            lines.append(f"  … {position - previous - 1} events …")
        lines.append(line(history, wanted[position], marked=wanted[position] in evidence, width=width))
        previous = position
    if len(wanted) - 1 - previous > 0:
        lines.append(f"  … {len(wanted) - 1 - previous} events …")
    return _bounded(lines)


def whole(history: History, tab: str | None = None) -> list[str]:
    """All lines, of one source or of all."""
    wanted = [index for index, event in enumerate(history.events) if tab in (None, event.source)]
    width = _width(history.events[index].source for index in wanted)
    return [line(history, index, width=width) for index in wanted]


def legend(history: History, lines: Iterable[str]) -> list[str]:
    """The identities behind the short names that the lines mention."""
    words = {word.strip(".,:;()'") for text in lines for word in text.split()}
    return [f"{name} = {identity}" for name, identity in history.legend().items() if name in words]


def html(title: str, lines: Sequence[str], *, opened: bool = False) -> str:
    """Lines as a block that folds, escaped."""
    state = " open" if opened else ""
    told = "".join(f"<div>{escape(text)}</div>" for text in lines)
    return f'<details{state}><summary>{escape(title)}</summary>{_STYLE}<pre class="rs-lines">{told}</pre></details>'


def _width(sources: Iterable[str]) -> int:
    return min(max((len(source) for source in sources), default=0), WIDEST)


def _bounded(lines: list[str]) -> list[str]:
    if len(lines) <= MOST_LINES:
        return lines
    half = MOST_LINES // 2
    return [*lines[:half], f"  … {len(lines) - 2 * half} lines …", *lines[-half:]]


def _what(history: History, event: Entry) -> str:
    if event.kind in ("frame-in", "frame-out"):
        arrow = "→" if event.kind == "frame-out" else "←"
        return f"{arrow} {_frame(history, event)}"
    if event.kind == "stored":
        rows = event.data.get("rows") or []
        return f"stored: {len(rows)} rows read"
    if event.kind == "page":
        shown = event.data.get("messages")
        messages = "" if shown is None else f"{len(shown)} messages shown "
        return f"page: {messages}{_facts({k: v for k, v in event.data.items() if k != 'messages'})}"
    if event.kind in ("growth", "arrivals"):
        return _series(event)
    if event.kind == "http":
        asked = f"{event.data.get('method')} {str(event.data.get('url') or event.data.get('path')).partition('?')[0]}"
        rest = {name: value for name, value in event.data.items() if name not in ("method", "url", "path", "status", "ms")}
        took = f"in {event.data['ms']} ms" if "ms" in event.data else ""
        return " ".join(part for part in (f"http: {asked} → {event.data.get('status')}", took, _facts(rest)) if part)
    return f"{event.kind}: {_facts(event.data)}".removesuffix(": ")


def _series(event: Entry) -> str:
    """Many numbers of one kind: how many, and what they are of."""
    if event.kind == "growth":
        return f"growth: {event.data.get('name')} ({len(event.data.get('values') or ())} values)"
    told = {name: value for name, value in event.data.items() if name not in ("times", "waits")}
    measured = sum(map(len, event.data.get("waits") or ()))
    waits = f", waits {measured}" if measured else ""
    return f"arrivals: {len(event.data.get('times') or ())} attempts, {_facts(told)}{waits}"


def _frame(history: History, event: Entry) -> str:
    frame = event.data.get("frame")
    told = [_meaning(history, rule, got) for rule, got in history.vocabulary.meanings(event.kind[6:], frame)]
    return "; ".join(told[:MOST_MEANINGS]) or _brief(frame)


def _meaning(history: History, rule: Rule, got: Mapping[str, Any]) -> str:
    parts = [rule.stage or rule.means]
    for name, letter in (("message", "m"), ("run", "r"), ("query", "m"), ("thread", "t")):
        if got.get(name):
            told = history.name(str(got[name]), letter)
            parts.append(told if name in ("message", "run") else f"{name} {told}")
    for name, value in got.items():
        if name not in ("message", "thread", "run", "query", "answer", "text") and value is not None:
            parts.append(f"{name} {_UUID.sub(_FIRST_DIGITS, str(value))}")
    if isinstance(got.get("text"), str):
        parts.append(_cut(repr(got["text"]), 80))
    return " ".join(str(part) for part in parts)


def _facts(data: Mapping[str, object]) -> str:
    """Facts as ``name value, name value``; those that say nothing are left out."""
    told = [f"{name} {_brief(value)}" for name, value in data.items() if value not in ("", None, [], {})]
    return _cut(", ".join(told), LONGEST_FACTS)


def _brief(value: object) -> str:
    return _cut(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str), 160)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
