"""The codec of JSON-RPC 2.0."""

from __future__ import annotations

import json
from typing import Any

from realstack.websocket.codecs.codec import Codec, Malformed, Message, Payload, read_json, size_of, text_of, write_json


class JsonRpc(Codec):
    """Requests, notifications and responses; each of a batch is a message. What is sent gets its ``jsonrpc`` by itself."""

    name = "json-rpc"
    form = "requests and responses of JSON-RPC 2.0, or an array of them"
    type_path = "method"

    def decode(self, payload: Payload) -> list[Message]:
        try:
            text = text_of(payload)
            value = read_json(text)
        except Malformed as error:
            return [self.unread(payload, error)]
        except RecursionError:
            return [self.unread(payload, "it is nested too deeply")]
        if not isinstance(value, list):
            return [self._message(value, payload, text, size_of(payload))]
        if not value:
            return [self.unread(payload, "an empty array")]
        sizes = [size_of(payload), *[0] * (len(value) - 1)]  # the first of a batch stands for the frame
        return [self._message(one, payload, text, size) for one, size in zip(value, sizes, strict=True)]

    def _message(self, value: Any, payload: Payload, text: str, size: int) -> Message:
        wrong = _wrong(value)
        if not wrong:
            return Message("json", value, size, text)
        part = json.dumps(value)
        return self.unread(part if isinstance(payload, str) else part.encode(), wrong)._replace(size=size)

    def encode(self, value: Any) -> list[Payload]:
        batch = value if isinstance(value, list) else [value]
        told = [{"jsonrpc": "2.0", **one} if isinstance(one, dict) else one for one in batch]
        for one in told:
            if wrong := _wrong(one):
                raise self.refusal(wrong)
        if not told:
            raise self.refusal("an empty array")
        return [write_json(told if isinstance(value, list) else told[0], self)]


def _wrong(value: Any) -> str:
    if not isinstance(value, dict):
        return f"a JSON value that is no object, but {type(value).__name__}"
    if value.get("jsonrpc") != "2.0":
        return "an object whose jsonrpc is not 2.0"
    if not {"method", "result", "error"} & set(value):
        return "an object with neither method nor result nor error"
    return ""
