"""Uploads: from the first byte to a stored message with a run, or to a refusal that leaves nothing behind."""

from __future__ import annotations

import math
import uuid
from typing import Any

from starlette.requests import ClientDisconnect, Request

from chat_backend.commands import TEXT_LIMIT, BadFrame, Commands, clean_text
from chat_backend.filestore import FileStore, PartFile, too_large
from chat_backend.limits import Limits, LimitsUnavailable
from chat_backend.messages import FILE_LOCK, Messages, NewFile, NewMessage, NotFound, Stored
from chat_backend.multipart import FALLBACK_NAME, FIELDS_LIMIT, Form
from chat_backend.profiles import Profiles
from chat_common.errors import ApiError, StoreUnavailable
from chat_common.frames import is_uuid, stamp
from chat_common.logs import Log
from chat_common.pdf_mark import is_pdf
from chat_common.postgres import Database
from chat_common.sandbox import JobFailed, Sandbox

log = Log("uploads")

CONTENT_TYPE = "application/pdf"
REFUSALS = {"not_a_pdf": 415, "broken_pdf": 422, "encrypted_pdf": 422, "too_many_pages": 422}


class Uploads:
    """Takes files.

    Args:
        store: Where they go.
        sandbox: Where they are looked at.
        database: For the listing.
        messages: Where the message that carries a file is stored.
        limits: What admits that message.
        profiles: What plan the user is on.
        commands: What tells everybody about the message.
        max_pages: Most pages of a PDF.
    """

    def __init__(
        self,
        store: FileStore,
        sandbox: Sandbox,
        database: Database,
        *,
        messages: Messages,
        limits: Limits,
        profiles: Profiles,
        commands: Commands,
        max_pages: int,
    ) -> None:
        self._store = store
        self._sandbox = sandbox
        self._messages = messages
        self._limits = limits
        self._profiles = profiles
        self._commands = commands
        self._database = database
        self._max_pages = max_pages

    async def take(self, request: Request, user_id: str) -> dict[str, Any]:
        """Take the upload of a request.

        Returns:
            The body of the 201 answer.

        Raises:
            ApiError: The file is refused.
            StoreUnavailable: A store that it needs is away.
        """
        self._check_length(request.headers.get("content-length"))
        await self._refuse_early(user_id)
        try:
            return await self._receive(request, user_id)
        except ClientDisconnect as error:
            raise ApiError(400, "bad_upload", "The upload was broken off.") from error

    def _check_length(self, value: str | None) -> None:
        # The form around the file is small; a body that exceeds both together is refused before a byte is read.
        if value is not None and value.isdecimal() and int(value) > self._store.max_bytes + 2 * FIELDS_LIMIT:
            raise too_large(self._store.max_bytes)

    async def _refuse_early(self, user_id: str) -> None:
        try:
            wait = await self._limits.exhausted(await self._profiles.plan(user_id), user_id)
        except LimitsUnavailable as error:
            raise _limits_unavailable(error) from error
        # What comes may have come before, without its user being told: which message it is stands in the form.
        if wait and not await self._stored_lately(user_id):
            raise self._limited(wait)

    async def _stored_lately(self, user_id: str) -> bool:
        found = await self._database.fetchval(
            "SELECT EXISTS (SELECT FROM files WHERE user_id = $1 AND created_at > now() - make_interval(secs => $2))",
            user_id,
            self._limits.window,
        )
        return bool(found)

    async def _receive(self, request: Request, user_id: str) -> dict[str, Any]:
        part = self._store.new(str(uuid.uuid4()))
        try:
            form = Form(part)
            await form.read(request.headers.get("content-type", ""), request.stream())
            return await self._accept(part, form, user_id)
        except BaseException as error:
            if part.placed and not _stored_nothing(error):
                # The row may have been committed, or be about to be: the sweep finds out and cleans up.
                part.abandon()
            else:
                part.discard()
            raise

    async def _accept(self, part: PartFile, form: Form, user_id: str) -> dict[str, Any]:
        name = form.file_name or FALLBACK_NAME
        message = _message(form, user_id, name)
        if form.file_name is None:
            raise ApiError(400, "bad_upload", "The form has no part named file.")
        if part.size == 0:
            raise ApiError(400, "empty_file", "The file is empty.")
        if not is_pdf(part.head):
            raise ApiError(415, "not_a_pdf", "Only PDF files are taken; this one does not begin like a PDF.")
        try:
            standing = await self._messages.standing(message)
            pages = await self._pages(part)
            if standing.stored is not None:
                return await self._again(part, standing.stored, user_id)
            await self._admit(standing.plan, message)
            file = NewFile(part.file_id, name, part.size, part.sha256, CONTENT_TYPE, pages)
            await part.place()
            stored = await self._messages.store(message, file)
        except NotFound as error:
            raise ApiError(404, "not_found", "There is no such thread.") from error
        if stored.duplicate and stored.file_id != part.file_id:
            return await self._again(part, stored, user_id)
        part.keep()
        part.discard()
        log.info("file_stored", file_id=file.file_id, user_id=user_id, size=file.size, pages=pages)
        await self._commands.after_store(user_id, stored)
        body = {"id": file.file_id, "name": name, "size": file.size, "sha256": file.sha256, "content_type": CONTENT_TYPE}
        place = {"thread_id": stored.thread_id, "message_id": stored.message_id, "seq": stored.seq}
        return {**body, "state": "stored", "pages": pages, **place, "created_at": stamp(stored.created_at)}

    async def _again(self, part: PartFile, stored: Stored, user_id: str) -> dict[str, Any]:
        part.discard()
        row = None if stored.file_id is None else await self.row(stored.file_id, user_id)
        if row is None:
            raise ApiError(409, "message_exists", "A message of this id exists and carries no file.")
        return {**describe(row), "message_id": stored.message_id, "seq": stored.seq, "duplicate": True}

    async def _pages(self, part: PartFile) -> int:
        try:
            return int(await self._sandbox.call("inspect", str(part.path), self._max_pages))
        except JobFailed as error:
            if error.code in REFUSALS:
                raise ApiError(REFUSALS[error.code], error.code, error.detail) from error
            # Whatever breaks the limits of a mere look at the pages is made to do so.
            log.warning("pdf_check_failed", file_id=part.file_id, reason=error.code)
            raise ApiError(422, "broken_pdf", error.detail) from error

    async def _admit(self, plan: str, message: NewMessage) -> None:
        try:
            verdict = await self._limits.admit(plan, message.user_id, message.message_id)
        except LimitsUnavailable as error:
            raise _limits_unavailable(error) from error
        if not verdict.admitted:
            raise self._limited(verdict.retry_after)

    def _limited(self, wait: float) -> ApiError:
        limit, window = self._limits.free_messages, self._limits.window
        return ApiError(
            429,
            "rate_limited",
            f"The free plan takes {limit} messages in {window:g} s.",
            headers={"Retry-After": str(math.ceil(wait))},
            extra={"limit": limit, "window": window, "retry_after": wait},
        )

    async def row(self, file_id: str, user_id: str) -> Any:
        """A user's own file, or None."""
        return await self._database.fetchrow("SELECT * FROM files WHERE id = $1 AND user_id = $2", file_id, user_id)

    async def rows(self, user_id: str) -> list[Any]:
        """A user's newest files, at most 500."""
        return await self._database.fetch(
            "SELECT * FROM files WHERE user_id = $1 ORDER BY created_at DESC, id LIMIT 500", user_id
        )

    async def exists(self, file_id: str) -> bool:
        """Whether a file of this id is anybody's, once no transaction that would make it so is under way any more."""
        if not is_uuid(file_id):
            return False
        async with self._database.transaction() as connection:
            await connection.execute(FILE_LOCK, file_id)
            return bool(await connection.fetchval("SELECT 1 FROM files WHERE id = $1", file_id))


def _message(form: Form, user_id: str, name: str) -> NewMessage:
    thread_id, message_id = form.fields.get("thread_id", ""), form.fields.get("message_id") or str(uuid.uuid4())
    if not is_uuid(thread_id) or not is_uuid(message_id):
        raise ApiError(400, "bad_request", "thread_id, and message_id where given, must be UUIDs.")
    question = form.fields.get("question", "")
    try:
        text = clean_text(question, "question", TEXT_LIMIT) if question.strip() else f"Uploaded {name}"
    except BadFrame as error:
        raise ApiError(400, "bad_request", error.text) from error
    return NewMessage(message_id.lower(), thread_id.lower(), user_id, text)


def _stored_nothing(error: BaseException) -> bool:
    # Refusals come before the row, or after its transaction was rolled back. A stop may come during the commit.
    return isinstance(error, ApiError) or (isinstance(error, StoreUnavailable) and not error.outcome_unknown)


def describe(row: Any) -> dict[str, Any]:
    """A file as REST shows it."""
    return {
        "id": str(row["id"]),
        "name": row["name"],
        "size": row["size"],
        "sha256": row["sha256"],
        "content_type": row["content_type"],
        "state": row["state"],
        "pages": row["pages"],
        "thread_id": str(row["thread_id"]),
        "created_at": stamp(row["created_at"]),
    }


def _limits_unavailable(error: LimitsUnavailable) -> ApiError:
    log.warning("limits_unavailable", reason=str(error))
    return ApiError(503, "limits_unavailable", "Files can't be taken at the moment; try again.", headers={"Retry-After": "1"})
