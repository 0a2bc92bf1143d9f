"""A small chat with a form to sign in, a cookie and a WebSocket, whose words are nobody else's."""

from __future__ import annotations

import uuid
from contextlib import ExitStack
from typing import Any

from loopback import served
from robot.api.deco import keyword, library
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

SIGN_IN = """<form action=/enter method=post><input name=nick autocomplete=username><input name=pass type=password>
<button>Enter</button></form>"""
ROOM = """<ul id=lines></ul><div id=line>Linked</div><textarea id=words></textarea><a href=/leave>Log out</a><script>
const room = location.pathname.split('/')[2];
const line = document.querySelector('#line');
const say = (what) => { if (line.textContent !== what) line.textContent = what; };
function link() {
  const socket = new WebSocket(location.origin.replace('http', 'ws') + '/line');
  socket.onopen = () => { say('Linked'); socket.send(JSON.stringify({act: 'enter', room})); };
  socket.onclose = () => { say('Unlinked'); setTimeout(link, 50); };
  socket.onmessage = ({data}) => {
    const {act, item} = JSON.parse(data);
    if (act !== 'line') return;
    const one = document.createElement('li');
    one.dataset.key = item.key;
    one.className = item.by === 'bot' ? 'theirs' : 'ours';
    one.innerHTML = '<b></b> <q></q>';
    one.querySelector('b').textContent = item.by;
    one.querySelector('q').textContent = item.words;
    document.querySelector('#lines').append(one);
  };
  document.querySelector('#words').onkeydown = (event) => {
    if (event.key !== 'Enter') return;
    event.preventDefault();
    socket.send(JSON.stringify({act: 'say', room, item: {key: crypto.randomUUID(), words: event.target.value}}));
    event.target.value = '';
  };
}
link();</script>"""


class Chat:
    """Rooms, who is in them, and what was said."""

    def __init__(self) -> None:
        self.keys: dict[str, str] = {}
        self.lines: dict[str, list[dict[str, Any]]] = {}
        self.here: dict[str, set[WebSocket]] = {}

    async def page(self, request: Request) -> Response:
        if request.cookies.get("entry_token") not in self.keys:
            return HTMLResponse(SIGN_IN)
        if request.url.path == "/":
            return RedirectResponse(f"/rooms/{uuid.uuid4()}", 302)
        return HTMLResponse(ROOM)

    async def enter(self, request: Request) -> Response:
        form = await request.form()
        key = uuid.uuid4().hex
        answer = RedirectResponse("/", 303)
        if form["pass"] == "a good password":
            self.keys[key] = str(form["nick"])
            answer.set_cookie("entry_token", key, httponly=True)
        return answer

    async def line(self, socket: WebSocket) -> None:
        await socket.accept()
        who = self.keys.get(socket.cookies.get("entry_token", ""), "")
        await socket.send_json({"act": "hello", "link": str(uuid.uuid4())})
        try:
            while who:
                await self._take(socket, await socket.receive_json(), who)
        except WebSocketDisconnect:
            for room in self.here.values():
                room.discard(socket)

    async def _take(self, socket: WebSocket, said: dict[str, Any], who: str) -> None:
        room = said["room"]
        lines = self.lines.setdefault(room, [])
        if said["act"] == "enter":
            self.here.setdefault(room, set()).add(socket)
            for line in lines:
                await socket.send_json({"act": "line", "room": room, "item": line})
            return
        await socket.send_json({"act": "taken", "key": said["item"]["key"]})
        await self._tell(room, {**said["item"], "by": who})
        first, _, rest = said["item"]["words"].removeprefix("What is ").partition(" + ")
        total = int(first) + int(rest.partition("?")[0])
        await self._tell(
            room, {"key": str(uuid.uuid4()), "words": f"That makes {total}.", "by": "bot", "to": said["item"]["key"]}
        )

    async def _tell(self, room: str, line: dict[str, Any]) -> None:
        self.lines[room].append(line)
        for socket in list(self.here.get(room, ())):
            await socket.send_json({"act": "line", "room": room, "item": line})


@library(scope="GLOBAL", auto_keywords=False)
class SmallChat:
    """Serves a small chat, from its first use to the end of the run."""

    ROBOT_LISTENER_API_VERSION = 3

    def __init__(self) -> None:
        self.ROBOT_LIBRARY_LISTENER = self
        self._stack = ExitStack()
        self._url = ""

    @keyword
    def small_chat_url(self) -> str:
        """Its origin; whoever signs in knows ``a good password``."""
        if self._url:
            return self._url
        chat = Chat()
        routes = [
            Route("/", chat.page),
            Route("/rooms/{room}", chat.page),
            Route("/enter", chat.enter, methods=["POST"]),
            WebSocketRoute("/line", chat.line),
        ]
        self._url = self._stack.enter_context(served(Starlette(routes=routes)))
        return self._url

    @keyword
    def get_whether_small_chat_is_served(self) -> bool:
        """Whether anybody has asked for its origin yet."""
        return bool(self._url)

    def close(self) -> None:
        """End it with the run."""
        self._stack.close()
