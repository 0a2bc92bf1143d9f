"""What the contract says, on the console and as a page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import escape
from itertools import islice
from pathlib import Path
from textwrap import indent

from realstack.contract.plan import Plan, problems
from realstack.core.table import html_table
from realstack.history.falsify import Sight
from realstack.history.survey import Survey
from realstack.platform.adapter import CAPABILITIES

MOST = 12
"""Kinds of frames, accounts and problems that are listed: who mends these sees the others next time."""
LINES = 10
"""Of what a test failed with; the log has all of it."""
ASIDE = ("Law:", "Judged:", "Also:")
"""How lines begin that are told with a violation and say nothing of what to do."""


@dataclass(slots=True)
class Contract:
    """All that was found out.

    Attributes:
        plan: What will run.
        results: The tests that were tried: name to ``PASS``, ``FAIL`` or ``SKIP`` with what was said; None when none were.
        survey: What they recorded.
        sights: Whether their laws could have been violated.
        postponed: Whether none was tried because no test can come through yet.
    """

    plan: Plan
    results: Mapping[str, tuple[str, str]] | None = None
    survey: Survey = field(default_factory=Survey)
    sights: list[Sight] = field(default_factory=list)
    postponed: bool = False

    @property
    def to_do(self) -> list[str]:
        """What to write next, in the order in which it is worth doing; nothing when the adapter is whole."""
        return [*self._files(), *self._keywords(), *self._page(), *self._failures(), *self._vocabulary(), *self._laws()]

    def _files(self) -> Iterator[str]:
        for name in self.plan.unwritten:
            yield f"{name}: there is none in {self.plan.adapter.folder}. docs/adapter.md has a first one to begin with."

    def _keywords(self) -> Iterator[str]:
        if self.plan.unwritten:
            return
        resource = self.plan.adapter.resource.name
        for problem, tests in islice(self.plan.problems.items(), MOST):
            example = self.plan.example_of(problem)
            such = f" {example} has one to look at." if example else ""
            yield f"{resource}: {problem} ({_tests(len(tests))} with it, such as '{tests[0]}').{such}"
        if len(self.plan.problems) > MOST:
            yield f"{resource}: {len(self.plan.problems) - MOST} more; OPTIONS='--suite 02*' looks at one journey alone."

    def _page(self) -> Iterator[str]:
        file = self.plan.adapter.page.name
        for gap, tests in sorted(self.plan.undescribed.items(), key=lambda one: (-len(one[1]), one[0])):
            name, _, value = gap.partition(".")
            what = f"'{value}' of '{name}'" if value else f"'{name}'"
            yield f"{file}: say where the page has {what} ({_tests(len(tests))} with it, such as '{tests[0]}')."

    def _failures(self) -> Iterator[str]:
        for name, (status, said) in (self.results or {}).items():
            told = [line for line in said.splitlines() if line.strip() and not line.startswith(ASIDE)]
            if status == "FAIL" and not self.plan.problems.keys() & set(problems(said)):
                yield "\n".join([f"'{name}' failed (log.html shows where):", *(told[:LINES] or ["no message"])])

    def _vocabulary(self) -> Iterator[str]:
        file = self.plan.adapter.vocabulary.name
        for kind in self.survey.unmatched[:MOST]:
            side = "came" if kind.direction == "in" else "were sent"
            yield (
                f"{file}: say what {kind.kind} means ({kind.count} {side}, no rule matches: {kind.sample}), or `means: nothing`."
            )
        for account, where in islice(self.survey.accounts.items(), MOST):
            yield f"account {account} belongs to no user ({where}): record whose it is, or what it has is nobody's to the laws."

    def _laws(self) -> Iterator[str]:
        for sight in self.sights:
            if sight.blind:
                yield f"{sight.law} is blind: nothing that is recorded shows that {sight.what}. Record what would show it."
        for facts in self.survey.laws:
            if not facts.proven:
                yield f"{facts.law} was judged on too little: {facts.outcomes.total()} times, {dict(facts.counts)}."

    def lines(self) -> Iterator[str]:
        """The console's text."""
        plan = self.plan
        yield f"Contract of {plan.adapter.name} ({plan.adapter.driver_file})"
        yield ""
        yield "Which tests run"
        for journey in plan.journeys:
            lacking = sorted({name for lacks in journey.skipped.values() for name in lacks})
            why = f"   {len(journey.skipped)} skipped: no {', '.join(lacking)}" if lacking else ""
            yield f"  {journey.name:24} {len(journey.runs):3} run{why}"
        undeclared = plan.adapter.undeclared
        for name, reason in plan.missing.items():
            if name not in undeclared:
                yield f"  without {name}: {reason}"
        if undeclared:
            yield f"  {plan.adapter.driver_file.name} says nothing of: {', '.join(sorted(undeclared))}"
            yield f"  (each counts as missing; {CAPABILITIES} tells what it means)"
        if self.postponed:
            yield ""
            yield "Nothing was tried on the platform: no test can come through before what follows is written."
        if self.results is not None:
            yield ""
            yield "What was seen"
            states = [status for status, _ in self.results.values()]
            yield f"  {states.count('PASS')} tests passed, {states.count('FAIL')} failed, {states.count('SKIP')} skipped"
            yield from (f"    passed: {name}" for name, (status, _) in self.results.items() if status == "PASS")
            yield f"  {self.survey.events} events; frames of {len(self.survey.unmatched)} kinds mean nothing to the laws"
            for facts in self.survey.laws:
                told = ", ".join(f"{number} {name}" for name, number in facts.counts.items())
                yield f"  {facts.law:20} {facts.outcomes.total():3} judgements: {told}"
            yield ""
            yield "Whether the laws could have been violated"
            for sight in self.sights:
                yield f"  {sight.word:6} {sight.law:20} {sight.what}{f' ({sight.seen} of {sight.tried})' if sight.tried else ''}"
        to_do = self.to_do
        yield ""
        yield "What to write next" if to_do else "Nothing is missing."
        for number, line in enumerate(to_do, 1):
            yield indent(f"{number}. {line}", "     ")[3:]

    def write(self, path: Path) -> None:
        """Write the page: capability × journey, and what the console says."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_PAGE.format(name=escape(self.plan.adapter.name), body=self._body()), encoding="utf-8")

    def _body(self) -> str:
        plan = self.plan
        names = [journey.name for journey in plan.journeys]
        rows = [
            {
                "capability": capability,
                **{
                    journey.name: "" if capability not in journey.wants else "skipped" if reason else "judged"
                    for journey in plan.journeys
                },
                "why not": reason,
            }
            for capability, reason in plan.adapter.capabilities.items()
        ]
        items = "".join(f"<li>{escape(line)}</li>" for line in self.to_do)
        parts = [f"<h2>What to write next</h2><ol>{items}</ol>" if items else "<p>Nothing is missing.</p>"]
        parts.append(html_table(["capability", *names, "why not"], rows, "Capability × journey"))
        if self.results is not None:
            sights = [
                {"law": s.law, "change": s.what, "made": s.tried, "seen": s.seen, "verdict": "blind" if s.blind else ""}
                for s in self.sights
            ]
            parts.append(html_table(["law", "change", "made", "seen", "verdict"], sights, "Whether laws could be violated"))
            kinds = [
                {"direction": k.direction, "frames": k.kind, "count": k.count, "sample": k.sample} for k in self.survey.unmatched
            ]
            parts.append(html_table(["direction", "frames", "count", "sample"], kinds, "Frames that no rule matches"))
        return "\n".join(parts)


def _tests(number: int) -> str:
    return f"{number} test" if number == 1 else f"{number} tests"


_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Contract of {name}</title>
<style>:root{{color-scheme:light dark}}body{{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:76rem;padding:0 1rem}}
table{{margin:1rem 0;display:block;overflow-x:auto}}li{{white-space:pre-line}}</style>
<h1>Contract of {name}</h1>
{body}
</html>
"""
