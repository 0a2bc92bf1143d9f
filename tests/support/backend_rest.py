"""Asking the backend's REST routes as a user, with small PDFs, and the events that come of it."""

from __future__ import annotations

import io
import json
import uuid

import httpx
from reportlab.pdfgen.canvas import Canvas

from support import servers
from support.chat import Chat, User
from support.waiting import until


def client(platform: Chat, user: User | None = None, replica: int = 0) -> httpx.Client:
    """A client of one replica, signed in as a user, or not at all."""
    headers = {"Authorization": f"Bearer {platform.issuer.token(user)}"} if user else {}
    return httpx.Client(base_url=platform.replicas[replica].url, headers=headers, timeout=15, trust_env=False)


def pdf(*pages: str) -> bytes:
    """A real PDF with these texts on its pages."""
    stream = io.BytesIO()
    canvas = Canvas(stream)
    for page in pages:
        for number, line in enumerate(page.splitlines()):
            canvas.drawString(72, 750 - 16 * number, line)
        canvas.showPage()
    canvas.save()
    return stream.getvalue()


def upload(
    platform: Chat, user: User, content: bytes, name: str = "report.pdf", replica: int = 0, **fields: str
) -> httpx.Response:
    """Upload a file to one replica; a thread of its own unless the fields name one."""
    with client(platform, user, replica) as http:
        data = {"thread_id": str(uuid.uuid4()), **fields}
        return http.post("/api/files", data=data, files={"file": (name, content, "application/pdf")})


def events(clickhouse: servers.ClickHouse, subject: str, count: int) -> list[dict[str, str]]:
    """Events about something, as soon as there are so many."""
    headers = {"X-ClickHouse-User": clickhouse.user, "X-ClickHouse-Key": clickhouse.password}
    query = f"SELECT kind, data FROM events.chat_events FINAL WHERE subject_id = '{subject}' FORMAT JSONEachRow"
    rows: list[dict[str, str]] = []

    def came() -> bool:
        answer = httpx.post(clickhouse.url, content=query, headers=headers, trust_env=False)
        rows[:] = [json.loads(line) for line in answer.text.splitlines()] if answer.status_code == 200 else []
        return len(rows) >= count

    until(came, what=f"{count} events about {subject}")
    return rows
