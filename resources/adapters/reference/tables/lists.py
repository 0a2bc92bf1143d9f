"""Variable file: the lists that the platform tells over REST, with the rows of the store that each tells, in its order.

`route` has `{thread}` where the list is of a thread. `by` says how pages follow one another: by the `next` of the page before, or
by a member of its last line. What stands in `rows` is what a line says, member by member; `whole` is the member that pages say of
the list as a whole, of each line as well.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

LISTS = {
    "conversations": {
        "route": "/api/threads",
        "list": "threads",
        "by": "next",
        "rows": "SELECT t.id, t.title, t.title_version, t.last_seq, coalesce(r.seq, 0) AS read_seq, t.updated_at FROM threads t "
        "LEFT JOIN read_markers r ON r.thread_id = t.id WHERE t.user_id = $1 ORDER BY t.updated_at DESC, t.id DESC",
    },
    "messages": {
        "route": "/api/threads/{thread}/messages",
        "list": "messages",
        "by": "seq",
        "whole": "last_seq",
        "rows": "SELECT id AS message_id, thread_id, seq, role, text, created_at, max(seq) OVER () AS last_seq FROM messages "
        "WHERE user_id = $1 ORDER BY seq",
    },
    "files": {
        "route": "/api/files",
        "list": "files",
        "by": "",
        "rows": "SELECT id, name, size, sha256, content_type, state, pages, thread_id, created_at FROM files WHERE user_id = $1 "
        "ORDER BY created_at DESC, id",
    },
    "workspaces": {
        "route": "/api/workspaces",
        "list": "workspaces",
        "by": "",
        "rows": "SELECT id, name, created_at FROM workspaces WHERE user_id = $1 AND deleted_at IS NULL ORDER BY created_at, id",
    },
}
# Four of each, two of them of one moment, in an order that neither names nor ids have; of workspaces one that was taken back.
FOUR_OF_EACH = (
    "INSERT INTO threads (id, user_id, title, updated_at) SELECT gen_random_uuid(), $1::uuid, 'Conversation ' || 9 - n, "
    "now() - interval '1 h' - n / 2 * interval '1 ms' FROM generate_series(1, 4) AS n WHERE $2::uuid IS NOT NULL",
    "INSERT INTO messages (id, user_id, thread_id, seq, role, text, created_at) SELECT gen_random_uuid(), $1::uuid, $2::uuid, n, "
    "'user', 'Said ' || 9 - n, now() - n / 2 * interval '1 ms' FROM generate_series(1, 4) AS n",
    "UPDATE threads SET last_seq = 4 WHERE user_id = $1::uuid AND id = $2::uuid",
    "INSERT INTO files (id, user_id, thread_id, name, size, sha256, content_type, pages, state, created_at) "
    "SELECT gen_random_uuid(), $1::uuid, $2::uuid, 9 - n || '.pdf', n, repeat('0', 64), 'application/pdf', n, 'processed', "
    "now() - n / 2 * interval '1 ms' FROM generate_series(1, 4) AS n",
    "INSERT INTO workspaces (id, user_id, name, operation_id, created_at, deleted_at) SELECT gen_random_uuid(), $1::uuid, "
    "'Workspace ' || n, gen_random_uuid(), now() - n / 2 * interval '1 ms', CASE n WHEN 5 THEN now() END "
    "FROM generate_series(1, 5) AS n WHERE $2::uuid IS NOT NULL",
)

LONG_CONVERSATION_AND_NEWS = (
    "INSERT INTO messages (id, user_id, thread_id, seq, role, text) SELECT gen_random_uuid(), $1::uuid, $2::uuid, n, 'user', "
    "'Line ' || n FROM generate_series(1, 205) AS n",
    "UPDATE threads SET last_seq = 205, updated_at = now() - interval '1 h' WHERE id = $2::uuid AND user_id = $1::uuid",
    "INSERT INTO read_markers (thread_id, user_id, seq) SELECT $2::uuid, $1::uuid, 205",
    "INSERT INTO threads (id, user_id, title, last_seq, updated_at) "
    "SELECT gen_random_uuid(), $1::uuid, 'With ' || n || ' new', n, now() - (4 - n) * interval '1 min' "
    "FROM generate_series(1, 3) AS n WHERE $2::uuid IS NOT NULL",
    "INSERT INTO messages (id, user_id, thread_id, seq, role, text) "
    "SELECT gen_random_uuid(), user_id, id, n, 'user', 'News ' || n "
    "FROM threads, generate_series(1, last_seq) AS n WHERE user_id = $1::uuid AND id <> $2::uuid",
)
NEWS = """
    SELECT t.title || ': ' || t.last_seq - coalesce(r.seq, 0) AS line, t.last_seq - coalesce(r.seq, 0) AS unread FROM threads t
    LEFT JOIN read_markers r ON r.thread_id = t.id WHERE t.user_id = $1 ORDER BY t.updated_at DESC
"""


def as_told(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rows of a store as a list over REST says them: ids as texts, moments in UTC to the millisecond."""
    return [{name: _told(value) for name, value in row.items()} for row in rows]


def _told(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return str(value) if isinstance(value, UUID) else value


def lines_of(page: Mapping[str, Any], of: Mapping[str, str]) -> list[dict[str, Any]]:
    """The lines of a page of a list, with what the page says of the whole."""
    whole = {of["whole"]: page[of["whole"]]} if "whole" in of else {}
    return [{**line, **whole} for line in page[of["list"]]]


def as_text(pages: Sequence[Sequence[Any]]) -> str:
    """The lines of a list, page after page; a page that was promised and has none is a line of its own."""
    lines = [line for page in pages for line in (page or ["(a page without a line)"])]
    return "\n".join(line if isinstance(line, str) else json.dumps(line, sort_keys=True, ensure_ascii=False) for line in lines)


def after_page(answer: Mapping[str, Any], lines: Sequence[Mapping[str, Any]], by: str) -> Any:
    """Where the next page of a list begins, by the answer that is this one; None at its end, or where there is no saying."""
    if by == "next":
        return answer.get("next")
    return lines[-1][by] if answer.get("has_more") and lines else None
