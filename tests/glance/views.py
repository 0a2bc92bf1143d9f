"""A run as text for the console, as a page, and as Markdown."""

from __future__ import annotations

from html import escape

from pages import page, table

from .run import Journey, Run, Verdict

MOST_REASONS = 12
"""Reasons that the console shows of each kind."""
LONGEST_REASON = 160

_KINDS = (Verdict.FAILED, Verdict.INVALID, Verdict.SKIPPED)


def tally(run: Run) -> str:
    """How many tests there were, and how they ended."""
    parts = [f"{run.count(verdict)} {verdict}" for verdict in (Verdict.PASSED, *_KINDS)]
    return f"{len(run.tests)} tests of {len(run.journeys)} journeys: {', '.join(parts)}"


def console(run: Run, log: str, overview: str) -> str:
    """The one summary at the end of a run."""
    lines = ["", tally(run)]
    for verdict in _KINDS:
        reasons = run.reasons(verdict)
        lines += [f"  {count:3d} {verdict}: {_short(reason)}" for reason, count in reasons[:MOST_REASONS]]
        if len(reasons) > MOST_REASONS:
            lines.append(f"      {verdict}: {len(reasons) - MOST_REASONS} more reasons")
    return "\n".join([*lines, f"Overview: {overview}", f"Log: {log}"])


def html(run: Run) -> str:
    """The page `index.html` beside log.html."""
    journeys = table(
        ["Journey", "Verdict", "#Tests", "Laws, and how many tests judged each", "Slowest test", "#Seconds"],
        [_row(one) for one in run.journeys],
    )
    reasons = [
        f'<tr><td class="{_style(verdict)}">{verdict}</td><td class="number">{count}</td><td>{escape(reason)}</td></tr>'
        for verdict in _KINDS
        for reason, count in run.reasons(verdict)
    ]
    why = "<h2>What did not pass, by reason</h2>" + table(["Verdict", "#Tests", "Reason"], reasons) if reasons else ""
    services = [f"<tr><td>{escape(name)}</td><td>{escape(value)}</td></tr>" for name, value in sorted(run.facts.items())]
    where = "<h2>Platform</h2>" + table(["Service", "Version, process, address"], services) if services else ""
    pages = {"log.html": "log.html", "report.html": "report.html", "coverage.html": "what was judged"}
    links = " · ".join(f'<a href="{file}">{name}</a>' for file, name in pages.items())
    return page("Journeys at a glance", tally(run) + ".", f"<p>{links}</p>" + journeys + why + where)


def markdown(run: Run) -> str:
    """The table for CI's job page."""
    lines = [
        f"**{tally(run)}**",
        "",
        "| journey | verdict | passed | failed | INVALID | skipped | slowest test |",
        "|---|---|---|---|---|---|---|",
    ]
    for journey in run.journeys:
        counts = " | ".join(str(journey.count(verdict)) for verdict in (Verdict.PASSED, *_KINDS))
        slowest = journey.slowest
        lines.append(f"| {_cell(journey.name)} | {journey.verdict} | {counts} | {_cell(slowest.name)}, {slowest.seconds:.1f} s |")
    reasons = [f"- {count} {verdict}: {_cell(_short(reason))}" for verdict in _KINDS for reason, count in run.reasons(verdict)]
    return "\n".join([*lines, "", *reasons]) + "\n"


def _row(journey: Journey) -> str:
    counts = ", ".join(f"{journey.count(verdict)} {verdict}" for verdict in (Verdict.PASSED, *_KINDS) if journey.count(verdict))
    laws = " · ".join(
        f'<span class="law">{escape(law)} {judged}</span>'
        + (f', <span class="missed">{violations} violations</span>' if violations else "")
        for law, (judged, violations) in journey.laws.items()
    )
    first, slowest = journey.tests[0], journey.slowest
    suite = first.id.rpartition("-")[0]
    cells = [
        f'<td><a href="log.html#{escape(suite, quote=True)}">{escape(journey.name)}</a></td>',
        f'<td class="{_style(journey.verdict)}">{journey.verdict}</td>',
        f'<td class="number">{escape(counts)}</td>',
        f"<td><small>{laws}</small></td>",
        f'<td><a href="log.html#{escape(slowest.id, quote=True)}">{escape(slowest.name)}</a></td>',
        f'<td class="number">{slowest.seconds:.1f}</td>',
    ]
    return f"<tr>{''.join(cells)}</tr>"


def _style(verdict: Verdict) -> str:
    return {Verdict.PASSED: "clean", Verdict.SKIPPED: "survivor"}.get(verdict, "missed")


def _short(reason: str) -> str:
    return reason if len(reason) <= LONGEST_REASON else reason[: LONGEST_REASON - 1] + "…"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")
