"""What the backend is told by its environment."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from chat_common.settings import (
    ClickHouseSettings,
    Env,
    ServiceSettings,
    clickhouse_settings,
    postgres_url,
    redis_url,
    service_settings,
)


@dataclass(frozen=True)
class BackendSettings:
    """All settings of one replica; times are seconds."""

    service: ServiceSettings
    public_url: str
    database_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    clickhouse: ClickHouseSettings
    internal_token: str = field(repr=False)
    auth_issuer: str
    auth_audience: str
    auth_jwks_url: str
    files_dir: Path
    file_max_bytes: int
    file_max_pages: int
    limit_free_messages: int
    limit_window: float
    expiry_notice: float
    expiry_grace: float


def read_settings(env: Env | None = None) -> BackendSettings:
    """Read the environment.

    Raises:
        chat_common.settings.SettingsError: Naming every variable that is missing or wrong.
    """
    env = env or Env()
    public_url = env.url("PUBLIC_URL")
    settings = BackendSettings(
        service=service_settings(env, "backend"),
        public_url=public_url,
        database_url=postgres_url(env, "BACKEND_DATABASE_URL"),
        redis_url=redis_url(env),
        clickhouse=clickhouse_settings(env),
        internal_token=env.text("INTERNAL_TOKEN", secret=True),
        auth_issuer=env.text("AUTH_ISSUER", public_url or None),
        auth_audience=env.text("AUTH_AUDIENCE", "chat"),
        auth_jwks_url=env.url("AUTH_JWKS_URL"),
        files_dir=env.path("FILES_DIR"),
        file_max_bytes=env.integer("FILE_MAX_BYTES", 10 * 1024 * 1024, minimum=1),
        file_max_pages=env.integer("FILE_MAX_PAGES", 1000, minimum=1),
        limit_free_messages=env.integer("LIMIT_FREE_MESSAGES", 5, minimum=1),
        limit_window=env.seconds("LIMIT_WINDOW", 60, minimum=0.1),
        expiry_notice=env.seconds("AUTH_EXPIRY_NOTICE", 10, minimum=0),
        expiry_grace=env.seconds("AUTH_EXPIRY_GRACE", 15, minimum=0),
    )
    env.finish()
    return settings
