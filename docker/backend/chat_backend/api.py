"""REST routes. Other users' things are 404, as if they did not exist."""

from __future__ import annotations

import asyncio
import base64
import json
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from chat_backend.access import Access
from chat_backend.commands import SEQ_LIMIT, BadFrame, clean_text
from chat_backend.filestore import FileStore
from chat_backend.limits import Limits
from chat_backend.messages import PAGE, Messages, NotFound
from chat_backend.profiles import PLANS, Profiles
from chat_backend.threads import NEW_TITLE, THREADS_LIMIT, TITLE_LIMIT, Cursor, Threads
from chat_backend.uploads import Uploads, describe
from chat_backend.workspaces import Workspaces
from chat_common.errors import ApiError, StoreUnavailable
from chat_common.frames import is_uuid, message_body

BODY_LIMIT = 64 * 1024
# A call is answered within this many seconds, whatever it waits for: nginx gives a replica up after three, and would tell a store
# that hangs as a replica that is away. The waits for tokens, Redis and PostgreSQL add up to more.
ANSWER_SECONDS = 2.0
PAGE_LIMIT = 1000

Handler = Callable[[Request, str], Awaitable[Response]]


@dataclass(frozen=True)
class Api:
    """The routes and what they work with."""

    access: Access
    messages: Messages
    threads: Threads
    profiles: Profiles
    limits: Limits
    workspaces: Workspaces
    uploads: Uploads
    files: FileStore

    def routes(self) -> list[Route]:
        """All routes of the backend but health and WebSocket."""
        table: list[tuple[str, str, Handler]] = [
            ("GET", "/api/threads", self._list_threads),
            ("POST", "/api/threads", self._create_thread),
            ("GET", "/api/threads/{id}/messages", self._list_messages),
            ("GET", "/api/files", self._list_files),
            ("GET", "/api/files/{id}", self._download),
            ("GET", "/api/workspaces", self._list_workspaces),
            ("GET", "/api/plan", self._plan),
            ("POST", "/api/plan", self._set_plan),
        ]
        public = [Route(path, _in_time(self._for_user(handler)), methods=[method]) for method, path, handler in table]
        # This one takes as long as its bytes do, as nginx knows.
        public.append(Route("/api/files", self._for_user(self._upload), methods=["POST"]))
        internal = [
            Route("/internal/workspaces/{id}", self._put_workspace, methods=["PUT"]),
            Route("/internal/workspaces/{id}", self._delete_workspace, methods=["DELETE"]),
        ]
        return public + internal

    def _for_user(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def handle(request: Request) -> Response:
            claims = await self.access.user(request)
            try:
                response = await handler(request, claims.user_id)
            except NotFound as error:
                raise ApiError(404, "not_found", "There is no such thing.") from error
            response.headers.setdefault("Cache-Control", "no-store")
            return response

        return handle

    async def _list_threads(self, request: Request, user_id: str) -> Response:
        limit = number(request, "limit", THREADS_LIMIT, THREADS_LIMIT, minimum=1)
        given = request.query_params.get("after")
        try:
            after = None if given is None else Cursor.read(given)
        except (ValueError, OverflowError) as error:
            raise ApiError(400, "bad_request", "after must be the next of an earlier page.") from error
        threads, more = await self.threads.of_user(user_id, after, limit)
        return JSONResponse({"threads": threads, "next": None if more is None else str(more)})

    async def _create_thread(self, request: Request, user_id: str) -> Response:
        body = await json_body(request)
        thread_id = body.get("id") or str(uuid.uuid4())
        title = body.get("title") or NEW_TITLE
        if not is_uuid(thread_id):
            raise ApiError(400, "bad_request", "id must be a UUID.")
        return JSONResponse(await self.threads.create(thread_id.lower(), user_id, text_of(title, "title")), status_code=201)

    async def _list_messages(self, request: Request, user_id: str) -> Response:
        thread_id = path_id(request)
        last_seq = await self.messages.owned_last_seq(thread_id, user_id)
        after, limit = number(request, "after", 0, SEQ_LIMIT), number(request, "limit", PAGE, PAGE_LIMIT, minimum=1)
        rows = await self.messages.after(thread_id, user_id, after, limit + 1)
        messages = [message_body(row) for row in rows[:limit]]
        return JSONResponse({"messages": messages, "has_more": len(rows) > limit, "last_seq": last_seq})

    async def _list_files(self, _request: Request, user_id: str) -> Response:
        return JSONResponse({"files": [describe(row) for row in await self.uploads.rows(user_id)]})

    async def _upload(self, request: Request, user_id: str) -> Response:
        return JSONResponse(await self.uploads.take(request, user_id), status_code=201)

    async def _download(self, request: Request, user_id: str) -> Response:
        row = await self.uploads.row(path_id(request), user_id)
        if row is None:
            raise NotFound
        path = self.files.path(str(row["id"]))
        if not path.is_file():
            raise ApiError(410, "file_gone", "The file's bytes are gone.")
        digest = base64.b64encode(bytes.fromhex(row["sha256"])).decode()
        name = row["name"]
        headers = {
            "Content-Disposition": f"attachment; filename=\"{ascii_name(name)}\"; filename*=UTF-8''{quote(name, safe='')}",
            "Digest": f"sha-256={digest}",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        }
        return FileResponse(path, media_type=row["content_type"], headers=headers)

    async def _list_workspaces(self, _request: Request, user_id: str) -> Response:
        return JSONResponse({"workspaces": await self.workspaces.of_user(user_id)})

    async def _plan(self, _request: Request, user_id: str) -> Response:
        return self._plan_answer(await self.profiles.plan(user_id))

    async def _set_plan(self, request: Request, user_id: str) -> Response:
        plan = (await json_body(request)).get("plan")
        if plan not in PLANS:
            raise ApiError(400, "bad_request", f"plan must be one of {', '.join(PLANS)}.")
        await self.profiles.set_plan(user_id, plan)
        return self._plan_answer(plan)

    def _plan_answer(self, plan: str) -> Response:
        limit = self.limits.free_messages if plan == "free" else None
        window = int(self.limits.window) if self.limits.window == int(self.limits.window) else self.limits.window
        return JSONResponse({"plan": plan, "limit": limit, "window": window})

    async def _put_workspace(self, request: Request) -> Response:
        self.access.internal(request)
        body = await json_body(request)
        user_id, operation_id = body.get("user_id"), body.get("operation_id")
        if not isinstance(user_id, str) or not isinstance(operation_id, str) or not is_uuid(user_id) or not is_uuid(operation_id):
            raise ApiError(400, "bad_request", "user_id and operation_id must be UUIDs.")
        name = text_of(body.get("name"), "name")
        return JSONResponse(await self.workspaces.put(path_id(request), user_id.lower(), name, operation_id.lower()))

    async def _delete_workspace(self, request: Request) -> Response:
        self.access.internal(request)
        await self.workspaces.delete(path_id(request))
        return Response(status_code=204)


def _in_time(handle: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    async def within(request: Request) -> Response:
        try:
            async with asyncio.timeout(ANSWER_SECONDS) as limit:
                return await handle(request)
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise StoreUnavailable("a store", "TimeoutError", outcome_unknown=True) from error

    return within


def path_id(request: Request) -> str:
    """The id in the path; what is no UUID exists nowhere."""
    value = request.path_params["id"]
    if not is_uuid(value):
        raise ApiError(404, "not_found", "There is no such thing.")
    return str(value).lower()


def text_of(value: Any, name: str) -> str:
    """A short text of a body."""
    try:
        return clean_text(value, name, TITLE_LIMIT)
    except BadFrame as error:
        raise ApiError(400, "bad_request", error.text) from error


def number(request: Request, name: str, default: int, maximum: int, minimum: int = 0) -> int:
    """A whole number of the query string, at most `maximum`.

    Raises:
        ApiError: 400, it is none, or less than `minimum`.
    """
    raw = request.query_params.get(name)
    if raw is None:
        return default
    if not raw.isascii() or not raw.isdecimal() or len(raw) > 19 or int(raw) < minimum:
        raise ApiError(400, "bad_request", f"{name} must be a whole number from {minimum}.")
    return min(int(raw), maximum)


async def json_body(request: Request) -> dict[str, Any]:
    """The JSON object of a body; an empty body is an empty object."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_LIMIT:
            raise ApiError(413, "body_too_large", f"The body may have {BODY_LIMIT} bytes.")
    try:
        data = json.loads(body or b"{}")
    except (ValueError, RecursionError) as error:
        raise ApiError(400, "bad_request", "The body is not JSON.") from error
    if not isinstance(data, dict):
        raise ApiError(400, "bad_request", "The body must be a JSON object.")
    return data


def ascii_name(name: str) -> str:
    """A file name for clients that know only ASCII (RFC 6266, appendix D)."""
    return "".join(character if character.isascii() and character not in '"\\%' else "_" for character in name)
