"""Keywords that read what a load has measured."""

from __future__ import annotations

from typing import Any

from assertionengine import AssertionOperator, verify_assertion
from robot.api.deco import keyword

from realstack.core.errors import StackError, StackFailure, explain
from realstack.core.keywords.assertions import verify_number, verify_seconds
from realstack.load.keywords.running import RunKeywords
from realstack.load.results import Results


class MeasureKeywords(RunKeywords):
    """Getters with assertions."""

    @keyword(tags=["load", "getter"])
    def get_percentile(
        self,
        percent: float,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
        *,
        measure: str | None = None,
    ) -> float:
        """Return the latency in seconds that so many percent did not exceed, and optionally assert it.

        Args:
            percent: 0 to 100, such as ``99`` or ``99.9``.
            assertion_operator: See [Assertions].
            assertion_expected: What it is compared with, such as ``5 s``.
            message: Instead of the usual text of a failure.
            measure: Name of the measure; the only one unless given.

        ```robotframework
        Get Percentile    99    <    5 s    measure=answer
        ```
        """
        if not 0 <= percent <= 100:
            raise StackError(explain("a percentage from 0 to 100", f"{percent:g}"))
        value = self._finished().series(measure).percentile(percent)
        result: float = verify_seconds(value, assertion_operator, assertion_expected, f"Percentile {percent:g}", message)
        return result

    @keyword(tags=["load", "getter"])
    def get_worst_latency(
        self,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
        *,
        measure: str | None = None,
    ) -> float:
        """Return the longest latency in seconds, and optionally assert it; arguments as in [Get Percentile]."""
        value = self._finished().series(measure).worst
        result: float = verify_seconds(value, assertion_operator, assertion_expected, "Worst latency", message)
        return result

    @keyword(tags=["load", "getter"])
    def get_latency_count(
        self,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
        *,
        measure: str | None = None,
    ) -> int:
        """Return how many latencies were measured, and optionally assert it; arguments as in [Get Percentile]."""
        value = self._finished().series(measure).count
        result: int = verify_number(value, assertion_operator, assertion_expected, "Count of latencies", message)
        return result

    @keyword(tags=["load", "getter"])
    def get_throughput(
        self,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
    ) -> float:
        """Return the iterations a second that went well, from the first planned time to the end, and optionally assert it.

        Args:
            assertion_operator: See [Assertions].
            assertion_expected: What it is compared with.
            message: Instead of the usual text of a failure.
        """
        results = self._finished()
        value = results.done / results.seconds if results.seconds > 0 else 0.0
        result: float = verify_number(value, assertion_operator, assertion_expected, "Throughput", message)
        return result

    @keyword(tags=["load", "getter"])
    def get_error_count(
        self,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
        *,
        kind: str | None = None,
    ) -> int:
        """Return how many iterations had an error, and optionally assert it; a failure shows the errors.

        Args:
            assertion_operator: See [Assertions].
            assertion_expected: What it is compared with.
            message: Instead of the usual text of a failure.
            kind: Only errors of this kind.

        ```robotframework
        Get Error Count    ==    0
        Get Error Count    >     0    kind=rejected
        ```
        """
        results = self._finished()
        value = results.errors[kind] if kind else sum(results.errors.values())
        try:
            result: int = verify_number(
                value, assertion_operator, assertion_expected, f"Count of {kind or 'all'} errors", message
            )
        except AssertionError as error:
            raise StackFailure(f"{error}\n{results.told_errors()}") from None
        return result

    @keyword(tags=["load", "getter"])
    def get_user_values(self, user: str | None = None) -> Any:
        """Return what steps have kept, for checks by value.

        Args:
            user: Its name; all users unless given.

        Returns:
            A list with a dictionary for each iteration (``iteration`` and the kept names); without a user, a
            dictionary of such lists by name.
        """
        kept = {name: list(values) for name, values in self._finished().kept.items()}
        if user is None:
            return kept
        if user not in kept:
            raise StackError(explain(f"a user {user!r}", f"there were {', '.join(kept) or 'none'}"))
        return kept[user]

    @keyword(tags=["load", "getter"])
    def get_progress(
        self,
        figure: str = "done",
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
    ) -> int:
        """Return a figure of the load, also while it runs, and optionally assert it.

        Args:
            figure: ``planned``, ``begun``, ``done``, ``sent`` or ``errors``.
            assertion_operator: See [Assertions].
            assertion_expected: What it is compared with.
            message: Instead of the usual text of a failure.
        """
        results = self._running.results if self._running is not None else self._finished()
        figures = {
            "planned": results.planned,
            "begun": results.begun,
            "done": results.done,
            "sent": results.sent,
            "errors": sum(results.errors.values()),
        }
        if figure not in figures:
            raise StackError(explain(f"one of {', '.join(figures)}", repr(figure)))
        value: int = verify_assertion(figures[figure], assertion_operator, _number(assertion_expected), figure, message)
        return value

    def _finished(self) -> Results:
        if self._results is None:
            remedy = "Use [Wait For Load] or [Stop Load] first." if self._running else "Use [Run Load] first."
            raise StackError(explain("results of a load", "there are none yet", remedy=remedy))
        return self._results


def _number(expected: Any) -> Any:
    return int(expected) if isinstance(expected, str) and expected.isdigit() else expected
