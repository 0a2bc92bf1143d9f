"""The process behind `chat_common.sandbox`: reads jobs from standard input, forks a limited child for each, writes results.

Lines in: `{"id", "job", "values"}`; lines out: `{"id", "result"}` or `{"id", "error", "detail"}`. It ends when its input does,
and takes its children along.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import selectors
import signal
import sys
import time
from dataclasses import dataclass, field
from typing import Any

from chat_common.pdf import JOBS, PdfRefused

RESULT_LIMIT = 12 * 1024 * 1024
PR_SET_PDEATHSIG = 1


@dataclass
class Child:
    """A job that is being worked on."""

    job: int
    pid: int
    pipe: int
    deadline: float
    output: bytearray = field(default_factory=bytearray)


class Worker:
    """Forks, watches and ends the children.

    Args:
        seconds: Time that a job may take.
        megabytes: Address space that a job may use.
    """

    def __init__(self, seconds: float, megabytes: int) -> None:
        self._seconds = seconds
        self._bytes = megabytes * 1024 * 1024
        self._selector = selectors.DefaultSelector()
        self._children: dict[int, Child] = {}
        self._queue: list[dict[str, Any]] = []
        self._input = b""

    def run(self) -> None:
        """Work until standard input ends."""
        self._selector.register(0, selectors.EVENT_READ)
        while True:
            for key, _events in self._selector.select(self._patience()):
                if key.fd == 0:
                    data = os.read(0, 65536)
                    if not data:
                        self._end_children()
                        return
                    self._take(data)
                else:
                    self._read(self._children[key.fd])
            for child in [child for child in self._children.values() if time.monotonic() > child.deadline]:
                self._over(child, {"error": "timeout", "detail": f"The file took longer than {self._seconds:g} s."})
            while self._queue:
                self._fork(self._queue.pop(0))

    def _patience(self) -> float | None:
        if not self._children:
            return None
        return max(0.0, min(child.deadline for child in self._children.values()) - time.monotonic())

    def _take(self, data: bytes) -> None:
        *lines, self._input = (self._input + data).split(b"\n")
        self._queue += [json.loads(line) for line in lines]

    def _fork(self, job: dict[str, Any]) -> None:
        read_end, write_end = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(read_end)
            self._work(job, write_end)
        os.close(write_end)
        self._children[read_end] = Child(job["id"], pid, read_end, time.monotonic() + self._seconds)
        self._selector.register(read_end, selectors.EVENT_READ)

    def _work(self, job: dict[str, Any], pipe: int) -> None:
        # In the child: never returns.
        try:
            _limit(self._bytes, self._seconds)
            answer = {"result": JOBS[job["job"]](*job["values"])}
        except PdfRefused as refusal:
            answer = {"error": refusal.code, "detail": refusal.detail}
        except MemoryError:
            answer = {"error": "memory", "detail": "The file needs too much memory."}
        except BaseException as error:  # the child has no other way to tell
            answer = {"error": "crashed", "detail": f"The file can't be processed ({type(error).__name__})."}
        with os.fdopen(pipe, "wb") as stream:
            stream.write(json.dumps(answer).encode())
        os._exit(0)

    def _read(self, child: Child) -> None:
        data = os.read(child.pipe, 65536)
        child.output += data
        if data and len(child.output) <= RESULT_LIMIT:
            return
        try:
            answer = json.loads(child.output)
        except ValueError:
            answer = {"error": "crashed", "detail": "The file can't be processed: its worker broke off."}
        self._over(child, answer)

    def _over(self, child: Child, answer: dict[str, Any]) -> None:
        self._selector.unregister(child.pipe)
        os.close(child.pipe)
        del self._children[child.pipe]
        os.kill(child.pid, signal.SIGKILL)
        os.waitpid(child.pid, 0)
        sys.stdout.write(json.dumps({"id": child.job, **answer}) + "\n")
        sys.stdout.flush()

    def _end_children(self) -> None:
        for child in self._children.values():
            os.kill(child.pid, signal.SIGKILL)
            os.waitpid(child.pid, 0)


def _limit(address_space: int, seconds: float) -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    resource.setrlimit(resource.RLIMIT_AS, (address_space, address_space))
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, int(seconds) + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    # The service decides when this ends, by closing the input; a signal to the whole group must not come first.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    Worker(float(sys.argv[1]), int(sys.argv[2])).run()
