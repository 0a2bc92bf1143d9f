"""The outer two steps of the three-store operation: what each does, and how it is undone.

Both must stand late effects: a request that was given up may still be carried out afterwards, when a paused server goes
on. So doing is done at most once, under an id of its own, and undoing leaves a mark that also holds against a doing that comes
after it.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import httpx

from chat_common.clickhouse import ClickHouse, ClickHouseError
from chat_common.errors import StoreUnavailable
from chat_common.trace import carry_trace

# A replica that was silent is asked for so long (seconds) whether it still is.
LIVES_SECONDS = 0.2


class StepFailed(Exception):
    """A step was not carried out, or nobody knows whether it was.

    Args:
        step: Which one.
        reason: One word for the log and the caller.
        outcome_unknown: Whether it may have had, or may still have, an effect that must be undone.
        answered: Whether the store said so itself, so that it can be asked again without a long wait.
    """

    def __init__(self, step: str, reason: str, *, outcome_unknown: bool, answered: bool = False) -> None:
        super().__init__(f"{step}: {reason}")
        self.step = step
        self.reason = reason
        self.outcome_unknown = outcome_unknown
        self.answered = answered


class WorkspaceStep:
    """Makes the workspace in the backend; the backend's tombstone stops a late `PUT`.

    A replica that can't be reached is passed over; one that said nothing for a whole step is asked last, until it answers again.

    Args:
        base_urls: Internal addresses of the backend's replicas.
        token: The secret between auth and backend.
        seconds: Time limit of a step.
    """

    def __init__(self, base_urls: Sequence[str], token: str, seconds: float) -> None:
        self._base_urls = tuple(base_urls)
        self._silent: set[str] = set()
        limits = httpx.Timeout(seconds, connect=seconds / len(base_urls))
        self._client = httpx.AsyncClient(
            headers={"Authorization": f"Bearer {token}"},
            timeout=limits,
            trust_env=False,
            event_hooks={"request": [carry_trace]},
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def do(self, operation: Mapping[str, Any]) -> None:
        """Make the workspace.

        Raises:
            StepFailed: It was not made, as far as is known.
        """
        await self._send("PUT", operation)

    async def undo(self, operation: Mapping[str, Any]) -> None:
        """Take the workspace back, whether it is there or not yet.

        Raises:
            StepFailed: That could not be done now.
        """
        await self._send("DELETE", operation)

    async def _send(self, method: str, operation: Mapping[str, Any]) -> None:
        body = {
            "user_id": str(operation["user_id"]),
            "name": operation["change"]["workspace"]["name"],
            "operation_id": str(operation["id"]),
        }
        answer = await self._ask(method, f"/internal/workspaces/{operation['workspace_id']}", body)
        if answer.status_code not in {200, 201, 204}:
            raise StepFailed("workspace", f"status {answer.status_code}", outcome_unknown=True, answered=True)

    async def _ask(self, method: str, path: str, body: Mapping[str, Any]) -> httpx.Response:
        reason = ""
        for base_url in await self._in_order():
            try:
                return await self._client.request(method, f"{base_url}{path}", json=body)
            except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
                # No connection, no request: nothing of it can arrive later.
                reason = type(error).__name__
            except httpx.HTTPError as error:
                raise StepFailed("workspace", type(error).__name__, outcome_unknown=True) from error
            except asyncio.CancelledError:
                # The step's time is over, and it is silent still.
                self._silent.add(base_url)
                raise
        raise StepFailed("workspace", reason, outcome_unknown=False)

    async def _in_order(self) -> list[str]:
        """The replicas, those last that have been silent and still are."""
        silent = [base_url for base_url in self._base_urls if base_url in self._silent and not await self._lives(base_url)]
        return sorted(self._base_urls, key=silent.__contains__)

    async def _lives(self, base_url: str) -> bool:
        try:
            async with asyncio.timeout(LIVES_SECONDS):
                await self._client.get(f"{base_url}/health/live")
        except (httpx.HTTPError, TimeoutError):
            return False
        self._silent.discard(base_url)
        return True


class EventStep:
    """Logs the event in ClickHouse; an event is undone by its cancelling row.

    The row that counts is sent once and never again, so that its copies can't outnumber the cancelling rows, which are
    sent until one of them is confirmed: the sum of the signs then stays at or below zero, in whatever order they arrive.

    Args:
        clickhouse: Client of the server.
        seconds: Time limit of a request.
    """

    TABLE = "profile_events"

    def __init__(self, clickhouse: ClickHouse, seconds: float) -> None:
        self._clickhouse = clickhouse
        self._seconds = seconds
        self._has_table = False

    async def prepare(self) -> None:
        """Make the table if need be.

        Raises:
            StoreUnavailable, ClickHouseError: That could not be done now.
        """
        if self._has_table:
            return
        database = self._clickhouse.database
        await self._clickhouse.execute(f"CREATE DATABASE IF NOT EXISTS {database}", seconds=self._seconds)
        await self._clickhouse.execute(
            f"CREATE TABLE IF NOT EXISTS {database}.{self.TABLE} (event_id String, operation_id String, user_id String, "
            "data String, created_at UInt64, sign Int8) ENGINE = CollapsingMergeTree(sign) ORDER BY event_id",
            seconds=self._seconds,
        )
        self._has_table = True

    async def do(self, operation: Mapping[str, Any]) -> None:
        """Log the event.

        Raises:
            StepFailed: It was not logged, as far as is known.
        """
        await self._have_table()
        await self._insert(operation, 1)

    async def undo(self, operation: Mapping[str, Any]) -> None:
        """Cancel the event, whether it is there or not yet.

        Raises:
            StepFailed: That could not be done now.
        """
        # Where the table vanished, nobody else may come to make it again: the next change of this user waits for this one.
        await self._have_table()
        await self._insert(operation, -1)

    async def _have_table(self) -> None:
        try:
            await self.prepare()
        except (StoreUnavailable, ClickHouseError) as error:
            raise StepFailed("event", _reason(error), outcome_unknown=False) from error

    async def _insert(self, operation: Mapping[str, Any], sign: int) -> None:
        change: Mapping[str, Any] = operation["change"]
        event_id: UUID = operation["event_id"]
        row = {
            "event_id": str(event_id),
            "operation_id": str(operation["id"]),
            "user_id": str(operation["user_id"]),
            "data": json.dumps({**change, "workspace_id": str(operation["workspace_id"])}, sort_keys=True),
            "created_at": time.time_ns() // 1_000_000,
            "sign": sign,
        }
        try:
            await self._clickhouse.insert(self.TABLE, [row], seconds=self._seconds)
        except StoreUnavailable as error:
            raise StepFailed("event", error.reason, outcome_unknown=error.outcome_unknown) from error
        except ClickHouseError as error:
            self._has_table = False
            raise StepFailed("event", _reason(error), outcome_unknown=True, answered=True) from error


def _reason(error: StoreUnavailable | ClickHouseError) -> str:
    return error.reason if isinstance(error, StoreUnavailable) else f"code {error.code}"
