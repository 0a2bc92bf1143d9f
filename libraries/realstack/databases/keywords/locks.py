"""Holding locks, seeing who is blocked, ending sessions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword

from realstack.core.errors import StackError, explain
from realstack.core.keywords.scope import current_owner
from realstack.core.waiting import Deadline
from realstack.databases.activity import SHOWN, Activity, Filter, activities, others, terminate, wait_until_blocked
from realstack.databases.keywords.arguments import parameter_list, without_secrets
from realstack.databases.keywords.held import Held
from realstack.databases.keywords.reading import Assertion, Reader
from realstack.databases.keywords.waiting import NO_WAIT, wait
from realstack.databases.locks import HeldLock, LockMode
from realstack.databases.postgres import PostgresSession
from realstack.recording.events import FaultBegun, FaultEnded, Note
from realstack.recording.recorder import recorder


class LockKeywords:
    """Keywords about PostgreSQL's locks and sessions.

    Args:
        held: What tests have open.
        reader: Reads and shows.
        run: What servers know all sessions of the run by.
    """

    def __init__(self, held: Held, reader: Reader, run: str) -> None:
        self._held = held
        self._reader = reader
        self._run = run

    @keyword(tags=["lock", "fault"])
    def hold_lock(
        self,
        name: str,
        *,
        table: str | None = None,
        mode: LockMode = "access exclusive",
        rows: str | None = None,
        parameters: Any = (),
        alias: str | None = None,
        timeout: timedelta = timedelta(seconds=5),
        max_duration: timedelta = timedelta(seconds=30),
    ) -> int:
        """Takes a lock on a session of its own and holds it until [Release Lock] or the end of the test or suite.

        Either a whole table (`table`, `mode`) or the rows that a ``SELECT … FOR UPDATE`` gives (`rows`). With
        [Wait Until Blocked] it makes 'midway' certain: what needs the lock stands still at a known place.

        Args:
            name: What the test calls the lock.
            table: A table, ``name`` or ``schema.name``.
            mode: Mode of ``LOCK TABLE``; ``access exclusive`` blocks even reading, ``share`` blocks writing only.
            rows: A SELECT with FOR UPDATE (or another locking clause).
            parameters: Of `rows`; see [Parameters].
            alias: A session of PostgreSQL, for server and account; default: the current one.
            timeout: How long to wait for the lock.
            max_duration: The server lets the lock go after this time, even if the run is long gone.

        Returns:
            How many rows are locked; 1 for a table.

        Raises:
            InvalidRun: Others held it until the time-out, or there was no row to lock.

        ```robotframework
        *** Test Cases ***
        Auth Dies Between Two Steps
            Hold Lock    workspaces    table=workspaces    alias=backend
            Start Changing Profile
            Wait Until Blocked    workspaces    application_name=backend-*
            Kill Service    auth
            Release Lock    workspaces
        ```
        """
        if (table is None) == (rows is None):
            raise StackError(explain("either table= or rows=", "both" if table else "neither"))
        session = self._held.sessions.postgres(alias)
        self._held.locks.free_alias(name)
        lock = HeldLock(name, session, acquire_seconds=timeout.total_seconds(), max_seconds=max_duration.total_seconds())
        taking = lock.take_table(table, mode) if table is not None else lock.take_rows(rows or "", parameter_list(parameters))
        locked = wait(without_secrets(taking, parameters), timeout.total_seconds() + session.answer_seconds)
        self._held.locks.add(lock, current_owner(), name)
        facts = {"on": lock.what, "server": session.name, "pid": lock.pid}
        recorder.record(FaultBegun(f"lock {name}", "lock", facts=facts))
        logger.info(f"Lock '{name}' held by pid {lock.pid} of '{session.name}': {lock.what} ({locked} locked)")
        return locked

    @keyword(tags=["lock", "fault"])
    def release_lock(self, name: str) -> float:
        """Lets a lock go. Its receipt is that [Wait Until Blocked] saw somebody wait for it.

        Args:
            name: Name given to [Hold Lock].

        Returns:
            Seconds that it was held.

        Raises:
            InvalidRun: It had been lost before, because its server ended or its longest time was over.

        ```robotframework
        ${seconds}    Release Lock    workspaces
        ```
        """
        lock = self._held.locks.pop(name)
        try:
            seconds = wait(lock.release(), lock.session.answer_seconds)
        finally:
            recorder.record(FaultEnded(f"lock {name}", "lock", lock.receipt, {"on": lock.what}))
        logger.info(f"Lock '{name}' released after {seconds:.3f} s")
        return seconds

    @keyword(tags=["lock", "wait"])
    def wait_until_blocked(
        self,
        lock: str | None = None,
        *,
        application_name: str | None = None,
        user: str | None = None,
        query: str | None = None,
        count: int = 1,
        timeout: timedelta = timedelta(seconds=5),
        alias: str | None = None,
    ) -> list[dict[str, Any]]:
        """Waits until sessions of others are blocked by this test: the receipt for what [Hold Lock] is for.

        A session counts when it waits for one of the test's locks, directly or behind others that do.

        Args:
            lock: Only what this lock blocks; default: every lock, and every open transaction, of this run on the server.
            application_name: Only sessions whose ``application_name`` is like this shell pattern.
            user: Only sessions whose account is like this.
            query: Only sessions whose statement is like this; ``*`` stands for any text.
            count: How many are needed.
            timeout: How long to wait.
            alias: A session of the server; default: the lock's, else the current one.

        Returns:
            Dictionaries with ``pid application_name user database state wait seconds blocked_by query``; those blocked
            directly come first.

        Raises:
            InvalidRun: It did not happen; the text shows what the server's sessions do instead.

        ```robotframework
        Wait Until Blocked    workspaces    application_name=backend-*    count=2    timeout=3 s
        ```
        """
        session, pids = self._holders(lock, alias)
        which = Filter(application_name=application_name, user=user, query=query)
        deadline = Deadline(timeout)
        blocked = wait(
            wait_until_blocked(session, pids, which, run=self._run, count=count, deadline=deadline),
            timeout.total_seconds() + session.answer_seconds,
        )
        for held in self._held.locks:
            if held.pid in pids and held.source.target == session.target:
                held.blocked.update(one.pid for one in blocked)
        facts = {"sessions": [one.shown() for one in blocked]}
        recorder.record(Note(f"lock {lock or session.name}", what="blocked", facts=facts))
        return self._shown_activities(blocked, f"Blocked on '{session.name}' after {deadline.elapsed:.3f} s")

    @keyword(tags=["fault"])
    def terminate_sessions(
        self,
        *,
        application_name: str | None = None,
        user: str | None = None,
        database: str | None = None,
        query: str | None = None,
        timeout: timedelta = timedelta(seconds=5),
        alias: str | None = None,
    ) -> list[dict[str, Any]]:
        """Ends sessions of others on a PostgreSQL server, and waits until their processes are gone.

        At least one filter is needed; all are shell patterns. The run's own sessions are never ended.

        Args:
            application_name: Only sessions of this name.
            user: Only sessions of this account.
            database: Only sessions of this database.
            query: Only sessions whose statement is like this.
            timeout: How long they may take to be gone.
            alias: A session of the server; default: the current one.

        Returns:
            The sessions that were ended, as in [Wait Until Blocked]: the receipt.

        Raises:
            InvalidRun: There was none to end, or one did not end.

        ```robotframework
        *** Test Cases ***
        Backend Survives Lost Sessions
            Terminate Sessions    application_name=backend-1    alias=backend
        ```
        """
        which = Filter(application_name=application_name, user=user, database=database, query=query)
        if which == Filter():
            raise StackError(explain("at least one filter", "none", remedy="Pass application_name=, user=, database= or query=."))
        session = self._held.sessions.postgres(alias)
        ended = wait(
            terminate(session, which, run=self._run, deadline=Deadline(timeout)),
            timeout.total_seconds() + 2 * session.answer_seconds,
        )
        name, what = f"sessions of {session.name}", "terminate-sessions"
        facts = {"server": session.name, "pids": [one.pid for one in ended]}
        recorder.record(FaultBegun(name, what, facts=facts))
        recorder.record(FaultEnded(name, what, {"what": what, **facts}))
        return self._shown_activities(ended, f"Ended on '{session.name}': {which}")

    @keyword(tags=["server", "getter"])
    def get_session_count(
        self,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
        *,
        application_name: str | None = None,
        user: str | None = None,
        database: str | None = None,
        state: str | None = None,
        alias: str | None = None,
        retry_timeout: timedelta = NO_WAIT,
    ) -> int:
        """Returns how many sessions others have on a PostgreSQL server, and asserts about the number.

        Args:
            assertion_operator: See [Assertions].
            assertion_expected: See [Assertions].
            message: Replaces the failure's text.
            application_name: Only sessions whose name is like this shell pattern.
            user: Only sessions whose account is like this.
            database: Only sessions of a database like this.
            state: Only sessions in this state, such as ``idle`` or ``idle in transaction*``.
            alias: A session of the server; default: the current one.
            retry_timeout: How long to ask again while the assertion fails.

        ```robotframework
        Get Session Count    ==    0    application_name=backend-*    state=idle in transaction*    retry_timeout=5 s
        ```
        """
        session = self._held.sessions.postgres(alias)
        which = Filter(application_name=application_name, user=user, database=database, state=state)
        count: int = self._reader.read(
            lambda: others(session, self._run, which),
            what=f"the number of sessions ({which})",
            seconds=2 * session.answer_seconds,
            assertion=Assertion(assertion_operator, assertion_expected, message, retry_timeout),
            take=len,
            show=lambda found: self._show_activities(found, f"Sessions of '{session.name}': {which}"),
        )
        return count

    @keyword(tags=["server", "getter"])
    def get_sessions_on_server(self, *, alias: str | None = None) -> list[dict[str, Any]]:
        """Returns what all sessions of a PostgreSQL server are doing, those of this run included, and shows it in the log.

        Args:
            alias: A session of the server; default: the current one.

        Returns:
            Dictionaries as in [Wait Until Blocked].

        ```robotframework
        ${sessions}    Get Sessions On Server    alias=backend
        ```
        """
        session = self._held.sessions.postgres(alias)
        return self._shown_activities(wait(activities(session), 2 * session.answer_seconds), f"Sessions of '{session.name}'")

    def _holders(self, lock: str | None, alias: str | None) -> tuple[PostgresSession, set[int]]:
        if lock is not None:
            held = self._held.locks.get(lock)
            return held.source, {held.pid}
        session = self._held.sessions.postgres(alias)
        pids = {held.pid for held in self._held.locks if held.source.target == session.target}
        for other in self._held.sessions.all():
            if isinstance(other, PostgresSession) and other.target == session.target and other.in_transaction and other.pid:
                pids.add(other.pid)
        if not pids:
            raise StackError(
                explain(
                    f"a lock or a transaction of this run on the server of '{session.name}'",
                    "none",
                    remedy="Use [Hold Lock] first.",
                )
            )
        return session, pids

    def _show_activities(self, some: list[Activity], caption: str) -> None:
        self._reader.show_records(SHOWN, [one.shown() for one in some], caption)

    def _shown_activities(self, some: list[Activity], caption: str) -> list[dict[str, Any]]:
        self._show_activities(some, caption)
        return [one.shown() for one in some]
