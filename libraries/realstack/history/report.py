"""What a person reads in log.html about a law, a failed test and its evidence."""

from __future__ import annotations

import time
from collections.abc import Iterable
from html import escape

from realstack.history.domain import History
from realstack.history.transcript import around, html, legend
from realstack.history.verdict import Outcome, Verdict
from realstack.recording.evidence import Piece, Window
from realstack.recording.recorder import Recording

MOST_TABS = 12

_COLOURS = {Outcome.HOLDS: "#12805c", Outcome.VIOLATED: "#c62828", Outcome.INVALID: "#9a6700"}


def law(verdict: Verdict, history: History) -> str:
    """A law's verdict with its witness and the transcript around it, in all and on each tab concerned; escaped HTML."""
    label = verdict.outcome.value.upper()
    badge = f'<b style="color:#fff;background:{_COLOURS[verdict.outcome]};padding:1px 6px;border-radius:3px">{escape(label)}</b>'
    parts = [f"<div>{badge} <b>{escape(verdict.law)}</b> {escape(verdict.sentence)}</div><div>{escape(verdict.tally)}.</div>"]
    parts += [f"<div>{escape(reason)}</div>" for reason in verdict.lacking]
    witness = verdict.smallest
    if witness is not None:
        parts.append(f'<p style="border-left:4px solid {_COLOURS[Outcome.VIOLATED]};padding-left:8px">{escape(witness.text)}</p>')
        lines = around(history, witness.events)
        parts.append(
            html(
                "What happened around it (» is the evidence)", [*lines, "", *legend(history, [witness.text, *lines])], opened=True
            )
        )
        for tab in list(dict.fromkeys(witness.tabs))[:MOST_TABS]:
            parts.append(html(f"On {tab}", around(history, witness.events, tab=tab, before=20, after=20)))
        if len(verdict.witnesses) > 1:
            others = [f"{other.at:9.3f} s  {other.text}" for other in verdict.witnesses[1:40]]
            parts.append(html(f"{len(verdict.witnesses) - 1} more violations", others))
    return "".join(parts)


def evidence(pieces: Iterable[Piece]) -> str:
    """Pieces of evidence as blocks that fold; escaped HTML."""
    return "".join(html(piece.title, piece.text.splitlines()) for piece in pieces)


def tabs(history: History) -> str:
    """What every tab saw at last, each as a block that folds; escaped HTML."""
    names = [tab.name for tab in history.tabs.values() if tab.stretches][:MOST_TABS]
    return "".join(
        html(f"Last of {name}, of {history.user_of(name)}", around(history, (), tab=name, before=40)) for name in names
    )


def window(recording: Recording, focus: float | None = None) -> Window:
    """The time of a recording up to now, a second of slack before it.

    Args:
        recording: The test's.
        focus: The moment that matters most, in seconds on the history's clock.
    """
    now = time.monotonic()
    begin_wall, zero = recording.began_wall - 1.0, recording.began_wall
    end_wall = zero + (now - recording.began)
    return Window(recording.began - 1.0, now, begin_wall, end_wall, zero, None if focus is None else zero + focus)
