"""The WebSocket route: handshake, receiving, end of a connection."""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from chat_backend.access import SUBPROTOCOL, Access, token_of
from chat_backend.commands import BadFrame, ClientFrame, Commands, read_frame, refuse
from chat_backend.feed import Feed
from chat_backend.hub import Hub
from chat_backend.tab import EXPIRED, POLICY_VIOLATION, TRY_AGAIN_LATER, Send, Tab
from chat_common.errors import StoreUnavailable
from chat_common.frames import frame
from chat_common.logs import Log
from chat_common.tokens import Claims, TokenRefused

log = Log("websocket")

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

PING, AUTH_REFRESH = "ping", "auth_refresh"
# Frames of one tab that wait for their turn; then nothing more is read from its socket.
INBOX = 32


class ChatSocket:
    """ASGI app of the route `/ws`.

    Args:
        access: Decides about tokens.
        hub: Serves tabs.
        commands: Carries out frames.
        origin: The only `Origin` that browsers may come from.
        replica: Name of this instance.
        notice: Seconds before a token's expiry at which the tab is told.
        grace: Seconds that a tab may stay with an expired token.
    """

    def __init__(
        self, access: Access, hub: Hub, commands: Commands, *, origin: str, replica: str, notice: float, grace: float
    ) -> None:
        self._access = access
        self._hub = hub
        self._commands = commands
        self._origin = origin
        self._replica = replica
        self._notice = notice
        self._grace = grace

    @property
    def frames(self) -> list[str]:
        """The types of frames that clients may send."""
        return [PING, AUTH_REFRESH, *self._commands.kinds]

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Serve one connection from its handshake to its end."""
        await receive()
        origin = dict(scope["headers"]).get(b"origin")
        if origin is not None and origin.decode("latin-1") != self._origin:
            await _deny(send, 403, "origin_refused", "This origin may not connect.")
            return
        token = token_of(scope["subprotocols"])
        if token is None:
            await _deny(send, 401, "token_missing", "Offer the subprotocols jwt-auth and jwt.<token>.")
            return
        try:
            claims = await self._access.verify(token)
        except TokenRefused as error:
            log.info("connection_refused", reason=error.reason)
            await _accept_and_close(send, POLICY_VIOLATION, f"token refused: {error.reason}")
            return
        except StoreUnavailable as error:
            log.warning("connection_postponed", reason=error.reason)
            await _accept_and_close(send, TRY_AGAIN_LATER, "try again later")
            return
        await send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL})
        tab = Tab(send, claims)
        self._hub.register(tab)
        try:
            await self._serve(tab, receive)
        finally:
            await self._hub.leave(tab)
            await tab.end()
            log.info("disconnected", connection_id=tab.id, user_id=tab.user_id)

    async def _serve(self, tab: Tab, receive: Receive) -> None:
        if await self._hub.revoked(tab.session_id):
            tab.close(EXPIRED, "session revoked")
            await _until_disconnected(receive)
            return
        await self._access.note_profile(tab.claims)
        greeting = {
            "connection_id": tab.id,
            "user_id": tab.user_id,
            "session_id": tab.session_id,
            "replica": self._replica,
            "expires_at": tab.expires_at,
        }
        try:
            feed = await self._hub.join(tab, frame("connection_established", greeting))
        except StoreUnavailable as error:
            log.warning("connection_postponed", connection_id=tab.id, reason=error.reason)
            tab.close(TRY_AGAIN_LATER, "try again later")
            await _until_disconnected(receive)
            return
        log.info("connected", connection_id=tab.id, user_id=tab.user_id, session_id=tab.session_id)
        tab.schedule_expiry(self._notice, self._grace)
        await _Conversation(self, tab, feed).run(receive)

    async def refresh(self, tab: Tab, token: Any) -> None:
        """Give an open connection a newer token of the same session."""
        try:
            claims: Claims = await self._access.verify(token if isinstance(token, str) else "")
        except TokenRefused as error:
            tab.close(POLICY_VIOLATION, f"token refused: {error.reason}")
            return
        except StoreUnavailable:
            refuse(tab, "unavailable", "The token can't be checked now; send it again.")
            return
        if (claims.user_id, claims.session_id) != (tab.user_id, tab.session_id):
            tab.close(POLICY_VIOLATION, "token of another session")
            return
        if await self._hub.revoked(claims.session_id):
            tab.close(EXPIRED, "session revoked")
            return
        # An older token that arrives late must not shorten what a newer one gave.
        if claims.expires_at >= tab.claims.expires_at:
            tab.claims = claims
            tab.schedule_expiry(self._notice, self._grace)
            await self._access.note_profile(claims)
        tab.offer(frame("auth_refreshed", {"expires_at": tab.expires_at}))

    async def carry_out(self, tab: Tab, feed: Feed, incoming: ClientFrame) -> None:
        """Carry out a frame, unless the tab's token has expired meanwhile."""
        if time.time() >= tab.claims.expires_at:
            if incoming.kind == "resume" and incoming.thread_id:
                feed.release(tab, incoming.thread_id)
            refuse(tab, "token_expired", "The access token has expired; send auth_refresh first.", incoming)
            return
        await self._commands.carry_out(tab, feed, incoming)


class _Conversation:
    """Receives a tab's frames. Commands wait for each other, so that one sender's messages keep their order; `ping` and
    `auth_refresh` wait for nobody, so that a slow store neither looks like a dead line nor lets a token expire."""

    def __init__(self, socket: ChatSocket, tab: Tab, feed: Feed) -> None:
        self._socket = socket
        self._tab = tab
        self._feed = feed
        self._inbox: deque[ClientFrame] = deque()
        self._filled = asyncio.Event()
        self._places = asyncio.Semaphore(INBOX)

    async def run(self, receive: Receive) -> None:
        worker = asyncio.create_task(self._work(), name="tab worker")
        # A reader that waits for a place must notice that the connection was closed.
        self._tab.on_close = self._places.release
        try:
            while True:
                event = await receive()
                if event["type"] == "websocket.disconnect":
                    return
                if self._tab.closing is None:
                    await self._take(event.get("text"))
        finally:
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)

    async def _take(self, text: str | None) -> None:
        try:
            incoming = read_frame(text)
        except BadFrame as error:
            refuse(self._tab, error.code, error.text)
            return
        if incoming.kind == PING:
            self._tab.offer(frame("pong", incoming.payload))
        elif incoming.kind == AUTH_REFRESH:
            await self._socket.refresh(self._tab, incoming.payload.get("token"))
        else:
            if incoming.kind == "resume" and incoming.thread_id:
                # From its arrival on: a store that is slow must not let live messages overtake the replay.
                self._feed.hold(self._tab, incoming.thread_id)
            await self._places.acquire()
            self._inbox.append(incoming)
            self._filled.set()

    async def _work(self) -> None:
        while True:
            await self._filled.wait()
            self._filled.clear()
            while self._inbox:
                try:
                    await self._socket.carry_out(self._tab, self._feed, self._inbox.popleft())
                except Exception:  # a tab whose commands nobody carries out must not seem connected
                    log.error("frame_broke", exc_info=True, connection_id=self._tab.id)
                    self._tab.close(TRY_AGAIN_LATER, "try again later")
                self._places.release()


async def _until_disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "websocket.disconnect":
        pass


async def _accept_and_close(send: Send, code: int, reason: str) -> None:
    # Browsers see no HTTP status of a refused handshake, but they see a close code.
    await send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL})
    await send({"type": "websocket.close", "code": code, "reason": reason})


async def _deny(send: Send, status: int, code: str, detail: str) -> None:
    headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": json.dumps({"error": code, "detail": detail}).encode()})
