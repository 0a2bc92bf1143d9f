"""What a connection sends by itself, without a keyword: by interval, or as an answer. It ends with the connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from realstack.core.errors import StackError, StackFailure, explain
from realstack.core.template import Values
from realstack.websocket.codecs import Codec, Payload
from realstack.websocket.connection import Connection
from realstack.websocket.frames import Frame
from realstack.websocket.match import Match

Reply = Callable[[Frame], list[Payload]]
"""What is sent back for a message."""


class Sender:
    """Something under way that sends.

    Args:
        name: Unique on its connection.
        connection: Whose.

    Attributes:
        sent: How often it has sent.
        trouble: Why it could not, or could not once; empty where it always could.
    """

    def __init__(self, name: str, connection: Connection) -> None:
        self.name = name
        self.connection = connection
        self.sent = 0
        self.trouble = ""

    def begin(self) -> None:
        """Start; to be called on the loop."""
        self.connection.attend(self.name, self.run(), self.end)

    def end(self) -> None:
        """Leave nothing behind; called when it is over, for whatever reason."""

    async def run(self) -> None:
        """Send until cancelled, or until nothing can be sent any more."""
        raise NotImplementedError

    async def _send(self, payloads: list[Payload], patience: float) -> bool:
        try:
            async with asyncio.timeout(patience):
                await self.connection.send(*payloads)
        except TimeoutError:
            self._note(explain(f"a frame sent within {patience:g} s", "the other end takes no more bytes"))
            return False
        except StackFailure:  # the connection has ended, and tells so itself
            return False
        except StackError as error:
            self._note(str(error))
            return False
        self.sent += 1
        return True

    def _note(self, trouble: str) -> None:
        self.trouble = self.trouble or trouble
        self.connection.mailbox.troubles.append(f"'{self.name}' could not send: {trouble}")


class Every(Sender):
    """Sends the same again and again, the first time one interval from now, until a frame takes longer than that to go out."""

    def __init__(self, name: str, connection: Connection, payloads: list[Payload], interval: float) -> None:
        super().__init__(name, connection)
        if interval <= 0:
            raise StackError(explain("an interval above 0", f"{interval:g} s"))
        self._payloads = payloads
        self._interval = interval

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        planned = loop.time()
        while True:
            planned = max(planned + self._interval, loop.time())
            await asyncio.sleep(planned - loop.time())
            if not await self._send(self._payloads, self._interval):
                return


class Answers(Sender):
    """Takes every received message that matches, those that wait already too, and answers each, in order."""

    PATIENCE = 5.0

    def __init__(self, name: str, connection: Connection, match: Match, reply: Reply) -> None:
        super().__init__(name, connection)
        self._match = match
        self._reply = reply
        self._asked: asyncio.Queue[Frame] = asyncio.Queue()

    def begin(self) -> None:
        for frame in self.connection.mailbox.take(self._match):
            self._asked.put_nowait(frame)
        self.connection.mailbox.answers[self.name] = self._take
        super().begin()

    def end(self) -> None:
        self.connection.mailbox.answers.pop(self.name, None)

    def _take(self, frame: Frame) -> bool:
        wanted = self._match(frame)
        if self._match.errors:
            self._note(self._match.errors.pop())
        if wanted:
            self._asked.put_nowait(frame)
        return wanted

    async def run(self) -> None:
        while True:
            frame = await self._asked.get()
            try:
                payloads = self._reply(frame)
            except Exception as error:  # a template that does not fit, or the user's own code
                self._note(explain(f"an answer to #{frame.number}", f"{type(error).__name__}: {error}", evidence=frame.brief()))
                continue
            await self._send(payloads, self.PATIENCE)


def payloads_of(content: Any, codec: Codec) -> list[Payload]:
    """How something is sent: a text and bytes as they are, all else as the codec writes it.

    Raises:
        StackError: The codec can't write it.
    """
    return [content] if isinstance(content, (str, bytes)) else codec.encode(content)


def filled(template: Any, codec: Codec, values: Values) -> Reply:
    """An answer with placeholders: ``{id}`` is a field of the message, ``{message}`` all of it, and what else the values have.

    Args:
        template: A text, bytes, a value of JSON, or a function of the message.
        codec: Writes it.
        values: What else fills it.
    """

    def reply(frame: Frame) -> list[Payload]:
        if callable(template):
            return payloads_of(template(frame.data), codec)
        fields = frame.data if isinstance(frame.data, Mapping) else {}
        return payloads_of(values.besides({**fields, "message": frame.data}).fill(template), codec)

    return reply
