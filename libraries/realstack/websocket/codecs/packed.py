"""The codec of MessagePack."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from realstack.core.extras import needed
from realstack.websocket.codecs.codec import Codec, Message, Payload, member_name


class MsgPack(Codec):
    """Values of MessagePack in binary frames, one behind the other.

    They are read as values of JSON: keys of maps are texts, timestamps texts as in RFC 3339, bytes stay bytes, and what has an
    application's own type is ``{"ext": type, "data": bytes}``.
    """

    name = "msgpack"
    form = "values of MessagePack in a binary frame"

    def __init__(self) -> None:
        with needed("to read and write MessagePack", "msgpack"):
            import msgpack  # noqa: PLC0415 -- only who speaks it needs it
        self._msgpack: Any = msgpack

    def decode(self, payload: Payload) -> list[Message]:
        if isinstance(payload, str):
            return [self.unread(payload, "a text frame")]
        unpacker = self._msgpack.Unpacker(raw=False, strict_map_key=False, max_buffer_size=max(len(payload), 1))
        unpacker.feed(payload)
        messages: list[Message] = []
        done, seen = 0, "an empty frame" if not payload else "its last value is cut off"
        try:
            for value in unpacker:
                plain = self._plain(value)
                messages.append(Message("json", plain, unpacker.tell() - done))
                done = unpacker.tell()
        except (ValueError, TypeError, OverflowError, RecursionError, self._msgpack.UnpackException) as error:
            seen = f"no MessagePack: {type(error).__name__} {error}".rstrip()
        if done < len(payload) or not messages:
            messages.append(self.unread(payload[done:], f"{seen}, at byte {done}"))
        return messages

    def _plain(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {member_name(name): self._plain(item) for name, item in value.items()}
        if isinstance(value, (list, tuple)) and not isinstance(value, self._msgpack.ExtType):
            return [self._plain(item) for item in value]
        if isinstance(value, self._msgpack.ExtType):
            return {"ext": value.code, "data": value.data}
        if isinstance(value, self._msgpack.Timestamp):
            text = value.to_datetime().replace(tzinfo=None).isoformat()
            # A datetime has no nanoseconds.
            return f"{text[:19]}.{value.nanoseconds:09d}Z" if value.nanoseconds % 1000 else f"{text}Z"
        return value

    def encode(self, value: Any) -> list[Payload]:
        try:
            return [self._msgpack.packb(value, default=self._packable)]
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            raise self.refusal(f"{type(error).__name__}: {error}") from None

    def _packable(self, value: object) -> Any:
        if isinstance(value, Mapping):
            return dict(value)
        raise TypeError(f"a {type(value).__name__}, which MessagePack does not know")
