"""A request whose answer is awaited later."""

from __future__ import annotations

import concurrent.futures

from realstack.oauth.http import Answer


class BegunRequest:
    """A request under way on the background loop.

    Args:
        what: Method and address, for errors.
        future: Its answer to be.
    """

    def __init__(self, what: str, future: concurrent.futures.Future[Answer]) -> None:
        self.what = what
        self.future = future

    async def close(self) -> None:
        """Hang up."""
        self.future.cancel()
