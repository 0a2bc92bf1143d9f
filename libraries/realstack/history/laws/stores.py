"""The law all-or-nothing: an operation over several stores is done in all or in none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from realstack.history.domain import History
from realstack.history.facts import Note
from realstack.history.values import whole
from realstack.history.verdict import Findings

DONE = frozenset({"committed", "done", "succeeded"})
UNDONE = frozenset({"rolled_back", "rolled-back", "failed", "refused"})
UNDER_WAY = frozenset({"pending", "rolling_back", "rolling-back"})


def all_or_nothing(history: History) -> Findings:
    """Once the platform is quiet, an operation's profile change, workspace and event exist all three or not at all.

    Read from ``snapshot`` events: the parts of one operation as counted in each store, once the platform was
    quiet. A part that is there twice is one too many; what the platform answered must be what the stores show; and an
    operation whose own log says that it is under way, although the platform had its time, was forgotten.
    """
    findings = Findings()
    last: dict[str, Note] = {}
    for note in history.noted("snapshot"):
        if note.data.get("quiet", True):
            last[note.source] = note
    for operation, note in last.items():
        parts = {name: _times(value) for name, value in _mapping(note.data.get("parts")).items()}
        if len(parts) < 2:
            findings.lacking.append(
                f"The snapshot of {operation} shows {len(parts)} part(s): an operation over stores needs two at least."
            )
            continue
        _judge_parts(history, findings, note, parts)
        _judge_values(history, findings, note)
    findings.counts = {
        "operations": len(last),
        "snapshots": len(history.noted("snapshot")),
        "done": sum(1 for note in last.values() if all(_times(v) for v in _mapping(note.data.get("parts")).values())),
    }
    return findings


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _times(value: Any) -> int:
    if isinstance(value, bool):
        return int(value)
    number = whole(value)
    return int(bool(value)) if number is None else number


def _judge_parts(history: History, findings: Findings, note: Note, parts: dict[str, int]) -> None:
    there = [name for name, times in parts.items() if times]
    missing = [name for name, times in parts.items() if not times]
    doubled = [name for name, times in parts.items() if times > 1]
    answer = str(note.data.get("answer") or "")
    said = f" and the platform answered {answer!r}" if answer else ""
    if there and missing:
        findings.violated(
            f"the operation {note.source} is there in part: all of {', '.join(parts)} must exist or none, because it is one "
            f"operation{said}; "
            f"however, at {history.when(note.at)} {', '.join(there)} existed and {', '.join(missing)} did not.",
            note.at,
            (note.index,),
        )
    elif doubled:
        findings.violated(
            f"the operation {note.source} was done more than once: each part must exist once, because it is one operation; "
            "however, at "
            f"{history.when(note.at)} {', '.join(f'{name} existed {parts[name]} times' for name in doubled)}.",
            note.at,
            (note.index,),
        )
    elif note.data.get("state") in UNDER_WAY:
        findings.violated(
            f"the operation {note.source} never came to rest: it must be done or undone, because the platform had its time"
            f"{said}; however, at {history.when(note.at)} its log said {note.data.get('state')!r}.",
            note.at,
            (note.index,),
        )
    elif (answer in DONE and missing) or (answer in UNDONE and there):
        findings.violated(
            f"the operation {note.source} is not what the platform said: {'all' if answer in DONE else 'nothing'} must "
            "exist, because it answered "
            f"{answer!r}; however, at {history.when(note.at)} {', '.join(there) or 'nothing'} existed.",
            note.at,
            (note.index,),
        )


def _judge_values(history: History, findings: Findings, note: Note) -> None:
    values = _mapping(note.data.get("values"))
    if len({str(value) for value in values.values()}) > 1:
        findings.violated(
            f"the stores disagree after {note.source}: they must hold one result, because the operation writes it to all; "
            "however, at "
            f"{history.when(note.at)} {', '.join(f'{store} held {value!r}' for store, value in values.items())}.",
            note.at,
            (note.index,),
        )
