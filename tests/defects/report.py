"""The table that says which bug was caught by which law: on the console, as JSON and as a page."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from html import escape
from pathlib import Path

from pages import page, table

from .outcome import GOOD, Outcome


def summary(outcomes: list[Outcome]) -> str:
    """One line: how many were caught."""
    count = Counter(outcome.verdict for outcome in outcomes)
    return (
        f"{sum(not outcome.defect.is_clean for outcome in outcomes)} planted bugs: {count['killed']} killed by the named law, "
        f"{count['missed']} missed, {count['survivor']} admitted survivors, {count['error']} errors; without a bug "
        f"{count['clean']} journeys passed"
    )


def console_line(outcome: Outcome, done: int, total: int) -> str:
    """A bug's line on the console."""
    defect = outcome.defect
    head = (
        f"[{done:>3}/{total}] {outcome.verdict:<8} {defect.journey:<18} {defect.law:<20} {defect.name} ({outcome.seconds:.1f} s)"
    )
    return head if outcome.verdict in ("killed", "clean") else f"{head}\n          {outcome.witness}"


def to_repair(outcomes: list[Outcome]) -> list[str]:
    """What is not as it should be, once more, for whoever reads the end of a long log."""
    return [
        f"{outcome.verdict}: {outcome.defect.journey}: {outcome.defect.name}: {outcome.witness}"
        for outcome in outcomes
        if outcome.verdict not in GOOD
    ]


def write(outcomes: list[Outcome], folder: Path) -> None:
    """Write `index.html` and `defects.json` into a folder, in the catalog's order."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "defects.json").write_text(json.dumps([asdict(outcome) for outcome in outcomes], indent=2), encoding="utf-8")
    introduction = (
        f"{summary(outcomes)}. Each bug is planted in a copy of the reference platform; the journey runs against the copy, "
        "and the named law has to fail."
    )
    headings = ["Bug", "Journey", "Law", "Verdict", "#Time", "Witness"]
    rows = [_row(outcome, folder) for outcome in outcomes]
    (folder / "index.html").write_text(page("Planted bugs", introduction, table(headings, rows)), encoding="utf-8")


def _row(outcome: Outcome, folder: Path) -> str:
    defect = outcome.defect
    log = folder / defect.name / "log.html"
    journey = (
        f'<a href="{escape(defect.name)}/log.html">{escape(defect.journey)}</a>' if log.is_file() else escape(defect.journey)
    )
    others = [law for law in outcome.laws if law != defect.law]
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
    return (
        f"<tr><td><strong>{escape(defect.name)}</strong><br><small>{escape(defect.story)}</small>{change}</td><td>{journey}</td>"
        f'<td><code>{escape(defect.law) or "every"}</code></td><td class="{outcome.verdict}">{outcome.verdict}{also}</td>'
        f'<td class="number">{outcome.seconds:.1f} s</td><td>{escape(outcome.witness)}{reason}</td></tr>'
    )
