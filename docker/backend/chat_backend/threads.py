"""Lists, titles and read markers of threads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from chat_backend.messages import NotFound
from chat_common.frames import is_uuid, stamp
from chat_common.postgres import Database

NEW_TITLE = "New chat"
TITLE_LIMIT = 200
THREADS_LIMIT = 500


@dataclass(frozen=True)
class Cursor:
    """The last thread of a page, by what pages are ordered by."""

    updated_at: datetime
    thread_id: str

    def __str__(self) -> str:
        # In whole microseconds, as PostgreSQL keeps it.
        return f"{(self.updated_at - _EPOCH) // timedelta(microseconds=1)}.{self.thread_id}"

    @classmethod
    def read(cls, text: str) -> Cursor:
        """Read what a client gives back; raises ValueError when it is none."""
        moment, _, thread_id = text.partition(".")
        if not (moment.isascii() and moment.isdecimal() and len(moment) < 18 and is_uuid(thread_id)):
            raise ValueError("no cursor")
        return cls(_EPOCH + timedelta(microseconds=int(moment)), thread_id)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Threads:
    """Operations on a user's own threads.

    Args:
        database: The backend's database.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_user(self, user_id: str, after: Cursor | None, limit: int) -> tuple[list[dict[str, Any]], Cursor | None]:
        """A page of a user's threads, newest first.

        Args:
            user_id: Whose threads.
            after: Where the page before ended.
            limit: Most threads of a page.

        Returns:
            The threads, and where the next page begins, if there is one.
        """
        place = after or Cursor(datetime.max.replace(tzinfo=UTC), "f" * 32)
        rows = await self._database.fetch(
            _THREAD
            + "WHERE t.user_id = $1 AND (t.updated_at, t.id) < ($2, $3::uuid) ORDER BY t.updated_at DESC, t.id DESC LIMIT $4",
            user_id,
            place.updated_at,
            place.thread_id,
            limit + 1,
        )
        more = Cursor(rows[limit - 1]["updated_at"], str(rows[limit - 1]["id"])) if len(rows) > limit else None
        return [_body(row) for row in rows[:limit]], more

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

    async def rename(self, thread_id: str, user_id: str, title: str) -> int:
        """Give a thread another title.

        Returns:
            The title's version, which grows with each: by it a later one is known that is told earlier.

        Raises:
            NotFound: There is no such thread, or it is somebody else's.
        """
        version = await self._database.fetchval(
            "UPDATE threads SET title = $3, renamed_at = now(), title_version = title_version + 1 "
            "WHERE id = $1 AND user_id = $2 RETURNING title_version",
            thread_id,
            user_id,
            title,
        )
        if version is None:
            raise NotFound
        return int(version)

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
        """Titles and read markers that changed lately, in seconds (`user_id id title title_version renamed read_seq read`)."""
        return await self._database.fetch(
            """
            SELECT t.user_id, t.id, t.title, t.title_version, t.renamed_at > since AND t.renamed_at > t.created_at AS renamed,
                   r.seq AS read_seq, coalesce(r.updated_at > since, false) AS read
            FROM (SELECT now() - make_interval(secs => $2) AS since) AS moment, threads t
            LEFT JOIN read_markers r ON r.thread_id = t.id AND r.user_id = t.user_id
            WHERE t.user_id = ANY($1::uuid[]) AND (t.renamed_at > since OR r.updated_at > since)
            """,
            users,
            seconds,
        )


_THREAD = """
    SELECT t.id, t.title, t.title_version, t.last_seq, t.updated_at, coalesce(r.seq, 0) AS read_seq
    FROM threads t LEFT JOIN read_markers r ON r.thread_id = t.id AND r.user_id = $1
"""


def _body(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": str(row["id"]),
        "title": row["title"],
        "title_version": row["title_version"],
        "last_seq": row["last_seq"],
        "read_seq": row["read_seq"],
        "updated_at": stamp(row["updated_at"]),
    }
