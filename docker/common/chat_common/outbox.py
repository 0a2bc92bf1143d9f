"""Transactional outbox: events are rows of `event_outbox` until ClickHouse has them.

Whoever changes business tables adds the event in the same transaction; every replica relays. Rows are locked with SKIP LOCKED
while they are sent and deleted afterwards, so an event arrives at least once, and a repeated one collapses by its `event_id`.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from datetime import UTC, datetime
from typing import Any

from chat_common.clickhouse import ClickHouse, ClickHouseError
from chat_common.errors import StoreUnavailable
from chat_common.frames import milliseconds
from chat_common.logs import Log
from chat_common.postgres import Database
from chat_common.tasks import jittered

log = Log("outbox")

BATCH = 500
# ClickHouse likes few large inserts: events of this many seconds travel together.
LINGER_SECONDS = 0.05
# Rows that another process added are looked for this often (seconds).
POLL_SECONDS = 1.0
SEND_SECONDS = 3.0
PAUSE_CAP = 3.0

CHAT_EVENTS = """
CREATE TABLE IF NOT EXISTS {database}.chat_events (
    event_id String, kind String, user_id String, thread_id String, subject_id String, data String, created_at UInt64
) ENGINE = ReplacingMergeTree() ORDER BY event_id
"""


async def add_event(
    connection: Any, kind: str, *, user_id: str, thread_id: str, subject_id: str, data: dict[str, Any] | None = None
) -> None:
    """Add an event to the outbox, in the transaction that the connection is in.

    Args:
        connection: An asyncpg connection.
        kind: `message_stored`, `run_completed`, `run_failed`, `run_stopped`, `file_stored` or `file_processed`.
        user_id: Whose event it is.
        thread_id: Where it happened.
        subject_id: The message, run or file.
        data: Further facts, stored as JSON.
    """
    payload = {
        "event_id": str(uuid.uuid4()),
        "kind": kind,
        "user_id": user_id,
        "thread_id": thread_id,
        "subject_id": subject_id,
        "data": json.dumps(data or {}, ensure_ascii=False, separators=(",", ":")),
        "created_at": milliseconds(datetime.now(UTC)),
    }
    await connection.execute("INSERT INTO event_outbox (kind, payload) VALUES ($1, $2)", kind, payload)


class OutboxRelay:
    """Sends outbox rows to ClickHouse until it is cancelled.

    Args:
        database: Where `event_outbox` is.
        clickhouse: Where the events go; its table is made when it first answers.
    """

    def __init__(self, database: Database, clickhouse: ClickHouse) -> None:
        self._database = database
        self._clickhouse = clickhouse
        self._wake = asyncio.Event()
        self._table_made = False

    def wake(self) -> None:
        """Say that rows were committed, so that they travel at once."""
        self._wake.set()

    async def run(self) -> None:
        """Relay for ever. While a store is down, try again with a growing pause."""
        await self._database.ready.wait()
        attempt = 0
        while True:
            try:
                while await self._relay_batch() == BATCH:
                    attempt = 0
            except (StoreUnavailable, ClickHouseError) as error:
                # A table or database that vanished is made again.
                self._table_made = False
                log.warning("relay_delayed", reason=str(error), attempt=attempt)
                await asyncio.sleep(jittered(attempt, base=0.2, cap=PAUSE_CAP))
                attempt += 1
                continue
            attempt = 0
            try:
                await asyncio.wait_for(self._wake.wait(), POLL_SECONDS)
                await asyncio.sleep(LINGER_SECONDS)
            except TimeoutError:
                pass  # time to look for rows of other processes
            self._wake.clear()

    async def _relay_batch(self) -> int:
        if not self._table_made:
            await self._clickhouse.execute(f"CREATE DATABASE IF NOT EXISTS {self._clickhouse.database}")
            await self._clickhouse.execute(CHAT_EVENTS.format(database=self._clickhouse.database))
            self._table_made = True
        async with self._database.transaction() as connection:
            rows = await connection.fetch(
                "SELECT id, payload FROM event_outbox ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED",
                BATCH,
            )
            if rows:
                await self._clickhouse.insert("chat_events", [row["payload"] for row in rows], seconds=SEND_SECONDS)
                await connection.execute("DELETE FROM event_outbox WHERE id = ANY($1::bigint[])", [row["id"] for row in rows])
        return len(rows)
