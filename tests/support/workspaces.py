"""The backend's side of the three-store operation, as the contract has it, with a gate that a check can shut."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from support.loopback import served


@dataclass
class Workspaces:
    """Workspaces by id; a deleted one stays as a tombstone.

    Attributes:
        url: Base URL.
        status: What `PUT` answers, when it isn't 200.
        shut: While set, a `PUT` waits at the gate. It goes through when the gate opens, though its caller be gone.
        late: What came through after it had waited.
    """

    url: str = ""
    status: int = 200
    shut: bool = False
    shut_for_deletes: bool = False
    living: dict[str, str] = field(default_factory=dict)
    tombstones: set[str] = field(default_factory=set)
    late: list[str] = field(default_factory=list)

    async def put(self, request: Request) -> Response:
        """Make a workspace."""
        workspace, body = request.path_params["id"], await request.json()
        waited = self.shut
        await self._wait(lambda: not self.shut)
        if self.status == 200 and workspace not in self.tombstones:
            self.living[workspace] = body["name"]
        if waited:
            self.late.append(workspace)
        return Response(status_code=self.status)

    async def delete(self, request: Request) -> Response:
        """Take it back."""
        await self._wait(lambda: not self.shut_for_deletes)
        workspace = request.path_params["id"]
        self.tombstones.add(workspace)
        self.living.pop(workspace, None)
        return Response(status_code=204)

    async def _wait(self, good: object) -> None:
        assert callable(good)
        # Opened from another thread than the loop's, where an asyncio.Event can't be set.
        while not good():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


@contextmanager
def workspaces() -> Iterator[Workspaces]:
    """Run the backend's side on the loopback address."""
    state = Workspaces()
    routes = [
        Route("/internal/workspaces/{id}", state.put, methods=["PUT"]),
        Route("/internal/workspaces/{id}", state.delete, methods=["DELETE"]),
    ]
    with served(Starlette(routes=routes)) as origin:
        state.url = origin
        yield state
