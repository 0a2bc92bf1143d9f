"""The platform's own services, its OpenID provider and the proxy in front of them."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from pathlib import Path
from typing import Any

from realstack.core.errors import StackError
from realstack.platform.postgresql import PostgreSQL
from realstack.platform.probes import expect_200
from realstack.platform.service import Command, NotReady, Service, base_environment

from . import providers


class PythonService(Service):
    """A service of `docker/` that is started as `python -m <package>` and tells its health over HTTP.

    Class attributes:
        source: Folder of its sources in `docker/`.
        package: What is run.
    """

    source = ""
    package = ""
    needs: tuple[str, ...] = ("postgres-auth", "postgres-backend", "redis", "clickhouse")
    busy_start = True  # hundreds of modules

    def prepare(self) -> None:
        self.make_folder()

    def defaults(self) -> dict[str, str]:
        """Its environment variables, apart from those that all services have."""
        return {}

    def command(self) -> Command:
        sources = self.stack.sources
        environment = base_environment(self.folder) | {
            "PYTHONPATH": os.pathsep.join([str(sources / "common"), str(sources / self.source)]),
            "PYTHONUNBUFFERED": "1",
            "HOST": self.host,
            "PORT": str(self.port),
            "SERVICE_NAME": self.name,
        }
        return Command([sys.executable, "-m", self.package], environment | self.effective(self.defaults()), self.folder)

    async def probe(self) -> None:
        await expect_200(self.host, self.port, "/health/ready")

    async def version(self) -> str:
        answer = await expect_200(self.host, self.port, "/health/live")
        return str(json.loads(answer.body).get("version", "unknown"))

    def _postgres(self, name: str) -> str:
        server = self.stack[name]
        assert isinstance(server, PostgreSQL)
        return server.service_url

    def _shared(self) -> dict[str, str]:
        return {
            "PUBLIC_URL": self.stack["frontend"].url,
            "REDIS_URL": self.stack["redis"].credential_url,
            "CLICKHOUSE_URL": self.stack["clickhouse"].url,
            "CLICKHOUSE_USER": "chat",
            "CLICKHOUSE_PASSWORD": self.stack.credentials["clickhouse-chat"],
            "CLICKHOUSE_DATABASE": "events",
            "FILES_DIR": str(self.stack.shared_folder("files")),
        }


class Provider(PythonService):
    """Canaille, the OpenID provider; on an address of its own, because cookies belong to a host whatever the port."""

    host = "127.0.0.2"
    source = "idp"
    package = "chat_idp"
    reloads = True
    needs = ()

    def defaults(self) -> dict[str, str]:
        return {
            "IDP_DATA_DIR": str(self.folder / "data"),
            "IDP_ISSUER": self.url,
            "IDP_CLIENT_ID": "chat",
            "IDP_CLIENT_SECRET": self.stack.credentials["idp-client"],
            "IDP_REDIRECT_URIS": f"{self.stack['frontend'].url}/auth/callback/canaille",
            "IDP_SCIM_CLIENT_ID": "user-admin",
            "IDP_SCIM_CLIENT_SECRET": self.stack.credentials["idp-scim"],
        }

    async def probe(self) -> None:
        await expect_200(self.host, self.port, "/.well-known/openid-configuration")

    async def version(self) -> str:
        from importlib.metadata import version  # noqa: PLC0415 -- reads many files; only for the report

        return f"Canaille {version('canaille')}"


class Auth(PythonService):
    """Sign-in, tokens, profiles and the operation over three stores."""

    source = "auth"
    package = "chat_auth"
    reloads = True

    def defaults(self) -> dict[str, str]:
        # The way out to providers, where this machine has a special one.
        way = {name: os.environ[name] for name in ("AUTH_PROVIDER_PROXY", "AUTH_PROVIDER_CA") if name in os.environ}
        return (
            self._shared()
            | way
            | {
                "AUTH_DATABASE_URL": self._postgres("postgres-auth"),
                "INTERNAL_TOKEN": self.stack.credentials["internal"],
                "AUTH_PROVIDERS": json.dumps([providers.entry(self.stack)]),
                "AUTH_SIGNING_KEYS_DIR": str(self.stack.shared_folder("keys")),
                "BACKEND_URLS": _backends(self.stack),
            }
        )


class Backend(PythonService):
    """One replica of the chat backend."""

    source = "backend"
    package = "chat_backend"

    def defaults(self) -> dict[str, str]:
        return self._shared() | {
            "BACKEND_DATABASE_URL": self._postgres("postgres-backend"),
            "INTERNAL_TOKEN": self.stack.credentials["internal"],
            "AUTH_JWKS_URL": f"{self.stack['auth'].url}/.well-known/jwks.json",
        }


class Agent(PythonService):
    """One worker on the queue of runs."""

    source = "agent"
    package = "chat_agent"

    def defaults(self) -> dict[str, str]:
        return self._shared() | {"BACKEND_DATABASE_URL": self._postgres("postgres-backend")}


class Frontend(Service):
    """nginx: serves the page and balances `/api` and `/ws` over the replicas."""

    stop_seconds = 3.0
    reloads = True

    def prepare(self) -> None:
        self.make_folder()

    def command(self) -> Command:
        environment = {
            "HOST": self.host,
            "PORT": str(self.port),
            "SERVICE_NAME": self.name,
            "PUBLIC_URL": self.url,
            "AUTH_URL": self.stack["auth"].url,
            "BACKEND_URLS": _backends(self.stack),
        }
        argv = _renderer(self.stack.sources / "frontend" / "render.py").render(self.effective(environment), self.folder)
        return Command(argv, base_environment(self.folder), self.folder)

    async def probe(self) -> None:
        await expect_200(self.host, self.port, "/health/ready")
        page = await expect_200(self.host, self.port, "/")
        if b"<html" not in page.body:
            raise NotReady("GET / was not answered with a page")

    async def version(self) -> str:
        answer = await expect_200(self.host, self.port, "/health/live")
        return str(json.loads(answer.body)["version"])


def _backends(stack: Any) -> str:
    """Addresses of all replicas, as those who call them want it."""
    return ",".join(service.url for service in stack.services.values() if service.group == "backend")


def _renderer(path: Path) -> Any:
    """The module that writes nginx's configuration, from the sources that this stack runs."""
    spec = importlib.util.spec_from_file_location(f"frontend_render_{abs(hash(path))}", path)
    if spec is None or spec.loader is None:
        raise StackError(f"'{path}' can't be imported.")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
