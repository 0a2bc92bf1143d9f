"""Workspaces: listed for their users, made and undone by the auth service as a step of its three-store operation."""

from __future__ import annotations

from typing import Any

import asyncpg

from chat_common.errors import ApiError
from chat_common.frames import stamp
from chat_common.postgres import Database


class Workspaces:
    """Operations on workspaces.

    Args:
        database: The backend's database.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_user(self, user_id: str) -> list[dict[str, Any]]:
        """A user's workspaces, oldest first."""
        rows = await self._database.fetch(
            "SELECT id, name, created_at FROM workspaces WHERE user_id = $1 AND deleted_at IS NULL ORDER BY created_at, id",
            user_id,
        )
        return [{"id": str(row["id"]), "name": row["name"], "created_at": stamp(row["created_at"])} for row in rows]

    async def put(self, workspace_id: str, user_id: str, name: str, operation_id: str) -> dict[str, Any]:
        """Make a workspace; repeating it changes nothing.

        Raises:
            ApiError: 410 when it was deleted, even if the delete came first; 409 when it is another operation's.
        """
        try:
            await self._database.execute(
                "INSERT INTO workspaces (id, user_id, name, operation_id) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO NOTHING",
                workspace_id,
                user_id,
                name,
                operation_id,
            )
        except asyncpg.UniqueViolationError as error:
            raise ApiError(409, "operation_used", "This operation has made another workspace.") from error
        row = await self._database.fetchrow("SELECT * FROM workspaces WHERE id = $1", workspace_id)
        if row["deleted_at"] is not None:
            raise ApiError(410, "workspace_deleted", "This workspace was deleted; it is not made again.")
        if (str(row["operation_id"]), str(row["user_id"])) != (operation_id, user_id):
            raise ApiError(409, "workspace_exists", "This workspace belongs to another operation.")
        return {"id": str(row["id"]), "name": row["name"], "created_at": stamp(row["created_at"])}

    async def delete(self, workspace_id: str) -> None:
        """Delete a workspace, and leave a mark in its place that keeps a late `put` out."""
        await self._database.execute(
            "INSERT INTO workspaces (id, deleted_at) VALUES ($1, now()) "
            "ON CONFLICT (id) DO UPDATE SET deleted_at = coalesce(workspaces.deleted_at, now())",
            workspace_id,
        )
