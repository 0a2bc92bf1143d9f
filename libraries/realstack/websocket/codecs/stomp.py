"""The codec of STOMP (version 1.2, over WebSocket as its clients for browsers speak it)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from realstack.core.writable import writable
from realstack.websocket.codecs.codec import Codec, Malformed, Message, Payload, as_it_is, read_json, write_json

COMMANDS = frozenset(
    {
        *("CONNECT", "STOMP", "CONNECTED", "DISCONNECT", "ERROR", "RECEIPT"),
        *("SEND", "SUBSCRIBE", "UNSUBSCRIBE", "MESSAGE", "ACK", "NACK", "BEGIN", "COMMIT", "ABORT"),
    }
)
BARE = frozenset({"CONNECT", "CONNECTED"})
"""Commands whose headers have no escapes, for version 1.0's sake."""
HEARTBEAT = "heart-beat"
ESCAPES = {"\\n": "\n", "\\r": "\r", "\\c": ":", "\\\\": "\\"}

_HEAD_END = re.compile(rb"\r?\n\r?\n")
_ESCAPE = re.compile(r"\\.?", re.DOTALL)


class Stomp(Codec):
    """Frames as objects: ``{"command": "SEND", "headers": {"destination": "/queue/a"}, "body": "Hello"}``.

    A body that is JSON, by its content type or where it has none, is a value; one that is no text is bytes. A line's end alone is
    ``{"command": "heart-beat"}``.
    """

    name = "stomp"
    form = "frames of STOMP, each ended by a zero byte"
    type_path = "command"

    def decode(self, payload: Payload) -> list[Message]:
        rest = payload.encode() if isinstance(payload, str) else payload
        if rest and not rest.strip(b"\r\n"):
            return [Message("json", {"command": HEARTBEAT}, len(rest))]
        messages: list[Message] = []
        while True:
            frame = rest.lstrip(b"\r\n")
            if not frame and messages:
                return messages
            try:
                told, end = _read(frame)
            except (Malformed, RecursionError) as error:
                seen = "it is nested too deeply" if isinstance(error, RecursionError) else error
                # Where a frame that can't be read ends is not known: it is all that is left.
                text = as_it_is(frame) if isinstance(payload, bytes) else as_it_is(frame.decode())
                return [*messages, self.unread(text.data, seen)]
            size = len(rest) - len(frame) + end
            messages.append(Message("json", told, size))
            rest = frame[end:]

    def encode(self, value: Any) -> list[Payload]:
        if not isinstance(value, Mapping) or str(value.get("command")) not in COMMANDS | {HEARTBEAT}:
            seen = f"command {value.get('command')!r}" if isinstance(value, Mapping) else f"a {type(value).__name__}"
            raise self.refusal(seen, f"Commands are {', '.join(sorted(COMMANDS))} and {HEARTBEAT}.")
        if wrong := sorted(set(value) - {"command", "headers", "body"}):
            raise self.refusal(
                f"{', '.join(wrong)} in it", "A frame has command, headers and body: headers.destination=/queue/a."
            )
        command, headers, body = str(value["command"]), value.get("headers") or {}, value.get("body", "")
        if command == HEARTBEAT:
            return ["\n"]
        if not isinstance(headers, Mapping):
            raise self.refusal(f"headers {headers!r}", "Headers are fields: headers.destination=/queue/a.")
        given = {str(name): one for name, one in headers.items() if one is not None}
        told = {name: "true" if one is True else "false" if one is False else str(one) for name, one in given.items()}
        if not isinstance(body, (str, bytes)):
            body = write_json(body, self)
            told.setdefault("content-type", "application/json")
        text = "".join([*told, *told.values(), body if isinstance(body, str) else ""])
        if writable(text) != text:
            raise self.refusal("half a surrogate pair, which UTF-8 can't tell")
        raw = body.encode() if isinstance(body, str) else body
        if raw:
            told.setdefault("content-length", str(len(raw)))
        lines = [command, *(f"{self._write(name, command)}:{self._write(one, command)}" for name, one in told.items())]
        head = "\n".join(lines) + "\n\n"
        return [head.encode() + raw + b"\0"] if isinstance(body, bytes) else [f"{head}{body}\0"]

    def _write(self, text: str, command: str) -> str:
        if command not in BARE:
            return re.sub(r"[\n\r:\\]", lambda found: {told: written for written, told in ESCAPES.items()}[found[0]], text)
        if re.search(r"[\n\r]", text):
            raise self.refusal("a line's end in a header", f"Headers of {command} can't have one.")
        return text


def _read(data: bytes) -> tuple[dict[str, Any], int]:
    """The frame at the beginning of some bytes, and where it ends.

    Raises:
        Malformed: There is none.
    """
    head = _HEAD_END.search(data)
    if head is None:
        raise Malformed("no blank line behind the headers")
    try:
        command, *lines = data[: head.start()].decode().replace("\r\n", "\n").split("\n")
    except UnicodeDecodeError as error:
        raise Malformed(f"headers that are no text in UTF-8, at byte {error.start}") from None
    if command not in COMMANDS:
        raise Malformed("a first line that is no command of STOMP")
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise Malformed("a header without a colon")
        headers.setdefault(_header(name, command), _header(value, command))  # of repeated ones the first counts
    start = head.end()
    end = data.find(b"\0", start)
    if "content-length" in headers:
        if not re.fullmatch(r"\d{1,12}", headers["content-length"]):
            raise Malformed("a content-length that is no number")
        end = start + int(headers["content-length"])
    if end < 0 or data[end : end + 1] != b"\0":
        raise Malformed("no zero byte behind the body")
    told: dict[str, Any] = {"command": command, "headers": headers}
    if end > start:
        told["body"] = _body(data[start:end], headers.get("content-type", ""))
    return told, end + 1


def _header(text: str, command: str) -> str:
    if command in BARE or "\\" not in text:
        return text
    if wrong := [found for found in _ESCAPE.findall(text) if found not in ESCAPES]:
        raise Malformed(f"a header with the escape {wrong[0]!r}")
    return _ESCAPE.sub(lambda found: ESCAPES[found[0]], text)


def _body(body: bytes, content_type: str) -> Any:
    is_json = re.match(r"application/(.+\+)?json\b", content_type, re.IGNORECASE) is not None
    try:
        text = body.decode()
    except UnicodeDecodeError:
        if is_json:
            raise Malformed("a body of JSON that is no text in UTF-8") from None
        return body
    if is_json:
        return read_json(text)
    if not content_type and text.lstrip()[:1] in ("{", "["):
        try:
            return read_json(text)
        except Malformed:  # nobody said that it is JSON
            return text
    return text
