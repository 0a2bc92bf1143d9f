"""Keywords that read what a load has measured."""

from __future__ import annotations

from typing import Any

from assertionengine import AssertionOperator
from robot.api.deco import keyword

from realstack.core.errors import StackError, StackFailure, explain
from realstack.core.keywords.assertions import verify
from realstack.load.keywords.running import Running
from realstack.load.results import Series


class Measures:
    """Reads what the load has measured that runs, or ran last."""

    def __init__(self, running: Running) -> None:
        self._running = running

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
        """Returns the latency in seconds that so many percent did not exceed, and asserts.

        Who failed before there was a latency counts as longer than all others; where so many did, it is infinite.

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
        series = self._running.finished().series(measure)
        value = series.percentile(percent)
        what = f"Percentile {percent:g} in seconds{_never(series)}"
        return verify(value, assertion_operator, assertion_expected, what, message, unit="s")

    @keyword(tags=["load", "getter"])
    def get_worst_latency(
        self,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
        *,
        measure: str | None = None,
    ) -> float:
        """Returns the longest latency in seconds, and asserts; arguments as in [Get Percentile].

        ```robotframework
        Get Worst Latency    <    10 s    measure=answer
        ```
        """
        series = self._running.finished().series(measure)
        what = f"Worst latency in seconds{_never(series)}"
        return verify(series.worst, assertion_operator, assertion_expected, what, message, unit="s")

    @keyword(tags=["load", "getter"])
    def get_latency_count(
        self,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
        *,
        measure: str | None = None,
    ) -> int:
        """Returns how many latencies were measured, and asserts; arguments as in [Get Percentile].

        ```robotframework
        Get Latency Count    ==    100    measure=answer
        ```
        """
        value = self._running.finished().series(measure).count
        return verify(value, assertion_operator, assertion_expected, "Count of latencies", message)

    @keyword(tags=["load", "getter"])
    def get_throughput(
        self,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
    ) -> float:
        """Returns the iterations a second that went well, from the first planned time to the end, and asserts.

        Args:
            assertion_operator: See [Assertions].
            assertion_expected: What it is compared with.
            message: Instead of the usual text of a failure.

        ```robotframework
        Get Throughput    >    20
        ```
        """
        results = self._running.finished()
        value = results.done / results.seconds if results.seconds > 0 else 0.0
        return verify(value, assertion_operator, assertion_expected, "Throughput", message)

    @keyword(tags=["load", "getter"])
    def get_error_count(
        self,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
        *,
        kind: str | None = None,
    ) -> int:
        """Returns how many iterations had an error, and asserts; a failure shows the errors.

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
        results = self._running.finished()
        value = results.errors[kind] if kind else sum(results.errors.values())
        what = f"Count of {kind or 'all'} errors"
        try:
            return verify(value, assertion_operator, assertion_expected, what, message)
        except AssertionError as error:
            raise StackFailure(f"{error}\n{results.told_errors()}") from None

    @keyword(tags=["load", "getter"])
    def get_user_values(self, user: str | None = None) -> Any:
        """Returns what steps have kept, for checks by value.

        Args:
            user: Its name; all users unless given.

        Returns:
            A list with a dictionary for each iteration (``iteration`` and the kept names); without a user, a
            dictionary of such lists by name.

        ```robotframework
        ${values} =    Get User Values    user-7
        Should Be Equal    ${values}[0][answer]    42
        ```
        """
        kept = {name: list(values) for name, values in self._running.finished().kept.items()}
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
        """Returns a figure of the load, also while it runs, and asserts.

        Args:
            figure: ``planned``, ``begun``, ``done``, ``sent`` or ``errors``.
            assertion_operator: See [Assertions].
            assertion_expected: What it is compared with.
            message: Instead of the usual text of a failure.

        ```robotframework
        Get Progress    sent    >=    100
        ```
        """
        results = self._running.latest()
        figures = {
            "planned": results.planned,
            "begun": results.begun,
            "done": results.done,
            "sent": results.sent,
            "errors": sum(results.errors.values()),
        }
        if figure not in figures:
            raise StackError(explain(f"one of {', '.join(figures)}", repr(figure)))
        return verify(figures[figure], assertion_operator, assertion_expected, figure, message)


def _never(series: Series) -> str:
    return f" ({series.missing} of {series.count + series.missing} never came)" if series.missing else ""
