"""Codecs by name."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from realstack.core.errors import StackError, explain
from realstack.websocket.codecs.codec import Codec
from realstack.websocket.codecs.own import HOW, load, own
from realstack.websocket.codecs.packed import MsgPack
from realstack.websocket.codecs.plain import BinaryJson, Json, Text
from realstack.websocket.codecs.records import JsonLines, SignalR
from realstack.websocket.codecs.rpc import JsonRpc
from realstack.websocket.codecs.socketio import SocketIO
from realstack.websocket.codecs.stomp import Stomp

MakeCodec = Callable[[], Codec]
"""Makes the codec of one direction of one connection."""

CodecName = Any
"""What says which codec is meant: a name, where one of the user's own is, or that itself."""

CODECS: dict[str, MakeCodec] = {
    made.name: made for made in (Json, BinaryJson, JsonLines, JsonRpc, MsgPack, SignalR, SocketIO, Stomp, Text)
}


def find(codec: CodecName) -> MakeCodec:
    """What makes a codec.

    Args:
        codec: A name (``json``), where one of the user's own is (``package.module.Name``, ``path/to/file.py:Name``), or a class,
            a function or a module itself.

    Raises:
        StackError: There is none such; says which there are.
    """
    if not isinstance(codec, str):
        return own(codec, "")
    make = CODECS.get(codec.strip().lower())
    if make is not None:
        make()  # what it needs is missing now, or never
        return make
    if not re.search(r"[./]", codec):
        raise StackError(explain(f"a codec: {', '.join(CODECS)}, or one of your own", f"'{codec}'", remedy=HOW))
    make = own(load(codec.strip()), codec.strip())
    make()
    return make
