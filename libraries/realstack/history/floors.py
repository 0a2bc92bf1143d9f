"""The least activity for a verdict to mean anything, and receipts for faults."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from realstack.core.errors import StackError, explain
from realstack.history.domain import History
from realstack.history.facts import Ack, Fact, Note, Send
from realstack.history.laws.faults import DOWN, Outage, ended_by, outages
from realstack.history.values import number

PROOFS = ("packets", "bytes_", "hits", "hit_", "reset_", "dropped", "rejected")
"""Beginnings of the names of counters that tell what a fault hit."""
ANY_FAULT = frozenset({"outage", "fault", "any fault"})

_KINDS: dict[str, Callable[[History], Sequence[Fact]]] = {
    "sends": lambda history: history.sends,
    "acks": lambda history: history.acks,
    "deliveries": lambda history: history.deliveries,
    "refusals": lambda history: history.refusals,
    "rejections": lambda history: history.rejections,
    "decisions": lambda history: [*history.acks, *history.refusals, *history.rejections],
    "resumes": lambda history: history.resumes,
    "stops": lambda history: history.stops,
    "connections": lambda history: history.greetings,
    "run events": lambda history: history.run_events,
    "failures": lambda history: [event for event in history.run_events if event.stage in history.vocabulary.failures],
    "page readings": lambda history: history.pages,
    "store readings": lambda history: history.stores,
    "probes": lambda history: history.noted("probe"),
    "attempts": lambda history: history.noted("attempt"),
    "acts": lambda history: history.noted("act"),
}


def count(history: History, what: str, during: str | None = None) -> int:
    """How often something happened, at all or during a fault.

    Args:
        history: What happened.
        what: ``sends``, ``acks``, ``deliveries``, … (a message counts once for ``sends`` and for ``acks``, however often
            it was sent again).
        during: The name of a fault (its source, target or id), or ``outage`` for any; None for the whole history.

    Raises:
        StackError: There is no such activity, or there was no such fault.
    """
    name = what.lower().replace("_", " ")
    if name not in _KINDS:
        raise StackError(explain(f"an activity: {', '.join(_KINDS)}", f"{what!r}"))
    facts = _KINDS[name](history)
    if during is not None:
        spans = _spans(history, during)
        facts = [fact for fact in facts if any(span.covers(fact.at) for span in spans)]
    if name in ("sends", "acks"):
        # Whoever sends again is told again, and no more messages are there for it.
        return len({fact.message or fact.index for fact in facts if isinstance(fact, Send | Ack)})
    return len(facts)


def _spans(history: History, during: str) -> list[Outage]:
    spans = outages(history)
    if during.lower() not in ANY_FAULT:
        spans = [span for span in spans if during in span.names]
    if not spans:
        known = sorted({name for span in outages(history) for name in span.names})
        raise StackError(
            explain(
                f"a fault {during!r} in this test's history",
                f"faults: {', '.join(known) or 'none'}",
                remedy="Name one of these, or say `outage` for any; cause the fault before its floor is asked for.",
            )
        )
    return spans


def injected(history: History) -> list[str]:
    """The names that the faults of a history go by, those under way included.

    A fault of a service is also called by what happened: ``redis killed``.
    """
    names: set[str] = set()
    for note in history.noted("fault-on", "service"):
        what = str(note.data.get("what"))
        if note.kind == "fault-on" or what in DOWN:
            names |= {note.source, f"{note.source} {what}"} if note.kind == "service" else {note.source}
            names |= {str(note.data[key]) for key in ("name", "target", "link", "toxic") if note.data.get(key)}
    return sorted(names)


def missing_receipts(history: History) -> list[str]:
    """What is lacking before the faults of a history can be believed, one sentence each.

    A fault needs an end, and proof at its end or beginning: a ``receipt`` that does not say ``proven: false``, counters of what
    it hit, or the processes that it happened to. What is done to a service needs what was ``seen`` of its processes.
    """
    lacking: list[str] = []
    begun: list[Note] = []
    for note in history.noted("fault-on", "fault-off"):
        if note.kind == "fault-on":
            begun.append(note)
            continue
        fault = ended_by(note, begun)
        if fault is not None:
            begun.remove(fault)
            if _disproven(note) or not (_proven(note) or _proven(fault)):
                lacking.append(f"The fault {fault.source}, {history.when(fault.at)} to {history.when(note.at)}, has no receipt.")
    lacking += [f"The fault {fault.source}, begun at {history.when(fault.at)}, was never ended." for fault in begun]
    lacking.extend(
        f"{note.source} is said to be {note.data['what']} at {history.when(note.at)}, but nothing was seen of it."
        for note in history.noted("service")
        if note.data.get("what") in ("killed", "paused", "stopped") and not note.data.get("seen")
    )
    return lacking


def _disproven(note: Note) -> bool:
    """Whether the fault's own receipt says that it did not happen, whatever else is known of it."""
    receipt = note.data.get("receipt")
    return isinstance(receipt, dict) and receipt.get("proven") is False


def _proven(note: Note) -> bool:
    """Whether an event of a fault bears proof: a receipt, what was hit in numbers, or the processes that it happened to."""
    receipt = note.data.get("receipt")
    if isinstance(receipt, dict):
        return bool(receipt) and receipt.get("proven") is not False
    if receipt or note.data.get("pids") or note.data.get("pid"):
        return True
    hit = (number(value) for name, value in note.data.items() if name.startswith(PROOFS))
    return any(value is not None and value > 0 for value in hit)
