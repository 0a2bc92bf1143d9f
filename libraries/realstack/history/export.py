"""Histories as JSON lines, to be judged again later without the platform.

The first line names the format, the test and its vocabulary; every other line is an event (`realstack.recording.events`), in the
order of recording, ``at`` in seconds since the recording began. A judgement is an event too (kind ``judged``): the
law, its floors, how many events it was made over, and its verdict. So judging again sees what was judged then.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from realstack.core.errors import StackError, explain
from realstack.history.domain import History
from realstack.history.events import Judged
from realstack.history.verdict import Verdict
from realstack.history.vocabulary import Vocabulary
from realstack.recording.events import Entry, Event, read_line
from realstack.recording.recorder import Recording

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Stored:
    """A history read from a file: its name, vocabulary, start in seconds since the epoch, and events by order of recording."""

    name: str
    vocabulary: Vocabulary
    began_wall: float
    events: list[Event]

    def history(self, upto: int | None = None) -> History:
        """The history of the first `upto` events; of all by default."""
        return History(self.events[:upto], self.vocabulary, 0.0, self.began_wall)


def judgement(verdict: Verdict, upto: int, floors: Mapping[str, int], *, at: float) -> Judged:
    """The event that a law was judged over the first `upto` events."""
    return Judged(
        "history",
        verdict.law,
        upto,
        verdict.outcome.value,
        dict(floors),
        dict(verdict.counts),
        len(verdict.witnesses),
        verdict.smallest.text if verdict.smallest else None,
        list(verdict.lacking),
        at=at,
    )


def write(path: Path, recording: Recording, vocabulary: Vocabulary, events: Iterable[Event] | None = None) -> None:
    """Write a recording, redacted.

    Args:
        path: The file; its folder is made.
        recording: What to write.
        vocabulary: Written along, so that the file can be judged on its own.
        events: What to write instead of all the recording's own events.
    """
    head = {"format": FORMAT, "name": recording.name, "began_wall": round(recording.began_wall, 6), "vocabulary": vocabulary.data}
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", errors="backslashreplace") as file:  # which JSON reads back as what it was
        file.write(json.dumps(head, ensure_ascii=False) + "\n")
        for event in recording.entries() if events is None else events:
            file.write(Entry.of(event, recording.began).line + "\n")


def load(path: Path) -> Stored:
    """Read a history.

    Raises:
        StackError: The file is missing, or a line of it is not what this module writes; says which.
    """
    try:
        # Not `splitlines`: texts may hold what Unicode calls the end of a line, such as U+2028, which JSON leaves as it is.
        lines = path.read_text(encoding="utf-8").rstrip("\n").split("\n")
    except OSError as error:
        raise StackError(explain("a history in JSON lines", f"{path} can't be read ({error.strerror})")) from error
    except UnicodeDecodeError as error:
        raise StackError(explain("a history in JSON lines, in UTF-8", f"{path}: {error}")) from error
    try:
        head = json.loads(lines[0])
        if head["format"] != FORMAT:
            raise StackError(explain(f"a history of format {FORMAT}", f"format {head['format']} in {path}"))
        vocabulary, began = Vocabulary(head["vocabulary"]), float(head.get("began_wall", 0.0))
    except (IndexError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise StackError(explain("a first line with format and vocabulary", f"{path} begins otherwise ({error!r})")) from error
    events = []
    for number, line in enumerate(lines[1:], start=2):
        try:
            events.append(read_line(line))
        except StackError as error:
            raise StackError(f"In line {number} of {path}: {error}") from error
    return Stored(str(head.get("name", "")), vocabulary, began, events)
