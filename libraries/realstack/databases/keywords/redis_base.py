"""What all keywords about Redis share."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from robot.api import logger

from realstack.databases.keywords.base import Assertion, KeywordsBase
from realstack.databases.redis_store import RedisSession
from realstack.databases.table import shorten
from realstack.databases.values import json_safe

KEY_LIMIT = 10_000


class RedisReading(KeywordsBase):
    """How every keyword about Redis looks and judges."""

    def about(
        self,
        alias: str | None,
        look: Callable[[RedisSession], Coroutine[Any, Any, Any]],
        what: str,
        assertion: Assertion,
        *,
        secret: bool = False,
    ) -> Any:
        session = self.redis(alias)
        found = self.read(
            lambda: look(session),
            what=what,
            seconds=session.answer_seconds,
            assertion=assertion,
            evidence=f"session '{session.name}'",
            secret=lambda _: secret,
        )
        if not secret:
            logger.info(f"{session.name}: {what} is {shorten(str(json_safe(found)), 300)}")
        return found
