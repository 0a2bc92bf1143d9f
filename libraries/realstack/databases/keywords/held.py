"""The sessions that keywords work on, and everything else that tests have open."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, cast

from realstack.core.errors import StackError, explain
from realstack.core.keywords.scope import current_owner
from realstack.core.ownership import Owned
from realstack.databases.clickhouse import ClickHouseSession
from realstack.databases.keywords.waiting import wait
from realstack.databases.locks import HeldLock
from realstack.databases.postgres import PostgresSession
from realstack.databases.redis_channels import ChannelListener
from realstack.databases.redis_store import RedisSession
from realstack.databases.snapshot import Recipe, Snapshot

Session = PostgresSession | RedisSession | ClickHouseSession
SqlSession = PostgresSession | ClickHouseSession

CLOSE_SECONDS = 2.0

_OPENERS: dict[type[Any], str] = {
    PostgresSession: "[Open Postgres Session]",
    RedisSession: "[Open Redis Session]",
    ClickHouseSession: "[Open Clickhouse Session]",
}


class Sessions:
    """Sessions by alias; each kind has a current one, which keywords use when none is named."""

    def __init__(self) -> None:
        self._owned: Owned[Session] = Owned("session", "Open Postgres Session")

    def get(self, alias: str) -> Session:
        """The session of that alias, of any kind.

        Raises:
            StackError: There is none; says which there are.
        """
        return self._owned.get(alias)

    def postgres(self, alias: str | None) -> PostgresSession:
        """The session of that alias, or the current one; it must be one of PostgreSQL."""
        return cast("PostgresSession", self._of_kind(alias, PostgresSession))

    def redis(self, alias: str | None) -> RedisSession:
        """The session of that alias, or the current one; it must be one of Redis."""
        return cast("RedisSession", self._of_kind(alias, RedisSession))

    def sql(self, alias: str | None) -> SqlSession:
        """The session of that alias, or the current one; it must be one of PostgreSQL or ClickHouse."""
        return cast("SqlSession", self._of_kind(alias, PostgresSession, ClickHouseSession))

    def all(self) -> list[Session]:
        """All open ones, the oldest first."""
        return [session for _, session in self._owned.by_age()]

    def free_alias(self, alias: str) -> None:
        """Refuse an alias that is taken.

        Raises:
            StackError: It is.
        """
        self._owned.free_alias(alias)

    def keep(self, alias: str, session: Session) -> None:
        """Take a session for the running test or suite; it becomes the current one of its kind."""
        self._owned.add(session, current_owner(), alias)

    def switch(self, alias: str) -> str | None:
        """Make a session the current one of its kind; gives the alias of the one that was."""
        before = self._current(type(self.get(alias)))
        self._owned.switch(alias)
        return before

    def pop(self, alias: str) -> Session:
        """Take a session out, to close it."""
        return self._owned.pop(alias)

    def release(self, owner: str | None) -> list[Session]:
        """Take out what an owner and the tests below it have (None: everything), the newest first."""
        return self._owned.release_all() if owner is None else self._owned.release(owner)

    def _current(self, *kinds: type[Any]) -> str | None:
        return next((alias for alias, session in reversed(self._owned.items()) if isinstance(session, kinds)), None)

    def _of_kind(self, alias: str | None, *kinds: type[Any]) -> Session:
        wanted = " or ".join(kind.kind for kind in kinds)
        found = alias or self._current(*kinds)
        if found is None:
            openers = " or ".join(_OPENERS[kind] for kind in kinds)
            raise StackError(f"No {wanted} session is open. Use {openers} first.")
        session = self.get(found)
        if not isinstance(session, kinds):
            there = ", ".join(f"{name} ({one.kind})" for name, one in self._owned.by_age())
            seen = f"'{found}' is one of {session.kind}"
            raise StackError(explain(f"a session of {wanted}", seen, evidence=f"Open are: {there}"))
        return cast("Session", session)


class Held:
    """All that tests and suites have open: sessions, and what works on sessions of its own beside them."""

    def __init__(self) -> None:
        self.sessions = Sessions()
        self.locks: Owned[HeldLock] = Owned("lock", "Hold Lock")
        self.listeners: Owned[ChannelListener] = Owned("listener", "Start Redis Listener")
        self.snapshots: Owned[tuple[Snapshot, Recipe]] = Owned("snapshot", "Take Snapshot")

    def release(self, owner: str | None) -> None:
        """Close what an owner and the tests below it have, whatever state it is in; None: everything, but snapshots stay."""
        locks = self.locks.release_all() if owner is None else self.locks.release(owner)
        listeners = self.listeners.release_all() if owner is None else self.listeners.release(owner)
        closing: list[Callable[[], Coroutine[Any, Any, None]]] = [
            *(lock.drop for lock in locks),
            *(listener.stop for listener in listeners),
            *(session.close for session in self.sessions.release(owner)),
        ]
        if owner is not None:
            self.snapshots.release(owner)
        errors: list[Exception] = []
        for close in closing:
            try:
                wait(close(), CLOSE_SECONDS)
            except Exception as error:  # one that can't be closed must not keep the others open
                errors.append(error)
        if errors:
            raise errors[0]
