"""The table that says which bug was caught by which law: on the console, as JSON and as a page."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from html import escape
from pathlib import Path

from pages import page, table

from .outcome import Outcome, Tries, tries


def summary(outcomes: list[Outcome]) -> str:
    """One line: how many bugs were caught, and in how many tries where they were tried several times."""
    bugs = tries(outcomes)
    count = Counter(bug.telling.verdict for bug in bugs)
    line = (
        f"{sum(not bug.defect.is_clean for bug in bugs)} planted bugs: {count['killed']} killed by the named law, "
        f"{count['missed']} missed, {count['survivor']} admitted survivors, {count['error']} errors; without a bug "
        f"{count['clean']} journeys passed"
    )
    if len(outcomes) == len(bugs):
        return line
    return f"{line}. Each counts once, by its worst try; {sum(bug.good for bug in bugs)} of {len(outcomes)} tries were good"


def console_line(outcome: Outcome, done: list[Outcome], total: int, times: int = 1) -> str:
    """A run's line on the console, with what became of its bug so far where each is tried several times.

    Args:
        outcome: Of the run.
        done: Those of all runs so far, with this one.
        total: How many runs there will be.
        times: How often each bug is tried.
    """
    defect = outcome.defect
    so_far = ""
    if times > 1:
        own = next(bug for bug in tries(done) if bug.defect.name == defect.name)
        so_far = f" {own.good}/{len(own.outcomes)} of {times}".ljust(len(f" {times}/{times} of {times}"))
    head = (
        f"[{len(done):>3}/{total}] {outcome.verdict:<8}{so_far} {defect.journey:<18} {defect.law:<20} {defect.name} "
        f"({outcome.seconds:.1f} s)"
    )
    return head if outcome.verdict in ("killed", "clean") else f"{head}\n          {outcome.witness}"


def to_repair(outcomes: list[Outcome]) -> list[str]:
    """What is not as it should be, once more, for whoever reads the end of a long log."""
    lines: list[str] = []
    for bug in tries(outcomes):
        told, several = bug.telling, len(bug.outcomes) > 1
        if not told.is_good:
            verdict = f"{told.verdict} ({bug.good} of {len(bug.outcomes)} were good)" if several else told.verdict
            which = f"try {told.number}: " if several else ""
            lines.append(f"{verdict}: {bug.defect.journey}: {bug.defect.name}: {which}{told.witness}")
    return lines


def write(outcomes: list[Outcome], folder: Path) -> None:
    """Write `index.html` and `defects.json` into a folder, in the catalog's order.

    The JSON has an entry for each bug: the outcome that speaks for it, how many of how many tries were good, and all tries.
    """
    folder.mkdir(parents=True, exist_ok=True)
    bugs = tries(outcomes)
    (folder / "defects.json").write_text(json.dumps([_entry(bug) for bug in bugs], indent=2), encoding="utf-8")
    introduction = (
        f"{summary(outcomes)}. Each bug is planted in a copy of the reference platform; the journey runs against the copy, "
        "and the named law has to fail."
    )
    headings = ["Bug", "Journey", "Law", "Verdict", "#Time", "Witness"]
    rows = [_row(bug, folder) for bug in bugs]
    (folder / "index.html").write_text(page("Planted bugs", introduction, table(headings, rows)), encoding="utf-8")


def _entry(bug: Tries) -> dict[str, object]:
    each = [
        {"number": one.number, "verdict": one.verdict, "seconds": one.seconds, "witness": one.witness, "log": one.log}
        for one in bug.outcomes
    ]
    return {**asdict(bug.telling), "good": bug.good, "tries": len(bug.outcomes), "outcomes": each}


def _row(bug: Tries, folder: Path) -> str:
    defect, told = bug.defect, bug.telling
    others = [law for law in told.laws if law != defect.law]
    also = f"<br><small>also failed: {escape(', '.join(others))}</small>" if others else ""
    change = (
        ""
        if defect.is_clean
        else (
            f"<details><summary><small>{escape(defect.file)}</small></summary>"
            f"<pre>− {escape(defect.find)}</pre><pre>+ {escape(defect.replace)}</pre></details>"
        )
    )
    reason = f"<br><small>{escape(defect.survives)}</small>" if defect.survives else ""
    verdict, each = told.verdict, ""
    if len(bug.outcomes) > 1:
        verdict = f"{told.verdict}<br><small>{bug.good} of {len(bug.outcomes)} tries were good</small>"
        each = (
            f"<details><summary><small>all tries</small></summary>{''.join(_try(one, folder) for one in bug.outcomes)}</details>"
        )
    return (
        f"<tr><td><strong>{escape(defect.name)}</strong><br><small>{escape(defect.story)}</small>{change}</td>"
        f"<td>{_linked(defect.journey, told, folder)}</td>"
        f'<td><code>{escape(defect.law) or "every"}</code></td><td class="{told.verdict}">{verdict}{also}</td>'
        f'<td class="number">{bug.seconds:.1f} s</td><td>{escape(told.witness)}{reason}{each}</td></tr>'
    )


def _try(outcome: Outcome, folder: Path) -> str:
    name = _linked(f"try {outcome.number}", outcome, folder)
    return f"<div><small>{name}: {outcome.verdict}, {outcome.seconds:.1f} s. {escape(outcome.witness)}</small></div>"


def _linked(text: str, outcome: Outcome, folder: Path) -> str:
    """A text that leads to the log of a try, where there is one."""
    log = f"{outcome.log}/log.html"
    return f'<a href="{escape(log)}">{escape(text)}</a>' if outcome.log and (folder / log).is_file() else escape(text)
