"""Settings from environment variables, checked where they enter.

A service reads everything through one `Env` and calls `Env.finish` once: all wrong variables are then
reported together, by name, and never with the value of a secret.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


class SettingsError(ValueError):
    """One or more environment variables are missing or wrong; the text names each of them."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("These environment variables must be corrected:\n" + "\n".join(f"  {problem}" for problem in problems))
        self.problems = tuple(problems)


class Env:
    """Typed reader of environment variables that collects every problem.

    A reader of a bad variable returns a harmless placeholder and goes on; `finish` raises.

    Args:
        values: Where to read from; the process's environment when left out.
    """

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        self._values: Mapping[str, str] = os.environ if values is None else values
        self.problems: list[str] = []

    def finish(self) -> None:
        """Raise `SettingsError` when any variable that was read is missing or wrong."""
        if self.problems:
            raise SettingsError(self.problems)

    def problem(self, name: str, text: str) -> None:
        """Note what is wrong with a variable; for checks that span several of them."""
        self.problems.append(f"{name}: {text}")

    def text(self, name: str, default: str | None = None, *, pattern: str | None = None, secret: bool = False) -> str:
        """Read a text that isn't empty.

        Args:
            name: Name of the variable.
            default: Used when the variable is unset or empty; without it the variable is required.
            pattern: Regular expression that the whole text must match.
            secret: Keep the value out of error texts.
        """
        value = self._values.get(name, "").strip() or default
        if value is None:
            self.problem(name, "is required and not set")
            return ""
        if pattern is not None and not re.fullmatch(pattern, value):
            self.problem(name, f"must match {pattern}, is {'(hidden)' if secret else repr(value)}")
        return value

    def integer(self, name: str, default: int | None = None, *, minimum: int | None = None, maximum: int | None = None) -> int:
        """Read a whole number within bounds (both included)."""
        raw = self.text(name, None if default is None else str(default))
        if not raw:
            return 0
        try:
            value = int(raw)
        except ValueError:
            self.problem(name, f"must be a whole number, is {raw!r}")
            return 0
        return int(self._bounded(name, value, minimum, maximum))

    def seconds(
        self, name: str, default: float | None = None, *, minimum: float | None = None, maximum: float | None = None
    ) -> float:
        """Read a duration in seconds; fractions are allowed."""
        raw = self.text(name, None if default is None else str(default))
        if not raw:
            return 0.0
        try:
            value = float(raw)
        except ValueError:
            self.problem(name, f"must be a number of seconds, is {raw!r}")
            return 0.0
        return self._bounded(name, value, minimum, maximum)

    def url(self, name: str, default: str | None = None, *, schemes: Sequence[str] = ("http", "https")) -> str:
        """Read an absolute URL with a host, without a slash at its end. Its text stays out of errors: it may hold a password."""
        value = self.text(name, default, secret=True)
        return self._url(name, value, schemes) if value else ""

    def urls(self, name: str, *, schemes: Sequence[str] = ("http", "https")) -> tuple[str, ...]:
        """Read absolute URLs as `url` does, at least one, separated by commas or blanks."""
        values = self.text(name, secret=True)
        found = values.replace(",", " ").split()
        if values and not found:
            self.problem(name, "must have at least one URL")
        return tuple(self._url(name, value, schemes) for value in found)

    def _url(self, name: str, value: str, schemes: Sequence[str]) -> str:
        try:
            parts = urlsplit(value)
            valid = parts.scheme in schemes and bool(parts.hostname) and (parts.port or 1) > 0
        except ValueError:
            valid = False
        if not valid:
            self.problem(name, f"must be an absolute URL starting with {' or '.join(f'{scheme}://' for scheme in schemes)}")
        return value.rstrip("/")

    def choice(self, name: str, choices: Sequence[str], default: str | None = None) -> str:
        """Read one of several words, in any case."""
        value = self.text(name, default).upper()
        if value and value not in {choice.upper() for choice in choices}:
            self.problem(name, f"must be one of {', '.join(choices)}, is {value!r}")
        return value

    def path(self, name: str, default: str | None = None) -> Path:
        """Read a path; whether it exists is for its user to say."""
        return Path(self.text(name, default))

    def json(self, name: str, default: str | None = None) -> Any:
        """Read a JSON value. Its text never enters an error: it may hold secrets."""
        raw = self.text(name, default, secret=True)
        if not raw:
            return None
        try:
            return json.loads(raw)
        except ValueError as error:
            self.problem(name, f"must be JSON: {error}")
            return None

    def _bounded(self, name: str, value: float, minimum: float | None, maximum: float | None) -> float:
        # Written so that NaN, which compares false with everything, is refused too.
        if (minimum is not None and not value >= minimum) or (maximum is not None and not value <= maximum) or math.isnan(value):
            bounds = " and ".join(
                text
                for text in (
                    f"at least {minimum}" if minimum is not None else "",
                    f"at most {maximum}" if maximum is not None else "",
                )
                if text
            )
            self.problem(name, f"must be {bounds or 'a number'}, is {value}")
        return value


@dataclass(frozen=True)
class ServiceSettings:
    """What every service is told: its instance's name, where to listen and how much to log."""

    name: str
    host: str
    port: int
    log_level: str


def service_settings(env: Env, default_name: str) -> ServiceSettings:
    """Read `SERVICE_NAME`, `HOST`, `PORT` and `LOG_LEVEL`."""
    return ServiceSettings(
        name=env.text("SERVICE_NAME", default_name, pattern=r"[A-Za-z0-9._-]{1,64}"),
        host=env.text("HOST", "127.0.0.1"),
        port=env.integer("PORT", minimum=1, maximum=65535),
        log_level=env.choice("LOG_LEVEL", LOG_LEVELS, "INFO"),
    )


@dataclass(frozen=True)
class ClickHouseSettings:
    """Where ClickHouse's HTTP interface is; the password stays out of the object's text."""

    url: str
    user: str
    password: str
    database: str

    def __repr__(self) -> str:
        return f"ClickHouseSettings(url={self.url!r}, user={self.user!r}, database={self.database!r})"


def clickhouse_settings(env: Env) -> ClickHouseSettings:
    """Read the four `CLICKHOUSE_…` variables."""
    return ClickHouseSettings(
        url=env.url("CLICKHOUSE_URL"),
        user=env.text("CLICKHOUSE_USER", "default"),
        # An empty password is what a fresh ClickHouse has.
        password=env.text("CLICKHOUSE_PASSWORD", "", secret=True),
        database=env.text("CLICKHOUSE_DATABASE", "events", pattern=r"[A-Za-z_][A-Za-z0-9_]*"),
    )


def postgres_url(env: Env, name: str) -> str:
    """Read a PostgreSQL address, such as `AUTH_DATABASE_URL`."""
    return env.url(name, schemes=("postgresql", "postgres"))


def redis_url(env: Env) -> str:
    """Read `REDIS_URL`."""
    return env.url("REDIS_URL", schemes=("redis", "rediss", "unix"))
