"""What was seen of a platform whose tables all count from 1, and which gives messages their ids itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from realstack.draft.observations import Element, Exchange, Found, Frame, Observations, Page, Said, Socket

CHAT = "https://chat.example.org"
TABS = ("speaker", "listener")
Form = Callable[[str, Any, dict[str, Any]], Any]
"""A frame: its name, the number of the request that it is or answers (None where it is neither), and what it says."""


def plain(name: str, number: Any, told: dict[str, Any]) -> Any:
    """An object with a name; what a page sends has a reference, which its answer repeats."""
    return {"event": name, "data": told if number is None else {**told, "ref": number}}


def rpc(name: str, number: Any, told: dict[str, Any]) -> Any:
    """JSON-RPC 2.0."""
    if name == "sent":
        return {"jsonrpc": "2.0", "id": number, "result": told}
    return {"jsonrpc": "2.0", "method": name, "params": told, **({} if number is None else {"id": number})}


def channels(name: str, number: Any, told: dict[str, Any]) -> Any:
    """Arrays as Phoenix has them: a connection's number, the frame's, a topic, a name, and the rest."""
    topic = f"room:{told['room_id']}" if "room_id" in told else "lobby"
    told = {"status": "ok", "response": told} if name == "sent" else told
    return ["1", None if number is None else str(number), topic, name, told]


@dataclass(slots=True)
class Platform:
    """Its frames, rows and pages: four questions are asked in room 1 and answered.

    Args:
        form: How frames are written.
        reference: What a page sends with its n-th frame.
    """

    form: Form = plain
    reference: Callable[[int], Any] = int
    frames: list[Frame] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)

    def look(self) -> Observations:
        """All that was seen."""
        requests, ids, said = count(1), count(1), []
        for tab in TABS:
            self._frame(tab, "in", "hello", None, {"user_id": 1, "connection": f"made for the {tab}"})
            self._frame(tab, "out", "join", self.reference(next(requests)), {"room_id": 1})
        for job in range(1, 5):
            one = Said(f"What is {job}11111 + 222222? [{job}]", str(job * 100_000 + 233_333), len(self.frames), TABS[job == 4])
            said.append(one)
            asked, answer, number = next(ids), next(ids), self.reference(next(requests))
            self._frame(one.tab, "out", "send", number, {"room_id": 1, "body": one.text})
            self._frame(one.tab, "in", "sent", number, {"id": asked})
            self._told({"id": asked, "room_id": 1, "author": {"id": 1, "name": "ann"}, "by": "human", "body": one.text})
            for tab in TABS:
                self._frame(tab, "in", "answer_begun", None, {"job_id": job, "question_id": asked, "room_id": 1})
            self._told({"id": answer, "room_id": 1, "author": {"id": 2}, "by": "bot", "body": f"It is {one.sum}", "job_id": job})
            for tab in TABS:
                self._frame(tab, "in", "answer_done", None, {"job_id": job, "answer_id": answer, "room_id": 1})
        return self._observations(said)

    def _frame(self, tab: str, direction: str, name: str, number: Any, told: dict[str, Any]) -> None:
        self.frames.append(Frame(tab, tab, direction, json.dumps(self.form(name, number, told))))

    def _told(self, row: dict[str, Any]) -> None:
        self.rows.append(row)
        for tab in TABS:
            self._frame(tab, "in", "message", None, row)

    def _observations(self, said: list[Said]) -> Observations:
        as_json = {"content-type": "application/json"}
        login = Exchange(
            "speaker", "POST", f"{CHAT}/login", "fetch", 200, '{"name": "ann", "password": "<hidden 1>"}', headers=as_json
        )
        rooms = Exchange("speaker", "GET", f"{CHAT}/rooms", "fetch", 200)
        room = Exchange("listener", "GET", f"{CHAT}/rooms/1/messages?limit=1", "fetch", 200)
        items = [
            Element(10 + row["id"], "li", {"data-id": str(row["id"]), "class": row["by"]}, inside=(row["body"],))
            for row in self.rows
        ]
        page = Element(0, "body", inside=(Element(1, "ul", inside=tuple(items)), Element(2, "textarea", {"id": "box"})))
        stored = [
            Found("db", "chat_message", "body", place // 2 + 4 * (place % 2), _row(row)) for place, row in enumerate(self.rows)
        ]
        owner = Found("db", "room", "title", 0, {"id": "1", "owner_id": "1", "title": said[0].text})
        return Observations(
            CHAT,
            "ann",
            said,
            [Socket(tab, tab, "wss://chat.example.org/ws") for tab in TABS],
            self.frames,
            [
                replace(login, response='{"id": 1, "name": "ann"}'),
                replace(rooms, response=json.dumps([{"id": 1, "title": said[0].text}])),
                replace(room, response=json.dumps(self.rows)),
            ],
            [Page(moment, "speaker", f"{CHAT}/c/1", page) for moment in ("ready", "said")],
            found=[*stored, owner],
            stores={"db": "postgresql://tester@db.example.org/chat"},
        )


def _row(row: dict[str, Any]) -> dict[str, str | None]:
    return {"id": str(row["id"]), "room_id": "1", "author_id": str(row["author"]["id"]), "body": row["body"]}
