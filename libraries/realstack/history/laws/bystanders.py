"""The law bystanders-unchanged: an operation changes what it is about, and nothing else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import pairwise
from typing import Any

from realstack.history.domain import History, compact
from realstack.history.facts import Note
from realstack.history.verdict import Findings

ABSENT = "nothing"
LONGEST_VALUE = 80

State = Mapping[str, Mapping[str, Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Change:
    """What differs between two readings of a user's state.

    Attributes:
        name: ``part key field``, or ``part key added`` and ``part key removed`` for whole rows.
        before: How it was, in words.
        after: How it is.
    """

    name: str
    before: str
    after: str


def bystanders_unchanged(history: History) -> Findings:
    """An operation changes what it is about, and nothing else of its user's or of anybody's.

    Read from ``state`` events (all that there is of a user, by part, key and field) and ``operation`` events (what was done, for
    whom, and what it is about). Each two readings of a user that follow each other are compared; whatever differs must be
    among what the operations between them are about for that user, and all of what they must change differs.
    """
    findings = Findings()
    readings: dict[str, list[Note]] = defaultdict(list)
    for note in history.noted("state"):
        readings[note.source].append(note)
    operations = history.noted("operation")
    bystanders = fields = 0
    seen: set[int] = set()
    for user, notes in readings.items():
        for before, after in pairwise(notes):
            between = [operation for operation in operations if before.index < operation.index < after.index]
            own = [operation for operation in between if operation.data.get("user") == user]
            seen.update(operation.index for operation in own)
            bystanders += len(between) - len(own)
            fields += sum(1 for _ in _fields(_state(before)))
            _judge(history, findings, before, after, between)
    if unseen := [operation.source for operation in operations if operation.index not in seen]:
        findings.lacking.append(f"The state of its own user was not read before and after {compact(unseen)}.")
    findings.counts = {
        "operations": len(operations),
        "bystanders": bystanders,
        "readings": sum(len(notes) for notes in readings.values()),
        "fields": fields,
    }
    return findings


def changes_between(before: State, after: State) -> list[Change]:
    """Everything that differs between two states, by part and key."""
    found: list[Change] = []
    for part in _both(before, after):
        old, new = before.get(part, {}), after.get(part, {})
        for key in _both(old, new):
            if key not in new:
                found.append(Change(f"{part} {key} removed", _shown(old[key]), ABSENT))
            elif key not in old:
                found.append(Change(f"{part} {key} added", ABSENT, _shown(new[key])))
            else:
                found.extend(_changed_fields(f"{part} {key}", old[key], new[key]))
    return found


def _changed_fields(place: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    for field in _both(old, new):
        was, now = (_shown(row[field]) if field in row else ABSENT for row in (old, new))
        if (field in old) != (field in new) or old[field] != new[field]:
            yield Change(f"{place} {field}", was, now)


def _judge(history: History, findings: Findings, before: Note, after: Note, between: list[Note]) -> None:
    user = before.source
    own = [operation for operation in between if operation.data.get("user") == user]
    found = changes_between(_state(before), _state(after))
    wanted = [(operation, pattern) for operation in own for pattern in _patterns(operation, "changes")]
    allowed = [pattern for _, pattern in wanted] + [pattern for operation in own for pattern in _patterns(operation, "may")]
    done = compact([f"{operation.source} of {operation.data.get('user')}" for operation in between]) or "no operation"
    proof = (before.index, *(operation.index for operation in between), after.index)
    for change in found:
        if not any(fnmatchcase(change.name, pattern) for pattern in allowed):
            findings.violated(
                f"{done} changed {change.name} of {user}: it must stay {change.before}, because that is nothing of what was done "
                f"after {history.when(before.at)}; however, at {history.when(after.at)} it was {change.after}.",
                after.at,
                proof,
            )
    for operation, pattern in wanted:
        if not any(fnmatchcase(change.name, pattern) for change in found):
            findings.violated(
                f"{operation.source} of {user} did not change {pattern}: it must, because that is what it is about; however, at "
                f"{history.when(after.at)} it was as at {history.when(before.at)}.",
                after.at,
                (before.index, operation.index, after.index),
            )


def _state(note: Note) -> State:
    parts = note.data.get("parts")
    return parts if isinstance(parts, Mapping) else {}


def _fields(state: State) -> Iterator[Any]:
    return (value for rows in state.values() for row in rows.values() for value in row.values())


def _both(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    return [*one, *(name for name in other if name not in one)]


def _patterns(operation: Note, name: str) -> list[str]:
    listed = operation.data.get(name)
    return [str(pattern) for pattern in listed] if isinstance(listed, (list, tuple)) else []


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"
