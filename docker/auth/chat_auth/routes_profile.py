"""Routes of the profile and of the operation that changes it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from chat_auth.identity import identify
from chat_auth.operation_log import OperationInProgress
from chat_auth.operations import KeyReused, OperationFailed
from chat_auth.service import service_of
from chat_common.errors import ApiError

NAME_LENGTH = 80
BODY_BYTES = 16384
IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,200}")
NO_STORE = {"Cache-Control": "no-store"}


async def change_profile(request: Request) -> Response:
    """`PATCH /auth/profile`: change profile, workspace and event log together."""
    service = service_of(request)
    identity = await identify(request, service.keys, service.sessions)
    key = request.headers.get("idempotency-key", "")
    if not IDEMPOTENCY_KEY.fullmatch(key):
        raise ApiError(400, "idempotency_key_missing", "This needs the header Idempotency-Key, of 1 to 200 printable characters.")
    change = read_change(await _body(request))
    try:
        operation = await service.coordinator.run(identity.user["id"], key, change)
    except OperationFailed as failure:
        raise _failed(failure) from failure
    except KeyReused as error:
        raise ApiError(422, "idempotency_key_reused", "The Idempotency-Key belongs to another change.") from error
    except OperationInProgress as error:
        extra = {"operation_id": str(error.operation_id)} if error.operation_id else {}
        detail = "Another change of this profile is under way; try again."
        raise ApiError(409, "operation_in_progress", detail, headers={"Retry-After": "1"}, extra=extra) from error
    return JSONResponse(_described(operation), headers=NO_STORE)


async def operation_state(request: Request) -> Response:
    """`GET /auth/operations/{operation_id}`: what became of an operation of one's own."""
    service = service_of(request)
    identity = await identify(request, service.keys, service.sessions)
    try:
        operation = await service.operations.get(UUID(request.path_params["operation_id"]))
    except ValueError:
        operation = None
    if operation is None or operation["user_id"] != identity.user["id"]:
        raise ApiError(404, "not_found", "You have no such operation.")
    body = {"operation_id": str(operation["id"]), "state": operation["state"], "failed_step": operation["failed_step"]}
    return JSONResponse(body, headers=NO_STORE)


def read_change(body: Any) -> dict[str, Any]:
    """Check what a profile is to be changed to.

    Raises:
        ApiError: 400, naming the field.
    """
    if not isinstance(body, dict):
        raise _bad("the body", "must be a JSON object")
    unknown = set(body) - {"display_name", "timezone", "workspace"}
    if unknown:
        raise _bad(min(unknown), "is not known; there are display_name, timezone and workspace")
    workspace = body.get("workspace")
    if not isinstance(workspace, dict) or set(workspace) != {"name"}:
        raise _bad("workspace", 'must be {"name": …}')
    change: dict[str, Any] = {"workspace": {"name": _name("workspace.name", workspace["name"])}}
    if "display_name" in body:
        change["display_name"] = _name("display_name", body["display_name"])
    if "timezone" in body:
        change["timezone"] = _timezone(body["timezone"])
    return change


async def _body(request: Request) -> Any:
    raw = bytearray()
    async for part in request.stream():
        raw += part
        if len(raw) > BODY_BYTES:
            raise ApiError(413, "too_large", f"The body may have {BODY_BYTES} bytes.")
    try:
        return json.loads(raw)
    except ValueError as error:
        raise _bad("the body", "must be JSON") from error


def _name(field: str, value: Any) -> str:
    name = value.strip() if isinstance(value, str) else ""
    if not 0 < len(name) <= NAME_LENGTH or not name.isprintable():
        raise _bad(field, f"must be a text of 1 to {NAME_LENGTH} printable characters")
    return name


def _timezone(value: Any) -> str:
    try:
        return ZoneInfo(value).key
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError) as error:
        raise _bad("timezone", "must be an IANA time zone, such as Europe/Berlin") from error


def _bad(field: str, what: str) -> ApiError:
    return ApiError(400, "bad_request", f"{field} {what}.")


def _failed(failure: OperationFailed) -> ApiError:
    detail = f"The change did not come about: step {failure.step} failed ({failure.error})."
    extra = {"operation_id": str(failure.operation_id), "state": failure.state, "failed_step": failure.step}
    return ApiError(503, "operation_failed", detail, headers={"Retry-After": "1"}, extra=extra)


def _described(operation: Mapping[str, Any]) -> dict[str, Any]:
    change: Mapping[str, Any] = operation["change"]
    before: Mapping[str, Any] = operation["before"]
    return {
        "operation_id": str(operation["id"]),
        "state": operation["state"],
        "profile": {name: change.get(name, before[name]) for name in ("display_name", "timezone")},
        "workspace": {"id": str(operation["workspace_id"]), "name": change["workspace"]["name"]},
    }


ROUTES = [
    Route("/auth/profile", change_profile, methods=["PATCH"]),
    Route("/auth/operations/{operation_id}", operation_state),
]
