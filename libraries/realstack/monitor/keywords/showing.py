"""Keywords that show what was measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword

from realstack.core.errors import StackError, explain
from realstack.core.keywords.assertions import verify
from realstack.core.several import several
from realstack.monitor.plot import Line, plot
from realstack.monitor.sample import Sample
from realstack.monitor.sampler import UNITS, Metric, Sampler


class Showing:
    """Usage and plots.

    Args:
        sampler: Took the samples.
    """

    def __init__(self, sampler: Sampler) -> None:
        self._sampler = sampler

    @keyword(tags=["usage", "getter"])
    def get_usage(
        self,
        service: str,
        metric: Metric = "memory",
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
        *,
        of: Literal["last", "first", "highest", "lowest", "mean"] = "last",
    ) -> float:
        """Returns what a service used, from the samples taken: memory in KiB, CPU in percent of one core, others as counts.

        Args:
            service: The service or gauge.
            metric: What; ``gauge`` for a gauge.
            assertion_operator: How to compare.
            assertion_expected: With what.
            message: Own text of the error.
            of: Which of the samples.

        ```robotframework
        Get Usage    backend-1    memory    <    ${300000}    of=highest
        ```
        """
        self._demand(service, metric)
        values = [sample.values[service, metric] for sample in self._sampler.samples() if (service, metric) in sample.values]
        picks = {
            "last": values[-1],
            "first": values[0],
            "highest": max(values),
            "lowest": min(values),
            "mean": sum(values) / len(values),
        }
        told = f"{of} {metric} of {service}:"
        value: float = verify(picks[of], assertion_operator, assertion_expected, told, message)
        return value

    @keyword(tags=["usage"])
    def log_plot(self, *metrics: Metric, services: Sequence[str] | str | None = None, title: str | None = None) -> None:
        """Draws what was measured into the log, a plot for each metric with a line for each service.

        Sizes are drawn in MiB, CPU in percent of one core, others as counts.

        Args:
            metrics: What to draw; memory (PSS) and CPU by default.
            services: Only these: a text, texts between commas, or a list.
            title: Of the plots; the metric's name by default.

        ```robotframework
        Log Plot    pss    descriptors    services=backend-1, backend-2
        ```
        """
        samples = self._sampler.samples()
        if not samples:
            raise StackError("Nothing was measured yet. Use [Start Monitoring] first.")
        for metric in metrics or ("pss", "cpu"):
            logger.info(_plot(samples, metric, several(services), title or metric), html=True)
        if gaps := self._sampler.gaps:
            logger.info(f"Gaps: {gaps}.")

    def _demand(self, service: str, metric: str) -> None:
        if not any((service, metric) in sample.values for sample in self._sampler.samples()):
            raise StackError(
                explain(
                    f"samples of {service} {metric}",
                    f"sampled are: {', '.join(self._sampler.watched) or 'nothing'}",
                    evidence=self._sampler.gaps,
                    remedy="Watch it, and use [Start Monitoring].",
                )
            )


def _plot(samples: list[Sample], metric: str, services: list[str], title: str) -> str:
    began = samples[0].at
    scale, unit = (1024.0, "MiB") if UNITS.get(metric) == "KiB" else (1.0, UNITS.get(metric, ""))
    names = dict.fromkeys(name for sample in samples for name, kind in sample.values if kind == metric)
    lines = [
        Line(name, [(s.at - began, s.values[name, metric] / scale) for s in samples if (name, metric) in s.values])
        for name in names
        if not services or name in services
    ]
    return plot(title, unit, lines)
