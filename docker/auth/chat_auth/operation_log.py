"""The durable log of three-store operations: every step is written down before it is begun and after it is done.

Every write that moves an operation on names the state it must be in. A coordinator that was stopped for a while and taken over
meanwhile therefore finds out at its next write, and touches nothing more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from chat_common.postgres import Database

PROFILE_FIELDS = ("display_name", "timezone")


class OperationInProgress(Exception):
    """Another operation of the user is under way; `operation_id` says which, if it is known."""

    def __init__(self, operation_id: UUID | None = None) -> None:
        super().__init__("another operation of the user is under way")
        self.operation_id = operation_id


class TakenOver(Exception):
    """The operation is no longer in the state that its coordinator left it in."""


class OperationLog:
    """The table `operations`, and the profile step, which lies in the same database and is logged in its own transaction.

    Args:
        database: The auth database.
        coordinator: Name of this instance. What an earlier process of that name left is nobody's.
        lease: Seconds after which a pending operation of another instance is taken for abandoned.
        step_timeout: Seconds to wait for a row's lock.
    """

    def __init__(self, database: Database, *, coordinator: str, lease: float, step_timeout: float) -> None:
        self._database = database
        self._coordinator = coordinator
        self._lease = lease
        self._lock_timeout = f"{max(1, int(step_timeout * 1000))}ms"

    async def begin(self, operation_id: UUID, user_id: UUID, key: str, change: Mapping[str, Any]) -> None:
        """Write a new operation down.

        Raises:
            OperationInProgress: The user has another one, or one with this key exists.
        """
        try:
            await self._database.execute(
                "INSERT INTO operations (id, user_id, idempotency_key, state, step, change, workspace_id, event_id, coordinator, "
                "lease_until) VALUES ($1, $2, $3, 'pending', 'profile', $4, $5, $6, $7, now() + make_interval(secs => $8))",
                operation_id,
                user_id,
                key,
                change,
                uuid4(),
                uuid4(),
                self._coordinator,
                self._lease,
            )
        except asyncpg.UniqueViolationError as error:
            raise OperationInProgress from error

    async def get(self, operation_id: UUID) -> Mapping[str, Any] | None:
        """One operation's row."""
        row: Mapping[str, Any] | None = await self._database.fetchrow("SELECT * FROM operations WHERE id = $1", operation_id)
        return row

    async def living(self, user_id: UUID, key: str) -> Mapping[str, Any] | None:
        """The user's operation with this idempotency key, unless it was rolled back."""
        row: Mapping[str, Any] | None = await self._database.fetchrow(
            "SELECT * FROM operations WHERE user_id = $1 AND idempotency_key = $2 AND state <> 'rolled_back'", user_id, key
        )
        return row

    async def active(self, user_id: UUID) -> UUID | None:
        """The user's operation that is under way."""
        found: UUID | None = await self._database.fetchval(
            "SELECT id FROM operations WHERE user_id = $1 AND state IN ('pending', 'rolling_back')", user_id
        )
        return found

    async def change_profile(self, operation: Mapping[str, Any]) -> None:
        """Do the profile step: change the user's row and write down what it was, in one transaction.

        Raises:
            OperationInProgress: Somebody holds the user's row.
            TakenOver: The operation was rolled back meanwhile.
        """
        try:
            async with self._database.transaction() as connection:
                await connection.execute(f"SET LOCAL lock_timeout = '{self._lock_timeout}'")
                before = await connection.fetchrow(
                    "SELECT display_name, timezone FROM users WHERE id = $1 FOR NO KEY UPDATE", operation["user_id"]
                )
                values = [operation["change"].get(name, before[name]) for name in PROFILE_FIELDS]
                tag = await connection.execute(
                    "UPDATE operations SET before = $2, step = 'workspace', updated_at = now() "
                    "WHERE id = $1 AND state = 'pending' AND step = 'profile'",
                    operation["id"],
                    dict(before),
                )
                _must_move(tag)
                await connection.execute(
                    "UPDATE users SET display_name = $2, timezone = $3, updated_at = now() WHERE id = $1",
                    operation["user_id"],
                    *values,
                )
        except asyncpg.LockNotAvailableError as error:
            raise OperationInProgress(operation["id"]) from error

    async def restore_profile(self, operation: Mapping[str, Any]) -> None:
        """Undo the profile step, and note in the same transaction that it is undone."""
        before = operation["before"]
        async with self._database.transaction() as connection:
            await connection.execute(f"SET LOCAL lock_timeout = '{self._lock_timeout}'")
            await connection.execute("SELECT FROM users WHERE id = $1 FOR NO KEY UPDATE", operation["user_id"])
            tag = await connection.execute(
                "UPDATE operations SET undo = undo - 'profile', updated_at = now() "
                "WHERE id = $1 AND state = 'rolling_back' AND undo ? 'profile'",
                operation["id"],
            )
            if tag == "UPDATE 1":
                await connection.execute(
                    "UPDATE users SET display_name = $2, timezone = $3, updated_at = now() WHERE id = $1",
                    operation["user_id"],
                    *(before[name] for name in PROFILE_FIELDS),
                )

    async def reach_event(self, operation_id: UUID) -> None:
        """Write down that the workspace is made and the event comes next.

        Raises:
            TakenOver: The operation was rolled back meanwhile.
        """
        _must_move(
            await self._database.execute(
                "UPDATE operations SET step = 'event', updated_at = now() "
                "WHERE id = $1 AND state = 'pending' AND step = 'workspace'",
                operation_id,
            )
        )

    async def commit(self, operation_id: UUID) -> None:
        """Write down that all three steps are done.

        Raises:
            TakenOver: The operation was rolled back meanwhile.
        """
        _must_move(
            await self._database.execute(
                "UPDATE operations SET state = 'committed', updated_at = now() "
                "WHERE id = $1 AND state = 'pending' AND step = 'event'",
                operation_id,
            )
        )

    async def fail(self, operation_id: UUID, error: str, *, harmless: str | None = None) -> None:
        """Begin to roll a pending operation back; does nothing to one that is not pending any more.

        Args:
            operation_id: Which one.
            error: Why.
            harmless: The step that failed, if it is certain to have had no effect.
        """
        await self._database.execute(
            "UPDATE operations SET state = 'rolling_back', failed_step = step, error = $2, updated_at = now(), undo = "
            "(CASE step WHEN 'profile' THEN '[]' WHEN 'workspace' THEN '[\"workspace\", \"profile\"]' "
            'ELSE \'["event", "workspace", "profile"]\' END)::jsonb - coalesce($3::text, \'\') '
            "WHERE id = $1 AND state = 'pending'",
            operation_id,
            error,
            harmless,
        )

    async def undone(self, operation_id: UUID, step: str) -> None:
        """Write down that a step is undone."""
        await self._database.execute(
            "UPDATE operations SET undo = undo - $2::text, updated_at = now() WHERE id = $1 AND state = 'rolling_back'",
            operation_id,
            step,
        )

    async def finish_rollback(self, operation_id: UUID) -> None:
        """Write down that nothing is left to be undone."""
        await self._database.execute(
            "UPDATE operations SET state = 'rolled_back', updated_at = now() "
            "WHERE id = $1 AND state = 'rolling_back' AND undo = '[]'::jsonb",
            operation_id,
        )

    async def unfinished(self, running: Sequence[UUID]) -> list[Mapping[str, Any]]:
        """Operations that somebody must roll back: those of this instance that are not running, and those whose lease is over."""
        rows: list[Mapping[str, Any]] = await self._database.fetch(
            "SELECT * FROM operations WHERE state IN ('pending', 'rolling_back') AND NOT id = ANY($1::uuid[]) "
            "AND (coordinator = $2 OR lease_until < now()) ORDER BY created_at LIMIT 100",
            list(running),
            self._coordinator,
        )
        return rows


def _must_move(tag: str) -> None:
    if tag != "UPDATE 1":
        raise TakenOver
