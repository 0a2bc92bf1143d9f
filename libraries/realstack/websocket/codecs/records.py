"""Codecs of frames that hold several JSON values: lines, and the records of SignalR."""

from __future__ import annotations

import re
from typing import Any

from realstack.websocket.codecs.codec import Codec, Malformed, Message, Payload, read_json, size_of, text_of, write_json

RECORD_SEPARATOR = "\x1e"
# Only line feeds end a line: what else Python takes for an end may stand in a JSON text.
_LINES, _LINES_OF_BYTES = re.compile(r"[^\n]*\n|[^\n]+"), re.compile(rb"[^\n]*\n|[^\n]+")


class JsonLines(Codec):
    """A JSON value on each line; blank lines, which keep a connection alive, are no messages beside others."""

    name = "json-lines"
    form = "a JSON value on each line"

    def decode(self, payload: Payload) -> list[Message]:
        found = _LINES.findall(payload) if isinstance(payload, str) else _LINES_OF_BYTES.findall(payload)
        lines: list[Payload] = [line for line in found if line.strip()]
        return [self.read(line, self._understand) for line in lines or [payload]]

    def _understand(self, line: Payload) -> Message:
        text = text_of(line)
        if not text.strip():
            return Message("text", text, size_of(line))
        return Message("json", read_json(text), size_of(line), text)

    def encode(self, value: Any) -> list[Payload]:
        return [f"{write_json(value, self)}\n"]


class SignalR(Codec):
    """SignalR's JSON protocol: objects, each ended by U+001E, and before them a handshake.

    A handshake, which has no type of its own, gets the type ``handshake``: ``{"type": "handshake", "protocol": "json",
    "version": 1}``, and its answer ``{"type": "handshake"}``, with an ``error`` where it was refused.
    Source: SignalR's HubProtocol.md, JSON Encoding.
    """

    name = "signalr"
    form = "JSON objects, each ended by U+001E"
    type_path = "target | type"

    def decode(self, payload: Payload) -> list[Message]:
        try:
            text = text_of(payload)
        except Malformed as error:
            return [self.unread(payload, f"{error}. SignalR's MessagePack protocol needs a codec of your own")]
        *records, rest = text.split(RECORD_SEPARATOR)
        messages = [self.read(record, self._understand) for record in records]
        if rest or not records:
            messages.append(self.unread(rest, "the last one does not end with U+001E"))
        return messages

    def _understand(self, record: Payload) -> Message:
        text = text_of(record)
        value = read_json(text)
        if not isinstance(value, dict):
            raise Malformed(f"a JSON {_kind(value)}")
        return Message("json", value if "type" in value else {"type": "handshake", **value}, size_of(record) + 1, text)

    def encode(self, value: Any) -> list[Payload]:
        if not isinstance(value, dict):
            raise self.refusal(f"a JSON {_kind(value)}")
        told = {name: item for name, item in value.items() if (name, item) != ("type", "handshake")}
        return [write_json(told, self) + RECORD_SEPARATOR]


def _kind(value: Any) -> str:
    kinds = {dict: "object", list: "array", str: "text", bool: "truth", int: "number", float: "number", type(None): "null"}
    return kinds.get(type(value), type(value).__name__)
