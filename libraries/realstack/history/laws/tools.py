"""The law right-tools: an agent calls the tools that a question needs, in order, with the right arguments, and no others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from realstack.history.domain import History
from realstack.history.facts import Note, RunEvent
from realstack.history.values import whole
from realstack.history.verdict import Findings


@dataclass(frozen=True, slots=True)
class Expected:
    """What a test said of the tools of an answer.

    Attributes:
        calls: The tools and their arguments, in order; None is not told, an argument that is None may be any.
        forbidden: Tools that must not be called.
        most: How often tools may be called at most.
        index: The event that told it.
    """

    calls: Sequence[tuple[str, str | None]] | None
    forbidden: frozenset[str]
    most: int | None
    index: int


def right_tools(history: History) -> Findings:
    """An agent calls the tools that a question needs, in their order and with the right arguments, no others, and not endlessly.

    What a question needs a test tells: all calls in their order, or, of an agent that is free to choose, which tools are
    forbidden and how many calls are the most. Judged is each tab that saw the run begin; what came to it a second time after a
    reconnect counts once. A run that has not ended may still call what is missing.
    """
    findings = Findings()
    expected = {str(note.data["message"]): _expected(note) for note in history.noted("tools")}
    beginning = history.vocabulary.chain[0].stages[0] if history.vocabulary.chain else ""
    answered: set[str] = set()
    calls = 0
    for events in (events for tabs in history.runs().values() for events in tabs.values()):
        query = next((event.query for event in events if event.query in expected), None)
        if query is None or events[0].stage != beginning:
            continue
        answered.add(query)
        made = list({event.event or event.index: event for event in reversed(events) if event.tool is not None}.values())[::-1]
        calls += len(made)
        _judge(history, findings, expected[query], made, events)
    findings.counts = {"questions": len(answered), "calls": calls, "told": len(expected)}
    return findings


def _expected(note: Note) -> Expected:
    data = note.data
    calls = data.get("calls")
    return Expected(
        None if calls is None else [(str(call.get("tool", "")), call.get("input")) for call in calls],
        frozenset(map(str, data.get("forbidden", ()))),
        whole(data.get("most")),
        note.index,
    )


def _judge(
    history: History, findings: Findings, expected: Expected, made: Sequence[RunEvent], events: Sequence[RunEvent]
) -> None:
    """Judge one run on one tab; the first call that is wrong is told, since what follows it may be its consequence."""
    first = events[0]
    end = next((event for event in events if event.stage in history.vocabulary.chain[-1].stages), None)
    run, tab = history.name(first.run, "r"), first.tab
    for place, call in enumerate(made):
        wrong = _wrong(expected, place, call)
        if wrong is None:
            continue
        findings.violated(
            f"the run {run} called {_told(call.tool, call.given)} on {tab}: {wrong}, because the test says so; however, it was "
            f"call {place + 1}, at {history.when(call.at)}.",
            call.at,
            (expected.index, call.index),
            (tab,),
        )
        return
    if expected.calls is not None and len(made) < len(expected.calls):
        wanted = _told(*expected.calls[len(made)])
        so_far = f"it ended as {end.stage} at {history.when(end.at)}" if end is not None else "it has not yet"
        findings.violated(
            f"the run {run} never called {wanted} on {tab}: it must as call {len(made) + 1}, because the test says so; however, "
            f"{so_far}.",
            (end or first).at,
            (expected.index, (end or first).index),
            (tab,),
            retryable=end is None,
        )


def _wrong(expected: Expected, place: int, call: RunEvent) -> str | None:
    """What a call must be instead; None where it is right."""
    if call.tool in expected.forbidden:
        return "it must not"
    if expected.calls is not None:
        if place >= len(expected.calls):
            return f"it must call nothing after {len(expected.calls)} calls"
        tool, given = expected.calls[place]
        if call.tool != tool or given not in (None, call.given):
            return f"it must call {_told(tool, given)}"
    if expected.most is not None and place >= expected.most:
        return f"it must call tools {expected.most} times at most"
    return None


def _told(tool: str | None, given: str | None) -> str:
    return f"{tool}" if given is None else f"{tool} with {given!r}"
