"""The law no-growth: the same work again and again makes nothing grow."""

from __future__ import annotations

from realstack.history.domain import History
from realstack.history.verdict import Findings
from realstack.monitor.leak import Growth, Series, judge_count, judge_growth


def no_growth(history: History) -> Findings:
    """Repeating the same work does not make memory, descriptors, threads, connections or sessions grow.

    Read from ``growth`` events: a measured series with its budget per operation, or a count before and after. The
    series itself is in the history, so that it can be judged again; how, says `realstack.monitor.leak`.
    """
    findings = Findings()
    series = counts = 0
    for note in history.noted("growth"):
        measured = Series.from_json(note.data)
        verdict = judge_count(measured) if measured.exact else judge_growth(measured)
        counts += measured.exact
        series += not measured.exact
        if verdict.outcome is Growth.GROWS:
            findings.violated(verdict.sentence, note.at, (note.index,))
        elif verdict.outcome is Growth.UNKNOWN:
            findings.lacking.append(verdict.sentence)
    findings.counts = {"series": series + counts, "slopes": series, "exact counts": counts}
    return findings
