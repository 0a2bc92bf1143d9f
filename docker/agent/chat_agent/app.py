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
from chat_common.metrics import Metrics
from chat_common.postgres import Database
from chat_common.redis_client import redis_client
from chat_common.runqueue import RunQueue
from chat_common.sandbox import Sandbox
from chat_common.tasks import cancel


def build(settings: AgentSettings) -> Starlette:
    """Make the app of one worker."""
    name = settings.service.name
    database = Database(settings.database_url, name=name, max_size=min(settings.concurrency, 8))
    redis = redis_client(settings.redis_url, name=name)
    reader = redis_client(settings.redis_url, name=f"{name}-reader", timeout=BLOCK_SECONDS + 2)
    sandbox = Sandbox()
    metrics = Metrics()
    library = Library(database, sandbox, settings.files_dir, settings.file_max_pages)
    worker = Worker(
        redis,
        reader,
        Runs(database),
        Analyst(library),
        name=name,
        concurrency=settings.concurrency,
        takeover_seconds=settings.takeover_seconds,
        ended=metrics.counter("chat_runs", "Runs that ended, by how.", "end"),
    )
    metrics.gauge("chat_runs_in_work", "Runs that this worker is at.", lambda: worker.in_work)
    metrics.ask("chat_queue_entries", "Entries of the queue, those in work included.", RunQueue(redis).length)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        await database.start()
        worker.start()
        watch = asyncio.create_task(metrics.watch_loop())
        try:
            yield
        finally:
            await cancel(watch)
            await worker.stop()
            await asyncio.gather(sandbox.close(), database.stop(), redis.aclose(), reader.aclose())

    async def redis_answers() -> None:
        await redis.ping()

    routes = [*health_routes(name, {"postgres": database.check, "redis": redis_answers}), metrics.route]
    return Starlette(routes=routes, middleware=[metrics.middleware], lifespan=lifespan, exception_handlers=ERROR_HANDLERS)
