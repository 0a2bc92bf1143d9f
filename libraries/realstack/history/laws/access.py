"""The law no-entry: a bad credential opens nothing, and a good one its door."""

from __future__ import annotations

from realstack.history.domain import History
from realstack.history.facts import Note, Tab
from realstack.history.values import number
from realstack.history.verdict import Findings


def no_entry(history: History) -> Findings:
    """An expired, forged, replayed or revoked credential opens nothing, anywhere, and a good one its door.

    Read from ``attempt`` events (a credential tried at a door: what came of it, for which reason, what was left
    behind) and ``revoked`` events (tabs whose session ended and that must be closed in time). A door at which no good
    credential was tried in the same history proves nothing by staying shut: the verdict is then invalid.
    """
    findings = Findings()
    attempts = history.noted("attempt")
    good = [note for note in attempts if note.data.get("good")]
    bad = [note for note in attempts if not note.data.get("good")]
    for note in good:
        _judge_good(history, findings, note)
    for note in bad:
        _judge_bad(history, findings, note)
    if never := sorted({note.source for note in bad} - {note.source for note in good}):
        findings.lacking.append(
            f"At {', '.join(never)} no good credential was tried: try one there, too, or staying shut proves nothing."
        )
    closed = 0
    for note in history.noted("revoked"):
        for name in note.data["tabs"]:
            closed += 1
            _judge_revoked(history, findings, note, history.tabs.get(str(name)))
    findings.counts = {
        "refused entries": len(bad) + closed,
        "doors": len({note.source for note in attempts}),
        "good entries": len(good),
        "tabs of revoked sessions": closed,
    }
    return findings


def _judge_good(history: History, findings: Findings, note: Note) -> None:
    if note.data.get("admitted"):
        return
    answer = note.data.get("answer") or note.data.get("reason") or "nothing"
    findings.violated(
        f"{note.source} stayed shut to a good credential ({note.data['credential']}): it must open, because nothing is wrong "
        f"with that one; however, at {history.when(note.at)} it answered {answer}.",
        note.at,
        (note.index,),
    )


def _judge_bad(history: History, findings: Findings, note: Note) -> None:
    data = note.data
    credential = data["credential"]
    answer = data.get("answer") or "nothing"
    if data.get("admitted"):
        findings.violated(
            f"{note.source} opened to a credential that is {credential}: it must stay shut, because such a credential opens "
            f"nothing; however, at {history.when(note.at)} it answered {answer}.",
            note.at,
            (note.index,),
        )
        return
    if left := data.get("left"):
        listed = ", ".join(str(item) for item in left)
        findings.violated(
            f"{note.source} refused a credential that is {credential}, but left something behind: nothing must remain, "
            "because it was refused "
            f"with {answer}; however, at {history.when(note.at)} there was {listed[:200]}.",
            note.at,
            (note.index,),
        )
    expected, reason = data.get("expected_reason"), data.get("reason")
    if expected is not None and reason != expected:
        findings.violated(
            f"{note.source} refused a credential that is {credential} for another reason: it must be {expected!r}, because "
            "that is what is wrong with "
            f"it; however, at {history.when(note.at)} it said {reason!r} ({answer}).",
            note.at,
            (note.index,),
        )


def _judge_revoked(history: History, findings: Findings, note: Note, tab: Tab | None) -> None:
    within = number(note.data.get("within", 1.0)) or 0.0
    if tab is None or not tab.stretches:
        findings.lacking.append(f"The revocation at {history.when(note.at)} names a tab that never was open.")
        return
    stretch = next((s for s in tab.stretches if s.opened <= note.at and (s.closed is None or s.closed >= note.at)), None)
    if stretch is None:
        findings.lacking.append(f"{tab.name} was not open when its session was revoked at {history.when(note.at)}.")
        return
    if stretch.closed is None or stretch.closed > note.at + within or stretch.by_us:
        seen = (
            "it was still open"
            if stretch.closed is None or stretch.by_us
            else f"it was closed only at {history.when(stretch.closed)}"
        )
        findings.violated(
            f"{tab.name} stayed open after its session was revoked: it must be closed within {within:g} s, because the "
            "session ended at "
            f"{history.when(note.at)}; however, {seen}.",
            note.at,
            (note.index, stretch.index),
            (tab.name,),
            retryable=stretch.closed is None,
        )
