"""Worker processes of this machine, as an executor: calls go to them over pipes, and they end with whoever started them.

A `ProcessPoolExecutor` would read the caller's main module again, end all of its processes when one is lost, and leave them when
the caller is killed. These know nothing but what they are sent, fall one by one, and end when their input does.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future
from typing import Any, BinaryIO, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

PATIENCE = 5.0
"""Seconds that a process may take to end once its input has."""


class LocalWorkers(Executor):
    """One process for each call under way; those that have nothing to do wait for the next one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._all: set[_Worker] = set()
        self._free: list[_Worker] = []
        self._closed = False

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Call a function in a process; what it is given and returns is pickled."""
        worker = self._taken()
        future: Future[T] = Future()
        future.set_running_or_notify_cancel()
        threading.Thread(target=self._call, args=(worker, future, (fn, args, kwargs)), name="load-worker", daemon=True).start()
        return future

    @property
    def processes(self) -> list[subprocess.Popen[bytes]]:
        """Those that are there."""
        with self._lock:
            return [worker.process for worker in self._all if worker.alive]

    def warm(self) -> None:
        """Start a process without waiting for it, so that the first load finds it ready."""
        with self._lock:
            if not self._all and not self._closed:
                worker = _Worker()
                self._all.add(worker)
                self._free.append(worker)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End all processes, also those that have something to do."""
        with self._lock:
            self._closed = True
            workers = list(self._all)
        for worker in workers:
            worker.dismiss()
        for worker in workers if wait else ():
            worker.wait()

    def _taken(self) -> _Worker:
        with self._lock:
            if self._closed:
                raise RuntimeError("The load's workers have been shut down")
            while self._free:
                worker = self._free.pop()
                if worker.alive:
                    return worker
                self._all.discard(worker)
            worker = _Worker()
            self._all.add(worker)
            return worker

    def _call(self, worker: _Worker, future: Future[T], call: tuple[Any, ...]) -> None:
        try:
            good, result = worker.ask(call)
        except Exception as error:  # what can't be pickled, as well as a process that is no more
            good, result = False, error
        with self._lock:
            if worker.alive and not isinstance(result, BrokenExecutor):
                self._free.append(worker)
            else:
                self._all.discard(worker)
        if good:
            future.set_result(result)
        else:
            future.set_exception(result)


class _Worker:
    def __init__(self) -> None:
        path = os.pathsep.join(part or os.getcwd() for part in sys.path)
        self.process = subprocess.Popen(
            [sys.executable, "-c", "from realstack.load.processes import serve; serve()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path},
        )

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def ask(self, call: tuple[Any, ...]) -> tuple[bool, Any]:
        """Whether a call went well, and what it returned or raised.

        Raises:
            BrokenExecutor: The process has ended.
        """
        sent = pickle.dumps(call)
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            self.process.stdin.write(sent)
            self.process.stdin.flush()
            good, result = pickle.load(self.process.stdout)  # noqa: S301 - written by the process that was started here
        except (OSError, EOFError, pickle.UnpicklingError, ValueError):
            self.dismiss()
            raise BrokenExecutor(f"a worker process ended with exit code {self.wait()}") from None
        return bool(good), result

    def dismiss(self) -> None:
        assert self.process.stdin is not None
        with contextlib.suppress(OSError):  # it has ended already
            self.process.stdin.close()

    def wait(self) -> int:
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


def serve() -> None:
    """What a worker process does: call what it is sent, until its input ends."""
    # Ctrl-C reaches the whole group; who started this tells it when to end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whoever prints something must not write into the answers
    calls: queue.SimpleQueue[tuple[Any, ...]] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(sys.stdin.buffer, calls), daemon=True).start()
    while True:
        function, args, kwargs = calls.get()
        try:
            answer = (True, function(*args, **kwargs))
        except BaseException as error:
            answer = (False, error)
        try:
            told = pickle.dumps(answer)
        except Exception as error:
            told = pickle.dumps((False, RuntimeError(f"{answer[1]!r} can't be sent back: {error}")))
        answers.write(told)
        answers.flush()


def _read(source: BinaryIO, calls: queue.SimpleQueue[tuple[Any, ...]]) -> None:
    while True:
        try:
            calls.put(pickle.load(source))  # noqa: S301 - comes from whoever started this process
        except EOFError:
            # Also when whoever started this was killed: nothing may outlive it.
            os._exit(0)
