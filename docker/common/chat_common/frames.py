"""The envelope that travels over the WebSocket, and how times and identifiers are written in it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def is_uuid(value: object) -> bool:
    """Whether a value is a UUID in its canonical form of 36 characters (RFC 9562)."""
    return isinstance(value, str) and _UUID.fullmatch(value) is not None


def stamp(moment: datetime) -> str:
    """RFC 3339 in UTC with milliseconds, such as `2026-01-31T12:00:00.123Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def milliseconds(moment: datetime) -> int:
    """Milliseconds since 1970, as ClickHouse stores moments."""
    return int(moment.timestamp() * 1000)


def frame(
    kind: str,
    payload: Mapping[str, Any],
    *,
    message_id: str | None = None,
    thread_id: str | None = None,
    seq: int | None = None,
) -> str:
    """Write an envelope as JSON text; members that don't apply are left out."""
    envelope: dict[str, Any] = {"type": kind, "payload": payload, "timestamp": stamp(datetime.now(UTC))}
    for name, value in (("message_id", message_id), ("thread_id", thread_id), ("seq", seq)):
        if value is not None:
            envelope[name] = value
    return json.dumps(envelope, ensure_ascii=False, separators=(",", ":"))


def message_body(row: Mapping[str, Any]) -> dict[str, Any]:
    """MESSAGE of the contract, from a row of `messages` joined with its file (columns `file_name`, `file_size`) and with its
    run (`answers`, the question, and `stopped`)."""
    body: dict[str, Any] = {
        "message_id": str(row["id"]),
        "thread_id": str(row["thread_id"]),
        "seq": row["seq"],
        "role": row["role"],
        "text": row["text"],
        "created_at": stamp(row["created_at"]),
    }
    if row["run_id"] is not None:
        body["run_id"] = str(row["run_id"])
    if row["answers"] is not None:
        body["answers"] = str(row["answers"])
    if row["stopped"]:
        body["stopped"] = True
    if row["file_id"] is not None:
        body["file"] = {"id": str(row["file_id"]), "name": row["file_name"], "size": row["file_size"]}
    return body
