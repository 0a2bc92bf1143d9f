"""What all keywords of the `Databases` library share: sessions by alias, waiting, judging, showing."""

from __future__ import annotations

import asyncio
import os
import secrets as random_secrets
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar, cast

from assertionengine import AssertionOperator, verify_assertion
from robot.api import logger
from robot.api.types import Secret

from realstack.core.errors import StackError, StackFailure, explain
from realstack.core.keywords.scope import current_owner
from realstack.core.lateness import note as note_lateness
from realstack.core.loop import LoopTimeout, background
from realstack.core.waiting import Deadline
from realstack.databases.clickhouse import ClickHouseSession
from realstack.databases.errors import NotThere, StoreUnreachable
from realstack.databases.locks import HeldLock
from realstack.databases.masking import Masking, hidden
from realstack.databases.postgres import PostgresSession
from realstack.databases.redis_channels import ChannelListener
from realstack.databases.redis_store import RedisSession
from realstack.databases.registry import Registry
from realstack.databases.snapshot import Snapshot
from realstack.databases.table import html_table, shorten
from realstack.databases.values import Rows, json_safe, like
from realstack.recording.events import Stored
from realstack.recording.recorder import recorder
from realstack.secrets import HIDDEN, secrets

T = TypeVar("T")
S = TypeVar("S", bound="Session")
Session = PostgresSession | RedisSession | ClickHouseSession
SqlSession = PostgresSession | ClickHouseSession

NO_WAIT = timedelta(0)
LOOK_AGAIN_SECONDS = 0.05
PATIENCE_SECONDS = 2.0
"""How much longer than a store's own time limits a keyword waits for the store's answer."""

SHORTEST_REMEMBERED = 12
"""Shorter passwords are mostly words, which a log may hold for other reasons."""

_OPENERS: dict[type[Any], str] = {
    PostgresSession: "[Open Postgres Session]",
    RedisSession: "[Open Redis Session]",
    ClickHouseSession: "[Open Clickhouse Session]",
}

TEXT_OPERATORS = {AssertionOperator[name] for name in ("*=", "not contains", "^=", "$=", "matches")}


@dataclass(frozen=True, slots=True)
class Assertion:
    """What a keyword asserts about what it gets.

    Attributes:
        operator: Of the AssertionEngine; None asserts nothing.
        expected: By what; text is read as the type of what is seen.
        message: Replaces the failure's text.
        retry_timeout: How long to look again while it fails.
    """

    operator: AssertionOperator | None = None
    expected: Any = None
    message: str | None = None
    retry_timeout: timedelta = NO_WAIT


class KeywordsBase:
    """The state of the library and the tools of its keywords.

    Args:
        run: What the run's sessions are called on the servers.
        secret_columns: More names, or shell patterns, of columns that hold secrets.
    """

    def __init__(self, run: str | None = None, secret_columns: Sequence[str] | str = ()) -> None:
        self.run = run or f"realstack-{os.getpid()}-{random_secrets.token_hex(3)}"
        self.masking = Masking(secret_columns)
        self.sessions: Registry[Session] = Registry("session", "Open Postgres Session", current_owner)
        self.locks: Registry[HeldLock] = Registry("lock", "Hold Lock", current_owner)
        self.listeners: Registry[ChannelListener] = Registry("listener", "Start Redis Listener", current_owner)
        self.snapshots: Registry[Snapshot] = Registry("snapshot", "Take Snapshot", current_owner)
        self._recent: list[str] = []

    # Sessions

    def use(self, alias: str) -> None:
        """Make a session the current one of its kind."""
        self._recent = [*(one for one in self._recent if one != alias), alias]

    def current_alias(self, *kinds: type[Session]) -> str | None:
        """The alias that was used last among the open sessions of some kinds."""
        self._recent = [one for one in self._recent if one in self.sessions]
        return next((one for one in reversed(self._recent) if isinstance(self.sessions.get(one), kinds)), None)

    def postgres(self, alias: str | None) -> PostgresSession:
        """The session of that alias, or the current one; it must be one of PostgreSQL."""
        return cast("PostgresSession", self._session(alias, PostgresSession))

    def redis(self, alias: str | None) -> RedisSession:
        """The session of that alias, or the current one; it must be one of Redis."""
        return cast("RedisSession", self._session(alias, RedisSession))

    def sql(self, alias: str | None) -> SqlSession:
        """The session of that alias, or the current one; it must be one of PostgreSQL or ClickHouse."""
        return cast("SqlSession", self._session(alias, PostgresSession, ClickHouseSession))

    def _session(self, alias: str | None, *kinds: type[Any]) -> Session:
        wanted = " or ".join(kind.kind for kind in kinds)
        found = alias or self.current_alias(*kinds)
        if found is None:
            openers = " or ".join(_OPENERS[kind] for kind in kinds)
            raise StackError(f"No {wanted} session is open. Use {openers} first.")
        session: Session = self.sessions.get(found)
        if not isinstance(session, kinds):
            seen = f"'{found}' is one of {session.kind}"
            raise StackError(explain(f"a session of {wanted}", seen, evidence=self.open_sessions()))
        return cast("Session", session)

    def open_sessions(self) -> str:
        """The open sessions in a line."""
        return "Open are: " + (", ".join(f"{name} ({session.kind})" for name, session in self.sessions.items()) or "none")

    # Waiting

    def wait(self, coroutine: Coroutine[Any, Any, T], seconds: float) -> T:
        """Run a coroutine on the background loop, at most as long as a store may take."""
        try:
            return background.run(coroutine, seconds + PATIENCE_SECONDS)
        except LoopTimeout as error:
            raise StoreUnreachable(
                explain("an answer of the store", str(error), remedy="Check that the server runs and is not paused or cut off.")
            ) from None

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
        while True:
            last = deadline.passed
            looks += 1
            seen: T | None = None
            try:
                seen = self.wait(look(), seconds)
                concealed = secret is not None and secret(seen)
                result = judge(take(seen) if take else seen, what, wanted, evidence, concealed=concealed)
            except (StackFailure, StoreUnreachable) as error:
                if last:
                    self._show_last(seen, show)
                    own_words = wanted.message is not None and not isinstance(error, (NotThere, StoreUnreachable))
                    text = _with_effort(str(error), "" if own_words else evidence, looks, deadline.elapsed)
                    if looks > 1 or isinstance(error, StoreUnreachable):
                        note_lateness(text)
                    raise type(error)(text) from None
            else:
                self._show_last(seen, show)
                return result
            background.run(asyncio.sleep(min(LOOK_AGAIN_SECONDS, deadline.left)))

    @staticmethod
    def _show_last(seen: T | None, show: Callable[[T], None] | None) -> None:
        if show is not None and seen is not None:
            show(seen)

    # Showing

    def show_rows(self, rows: Rows, caption: str) -> None:
        """Write rows into the log as a table, without secrets."""
        shown = [self.masking.row(record, hidden) for record in rows.records[:60]]
        logger.info(secrets.scrub(html_table(rows.columns, shown, caption, total=rows.count)), html=True)

    def show_records(self, columns: Sequence[str], records: Iterable[dict[str, Any]], caption: str) -> None:
        """Write dictionaries into the log as a table, without secrets."""
        self.show_rows(Rows(list(columns), list(records)), caption)

    def handed_over(self, row: dict[str, Any]) -> dict[str, Any]:
        """A row as test data gets it: secret values are `Secret` objects, which no log shows."""
        return self.masking.row(row, lambda value: Secret(str(value)))

    def record_rows(self, source: str | None, rows: Iterable[dict[str, Any]], began: float, users: Sequence[str] = ()) -> None:
        """Report what a store held to the test's history; the reading began then, by the monotonic clock."""
        if source is not None:
            took = round(time.monotonic() - began, 6)
            facts = [json_safe(self.masking.row(row, hidden)) for row in rows]
            recorder.record(Stored(source, facts, [str(user) for user in users], took))


def judge(value: Any, what: str, assertion: Assertion, evidence: str = "", *, concealed: bool = False) -> Any:
    """Assert about a value that was read.

    Raises:
        StackFailure: It isn't as expected.
        StackError: An expectation without an operator.
    """
    operator, expected, message = assertion.operator, assertion.expected, assertion.message
    if operator is None:
        if expected not in {None, ""}:
            remedy = "Write ==, >=, contains … before it."
            raise StackError(explain("an assertion operator before the expected value", f"only {expected!r}", remedy=remedy))
        return value
    wanted = like(value, expected.value if isinstance(expected, Secret) else expected)
    subject = str(value) if operator in TEXT_OPERATORS and not isinstance(value, (str, list, dict)) else value
    try:
        return verify_assertion(subject, operator, wanted, "", message)
    except (AssertionError, TypeError) as error:
        if message and not concealed and isinstance(error, AssertionError):
            raise StackFailure(str(error)) from None
        hide = concealed or isinstance(expected, Secret)
        seen = HIDDEN if concealed else f"{shorten(repr(value), 600)} ({type(value).__name__})"
        words = HIDDEN if hide else f"{shorten(repr(wanted), 600)} ({type(wanted).__name__})"
        raise StackFailure(secrets.scrub(explain(f"{what} {operator.value} {words}", seen, evidence=evidence))) from None


def _with_effort(text: str, evidence: str, looks: int, seconds: float) -> str:
    if evidence and evidence not in text:
        text += f"\nEvidence: {evidence}"
    return f"{text}\nThis was look {looks}, after {seconds:.2f} s." if looks > 1 else text


def parameter_list(parameters: Any) -> list[Any]:
    """The parameters of a statement: a list or tuple is many, everything else one; secrets are unwrapped."""
    many = list(parameters) if isinstance(parameters, (list, tuple)) else [parameters]
    return [_revealed(value) for value in many]


def _revealed(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _revealed(item) for name, item in value.items()}
    return value.value if isinstance(value, Secret) else value


def unwrap(value: str | Secret | None) -> str | None:
    """The text of a secret."""
    return value.value if isinstance(value, Secret) else value


def remember(password: str | None, what: str) -> None:
    """Have a password kept out of every log."""
    if password and len(password) >= SHORTEST_REMEMBERED:
        secrets.remember(password, what, lasting=True)
