"""The law spread-out: clients that were dropped all at once don't come back all at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from realstack.history.domain import History
from realstack.history.facts import Note
from realstack.history.laws.faults import Outage, outages
from realstack.history.values import number, whole
from realstack.history.verdict import Findings

QUIET = 0.25
"""Part of the longest wait after which nobody's coming counts as silence."""
MOST_SILENCE = 0.25
"""Part of an outage that may be silence."""
MOST_ATTEMPTS = 1.5
"""How many times the average of full jitter may be tried."""
LEAST_CLIENTS, LEAST_WAITS, LEAST_EACH = 8, 3, 2
"""Clients, longest waits in the outage, attempts of each client on average: below them silence may be chance and isn't judged."""
EARLY = 0.75
"""Part of its ceiling before which a wait is over early."""
LEAST_EARLY = 0.1
"""Part of the clients' own waits of which more must be over early."""
LEAST_MEASURED = 3
"""Measured waits of each client on average: below them their lengths may be chance and aren't judged."""


@dataclass(frozen=True, slots=True)
class Return:
    """How clients tried to come back in one outage.

    Attributes:
        note: The event that told it.
        outage: What took their connections.
        clients: How many they are.
        shortest: Seconds that their backoff lets the first attempt wait at most.
        longest: The same of late attempts.
        times: When somebody tried.
        parts: Each wait that a client was seen to keep, as a part of what its backoff allowed just then.
        held_up: Seconds by which the latest of these waits was longer than that.
    """

    note: Note
    outage: Outage
    clients: int
    shortest: float
    longest: float
    times: list[float]
    parts: list[float]
    held_up: float

    @property
    def seconds(self) -> float:
        """How long the outage was."""
        return self.outage.end - self.outage.begin

    @property
    def waits(self) -> int:
        """How many longest waits the outage was long."""
        return int(self.seconds / self.longest)

    @property
    def enough(self) -> bool:
        """Whether so much was seen that silence is no chance."""
        tried = len(self.times) >= LEAST_EACH * self.clients
        return tried and self.clients >= LEAST_CLIENTS and self.waits >= LEAST_WAITS


def spread_out(history: History) -> Findings:
    """Clients that lost their connections at one moment come back spread over their waiting time, no more often than it allows.

    Read from ``arrivals`` events: when clients tried to connect during a fault, how many they are, the bounds of their
    backoff, whose n-th attempt waits between nothing and ``min(longest, shortest * 2**n)`` (full jitter), and, where each client
    can be watched, how long it waited before its second, third … attempt. Three things are judged:

    *Lengths.* A client without jitter waits for the whole of what the backoff allows, and a busy machine adds to that. So waits
    that are over before three quarters of it show jitter: three of four are under full jitter, every second one where only half
    of the wait is random, none without. No more than a tenth is a violation, once three waits of each client were measured. Who
    came when, and what browser, proxy and machine do to attempts on their way, has no part in it.

    *Silence.* Clients in step come in bursts, and between bursts nobody comes, also where each wait is of another length, as
    until the next full second. What counts is how much of the outage nobody came in for longer than a quarter of the longest
    wait, that quarter left out each time. More than 25 % is a violation. A busy machine smears bursts, and then nothing but
    lengths tells. One that stands still looks silent as well; where waits are measured, some are longer than they may be then,
    and where one is by more than that quarter, silence is no verdict.

    *Hammering.* More attempts than one and a half times what full jitter makes on average are a violation. A slow machine makes
    attempts fewer.

    Error rates, from theory and the seeded simulation in ``tests/unit/test_history_spread.py``:

    - *Lengths, false alarm* (violated under full jitter): of the least that is judged, 24 waits, two at most are early by a
      chance of 1e-11; where each is late by a tenth of its ceiling of 2e-8, and of 2e-5 by a quarter. An outage of 3.4
      longest waits shows 40 and more of 8 clients: under 1e-7 also by a quarter.
    - *Lengths, miss* (without jitter, holds): none, since a timer is not over before its time. Three of 24 waits would have to
      be measured short by a quarter. Jitter of less than a quarter of the wait is found like none.
    - *Silence, false alarm*: of 570 000 simulated outages of three longest waits with 8 clients the quietest had 17 %, and what
      has more gets ten times rarer with every 2 %: under 1e-7. More clients or a longer outage leave less. On two
      cores with six times as much to do, two clean outages in thirty had 31 % and 32 %, both with a wait that was held up.
    - *Silence, miss*: none while bursts take less than a third of the longest wait (33 % and more are silent then), all where
      they take half of it. Measured on two busy cores, with 8 pages of two browser windows and a longest wait of 0.5 s: by the
      server's log bursts took between a tenth and a half, and pages in step were silent for 29 to 47 %; by the pages' own moments
      for 39 to 56 %, and those with jitter for 4 % at most. So where clients can be asked, ask them, and measure their waits.
    - *Hammering, false alarm*: seven standard deviations, with 8 clients in three longest waits.
    """
    findings = Findings()
    returns: list[Return] = []
    for note in history.noted("arrivals"):
        seen = _return(history, findings, note)
        if seen is not None:
            returns.append(seen)
            if seen.enough:
                _judge_silence(history, findings, seen)
                _judge_attempts(history, findings, seen)
                _judge_lengths(history, findings, seen)
            elif len(seen.times) < LEAST_EACH * seen.clients:
                findings.lacking.append(
                    f"Only {len(seen.times)} attempts of {seen.clients} clients, at least {LEAST_EACH} of each must be seen."
                )
    findings.counts = {
        "outages": len(returns),
        "clients": min((seen.clients for seen in returns), default=0),
        "attempts": min((len(seen.times) for seen in returns), default=0),
        "longest waits": min((seen.waits for seen in returns), default=0),
        "measured waits": min((len(seen.parts) for seen in returns), default=0),
    }
    return findings


def usual_attempts(seconds: float, shortest: float, longest: float) -> float:
    """How often a client with full jitter tries on average while it is not let in.

    While its waits grow, one attempt for each mean of them; then one for each half of the longest wait, less a third, because
    the wait under way at the end is counted only when it is over (renewal theory: the means of equally distributed waits).
    """
    attempts, spent, ceiling = 0.0, 0.0, shortest
    while ceiling < longest and spent + ceiling / 2 <= seconds:
        attempts, spent, ceiling = attempts + 1, spent + ceiling / 2, ceiling * 2
    return max(1.0, attempts + (seconds - spent) / (min(ceiling, longest) / 2) - 1 / 3)


def _return(history: History, findings: Findings, note: Note) -> Return | None:
    during = str(note.data.get("during"))
    span = next((span for span in outages(history) if during in span.names and span.over and span.begin <= note.at), None)
    if span is None:
        findings.lacking.append(f"The arrivals of {note.source} are of the fault {during}, which did not come and go before.")
        return None
    clients = whole(note.data.get("clients")) or 0
    shortest, longest = number(note.data.get("shortest")) or 0.0, number(note.data.get("longest")) or 0.0
    if clients < 1 or not 0 < shortest <= longest:
        findings.lacking.append(f"The arrivals of {note.source} say neither of how many clients nor how long these wait.")
        return None
    told = note.data.get("times")
    moments = (number(at) for at in told) if isinstance(told, list) else ()
    times = sorted(at for at in moments if at is not None and span.covers(at))
    waits = _waits(note.data.get("waits"), shortest, longest)
    parts = [seconds / ceiling for seconds, ceiling in waits]
    held_up = max((seconds - ceiling for seconds, ceiling in waits), default=0.0)
    return Return(note, span, clients, shortest, longest, times, parts, held_up)


def _waits(told: object, shortest: float, longest: float) -> list[tuple[float, float]]:
    """Each wait before a client's second, third … attempt and its ceiling, less those that nobody could measure."""
    found: list[tuple[float, float]] = []
    for waits in told if isinstance(told, list) else ():
        ceiling = shortest
        for wait in waits if isinstance(waits, list) else ():
            ceiling = min(longest, 2 * ceiling)
            seconds = number(wait)
            if seconds is not None:
                found.append((seconds, ceiling))
    return found


def _judge_lengths(history: History, findings: Findings, seen: Return) -> None:
    if not seen.parts:
        return
    if len(seen.parts) < LEAST_MEASURED * seen.clients:
        findings.lacking.append(
            f"Only {len(seen.parts)} waits of {seen.clients} clients were measured, at least {LEAST_MEASURED} of each must be."
        )
        return
    early = sum(part < EARLY for part in seen.parts)
    if early > LEAST_EARLY * len(seen.parts):
        return
    findings.violated(
        f"{seen.note.source} waited without jitter: more than {LEAST_EARLY:.0%} of {len(seen.parts)} waits must be over before "
        f"{EARLY:.0%} of what the backoff allows ({seen.shortest:g} s, then twice as much each time up to {seen.longest:g} s), "
        f"because the fault on {seen.outage.target} dropped {seen.clients} clients all at {history.when(seen.outage.begin)}; "
        f"however, {early} were, and the shortest took {min(seen.parts):.0%}.",
        seen.outage.end,
        (seen.outage.index, seen.note.index),
        (seen.note.source,),
    )


def _judge_silence(history: History, findings: Findings, seen: Return) -> None:
    """The time before the first arrival is no silence: until then a client may not know that it lost its connection."""
    moments = [*seen.times, seen.outage.end]
    quiet = QUIET * seen.longest
    silent = _excess(moments, quiet)
    if silent <= MOST_SILENCE * seen.seconds:
        return
    if seen.held_up > quiet:
        findings.lacking.append(
            f"{silent / seen.seconds:.0%} of the outage were silent, but a client was held up for {seen.held_up:.3f} s longer "
            "than its backoff allows: the machine stood still."
        )
        return
    begin, end = max(pairwise(moments), key=lambda pair: pair[1] - pair[0])
    findings.violated(
        f"{seen.note.source} came in bursts: {seen.clients} clients must come spread over waits of up to {seen.longest:g} s, so "
        f"that hardly ever nobody comes for longer than {quiet:g} s, because the fault on {seen.outage.target} dropped them "
        f"all at {history.when(seen.outage.begin)}; however, of its {seen.seconds:.3f} s {silent / seen.seconds:.0%} were such "
        f"silence, the longest from {history.when(begin)} to {history.when(end)}.",
        begin,
        (seen.outage.index, seen.note.index),
        (seen.note.source,),
    )


def _excess(moments: Sequence[float], quiet: float) -> float:
    """Seconds in which nobody had come for longer than `quiet`."""
    return sum(max(0.0, after - before - quiet) for before, after in pairwise(moments))


def _judge_attempts(history: History, findings: Findings, seen: Return) -> None:
    usual = seen.clients * usual_attempts(seen.seconds, seen.shortest, seen.longest)
    most = round(MOST_ATTEMPTS * usual)
    if len(seen.times) <= most:
        return
    findings.violated(
        f"{seen.note.source} tried too often: {seen.clients} clients must try {most} times at most, because in "
        f"{seen.seconds:.3f} s waits that grow from {seen.shortest:g} s to {seen.longest:g} s make {usual:.0f} attempts on "
        f"average; however, they tried {len(seen.times)} times from {history.when(seen.outage.begin)} to "
        f"{history.when(seen.outage.end)}.",
        seen.outage.end,
        (seen.outage.index, seen.note.index),
        (seen.note.source,),
    )
