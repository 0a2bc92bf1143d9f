"""Profiles and plans of users."""

from __future__ import annotations

from collections import OrderedDict

from chat_common.postgres import Database
from chat_common.tokens import Claims

PLANS = ("free", "paid")
REMEMBERED = 2000


class Profiles:
    """Keeps what tokens say about users, and what plan they are on.

    Args:
        database: The backend's database.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        # What was written last from here, and of what time; a newer token may correct what another replica wrote meanwhile.
        self._known: OrderedDict[str, tuple[tuple[str, str, str], int]] = OrderedDict()

    async def note(self, claims: Claims) -> None:
        """Write a token's claims to the user's profile, unless it holds them, or those of a newer token."""
        facts = (claims.email, claims.name, claims.picture)
        known = self._known.get(claims.user_id)
        if known is not None and (known == (facts, claims.issued_at) or known[1] > claims.issued_at):
            self._known.move_to_end(claims.user_id)
            return
        await self._database.execute(
            """
            INSERT INTO profiles AS p (user_id, email, name, picture, claims_issued_at) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (user_id) DO UPDATE
            SET email = excluded.email, name = excluded.name, picture = excluded.picture,
                claims_issued_at = excluded.claims_issued_at,
                updated_at = CASE WHEN (p.email, p.name, p.picture) = (excluded.email, excluded.name, excluded.picture)
                                  THEN p.updated_at ELSE now() END
            WHERE p.claims_issued_at <= excluded.claims_issued_at
            """,
            claims.user_id,
            *facts,
            claims.issued_at,
        )
        self._known[claims.user_id] = (facts, claims.issued_at)
        self._known.move_to_end(claims.user_id)
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)

    async def plan(self, user_id: str) -> str:
        """A user's plan; `free` until another is chosen."""
        return await self._database.fetchval("SELECT plan FROM plans WHERE user_id = $1", user_id) or "free"

    async def set_plan(self, user_id: str, plan: str) -> None:
        """Put a user on a plan, at once."""
        await self._database.execute(
            "INSERT INTO plans (user_id, plan) VALUES ($1, $2) ON CONFLICT (user_id) DO UPDATE SET plan = $2, updated_at = now()",
            user_id,
            plan,
        )
