"""The sandbox for untrusted files: its limits hold, and it is there again after everything."""

from __future__ import annotations

import asyncio
import io
import os
import signal
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import psutil
import pytest
from reportlab.pdfgen.canvas import Canvas

from chat_common.sandbox import JobFailed, Sandbox


def pdf(pages: int, lines: int) -> bytes:
    stream = io.BytesIO()
    canvas = Canvas(stream, pageCompression=1)
    for page in range(pages):
        for line in range(lines):
            canvas.drawString(10, line % 800, f"page {page} line {line} of many words that say nothing")
        canvas.showPage()
    canvas.save()
    return stream.getvalue()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("pdf")
    contents = {"small": pdf(2, 1), "slow": pdf(40, 3000)}
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return {name: str(folder / name) for name in contents}


def in_sandbox(work: Any, **limits: Any) -> None:
    async def scenario() -> None:
        sandbox = Sandbox(**limits)
        try:
            result: Coroutine[Any, Any, None] = work(sandbox)
            await result
        finally:
            await sandbox.close()
        assert not [child for child in psutil.Process().children() if "chat_common.sandbox_worker" in child.cmdline()]

    asyncio.run(scenario())


def test_results_come_back_to_their_callers(files: dict[str, str]) -> None:
    async def work(sandbox: Sandbox) -> None:
        small, pages = await asyncio.gather(
            sandbox.call("page_texts", files["small"], 10), sandbox.call("inspect", files["slow"], 100)
        )
        assert [text.split(" of")[0] for text in small] == ["page 0 line 0", "page 1 line 0"]
        assert pages == 40

    in_sandbox(work)


def test_job_over_its_time_is_ended_and_others_go_on(files: dict[str, str]) -> None:
    async def work(sandbox: Sandbox) -> None:
        slow = asyncio.create_task(sandbox.call("page_texts", files["slow"], 100))
        assert await sandbox.call("inspect", files["small"], 10) == 2
        with pytest.raises(JobFailed, match=r"longer than 0\.7 s") as failed:
            await slow
        assert failed.value.code == "timeout"
        assert await sandbox.call("inspect", files["small"], 10) == 2

    in_sandbox(work, seconds=0.7)


def test_job_over_its_memory_fails_alone(files: dict[str, str]) -> None:
    async def work(sandbox: Sandbox) -> None:
        with pytest.raises(JobFailed) as failed:
            await sandbox.call("page_texts", files["slow"], 100)
        assert failed.value.code in ("memory", "crashed")

    in_sandbox(work, megabytes=1)


def test_refusals_carry_their_code(files: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "none.pdf").write_bytes(b"no pdf")

    async def work(sandbox: Sandbox) -> None:
        for path, pages, code in ((str(tmp_path / "none.pdf"), 5, "not_a_pdf"), (files["slow"], 5, "too_many_pages")):
            with pytest.raises(JobFailed) as failed:
                await sandbox.call("inspect", path, pages)
            assert failed.value.code == code

    in_sandbox(work)


def test_killed_worker_is_replaced(files: dict[str, str]) -> None:
    async def work(sandbox: Sandbox) -> None:
        assert await sandbox.call("inspect", files["small"], 10) == 2
        (worker,) = [child for child in psutil.Process().children() if "chat_common.sandbox_worker" in child.cmdline()]
        slow = asyncio.create_task(sandbox.call("page_texts", files["slow"], 100))
        while not worker.children():
            await asyncio.to_thread(worker.status)
        os.kill(worker.pid, signal.SIGKILL)
        with pytest.raises(JobFailed, match="ended"):
            await slow
        assert await sandbox.call("inspect", files["small"], 10) == 2

    in_sandbox(work)


def test_no_credential_reaches_the_worker(files: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://:geheim@127.0.0.1/0")

    async def work(sandbox: Sandbox) -> None:
        await sandbox.call("inspect", files["small"], 10)
        (worker,) = [child for child in psutil.Process().children() if "chat_common.sandbox_worker" in child.cmdline()]
        assert "REDIS_URL" not in worker.environ()

    in_sandbox(work)
