"""Keywords that wait for frames and take them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from robot.api import logger
from robot.api.deco import keyword

from realstack.core.errors import StackError, StackFailure, explain
from realstack.core.keywords.scope import current_owner
from realstack.core.keywords.waiting import MARGIN, on_loop, seconds, wait
from realstack.core.lateness import Late
from realstack.core.loop import background
from realstack.core.ownership import Owned
from realstack.core.several import several
from realstack.websocket import Connection, Frame, Match
from realstack.websocket.keywords.connections import Connections, line
from realstack.websocket.keywords.documents import for_robot


class Promise:
    """A wait that goes on in the background; [Wait For Promise] gives its result."""

    def __init__(self, connection: Connection, match: Match, timeout: float) -> None:
        self.what = f"a frame with  {match}  on connection '{connection.alias}'"
        self.timeout = timeout
        self.awaited = False
        self.future = background.spawn(connection.wait_for(match, timeout))

    def __str__(self) -> str:
        return f"promise of {self.what}"

    __repr__ = __str__


class Waiting:
    """Waits for frames, and takes them."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._promises: Owned[Promise] = Owned("promise", "Promise To Wait For Frame")

    def release(self, owner: str, *, below: bool) -> None:
        """Give up what was promised to a test or suite and never waited for."""
        for promise in self._promises.release(owner, below=below):
            if not promise.awaited:
                logger.warn(f"Nobody waited for the {promise}: use [Wait For Promise], or don't promise.")
            promise.future.cancel()

    @keyword(tags=["frame"])
    def wait_for_frame(
        self,
        *match: Any,
        timeout: timedelta = timedelta(seconds=5),
        alias: str | None = None,
        only_new: bool = False,
        **fields: Any,
    ) -> Any:
        """Waits for a frame that matches, takes it and returns it. See *Matching* and *Taking frames* in the introduction.

        Args:
            match: Types, expressions, dictionaries or functions.
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
        connection = self._connections.get(alias)
        since = connection.mailbox.last_number if only_new else 0
        waiting = connection.wait_for(self._connections.match(connection, match, fields), seconds(timeout), since=since)
        frame = wait(waiting, seconds(timeout))
        logger.info(line(connection, frame))
        return for_robot(frame.data)

    @keyword(tags=["frame"])
    def wait_for_frames(
        self,
        count: int,
        *match: Any,
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
        connection = self._connections.get(alias)
        since = connection.mailbox.last_number if only_new else 0
        wanted = self._connections.match(connection, match, fields)
        waiting = connection.wait_for_several(wanted, count, seconds(timeout), since=since)
        frames = wait(waiting, seconds(timeout))
        for frame in frames:
            logger.info(line(connection, frame))
        return [for_robot(frame.data) for frame in frames]

    @keyword(tags=["frame"])
    def answer_should_flow(
        self,
        *end: Any,
        pieces: Any,
        first_word: timedelta | None = None,
        longest_gap: timedelta | None = None,
        timeout: timedelta = timedelta(seconds=5),
        asked: float | None = None,
        alias: str | None = None,
        **fields: Any,
    ) -> dict[str, Any]:
        """Waits for the end of an answer that comes piece by piece, takes all of it, and makes sure that it came in time.

        Works on a WebSocket and on a stream over HTTP alike.

        Args:
            end: What the frame that ends it matches: types, expressions, dictionaries or functions.
            pieces: What its pieces match: one of these, or several between commas or in a list.
            first_word: The longest time from the question to the first piece; any time when left out.
            longest_gap: The longest time in which nothing came, from the first piece to the end.
            timeout: The longest time from now to the end.
            asked: When the question was asked, as ``Get Moment`` of History returns it; when the last frame before the first
                piece was sent unless told, or the request of a stream.
            alias: The connection; the current one by default.
            fields: Paths of the end and their values.

        Returns:
            ``first_word``, ``longest_gap`` and ``end`` in seconds, and how many ``pieces`` there were.

        Raises:
            StackFailure: It has no end in time, or its first word or another one came late.

        ```robotframework
        Send Json    {"type": "user_message", "payload": {"text": "What is 6 * 7?"}}
        Answer Should Flow    agent_completed    pieces=stream_chunk    first_word=1 s    longest_gap=500 ms
        ```
        """
        connection = self._connections.get(alias)
        wanted = self._connections.match(connection, end, fields)
        parts = self._connections.match(connection, several(pieces) if isinstance(pieces, str | list) else (pieces,), {})
        waiting = connection.wait_for_answer(wanted, parts, seconds(timeout), asked=asked)
        last, pace = wait(waiting, seconds(timeout))
        told = (
            f"first word after {pace.first:.3f} s, longest gap {pace.gap:.3f} s, end after {pace.end:.3f} s, {pace.pieces} pieces"
        )
        logger.info(f"{told}; {line(connection, last)}")
        for what, took, most in (("first word", pace.first, first_word), ("longest gap", pace.gap, longest_gap)):
            if most is not None and took > most.total_seconds():
                raise Late(explain(f"a {what} of {most.total_seconds():g} s at most, on connection '{connection.alias}'", told))
        return {"first_word": pace.first, "longest_gap": pace.gap, "end": pace.end, "pieces": pace.pieces}

    @keyword(tags=["frame"])
    def wait_for_frame_on_each(
        self,
        *match: Any,
        aliases: Sequence[str] | str | None = None,
        timeout: timedelta = timedelta(seconds=5),
        **fields: Any,
    ) -> dict[str, Any]:
        """Waits until each of several connections has a frame that matches, and takes it there.

        Args:
            match: Types, expressions, dictionaries or functions.
            aliases: The connections: a text, texts between commas, or a list; all open ones by default.
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
        named = [self._connections.get(alias) for alias in several(aliases)]
        connections = self._connections.open if aliases is None else named
        if not connections:
            raise StackError("No connection is open. Use [Open Connection] first.")
        wanted = {connection: self._connections.match(connection, match, fields) for connection in connections}
        frames = wait(_on_each(wanted, seconds(timeout)), seconds(timeout))
        for connection in connections:
            logger.info(line(connection, frames[connection.alias]))
        return {alias: for_robot(frame.data) for alias, frame in frames.items()}

    @keyword(tags=["frame"])
    def no_frame_should_arrive(
        self,
        *match: Any,
        within: timedelta = timedelta(milliseconds=500),
        alias: str | None = None,
        only_new: bool = False,
        **fields: Any,
    ) -> None:
        """Fails as soon as a frame that matches arrives within a time, or if one waits untaken already.

        Args:
            match: Types, expressions, dictionaries or functions; without any, no frame at all should arrive.
            within: How long to listen.
            alias: The connection; the current one by default.
            only_new: Whether frames that arrived before this keyword are left out.
            fields: Paths and their values.

        Raises:
            StackFailure: A frame arrived; shows it.
            InvalidRun: The connection is closed, so that silence proves nothing.

        ```robotframework
        No Frame Should Arrive    error_message    within=200ms    alias=tab2
        ```
        """
        connection = self._connections.get(alias)
        unwanted = self._connections.match(connection, match, fields)
        wait(connection.expect_silence(unwanted, seconds(within), only_new=only_new), seconds(within))

    @keyword(tags=["frame"])
    def promise_to_wait_for_frame(
        self,
        *match: Any,
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
        connection = self._connections.get(alias)
        promise = Promise(connection, self._connections.match(connection, match, fields), seconds(timeout))
        self._promises.add(promise, current_owner())
        return promise

    @keyword(tags=["frame"])
    def wait_for_promise(self, *promises: Promise) -> Any:
        """Waits for what was promised; with several promises, for all.

        Returns:
            The frame; a list of frames when several promises are given.

        Raises:
            StackFailure: A promise was not kept in its time.

        ```robotframework
        ${frame} =    Wait For Promise    ${answer}
        ${first}    ${second} =    Wait For Promise    ${of_tab1}    ${of_tab2}
        ```
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

    @keyword(tags=["frame"])
    def take_frames(self, *match: Any, alias: str | None = None, **fields: Any) -> list[Any]:
        """Takes all received frames that match and were not taken yet, oldest first, without waiting.

        Use it to draw a line: later waits see only what comes after.

        ```robotframework
        Take Frames    alias=tab1
        @{pongs} =    Take Frames    pong
        ```
        """
        connection = self._connections.get(alias)
        wanted = self._connections.match(connection, match, fields)
        frames = on_loop(lambda: connection.mailbox.take(wanted))
        wanted.check()
        logger.info(f"'{connection.alias}': {len(frames)} frames taken")
        return [for_robot(frame.data) for frame in frames]


async def _on_each(wanted: dict[Connection, Match], timeout: float) -> dict[str, Frame]:
    waits = (connection.wait_for(match, timeout) for connection, match in wanted.items())
    results = await asyncio.gather(*waits, return_exceptions=True)
    frames = {one.alias: result for one, result in zip(wanted, results, strict=True) if isinstance(result, Frame)}
    failures = [result for result in results if isinstance(result, BaseException)]
    if failures:
        missing = [connection.alias for connection in wanted if connection.alias not in frames]
        got = ", ".join(frames) or "no other"
        raise StackFailure(f"Without the frame: {', '.join(missing)}. With it: {got}.\n" + "\n\n".join(map(str, failures)))
    return frames
