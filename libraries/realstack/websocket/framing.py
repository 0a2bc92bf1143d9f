"""What streams over HTTP are made of: Server-Sent Events (HTML, 9.2), or lines. Nothing here waits or connects."""

from __future__ import annotations

import codecs
import re
from abc import ABC, abstractmethod
from collections.abc import Callable

from realstack.websocket.codecs import Payload
from realstack.websocket.codecs.events import Event

_LINE_END = re.compile(r"\r\n|\n|\r")


class TooLarge(ValueError):
    """A message is larger than is accepted."""


class Unfinished(ValueError):
    """The stream ended within a message."""


class Framing(ABC):
    """Cuts what arrives into messages, wherever it is split.

    Args:
        give: Takes each message that has ended.
        max_size: Bytes of the largest one.

    Attributes:
        heartbeats: How often the server sent what is no message, to keep the connection.
        last_id: Id of the last event, for ``Last-Event-ID``.
        retry: Seconds that the server wants clients to wait before they reconnect; None where it does not say.
    """

    def __init__(self, give: Callable[[Payload], None], max_size: int) -> None:
        self._give = give
        self._max_size = max_size
        self.heartbeats = 0
        self.last_id = ""
        self.retry: float | None = None

    @abstractmethod
    def feed(self, data: bytes) -> None:
        """Read on.

        Raises:
            TooLarge: A message is.
        """

    @abstractmethod
    def end(self) -> None:
        """Take the end of the stream.

        Raises:
            Unfinished: A message has not ended with it.
        """

    def _check(self, size: int) -> None:
        if size > self._max_size:
            raise TooLarge(f"a message of more than {self._max_size} bytes: see max_size=")


class EventFraming(Framing):
    """Events, as the HTML standard interprets a stream of them (9.2.6)."""

    def __init__(self, give: Callable[[Payload], None], max_size: int, last_id: str = "") -> None:
        super().__init__(give, max_size)
        self.last_id = last_id
        self._text = codecs.getincrementaldecoder("utf-8")("replace")
        self._begun = False
        self._ended_by_cr = False
        self._line: list[str] = []
        self._line_size = 0
        self._name = ""
        self._id: str | None = None
        self._data: list[str] = []
        self._data_size = 0

    def feed(self, data: bytes) -> None:
        text = self._text.decode(data)
        if text and not self._begun:
            self._begun = True
            text = text.removeprefix("\ufeff")
        if text and self._ended_by_cr:  # the other half of a CR LF
            self._ended_by_cr = False
            text = text.removeprefix("\n")
        if not text:
            return
        self._ended_by_cr = text[-1] == "\r"
        *lines, rest = _LINE_END.split(text)
        if lines:
            lines[0] = "".join((*self._line, lines[0]))
            self._line.clear()
            self._line_size = 0
        for line in lines:
            self._read(line)
        if rest:
            self._line.append(rest)
            self._line_size += len(rest.encode())
            self._check(self._line_size + self._data_size)

    def end(self) -> None:
        if self._line or self._data:
            raise Unfinished("there is no empty line behind the last event, which counts for nothing then (HTML, 9.2.6)")

    def _read(self, line: str) -> None:
        if not line:
            self._dispatch()
            return
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not field:
            self.heartbeats += 1
        elif field == "data":
            self._data.append(value)
            self._data_size += len(value.encode()) + 1
            self._check(self._data_size)
        elif field == "event":
            self._name = value
        elif field == "id" and "\0" not in value:
            self._id = value
        elif field == "retry" and value.isascii() and value.isdigit() and len(value) < 16:
            self.retry = int(value) / 1000

    def _dispatch(self) -> None:
        """Give the event that an empty line ends; one without data is none, and sets the last id all the same."""
        if self._id is not None:
            self.last_id = self._id
        if self._data:
            self._give(Event("\n".join(self._data), self._name or "message", self._id))
        self._name, self._id = "", None
        self._data.clear()
        self._data_size = 0


class LineFraming(Framing):
    """Lines, each a message; a blank one is a heartbeat. A mark of the byte order is none of the first one's characters."""

    def __init__(self, give: Callable[[Payload], None], max_size: int) -> None:
        super().__init__(give, max_size)
        self._line: list[bytes] = []
        self._size = 0
        self._begun = False

    def feed(self, data: bytes) -> None:
        first, *others = data.split(b"\n")
        self._add(first)
        for other in others:
            self._finish()
            self._add(other)

    def end(self) -> None:
        # The last line needs no line feed behind it.
        if any(self._line):
            self._finish()

    def _add(self, part: bytes) -> None:
        self._line.append(part)
        self._size += len(part)
        self._check(self._size)

    def _finish(self) -> None:
        line = b"".join(self._line).removesuffix(b"\r")
        self._line.clear()
        self._size = 0
        if not self._begun:
            self._begun = True
            line = line.removeprefix(codecs.BOM_UTF8)
        if not line.strip():
            self.heartbeats += 1
            return
        try:
            self._give(line.decode())
        except UnicodeDecodeError:
            self._give(line)
