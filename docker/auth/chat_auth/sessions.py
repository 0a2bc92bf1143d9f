"""Users, their sessions, and the rotating refresh tokens that keep a session alive.

A session is a family of refresh tokens (RFC 9700, section 4.14): each is good for one use and replaced by its successor. Using
one again means that somebody else has it, and ends the session. The exception is a short grace for the immediate
predecessor of the newest token, because two tabs of one browser may refresh with the same cookie at once; both then
get the same successor, and nothing forks.
"""

from __future__ import annotations

import hmac
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from chat_auth.flows import digest
from chat_common.postgres import Database


class RefreshRefused(Exception):
    """A refresh token is not good.

    Args:
        code: `refresh_missing`, `refresh_unknown`, `refresh_expired`, `refresh_reused` or `session_revoked`.
        session_id: The session that it belonged to, if it is known.
    """

    def __init__(self, code: str, session_id: UUID | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.session_id = session_id


@dataclass(frozen=True)
class Granted:
    """A session that goes on: its user's row, and the refresh token for its cookie."""

    session_id: UUID
    provider: str
    user: Mapping[str, Any]
    refresh_token: str = field(repr=False)


class Sessions:
    """Sessions and refresh tokens, in their tables.

    Args:
        database: Where the tables are.
        lifetime: Seconds that a refresh token is good for.
        grace: Seconds in which a predecessor may be used again.
    """

    def __init__(self, database: Database, *, lifetime: int, grace: float) -> None:
        self._database = database
        self._lifetime = timedelta(seconds=lifetime)
        self._grace = timedelta(seconds=grace)

    async def open(self, provider: str, issuer: str, claims: Mapping[str, Any]) -> Granted:
        """Sign a user in: bring the profile up to date with the provider's claims and begin a session."""
        session_id, token = uuid4(), secrets.token_urlsafe(32)
        async with self._database.transaction() as connection:
            user = await connection.fetchrow(
                "INSERT INTO users (id, issuer, subject, email, name, picture, display_name) VALUES ($1, $2, $3, $4, $5, $6, $5) "
                "ON CONFLICT (issuer, subject) DO UPDATE SET email = EXCLUDED.email, name = EXCLUDED.name, "
                "picture = EXCLUDED.picture, updated_at = now() "
                "RETURNING id, email, name, picture, display_name, timezone",
                uuid4(),
                issuer,
                claims["sub"],
                claims["email"],
                claims["name"],
                claims["picture"],
            )
            await connection.execute(
                "INSERT INTO sessions (id, user_id, provider) VALUES ($1, $2, $3)", session_id, user["id"], provider
            )
            await self._add_token(connection, uuid4(), session_id, token)
        return Granted(session_id, provider, user, token)

    async def refresh(self, token: str) -> Granted:
        """Use a refresh token.

        Requests of one session are served one after the other, by its row's lock.

        Raises:
            RefreshRefused: It is not good; after `refresh_reused` the session is revoked.
        """
        async with self._database.transaction() as connection:
            row = await connection.fetchrow(
                "SELECT t.id, t.session_id, t.expires_at, t.used_at, t.replaced_by, s.user_id, s.provider, s.revoked_at "
                "FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id WHERE t.token_hash = $1 FOR UPDATE OF s",
                digest(token),
            )
            if row is not None:
                # The row was joined before its lock was had: whoever held it may have used the token meanwhile.
                row = {
                    **row,
                    **await connection.fetchrow(
                        "SELECT t.used_at, t.replaced_by, s.revoked_at FROM refresh_tokens t "
                        "JOIN sessions s ON s.id = t.session_id WHERE t.id = $1",
                        row["id"],
                    ),
                }
            verdict = await self._verdict(connection, row)
            if verdict == "refresh_reused":
                await _revoke(connection, row["session_id"], verdict)
            elif verdict is None:
                successor = await self._successor(connection, row, token)
                # No star: in a transaction such a statement can't be prepared anew once the table has another column.
                user = await connection.fetchrow(
                    "SELECT id, email, name, picture, display_name, timezone FROM users WHERE id = $1", row["user_id"]
                )
        if verdict is not None:
            raise RefreshRefused(verdict, row["session_id"] if row else None)
        return Granted(row["session_id"], row["provider"], user, successor)

    async def _verdict(self, connection: Any, row: Mapping[str, Any] | None) -> str | None:
        now = datetime.now(UTC)
        if row is None:
            return "refresh_unknown"
        if row["revoked_at"] is not None:
            return "session_revoked"
        if row["expires_at"] <= now:
            return "refresh_expired"
        if row["used_at"] is None:
            return None
        newest_unused = await connection.fetchval("SELECT used_at IS NULL FROM refresh_tokens WHERE id = $1", row["replaced_by"])
        in_grace = newest_unused and now - row["used_at"] <= self._grace
        return None if in_grace else "refresh_reused"

    async def _successor(self, connection: Any, row: Mapping[str, Any], token: str) -> str:
        if row["used_at"] is not None:
            return _derive(token, row["replaced_by"])
        successor_id = uuid4()
        successor = _derive(token, successor_id)
        await self._add_token(connection, successor_id, row["session_id"], successor)
        # Not when the transaction began: it may have waited for its turn for longer than the grace lasts.
        await connection.execute(
            "UPDATE refresh_tokens SET used_at = clock_timestamp(), replaced_by = $2 WHERE id = $1", row["id"], successor_id
        )
        return successor

    async def _add_token(self, connection: Any, token_id: UUID, session_id: UUID, token: str) -> None:
        await connection.execute(
            "INSERT INTO refresh_tokens (id, session_id, token_hash, expires_at) VALUES ($1, $2, $3, now() + $4)",
            token_id,
            session_id,
            digest(token),
            self._lifetime,
        )

    async def of_token(self, token: str) -> UUID | None:
        """The session that a refresh token belongs to, used or not."""
        found: UUID | None = await self._database.fetchval(
            "SELECT session_id FROM refresh_tokens WHERE token_hash = $1", digest(token)
        )
        return found

    async def revoke(self, session_id: UUID, reason: str) -> bool:
        """End a session; returns whether it was open."""
        async with self._database.transaction() as connection:
            return await _revoke(connection, session_id, reason)

    async def user_of(self, session_id: str, user_id: str) -> Mapping[str, Any] | None:
        """The user of an open session, with the session's `provider`; None when it is revoked or unknown."""
        row: Mapping[str, Any] | None = await self._database.fetchrow(
            "SELECT u.*, s.provider FROM sessions s JOIN users u ON u.id = s.user_id "
            "WHERE s.id = $1 AND u.id = $2 AND s.revoked_at IS NULL",
            UUID(session_id),
            UUID(user_id),
        )
        return row

    async def sweep(self) -> None:
        """Forget refresh tokens that nobody can use any more."""
        await self._database.execute("DELETE FROM refresh_tokens WHERE expires_at < now() - interval '1 day'")


def _derive(token: str, successor_id: UUID) -> str:
    """The successor of a token: known to nobody who has only the one, or only the database."""
    return urlsafe_b64encode(hmac.digest(token.encode(), successor_id.bytes, "sha256")).rstrip(b"=").decode()


async def _revoke(connection: Any, session_id: UUID, reason: str) -> bool:
    tag = await connection.execute(
        "UPDATE sessions SET revoked_at = now(), revoked_reason = $2 WHERE id = $1 AND revoked_at IS NULL", session_id, reason
    )
    return bool(tag == "UPDATE 1")
