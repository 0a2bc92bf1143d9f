"""Keywords that send frames, wait for them and look at them."""

from __future__ import annotations

import asyncio
import html
from collections.abc import Coroutine, Mapping
from datetime import timedelta
from typing import Any, Literal

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword
from robot.api.types import Secret

from realstack.core.errors import StackError, StackFailure
from realstack.core.keywords.assertions import verify_number
from realstack.core.keywords.scope import current_owner
from realstack.core.waiting import Deadline, poll
from realstack.websocket import Connection, Frame, Match
from realstack.websocket.keywords.documents import build
from realstack.websocket.keywords.state import MARGIN, Promise, State, for_robot, line, reveal, seconds


class Frames(State):
    """Frame keywords of the WebSocket library."""

    @keyword
    def send_frame(
        self, content: str | bytes | Secret, *, alias: str | None = None, timeout: timedelta = timedelta(seconds=5)
    ) -> None:
        """Sends a text or, given bytes, a binary message as it is.

        Args:
            content: What to send. A Secret is sent as text and masked everywhere.
            alias: The connection; the current one by default.
            timeout: How long a stalled link may hold it up.
        """
        connection = self._get(alias)
        payload = reveal(content, self._masker, "WebSocket frame")
        self._send(connection, connection.send(payload), timeout)

    @keyword
    def send_json(
        self,
        value: Mapping[str, Any] | list[Any] | None = None,
        *,
        alias: str | None = None,
        timeout: timedelta = timedelta(seconds=5),
        **fields: Any,
    ) -> None:
        """Sends a JSON message, given as a value, as fields, or as both.

        Fields are paths into objects; their texts are sent as texts, other values keep their type. Secrets are
        sent as their text and masked everywhere.

        Args:
            value: An object or array; fields are put into a copy of an object.
            alias: The connection; the current one by default.
            timeout: How long a stalled link may hold it up.
            fields: Paths and their values.

        ```robotframework
        Send Json    type=user_message    message_id=${id}    payload.text=Hello
        Send Json    type=resume    thread_id=${thread}    payload.after=${7}
        Send Json    type=auth_refresh    payload.token=${secret}
        ```
        """
        connection = self._get(alias)
        document = build(value, fields)
        self._send(connection, connection.send_json(reveal(document, self._masker, "WebSocket frame")), timeout)

    def _send(self, connection: Connection, sending: Coroutine[Any, Any, Frame], timeout: timedelta) -> None:
        async def within() -> Frame:
            async with asyncio.timeout(seconds(timeout)):
                return await sending

        try:
            frame = self._wait(within(), seconds(timeout))
        except TimeoutError:
            raise StackFailure(
                f"Expected: a frame sent on connection '{connection.alias}' within {seconds(timeout):g} s\n"
                "Seen: the other end takes no more bytes\nRemedy: Look for a stalled link or a server that stopped reading."
            ) from None
        logger.info(line(connection.alias, frame, connection.opened_at))

    @keyword
    def wait_for_frame(
        self,
        *match: str | dict[str, Any],
        timeout: timedelta = timedelta(seconds=5),
        alias: str | None = None,
        only_new: bool = False,
        **fields: Any,
    ) -> Any:
        """Waits for a frame that matches, takes it and returns it. See *Matching* and *Taking frames* in the introduction.

        Args:
            match: Types, expressions or dictionaries.
            timeout: How long to wait. A connection that ends also ends the wait.
            alias: The connection; the current one by default.
            only_new: Whether frames that arrived before this keyword are left out.
            fields: Paths and their values.

        Returns:
            The JSON value (``${frame.payload.text}`` and ``${frame}[payload][text]`` both work), text or bytes.

        Raises:
            StackFailure: None came in time; shows the nearest frames and compares the best one line by line.

        ```robotframework
        ${ack} =    Wait For Frame    message_accepted    message_id=${id}    timeout=2s
        Wait For Frame    type=message    payload.text*=Hello    seq>=5    alias=tab2
        ```
        """
        connection = self._get(alias)
        since = connection.mailbox.last_number if only_new else 0
        waiting = connection.wait_for(self._match(match, fields), seconds(timeout), since=since)
        frame = self._wait(waiting, seconds(timeout))
        logger.info(line(connection.alias, frame, connection.opened_at))
        return for_robot(frame.data)

    @keyword
    def wait_for_frames(
        self,
        count: int,
        *match: str | dict[str, Any],
        timeout: timedelta = timedelta(seconds=5),
        alias: str | None = None,
        only_new: bool = False,
        **fields: Any,
    ) -> list[Any]:
        """Waits for that many frames that match, takes them and returns them, oldest first.

        When they do not all come in time, none is taken. See [Wait For Frame] for the arguments.

        ```robotframework
        @{ticks} =    Wait For Frames    3    tick    timeout=2s
        ```
        """
        if count < 1:
            raise StackError(f"At least one frame can be waited for, not {count}")
        connection = self._get(alias)
        since = connection.mailbox.last_number if only_new else 0
        waiting = connection.wait_for_several(self._match(match, fields), count, seconds(timeout), since=since)
        frames = self._wait(waiting, seconds(timeout))
        for frame in frames:
            logger.info(line(connection.alias, frame, connection.opened_at))
        return [for_robot(frame.data) for frame in frames]

    @keyword
    def wait_for_frame_on_each(
        self,
        *match: str | dict[str, Any],
        aliases: list[str] | str | None = None,
        timeout: timedelta = timedelta(seconds=5),
        **fields: Any,
    ) -> dict[str, Any]:
        """Waits until each of several connections has a frame that matches, and takes it there.

        Args:
            match: Types, expressions or dictionaries.
            aliases: The connections, a list or separated by commas; all open ones by default.
            timeout: For all of them together.
            fields: Paths and their values.

        Returns:
            The frames by alias.

        Raises:
            StackFailure: Some did not get it; says which did and which did not.

        ```robotframework
        Wait For Frame On Each    message    message_id=${id}    aliases=tab1, tab2
        ```
        """
        wanted = self._match(match, fields)
        if isinstance(aliases, str):
            aliases = [alias.strip() for alias in aliases.split(",")]
        if aliases is not None:
            connections = [self._get(alias) for alias in aliases]
        else:
            connections = [connection for connection in self._connections.values() if connection.state == "open"]
        if not connections:
            raise StackError("No connection is open. Use [Open Connection] first.")
        frames = self._wait(_on_each(connections, wanted, seconds(timeout)), seconds(timeout))
        for connection in connections:
            logger.info(line(connection.alias, frames[connection.alias], connection.opened_at))
        return {alias: for_robot(frame.data) for alias, frame in frames.items()}

    @keyword
    def no_frame_should_arrive(
        self,
        *match: str | dict[str, Any],
        within: timedelta = timedelta(milliseconds=500),
        alias: str | None = None,
        only_new: bool = False,
        **fields: Any,
    ) -> None:
        """Fails as soon as a frame that matches arrives within a time, or if one waits untaken already.

        Args:
            match: Types, expressions or dictionaries; without any, no frame at all should arrive.
            within: How long to listen.
            alias: The connection; the current one by default.
            only_new: Whether frames that arrived before this keyword are left out.
            fields: Paths and their values.

        Raises:
            StackFailure: A frame arrived; shows it.
            InvalidRun: The connection is closed, so that silence proves nothing.
        """
        connection = self._get(alias)
        silence = connection.expect_silence(self._match(match, fields), seconds(within), only_new=only_new)
        self._wait(silence, seconds(within))

    @keyword
    def promise_to_wait_for_frame(
        self,
        *match: str | dict[str, Any],
        timeout: timedelta = timedelta(seconds=5),
        alias: str | None = None,
        **fields: Any,
    ) -> Promise:
        """Starts a wait in the background and returns at once; [Wait For Promise] gives its result.

        The time runs from now on. See [Wait For Frame] for the arguments. Promises take frames in the order in
        which they were made.

        ```robotframework
        ${answer} =    Promise To Wait For Frame    agent_completed    timeout=5s
        Send Json    type=user_message    payload.text=What is 2 + 2?
        ${frame} =    Wait For Promise    ${answer}
        ```
        """
        promise = Promise(self._get(alias), self._match(match, fields), seconds(timeout))
        self._promises.add(current_owner(), promise)
        return promise

    @keyword
    def wait_for_promise(self, *promises: Promise) -> Any:
        """Waits for what was promised; with several promises, for all.

        Returns:
            The frame; a list of frames when several promises are given.

        Raises:
            StackFailure: A promise was not kept in its time.
        """
        if not promises:
            raise StackError("Give the promise that [Promise To Wait For Frame] returned")
        for promise in promises:
            promise.awaited = True
        frames = []
        for promise in promises:
            try:
                frames.append(for_robot(promise.future.result(promise.timeout + MARGIN).data))
            finally:
                if not promise.future.done():
                    promise.future.cancel()
        return frames[0] if len(promises) == 1 else frames

    @keyword
    def take_frames(self, *match: str | dict[str, Any], alias: str | None = None, **fields: Any) -> list[Any]:
        """Takes all received frames that match and were not taken yet, oldest first, without waiting.

        Use it to draw a line: later waits see only what comes after.
        """
        connection, wanted = self._get(alias), self._match(match, fields)

        async def take() -> list[Frame]:
            return connection.mailbox.take(wanted)

        frames = self._wait(take())
        logger.info(f"'{connection.alias}': {len(frames)} frames taken")
        return [for_robot(frame.data) for frame in frames]

    @keyword
    def get_frames(
        self,
        *match: str | dict[str, Any],
        direction: Literal["in", "out", "both"] = "in",
        alias: str | None = None,
        **fields: Any,
    ) -> list[Any]:
        """Returns all frames of a connection that match, taken or not, oldest first. Takes none."""
        connection, wanted = self._get(alias), self._match(match, fields)
        return [for_robot(frame.data) for frame in self._look(connection, wanted, direction)]

    @keyword
    def get_frame_count(
        self,
        *match_and_assertion: Any,
        direction: Literal["in", "out", "both"] = "in",
        alias: str | None = None,
        timeout: timedelta = timedelta(0),
    ) -> int:
        """Returns how many frames match, taken or not, and asserts; looks again until the assertion holds or time is up.

        Args:
            match_and_assertion: Conditions as for [Wait For Frame]; then, to assert, an operator, the number, and
                a text that replaces the failure's.
            direction: Received (``in``), sent (``out``) or ``both``.
            alias: The connection; the current one by default.
            timeout: How long to look again while the assertion fails.

        ```robotframework
        Get Frame Count    type=message    thread_id=${thread}    ==    3    timeout=2s
        ```
        """
        connection = self._get(alias)
        parts, operator, expected, message = _split(match_and_assertion)
        wanted = self._match(parts, {})
        what = f"Number of frames with  {wanted}  on connection '{connection.alias}'"

        def holds(count: int) -> bool:
            try:
                verify_number(count, operator, expected, what, message)
            except AssertionError:
                return False
            return True

        async def look() -> int:
            return len(_select(connection, wanted, direction))

        deadline = Deadline(seconds(timeout))
        _, count = self._wait(poll(look, holds, deadline), deadline.seconds)
        return int(verify_number(count, operator, expected, what, message))

    @keyword
    def log_frames(self, *match: str | dict[str, Any], alias: str | None = None, last: int = 200, **fields: Any) -> None:
        """Writes a table of a connection's frames, both ways, to the log.

        Args:
            match: Types, expressions or dictionaries; without any, all frames.
            alias: The connection; the current one by default.
            last: How many of them at most, the latest ones.
            fields: Paths and their values.
        """
        connection, wanted = self._get(alias), self._match(match, fields)
        frames = self._look(connection, wanted, "both")
        rows = "".join(_row(frame, connection.opened_at) for frame in frames[-last:])
        box = connection.mailbox
        note = f"{len(frames)} of {box.counts['in']} received and {box.counts['out']} sent; {box.forgotten} forgotten"
        table = f"<table><tr><th>#</th><th>time</th><th></th><th>bytes</th><th>frame</th></tr>{rows}</table>"
        logger.info(f"{html.escape(connection.alias)}: {note}{table}", html=True)

    def _look(self, connection: Connection, match: Match, direction: str) -> list[Frame]:
        async def look() -> list[Frame]:
            return _select(connection, match, direction)

        return self._wait(look())


def _split(cells: tuple[Any, ...]) -> tuple[list[Any], AssertionOperator | None, Any, str | None]:
    """Conditions, and the operator, expected value and message behind them."""
    operators = AssertionOperator.__members__
    for index, cell in enumerate(cells):
        if isinstance(cell, str) and cell in operators:
            rest = cells[index + 1 :]
            if not 1 <= len(rest) <= 2:
                raise StackError(f"Behind the operator '{cell}' come the expected number and, if you like, a message")
            return list(cells[:index]), operators[cell], rest[0], rest[1] if len(rest) == 2 else None
    return list(cells), None, None, None


def _select(connection: Connection, match: Match, direction: str) -> list[Frame]:
    directions: tuple[Literal["in", "out"], ...] = ("in", "out")
    return connection.mailbox.frames(match, [way for way in directions if direction in (way, "both")])


def _row(frame: Frame, opened_at: float) -> str:
    arrow = "←" if frame.direction == "in" else "→"
    return (
        f"<tr><td>{frame.number}</td><td>+{frame.at - opened_at:.3f} s</td><td>{arrow}</td><td>{frame.size}</td>"
        f"<td><code>{html.escape(frame.brief(2000))}</code></td></tr>"
    )


async def _on_each(connections: list[Connection], match: Match, timeout: float) -> dict[str, Frame]:
    waits = (connection.wait_for(match, timeout) for connection in connections)
    results = await asyncio.gather(*waits, return_exceptions=True)
    frames = {one.alias: result for one, result in zip(connections, results, strict=True) if isinstance(result, Frame)}
    failures = [result for result in results if isinstance(result, BaseException)]
    if failures:
        missing = [connection.alias for connection in connections if connection.alias not in frames]
        got = ", ".join(frames) or "no other"
        raise StackFailure(f"Without the frame: {', '.join(missing)}. With it: {got}.\n" + "\n\n".join(map(str, failures)))
    return frames
