"""The law answers-flow: who asked need not wait long for the first word, for the next one, and for the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from realstack.core.pace import Pace
from realstack.history.domain import History
from realstack.history.facts import RunEvent, Send
from realstack.history.values import number
from realstack.history.verdict import Findings


@dataclass(frozen=True, slots=True)
class Bounds:
    """The longest times that an answer may take, in seconds; None is no bound."""

    first: float | None
    gap: float | None
    end: float | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a tab saw of an answer: all its events, its pieces among them, and its end where it has one."""

    question: Send
    events: Sequence[RunEvent]
    pieces: Sequence[RunEvent]
    end: RunEvent | None


def answers_flow(history: History) -> Findings:
    """The first word of an answer, each next one and its end come within the times that the platform declares for them.

    Judged is every tab that was connected from the question on until the answer's end: the first piece since the question was
    sent, the time from each piece to the next one and from the last one to the end, and the end. An answer that was stopped, or
    failed, is another law's business; one that was told without pieces had no first word before its end.
    """
    findings = Findings()
    bounds = _bounds(history)
    asked: dict[str, Send] = {}
    for send in history.sends:
        asked.setdefault(send.message, send)
    answers: list[Answer] = []
    for events in (events for tabs in history.runs().values() for events in tabs.values()):
        question = next((asked[event.query] for event in events if event.query in asked), None)
        if question is not None and _there_throughout(history, question, events):
            answers += [answer] if (answer := _answer(history, question, events)) is not None else []
    if bounds is not None:
        for answer in answers:
            _judge(history, findings, bounds, answer)
    pieces = sum(len(answer.pieces) for answer in answers)
    findings.counts = {"answers": len(answers), "pieces": pieces, "bounds": int(bounds is not None)}
    return findings


def _bounds(history: History) -> Bounds | None:
    """What was declared last."""
    declared = history.noted("pace")
    if not declared:
        return None
    data = declared[-1].data
    return Bounds(number(data.get("first")), number(data.get("gap")), number(data.get("end")))


def _there_throughout(history: History, question: Send, events: Sequence[RunEvent]) -> bool:
    """Whether nothing of the answer can have come while the tab was away."""
    stretches = {event.stretch for event in events}
    return len(stretches) == 1 and history.tabs[events[0].tab].stretches[stretches.pop()].opened <= question.at


def _answer(history: History, question: Send, events: Sequence[RunEvent]) -> Answer | None:
    """What a tab saw of an answer; None of one that was stopped or failed."""
    terminal = history.vocabulary.chain[-1].stages
    end = next((event for event in events if event.stage in terminal), None)
    if end is not None and end.stage != terminal[0]:
        return None
    return Answer(
        question, events, [event for event in events if event.text and event.stage in history.vocabulary.piecewise], end
    )


def _judge(history: History, findings: Findings, bounds: Bounds, answer: Answer) -> None:
    """Judge when pieces and end came; of what has not come yet, how long it has been waited for."""
    question, events, end = answer.question, answer.events, answer.end
    told: list[RunEvent | None] = [*answer.pieces, end] if answer.pieces else [end, end]
    moments = [history.end if event is None else event.at for event in told]
    pace = Pace.of(question.at, moments[:-1], moments[-1])
    before, after = told[pace.before : pace.before + 2]
    run, tab, late = history.name(events[0].run, "r"), events[0].tab, False
    for what, took, most, since, came in (
        ("first word", pace.first, bounds.first, question, told[0]),
        ("next word", pace.gap, bounds.gap, before or question, after),
        ("end", pace.end, bounds.end, question, end),
    ):
        if most is None or took <= most:
            continue
        late = True
        because = f"{'it was asked for' if since is question else 'one came'} at {history.when(since.at)}"
        seen = f"nothing came until {history.when(history.end)}" if came is None else f"it came at {history.when(came.at)}"
        findings.violated(
            f"the {what} of the answer {run} came late to {tab}: it must within {most:g} s, because {because}; however, {seen}, "
            f"{took:.3f} s later.",
            history.end if came is None else came.at,
            tuple(dict.fromkeys([question.index, since.index, *([] if came is None else [came.index])])),
            (tab,),
        )
    if end is None and not late:
        findings.violated(
            f"the answer {run} has no end on {tab}: it must have one, because {events[0].stage} came at "
            f"{history.when(events[0].at)}; however, the last that came was {events[-1].stage} at {history.when(events[-1].at)}.",
            events[-1].at,
            (question.index, events[-1].index),
            (tab,),
            retryable=True,
        )
