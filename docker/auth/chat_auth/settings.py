"""Settings of the auth service."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from chat_common.settings import (
    ClickHouseSettings,
    Env,
    ServiceSettings,
    clickhouse_settings,
    postgres_url,
    redis_url,
    service_settings,
)

HOSTED_DOMAIN = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")


@dataclass(frozen=True)
class ProviderSettings:
    """An OpenID provider that users may sign in at."""

    id: str
    name: str
    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    scope: str
    hosted_domain: str = ""
    """The only domain whose accounts may sign in, as Google's `hd` names it; empty for everybody's."""


@dataclass(frozen=True)
class Settings:
    """Everything that the auth service is told; times are seconds."""

    service: ServiceSettings
    public_url: str
    database_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    clickhouse: ClickHouseSettings
    internal_token: str = field(repr=False)
    backend_urls: tuple[str, ...]
    providers: tuple[ProviderSettings, ...]
    provider_proxy: str
    provider_ca: Path | None
    issuer: str
    audience: str
    signing_keys_dir: Path
    access_token_ttl: int
    refresh_token_ttl: int
    refresh_grace: float
    step_timeout: float

    @property
    def secure_cookies(self) -> bool:
        """Whether cookies are marked `Secure`."""
        return self.public_url.startswith("https://")


def read_settings(values: Mapping[str, str] | None = None) -> Settings:
    """Read and check all variables.

    Raises:
        SettingsError: With every variable that is missing or wrong.
    """
    env = Env(values)
    public_url = env.url("PUBLIC_URL")
    if urlsplit(public_url).path:
        env.problem("PUBLIC_URL", "must be an origin, without a path")
    settings = Settings(
        service=service_settings(env, "auth"),
        public_url=public_url,
        database_url=postgres_url(env, "AUTH_DATABASE_URL"),
        redis_url=redis_url(env),
        clickhouse=clickhouse_settings(env),
        internal_token=env.text("INTERNAL_TOKEN", secret=True),
        backend_urls=env.urls("BACKEND_URLS"),
        providers=_providers(env),
        provider_proxy=env.url("AUTH_PROVIDER_PROXY", ""),
        provider_ca=_authorities(env),
        issuer=env.text("AUTH_ISSUER", public_url or "unset"),
        audience=env.text("AUTH_AUDIENCE", "chat"),
        signing_keys_dir=env.path("AUTH_SIGNING_KEYS_DIR"),
        access_token_ttl=env.integer("AUTH_ACCESS_TOKEN_TTL", 300, minimum=1),
        refresh_token_ttl=env.integer("AUTH_REFRESH_TOKEN_TTL", 2592000, minimum=1),
        refresh_grace=env.seconds("AUTH_REFRESH_GRACE", 10, minimum=0),
        step_timeout=env.seconds("OPERATION_STEP_TIMEOUT", 2, minimum=0.05, maximum=60),
    )
    env.finish()
    return settings


def _authorities(env: Env) -> Path | None:
    name = "AUTH_PROVIDER_CA"
    if not env.text(name, ""):
        return None
    file = env.path(name)
    if not file.is_file():
        env.problem(name, f"there is no file '{file}'")
    return file


def _providers(env: Env) -> tuple[ProviderSettings, ...]:
    name = "AUTH_PROVIDERS"
    given = env.json(name)
    if given is None:
        return ()
    if not isinstance(given, list) or not given:
        env.problem(name, "must be a JSON list of at least one provider")
        return ()
    found = [provider for index, item in enumerate(given) if (provider := _provider(env, f"{name}[{index}]", item))]
    if len({provider.id for provider in found}) != len(found):
        env.problem(name, "has two providers with the same id")
    return tuple(found)


def _provider(env: Env, where: str, item: Any) -> ProviderSettings | None:
    if not isinstance(item, dict):
        env.problem(where, "must be an object")
        return None
    texts = {"scope": "openid profile email", "client_secret": "", "hosted_domain": "", "name": item.get("id"), **item}
    keys = ("id", "name", "issuer", "client_id", "client_secret", "scope", "hosted_domain")
    wrong = [key for key in keys if not isinstance(texts.get(key), str)]
    if wrong:
        env.problem(where, f"must have the texts {', '.join(wrong)}")
        return None
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,31}", texts["id"]):
        env.problem(where, "id must be lower-case letters, digits, - and _, at most 32")
    parts = urlsplit(texts["issuer"])
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        env.problem(where, "issuer must be an http(s) URL without query and fragment")
    if "openid" not in texts["scope"].split():
        env.problem(where, "scope must contain openid")
    if texts["hosted_domain"] and not HOSTED_DOMAIN.fullmatch(texts["hosted_domain"]):
        # Google takes `*` for any domain, which no claim ever is.
        env.problem(where, "hosted_domain must be one domain in lower case, such as example.org")
    return ProviderSettings(**{key: texts[key] for key in keys})
