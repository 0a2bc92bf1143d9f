"""What the provider is told by environment variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from chat_common.settings import Env, ServiceSettings, service_settings

USER_FIELDS = ("userName", "name", "email", "password")


@dataclass(frozen=True)
class Client:
    """A registered client of the provider."""

    id: str
    secret: str = field(repr=False)
    redirect_uris: tuple[str, ...] = ()


@dataclass(frozen=True)
class Settings:
    """All settings of the provider."""

    service: ServiceSettings
    data_dir: Path
    issuer: str
    client: Client
    scim_client: Client
    users: tuple[Mapping[str, str], ...] = field(repr=False)
    hash_rounds: int
    threads: int

    @property
    def scheme(self) -> str:
        """Scheme of the issuer's URL."""
        return urlsplit(self.issuer).scheme

    @property
    def authority(self) -> str:
        """Host and port of the issuer's URL."""
        return urlsplit(self.issuer).netloc


def read_settings(values: Mapping[str, str] | None = None) -> Settings:
    """Read and check all of the provider's variables.

    Raises:
        SettingsError: With every variable that is missing or wrong.
    """
    env = Env(values)
    service = service_settings(env, "idp")
    redirect_uris = env.text("IDP_REDIRECT_URIS").split()
    for uri in redirect_uris:
        if not urlsplit(uri).scheme or urlsplit(uri).fragment:
            env.problem("IDP_REDIRECT_URIS", f"must be absolute URLs without a fragment, separated by blanks; one is {uri!r}")
    settings = Settings(
        service=service,
        data_dir=env.path("IDP_DATA_DIR"),
        issuer=env.url("IDP_ISSUER", f"http://{service.host}:{service.port}"),
        client=Client(env.text("IDP_CLIENT_ID"), env.text("IDP_CLIENT_SECRET", secret=True), tuple(redirect_uris)),
        scim_client=Client(env.text("IDP_SCIM_CLIENT_ID"), env.text("IDP_SCIM_CLIENT_SECRET", secret=True)),
        users=_users(env),
        hash_rounds=env.integer("IDP_PASSWORD_ROUNDS", 1000, minimum=1),
        threads=env.integer("IDP_THREADS", 8, minimum=1, maximum=64),
    )
    if urlsplit(settings.issuer).path:
        env.problem("IDP_ISSUER", "must be an origin, without a path")
    if settings.client.id and settings.client.id == settings.scim_client.id:
        env.problem("IDP_SCIM_CLIENT_ID", "must differ from IDP_CLIENT_ID")
    env.finish()
    return settings


def _users(env: Env) -> tuple[Mapping[str, str], ...]:
    given: Any = env.json("IDP_USERS", "[]")
    if not isinstance(given, list):
        env.problem("IDP_USERS", "must be a JSON list")
        return ()
    for index, user in enumerate(given):
        if not isinstance(user, dict) or not all(isinstance(user.get(name), str) and user[name] for name in USER_FIELDS):
            env.problem("IDP_USERS", f"item {index} must have the texts {', '.join(USER_FIELDS)}")
            return ()
    return tuple(given)
