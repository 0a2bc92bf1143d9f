"""What the sessions of a PostgreSQL server are doing, who waits for whom, and ending some of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any

from realstack.core.errors import InvalidRun, StackError, explain
from realstack.core.table import text_table
from realstack.core.waiting import Deadline, poll
from realstack.databases.errors import StatementRefused
from realstack.databases.masking import scrub_statement
from realstack.databases.postgres import PostgresSession
from realstack.databases.values import shown

SHOWN = ("pid", "application_name", "user", "database", "state", "wait", "seconds", "blocked_by", "query")
"""The columns of an activity, in the order in which they are shown."""

_UNSEEN = "<insufficient privilege>"
"""What PostgreSQL shows in place of the statement of a session that the account may not see."""

_ACTIVITY = """
SELECT pid, application_name, usename::text AS "user", datname::text AS database, state,
       concat_ws(': ', wait_event_type, wait_event) AS wait,
       round(extract(epoch FROM clock_timestamp() - coalesce(query_start, backend_start))::numeric, 3)::float8 AS seconds,
       CASE WHEN wait_event_type = 'Lock' THEN pg_blocking_pids(pid) ELSE '{}' END AS blocked_by,
       left(query, 1000) AS query, backend_start::text AS started
FROM pg_stat_activity
WHERE (backend_type = 'client backend' OR query = '<insufficient privilege>') AND pid <> pg_backend_pid()
ORDER BY pid
"""


@dataclass(frozen=True, slots=True)
class Activity:
    """One session of a server at one moment.

    Attributes:
        wait: What it waits for, such as ``Lock: relation``; empty when for nothing.
        seconds: How long its current (or last) statement has been going.
        blocked_by: Process ids of the sessions that hold what it waits for.
        started: When the session began: with `pid` it names one session for good.
    """

    pid: int
    application_name: str
    user: str | None
    database: str | None
    state: str | None
    wait: str
    seconds: float
    blocked_by: tuple[int, ...]
    query: str
    started: str

    def shown(self) -> dict[str, Any]:
        """The facts for tables and test data."""
        facts = asdict(self)
        return {name: list(facts[name]) if name == "blocked_by" else facts[name] for name in SHOWN}


@dataclass(frozen=True, slots=True)
class Filter:
    """Which sessions are meant; values are shell patterns, None means any."""

    application_name: str | None = None
    user: str | None = None
    database: str | None = None
    state: str | None = None
    query: str | None = None

    def matches(self, activity: Activity) -> bool:
        """Whether every given pattern fits."""
        return all(
            pattern is None or fnmatchcase(str(getattr(activity, name) or ""), pattern) for name, pattern in asdict(self).items()
        )

    def __str__(self) -> str:
        return (
            ", ".join(f"{name} like '{pattern}'" for name, pattern in asdict(self).items() if pattern is not None)
            or "any session"
        )


async def activities(session: PostgresSession) -> list[Activity]:
    """All client sessions of the server but the one that looks.

    Raises:
        StackError: The account may not see what others do, so that nothing could be told from it.
    """
    observer = await session.observer()
    rows = await observer.fetch(_ACTIVITY)
    if any(row["query"] == _UNSEEN for row in rows.records):
        raise StackError(
            explain(
                "an account that sees what all sessions do",
                f"that of '{session.name}' sees its own only",
                remedy="Open the session as a superuser or a member of pg_monitor.",
            )
        )
    return [
        Activity(**{**row, "blocked_by": tuple(row["blocked_by"]), "query": scrub_statement(row["query"] or "")})
        for row in rows.records
    ]


async def others(session: PostgresSession, run: str, which: Filter) -> list[Activity]:
    """The sessions that a filter means, without those of this run."""
    return [one for one in await activities(session) if not one.application_name.startswith(run) and which.matches(one)]


def blocked_behind(everyone: Iterable[Activity], pids: set[int]) -> list[Activity]:
    """The sessions that wait, directly or behind others, for one of some process ids."""
    waiting = [one for one in everyone if one.blocked_by]
    behind: list[Activity] = []
    reached = set(pids)
    while found := [one for one in waiting if one not in behind and reached.intersection(one.blocked_by)]:
        behind.extend(found)
        reached.update(one.pid for one in found)
    return behind


async def wait_until_blocked(
    session: PostgresSession, pids: set[int], which: Filter, *, run: str, count: int, deadline: Deadline
) -> list[Activity]:
    """Wait until sessions of others are blocked by some process ids.

    Raises:
        InvalidRun: It did not happen in time. What runs on the server instead is in the text.
    """
    latest: list[Activity] = []

    async def look() -> list[Activity]:
        nonlocal latest
        latest = await activities(session)
        return [one for one in blocked_behind(latest, pids) if not one.application_name.startswith(run) and which.matches(one)]

    reached, seen = await poll(look, lambda found: len(found) >= count, deadline)
    if not reached:
        raise InvalidRun(
            explain(
                f"{count} session(s) ({which}) blocked by pid {', '.join(map(str, sorted(pids)))} within {deadline.seconds:g} s",
                f"{len(seen)}",
                evidence="the sessions of the server were:\n" + describe(latest),
                remedy="Check that what should block was started before, reaches this server, and needs what the lock covers.",
            )
        )
    return seen


async def terminate(session: PostgresSession, which: Filter, *, run: str, deadline: Deadline) -> list[Activity]:
    """End sessions of others, and wait until they are gone.

    Raises:
        InvalidRun: There was none to end, or one outlived the deadline.
        StackError: The account may not end them.
    """
    victims = await others(session, run, which)
    if not victims:
        everyone = await activities(session)
        raise InvalidRun(
            explain(f"sessions to end ({which})", "none", evidence="the sessions of the server are:\n" + describe(everyone))
        )
    observer = await session.observer()
    try:
        await observer.fetch(
            "SELECT pid, pg_terminate_backend(pid) AS told FROM unnest($1::int[]) AS pid", [[one.pid for one in victims]]
        )
    except StatementRefused as error:
        remedy = "Open the session as a superuser, a member of pg_signal_backend, or the user whose sessions it ends."
        raise StackError(f"{error}\nRemedy: {remedy}") from None
    named = {(one.pid, one.started) for one in victims}

    async def look() -> list[Activity]:
        return [one for one in await activities(session) if (one.pid, one.started) in named]

    gone, left = await poll(look, _empty, deadline)
    if not gone:
        raise InvalidRun(
            explain(
                f"{len(victims)} terminated sessions gone within {deadline.seconds:g} s",
                f"{len(left)} still there",
                evidence=describe(left),
            )
        )
    return victims


def describe(some: Iterable[Activity]) -> str:
    """The sessions as lines of text."""
    return text_table(SHOWN, [one.shown() for one in some], show=shown) or "  (none but the one that looks)"


_empty: Callable[[list[Activity]], bool] = lambda found: not found  # noqa: E731 - reads as the condition it is
