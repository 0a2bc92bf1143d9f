"""Frames as they are kept: parsed, masked, stamped."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Literal

from realstack.recording.events import FrameIn, FrameOut
from realstack.websocket.masking import Masker

Direction = Literal["in", "out"]
Content = Literal["json", "text", "binary"]


@dataclass(frozen=True, slots=True)
class Frame:
    """One message of a connection (RFC 6455 calls its pieces frames; fragments are joined here).

    Attributes:
        number: 1, 2, … for each connection, both directions counted together, in the order seen here.
        at: When it was received or handed to the socket, seconds on the monotonic clock.
        direction: ``in`` or ``out``.
        content: ``json`` (an object or an array), ``text`` or ``binary``.
        data: The JSON value, the text or the bytes; credentials are replaced by ``<hidden>``.
        size: Bytes of its payload, before compression.
    """

    number: int
    at: float
    direction: Direction
    content: Content
    data: Any
    size: int

    def event(self, alias: str) -> FrameIn | FrameOut:
        """What the recorder is told of it."""
        made = FrameIn if self.direction == "in" else FrameOut
        if self.content == "binary":
            digest = hashlib.sha256(self.data).hexdigest()
            return made(alias, None, self.number, self.content, self.size, digest, at=self.at)
        return made(alias, self.data, self.number, self.content, self.size, at=self.at)

    def brief(self, width: int = 300) -> str:
        """One line for people: compact JSON or the text, shortened to a width."""
        if self.content == "binary":
            return f"<{self.size} bytes>"
        text = self.data if isinstance(self.data, str) else json.dumps(self.data, ensure_ascii=False, separators=(", ", ": "))
        text = text.replace("\n", "\\n")
        return text if len(text) <= width else f"{text[: width - 1]}…"


def parse(payload: str | bytes, masker: Masker) -> tuple[Content, Any, int]:
    """What a payload is, its masked content and its size in bytes."""
    if isinstance(payload, bytes):
        return "binary", payload, len(payload)
    size = len(payload.encode())
    if payload[:1] in ("{", "[") or payload[:1].isspace():
        try:
            value = json.loads(payload)
        except (ValueError, RecursionError):  # looks like JSON but is not: it is kept as the text that it is
            value = None
        if isinstance(value, (dict, list)):
            return "json", masker.payload(payload, value), size
    return "text", masker.text(payload), size
