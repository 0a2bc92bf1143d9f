"""The law stop-stops: an answer that its user stops ends at once and everywhere, and what was said of it stays."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from realstack.history.domain import History
from realstack.history.facts import Deliver, RunEvent, Send, Stop
from realstack.history.values import text
from realstack.history.verdict import Findings

IN_FLIGHT = 0.5
"""Seconds after an acknowledged stop in which what was told before it may still arrive."""


@dataclass(slots=True)
class Run:
    """What was seen of an agent run, and of the wish to stop it.

    Attributes:
        user: Whose it is.
        events: Its events, by tab.
        asked: Every stop that its own user asked for, or was acknowledged, by time.
    """

    name: str
    query: str = ""
    user: str = ""
    events: dict[str, list[RunEvent]] = field(default_factory=lambda: defaultdict(list))
    asked: list[Stop] = field(default_factory=list)

    @property
    def acknowledged(self) -> Stop | None:
        """The first stop that the platform acknowledged."""
        return next((stop for stop in self.asked if stop.acknowledged), None)

    def end(self, tab: str, stages: frozenset[str]) -> RunEvent | None:
        """The event that ended the run on a tab."""
        return next((event for event in self.events.get(tab, ()) if event.stage in stages), None)


def stop_stops(history: History) -> Findings:
    """An answer that its user stops ends at once and everywhere, keeps what was said, and nothing else is ever stopped.

    From an acknowledged stop on, what was in flight may arrive for `IN_FLIGHT` seconds. Every tab that had the question sees
    the run end, as stopped, and nothing of it afterwards. What was said in pieces, what the end tells, what is delivered, stored
    and shown are one text, the beginning of the whole answer where a test told that one. A run that nobody asked to stop is not
    stopped, and does not break off; that its user has left is no such wish, unless the vocabulary says so (`leaving_stops`).
    """
    findings = Findings()
    terminal = frozenset(history.vocabulary.chain[-1].stages) if history.vocabulary.chain else frozenset()
    runs = _runs(history)
    stopped = [run for run in runs if run.acknowledged is not None]
    texts = 0
    for run in stopped:
        _judge_arrivals(history, findings, run, terminal)
        _judge_ends(history, findings, run, terminal)
        texts += _judge_texts(history, findings, run, terminal)
    for run in runs:
        if not run.asked:
            _judge_unasked(history, findings, run, terminal)
    findings.counts = {
        "stops": len(stopped),
        "runs": len(runs),
        "tabs": len({tab for run in stopped for tab in run.events}),
        "texts": texts,
    }
    return findings


def _runs(history: History) -> list[Run]:
    # Whoever sent it owns it, whomever else it was delivered to.
    asked: list[Send | Deliver] = [*history.sends, *(delivery for delivery in history.deliveries if delivery.role == "user")]
    owners = {fact.message: fact.user for fact in reversed(asked)}
    runs: dict[str, Run] = {}
    of_query: dict[str, Run] = {}
    for event in history.run_events:
        run = runs.setdefault(event.run, Run(event.run))
        run.events[event.tab].append(event)
        if event.query:
            run.query = event.query
            of_query.setdefault(event.query, run)
        run.user = owners.get(run.query, run.user or event.user)
    for stop in history.stops:
        if stop.user == owners.get(stop.message, stop.user):
            named = runs.get(stop.run) if stop.run else None
            run = named or of_query.get(stop.message) or Run("", user=stop.user)
            run.name, run.query = run.name or stop.run or "", stop.message
            of_query[stop.message] = run
            run.asked.append(stop)
    return list({id(run): run for run in (*runs.values(), *of_query.values())}.values())


def _judge_arrivals(history: History, findings: Findings, run: Run, terminal: frozenset[str]) -> None:
    """What comes long after the stop, or after the end."""
    stop = run.acknowledged
    assert stop is not None
    for events in run.events.values():
        known: set[str | int | None] = set()
        end: RunEvent | None = None
        for event in events:
            key = event.event or event.number
            again, before = key is not None and key in known, end
            known.add(key)
            if event.stage in terminal:
                end = end or event
            if again:
                continue
            since = None
            if before is not None:
                since = before.at, before.index, f"it had ended there, {before.stage}"
            elif event.stage not in terminal and event.at > stop.at + IN_FLIGHT:
                since = stop.at, stop.index, f"its stop was acknowledged to {stop.tab}"
            if since is not None:
                findings.violated(
                    f"{_run(history, run)} went on on {event.tab}: nothing of it must come, because {since[2]} at "
                    f"{history.when(since[0])}; however, {event.stage} came at {history.when(event.at)}.",
                    event.at,
                    (since[1], event.index),
                    (event.tab,),
                )
                break


def _judge_ends(history: History, findings: Findings, run: Run, terminal: frozenset[str]) -> None:
    """Every tab that had the question sees the run end as stopped."""
    stop = run.acknowledged
    assert stop is not None
    had = {delivery.tab for delivery in history.deliveries if delivery.message == run.query and delivery.user == run.user}
    for name in {**dict.fromkeys(run.events), **dict.fromkeys(sorted(had))}:
        tab = history.tabs[name]
        end = run.end(name, terminal)
        if end is not None and end.stage not in history.vocabulary.stops:
            findings.violated(
                f"{_run(history, run)} was stopped and ended as {end.stage} on {name}: it must end as stopped, because its "
                f"stop was acknowledged to {stop.tab} at {history.when(stop.at)}; however, {end.stage} came at "
                f"{history.when(end.at)}.",
                end.at,
                (stop.index, end.index),
                (name,),
            )
        elif end is None and not tab.page and tab.open_now and len(tab.stretches) == 1:
            findings.violated(
                f"{name} never saw {_run(history, run)} end: it must, because its stop was acknowledged to {stop.tab} at "
                f"{history.when(stop.at)}; however, nothing of it came until {history.when(history.end)}.",
                stop.at,
                (stop.index,),
                (name,),
                retryable=True,
            )


def _judge_texts(history: History, findings: Findings, run: Run, terminal: frozenset[str]) -> int:
    """All that shows the stopped answer shows the same, the beginning of the whole one; returns how many there are.

    What was kept of it is what its end tells; where ends tell nothing, as the answer was first delivered.
    """
    ends = [end for tab in run.events if (end := run.end(tab, terminal)) is not None and end.text is not None]
    answers = [d for d in history.deliveries if d.role == "agent" and d.run == run.name and d.text is not None]
    if not ends and not answers:
        return 0
    kept: RunEvent | Deliver
    kept, told = (ends[0], ends[0].stage) if ends else (answers[0], "its delivery")
    answer = kept.answer if isinstance(kept, RunEvent) else kept.message
    said = kept.text or ""
    shown = [(event.text or "", f"the end on {event.tab}", event.at, event.index) for event in ends[1:]]
    shown += _pieces(history, run, terminal)
    shown += [(d.text or "", d.tab, d.at, d.index) for d in history.deliveries if answer and d.message == answer]
    for page in history.pages:
        items = [item for item in page.items or () if item.message == answer and page.began > kept.at]
        shown += [(item.text or "", page.tab, page.at, page.index) for item in items]
    for store in history.stores:
        if store.began <= kept.at or not store.covers(run.user, kept.thread):
            continue
        rows = [item for item in store.items if item.message == answer]
        shown += [(item.text or "", f"the store {store.store}", store.at, store.index) for item in rows]
        if not rows:
            findings.violated(
                f"{_run(history, run)} left no answer in the store {store.store}: what was said must be kept, because {told} "
                f"came at {history.when(kept.at)}; however, at {history.when(store.at)} no row had it.",
                store.at,
                (kept.index, store.index),
                retryable=True,
            )
    for words, by, at, index in shown:
        if words != said:
            findings.violated(
                f"{_run(history, run)} is not the same on {by}: it must be the {len(said)} characters that {told} told "
                f"{kept.tab} at {history.when(kept.at)}; however, at {history.when(at)} there were {len(words)}.",
                at,
                (kept.index, index),
            )
    for note in history.noted("expected"):
        if note.data.get("message") == run.query and not (text(note.data.get("text")) or "").startswith(said):
            findings.violated(
                f"{_run(history, run)} is no beginning of its answer: it must be, because it was stopped while it was said; "
                f"however, at {history.when(kept.at)} {told} told {kept.tab} {len(said)} characters that do not begin it.",
                kept.at,
                (note.index, kept.index),
            )
    return len(shown) + 1


def _pieces(history: History, run: Run, terminal: frozenset[str]) -> list[tuple[str, str, float, int]]:
    """What tabs that saw all of the run were told in pieces."""
    found = []
    for tab, events in run.events.items():
        end = run.end(tab, terminal)
        numbered = {event.number: event for event in reversed(events) if event.number is not None}
        if end is None or end.number is None or any(number not in numbered for number in range(1, end.number)):
            continue
        pieces = [numbered[number] for number in range(1, end.number) if numbered[number].stage in history.vocabulary.piecewise]
        found.append(("".join(piece.text or "" for piece in pieces), f"{tab}, in pieces", end.at, end.index))
    return found


def _judge_unasked(history: History, findings: Findings, run: Run, terminal: frozenset[str]) -> None:
    leaving = history.vocabulary.leaving_stops
    for note in history.noted("expected"):
        cut = (
            None
            if leaving or note.data.get("message") != run.query
            else _cut_off(history, run, text(note.data.get("text")) or "")
        )
        if cut is not None:
            findings.violated(
                f"{_run(history, run)} broke off: all of it must come, because {run.user} did not ask for a stop; however, at "
                f"{history.when(cut.at)} {cut.tab} got only the first {len(cut.text or '')} characters of it as the answer.",
                cut.at,
                (note.index, cut.index),
                (cut.tab,),
            )
            return
    for tab in run.events:
        end = run.end(tab, terminal)
        if end is None or end.stage not in history.vocabulary.stops:
            continue
        if leaving and _had_left(history, run, end.at):
            continue
        findings.violated(
            f"{_run(history, run)} was stopped by nobody: it must go on, because {run.user} did not ask for a stop; however, "
            f"{end.stage} came to {tab} at {history.when(end.at)}.",
            end.at,
            (end.index,),
            (tab,),
        )
        return


def _cut_off(history: History, run: Run, whole: str) -> Deliver | None:
    """Where the answer was delivered, and is only a beginning of what was expected."""
    answers = (d for d in history.deliveries if d.role == "agent" and d.run == run.name and d.text is not None)
    return next((d for d in answers if d.text != whole and whole.startswith(d.text or "")), None)


def _had_left(history: History, run: Run, until: float) -> bool:
    """Whether there was a moment, since the run was first seen, in which its user had no open connection."""
    begun = min(event.at for events in run.events.values() for event in events)
    tabs = [tab for tab in history.tabs.values() if tab.user == run.user]
    moments = [s.closed for tab in tabs for s in tab.stretches if s.closed is not None and begun <= s.closed <= until]
    # At its very end a connection counts as open.
    return any(not any(tab.open_at(moment + 1e-9) for tab in tabs) for moment in moments)


def _run(history: History, run: Run) -> str:
    return f"the answer to {history.name(run.query)}" if run.query else f"the run {history.name(run.name, 'r')}"
