"""The auth service as an ASGI app, with its work in the background."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from starlette.applications import Starlette

from chat_auth import routes_login, routes_profile, routes_session
from chat_auth.keys import KeysError
from chat_auth.schema import SCHEMA
from chat_auth.service import Service, make_service
from chat_auth.settings import Settings
from chat_common.clickhouse import ClickHouseError
from chat_common.doors import doors_route
from chat_common.errors import ERROR_HANDLERS, StoreUnavailable
from chat_common.health import Check, health_routes
from chat_common.logs import Log
from chat_common.metrics import Metrics
from chat_common.postgres import Database
from chat_common.tasks import cancel, keep_running

log = Log("auth")

SWEEP_SECONDS = 60
# What fails in the background is tried again after at most this long (seconds).
RETRY_SECONDS = 0.5


def make_app(settings: Settings) -> Starlette:
    """Make the app; its stores are connected to in the background once it starts.

    Raises:
        KeysError: The signing keys can't be used.
    """
    database = Database(settings.database_url, name=settings.service.name, schema=SCHEMA, timeout=settings.step_timeout + 1)
    service = make_service(settings, database)
    service.keys.load()
    # Sign-in, refresh and profile need PostgreSQL; without the others a part of the service waits or fails, each for itself.
    metrics = Metrics()
    checks: dict[str, Check] = {"postgres": database.check, "redis": service.redis.ping, "clickhouse": service.clickhouse.ping}

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        app.state.service = service
        await database.start()
        tasks = [
            asyncio.create_task(_in_background(name, work, service))
            for name, work in (
                ("recover operations", service.coordinator.recover),
                ("announce revocations", service.revocations.run),
                ("prepare events", lambda: _prepare_events(service)),
                ("sweep", lambda: _sweep(service)),
            )
        ]
        tasks.append(asyncio.create_task(metrics.watch_loop()))
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, _reload_keys, service)
        try:
            yield
        finally:
            await service.coordinator.stop()
            await cancel(*tasks)
            await _close(service)

    return Starlette(
        routes=[
            *routes_login.ROUTES,
            *routes_session.ROUTES,
            *routes_profile.ROUTES,
            doors_route(settings.internal_token),
            metrics.route,
            *health_routes(settings.service.name, checks, informative=("redis", "clickhouse")),
        ],
        middleware=[metrics.middleware],
        exception_handlers=ERROR_HANDLERS,
        lifespan=lifespan,
    )


async def _in_background(name: str, work: Callable[[], Awaitable[None]], service: Service) -> None:
    await service.database.ready.wait()
    await keep_running(name, work, cap=RETRY_SECONDS)


def _reload_keys(service: Service) -> None:
    try:
        service.keys.load()
    except KeysError as error:
        log.error("signing_keys_not_loaded", reason=str(error))  # noqa: TRY400 - its text says it all


async def _prepare_events(service: Service) -> None:
    try:
        await service.event_step.prepare()
    except (StoreUnavailable, ClickHouseError) as error:
        # Nothing is lost: the first operation makes the table when this can't.
        log.warning("events_not_prepared", reason=str(error))
        raise


async def _sweep(service: Service) -> None:
    while True:
        await service.flows.sweep()
        await service.sessions.sweep()
        await asyncio.sleep(SWEEP_SECONDS)


async def _close(service: Service) -> None:
    await service.database.stop()
    await service.redis.aclose()
    await service.clickhouse.close()
    await service.workspace_step.close()
    await service.http.aclose()
