"""What a codec is."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from realstack.core.errors import StackError, explain
from realstack.core.json_text import json_text

Payload = str | bytes
"""Of a frame: a text, or bytes of a binary one (RFC 6455, 5.6)."""

Content = Literal["json", "text", "binary"]


class Message(NamedTuple):
    """One message of a connection, as it was read.

    Attributes:
        content: ``json`` where `data` is a value of JSON (bytes may be in it), else what kind of frame it came in.
        data: The value, the text or the bytes.
        size: Bytes of its part of the payload.
        raw: The JSON text that `data` was read from; None where it was something else.
        problem: Why it could not be read; empty where it could.
    """

    content: Content
    data: Any
    size: int
    raw: str | None = None
    problem: str = ""


class Malformed(ValueError):
    """A part of a payload is no message of the codec; the text tells what was seen instead, without showing what is in it."""


class Codec(ABC):
    """Reads and writes the messages of one direction of one connection; it may remember what is still to come.

    Attributes:
        name: What it is called by ``codec=``.
        form: What its messages look like, for errors.
        type_path: Where a message says its type, unless the user knows better.
    """

    name: str = ""
    form: str = ""
    type_path: str = "type"

    @abstractmethod
    def decode(self, payload: Payload) -> list[Message]:
        """The messages that end with a payload; none where the rest of one is still to come.

        What can't be read is a message, too: the text or the bytes that it is, with its problem. Nothing is raised.
        """

    @abstractmethod
    def encode(self, value: Any) -> list[Payload]:
        """The payloads that a message is sent as, in order.

        Raises:
            StackError: It can't be written.
        """

    def refusal(self, seen: str, remedy: str = "") -> StackError:
        """What to raise for a value that can't be written."""
        remedy = remedy or "Correct the value, or send a frame as it is with [Send Frame]."
        return StackError(explain(f"a message that codec '{self.name}' can write: {self.form}", seen, remedy=remedy))

    def unread(self, part: Payload, seen: object) -> Message:
        """What could not be read, as it is."""
        return as_it_is(part, f"no message of codec '{self.name}' ({self.form}): {seen}")

    def read(self, part: Payload, understand: Callable[[Payload], Message]) -> Message:
        """A part of a payload as a message, whether it can be read or not."""
        try:
            return understand(part)
        except (Malformed, RecursionError) as error:
            return self.unread(part, "it is nested too deeply" if isinstance(error, RecursionError) else error)


def as_it_is(payload: Payload, problem: str = "") -> Message:
    """A payload that is a message by itself."""
    if isinstance(payload, str):
        return Message("text", payload, size_of(payload), problem=problem)
    return Message("binary", payload, len(payload), problem=problem)


def size_of(payload: Payload) -> int:
    """Bytes of a payload."""
    return len(payload) if isinstance(payload, bytes) else len(payload.encode(errors="surrogatepass"))


def member_name(key: Any) -> str:
    """The name of a member, whatever a map has for a key."""
    if isinstance(key, (str, bytes)):
        return key if isinstance(key, str) else key.decode(errors="backslashreplace")
    return json.dumps(key) if key is None or isinstance(key, bool) else str(key)


def text_of(payload: Payload) -> str:
    """A payload as a text: many servers send text in binary frames.

    Raises:
        Malformed: It is none.
    """
    if isinstance(payload, str):
        return payload
    try:
        return payload.decode()
    except UnicodeDecodeError as error:
        raise Malformed(f"{len(payload)} bytes that are no text in UTF-8, at byte {error.start}") from None


def read_json(text: str) -> Any:
    """A JSON value.

    Raises:
        Malformed: It is none.
    """
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise Malformed(f"no JSON: {error.msg} at character {error.pos}") from None
    except ValueError as error:  # a number with more digits than Python reads
        raise Malformed(f"no JSON: {error}") from None


def write_json(value: Any, codec: Codec) -> str:
    """A value as compact JSON.

    Raises:
        StackError: It is no value of JSON.
    """
    try:
        return json_text(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise codec.refusal(f"no value of JSON: {error}") from None
