"""Puts one replica together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from redis.asyncio import Redis
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute

from chat_backend.access import Access
from chat_backend.api import Api
from chat_backend.commands import Commands
from chat_backend.doorbell import Doorbell
from chat_backend.endpoint import ChatSocket
from chat_backend.filestore import FileStore
from chat_backend.hub import Hub
from chat_backend.limits import Limits
from chat_backend.messages import Messages
from chat_backend.profiles import Profiles
from chat_backend.schema import SCHEMA
from chat_backend.settings import BackendSettings
from chat_backend.sweeper import RunSweeper
from chat_backend.threads import Threads
from chat_backend.uploads import Uploads
from chat_backend.workspaces import Workspaces
from chat_common.clickhouse import ClickHouse
from chat_common.doors import doors_route
from chat_common.errors import ERROR_HANDLERS
from chat_common.health import health_routes
from chat_common.metrics import Metrics
from chat_common.outbox import OutboxRelay
from chat_common.postgres import Database
from chat_common.redis_client import redis_client
from chat_common.runqueue import RunQueue
from chat_common.sandbox import Sandbox
from chat_common.tasks import cancel, keep_running
from chat_common.tokens import Verifier

# A user waits this long for PostgreSQL before being told to try again.
STATEMENT_SECONDS = 3.0


class Replica:
    """Everything that one replica is made of.

    Args:
        settings: What the environment says.
    """

    def __init__(self, settings: BackendSettings) -> None:
        name = settings.service.name
        self.database = Database(settings.database_url, name=name, schema=SCHEMA, max_size=12, timeout=STATEMENT_SECONDS)
        self.redis: Redis = redis_client(settings.redis_url, name=name)
        self.clickhouse = ClickHouse(settings.clickhouse)
        self.verifier = Verifier(settings.auth_jwks_url, settings.auth_issuer, settings.auth_audience)
        self.sandbox = Sandbox()
        self.metrics = Metrics()
        queue = RunQueue(self.redis)
        messages, threads = Messages(self.database), Threads(self.database)
        profiles = Profiles(self.database)
        limits = Limits(self.redis, settings.limit_free_messages, settings.limit_window)
        self.relay = OutboxRelay(self.database, self.clickhouse)
        self.hub = Hub(messages, threads, queue, self.redis, bus_url=settings.redis_url, name=name)
        self.hub.on_run_over = self.relay.wake
        self.metrics.gauge("chat_sessions_open", "Sessions that have an open WebSocket.", lambda: self.hub.sessions)
        self.doorbell = Doorbell(self.redis, queue)
        self.sweeper = RunSweeper(self.database, queue)
        self.files = FileStore(settings.files_dir, settings.file_max_bytes)
        commands = Commands(messages, threads, limits, hub=self.hub, doorbell=self.doorbell, relay=self.relay)
        self.uploads = Uploads(
            self.files,
            self.sandbox,
            self.database,
            messages=messages,
            limits=limits,
            profiles=profiles,
            commands=commands,
            max_pages=settings.file_max_pages,
        )
        access = Access(self.verifier, self.hub, profiles, settings.internal_token)
        workspaces = Workspaces(self.database)
        self.api = Api(access, messages, threads, profiles, limits, workspaces, self.uploads, self.files)
        self.socket = ChatSocket(
            access,
            self.hub,
            commands,
            origin=settings.public_url,
            replica=name,
            notice=settings.expiry_notice,
            grace=settings.expiry_grace,
        )
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin to work; waits for no store."""
        self.files.prepare()
        await self.database.start()
        self.hub.start()
        self._tasks = [
            asyncio.create_task(self.metrics.watch_loop()),
            asyncio.create_task(keep_running("fresh keys", self.verifier.keep_fresh)),
            asyncio.create_task(keep_running("outbox relay", self.relay.run)),
            asyncio.create_task(keep_running("doorbell", self.doorbell.run)),
            asyncio.create_task(keep_running("run sweeper", self.sweeper.run)),
            asyncio.create_task(keep_running("file sweeper", lambda: self.files.sweep_forever(self.uploads.exists))),
        ]

    async def stop(self) -> None:
        """End all work and close all connections."""
        await cancel(*self._tasks)
        await self.hub.stop()
        await self.sandbox.close()
        await asyncio.gather(self.database.stop(), self.redis.aclose(), self.clickhouse.close(), self.verifier.close())


def build(settings: BackendSettings) -> Starlette:
    """Make the app of one replica."""
    replica = Replica(settings)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        await replica.start()
        try:
            yield
        finally:
            await replica.stop()

    # ClickHouse is left out: while it is away, events wait and everything else goes on.
    checks = {"postgres": replica.database.check, "redis": replica.hub.check}
    routes = [
        *health_routes(settings.service.name, checks),
        *replica.api.routes(),
        doors_route(settings.internal_token, replica.socket.frames),
        replica.metrics.route,
        WebSocketRoute("/ws", replica.socket),
    ]
    middleware = [replica.metrics.middleware]
    return Starlette(routes=routes, middleware=middleware, lifespan=lifespan, exception_handlers=ERROR_HANDLERS)
