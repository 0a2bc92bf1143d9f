"""Codecs of frames that are one message each: texts, and JSON as it comes."""

from __future__ import annotations

import json
from typing import Any

from realstack.websocket.codecs.codec import Codec, Message, Payload, as_it_is, write_json


class Text(Codec):
    """Every frame is what it is: nothing in it is read."""

    name = "text"
    form = "a text, or bytes"

    def decode(self, payload: Payload) -> list[Message]:
        return [as_it_is(payload)]

    def encode(self, value: Any) -> list[Payload]:
        if not isinstance(value, (str, bytes)):
            raise self.refusal(type(value).__name__, "Use [Send Frame] with a text, or another codec= for the connection.")
        return [value]


class Json(Codec):
    """Objects and arrays, in text frames or binary ones; what is neither is kept as it is, and that is no mistake."""

    name = "json"
    form = "a JSON value"

    def decode(self, payload: Payload) -> list[Message]:
        # Most connections of most runs read by this: it looks at no more than it must.
        first = payload[:1]
        if first in ("{", "[") or first in (b"{", b"[") or first.isspace():
            text = payload
            try:
                if isinstance(text, bytes):
                    text = text.decode()
                value = json.loads(text)
            except (ValueError, RecursionError):  # looks like JSON but is not
                return [as_it_is(payload)]
            if isinstance(value, (dict, list)):
                return [Message("json", value, len(payload if text is not payload else text.encode()), text)]
        return [as_it_is(payload)]

    def encode(self, value: Any) -> list[Payload]:
        return [write_json(value, self)]


class BinaryJson(Json):
    """JSON that is sent in binary frames; it is read from both."""

    name = "json-binary"

    def encode(self, value: Any) -> list[Payload]:
        return [write_json(value, self).encode()]
