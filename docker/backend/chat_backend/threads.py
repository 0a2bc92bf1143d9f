"""Lists, titles and read markers of threads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chat_backend.messages import NotFound
from chat_common.frames import stamp
from chat_common.postgres import Database

NEW_TITLE = "New chat"
TITLE_LIMIT = 200
THREADS_LIMIT = 500


class Threads:
    """Operations on a user's own threads.

    Args:
        database: The backend's database.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_user(self, user_id: str) -> list[dict[str, Any]]:
        """A user's threads, newest first, at most 500."""
        rows = await self._database.fetch(
            _THREAD + "WHERE t.user_id = $1 ORDER BY t.updated_at DESC, t.id LIMIT $2", user_id, THREADS_LIMIT
        )
        return [_body(row) for row in rows]

    async def create(self, thread_id: str, user_id: str, title: str) -> dict[str, Any]:
        """Make a thread; one of the same id that is the user's own is returned as it is.

        Raises:
            NotFound: The id belongs to somebody else's thread.
        """
        await self._database.execute(
            "INSERT INTO threads (id, user_id, title) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING", thread_id, user_id, title
        )
        row = await self._database.fetchrow(_THREAD + "WHERE t.id = $2 AND t.user_id = $1", user_id, thread_id)
        if row is None:
            raise NotFound
        return _body(row)

    async def rename(self, thread_id: str, user_id: str, title: str) -> None:
        """Give a thread another title.

        Raises:
            NotFound: There is no such thread, or it is somebody else's.
        """
        done = await self._database.fetchval(
            "UPDATE threads SET title = $3, renamed_at = now() WHERE id = $1 AND user_id = $2 RETURNING id",
            thread_id,
            user_id,
            title,
        )
        if done is None:
            raise NotFound

    async def mark_read(self, thread_id: str, user_id: str, seq: int) -> int:
        """Move a read marker forward, never beyond the thread's end.

        Returns:
            Where the marker stands now.

        Raises:
            NotFound: There is no such thread, or it is somebody else's.
        """
        now = await self._database.fetchval(
            """
            INSERT INTO read_markers (thread_id, user_id, seq)
            SELECT id, user_id, least($3, last_seq) FROM threads WHERE id = $1 AND user_id = $2
            ON CONFLICT (thread_id, user_id)
            DO UPDATE SET seq = greatest(read_markers.seq, excluded.seq), updated_at = now()
            RETURNING seq
            """,
            thread_id,
            user_id,
            seq,
        )
        if now is None:
            raise NotFound
        return int(now)

    async def changed_since(self, users: list[str], seconds: float) -> list[Mapping[str, Any]]:
        """Titles and read markers that changed within the last seconds (columns `user_id id title renamed read_seq read`)."""
        return await self._database.fetch(
            """
            SELECT t.user_id, t.id, t.title, t.renamed_at > since AND t.renamed_at > t.created_at AS renamed,
                   r.seq AS read_seq, coalesce(r.updated_at > since, false) AS read
            FROM (SELECT now() - make_interval(secs => $2) AS since) AS moment, threads t
            LEFT JOIN read_markers r ON r.thread_id = t.id AND r.user_id = t.user_id
            WHERE t.user_id = ANY($1::uuid[]) AND (t.renamed_at > since OR r.updated_at > since)
            """,
            users,
            seconds,
        )


_THREAD = """
    SELECT t.id, t.title, t.last_seq, t.updated_at, coalesce(r.seq, 0) AS read_seq
    FROM threads t LEFT JOIN read_markers r ON r.thread_id = t.id AND r.user_id = $1
"""


def _body(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": str(row["id"]),
        "title": row["title"],
        "last_seq": row["last_seq"],
        "read_seq": row["read_seq"],
        "updated_at": stamp(row["updated_at"]),
    }
