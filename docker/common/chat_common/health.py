"""Health routes: alive while the process runs, ready while its own dependencies answer."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Collection, Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from chat_common import __version__

CHECK_SECONDS = 0.5

Check = Callable[[], Awaitable[object]]


async def _outcome(check: Check) -> str:
    task = asyncio.ensure_future(check())
    await asyncio.wait({task}, timeout=CHECK_SECONDS)
    if not task.done():
        # Its clean-up may hang as its dependency does, so that it isn't waited for.
        task.cancel()
        return "TimeoutError"
    error = task.exception()
    if error is None:
        return "ok"
    # Store clients wrap failures; the cause says more ("ConnectionRefusedError").
    return type(error.__cause__ or error).__name__


def health_routes(service: str, checks: Mapping[str, Check], *, informative: Collection[str] = ()) -> list[Route]:
    """Make `/health/live` and `/health/ready`.

    Args:
        service: Name of the instance.
        checks: For each dependency a call that returns when it answers and raises when it doesn't; each gets 0.5 s.
        informative: Names of checks whose failure is told but leaves the service ready, because it works without.
    """

    async def live(_request: Request) -> JSONResponse:
        return JSONResponse({"status": "live", "service": service, "version": __version__, "pid": os.getpid()})

    async def ready(_request: Request) -> JSONResponse:
        outcomes = dict(zip(checks, await asyncio.gather(*map(_outcome, checks.values())), strict=True))
        good = all(outcome == "ok" or name in informative for name, outcome in outcomes.items())
        body = {"status": "ready" if good else "unready", "service": service, "checks": outcomes}
        return JSONResponse(body, status_code=200 if good else 503, headers={"Cache-Control": "no-store"})

    return [Route("/health/live", live), Route("/health/ready", ready)]
