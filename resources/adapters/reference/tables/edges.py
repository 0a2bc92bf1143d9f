"""Variable file: what the platform takes just so, and what lies just beyond: longest and shortest texts, first and last numbers.

A line says at which door, what is brought along (as in every_door.yaml), and what it is; `reason` is the code of the refusal, and
without one it is taken. `$own` is a thread of whoever knocks, `$OWN` the same, written in capitals; `$NEW` is an id that nobody
has, in capitals too; `$quiet` is another thread, in which nobody has said anything.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any

# Each is one character, two units of UTF-16 and four bytes of UTF-8: where others are counted, not as many may be said.
LETTER, OTHER_LETTER = "\U0001d535", "\U0001d536"
LONGEST_TEXT = 16_000
LONGEST_TITLE = 200
LONGEST_NAME = 80
LONGEST_KEY = 200
LONGEST_WAY = 2048
MOST_RUNS = 50
LAST_PLACE = 2**62
LONGEST_FRAME = 64 * 1024
LONGEST_BODY = 64 * 1024
LONGEST_CHANGE = 16 * 1024
LONGEST_FORM = 80 * 1024
MOST_PARTS = 16
A_RUN = "00000000-0000-4000-8000-{:012d}"


def _frame(what: str, kind: str, reason: str = "", **more: Any) -> dict[str, Any]:
    message = {"message": "$new"} if kind == "user_message" else {}
    return {"what": what, "type": kind, "thread": "$own", **message, "payload": {}, "reason": reason, **more}


def _said(what: str, text: Any, reason: str = "") -> dict[str, Any]:
    return _frame(what, "user_message", reason, payload={"text": text})


def _named(what: str, title: Any, reason: str = "") -> dict[str, Any]:
    return _frame(what, "thread_rename", reason, payload={"title": title})


def _read(what: str, seq: Any, reason: str = "") -> dict[str, Any]:
    return _frame(what, "thread_read", reason, payload={"seq": seq})


def _resumed(what: str, payload: Any, reason: str = "") -> dict[str, Any]:
    return _frame(what, "resume", reason, payload=payload, thread="$quiet")


def _runs(count: int) -> dict[str, Any]:
    return {"after": 0, "runs": {A_RUN.format(number): 0 for number in range(count)}}


# Refused when they arrive, whatever waits for its turn: each is a burst of its own.
ENVELOPE_EDGES = [
    _frame("an id of a message that is none", "user_message", "bad_frame", message="none", payload={"text": "x"}),
    _frame("a conversation whose id is none", "user_message", "bad_frame", thread="none", payload={"text": "x"}),
    _frame("a payload that is none", "user_message", "bad_frame", payload=["x"]),
]
FRAME_EDGES = [
    _said("a text of one character", "x"),
    _said("a text of as many characters as may be", LONGEST_TEXT * LETTER),
    _frame("a conversation whose id is written in capitals", "user_message", thread="$OWN", payload={"text": "x"}),
    _frame("a message whose id is written in capitals", "user_message", message="$NEW", payload={"text": "x"}),
    _said("a text of one more", (LONGEST_TEXT + 1) * LETTER, "too_long"),
    _said("an empty text", "", "bad_frame"),
    _said("a text of nothing but blanks", " \t\n", "bad_frame"),
    _said("a number for a text", 7, "bad_frame"),
    _said("a text with NUL", "a\0b", "bad_frame"),
    _said("half a character", "\ud83d", "bad_frame"),
    _frame("no text", "user_message", "bad_frame"),
    _frame("no id of a message", "user_message", "bad_frame", message=None, payload={"text": "x"}),
    _frame("no conversation", "user_message", "bad_frame", thread=None, payload={"text": "x"}),
    _frame("a frame that nobody knows", "user_shout", "unknown_type"),
    _named("a title of one character", "x"),
    _named("a title of as many characters as may be", LONGEST_TITLE * LETTER),
    _named("a title of one more", (LONGEST_TITLE + 1) * LETTER, "too_long"),
    _named("a title of nothing but blanks", "  ", "bad_frame"),
    _read("the place before the first", 0),
    _read("the first place", 1),
    _read("the last place that may be", LAST_PLACE),
    _read("a place beyond it", LAST_PLACE + 1, "bad_frame"),
    _read("a place before all", -1, "bad_frame"),
    _read("half a place", 1.5, "bad_frame"),
    _read("a place that is true", True, "bad_frame"),
    _read("a place in words", "1", "bad_frame"),
    _read("no place", None, "bad_frame"),
    _resumed("from the beginning", {"after": 0}),
    _resumed("from where nobody says", {}),
    _resumed("from beyond the last place that may be", {"after": LAST_PLACE + 1}, "bad_frame"),
    _resumed("from before all", {"after": -1}, "bad_frame"),
    _resumed("as many runs as may be", _runs(MOST_RUNS)),
    _resumed("from the last place that may be", {"after": LAST_PLACE}),
    _resumed("one run more", _runs(MOST_RUNS + 1), "bad_frame"),
    _resumed("runs that are a list", {"after": 0, "runs": [A_RUN.format(1)]}, "bad_frame"),
    _resumed("a run whose id is none", {"after": 0, "runs": {"none": 0}}, "bad_frame"),
    _resumed("a place in a run before all", {"after": 0, "runs": {A_RUN.format(1): -1}}, "bad_frame"),
]

NO_FRAMES: dict[str, str | bytes] = {
    "what is no JSON": "{",
    "what is deeper than anybody reads": 30_000 * "[",
    "a list": "[]",
    "nothing but a text": '"ping"',
    "a frame of no type": '{"payload": {}}',
    "a frame whose type is a number": '{"type": 7}',
    "bytes": b'{"type": "ping"}',
}
"""What is refused whatever it says, by what it is."""


def _asked(what: str, path: str, reason: str = "", **query: Any) -> dict[str, Any]:
    return {"what": what, "door": f"GET {path}", "query": query, "reason": reason}


def _posted(what: str, path: str, body: Any, reason: str = "", **more: Any) -> dict[str, Any]:
    return {"what": what, "door": f"POST {path}", "body": body, "reason": reason, **more}


def _changed(what: str, body: Any, reason: str = "", key: str = "$new") -> dict[str, Any]:
    headers = {"Idempotency-Key": key} if key else {}
    return {"what": what, "door": "PATCH /auth/profile", "body": body, "headers": headers, "reason": reason}


def _profile(what: str, reason: str = "", **fields: Any) -> dict[str, Any]:
    return _changed(what, {"display_name": "x", "workspace": {"name": "x"}, **fields}, reason)


def _uploaded(what: str, reason: str = "", **fields: str) -> dict[str, Any]:
    return {"what": what, "door": "POST /api/files", "form": {"thread_id": "$own", **fields}, "reason": reason}


def _by_cookie(what: str, path: str, reason: str, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
    return {"what": what, "door": f"POST {path}", "headers": dict(headers or {}), "reason": reason}


def _in_form(length: int) -> str:
    return (length - len(A_RUN.format(1))) * "x"


def _change_of(length: int) -> dict[str, Any]:
    """A change whose body has so many bytes, as it is sent."""
    around = len(json.dumps({"workspace": {"name": ""}}, separators=(",", ":")))
    return {"workspace": {"name": (length - around) * "x"}}


FOREIGN_ORIGIN = "https://elsewhere.example"
LOGIN, CALLBACK = "/auth/login", "/auth/callback/{provider}"
THREADS, MESSAGES, PLAN = "/api/threads", "/api/threads/{id}/messages", "/api/plan"
ROUTE_EDGES = [
    _asked("one of the list", THREADS, limit=1),
    _asked("none of the list", THREADS, "bad_request", limit=0),
    _asked("less than none", THREADS, "bad_request", limit=-1),
    _asked("as many as may be, and one more", THREADS, limit=501),
    _asked("a number of nineteen digits", THREADS, limit=10**18),
    _asked("a number of twenty digits", THREADS, "bad_request", limit=10**19),
    _asked("a number in digits of elsewhere", THREADS, "bad_request", limit="１"),
    _asked("a number in words", THREADS, "bad_request", limit="one"),
    _asked("from where nothing ended", THREADS, "bad_request", after="none"),
    _asked("from a place without a conversation", THREADS, "bad_request", after="1."),
    _asked("from a moment that is none", THREADS, "bad_request", after=f"x.{A_RUN.format(1)}"),
    _asked("from a moment after all", THREADS, "bad_request", after=f"{10**17}.{A_RUN.format(1)}"),
    {**_asked("one message", MESSAGES, limit=1), "path": "$own"},
    {**_asked("no message", MESSAGES, "bad_request", limit=0), "path": "$own"},
    {**_asked("messages after the last place that may be", MESSAGES, after=LAST_PLACE), "path": "$own"},
    {**_asked("messages from before all", MESSAGES, "bad_request", after=-1), "path": "$own"},
    {**_asked("messages of what is no conversation", MESSAGES, "not_found"), "path": "none"},
    _posted("a title of as many characters as may be", THREADS, {"title": LONGEST_TITLE * LETTER}),
    _posted("a title of one more", THREADS, {"title": (LONGEST_TITLE + 1) * LETTER}, "bad_request"),
    _posted("a title of nothing but blanks", THREADS, {"title": "  "}, "bad_request"),
    _posted("a number for a title", THREADS, {"title": 7}, "bad_request"),
    _posted("no title", THREADS, {}),
    _posted("an id that is none", THREADS, {"id": "none"}, "bad_request"),
    _posted("a list for a body", THREADS, ["x"], "bad_request"),
    _posted("a body that is too long", THREADS, {"title": "x", "more": LONGEST_BODY * "x"}, "body_too_large"),
    _posted("no plan", PLAN, {}, "bad_request"),
    _posted("a plan that is none", PLAN, {"plan": "gold"}, "bad_request"),
    _posted("a plan", PLAN, {"plan": "paid"}),
    _profile("a name of as many characters as may be", display_name=LONGEST_NAME * LETTER),
    _profile("a name of one more", "bad_request", display_name=(LONGEST_NAME + 1) * LETTER),
    _profile("a name of nothing but blanks", "bad_request", display_name="  "),
    _profile("a name with a line end", "bad_request", display_name="a\nb"),
    _profile("a number for a name", "bad_request", display_name=7),
    _profile("a workspace of one character more", "bad_request", workspace={"name": (LONGEST_NAME + 1) * LETTER}),
    _profile("a workspace with more than its name", "bad_request", workspace={"name": "x", "more": "x"}),
    _profile("a workspace without a name", "bad_request", workspace={}),
    _profile("a field that nobody knows", "bad_request", locale="x"),
    _profile("a zone that is none", "bad_request", timezone="Nowhere"),
    _profile("a zone of a place that is none", "bad_request", timezone="Mars/Olympus"),
    _profile("a part of the world for a zone", "bad_request", timezone="Europe"),
    _profile("a number for a zone", "bad_request", timezone=7),
    _changed("no workspace", {"display_name": "x"}, "bad_request"),
    _changed("nothing but a workspace", {"workspace": {"name": "x"}}),
    _changed("a list for a body", ["x"], "bad_request"),
    _changed("a body of as many bytes as may be, most of them of a name", _change_of(LONGEST_CHANGE), "bad_request"),
    _changed("a body of one more", _change_of(LONGEST_CHANGE + 1), "too_large"),
    _changed("no key", {"workspace": {"name": "x"}}, "idempotency_key_missing", key=""),
    _changed("a key of as many characters as may be", {"workspace": {"name": "x"}}, key=LONGEST_KEY * "k"),
    _changed("a key of one more", {"workspace": {"name": "x"}}, "idempotency_key_missing", key=(LONGEST_KEY + 1) * "k"),
    _uploaded("fields of as many bytes as may be", more=_in_form(LONGEST_FORM)),
    _uploaded("fields of one more", "bad_upload", more=_in_form(LONGEST_FORM + 1)),
    _uploaded("as many parts as may be", **{f"more {n}": "x" for n in range(MOST_PARTS - 2)}),
    _uploaded("one part more", "bad_upload", **{f"more {n}": "x" for n in range(MOST_PARTS - 1)}),
    _uploaded("a question of as many characters as may be", question=LONGEST_TEXT * OTHER_LETTER),
    _uploaded("a question of one more", "bad_request", question=(LONGEST_TEXT + 1) * LETTER),
    _uploaded("a message whose id is none", "bad_request", message_id="none"),
    _uploaded("ids that are written in capitals", thread_id="$OWN", message_id="$NEW"),
    _asked("a provider that nobody knows", LOGIN, "unknown_provider", provider="nobody"),
    _asked("a way back of as many characters as may be", LOGIN, return_to="/" + (LONGEST_WAY - 1) * "x"),
    _asked("a way back of one more", LOGIN, "bad_return_to", return_to="/" + LONGEST_WAY * "x"),
    {**_asked("an answer of a provider that nobody knows", CALLBACK, "unknown_provider", state="x"), "path": "nobody"},
    {**_asked("an answer without a state", CALLBACK, "state_missing"), "path": "canaille"},
    {**_asked("an answer with a state that is none", CALLBACK, "state_unknown", state="x", code="x"), "path": "canaille"},
    _by_cookie("a page without the header of the platform's own", "/auth/refresh", "header_missing"),
    _by_cookie("a page of elsewhere", "/auth/refresh", "wrong_origin", {"X-Requested-With": "x", "Origin": FOREIGN_ORIGIN}),
    _by_cookie("a page of elsewhere, to sign out", "/auth/logout", "wrong_origin", {"Origin": FOREIGN_ORIGIN}),
    {"what": "what is no operation", "door": "GET /auth/operations/{operation_id}", "path": "none", "reason": "not_found"},
    {"what": "what is no file", "door": "GET /api/files/{id}", "path": "none", "reason": "not_found"},
]


def _put(what: str, workspace: str, operation: str, reason: str = "") -> dict[str, Any]:
    body = {"user_id": "$user", "name": "x", "operation_id": operation}
    return {"what": what, "door": f"PUT {WORKSPACE}", "path": workspace, "body": body, "reason": reason}


def _deleted(what: str, workspace: str) -> dict[str, Any]:
    return {"what": what, "door": f"DELETE {WORKSPACE}", "path": workspace, "reason": ""}


WORKSPACE = "/internal/workspaces/{id}"
# One after the other, about the same workspaces: who asks again what may have been done, or too late, changes nothing.
SERVICE_EDGES = [
    _put("a workspace", "$made", "$operation"),
    _put("the same again", "$made", "$operation"),
    _put("the same of another operation", "$made", "$later", "workspace_exists"),
    _put("another one of the same operation", "$other", "$operation", "operation_used"),
    _deleted("a workspace that is deleted", "$made"),
    _deleted("the same deleted again", "$made"),
    _put("a workspace that was deleted", "$made", "$operation", "workspace_deleted"),
    _deleted("a workspace that is deleted before it is made", "$early"),
    _put("a workspace whose delete came first", "$early", "$later", "workspace_deleted"),
]


def ids_of_services() -> dict[str, str]:
    """Ids that nobody has, by what `SERVICE_EDGES` calls them."""
    return {name: str(uuid.uuid4()) for name in ("user", "made", "other", "early", "operation", "later")}


def ping_of(length: int) -> str:
    """A ping of so many bytes."""
    ping = json.dumps({"type": "ping", "payload": {"filler": ""}})
    return ping.replace('""', f'"{(length - len(ping)) * "x"}"')


def end_of(number: int) -> dict[str, Any]:
    """What comes after a frame: one of a kind that nobody knows."""
    return {"type": "nothing", "payload": {}, "message_id": _end(number)}


def place_of(line: Mapping[str, Any]) -> tuple[str, str]:
    """Method and path of a line with ids in it."""
    method, path = line["door"].split()
    return method, re.sub(r"{\w+}", line.get("path", ""), path)


def frames_with_ends(
    lines: Iterable[Mapping[str, Any]], thread: str, quiet: str, fill: Callable[..., Any]
) -> list[dict[str, Any]]:
    """Frames as they are sent; after each comes one of a kind that nobody knows: what is refused before that is, was the frame.

    Args:
        lines: Lines of the table.
        thread: A thread of whoever sends them.
        quiet: Another one, in which nobody has said anything.
        fill: Puts ids into a line (`brought_along`).
    """
    found: list[dict[str, Any]] = []
    for number, line in enumerate(fill(line, {"quiet": quiet}, own=thread) for line in lines):
        ids = {"thread_id": line["thread"], "message_id": line.get("message")}
        found.append({"type": line["type"], "payload": line["payload"], **ids})
        found.append(end_of(number))
    return found


def refusals_of(frames: Iterable[Mapping[str, Any]], errors: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """What became of frames that were sent with ends: `what`, the `reason` that was expected, and the `code` that was answered.

    Args:
        frames: Lines of the table.
        errors: The `error_message` frames that came, in order.
    """
    coming = list(errors)
    found = []
    for number, line in enumerate(frames):
        end = next(place for place, error in enumerate(coming) if error.get("message_id") == _end(number))
        code = str(coming[0]["payload"]["code"]) if end else ""
        found.append({"what": f"{line['type']}: {line['what']}", "reason": line["reason"], "code": code})
        del coming[: end + 1]
    return found


def _end(number: int) -> str:
    return str(uuid.UUID(int=number + 1))
