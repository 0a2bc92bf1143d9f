"""Frames as they are kept: parsed, masked, stamped."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from realstack.core.nesting import DEEPEST, too_deep
from realstack.core.writable import writable
from realstack.recording.events import FrameIn, FrameOut
from realstack.websocket.codecs import Codec, Payload
from realstack.websocket.codecs.codec import Content, Message, as_it_is
from realstack.websocket.masking import Masker

Direction = Literal["in", "out"]


@dataclass(frozen=True, slots=True)
class Frame:
    """One message of a connection, as its codec reads them: a frame may hold several, and fragments are joined here.

    Attributes:
        number: 1, 2, … for each connection, both directions counted together, in the order seen here.
        at: When it was received or handed to the socket, seconds on the monotonic clock.
        direction: ``in`` or ``out``.
        content: ``json`` (what the codec read as a value), ``text`` or ``binary``.
        data: The value, the text or the bytes; credentials are replaced by ``<hidden>``.
        size: Bytes of its part of the payload, before compression.
        problem: Why the codec could not read it, and it is the text or the bytes that it is; empty where it could. Also what is
            no JSON in a value that could be read.
    """

    number: int
    at: float
    direction: Direction
    content: Content
    data: Any
    size: int
    problem: str = ""

    def event(self, alias: str) -> FrameIn | FrameOut:
        """What the recorder is told of it."""
        made = FrameIn if self.direction == "in" else FrameOut
        if self.content == "binary":
            digest = hashlib.sha256(self.data).hexdigest()
            return made(alias, None, self.number, self.content, self.size, digest, self.problem, at=self.at)
        return made(alias, self.data, self.number, self.content, self.size, None, self.problem, at=self.at)

    def brief(self, width: int = 300) -> str:
        """One line for people: compact JSON or the text, shortened to a width."""
        if self.content == "binary":
            return f"<{self.size} bytes>"
        text = self.data if isinstance(self.data, str) else compact(self.data)
        text = writable(text.replace("\n", "\\n"))
        return text if len(text) <= width else f"{text[: width - 1]}…"


def read(payload: Payload, codec: Codec, masker: Masker) -> list[tuple[Content, Any, int, str]]:
    """The messages that a payload ends: what each is, its masked content, its size in bytes, and why it could not be read."""
    messages = []
    for message in codec.decode(payload):
        content, data, size, raw, problem = _flat_enough(message, payload)
        problem = problem or _beyond_json(data, raw)
        messages.append((content, _masked(content, data, raw, masker), size, masker.members(problem) if problem else ""))
    return messages


def _flat_enough(message: Message, payload: Payload) -> Message:
    """The message, or what it was read from where nobody can look through it."""
    if message.content != "json" or not too_deep(message.data, message.raw):
        return message
    told = as_it_is(payload if message.raw is None else message.raw, f"nested more than {DEEPEST} levels deep")
    return told._replace(size=message.size)


def _beyond_json(data: Any, raw: str | None) -> str:
    """What a text has that Python reads and JSON has not; empty where it has nothing of the kind."""
    if raw is None or not ("NaN" in raw or "Infinity" in raw):
        return ""
    numbers = [one for one in _values(data) if isinstance(one, float)]
    named = [name for name, is_so in (("NaN", math.isnan), ("Infinity", math.isinf)) if name in raw and any(map(is_so, numbers))]
    if not named:
        return ""
    return f"no JSON: it has {' and '.join(named)} as a number, which JSON has not (RFC 8259, 6); browsers read nothing of it"


def _values(data: Any) -> Iterator[Any]:
    waiting = [data]
    while waiting:
        value = waiting.pop()
        if isinstance(value, (dict, list)):
            waiting += value.values() if isinstance(value, dict) else value
        else:
            yield value


def _masked(content: Content, data: Any, raw: str | None, masker: Masker) -> Any:
    if content == "json":
        return masker.payload(raw, data)
    return masker.members(data) if content == "text" else data


def compact(value: Any) -> str:
    """A value of JSON in one line, for people; bytes in it are counted."""
    return json.dumps(value, ensure_ascii=False, separators=(", ", ": "), default=told)


def told(value: object) -> str:
    """What is no value of JSON, for people."""
    return f"<{len(value)} bytes>" if isinstance(value, bytes) else str(value)
