"""What the analyst may look up: the asking user's own messages and files, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chat_agent.analyst.steps import AnalysisFailed, Document, Question
from chat_common.errors import StoreUnavailable
from chat_common.logs import Log
from chat_common.postgres import Database
from chat_common.sandbox import JobFailed, Sandbox
from chat_common.storage import file_path, sha256_of
from chat_common.tasks import insist

log = Log("library")

HITS_LIMIT = 10
_COMMAND = r"^\s*(please\s+)?(search|find|look\s+for)\s"


@dataclass(frozen=True)
class MessageHit:
    """A message in which all words were found."""

    thread_title: str
    seq: int
    text: str


@dataclass(frozen=True)
class FileHit:
    """A page in which all words were found; page 0 stands for the file's name."""

    file_name: str
    page: int
    text: str


class Library:
    """Searches and reads for one question at a time.

    Args:
        database: The backend's database.
        sandbox: Where files are opened.
        files_dir: The shared file store.
        max_pages: Most pages of a PDF.
    """

    def __init__(self, database: Database, sandbox: Sandbox, files_dir: Path, max_pages: int) -> None:
        self._database = database
        self._sandbox = sandbox
        self._files_dir = files_dir
        self._max_pages = max_pages

    async def messages(self, question: Question, terms: list[str]) -> tuple[int, list[MessageHit]]:
        """The user's own earlier messages with all the terms, newest first; searches themselves are left out.

        Returns:
            How many there are, and the first of them.
        """
        rows = await self._fetch(
            """
            SELECT t.title, m.seq, m.text, count(*) OVER () AS total
            FROM messages m JOIN threads t ON t.id = m.thread_id
            WHERE m.user_id = $1 AND m.role = 'user' AND m.created_at < $2 AND m.id <> $3
              AND m.text ILIKE ALL($4::text[]) AND m.text !~* $5
            ORDER BY m.created_at DESC, m.id LIMIT $6
            """,
            question.user_id,
            question.asked_at,
            question.message_id,
            [_pattern(term) for term in terms],
            _COMMAND,
            HITS_LIMIT,
        )
        return _total(rows), [MessageHit(row["title"], row["seq"], row["text"]) for row in rows]

    async def files(self, question: Question, terms: list[str]) -> tuple[int, list[FileHit]]:
        """Pages of the user's own files with all the terms, and files whose name has them.

        Returns:
            How many there are, and the first of them, by newest file and page.
        """
        rows = await self._fetch(
            """
            SELECT name, page, text, count(*) OVER () AS total FROM (
                SELECT f.name, 0 AS page, '' AS text, f.created_at, f.id FROM files f
                WHERE f.user_id = $1 AND f.created_at < $2 AND f.name ILIKE ALL($3::text[])
                UNION ALL
                SELECT f.name, p.page, p.text, f.created_at, f.id FROM files f JOIN file_pages p ON p.file_id = f.id
                WHERE f.user_id = $1 AND f.created_at < $2 AND p.text ILIKE ALL($3::text[])
            ) AS hits ORDER BY created_at DESC, id, page LIMIT $4
            """,
            question.user_id,
            question.asked_at,
            [_pattern(term) for term in terms],
            HITS_LIMIT,
        )
        return _total(rows), [FileHit(row["name"], row["page"], row["text"]) for row in rows]

    async def pages(self, document: Document) -> list[str]:
        """Text of each page of a PDF, read in the sandbox.

        Raises:
            AnalysisFailed: The file is gone, is not what was uploaded, or can't be read within the limits.
        """
        path = file_path(self._files_dir, document.file_id)
        try:
            found = await sha256_of(path)
        except OSError as error:
            raise AnalysisFailed("file_missing") from error
        if found != document.sha256:
            raise AnalysisFailed("file_damaged")
        try:
            pages: list[str] = await self._sandbox.call("page_texts", str(path), self._max_pages)
        except JobFailed as error:
            log.warning("file_unreadable", file_id=document.file_id, reason=error.code)
            raise AnalysisFailed("file_unreadable") from error
        return pages

    async def _fetch(self, query: str, *values: Any) -> list[Any]:
        # The answer must not depend on when a store was away.
        return await insist("search", lambda: self._database.fetch(query, *values), StoreUnavailable)


def _pattern(term: str) -> str:
    escaped = term.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def _total(rows: list[dict[str, int]]) -> int:
    return int(rows[0]["total"]) if rows else 0
