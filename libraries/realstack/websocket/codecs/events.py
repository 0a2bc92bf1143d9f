"""Messages of Server-Sent Events: what an event is called, its id, and its data as another codec reads them."""

from __future__ import annotations

from typing import Any

from realstack.websocket.codecs.codec import Codec, Message, Payload


class Event(str):
    """An event: its data, with what else the server said of it.

    Attributes:
        name: Its type; ``message`` where the server gave none (HTML, 9.2.6).
        id: What it sets the last event's id to; None where it sets none.
    """

    __slots__ = ("id", "name")

    name: str
    id: str | None

    def __new__(cls, data: str, name: str = "message", identity: str | None = None) -> Event:
        made = super().__new__(cls, data)
        made.name = name
        made.id = identity
        return made


class Events(Codec):
    """Reads events as objects of ``event``, ``id`` (where the event has one) and ``data``.

    Args:
        data: Reads the data. Where there are several messages in them, each is one with the same ``event`` and ``id``.
    """

    type_path = "event"

    def __init__(self, data: Codec) -> None:
        self.name = data.name
        self.form = data.form
        self._data = data

    def decode(self, payload: Payload) -> list[Message]:
        if not isinstance(payload, Event):
            return self._data.decode(payload)
        named = {"event": payload.name} if payload.id is None else {"event": payload.name, "id": payload.id}
        beside = " ".join(named.values())
        return [
            # What is JSON was looked at as a text already; in other data credentials are looked for wherever they may be.
            Message("json", {**named, "data": data}, size, f"{beside} {raw}" if raw is not None else None, problem)
            for _, data, size, raw, problem in self._data.decode(str(payload))
        ]

    def encode(self, value: Any) -> list[Payload]:
        return self._data.encode(value)
