"""A keyword that sends many frames at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from robot.api import logger
from robot.api.deco import keyword

from realstack.core.errors import StackError, StackFailure, explain
from realstack.websocket.keywords.documents import build
from realstack.websocket.keywords.state import State, reveal, seconds


class Burst(State):
    """Sending without a pause."""

    @keyword
    def send_json_burst(
        self, values: list[Mapping[str, Any]], *, alias: str | None = None, timeout: timedelta = timedelta(seconds=5)
    ) -> None:
        """Sends JSON messages one right after the other, as fast as the link takes them.

        Args:
            values: The messages, in order. Secrets in them are sent as their text and masked everywhere.
            alias: The connection; the current one by default.
            timeout: How long a stalled link may hold all of it up.

        Raises:
            StackFailure: The link took only some of them in that time.

        ```robotframework
        VAR    ${pings}    ${{ [{'type': 'ping', 'n': n} for n in range(100)] }}
        Send Json Burst    ${pings}    alias=tab 1
        ```
        """
        if not values:
            raise StackError("There is nothing to send: the list of messages is empty.")
        connection = self._get(alias)
        documents = [reveal(build(value, {}), self._masker, "WebSocket frame") for value in values]
        sent = 0

        async def send_all() -> None:
            nonlocal sent
            async with asyncio.timeout(seconds(timeout)):
                for document in documents:
                    await connection.send_json(document)
                    sent += 1

        began = time.monotonic()
        try:
            self._wait(send_all(), seconds(timeout))
        except TimeoutError:
            raise StackFailure(
                explain(
                    f"{len(documents)} frames sent on connection '{connection.alias}' within {seconds(timeout):g} s",
                    f"{sent} were",
                    remedy="Look for a stalled link or a server that stopped reading.",
                )
            ) from None
        logger.info(f"{connection.alias}: {sent} frames sent within {(time.monotonic() - began) * 1000:.0f} ms.")
