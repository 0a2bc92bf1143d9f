"""How keywords look at stores: reading, judging, looking again, showing."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic, TypeVar

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.types import Secret

from realstack.core.errors import StackFailure, explain
from realstack.core.keywords.assertions import AS_TEXT, EVALUATING, Unit, verify
from realstack.core.lateness import note as note_lateness
from realstack.core.table import html_table, shorten
from realstack.core.waiting import Deadline, wait_until
from realstack.databases.errors import NotThere, StoreUnreachable
from realstack.databases.keywords.waiting import NO_WAIT, wait
from realstack.databases.masking import Masking, hidden
from realstack.databases.redis_store import RedisSession
from realstack.databases.values import Rows, json_safe, like, shown
from realstack.recording.events import Stored
from realstack.recording.recorder import recorder
from realstack.secrets import HIDDEN, secrets

T = TypeVar("T")

LOOK_AGAIN_SECONDS = 0.05
SHOWN_ROWS = 60


@dataclass(frozen=True, slots=True)
class Assertion:
    """What a keyword asserts about what it gets.

    Attributes:
        operator: Of the AssertionEngine; None asserts nothing.
        expected: By what; text is read as the type of what is seen.
        message: Replaces the failure's text.
        retry_timeout: How long to look again while it fails.
        unit: What a number counts.
    """

    operator: AssertionOperator | None = None
    expected: Any = None
    message: str | None = None
    retry_timeout: timedelta = NO_WAIT
    unit: Unit = ""

    @property
    def makes_something_else(self) -> bool:
        """Whether what comes of it is no more what was read, but the test's own to show."""
        return self.operator is AssertionOperator["then"]


@dataclass(frozen=True, slots=True)
class _Look(Generic[T]):
    """One look: what was read, and what became of it."""

    seen: T | None
    result: Any
    error: StackFailure | StoreUnreachable | None = None


class Reader:
    """Looks at stores for keywords, and shows in the log what it saw, without secrets.

    Args:
        masking: Which names are secret.
    """

    def __init__(self, masking: Masking) -> None:
        self._masking = masking

    def read(
        self,
        look: Callable[[], Coroutine[Any, Any, T]],
        *,
        what: str,
        seconds: float,
        assertion: Assertion | None = None,
        take: Callable[[T], Any] | None = None,
        show: Callable[[T], None] | None = None,
        evidence: str = "",
        secret: Callable[[T], bool] | None = None,
    ) -> Any:
        """Look, judge, and look again until the verdict is good or the time is over. Only the last look is shown.

        Args:
            look: Reads the store.
            what: What is read, for errors.
            seconds: How long one look may take.
            assertion: What is asserted, and how long to look again after what fails.
            take: Makes the value that is judged of what was read; may raise a `StackFailure`.
            show: Shows what was read in the log.
            evidence: What else belongs into a failure.
            secret: Whether what was read must not be shown.
        """
        wanted = assertion or Assertion()
        deadline = Deadline(wanted.retry_timeout)
        looks = 0

        def look_once() -> _Look[T]:
            nonlocal looks
            looks += 1
            seen: T | None = None
            try:
                seen = wait(look(), seconds)
                value = take(seen) if take else seen
                concealed = (secret is not None and secret(seen)) or self._masking.holds_secret(value)
                return _Look(seen, judge(value, what, wanted, evidence, concealed=concealed))
            except (StackFailure, StoreUnreachable) as error:
                return _Look(seen, None, error)

        _, last = wait_until(look_once, lambda one: one.error is None, deadline, LOOK_AGAIN_SECONDS)
        if show is not None and last.seen is not None:
            show(last.seen)
        if last.error is None:
            return last.result
        own_words = wanted.message is not None and not isinstance(last.error, (NotThere, StoreUnreachable))
        text = _with_effort(str(last.error), "" if own_words else evidence, looks, deadline.elapsed)
        if looks > 1 or isinstance(last.error, StoreUnreachable):
            note_lateness(text)
        raise type(last.error)(text) from None

    def about(
        self,
        session: RedisSession,
        look: Callable[[RedisSession], Coroutine[Any, Any, Any]],
        what: str,
        assertion: Assertion,
        *,
        secret: bool = False,
    ) -> Any:
        """Read something of a Redis server, and tell it in the log unless it is secret; errors as those of `read`."""
        found = self.read(
            lambda: look(session),
            what=what,
            seconds=session.answer_seconds,
            assertion=assertion,
            evidence=f"session '{session.name}'",
            secret=lambda _: secret,
        )
        if not secret:
            logger.info(f"{session.name}: {what} is {shorten(shown(self._masking.apply('', found, hidden)), 300)}")
        return found

    def show_rows(self, rows: Rows, caption: str) -> None:
        """Write rows into the log as a table, without secrets."""
        masked = [self._masking.row(record, hidden) for record in rows.records[:SHOWN_ROWS]]
        logger.info(secrets.scrub(html_table(rows.columns, masked, caption, total=rows.count, show=shown)), html=True)

    def show_records(self, columns: Sequence[str], records: Iterable[dict[str, Any]], caption: str) -> None:
        """Write dictionaries into the log as a table, without secrets."""
        self.show_rows(Rows(list(columns), list(records)), caption)

    def handed_over(self, row: dict[str, Any]) -> dict[str, Any]:
        """A row as test data gets it: secret values are `Secret` objects, which no log shows."""
        return self._masking.row(row, lambda value: Secret(str(value)))

    def handed_over_value(self, value: Any) -> Any:
        """The same of a value under a name that tells nothing."""
        return self.handed_over({"": value})[""]

    def conceals(self, value: Any) -> bool:
        """Whether a value has something in it that must not be shown."""
        return self._masking.holds_secret(value)

    def record_rows(self, source: str | None, rows: Iterable[dict[str, Any]], began: float, users: Iterable[str] = ()) -> None:
        """Report what a store held to the test's history; the reading began then, by the monotonic clock."""
        if source is not None:
            took = round(time.monotonic() - began, 6)
            facts = [json_safe(self._masking.row(row, hidden)) for row in rows]
            recorder.record(Stored(source, facts, [str(user) for user in users], took))


def judge(value: Any, what: str, assertion: Assertion, evidence: str = "", *, concealed: bool = False) -> Any:
    """Assert about a value that was read.

    Raises:
        StackFailure: It isn't as expected.
        StackError: An expectation without an operator.
    """
    operator, message = assertion.operator, assertion.message
    expected = assertion.expected.value if isinstance(assertion.expected, Secret) else assertion.expected
    if operator is None:
        return verify(value, None, HIDDEN if expected is not assertion.expected else expected, what)
    wanted = expected if operator in AS_TEXT | EVALUATING or assertion.unit else like(value, expected)
    try:
        return verify(value, operator, wanted, "", message, unit=assertion.unit, read=like)
    except AssertionError as error:
        if message and not concealed:
            raise StackFailure(str(error)) from None
        hide = concealed or isinstance(assertion.expected, Secret)
        seen = HIDDEN if concealed else f"{shorten(repr(value), 600)} ({type(value).__name__})"
        words = HIDDEN if hide else f"{shorten(repr(wanted), 600)} ({type(wanted).__name__})"
        raise StackFailure(secrets.scrub(explain(f"{what} {operator.value} {words}", seen, evidence=evidence))) from None


def _with_effort(text: str, evidence: str, looks: int, seconds: float) -> str:
    if evidence and evidence not in text:
        text += f"\nEvidence: {evidence}"
    return f"{text}\nThis was look {looks}, after {seconds:.2f} s." if looks > 1 else text
