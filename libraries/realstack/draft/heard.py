"""Frames as their messages: the codec that reads all of them is found by trying each that there is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from realstack.core.json_path import JsonPath, parse
from realstack.draft.observations import Exchange, Frame, Observations
from realstack.websocket.codecs.finding import CODECS

Steps = tuple[str | int, ...]

IN_ORDER = ("socketio", "signalr", "stomp", "json-rpc", "json", "json-lines", "json-binary", "msgpack")
"""Codecs that make values of frames; the one that asks most of a frame first, as several may read the same."""
POLLED = "\x1e"
"""What stands between the packets of Engine.IO in one body (its protocol, 4)."""
_ID = re.compile(r"[\w.:@/+=-]{6,200}")
_UUID = re.compile(r"(?i)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DAY = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")
_KIND = re.compile(r"[A-Za-z][\w.:/ -]{0,48}")
_ONE_OF_THEM = re.compile(r"[:/]\d")
TELLING = 8
"""Characters of which an id tells by itself which thing it names: as good as never do two kinds of things have the same one."""


class Id(str):
    """An id that tells little by itself, such as 17: as a text it begins with the kind of thing that it names, so that the
    message 17 is not the thread 17. A long number tells enough, whatever it names.

    Args:
        kind: ``message``, ``thread`` …
        plain: The value as it stood there.
    """

    __slots__ = ("kind", "plain")
    kind: str
    plain: str | int

    def __new__(cls, kind: str, plain: str | int) -> Self:
        """Make one."""
        tells = len(str(plain)) >= TELLING and isinstance(plain, int)
        made = super().__new__(cls, plain if tells else f"{kind} {plain}")
        made.kind, made.plain = "" if tells else kind, plain
        return made


@dataclass(frozen=True, slots=True)
class Heard:
    """A message of a connection.

    Attributes:
        tab: Whose.
        socket: Of which connection.
        direction: ``out`` or ``in``.
        data: Its value.
        phase: How many texts had been said.
    """

    tab: str
    socket: str
    direction: str
    data: Any
    phase: int


@dataclass(frozen=True, slots=True)
class Reading:
    """What a codec makes of frames: how many it reads, of how many."""

    codec: str
    read: int
    of: int
    problem: str = ""


def hear(observations: Observations) -> tuple[str, list[Heard], list[Reading]]:
    """The codec that reads the most frames, its messages in order, and how well each did; no codec where there are no frames."""
    frames = _with_polled(observations)
    readings, heard = [], {}
    for name in IN_ORDER:
        messages, reading = _read(name, frames)
        readings.append(reading)
        heard[name] = messages
    best = max(readings, key=lambda one: (one.read, -IN_ORDER.index(one.codec)), default=None)
    if best is None or not best.read:
        return "", [], readings
    return best.codec, heard[best.codec], readings


def _read(name: str, frames: Sequence[tuple[Frame, int]]) -> tuple[list[Heard], Reading]:
    codecs: dict[tuple[str, str], Any] = {}
    heard, read, problem = [], 0, ""
    for frame, phase in frames:
        codec = codecs.setdefault((frame.socket, frame.direction), CODECS[name]())
        messages = codec.decode(frame.content)
        bad = next((one.problem or f"a {one.content} message" for one in messages if one.problem or one.content != "json"), "")
        # One that writes text is no codec of binary frames, though it may read them; and the other way round.
        if not bad and frame.binary != (name in ("json-binary", "msgpack")) and not (name == "socketio" and frame.binary):
            bad = "frames of the other kind"
        problem = problem or bad
        read += not bad
        heard += [Heard(frame.tab, frame.socket, frame.direction, one.data, phase) for one in messages if one.content == "json"]
    return heard, Reading(name, read, len(frames), problem)


def _with_polled(observations: Observations) -> list[tuple[Frame, int]]:
    """All frames with their phases; those that Engine.IO sends over HTTP, before it has a socket, before the socket's own."""
    after = [said.after for said in observations.said]
    polled: dict[str, list[Frame]] = {}
    sockets = {_parameter(one.url, "sid"): one for one in observations.sockets}
    for one in observations.exchanges:
        sid = _parameter(one.url, "sid")
        if _parameter(one.url, "transport") == "polling" and sid in sockets:
            polled.setdefault(sockets[sid].id, []).extend(_packets(one, sockets[sid].id))
    told = []
    for number, frame in enumerate(observations.frames):
        phase = sum(number >= first for first in after)
        told += [(one, phase) for one in polled.pop(frame.socket, [])]
        told.append((frame, phase))
    return told


def _packets(exchange: Exchange, socket: str) -> Iterator[Frame]:
    sent = exchange.request.split(POLLED) if exchange.method == "POST" else []
    came = exchange.response.split(POLLED) if exchange.method == "GET" else []
    for direction, packets in (("out", sent), ("in", came)):
        yield from (Frame(socket, exchange.tab, direction, packet) for packet in packets if packet and packet != "ok")


def _parameter(url: str, name: str) -> str:
    return parse_qs(urlsplit(url).query).get(name, [""])[0]


def read_json(text: str) -> Any:
    """What a request or an answer holds; None where it is no JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def leaves(value: Any, steps: Steps = ()) -> Iterator[tuple[Steps, Any]]:
    """All values inside that hold no others, each with its way there."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, (*steps, str(name)))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from leaves(inner, (*steps, number))
    else:
        yield steps, value


def show(steps: Steps) -> str:
    """A way as the house writes paths."""
    return str(JsonPath((steps,)))


def steps_of(path: str) -> Steps:
    """The steps of a path that [show][realstack.draft.heard.show] made."""
    return tuple(step for step in parse(path).alternatives[0] if isinstance(step, str | int))


def at(value: Any, steps: Steps) -> Any:
    """What stands there; None where nothing does."""
    return JsonPath((steps,)).first(value)


def name_of(steps: Steps) -> str:
    """The name of the field, in small letters without humps and lines."""
    names = [step for step in steps if isinstance(step, str)]
    return re.sub(r"[^a-z0-9]", "", names[-1].lower()) if names else ""


def plain(value: Any) -> Any:
    """A value with its ids as they stood there."""
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return list(map(plain, value))
    return value.plain if isinstance(value, Id) else value


def shown(identity: str) -> str:
    """An id as pages, addresses and rows have it."""
    return str(plain(identity))


def is_id(value: Any) -> bool:
    """Whether a value looks as if it named one thing: no word, no sentence, no time of day."""
    if isinstance(value, Id):
        return True
    if not isinstance(value, str) or not _ID.fullmatch(value) or _DAY.match(value):
        return False
    return _UUID.fullmatch(value) is not None or (any(map(str.isdigit, value)) and len(value) >= TELLING)


def is_moment(value: Any) -> bool:
    """Whether a value is a time, as ISO 8601 has it or in seconds or milliseconds since 1970."""
    if isinstance(value, str):
        return _DAY.match(value) is not None
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 1_000_000_000


def is_number(value: Any) -> bool:
    """Whether a value counts something."""
    return isinstance(value, int) and not isinstance(value, bool) and not is_moment(value)


def is_word(value: Any) -> bool:
    """Whether a value may be what a kind of thing is called; ``room:17`` is one of these things."""
    return isinstance(value, str) and _KIND.fullmatch(value) is not None and not is_id(value) and not _ONE_OF_THEM.search(value)
