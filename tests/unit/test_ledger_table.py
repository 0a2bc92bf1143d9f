"""The ledger of the reference adapter: what is right holds, and each field that is another is seen."""

from __future__ import annotations

import copy
import json
import runpy
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from support.project import ADAPTERS

LEDGER = runpy.run_path(str(ADAPTERS / "reference" / "tables" / "ledger.py"))
AT = datetime(2026, 1, 31, 12, tzinfo=UTC)
USER, THREAD, FILE = UUID(int=1), UUID(int=2), UUID(int=3)
STATES = ["completed", "stopped", "failed", "completed"]
"""How questions end, one after the other; the last one comes with a file."""

Rows = dict[str, list[dict[str, Any]]]


def _id(kind: int, number: int) -> UUID:
    return UUID(int=kind << 64 | number)


def _event(what: str, about: UUID, facts: dict[str, Any]) -> dict[str, Any]:
    made = int(AT.timestamp() * 1000)
    return {
        "event_id": f"{what} {about}",
        "what": what,
        "whose": str(USER),
        "place": str(THREAD),
        "about": str(about),
        "facts": json.dumps(facts),
        "made": made,
    }


def rows() -> Rows:
    """The stores of a user whose questions ended as `STATES` says."""
    found: Rows = {"messages": [], "runs": [], "files": [], "events": []}
    of = {"user_id": USER, "thread_id": THREAD, "created_at": AT}
    facts = {"sha256": "ab", "size": 7, "name": "a.pdf"}
    for number, state in enumerate(STATES, 1):
        question, run, answer = (_id(kind, number) for kind in (4, 5, 6))
        file = FILE if number == len(STATES) else None
        seq = 2 * number
        message = {**of, "id": question, "seq": seq, "role": "user", "text": "?", "run_id": None, "file_id": file}
        found["messages"].append(message)
        error = "failed" if state == "failed" else None
        stop = AT if state == "stopped" else None
        ran = {"message_id": question, "file_id": file, "state": state, "attempts": 1, "error": error}
        found["runs"].append({**of, **ran, "id": run, "stop_requested_at": stop, "finished_at": AT})
        found["events"].append(_event("message_stored", question, {"seq": seq, "run_id": str(run)}))
        if error:
            found["events"].append(_event("run_failed", run, {"code": error, "attempts": 1}))
            continue
        said = {"id": answer, "seq": seq + 1, "role": "agent", "text": "42", "run_id": run, "file_id": None}
        found["messages"].append({**of, **said})
        found["events"].append(_event(f"run_{state}", run, {"message_id": str(answer), "seq": seq + 1}))
    kept = {"id": FILE, "state": "processed", "pages": 2, "kept": [1, 2], "content_type": "application/pdf"}
    found["files"].append({**of, **facts, **kept})
    found["events"].append(_event("file_stored", FILE, facts))
    found["events"].append(_event("file_processed", FILE, {**facts, "pages": 2}))
    return found


def wrong(stores: Rows) -> list[str]:
    """The operations of which the stores do not have one part each, or not one value."""
    found = LEDGER["ledger_entries"](stores["messages"], stores["runs"], stores["files"], stores["events"])
    return [one["operation"] for one in found if set(one["parts"].values()) != {1} or len(set(one["values"].values())) != 1]


def test_what_belongs_together_holds() -> None:
    assert wrong(rows()) == []


@pytest.mark.parametrize("number", range(len(rows()["events"])))
@pytest.mark.parametrize("field", ["what", "whose", "place", "about", "made", "facts"])
def test_each_field_of_each_event_counts(number: int, field: str) -> None:
    stores = rows()
    event = stores["events"][number]
    event[field] = event[field] // 1000 if field == "made" else "{}" if field == "facts" else "another"
    assert wrong(stores)


CHANGES: dict[str, Callable[[Rows], Any]] = {
    "an event is missing": lambda s: s["events"].pop(),
    "an event is there twice": lambda s: s["events"].append({**s["events"][0], "event_id": "again"}),
    "an event of nothing": lambda s: s["events"].append(_event("run_completed", UUID(int=9), {})),
    "a run is missing": lambda s: s["runs"].pop(0),
    "a run of another user": lambda s: s["runs"][0].update(user_id=UUID(int=9)),
    "a run in another conversation": lambda s: s["runs"][0].update(thread_id=UUID(int=9)),
    "a run that is not over": lambda s: s["runs"][0].update(finished_at=None),
    "a run that ended before it began": lambda s: s["runs"][0].update(finished_at=AT - timedelta(seconds=1)),
    "a run without an attempt": lambda s: s["runs"][0].update(attempts=0),
    "a run whose state is another": lambda s: s["runs"][1].update(state="completed"),
    "a failure without its reason": lambda s: s["runs"][2].update(error=None),
    "an error of a run that is well": lambda s: s["runs"][0].update(error="failed"),
    "a run without its file": lambda s: s["runs"][3].update(file_id=None),
    "an answer in another conversation": lambda s: s["messages"][1].update(thread_id=UUID(int=9)),
    "a file that was never read": lambda s: s["files"][0].update(state="stored"),
    "a page that is not kept": lambda s: s["files"][0].update(kept=[1]),
    "pages from 0": lambda s: s["files"][0].update(kept=[0, 1]),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_does_not_belong_together_is_seen(change: Callable[[Rows], Any]) -> None:
    stores = rows()
    change(stores)
    assert wrong(stores)


def frames() -> list[dict[str, Any]]:
    """What a tab is told of the first question, the third and the second."""
    found: list[dict[str, Any]] = []
    stores = rows()
    bodies = LEDGER["ledger_of_messages"](stores["messages"], stores["runs"], stores["files"])
    for body in bodies.values():
        envelope = {name: body[name] for name in ("message_id", "thread_id", "seq")}
        found.append({"type": "message", "payload": dict(body), **envelope})
        accepted = {name: body[name] for name in ("message_id", "seq", "created_at")}
        found.append({"type": "message_accepted", "payload": accepted, **envelope})

    def tell(number: int, *events: dict[str, Any]) -> None:
        for n, event in enumerate(events, 1):
            run = str(_id(5, number))
            payload = {**event, "run_id": run, "event_id": f"{run}:{n}", "n": n, "thread_id": str(THREAD)}
            found.append({"type": payload.pop("type"), "thread_id": str(THREAD), "payload": payload})

    def asked(number: int) -> dict[str, Any]:
        return {"query_message_id": str(_id(4, number)), "query_seq": 2 * number}

    begun = [
        {"type": "agent_thinking", "text": "I think."},
        {"type": "tool_executing", "tool": "sum", "input": "1"},
        {"type": "tool_completed", "tool": "sum", "output": "42"},
        {"type": "stream_chunk", "text": "4", "index": 0},
        {"type": "stream_chunk", "text": "2", "index": 1},
    ]
    ended = [{"message_id": str(_id(6, number)), "seq": 2 * number + 1, "text": "42"} for number in (1, 2)]
    tell(1, {"type": "agent_started", **asked(1)}, *begun, {"type": "agent_completed", **ended[0]})
    tell(3, {"type": "agent_started", **asked(3)}, {"type": "agent_error", "code": "failed", "text": "No."})
    tell(2, {"type": "agent_stopped", **ended[1], **asked(2)})
    return found


def untrue(told: list[dict[str, Any]]) -> list[str]:
    """The things that a tab was told otherwise than they are."""
    stores = rows()
    found = LEDGER["ledger_of_tab"](told, stores["messages"], stores["runs"], stores["files"])
    return [one["thing"] for one in found if one["wanted"] != one["seen"]]


def test_what_is_told_as_it_is_holds() -> None:
    assert untrue(frames()) == []


FIELDS = [
    (number, where, name)
    for number, frame in enumerate(frames())
    for where in ("payload", "around")
    for name in (frame["payload"] if where == "payload" else frame)
    if name not in ("type", "payload")
    # Of which message or run something is told is judged by other laws.
    and not (where == "payload" and frame["type"] in ("message", "message_accepted") and name == "message_id")
    and name != "run_id"
]


@pytest.mark.parametrize(("number", "where", "name"), FIELDS)
@pytest.mark.parametrize("how", ["lost", "empty"])
def test_each_field_that_is_told_counts(number: int, where: str, name: str, how: str) -> None:
    told = copy.deepcopy(frames())
    of = told[number]["payload"] if where == "payload" else told[number]
    if how == "lost":
        del of[name]
    else:
        of[name] = "" if isinstance(of[name], str) else -1
    assert untrue(told)


def test_what_is_listed_is_what_is_stored() -> None:
    stores = rows()
    wanted = LEDGER["ledger_of_messages"](stores["messages"], stores["runs"], stores["files"])
    facts = {"sha256": "ab", "size": 7, "name": "a.pdf", "content_type": "application/pdf", "state": "processed", "pages": 2}
    file = {"id": str(FILE), "thread_id": str(THREAD), "created_at": LEDGER["_stamp"](AT), **facts}

    def unlike(*told: dict[str, Any]) -> list[str]:
        found = LEDGER["ledger_of_lists"](told, stores["messages"], stores["runs"], stores["files"])
        return [one["thing"] for one in found if one["wanted"] != one["seen"]]

    assert unlike(*wanted.values(), file) == []
    assert unlike(*wanted.values()) == [f"what is listed of {FILE}"]
    assert unlike(*wanted.values(), {**file, "pages": None}) == [f"what is listed of {FILE}"]
    assert unlike(*wanted.values(), file, {**file, "id": "9"}) == ["what is listed of 9"]


def test_a_conversation_is_as_new_as_what_was_said_last() -> None:
    messages = [{**row, "created_at": AT + timedelta(seconds=row["seq"])} for row in reversed(rows()["messages"])]
    told = {"id": str(THREAD), "title": "?", "last_seq": 9, "updated_at": LEDGER["_stamp"](AT + timedelta(seconds=9))}

    def unlike(*told: dict[str, Any]) -> list[str]:
        found = LEDGER["ledger_of_conversations"](told, messages)
        return [one["thing"] for one in found if one["wanted"] != one["seen"]]

    assert unlike(told, {**told, "id": "9"}) == []
    assert unlike() == [f"what was said last in {THREAD}, by the list of conversations"]
    assert len(unlike({**told, "updated_at": LEDGER["_stamp"](AT + timedelta(seconds=8))})) == 1
    assert len(unlike({**told, "last_seq": 8})) == 1
