"""Keywords that judge whether something grew."""

from __future__ import annotations

from datetime import timedelta
from html import escape

from robot.api import logger
from robot.api.deco import keyword

from realstack.core.errors import InvalidRun, StackError, StackFailure, explain
from realstack.core.waiting import Deadline, wait_until
from realstack.monitor.leak import Growth, GrowthVerdict, Series, judge_count, judge_growth, operations_needed, read_budget
from realstack.monitor.plot import Line, plot
from realstack.monitor.sample import Sample
from realstack.monitor.sampler import LUMP, UNITS, Metric, Sampler, series
from realstack.monitor.watched import Baseline
from realstack.recording.events import GrowthMeasured
from realstack.recording.recorder import recorder

COUNTS = ("descriptors", "files", "sockets", "clients", "threads", "gauge")
PAUSE = 0.05


class Judging:
    """Growth.

    Args:
        sampler: Took the samples.
        baseline: What counts are compared with.
    """

    def __init__(self, sampler: Sampler, baseline: Baseline) -> None:
        self._sampler = sampler
        self._baseline = baseline

    @keyword(tags=["growth"])
    def should_not_grow(
        self,
        *services: str,
        operation: str,
        budget: str | float = "4 KiB",
        metric: Metric = "memory",
        warmup: float | None = None,
    ) -> None:
        """Judges whether something grew with the work done: the law ``no-growth``.

        The series goes into the test's history, so that `Law Should Hold    no-growth` of the History library judges it, too, and
        it can be judged again later.

        Args:
            services: What to judge; everything watched by default.
            operation: The work that it is told for, as counted by [Count Operations].
            budget: The growth for one operation from which on it counts; ``4 KiB`` or a plain number of the metric's unit.
            metric: What to judge.
            warmup: Operations at the start that are left out, or below 1 the share of them; the first third by default.

        Raises:
            StackFailure: Something grows. The text begins with ``no-growth violated``.
            InvalidRun: The run could not have seen a leak as large as the budget.

        ```robotframework
        Should Not Grow    backend-1    backend-2    operation=connection    budget=4 KiB
        ```
        """
        judged = self._judge(services, operation, budget, metric, warmup)
        _raise([verdict for _, verdict in judged])

    @keyword(tags=["growth"])
    def record_growth(
        self,
        *services: str,
        operation: str,
        budget: str | float = "4 KiB",
        metric: Metric = "memory",
        warmup: float | None = None,
    ) -> dict[str, float]:
        """Puts what was measured into the history for the law ``no-growth`` without judging it here.

        Args:
            services: What to record; everything watched by default.
            operation: See [Should Not Grow].
            budget: See [Should Not Grow].
            metric: See [Should Not Grow].
            warmup: See [Should Not Grow].

        Returns:
            For each service the smallest leak for an operation that the run could have seen, in the metric's unit.

        ```robotframework
        ${limits} =    Record Growth    operation=connection    budget=4 KiB
        Law Should Hold    no-growth
        ```
        """
        return {measured.name: verdict.limit for measured, verdict in self._judge(services, operation, budget, metric, warmup)}

    @keyword(tags=["growth", "getter"])
    def get_operations_needed(self, budget: str | float = "4 KiB", *, warmup: float | None = None) -> int:
        """Returns how many operations must be done for a leak of the budget to be seen in a service's memory.

        What an allocator takes at once may hide a leak. The more is done meanwhile, the smaller is the leak that can be hidden.

        Args:
            budget: See [Should Not Grow].
            warmup: See [Should Not Grow].

        ```robotframework
        ${enough} =    Get Operations Needed    4 KiB
        Run Load    connection    users=${USERS}    duration=2 s    least=${enough}
        ```
        """
        return operations_needed(LUMP, read_budget(budget), warmup)

    @keyword(tags=["growth"])
    def take_baseline(self) -> dict[str, float]:
        """Remembers the counts as they are now: descriptors, files, sockets, clients, threads and gauges.

        Take it once the warm-up is over and nothing is going on: pools grow at first. Where a service has begun a child within
        the last second, it waits until that has ended or counts: children that do one job and end are no growth, those that
        were there before the work are none either.

        Returns:
            The counts by name.

        ```robotframework
        Take Baseline
        Open And Close Connections    100
        Count Operations    connection    100
        Counts Should Be Back    operation=connection
        ```
        """
        taken = self._sampler.look(settled=True)
        counts = _counts(taken)
        if not counts:
            raise StackError("Nothing is watched that could be counted. Use [Watch Services] or [Watch Process] first.")
        self._baseline.sample = taken
        logger.info(f"Baseline: {_told(counts)}.")
        return counts

    @keyword(tags=["growth"])
    def counts_should_be_back(self, *counts: str, operation: str, within: timedelta = timedelta(seconds=2)) -> None:
        """Makes sure that counts are exactly where [Take Baseline] found them: the law ``no-growth``.

        What is being closed is waited for.

        Args:
            counts: Which, such as ``backend-1 descriptors``, ``clients`` for those of every service, or ``gauge`` for all gauges;
                all of the baseline by default.
            operation: The work done since, as counted by [Count Operations].
            within: How long to wait, such as ``500 ms``.

        Raises:
            StackFailure: A count is higher. The text begins with ``no-growth violated``.
            InvalidRun: A count is lower: the baseline was taken while something was going on. Or no work was counted.

        ```robotframework
        Counts Should Be Back    clients    redis channels    operation=connection    within=1 s
        ```
        """
        baseline = self._baseline.sample
        if baseline is None:
            raise StackError("There is no baseline. Use [Take Baseline] first.")
        before = _counts(baseline)
        words = {name: _words(name, baseline) for name in before}
        # A kind that nothing is of would be judged by nothing.
        if unknown := sorted(set(counts).difference(*words.values())):
            raise StackError(explain(f"counts of the baseline: {', '.join(before)}", f"{', '.join(unknown)}"))
        wanted = {name: value for name, value in before.items() if not counts or words[name] & set(counts)}
        _, now = wait_until(self._sampler.look, lambda sample: wanted.items() <= _counts(sample).items(), Deadline(within), PAUSE)
        after = _counts(now)
        done = [baseline.operations.get(operation, 0), now.operations.get(operation, 0)]
        if missing := sorted(name for name in wanted if name not in after):
            raise InvalidRun(f"{', '.join(missing)} can't be read any more: {self._sampler.gaps or 'the process has ended'}.")
        verdicts = []
        for name, value in wanted.items():
            unit = next((kind for kind in COUNTS if name.endswith(f" {kind}")), "")
            measured = Series(name, done, [value, after[name]], unit, operation, exact=True)
            recorder.record(GrowthMeasured(**{**measured.to_json(), "source": name}))
            verdicts.append(judge_count(measured))
        logger.info(f"After {done[1] - done[0]} × {operation}: {_told({name: after[name] for name in wanted})}.")
        _raise(verdicts)

    def _judge(
        self, services: tuple[str, ...], operation: str, budget: str | float, metric: Metric, warmup: float | None
    ) -> list[tuple[Series, GrowthVerdict]]:
        samples = self._sampler.samples()
        names = services or tuple(dict.fromkeys(name for sample in samples for name, kind in sample.values if kind == metric))
        if not names:
            raise StackError(f"Nothing was sampled of {metric}. Use [Watch Services] and [Start Monitoring] first.")
        limit = read_budget(budget)
        done = samples[-1].operations.get(operation, 0)
        left_out = None if warmup is None else int(warmup * done if warmup < 1 else warmup)
        judged = []
        for name in names:
            measured = series(samples, name, metric, operation, budget=limit, warmup=left_out)
            recorder.record(GrowthMeasured(**{**measured.to_json(), "source": name}))
            judged.append((measured, judge_growth(measured)))
        rows = "".join(f"<li>{escape(verdict.outcome.value)}: {escape(verdict.sentence)}</li>" for _, verdict in judged)
        lines = [
            Line(measured.name, [(float(n), v) for n, v in zip(measured.operations, measured.values, strict=True)])
            for measured, _ in judged
        ]
        logger.info(plot(f"{metric} over {operation}s", UNITS.get(metric, ""), lines, axis="") + f"<ul>{rows}</ul>", html=True)
        return judged


def _raise(verdicts: list[GrowthVerdict]) -> None:
    grows = [verdict.sentence for verdict in verdicts if verdict.outcome is Growth.GROWS]
    unknown = [verdict.sentence for verdict in verdicts if verdict.outcome is Growth.UNKNOWN]
    if grows:
        raise StackFailure("no-growth violated: " + "\n".join([*grows, *(f"Unknown: {text}" for text in unknown)]))
    if unknown:
        raise InvalidRun("INVALID: no-growth: " + "\n".join(unknown))
    for verdict in verdicts:
        logger.info(verdict.sentence)


def _counts(sample: Sample) -> dict[str, float]:
    return {
        name if metric == "gauge" else f"{name} {metric}": value
        for (name, metric), value in sample.values.items()
        if metric in COUNTS
    }


def _words(name: str, sample: Sample) -> set[str]:
    """What a count may be asked for by: its name, and its kind."""
    return {name, name.rpartition(" ")[2], *({"gauge"} if (name, "gauge") in sample.values else ())}


def _told(counts: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in counts.items())
