"""Failures that cross module borders, and how they are answered over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from chat_common.logs import Log

log = Log("http")


class StoreUnavailable(Exception):
    """A store or another service can't be reached, or did not answer in time.

    Args:
        store: Which one, such as `postgres`.
        reason: Name of the underlying failure; never its text, which may hold an address with a password.
        outcome_unknown: Whether the request may have been carried out all the same.
    """

    def __init__(self, store: str, reason: str, *, outcome_unknown: bool = False) -> None:
        super().__init__(f"{store} is unavailable ({reason})")
        self.store = store
        self.reason = reason
        self.outcome_unknown = outcome_unknown


class ApiError(Exception):
    """A refusal that the caller is told about: `{"error": code, "detail": detail}`.

    Args:
        status: HTTP status.
        code: One word that programs can act on.
        detail: One sentence for people.
        headers: Further response headers.
        extra: Further members of the body.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {detail}")
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = dict(headers or {})
        self.extra = dict(extra or {})

    def response(self) -> JSONResponse:
        """The answer that says so."""
        body = {"error": self.code, "detail": self.detail, **self.extra}
        return JSONResponse(body, status_code=self.status, headers={"Cache-Control": "no-store", **self.headers})


def _api_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return error.response()


def _unavailable(request: Request, error: Exception) -> Response:
    assert isinstance(error, StoreUnavailable)
    log.warning("store_unavailable", store=error.store, reason=error.reason, path=request.url.path)
    return ApiError(
        503, "unavailable", f"{error.store} can't be reached now; try again.", headers={"Retry-After": "1"}
    ).response()


def _http_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "http_error")
    return ApiError(error.status_code, code, str(error.detail), headers=error.headers).response()


def _gone(request: Request, _error: Exception) -> Response:
    # Nobody reads it; its status is for the metrics.
    log.info("client_gone", path=request.url.path, method=request.method)
    return ApiError(400, "broken_off", "The request was broken off.").response()


def _unexpected(request: Request, error: Exception) -> Response:
    log.error("unexpected_error", exc_info=error, path=request.url.path, method=request.method)
    return ApiError(500, "internal", "The service failed unexpectedly; its log says why.").response()


# For `Starlette(exception_handlers=…)` and `FastAPI(exception_handlers=…)`.
ERROR_HANDLERS: dict[Any, Any] = {
    ApiError: _api_error,
    StoreUnavailable: _unavailable,
    HTTPException: _http_error,
    ClientDisconnect: _gone,
    Exception: _unexpected,
}
