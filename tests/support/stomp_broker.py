"""A STOMP broker that nobody here wrote, CoilMQ's, behind WebSockets: a message for each frame, as browsers get them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from coilmq.auth.simple import SimpleAuthenticator
from coilmq.engine import StompEngine
from coilmq.exception import ProtocolError
from coilmq.protocol import protocol_class_from_first_frame
from coilmq.queue import QueueManager
from coilmq.server import StompConnection
from coilmq.store.memory import MemoryQueue
from coilmq.topic import TopicManager
from coilmq.util.frames import ErrorFrame, Frame, FrameBuffer
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

logging.getLogger("coilmq").setLevel(logging.CRITICAL)  # it logs each wrong use of a client


class _Client(StompConnection):  # type: ignore[misc] # coilmq is untyped
    """A client's connection, as the broker's engine wants it."""

    def __init__(self, socket: ServerConnection) -> None:
        self._socket = socket
        self.last_data = datetime.now()

    def send_frame(self, frame: Frame) -> None:
        self._write(frame.pack())

    def send_heartbeat(self) -> None:
        self._write(b"\n")

    def frames(self) -> Iterator[Frame]:
        for message in self._socket:
            self.last_data = datetime.now()
            data = message.encode() if isinstance(message, str) else message
            if data.strip(b"\r\n"):
                buffer = FrameBuffer()
                buffer.append(data)
                yield from buffer

    def _write(self, data: bytes) -> None:
        try:
            text: str | bytes = data.decode()
        except UnicodeDecodeError:
            text = data
        self._socket.send(text)


class _Broker:
    def __init__(self, logins: dict[str, str]) -> None:
        self._shared: dict[str, Any] = {
            "authenticator": SimpleAuthenticator(logins),
            "queue_manager": QueueManager(MemoryQueue()),
            "topic_manager": TopicManager(),
        }

    def serve(self, socket: ServerConnection) -> None:
        """Serve one connection until it ends or does what the protocol forbids."""
        client = _Client(socket)
        engine: StompEngine | None = None
        try:
            for frame in client.frames():
                engine = engine or StompEngine(client, protocol=protocol_class_from_first_frame(frame), **self._shared)
                engine.process_frame(frame)
        except ProtocolError as error:
            client.send_frame(ErrorFrame(str(error)))
        except ConnectionClosed:
            return  # the client left
        finally:
            if engine is not None:
                engine.unbind()


@contextmanager
def stomp_broker(logins: dict[str, str]) -> Iterator[str]:
    """Run the broker.

    Args:
        logins: Who may come in, and with which passcode.

    Yields:
        Its URL.
    """
    broker = _Broker(logins)
    subprotocols = ["v12.stomp", "v11.stomp", "v10.stomp"]
    with serve(broker.serve, "127.0.0.1", 0, subprotocols=subprotocols, ping_interval=None) as server:  # type: ignore[arg-type]
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}"
        finally:
            server.shutdown()
            thread.join(5)
