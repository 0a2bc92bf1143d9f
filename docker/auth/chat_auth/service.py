"""What the routes of the auth service work with."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass

import httpx
from redis.asyncio import Redis
from starlette.requests import Request
from starlette.responses import Response

from chat_auth.flows import FLOW_SECONDS, Flows
from chat_auth.keys import SigningKeys
from chat_auth.operation_log import OperationLog
from chat_auth.operations import Coordinator
from chat_auth.provider import Provider
from chat_auth.revocations import Revocations
from chat_auth.sessions import Sessions
from chat_auth.settings import Settings
from chat_auth.steps import EventStep, WorkspaceStep
from chat_common.clickhouse import ClickHouse
from chat_common.postgres import Database
from chat_common.redis_client import redis_client
from chat_common.trace import carry_trace

PROVIDER_SECONDS = 3.0
COOKIE_PATH = "/auth"


@dataclass(frozen=True)
class Service:
    """All parts of the service, made once."""

    settings: Settings
    database: Database
    redis: Redis
    clickhouse: ClickHouse
    http: httpx.AsyncClient
    keys: SigningKeys
    providers: Mapping[str, Provider]
    flows: Flows
    sessions: Sessions
    revocations: Revocations
    operations: OperationLog
    workspace_step: WorkspaceStep
    event_step: EventStep
    coordinator: Coordinator

    def set_cookie(self, response: Response, name: str, value: str, seconds: int) -> None:
        """Give the browser a cookie that scripts can't read, for this service's paths only."""
        response.set_cookie(
            name, value, max_age=seconds, path=COOKIE_PATH, secure=self.settings.secure_cookies, httponly=True, samesite="lax"
        )

    def drop_cookie(self, response: Response, name: str) -> None:
        """Take a cookie back."""
        response.delete_cookie(name, path=COOKIE_PATH, secure=self.settings.secure_cookies, httponly=True, samesite="lax")


LOGIN_COOKIE, LOGIN_SECONDS = "login_flow", FLOW_SECONDS
REFRESH_COOKIE = "refresh_token"


def service_of(request: Request) -> Service:
    """The service that a request came to."""
    service = request.app.state.service
    assert isinstance(service, Service)
    return service


def make_service(settings: Settings, database: Database) -> Service:
    """Put the parts together; nothing is connected yet."""
    name = settings.service.name
    redis = redis_client(settings.redis_url, name=name, timeout=1.0)
    clickhouse = ClickHouse(settings.clickhouse, timeout=settings.step_timeout)
    http = httpx.AsyncClient(
        timeout=PROVIDER_SECONDS,
        follow_redirects=False,
        trust_env=False,
        event_hooks={"request": [carry_trace]},
        proxy=settings.provider_proxy or None,
        verify=ssl.create_default_context(cafile=settings.provider_ca) if settings.provider_ca else True,
    )
    step = settings.step_timeout
    # Longer than an operation and its first try at a rollback can take.
    operations = OperationLog(database, coordinator=name, lease=10 * step + 10, step_timeout=step)
    workspace_step, event_step = WorkspaceStep(settings.backend_urls, settings.internal_token, step), EventStep(clickhouse, step)
    return Service(
        settings=settings,
        database=database,
        redis=redis,
        clickhouse=clickhouse,
        http=http,
        keys=SigningKeys(settings.signing_keys_dir, settings.issuer, settings.audience, settings.access_token_ttl),
        providers={provider.id: Provider(provider, http) for provider in settings.providers},
        flows=Flows(database),
        sessions=Sessions(database, lifetime=settings.refresh_token_ttl, grace=settings.refresh_grace),
        revocations=Revocations(database, redis, settings.access_token_ttl),
        operations=operations,
        workspace_step=workspace_step,
        event_step=event_step,
        coordinator=Coordinator(operations, workspace_step, event_step, step),
    )
