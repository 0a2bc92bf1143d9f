"""What a run judged, and what it did not: law × fault × journey × kind of data, from the histories of its tests."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from itertools import product
from pathlib import Path
from typing import Any

import yaml

from realstack.core.errors import StackError, explain
from realstack.history.domain import History
from realstack.history.events import Judged
from realstack.history.export import Stored, load
from realstack.history.laws import LAWS
from realstack.history.laws.faults import DOWN
from realstack.history.verdict import Outcome
from realstack.recording.events import Event, FaultBegun, ServiceChanged

NO_FAULT = "no fault"
PLAIN = "plain"
"""The kind of texts that are not of the corpus."""
LONG = 2000
"""Characters of a text that counts as a long one."""
_JOURNEY = re.compile(r"(?:^|\.)(?P<number>\d\d) [^.]*\.")
_REPLICA = re.compile(r"-\d+$")
_AT_MOST = re.compile(r", for at most .*")
_OF_NOTES = {
    "file-layer": "files",
    "leftover": "files left over",
    "attempt": "credentials",
    "claims": "claims",
    "snapshot": "operations",
    "state": "states of users",
    "limit-counter": "counters",
    "growth": "measurements",
}
"""What an event is about, by its kind, where that is no text."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict of a law in a test: what had been broken until then, and what kinds of data there had been."""

    law: str
    journey: str
    test: str
    faults: frozenset[str]
    data: frozenset[str]
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Cell:
    """A place in the matrix; None stands for any."""

    law: str | None = None
    journey: str | None = None
    fault: str | None = None
    data: str | None = None

    @property
    def parts(self) -> list[tuple[str, str]]:
        """Its place on each axis that it names."""
        return [(axis.name, value) for axis in fields(self) if (value := getattr(self, axis.name)) is not None]

    def __str__(self) -> str:
        return " × ".join(value for _, value in self.parts)


class Coverage:
    """What was judged with enough to look at.

    Args:
        judgements: Of all tests.
    """

    def __init__(self, judgements: Iterable[Judgement]) -> None:
        self.judgements = list(judgements)
        self._places: dict[tuple[str, str], set[int]] = defaultdict(set)
        for place, one in enumerate(self.judgements):
            self._places["law", one.law].add(place)
            self._places["journey", one.journey].add(place)
            for name in one.faults:
                self._places["fault", name].add(place)
            for name in one.data:
                self._places["data", name].add(place)

    def along(self, axis: str) -> list[str]:
        """What there is on an axis: laws, journeys, faults or kinds of data; that nothing was broken comes first."""
        return sorted((name for of, name in self._places if of == axis), key=lambda name: (name != NO_FAULT, name))

    def of(self, cell: Cell) -> list[Judgement]:
        """The judgements that belong into a cell."""
        named = [self._places.get(part, set()) for part in cell.parts]
        places = set.intersection(*named) if named else range(len(self.judgements))
        return [self.judgements[place] for place in sorted(places)]

    def empty(self, cells: Iterable[Cell]) -> list[Cell]:
        """Those of some cells in which nothing was judged."""
        return [cell for cell in cells if not self.of(cell)]


def looked_at(judgements: Iterable[Judgement]) -> Counter[str]:
    """What was counted in judgements, added up."""
    found: Counter[str] = Counter()
    for one in judgements:
        found.update(one.counts)
    return found


def read(histories: Iterable[Path], texts: Iterable[Mapping[str, Any]]) -> Coverage:
    """Read what the histories of a run's tests tell.

    Args:
        histories: Their files.
        texts: The corpus: dictionaries with `text` and `kind`.

    Raises:
        StackError: One can't be read.
    """
    kinds = {str(one["text"]): str(one["kind"]) for one in texts}
    return Coverage(judgement for path in sorted(histories) for judgement in judgements(load(path), kinds))


def judgements(stored: Stored, kinds: Mapping[str, str]) -> Iterator[Judgement]:
    """What was judged in one test; verdicts that were INVALID judged nothing."""
    verdicts = [event for event in stored.events if isinstance(event, Judged) and event.outcome != Outcome.INVALID]
    if not verdicts:
        return
    number = _JOURNEY.search(stored.name)
    faults = [(event.at, name) for event in stored.events if (name := fault(event))]
    data = list(_data(stored.history(), kinds))
    for verdict in verdicts:
        yield Judgement(
            verdict.law,
            number["number"] if number else stored.name.partition(".")[0],
            stored.name,
            frozenset(name for at, name in faults if at <= verdict.at) or frozenset({NO_FAULT}),
            frozenset(kind for at, kind in data if at <= verdict.at),
            verdict.counts,
        )


def fault(event: Event) -> str | None:
    """What an event breaks, as a kind: without the names that a test gave, and whichever replica it was."""
    if isinstance(event, ServiceChanged) and event.what in DOWN:
        return f"{_REPLICA.sub('', event.source)} {event.what}"
    if not isinstance(event, FaultBegun):
        return None
    if _AT_MOST.search(event.what):
        # The kernel breaks a link of the platform's, whose name says which.
        return f"link to {_REPLICA.sub('', event.source)}: {_AT_MOST.sub('', event.what)}"
    return event.what or event.source


def _data(history: History, kinds: Mapping[str, str]) -> Iterator[tuple[float, str]]:
    for send in history.sends:
        yield send.at, f"texts: {_kind(send.text or '', kinds)}"
    for reading in history.pages:
        yield reading.at, "pages"
    for event in history.run_events:
        yield event.at, "answers"
    for setting in history.settings:
        yield setting.at, f"{setting.of}s"
    for said in history.noted("said"):
        if (kind := _kind(str(said.data.get("text", "")), kinds)) != PLAIN:
            yield said.at, f"names: {kind}"
    for note in history.noted(*_OF_NOTES):
        yield note.at, _OF_NOTES[note.kind]


def _kind(text: str, kinds: Mapping[str, str]) -> str:
    return kinds.get(text) or ("long" if len(text) >= LONG else PLAIN)


def declared(file: Path) -> list[Cell]:
    """The cells that a whole run must not leave empty.

    Each entry names laws, journeys, faults and kinds of data, one or several of each, and means all their combinations; what it
    does not name is any.

    Raises:
        StackError: An entry names something else, or a law that there is not.
    """
    cells: list[Cell] = []
    names = {"laws": "law", "journeys": "journey", "faults": "fault", "data": "data"}
    for entry in yaml.safe_load(file.read_text(encoding="utf-8")):
        if not isinstance(entry, dict) or not entry or (entry.keys() - names.keys()):
            raise StackError(explain(f"entries of {', '.join(names)} in {file}", f"{entry!r}"))
        wanted = {names[name]: [value] if isinstance(value, str) else value for name, value in entry.items()}
        if unknown := [law for law in wanted.get("law", []) if law not in LAWS]:
            raise StackError(explain(f"laws: {', '.join(LAWS)}", f"{', '.join(unknown)} in {file}"))
        cells += [Cell(**dict(zip(wanted, values, strict=True))) for values in product(*wanted.values())]
    return list(dict.fromkeys(cells))
