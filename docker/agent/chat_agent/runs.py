"""Runs in PostgreSQL: claimed, and finished exactly once."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from chat_agent.analyst.steps import Document, Question
from chat_common.outbox import add_event
from chat_common.postgres import Database
from chat_common.runqueue import RUNS_PER_USER


@dataclass(frozen=True)
class Run:
    """A run that is being worked on.

    Attributes:
        attempts: Which attempt this is, from 1.
        state: `running`; `stopping` when its user asked it to stop; or `completed`, `failed` or `stopped`, when a worker died
            between that and telling.
    """

    run_id: str
    thread_id: str
    user_id: str
    attempts: int
    state: str
    question: Question


@dataclass(frozen=True)
class Outcome:
    """How a run ended in PostgreSQL: with a message, or with the code of a failure. One that is `running` still is to stop."""

    state: str
    error: str = ""
    message_id: str = ""
    seq: int = 0
    text: str = ""


class Runs:
    """Operations on runs.

    Args:
        database: The backend's database.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(self, run_id: str) -> Run | None:
        """Count an attempt and read what is asked; a run that is over or to stop is only read. None when there is no such run."""
        row = await self._database.fetchrow(
            """
            WITH claimed AS (
                UPDATE runs SET state = 'running', attempts = attempts + 1
                WHERE id = $1 AND state IN ('queued', 'running') AND stop_requested_at IS NULL RETURNING attempts
            )
            SELECT r.thread_id, r.user_id, m.id AS message_id, m.seq, m.text, m.created_at,
                   f.id AS file_id, f.name, f.size, f.sha256,
                   (SELECT attempts FROM claimed) AS attempts, r.state
            FROM runs r JOIN messages m ON m.id = r.message_id LEFT JOIN files f ON f.id = r.file_id
            WHERE r.id = $1
            """,
            run_id,
        )
        if row is None:
            return None
        document = None
        if row["file_id"] is not None:
            document = Document(str(row["file_id"]), row["name"], row["size"], row["sha256"])
        user_id, thread_id = str(row["user_id"]), str(row["thread_id"])
        question = Question(row["text"], user_id, thread_id, str(row["message_id"]), row["seq"], row["created_at"], document)
        # The outer SELECT sees the row as it was before the update.
        state = "running" if row["attempts"] is not None else row["state"]
        if row["attempts"] is None and state in ("queued", "running"):
            state = "stopping"
        return Run(run_id, thread_id, user_id, row["attempts"] or 0, state, question)

    async def complete(self, run: Run, text: str, pages: tuple[str, ...] | None) -> Outcome:
        """Store the answer and mark the run completed, in one transaction; whoever comes second gets the first one's outcome."""
        async with self._database.transaction() as connection:
            if not await _finish(connection, run, "completed"):
                return await self._outcome(connection, run)
            message_id, seq = await _store_answer(connection, run, text)
            if run.question.document is not None:
                await _file_processed(connection, run, run.question.document, pages or ())
            await _event(connection, run, "run_completed", run.run_id, {"message_id": message_id, "seq": seq})
        return Outcome("completed", "", message_id, seq, text)

    async def stop(self, run: Run, said: str) -> Outcome:
        """Store what was said of the answer and mark the run stopped; whoever comes second gets the first one's outcome."""
        async with self._database.transaction() as connection:
            if not await _finish(connection, run, "stopped"):
                return await self._outcome(connection, run)
            message_id, seq = await _store_answer(connection, run, said)
            await _event(connection, run, "run_stopped", run.run_id, {"message_id": message_id, "seq": seq})
        return Outcome("stopped", "", message_id, seq, said)

    async def fail(self, run: Run, code: str) -> Outcome:
        """Mark the run, and the file that it was about, as failed."""
        async with self._database.transaction() as connection:
            if not await _finish(connection, run, "failed", code):
                return await self._outcome(connection, run)
            if run.question.document is not None:
                await connection.execute("UPDATE files SET state = 'failed' WHERE id = $1", run.question.document.file_id)
            await _event(connection, run, "run_failed", run.run_id, {"code": code, "attempts": run.attempts})
        return Outcome("failed", code)

    async def outcome(self, run: Run) -> Outcome:
        """How a run that is over ended."""
        async with self._database.connection() as connection:
            return await self._outcome(connection, run)

    async def _outcome(self, connection: Any, run: Run) -> Outcome:
        row = await connection.fetchrow(
            "SELECT r.state, r.error, m.id, m.seq, m.text "
            "FROM runs r LEFT JOIN messages m ON m.run_id = r.id AND m.thread_id = r.thread_id WHERE r.id = $1",
            run.run_id,
        )
        if row["id"] is None:
            return Outcome(row["state"], row["error"] or "failed")
        return Outcome(row["state"], "", str(row["id"]), row["seq"], row["text"])

    async def to_stop(self, runs: list[str]) -> list[str]:
        """Those of the given runs that their users asked to stop."""
        rows = await self._database.fetch(
            "SELECT id FROM runs WHERE id = ANY($1::uuid[]) AND stop_requested_at IS NOT NULL", runs
        )
        return [str(row["id"]) for row in rows]

    async def waiting(self, user_id: str) -> list[str]:
        """A user's next runs that may have waited for a place in the queue, oldest first."""
        rows = await self._database.fetch(
            "SELECT id FROM runs WHERE user_id = $1 AND state = 'queued' ORDER BY created_at, id LIMIT $2", user_id, RUNS_PER_USER
        )
        return [str(row["id"]) for row in rows]


async def _finish(connection: Any, run: Run, state: str, error: str | None = None) -> bool:
    # A stop that was acknowledged holds: such a run ends in no other way.
    done = await connection.fetchval(
        "UPDATE runs SET state = $2, error = $3, finished_at = now() "
        "WHERE id = $1 AND state IN ('queued', 'running') AND ($2 = 'stopped' OR stop_requested_at IS NULL) RETURNING id",
        run.run_id,
        state,
        error,
    )
    return done is not None


async def _store_answer(connection: Any, run: Run, text: str) -> tuple[str, int]:
    seq = await connection.fetchval(
        "UPDATE threads SET last_seq = last_seq + 1, updated_at = now() WHERE id = $1 RETURNING last_seq", run.thread_id
    )
    message_id = str(uuid.uuid5(uuid.UUID(run.run_id), "answer"))
    await connection.execute(
        "INSERT INTO messages (id, thread_id, user_id, seq, role, text, run_id) VALUES ($1, $2, $3, $4, 'agent', $5, $6)",
        message_id,
        run.thread_id,
        run.user_id,
        seq,
        text,
        run.run_id,
    )
    return message_id, int(seq)


async def _file_processed(connection: Any, run: Run, document: Document, pages: tuple[str, ...]) -> None:
    await connection.execute("UPDATE files SET state = 'processed', pages = $2 WHERE id = $1", document.file_id, len(pages))
    await connection.executemany(
        "INSERT INTO file_pages (file_id, page, text) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        [(document.file_id, number, text) for number, text in enumerate(pages, 1)],
    )
    facts = {"sha256": document.sha256, "size": document.size, "name": document.name, "pages": len(pages)}
    await _event(connection, run, "file_processed", document.file_id, facts)


async def _event(connection: Any, run: Run, kind: str, subject_id: str, data: dict[str, Any]) -> None:
    await add_event(connection, kind, user_id=run.user_id, thread_id=run.thread_id, subject_id=subject_id, data=data)
