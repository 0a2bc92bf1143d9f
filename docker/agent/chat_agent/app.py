"""Puts one worker together, with its health routes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette

from chat_agent.analyst.analyst import Analyst
from chat_agent.analyst.library import Library
from chat_agent.runs import Runs
from chat_agent.settings import AgentSettings
from chat_agent.worker import BLOCK_SECONDS, Worker
from chat_common.errors import ERROR_HANDLERS
from chat_common.health import health_routes
from chat_common.postgres import Database
from chat_common.redis_client import redis_client
from chat_common.sandbox import Sandbox


def build(settings: AgentSettings) -> Starlette:
    """Make the app of one worker."""
    name = settings.service.name
    database = Database(settings.database_url, name=name, max_size=min(settings.concurrency, 8))
    redis = redis_client(settings.redis_url, name=name)
    reader = redis_client(settings.redis_url, name=f"{name}-reader", timeout=BLOCK_SECONDS + 2)
    sandbox = Sandbox()
    library = Library(database, sandbox, settings.files_dir, settings.file_max_pages)
    worker = Worker(
        redis,
        reader,
        Runs(database),
        Analyst(library),
        name=name,
        concurrency=settings.concurrency,
        takeover_seconds=settings.takeover_seconds,
    )

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        await database.start()
        worker.start()
        try:
            yield
        finally:
            await worker.stop()
            await asyncio.gather(sandbox.close(), database.stop(), redis.aclose(), reader.aclose())

    async def redis_answers() -> None:
        await redis.ping()

    routes = health_routes(name, {"postgres": database.check, "redis": redis_answers})
    return Starlette(routes=routes, lifespan=lifespan, exception_handlers=ERROR_HANDLERS)
