"""A sandbox for work on untrusted files: a small process that forks a limited child for every job.

The service starts `python -m chat_common.sandbox_worker` at the first job. That process has imported what jobs need and nothing
else, so a child costs milliseconds; it holds no credential and no connection. Each child may use so much memory and time and no
more.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import sys
from typing import Any

from chat_common.logs import Log
from chat_common.trace import own_work

log = Log("sandbox")

# Seconds that a job may take from its start; the child's CPU time has the same limit.
JOB_SECONDS = 10.0
# Added for the start of the process itself, once.
START_SECONDS = 10.0
# Jobs at a time.
CHILDREN = 2
# A result is one line.
RESULT_LIMIT = 16 * 1024 * 1024


class JobFailed(Exception):
    """A job did not come to a result.

    Args:
        code: What a job refused with, or `timeout`, `memory`, `crashed`.
        detail: One sentence for people.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class Sandbox:
    """Runs jobs of `chat_common.pdf` in limited children.

    Args:
        seconds: Limit of a job.
        megabytes: Limit of a job's address space.
    """

    def __init__(self, *, seconds: float = JOB_SECONDS, megabytes: int = 768) -> None:
        self._seconds = seconds
        self._megabytes = megabytes
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._numbers = itertools.count(1)
        self._lock = asyncio.Lock()
        # As many as the process works on at a time: the wait for a turn is not a job's own time.
        self._turns = asyncio.Semaphore(CHILDREN)

    async def call(self, job: str, *values: Any) -> Any:
        """Run a job.

        Args:
            job: Name in `chat_common.pdf.JOBS`.
            values: Its arguments, as JSON can carry them.

        Raises:
            JobFailed: It refused the file, or broke a limit.
        """
        async with self._turns:
            return await self._call(job, values)

    async def _call(self, job: str, values: tuple[Any, ...]) -> Any:
        process = await self._started()
        number = next(self._numbers)
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        try:
            assert process.stdin is not None
            process.stdin.write(json.dumps({"id": number, "job": job, "values": values}).encode() + b"\n")
            await process.stdin.drain()
            answer = await asyncio.wait_for(future, self._seconds + START_SECONDS)
        except (ConnectionError, TimeoutError) as error:
            raise JobFailed("crashed", "The process for untrusted files does not answer.") from error
        finally:
            self._waiting.pop(number, None)
        if "error" in answer:
            raise JobFailed(answer["error"], answer["detail"])
        return answer["result"]

    async def _started(self) -> asyncio.subprocess.Process:
        async with self._lock:
            if self._process is None or self._process.returncode is not None:
                await self._retire()
                # The child gets the search path and nothing else: no credential is in its environment.
                environment = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONDONTWRITEBYTECODE": "1"}
                arguments = ["-m", "chat_common.sandbox_worker", str(self._seconds), str(self._megabytes)]
                self._process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    *arguments,
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    env=environment,
                    cwd="/",
                    limit=RESULT_LIMIT,
                )
                self._reader = own_work(self._read(self._process), "sandbox reader")
            return self._process

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        try:
            while line := await process.stdout.readline():
                answer = json.loads(line)
                future = self._waiting.get(answer["id"])
                if future is not None and not future.done():
                    future.set_result(answer)
        finally:
            if process.returncode is None:
                process.kill()
            status = await process.wait()
            log.info("sandbox_ended", status=status, jobs_lost=len(self._waiting))
            for future in self._waiting.values():
                if not future.done():
                    future.set_result({"error": "crashed", "detail": "The process for untrusted files ended."})

    async def _retire(self) -> None:
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)
            self._reader = None

    async def close(self) -> None:
        """End the process and what runs in it."""
        async with self._lock:
            await self._retire()
            self._process = None
