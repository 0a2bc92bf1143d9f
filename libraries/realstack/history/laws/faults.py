"""Laws about faults: contained and recovers-alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from realstack.history.domain import History
from realstack.history.facts import Note, PageReading
from realstack.history.values import number
from realstack.history.verdict import Findings

SLOWER = 3.0
"""How many times its worst time without a fault a service may take, where no usual time was given."""
LEAST_USUAL = 0.1
"""Seconds below which no answer counts as slow, where no usual time was given."""
DOWN = ("killed", "stopped", "paused", "died")
"""What is told of a service that is down from then on."""
UP = ("resumed", "started", "restarted", "ready")
"""What is told of a service that is back."""


@dataclass(frozen=True, slots=True)
class Outage:
    """A time in which something was broken on purpose; `end` is the history's end while it still is.

    `way_round` says that new connections worked all the while: only those that were open when it began were hit.
    """

    target: str
    begin: float
    end: float
    index: int
    over: bool
    names: frozenset[str] = frozenset()
    way_round: bool = False

    def covers(self, at: float) -> bool:
        """Whether a time lies in the outage."""
        return self.begin <= at <= self.end


def outages(history: History) -> list[Outage]:
    """All faults of a history, as spans: network faults, and services killed, stopped or paused until they came back."""
    spans: list[Outage] = []
    under_way: list[Note] = []
    for note in history.noted("fault-on", "fault-off", "service"):
        what = note.data.get("what") if note.kind == "service" else None
        if note.kind == "fault-on" or (what in DOWN and not any(_same(begun, note) for begun in under_way)):
            under_way.append(note)
        elif note.kind == "fault-off" or what in UP:
            start = ended_by(note, under_way)
            if start is not None:
                under_way.remove(start)
                spans.append(_span(start, note.at, over=True))
    spans.extend(_span(start, history.end, over=False) for start in under_way)
    return sorted(spans, key=lambda span: span.begin)


def _span(start: Note, end: float, *, over: bool) -> Outage:
    way_round = start.data.get("way_round") is True
    return Outage(_target(start), start.at, end, start.index, over=over, names=_names(start), way_round=way_round)


def ended_by(end: Note, begun: list[Note]) -> Note | None:
    """Which of the faults begun is ended by an event: the one of the same source that is most alike, of equals the oldest."""
    same = [note for note in begun if _same(note, end)]
    return max(same, key=lambda note: _likeness(note, end), default=None)


def _same(one: Note, other: Note) -> bool:
    return one.source == other.source and (one.kind == "service") == (other.kind == "service")


def _likeness(one: Note, other: Note) -> int:
    return sum(key in one.data and one.data[key] == other.data.get(key) for key in ("id", "name", "toxic", "what", "kind", "on"))


def _target(note: Note) -> str:
    return str(note.data.get("target") or note.source)


def _names(note: Note) -> frozenset[str]:
    """Everything that a fault goes by."""
    told = (note.source, *(note.data.get(key) for key in ("id", "name", "alias", "target", "link", "toxic", "kind", "what")))
    return frozenset(str(name) for name in told if name)


def contained(history: History) -> Findings:
    """While one service is down, the others answer within their usual time and without an error of their own.

    Read from ``probe`` events: a service asked, whether it answered well, and in how many seconds. Its usual time is what
    the probe names as ``usual``, or three times its worst answer while nothing was broken. Probes of the broken
    service itself, and those marked ``dependent``, are not judged.
    """
    findings = Findings()
    spans = outages(history)
    by_service: dict[str, list[Note]] = defaultdict(list)
    for note in history.noted("probe"):
        if not note.data.get("dependent"):
            by_service[note.source].append(note)
    calm: list[int] = []
    during: list[int] = []
    for service, probes in sorted(by_service.items()):
        at_once = [(p, [span for span in spans if span.covers(p.at)]) for p in probes]
        before = [p for p, there in at_once if not there]
        broken = [(p, there) for p, there in at_once if there and all(span.target != service for span in there)]
        if not broken:
            continue
        calm.append(len(before))
        during.append(len(broken))
        usual = _usual(before)
        for probe, there in broken:
            _judge_probe(history, findings, probe, there, usual)
    findings.counts = {
        "services": len(during),
        "probes before": min(calm, default=0),
        "probes during": min(during, default=0),
        "faults": len(spans),
    }
    return findings


def _usual(before: list[Note]) -> float:
    times = [seconds for probe in before if probe.data.get("ok") and (seconds := number(probe.data.get("seconds"))) is not None]
    return max(LEAST_USUAL, SLOWER * max(times, default=0.0))


def _judge_probe(history: History, findings: Findings, probe: Note, there: Sequence[Outage], usual: float) -> None:
    seconds = number(probe.data.get("seconds")) or 0.0
    allowed = number(probe.data.get("usual")) or usual
    answer = probe.data.get("answer") or "an error"
    if not probe.data.get("ok"):
        what, however = "failed", f"it answered {answer} at {history.when(probe.at)}"
    elif seconds > allowed:
        what, however = "was slow", f"its answer at {history.when(probe.at)} took {seconds:.3f} s"
    else:
        return
    names = list(dict.fromkeys(span.target for span in there))
    targets, were = " and ".join(names), "was" if len(names) == 1 else "were"
    findings.violated(
        f"{probe.source} {what} while {targets} {were} down: it must answer well within {allowed:.3f} s, because only {targets} "
        f"{were} broken, from {history.when(there[0].begin)} on; however, {however}.",
        probe.at,
        (*(span.index for span in there), probe.index),
    )


def recovers_alone(history: History) -> Findings:
    """After the fault the user's page works again with no act of the user's.

    Read from readings of pages (does it work?), from what was typed on them, and from ``act`` events (what a user did
    to help: reload, sign in again, click retry). A page that works again says so, and has handed over everything that its
    user typed: what is gone would have to be typed again. The page must have been seen not working during the fault, or its
    recovery proves nothing. A fault that leaves a way round it (only connections that were open are dead) needs no
    end: the page must take that way. Services must answer well, too, once all faults are over (``probe`` events from then on): to
    whoever asks first, not only to whoever asks again.
    """
    findings = Findings()
    spans = [span for span in outages(history) if span.over or span.way_round]
    readings_during = 0
    pages = {page.tab for page in history.pages if page.working is not None}
    for tab in sorted(pages):
        touched: list[Outage] = []
        for span in spans:
            readings = [page for page in history.pages if page.tab == tab and page.working is not None]
            down = [page for page in readings if span.begin <= page.at and page.working is False]
            readings_during += sum(1 for page in readings if span.covers(page.at) and page.working is False)
            if down:
                _judge_return(history, findings, span, readings, down[0].at)
            if down or any(send.typed and send.tab == tab and span.begin <= send.at for send in history.sends):
                touched.append(span)
        if touched:
            _judge_typed(history, findings, tab, touched)
    after = _probes_after_all(history)
    for probe, span in after:
        if not probe.data.get("ok"):
            findings.violated(
                f"{probe.source} does not answer well again: it must, to everybody, because {_told(history, span)}; however, it "
                f"answered {probe.data.get('answer') or 'an error'} at {history.when(probe.at)}.",
                probe.at,
                (span.index, probe.index),
            )
    findings.counts = {
        "pages": len(pages),
        "faults": len(spans),
        "readings during a fault": readings_during,
        "probes after": len(after),
    }
    return findings


def _probes_after_all(history: History) -> list[tuple[Note, Outage]]:
    """Probes that came when no fault was left, each with the fault that was over last."""
    spans = outages(history)
    if not spans or not all(span.over for span in spans):
        return []
    last = max(spans, key=lambda span: span.end)
    return [(probe, last) for probe in history.noted("probe") if probe.at > last.end and not probe.data.get("dependent")]


def _judge_return(history: History, findings: Findings, span: Outage, readings: list[PageReading], down_at: float) -> None:
    tab, last = readings[0].tab, readings[-1]
    since = span.begin if span.way_round else span.end
    back = next((page for page in readings if page.at >= max(since, down_at) and page.working), None)
    until = back.at if back else history.end
    acts = [note for note in history.noted("act") if note.source == tab and span.begin <= note.at <= until]
    fault = _told(history, span)
    if acts:
        findings.violated(
            f"{tab} was helped: it must recover alone, because {fault}; however, the user did "
            f"{acts[0].data.get('what', 'something')!r} at "
            f"{history.when(acts[0].at)}.",
            acts[0].at,
            (span.index, acts[0].index),
            (tab,),
        )
    elif back is None:
        findings.violated(
            f"{tab} does not work again: it must, because {fault}; however, it was last read at "
            f"{history.when(last.at)} and did not work.",
            last.at,
            (span.index, last.index),
            (tab,),
            retryable=True,
        )


def _judge_typed(history: History, findings: Findings, tab: str, touched: list[Outage]) -> None:
    """Whether what was typed on a page that faults touched is acknowledged at the end."""
    span = max(touched, key=lambda one: one.begin if one.way_round else one.end)
    readings = [page for page in history.pages if page.tab == tab and page.items is not None]
    last = readings[-1] if readings else None
    if last is None or last.at < (span.begin if span.way_round else span.end):
        return
    refused = {refusal.message for refusal in history.refusals} | {rejection.message for rejection in history.rejections}
    done = {ack.message for ack in history.acks} | {item.message for item in (history.stores[-1].items if history.stores else ())}
    shown = {item.message for item in last.items or ()}
    for send in history.sends:
        if not send.typed or send.tab != tab or send.at > last.at:
            continue
        # Under whichever id: a page that gives its message another one has handed it over (`exactly-once` judges the rest).
        if not (done | refused).isdisjoint({send.message, *history.ids_with_text(send.text or "")}):
            continue
        however = "shows it as not stored" if send.message in shown else "does not show it"
        findings.violated(
            f"{tab} has not handed over {history.name(send.message)}: it must without its user's help, because it was typed at "
            f"{history.when(send.at)} and {_told(history, span)}; however, the page read at {history.when(last.at)} {however}.",
            last.at,
            (span.index, send.index, last.index),
            (tab,),
            retryable=True,
        )


def _told(history: History, span: Outage) -> str:
    if span.way_round:
        return f"the fault on {span.target} hit only connections that were open at {history.when(span.begin)}"
    return f"the fault on {span.target} ended at {history.when(span.end)}"
