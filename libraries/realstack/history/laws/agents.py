"""The law agent-stream: the events of an agent run come in their order, whole, and end once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence, Set

from realstack.history.domain import History
from realstack.history.facts import RunEvent
from realstack.history.verdict import Findings
from realstack.history.vocabulary import Link


def agent_stream(history: History) -> Findings:
    """The events of an agent run are started, (thinking, tool executing, tool completed)*, then one terminal event, once.

    The chain comes from the vocabulary. Judged is every tab that saw a run: in order, without a number left
    out, no event twice (save after a reconnect), one terminal event, the same one on every tab. A tab that
    was opened or reconnected while a run was under way is judged from the first event it saw; one that was
    greeted before the question was sent, and has the answer, must have seen the run. By the end each run must
    have ended, with its answer delivered before. Where the vocabulary says that every message is answered, each
    acknowledged message must have exactly one run.
    """
    findings = Findings()
    runs = history.runs()
    held = {(delivery.tab, delivery.message) for delivery in history.deliveries}
    for run, tabs in runs.items():
        begun = _begun(history, tabs)
        for events in tabs.values():
            _judge_tab(history, findings, events, begun)
        _judge_end(history, findings, run, tabs, held)
    _judge_unseen(history, findings, runs)
    _judge_one_run_each(history, findings)
    findings.counts = {
        "runs": len(runs),
        "events": len(history.run_events),
        "tabs": len({event.tab for event in history.run_events}),
    }
    return findings


class Chain:
    """Follows a run through the links of its chain.

    Args:
        links: The vocabulary's chain.
        midway: Whether the first event may be any stage (the tab came in while the run was under way).
        stops: Stages that may end the run anywhere, before it began too.
    """

    def __init__(self, links: Sequence[Link], midway: bool, stops: Set[str] = frozenset()) -> None:
        self._links = links
        self._stops = stops
        self._link = 0
        self._next = 0
        self._free = midway
        self.ended = False

    def takes(self, stage: str) -> bool:
        """Move on by a stage; False when it can't follow here."""
        if self.ended:
            return False
        if stage in self._stops:
            self.ended = True
            return True
        if self._free:
            self._free = False
            return self._jump(stage)
        for number in range(self._link, len(self._links)):
            answer = self._try(number, stage)
            if answer is not None:
                return answer
        return False

    def _try(self, number: int, stage: str) -> bool | None:
        """Whether a link takes the stage; None where the next link may."""
        link = self._links[number]
        begun = self._next if number == self._link else 0
        if link.kind == "cycle":
            if link.stages[begun] == stage:
                self._link, self._next = number, (begun + 1) % len(link.stages)
                return True
            return self._fails_inside(stage) if begun else None
        passed = link.kind == "once" and bool(begun)
        if stage in link.stages and not passed:
            self._link, self._next = number, 1
            self.ended = link.kind == "terminal"
            return True
        return None if link.kind == "any" or passed else False

    def _fails_inside(self, stage: str) -> bool:
        """Inside a cycle only failure may follow: a run may break off anywhere, but not be completed."""
        last = self._links[-1]
        self.ended = last.kind == "terminal" and stage in last.stages[1:]
        return self.ended

    def _jump(self, stage: str) -> bool:
        for number, link in enumerate(self._links):
            if stage in link.stages:
                position = link.stages.index(stage)
                self._link = number
                self._next = (position + 1) % len(link.stages) if link.kind == "cycle" else 1
                self.ended = link.kind == "terminal"
                return True
        return False

    def expected(self) -> str:
        """What may follow, in words."""
        if self.ended:
            return "nothing after its end"
        link = self._links[self._link]
        if link.kind == "cycle" and self._next:
            return link.stages[self._next]
        stages = []
        for number in range(self._link, len(self._links)):
            link = self._links[number]
            if number == self._link and self._next and link.kind in ("once", "terminal"):
                continue
            stages.append(link.stages[0] if link.kind == "cycle" else " or ".join(link.stages))
            if link.kind in ("once", "terminal"):
                break
        return " or ".join(stages)


def _judge_tab(history: History, findings: Findings, events: list[RunEvent], begun: float | None) -> None:
    first = events[0]
    links, stops = history.vocabulary.chain, history.vocabulary.stops
    midway = begun is not None and history.tabs[first.tab].stretches[first.stretch].opened >= begun
    chain = Chain(links, midway, stops)
    seen: dict[str, RunEvent] = {}
    last: RunEvent | None = None
    for event in events:
        key = event.event or (str(event.number) if event.number is not None else "")
        known = seen.get(key) if key else None
        if known is not None and known.stretch != event.stretch:
            continue
        if known is not None:
            however = f"the same event came at {history.when(known.at)} and again"
            _told(history, findings, (known, event), "another event", however)
            return
        if key:
            seen[key] = event
        fresh = last is not None and last.stretch != event.stretch
        if last is not None and event.number is not None and last.number is not None and event.number != last.number + 1:
            if not fresh:
                _told(
                    history, findings, (last, event), f"number {last.number + 1}", f"number {event.number} ({event.stage}) came"
                )
                return
            chain = Chain(links, True, stops)
        expected = chain.expected()
        if not chain.takes(event.stage):
            _told(history, findings, (last or event, event), expected, f"{event.stage} came")
            return
        last = event


def _begun(history: History, tabs: dict[str, list[RunEvent]]) -> float | None:
    """When any tab first saw a run begin: a tab opened (again) after that came in midway."""
    beginning = history.vocabulary.chain[0].stages[0]
    return min((event.at for events in tabs.values() for event in events if event.stage == beginning), default=None)


def _told(history: History, findings: Findings, pair: tuple[RunEvent, RunEvent], expected: str, however: str) -> None:
    before, event = pair
    run = history.name(event.run, "r")
    because = f"{before.stage} came at {history.when(before.at)}" if before is not event else "a run begins with its first stage"
    findings.violated(
        f"{event.tab} saw the run {run} out of step: next must be {expected}, because {because}; however, {however} at "
        f"{history.when(event.at)}.",
        event.at,
        (before.index, event.index) if before is not event else (event.index,),
        (event.tab,),
    )


def _judge_end(
    history: History, findings: Findings, run: str, tabs: dict[str, list[RunEvent]], held: set[tuple[str, str]]
) -> None:
    terminal = history.vocabulary.chain[-1].stages
    ends = [event for events in tabs.values() for event in events if event.stage in terminal]
    ends.sort(key=lambda event: event.index)
    first = min((events[0] for events in tabs.values()), key=lambda event: event.at)
    for other in ends[1:]:
        if other.event and ends[0].event and other.event != ends[0].event:
            findings.violated(
                f"the run {history.name(run, 'r')} ended twice: it must once, because {ends[0].stage} came to {ends[0].tab} at "
                f"{history.when(ends[0].at)}; however, another {other.stage} came to {other.tab} at {history.when(other.at)}.",
                other.at,
                (ends[0].index, other.index),
                (ends[0].tab, other.tab),
            )
            return
    for name, events in tabs.items():
        tab = history.tabs[name]
        if tab.stretches[-1].closed is not None:
            continue
        end = next((event for event in events if event.stage in terminal), None)
        if end is None and not (tab.stretches[-1].opened > events[-1].at and ends):
            findings.violated(
                f"{name} never saw the run {history.name(run, 'r')} end: it must, because the run began at "
                f"{history.when(first.at)}; however, the last "
                f"that came was {events[-1].stage} at {history.when(events[-1].at)}, and nothing until "
                f"{history.when(history.end)}.",
                events[-1].at,
                (first.index, events[-1].index),
                (name,),
                retryable=True,
            )
        elif end is not None and end.answer and (name, end.answer) not in held:
            findings.violated(
                f"{name} never received the answer of run {history.name(run, 'r')}: it must, because {end.stage} at "
                f"{history.when(end.at)} names "
                f"{history.name(end.answer)}; however, that message was not delivered to it.",
                end.at,
                (end.index,),
                (name,),
                retryable=True,
            )


def _judge_unseen(history: History, findings: Findings, runs: Mapping[str, Mapping[str, Sequence[RunEvent]]]) -> None:
    """A tab that was there before anybody asked, and is told the answer, is told how that came about."""
    sent = {send.message: send for send in reversed(history.sends)}
    greeted = {(greeting.tab, greeting.stretch): greeting for greeting in reversed(history.greetings)}
    queries = {run: event.query for run, tabs in runs.items() for events in tabs.values() for event in events if event.query}
    asked: dict[str, float] = {}
    for resume in history.resumes:
        asked[resume.tab] = max(resume.at, asked.get(resume.tab, resume.at))
    judged: set[tuple[str, str]] = set()
    for answer in history.deliveries:
        tab, run = history.tabs[answer.tab], answer.run or ""
        if answer.role != "agent" or run not in queries or tab.name in runs[run] or (tab.name, run) in judged:
            continue
        question, greeting = sent.get(queries[run]), greeted.get((tab.name, len(tab.stretches) - 1))
        if question is None or greeting is None or greeting.at >= question.at or not tab.open_now:
            continue
        # Who asks for a conversation is told what there is of it; of answers that are over, nothing else.
        if tab.name in asked and asked[tab.name] >= question.at:
            continue
        judged.add((tab.name, run))
        findings.violated(
            f"{tab.name} saw nothing of the run {history.name(run, 'r')} but its answer: it must see each event, because it was "
            f"there from {history.when(greeting.at)} on, before {history.name(question.message)} was sent at "
            f"{history.when(question.at)}; however, the answer came at {history.when(answer.at)}, and no event until "
            f"{history.when(history.end)}.",
            answer.at,
            (question.index, answer.index),
            (tab.name,),
            retryable=True,
        )


def _judge_one_run_each(history: History, findings: Findings) -> None:
    runs: dict[str, dict[str, RunEvent]] = defaultdict(dict)
    for event in history.run_events:
        if event.query:
            runs[event.query].setdefault(event.run, event)
    for query, started in runs.items():
        if len(started) > 1:
            one, two = list(started.values())[:2]
            findings.violated(
                f"{history.name(query)} was answered twice: it must once, because the run {history.name(one.run, 'r')} for "
                "it began at "
                f"{history.when(one.at)}; however, the run {history.name(two.run, 'r')} for it began at {history.when(two.at)}.",
                two.at,
                (one.index, two.index),
                (two.tab,),
            )
    if not history.vocabulary.every_message_is_answered:
        return
    asked = set()
    for ack in history.acks:
        tab = history.tabs[ack.tab]
        if ack.message in asked or ack.message in runs or tab.page or not tab.open_now or len(tab.stretches) > 1:
            continue
        asked.add(ack.message)
        findings.violated(
            f"{history.name(ack.message)} was never answered: a run for it must begin, because it was acknowledged to "
            f"{ack.tab} at "
            f"{history.when(ack.at)}; however, no run named it until {history.when(history.end)}.",
            ack.at,
            (ack.index,),
            (ack.tab,),
            retryable=True,
        )
