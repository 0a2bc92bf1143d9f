"""What the agent is told by its environment."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from chat_common.settings import Env, ServiceSettings, postgres_url, redis_url, service_settings


@dataclass(frozen=True)
class AgentSettings:
    """All settings of one worker; times are seconds."""

    service: ServiceSettings
    database_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    files_dir: Path
    file_max_pages: int
    concurrency: int
    takeover_seconds: float


def read_settings(env: Env | None = None) -> AgentSettings:
    """Read the environment.

    Raises:
        chat_common.settings.SettingsError: Naming every variable that is missing or wrong.
    """
    env = env or Env()
    settings = AgentSettings(
        service=service_settings(env, "agent"),
        database_url=postgres_url(env, "BACKEND_DATABASE_URL"),
        redis_url=redis_url(env),
        files_dir=env.path("FILES_DIR"),
        file_max_pages=env.integer("FILE_MAX_PAGES", 1000, minimum=1),
        concurrency=env.integer("AGENT_CONCURRENCY", 8, minimum=1, maximum=256),
        takeover_seconds=env.seconds("AGENT_TAKEOVER_SECONDS", 5, minimum=0.2),
    )
    env.finish()
    return settings
