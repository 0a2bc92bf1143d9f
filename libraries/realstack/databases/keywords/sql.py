"""Reading and changing rows of PostgreSQL and ClickHouse."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword

from realstack.core.errors import StackError, explain
from realstack.core.several import several
from realstack.core.table import shorten
from realstack.databases.clickhouse import ClickHouseSession
from realstack.databases.errors import NotThere
from realstack.databases.keywords.arguments import parameter_list, without_secrets
from realstack.databases.keywords.held import Held, SqlSession
from realstack.databases.keywords.reading import Assertion, Reader
from realstack.databases.keywords.waiting import NO_WAIT, wait
from realstack.databases.masking import Masking
from realstack.databases.places import without_end
from realstack.databases.postgres import IsolationLevel
from realstack.databases.values import Rows


class SqlKeywords:
    """Keywords that run SQL.

    Args:
        held: What tests have open.
        reader: Reads and shows.
        masking: Which columns are secret.
    """

    def __init__(self, held: Held, reader: Reader, masking: Masking) -> None:
        self._held = held
        self._reader = reader
        self._masking = masking

    @keyword(tags=["sql", "getter"])
    def query(
        self,
        statement: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
        *,
        parameters: Any = (),
        alias: str | None = None,
        retry_timeout: timedelta = NO_WAIT,
        record_as: str | None = None,
        record_users: Sequence[str] | str = (),
    ) -> list[dict[str, Any]]:
        """Returns the rows that a statement gives, and asserts about them. They are shown as a table in the log.

        Args:
            statement: SQL with places ``$1``, ``$2`` … for parameters.
            assertion_operator: See [Assertions].
            assertion_expected: See [Assertions].
            message: Replaces the failure's text.
            parameters: See [Parameters].
            alias: A session of PostgreSQL or ClickHouse; default: the current one.
            retry_timeout: How long to ask again while the assertion fails or the store does not answer.
            record_as: Also reports the rows to the test's history (kind ``stored``), under this source's name.
            record_users: The users that the rows were asked for, for the history: a text, texts between commas, or a list.

        Returns:
            A list of dictionaries. Values of secret columns are `Secret` objects.

        ```robotframework
        *** Test Cases ***
        Messages Keep Their Order
            ${rows}    Query    SELECT id, seq FROM messages WHERE thread_id = $1 ORDER BY seq    parameters=${thread}
            Length Should Be    ${rows}    3
        ```
        """
        asserted = Assertion(assertion_operator, assertion_expected, message, retry_timeout)
        found, rows, began = self._read_rows(statement, parameters, alias, asserted, _records, what="the rows")
        self._reader.record_rows(record_as, rows.records, began, several(record_users))
        return found if asserted.makes_something_else else [self._reader.handed_over(row) for row in rows.records]

    @keyword(tags=["sql", "getter"])
    def get_row(
        self,
        statement: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
        *,
        parameters: Any = (),
        alias: str | None = None,
        retry_timeout: timedelta = NO_WAIT,
        record_as: str | None = None,
    ) -> dict[str, Any]:
        """Returns the one row that a statement gives, and asserts about it (a dictionary).

        Takes the arguments of [Query].

        Raises:
            StackFailure: There is no row, or more than one, until `retry_timeout` is over.

        ```robotframework
        ${user}    Get Row    SELECT id, email FROM users WHERE id = $1    parameters=${id}    retry_timeout=2 s
        Should Be Equal    ${user}[email]    ann@example.com
        ```
        """
        asserted = Assertion(assertion_operator, assertion_expected, message, retry_timeout)
        found, rows, began = self._read_rows(statement, parameters, alias, asserted, _only_row, what="the row")
        self._reader.record_rows(record_as, rows.records, began)
        return found if asserted.makes_something_else else self._reader.handed_over(rows.records[0])

    @keyword(tags=["sql", "getter"])
    def get_value(
        self,
        statement: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
        *,
        parameters: Any = (),
        alias: str | None = None,
        retry_timeout: timedelta = NO_WAIT,
    ) -> Any:
        """Returns the one value that a statement gives (one row, one column), and asserts about it.

        Takes the arguments of [Query]. With ``then`` it returns what the expression makes of the value.

        Raises:
            StackFailure: There is no row, or more than one, until `retry_timeout` is over.
            StackError: There is more than one column.

        ```robotframework
        *** Test Cases ***
        Profile Is Changed
            Get Value    SELECT display_name FROM users WHERE id = $1    ==    Ann    parameters=${user}    retry_timeout=2s
        ```
        """
        asserted = Assertion(assertion_operator, assertion_expected, message, retry_timeout)
        value, rows, _ = self._read_rows(statement, parameters, alias, asserted, _only_value, what="the value")
        return value if asserted.makes_something_else else self._reader.handed_over({rows.columns[0]: value})[rows.columns[0]]

    @keyword(tags=["sql", "getter"])
    def get_column(
        self,
        statement: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
        *,
        parameters: Any = (),
        alias: str | None = None,
        retry_timeout: timedelta = NO_WAIT,
    ) -> list[Any]:
        """Returns the values of the one column that a statement gives, in its order, and asserts about the list.

        Takes the arguments of [Query].

        ```robotframework
        *** Test Cases ***
        Order Is Kept
            Get Column    SELECT text FROM messages WHERE thread_id = $1 ORDER BY seq    ==    ${typed}    parameters=${thread}
        ```
        """
        asserted = Assertion(assertion_operator, assertion_expected, message, retry_timeout)
        found, rows, _ = self._read_rows(statement, parameters, alias, asserted, _only_column, what="the column")
        name = rows.columns[0]
        return found if asserted.makes_something_else else [self._reader.handed_over(row)[name] for row in rows.records]

    @keyword(tags=["sql", "getter"])
    def get_row_count(
        self,
        statement: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
        *,
        parameters: Any = (),
        alias: str | None = None,
        retry_timeout: timedelta = NO_WAIT,
    ) -> int:
        """Returns how many rows a SELECT gives, and asserts about the number. The server counts; no row is carried over.

        Takes the arguments of [Query].

        ```robotframework
        *** Test Cases ***
        Stored Once
            Get Row Count    SELECT id FROM messages WHERE id = $1    ==    1    parameters=${message}
        ```
        """
        backslashes = isinstance(self._held.sessions.sql(alias), ClickHouseSession)
        inner = without_end(statement, backslashes=backslashes)
        counting = f"SELECT count(*) AS rows FROM (\n{inner}\n) AS counted"  # noqa: S608 - the test's own SQL
        session, look, evidence = self._asked(counting, parameters, alias)
        count: int = self._reader.read(
            look,
            what=f"the number of rows of: {shorten(statement, 300)}",
            seconds=session.answer_seconds,
            assertion=Assertion(assertion_operator, assertion_expected, message, retry_timeout),
            take=_only_value,
            evidence=evidence,
        )
        logger.info(f"{session.name}: {count} row(s): {shorten(statement, 300)}")
        return count

    @keyword(tags=["sql"])
    def execute(self, statement: str, *, parameters: Any = (), alias: str | None = None) -> int:
        """Runs a statement for its effect.

        Args:
            statement: SQL with places ``$1``, ``$2`` … for parameters; several statements (PostgreSQL) only without parameters.
            parameters: See [Parameters].
            alias: A session of PostgreSQL or ClickHouse; default: the current one.

        Returns:
            How many rows it touched; always 0 with ClickHouse, which doesn't tell.

        ```robotframework
        ${touched}    Execute    UPDATE plans SET plan = $1 WHERE user_id = $2    parameters=${{ ['paid', $user] }}
        Should Be Equal As Integers    ${touched}    1
        ```
        """
        session = self._held.sessions.sql(alias)
        asked = session.execute(statement, parameter_list(parameters))
        touched = wait(without_secrets(asked, parameters), session.answer_seconds)
        logger.info(f"{session.name}: {touched} row(s) touched by: {shorten(statement, 300)}")
        return touched

    @keyword(tags=["sql", "transaction"])
    def begin(self, isolation: IsolationLevel = "read committed", *, alias: str | None = None) -> None:
        """Begins a transaction on a PostgreSQL session. At the end of the test or suite it is rolled back.

        Args:
            isolation: Isolation level.
            alias: A session of PostgreSQL; default: the current one.

        ```robotframework
        *** Test Cases ***
        Uncommitted Is Unseen
            Begin    alias=writer
            Execute    INSERT INTO threads (id) VALUES ($1)    parameters=${id}    alias=writer
            Get Row Count    SELECT id FROM threads    ==    0    alias=reader
            Rollback    alias=writer
        ```
        """
        session = self._held.sessions.postgres(alias)
        wait(session.begin(isolation), session.answer_seconds)

    @keyword(tags=["sql", "transaction"])
    def commit(self, *, alias: str | None = None) -> None:
        """Commits the transaction of a PostgreSQL session.

        Args:
            alias: A session of PostgreSQL; default: the current one.

        Raises:
            StackError: There is none, or the server rolled it back because a statement in it had failed.

        ```robotframework
        Begin    alias=writer
        Execute    DELETE FROM threads WHERE id = $1    parameters=${id}    alias=writer
        Commit    alias=writer
        ```
        """
        session = self._held.sessions.postgres(alias)
        wait(session.end("COMMIT"), session.answer_seconds)

    @keyword(tags=["sql", "transaction"])
    def rollback(self, *, alias: str | None = None) -> None:
        """Rolls back the transaction of a PostgreSQL session.

        Args:
            alias: A session of PostgreSQL; default: the current one.

        Raises:
            StackError: There is none.

        ```robotframework
        Begin    alias=writer
        Execute    DELETE FROM threads    alias=writer
        Rollback    alias=writer
        ```
        """
        session = self._held.sessions.postgres(alias)
        wait(session.end("ROLLBACK"), session.answer_seconds)

    def _asked(self, statement: str, parameters: Any, alias: str | None) -> tuple[SqlSession, Any, str]:
        session = self._held.sessions.sql(alias)
        values = parameter_list(parameters)
        evidence = f"session '{session.name}': {shorten(statement, 500)}"
        return session, lambda: without_secrets(session.fetch(statement, values), parameters), evidence

    def _read_rows(
        self,
        statement: str,
        parameters: Any,
        alias: str | None,
        assertion: Assertion,
        take: Callable[[Rows], Any],
        *,
        what: str,
    ) -> tuple[Any, Rows, float]:
        """What was judged, the rows of the last look, and when that began by the monotonic clock."""
        session, look, evidence = self._asked(statement, parameters, alias)
        latest: list[Rows] = []
        began = time.monotonic()

        async def look_now() -> Rows:
            nonlocal began
            began = time.monotonic()
            rows: Rows = await look()
            return rows

        def judged(rows: Rows) -> Any:
            latest[:] = [rows]
            return take(rows)

        result = self._reader.read(
            look_now,
            what=what,
            seconds=session.answer_seconds,
            assertion=assertion,
            take=judged,
            show=lambda rows: self._reader.show_rows(rows, f"{session.name}: {shorten(statement, 300)}"),
            evidence=evidence,
            secret=lambda rows: any(self._masking.is_secret(name) for name in rows.columns),
        )
        return result, latest[0], began


def _records(rows: Rows) -> list[dict[str, Any]]:
    return rows.records


def _only_row(rows: Rows) -> dict[str, Any]:
    if rows.count != 1:
        raise NotThere(explain("exactly one row", f"{rows.count} rows"))
    return rows.records[0]


def _only_column(rows: Rows) -> list[Any]:
    if len(rows.columns) != 1:
        raise StackError(explain("a statement that gives one column", ", ".join(rows.columns), remedy="Select just that one."))
    return [row[rows.columns[0]] for row in rows.records]


def _only_value(rows: Rows) -> Any:
    _only_column(rows)
    return _only_row(rows)[rows.columns[0]]
