"""The codec of Socket.IO over Engine.IO: events, acknowledgements, namespaces, attachments.

The parser is python-socketio's own. Sources: Engine.IO protocol 4, Socket.IO protocol 5.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from realstack.core.extras import needed
from realstack.websocket.codecs.codec import Codec, Malformed, Message, Payload, read_json, size_of

ENGINE = ("open", "close", "ping", "pong", "message", "upgrade", "noop")
"""Types of Engine.IO's packets, by number; a message is a packet of Socket.IO."""
SOCKET = ("connect", "disconnect", "event", "ack", "connect_error", "event", "ack")
"""Types of Socket.IO's packets, by number; the last two have attachments."""
FIELDS = {
    "connect": {"data"},
    "connect_error": {"data"},
    "disconnect": set(),
    "event": {"event", "args", "id"},
    "ack": {"args", "id"},
}
"""What the packets of Socket.IO hold besides their type and namespace."""


class _Json:
    """JSON as python-socketio's parser is to read and write it."""

    loads = staticmethod(read_json)

    @staticmethod
    def dumps(value: Any, **how: Any) -> str:
        return json.dumps(value, allow_nan=False, **how)


class SocketIO(Codec):
    """Packets as objects.

    An event is ``{"type": "event", "namespace": "/", "event": "joined", "args": ["Hello"]}``, with an ``id`` where an ``ack`` is
    wanted, which has the same ``id`` and ``args`` of its own. ``connect`` and ``connect_error`` have ``data``; ``open``,
    ``ping``, ``pong`` and so on are Engine.IO's, and may have ``data``. Attachments are bytes among the arguments.
    """

    name = "socketio"
    form = 'packets of Socket.IO, such as 42["event","argument"]'
    type_path = "event | type"

    def __init__(self) -> None:
        with needed("to read and write Socket.IO", "socketio"):
            from engineio.packet import Packet as EnginePacket  # noqa: PLC0415 -- only who speaks it needs it
            from socketio.packet import Packet as SocketPacket  # noqa: PLC0415
        self._engine: Any = type("EnginePacket", (EnginePacket,), {"json": _Json})
        self._socket: Any = type("SocketPacket", (SocketPacket,), {"json": _Json})
        self._begun: Any = None  # the packet whose attachments are still to come
        self._size = 0

    def decode(self, payload: Payload) -> list[Message]:
        if isinstance(payload, bytes):
            return self._attach(payload)
        left = [self._give_up()] if self._begun is not None and payload.startswith("4") else []
        try:
            return left + self._understand(payload)
        except (Malformed, RecursionError) as error:
            seen = "it is nested too deeply" if isinstance(error, RecursionError) else error
            return [*left, self.unread(payload, seen)]

    def _understand(self, payload: str) -> list[Message]:
        number = payload[:1]
        if number not in tuple("0123456"):
            raise Malformed("a text that begins with no packet type of Engine.IO, 0 to 6" if payload else "an empty text")
        kind = ENGINE[int(number)]
        if kind != "message":
            data = self._engine(encoded_packet=payload).data
            return [Message("json", {"type": kind} if data == "" else {"type": kind, "data": data}, size_of(payload), payload)]
        if payload[1:2] not in tuple("0123456"):
            raise Malformed("a message that begins with no packet type of Socket.IO, 0 to 6")
        try:
            packet = self._socket(encoded_packet=payload[1:])
        except (ValueError, IndexError, TypeError) as error:  # what the parser makes of it
            raise Malformed(error if isinstance(error, Malformed) else f"a packet that can't be read: {error}") from None
        if packet.attachment_count:
            self._begun, self._size = packet, size_of(payload)
            return []
        return [Message("json", _document(packet), size_of(payload), payload)]

    def _attach(self, payload: bytes) -> list[Message]:
        if self._begun is None:
            return [self.unread(payload, "an attachment, and no packet came before that has any")]
        packet = self._begun
        self._size += len(payload)
        try:
            if not packet.add_attachment(payload):
                return []
            told = Message("json", _document(packet), self._size)
        except (Malformed, ValueError, IndexError, TypeError, RecursionError) as error:
            told = self.unread(payload, f"attachments that do not fit their packet: {error}")
        self._begun = None
        return [told]

    def _give_up(self) -> Message:
        packet, self._begun = self._begun, None
        seen = f"{len(packet.attachments)} of {packet.attachment_count} attachments, and then another packet"
        return self.unread(json.dumps(packet.data), seen)._replace(size=self._size)

    def encode(self, value: Any) -> list[Payload]:
        if not isinstance(value, Mapping):
            raise self.refusal(f"a {type(value).__name__}", "Give an object, such as event=joined and args[0]=Hello.")
        kind = value.get("type", "event" if "event" in value else None)
        try:
            if kind in ENGINE and kind != "message":
                self._check(value, {"data"})
                return [self._engine(ENGINE.index(kind), value.get("data")).encode()]
            if kind not in FIELDS:
                raise self.refusal(f"type {kind!r}", f"Types are {', '.join([*FIELDS, *ENGINE[:4], *ENGINE[5:]])}.")
            self._check(value, FIELDS[kind] | {"namespace"})
            packet = self._socket(SOCKET.index(kind), self._data(kind, value), value.get("namespace"), value.get("id"))
            whole = packet.encode()
        except (TypeError, ValueError, RecursionError) as error:
            raise self.refusal(f"no packet: {error}") from None
        text, *attachments = [whole] if isinstance(whole, str) else whole
        return [f"4{text}", *map(bytes, attachments)]

    def _check(self, value: Mapping[str, Any], fields: set[str]) -> None:
        wrong = sorted(set(value) - fields - {"type"})
        if wrong:
            told = ", ".join(sorted(fields)) or "no fields"
            raise self.refusal(
                f"{', '.join(wrong)} in it", f"It has {told}. An event's arguments are args[0], args[1] and so on."
            )
        number, namespace = value.get("id"), value.get("namespace", "/")
        if number is not None and (isinstance(number, bool) or not isinstance(number, int) or number < 0):
            raise self.refusal(f"id {number!r}", "An id is a whole number, such as ${5}.")
        if not isinstance(namespace, str) or not namespace.startswith("/") or "," in namespace:
            raise self.refusal(f"namespace {namespace!r}", "A namespace begins with a slash and has no comma.")

    def _data(self, kind: str, value: Mapping[str, Any]) -> Any:
        if kind not in {"event", "ack"}:
            return value.get("data")
        args = value.get("args", [])
        if not isinstance(args, (list, tuple)):
            raise self.refusal(f"args {args!r}", "Arguments are an array: args[0]=…, args[1]=….")
        if kind == "ack":
            if "id" not in value:
                raise self.refusal("an ack without id", "Take the id of the event that it acknowledges.")
            return list(args)
        if not isinstance(value.get("event"), str):
            raise self.refusal(f"event {value.get('event')!r}", "Name it: event=joined.")
        return [value["event"], *args]


def _document(packet: Any) -> dict[str, Any]:
    """A packet as an object.

    Raises:
        Malformed: It does not hold what its type says.
    """
    kind, data = SOCKET[packet.packet_type], packet.data
    told: dict[str, Any] = {"type": kind, "namespace": packet.namespace or "/"}
    if packet.id is not None:
        told["id"] = packet.id
    if kind in {"connect", "disconnect", "connect_error"}:
        return told if data is None else {**told, "data": data}
    if kind == "event" and (not isinstance(data, list) or not data or not isinstance(data[0], (str, int))):
        raise Malformed("an event that is no array with its name first")
    if kind == "ack" and (not isinstance(data, list) or packet.id is None):
        raise Malformed("an ack without id, or without an array")
    return {**told, "event": data[0], "args": data[1:]} if kind == "event" else {**told, "args": data}
