"""Threads and messages in PostgreSQL: the truth that every tab is served from."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from chat_common.errors import StoreUnavailable
from chat_common.outbox import add_event
from chat_common.postgres import Database

PAGE = 200
TITLE_FROM_TEXT = 60
# Whoever finds no row of a file must be able to tell that none is about to be committed.
FILE_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"
_MESSAGE = """
    SELECT m.id, m.thread_id, m.seq, m.role, m.text, m.run_id, m.file_id, m.created_at, f.name AS file_name, f.size AS file_size,
           r.message_id AS answers, r.state = 'stopped' AS stopped
    FROM messages m LEFT JOIN files f ON f.id = m.file_id LEFT JOIN runs r ON r.id = m.run_id
"""


class NotFound(Exception):
    """The thread, file or message does not exist, or belongs to somebody else; the two are never told apart."""


@dataclass(frozen=True)
class NewMessage:
    """What a user wants to say."""

    message_id: str
    thread_id: str
    user_id: str
    text: str


@dataclass(frozen=True)
class NewFile:
    """An upload that is in its place and belongs to a message."""

    file_id: str
    name: str
    size: int
    sha256: str
    content_type: str
    pages: int


@dataclass(frozen=True)
class Stored:
    """A message that is committed, now or earlier (`duplicate`)."""

    message_id: str
    thread_id: str
    seq: int
    created_at: datetime
    duplicate: bool
    run_id: str | None = None
    file_id: str | None = None


@dataclass(frozen=True)
class Stopping:
    """A run that its user asked to stop; `state` is `stopping`, or how it ended where it was over."""

    run_id: str
    state: str


@dataclass(frozen=True)
class Standing:
    """What decides whether a message is taken."""

    plan: str
    stored: Stored | None


class Messages:
    """Operations on threads and messages.

    Args:
        database: The backend's database.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def standing(self, message: NewMessage) -> Standing:
        """Look up the user's plan and whether the message is stored already.

        Raises:
            NotFound: The thread, or a message of this id, is somebody else's.
        """
        row = await self._database.fetchrow(
            """
            SELECT coalesce((SELECT plan FROM plans WHERE user_id = $1), 'free') AS plan,
                   (SELECT user_id FROM threads WHERE id = $2) AS thread_owner,
                   m.id, m.thread_id, m.user_id, m.seq, m.created_at, m.file_id
            FROM (SELECT) AS one LEFT JOIN messages m ON m.id = $3
            """,
            message.user_id,
            message.thread_id,
            message.message_id,
        )
        if row["thread_owner"] is not None and str(row["thread_owner"]) != message.user_id:
            raise NotFound
        return Standing(row["plan"], None if row["id"] is None else _earlier(row, message.user_id))

    async def store(self, message: NewMessage, file: NewFile | None = None) -> Stored:
        """Store a message, its run and its event in one transaction; returns after the commit.

        The thread's row lock makes its sequence one line without gaps, whichever replicas write. A message of the same id is
        stored once; repeating the call returns what the first one stored. It is therefore tried again when the connection breaks.

        Raises:
            NotFound: The thread, or a message of this id, is somebody else's.
            StoreUnavailable: PostgreSQL can't be reached.
        """
        try:
            return await self._store(message, file)
        except StoreUnavailable as error:
            if error.reason == "TimeoutError":
                raise
            try:
                return await self._store(message, file)
            except StoreUnavailable as again:
                # What the first try may have stored is not undone by a second one that came to nothing.
                again.outcome_unknown |= error.outcome_unknown
                raise

    async def _store(self, message: NewMessage, file: NewFile | None) -> Stored:
        run_id = str(uuid.uuid4())
        file_id = file.file_id if file is not None else None
        async with self._database.connection() as connection:
            try:
                async with connection.transaction():
                    seq = await self._next_seq(connection, message)
                    if file is not None:
                        await _insert_file(connection, message, file)
                    created_at = await connection.fetchval(
                        "INSERT INTO messages (id, thread_id, user_id, seq, role, text, file_id) "
                        "VALUES ($1, $2, $3, $4, 'user', $5, $6) RETURNING created_at",
                        message.message_id,
                        message.thread_id,
                        message.user_id,
                        seq,
                        message.text,
                        file_id,
                    )
                    await connection.execute(
                        "INSERT INTO runs (id, thread_id, user_id, message_id, file_id, state) "
                        "VALUES ($1, $2, $3, $4, $5, 'queued')",
                        run_id,
                        message.thread_id,
                        message.user_id,
                        message.message_id,
                        file_id,
                    )
                    await add_event(
                        connection,
                        "message_stored",
                        user_id=message.user_id,
                        thread_id=message.thread_id,
                        subject_id=message.message_id,
                        data={"seq": seq, "run_id": run_id},
                    )
            except asyncpg.UniqueViolationError as error:
                row = await connection.fetchrow("SELECT * FROM messages WHERE id = $1", message.message_id)
                if error.constraint_name not in ("messages_pkey", "files_pkey") or row is None:
                    raise
                return _earlier(row, message.user_id)
        return Stored(message.message_id, message.thread_id, seq, created_at, False, run_id, file_id)

    async def _next_seq(self, connection: Any, message: NewMessage) -> int:
        take = "UPDATE threads SET last_seq = last_seq + 1, updated_at = now() WHERE id = $1 AND user_id = $2 RETURNING last_seq"
        seq = await connection.fetchval(take, message.thread_id, message.user_id)
        if seq is None:
            await connection.execute(
                "INSERT INTO threads (id, user_id, title) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING",
                message.thread_id,
                message.user_id,
                title_from(message.text),
            )
            seq = await connection.fetchval(take, message.thread_id, message.user_id)
        if seq is None:
            raise NotFound
        return int(seq)

    async def after(self, thread_id: str, user_id: str, seq: int, limit: int = PAGE) -> list[Mapping[str, Any]]:
        """Messages of a user's thread with a larger `seq`, in order."""
        return await self._database.fetch(
            _MESSAGE + "WHERE m.thread_id = $1 AND m.user_id = $2 AND m.seq > $3 ORDER BY m.seq LIMIT $4",
            thread_id,
            user_id,
            seq,
            limit,
        )

    async def owned_last_seq(self, thread_id: str, user_id: str) -> int:
        """The last `seq` of a user's own thread.

        Raises:
            NotFound: There is no such thread, or it is somebody else's.
        """
        seq = await self._database.fetchval("SELECT last_seq FROM threads WHERE id = $1 AND user_id = $2", thread_id, user_id)
        if seq is None:
            raise NotFound
        return int(seq)

    async def heads(self, user_id: str) -> dict[str, int]:
        """The last `seq` of each of a user's threads."""
        rows = await self._database.fetch("SELECT id, last_seq FROM threads WHERE user_id = $1", user_id)
        return {str(row["id"]): row["last_seq"] for row in rows}

    async def recent_heads(self, users: list[str], seconds: float) -> list[tuple[str, str, int]]:
        """User, thread and last `seq` of threads that were written to within the last seconds."""
        rows = await self._database.fetch(
            "SELECT user_id, id, last_seq FROM threads WHERE user_id = ANY($1::uuid[]) "
            "AND updated_at > now() - make_interval(secs => $2)",
            users,
            seconds,
        )
        return [(str(row["user_id"]), str(row["id"]), row["last_seq"]) for row in rows]

    async def unfinished_runs(self, thread_id: str, user_id: str) -> list[str]:
        """Runs of a user's thread that are queued or running, oldest first."""
        rows = await self._database.fetch(
            "SELECT id FROM runs WHERE user_id = $2 AND thread_id = $1 AND state IN ('queued', 'running') ORDER BY created_at",
            thread_id,
            user_id,
        )
        return [str(row["id"]) for row in rows]

    async def stop(self, message_id: str, thread_id: str, user_id: str) -> Stopping:
        """Ask the run that answers a user's message to stop, unless it is over. Asking again changes nothing.

        Raises:
            NotFound: There is no such message, or it is somebody else's.
        """
        run_id = await self._database.fetchval(
            "UPDATE runs SET stop_requested_at = coalesce(stop_requested_at, now()) "
            "WHERE message_id = $1 AND thread_id = $2 AND user_id = $3 AND state IN ('queued', 'running') RETURNING id",
            message_id,
            thread_id,
            user_id,
        )
        if run_id is not None:
            return Stopping(str(run_id), "stopping")
        # Looked at afterwards: whoever ends it meanwhile was waited for.
        row = await self._database.fetchrow(
            "SELECT id, state FROM runs WHERE message_id = $1 AND thread_id = $2 AND user_id = $3", message_id, thread_id, user_id
        )
        if row is None:
            raise NotFound
        return Stopping(str(row["id"]), row["state"])

    async def recent_runs(self, users: list[str], seconds: float) -> list[tuple[str, str, str]]:
        """User, thread and id of the runs that were asked for, or ended, within the last seconds, oldest first.

        One that waited for its turn may have begun and ended since.
        """
        rows = await self._database.fetch(
            "SELECT user_id, thread_id, id FROM runs, (SELECT now() - make_interval(secs => $2) AS since) AS moment "
            "WHERE user_id = ANY($1::uuid[]) AND (created_at > since OR finished_at > since) ORDER BY created_at",
            users,
            seconds,
        )
        return [(str(row["user_id"]), str(row["thread_id"]), str(row["id"])) for row in rows]

    async def runs_of_thread(self, thread_id: str, runs: list[str]) -> list[str]:
        """Those of the given runs that belong to the thread."""
        rows = await self._database.fetch("SELECT id FROM runs WHERE id = ANY($1::uuid[]) AND thread_id = $2", runs, thread_id)
        return [str(row["id"]) for row in rows]


async def _insert_file(connection: Any, message: NewMessage, file: NewFile) -> None:
    await connection.execute(FILE_LOCK, file.file_id)
    await connection.execute(
        "INSERT INTO files (id, user_id, thread_id, name, size, sha256, content_type, pages, state) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'stored')",
        file.file_id,
        message.user_id,
        message.thread_id,
        file.name,
        file.size,
        file.sha256,
        file.content_type,
        file.pages,
    )
    await add_event(
        connection,
        "file_stored",
        user_id=message.user_id,
        thread_id=message.thread_id,
        subject_id=file.file_id,
        data={"sha256": file.sha256, "size": file.size, "name": file.name},
    )


def _earlier(row: Mapping[str, Any], user_id: str) -> Stored:
    if str(row["user_id"]) != user_id:
        raise NotFound
    file_id = None if row["file_id"] is None else str(row["file_id"])
    return Stored(str(row["id"]), str(row["thread_id"]), row["seq"], row["created_at"], True, None, file_id)


def title_from(text: str) -> str:
    """Title of a thread that a message opens: its beginning, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= TITLE_FROM_TEXT else line[: TITLE_FROM_TEXT - 1].rstrip() + "…"
