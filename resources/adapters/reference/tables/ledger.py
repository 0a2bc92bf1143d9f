"""Variable file: what every store must hold, and every tab must be told, of messages, answers and files, beside what is there;
worked out from the rows of messages.

Rows and frames are dictionaries, as stores and tabs gave them.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any

Row = Mapping[str, Any]
Entry = dict[str, Any]

_CLOSE = timedelta(minutes=1)
"""An event says when it was within this of its row: clocks of stores and services may differ, units may not."""
_ENDS = {"completed": "agent_completed", "failed": "agent_error", "stopped": "agent_stopped"}
_NOTHING = "nothing"


def ledger_entries(messages: Sequence[Row], runs: Sequence[Row], files: Sequence[Row], events: Sequence[Row]) -> list[Entry]:
    """What the stores hold of what users said: each `operation` has its `parts` by store, and its `values`, which must be one.

    Args:
        messages: All messages of some users.
        runs: All of their runs.
        files: All of their files, with the numbers of their `kept` pages.
        events: All events that are theirs or are about any of these.
    """
    answers = {str(row["run_id"]): row for row in messages if row["role"] == "agent"}
    of_message = {str(run["message_id"]): run for run in runs}
    of_id = {str(file["id"]): file for file in files}
    found: list[Entry] = []
    wanted: dict[tuple[str, str], str] = {}
    moments: dict[str, datetime] = {}
    for number, question in enumerate(_questions(messages), 1):
        run = of_message.get(str(question["id"]))
        if run is None:
            found.append(_entry(f"the run of question {number}", _told({"message": question["id"]}), []))
            continue
        answer = answers.get(str(run["id"]))
        file = of_id.get(str(question["file_id"]))
        state = _state(run, answer)
        found.append(
            _entry(
                f"the run of question {number}", _told(_run_wanted(question, run, answer, state)), [_told(_run_seen(run, answer))]
            )
        )
        if file is not None:
            found.append(
                _entry(f"the file of question {number}", _told(_file_wanted(question, file, state)), [_told(_file_seen(file))])
            )
        for kind, subject, data, moment in _events_wanted(question, run, answer, file, state):
            wanted[kind, subject] = _event(kind, question, subject, data)
            moments[kind, subject] = moment
    seen: dict[tuple[str, str], list[str]] = defaultdict(list)
    for event in events:
        key = str(event["what"]), str(event["about"])
        of = {"user_id": event["whose"], "thread_id": event["place"]}
        line = _event(key[0], of, key[1], json.loads(event["facts"] or "{}"))
        seen[key].append(line + _when(int(event["made"]), moments.get(key)))
    for key in [*wanted, *(key for key in seen if key not in wanted)]:
        found.append(_entry(" ".join(("the event", *key)), wanted.get(key), seen[key], "event store"))
    return found


def _questions(messages: Iterable[Row]) -> list[Row]:
    return sorted((row for row in messages if row["role"] == "user"), key=lambda row: (str(row["thread_id"]), row["seq"]))


def _entry(operation: str, wanted: str | None, seen: Sequence[str], store: str = "table of work") -> Entry:
    parts = {"table of messages": int(wanted is not None), store: len(seen)}
    return {
        "operation": operation,
        "parts": parts,
        "values": {"table of messages": wanted or _NOTHING, store: "; ".join(seen) or _NOTHING},
    }


def _told(facts: Mapping[str, Any]) -> str:
    return json.dumps(facts, ensure_ascii=False, sort_keys=True, default=str)


def _state(run: Row, answer: Row | None) -> str:
    if answer is None:
        return "failed"
    return "completed" if run["stop_requested_at"] is None else "stopped"


def _run_wanted(question: Row, run: Row, answer: Row | None, state: str) -> Entry:
    of = {name: question[name] for name in ("user_id", "thread_id", "file_id")}
    told = {
        "state": state,
        "finished": True,
        "has an error": state == "failed",
        "was tried": state != "stopped" or run["attempts"] > 0,
    }
    return {**of, **told, "answer": None if answer is None else {**of, "file_id": None, "after it": True}}


def _run_seen(run: Row, answer: Row | None) -> Entry:
    of = {name: run[name] for name in ("user_id", "thread_id", "file_id")}
    finished = run["finished_at"] is not None and run["finished_at"] >= run["created_at"]
    told = {"state": run["state"], "finished": finished, "has an error": bool(run["error"]), "was tried": run["attempts"] > 0}
    if answer is None:
        return {**of, **told, "answer": None}
    after = answer["created_at"] >= run["created_at"]
    return {**of, **told, "answer": {name: answer[name] for name in ("user_id", "thread_id", "file_id")} | {"after it": after}}


def _file_wanted(question: Row, file: Row, state: str) -> Entry:
    read = state == "completed"
    after = {"completed": "processed", "failed": "failed", "stopped": "stored"}[state]
    pages = list(range(1, file["pages"] + 1)) if read else []
    return {"user_id": question["user_id"], "thread_id": question["thread_id"], "state": after, "kept pages": pages}


def _file_seen(file: Row) -> Entry:
    of = {name: file[name] for name in ("user_id", "thread_id", "state")}
    return {**of, "kept pages": list(file["kept"] or ())}


def _events_wanted(
    question: Row, run: Row, answer: Row | None, file: Row | None, state: str
) -> Iterator[tuple[str, str, Entry, datetime]]:
    run_id = str(run["id"])
    yield "message_stored", str(question["id"]), {"seq": question["seq"], "run_id": run_id}, question["created_at"]
    facts = {} if file is None else {name: file[name] for name in ("sha256", "size", "name")}
    if file is not None:
        yield "file_stored", str(file["id"]), facts, question["created_at"]
    ended = run["finished_at"] or question["created_at"]
    if answer is None:
        yield "run_failed", run_id, {"code": run["error"], "attempts": run["attempts"]}, ended
        return
    yield f"run_{state}", run_id, {"message_id": str(answer["id"]), "seq": answer["seq"]}, ended
    if file is not None and state == "completed":
        yield "file_processed", str(file["id"]), {**facts, "pages": file["pages"]}, ended


def _event(kind: str, of: Row, subject: str, data: Mapping[str, Any]) -> str:
    return _told({"kind": kind, "user": of["user_id"], "thread": of["thread_id"], "subject": subject, "data": data})


def _when(made: int, moment: datetime | None) -> str:
    told = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=made)
    return "" if moment is None or abs(told - moment) < _CLOSE else f", made at {told:%F %T} of what was at {moment:%F %T}"


def ledger_of_messages(rows: Sequence[Row], runs: Sequence[Row], files: Sequence[Row]) -> dict[str, Entry]:
    """What a frame, or an answer over REST, must tell of each message, by its id."""
    of_run = {str(run["id"]): run for run in runs}
    of_file = {str(file["id"]): file for file in files}
    told: dict[str, Entry] = {}
    for row in rows:
        body = {name: str(row[name]) for name in ("thread_id", "role", "text")}
        told[str(row["id"])] = body | {"message_id": str(row["id"]), "seq": row["seq"], "created_at": _stamp(row["created_at"])}
        if row["run_id"] is not None:
            run = of_run[str(row["run_id"])]
            told[str(row["id"])] |= {"run_id": str(run["id"]), "answers": str(run["message_id"])}
            if run["state"] == "stopped":
                told[str(row["id"])]["stopped"] = True
        if row["file_id"] is not None:
            file = of_file[str(row["file_id"])]
            told[str(row["id"])]["file"] = {"id": str(file["id"]), "name": file["name"], "size": file["size"]}
    return told


def ledger_of_lists(told: Sequence[Row], messages: Sequence[Row], runs: Sequence[Row], files: Sequence[Row]) -> list[Entry]:
    """What lists over REST tell of messages and files, beside what they must, as `ledger_of_tab` gives it."""
    wanted = ledger_of_messages(messages, runs, files)
    for file in files:
        facts = {name: str(file[name]) for name in ("id", "thread_id", "name", "sha256", "content_type", "state")}
        wanted[str(file["id"])] = (
            facts | {name: file[name] for name in ("size", "pages")} | {"created_at": _stamp(file["created_at"])}
        )
    seen = {str(one.get("message_id") or one.get("id")): one for one in told}
    return [
        {"thing": f"what is listed of {key}", "wanted": _told(wanted.get(key, {})), "seen": _told(seen.get(key, {}))}
        for key in [*wanted, *(key for key in seen if key not in wanted)]
    ]


def ledger_of_conversations(told: Sequence[Row], messages: Sequence[Row]) -> list[Entry]:
    """What the list of conversations tells of the last word in each of them, beside what it must, as `ledger_of_tab` gives it."""
    last = {str(row["thread_id"]): row for row in sorted(messages, key=lambda row: row["seq"])}
    seen = {str(one["id"]): {name: one.get(name) for name in ("last_seq", "updated_at")} for one in told}
    return [
        {
            "thing": f"what was said last in {thread}, by the list of conversations",
            "wanted": _told({"last_seq": row["seq"], "updated_at": _stamp(row["created_at"])}),
            "seen": _told(seen.get(thread, {})),
        }
        for thread, row in last.items()
    ]


def whole_minutes(left: Iterable[float]) -> str:
    """Times in seconds as whole minutes that have begun, each once."""
    return ", ".join(map(str, sorted({ceil(seconds / 60) for seconds in left})))


def _stamp(moment: datetime) -> str:
    """A moment as the platform tells it: in UTC, with milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def ledger_of_tab(frames: Sequence[Row], messages: Sequence[Row], runs: Sequence[Row], files: Sequence[Row]) -> list[Entry]:
    """What a tab was told, frame by frame: each `thing` with what it must be (`wanted`) and what it was (`seen`).

    Args:
        frames: All frames that came to the tab, in their order.
        messages: All messages of its user.
        runs: All runs of its user.
        files: All files of its user.
    """
    bodies = ledger_of_messages(messages, runs, files)
    of_run = {str(run["id"]): run for run in runs}
    found: list[Entry] = []
    stories: dict[str, list[Row]] = defaultdict(list)
    for frame in frames:
        payload, kind = frame["payload"], frame["type"]
        if kind in ("message", "message_accepted") and payload["message_id"] in bodies:
            body = bodies[payload["message_id"]]
            wanted = body if kind == "message" else {name: body[name] for name in ("message_id", "seq", "created_at")}
            seen = {name: value for name, value in payload.items() if name != "duplicate"}
            around = {name: frame.get(name) for name in ("message_id", "thread_id", "seq")}
            found.append(
                {
                    "thing": f"what {kind} tells of message {body['seq']}",
                    "wanted": _told(wanted | {"around": {name: body[name] for name in around}}),
                    "seen": _told(seen | {"around": around}),
                }
            )
        elif kind in _FIELDS and payload.get("run_id") in of_run:
            stories[payload["run_id"]].append(frame)
    answers = {str(row["run_id"]): row for row in messages if row["role"] == "agent"}
    questions = {str(row["id"]): row for row in messages}
    for number, (run_id, story) in enumerate(stories.items(), 1):
        run = of_run[run_id]
        pairs = list(_story(story, run, questions[str(run["message_id"])], answers.get(run_id)))
        wanted, seen = ("\n".join(_told(side) for side in sides) for sides in zip(*pairs, strict=True))
        found.append({"thing": f"what is told of run {number}", "wanted": wanted, "seen": seen})
    return found


def _story(frames: Sequence[Row], run: Row, question: Row, answer: Row | None) -> Iterator[tuple[Entry, Entry]]:
    tool: Any = None
    index = 0
    asked = {"query_message_id": str(question["id"]), "query_seq": question["seq"]}
    ended = {} if answer is None else {"message_id": str(answer["id"]), "seq": answer["seq"], "text": answer["text"]}
    for frame in frames:
        kind, payload = frame["type"], frame["payload"]
        own: Entry = {name: payload[name] for name in ("text", "tool", "input", "output") if payload.get(name)}
        if kind == "tool_executing":
            tool = payload.get("tool")
        elif kind == "tool_completed":
            own["tool"] = tool
        elif kind == "stream_chunk":
            own["index"], index = index, index + 1
        elif kind == "agent_started":
            own = asked
        elif kind == "agent_error":
            own["code"] = run["error"]
        elif kind in (_ENDS["completed"], _ENDS["stopped"]):
            own = ended | (asked if kind == _ENDS["stopped"] else {})
        of_run = {"run_id": str(run["id"]), "event_id": f"{run['id']}:{payload.get('n')}", "n": payload.get("n")}
        places = {"thread_id": str(run["thread_id"])}
        wanted = {name: own.get(name, "some") for name in _FIELDS[kind]} | of_run | places | {"type": kind, "around": places}
        yield wanted, dict(payload) | {"type": kind, "around": {"thread_id": frame.get("thread_id")}}


_FIELDS = {
    "agent_started": ("query_message_id", "query_seq"),
    "agent_thinking": ("text",),
    "tool_executing": ("tool", "input"),
    "tool_completed": ("tool", "output"),
    "stream_chunk": ("text", "index"),
    "agent_completed": ("message_id", "seq", "text"),
    "agent_error": ("code", "text"),
    "agent_stopped": ("message_id", "seq", "text", "query_message_id", "query_seq"),
}
"""What each kind of event tells besides whose it is; none of it is empty, but the text of an answer that was stopped."""
