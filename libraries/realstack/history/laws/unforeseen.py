"""The law nothing-unforeseen: services and pages fail in foreseen ways only."""

from __future__ import annotations

from realstack.history.domain import History
from realstack.history.verdict import Findings

LONGEST = 300
"""Characters of a line that a violation shows."""


def nothing_unforeseen(history: History) -> Findings:
    """Whatever users do and whatever breaks, neither a service nor a page meets what nobody foresaw.

    Read from ``logs`` events: the lines of a service's log that tell of a failure for which it has no word of its own, such as
    a traceback, or that it took longer than it may; and what browsers tell of a page, such as an error that no script caught, or
    a button that nobody hears the name of. What came of it may look well (it was tried again, somebody else did it), and is wrong
    once in a while.
    """
    findings = Findings()
    logs = history.noted("logs")
    for note in logs:
        unforeseen, late = ([str(line) for line in note.data.get(kind) or ()] for kind in ("unforeseen", "late"))
        if lines := [*unforeseen, *late]:
            findings.violated(
                f"{note.source} met what nobody foresaw: it must not, because whatever was done or broken here is what platforms "
                f"live with; however, that is told {len(lines)} times, first in: {lines[0][:LONGEST]}",
                note.at,
                (note.index,),
                retryable=not unforeseen,
            )
    findings.counts = {"services": len({note.source for note in logs}), "logs": len(logs)}
    return findings
