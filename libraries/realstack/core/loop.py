"""The one background event loop that every library's connections live on.

Robot runs keywords in its main thread and stands still between them; sockets must not. So a single
asyncio loop runs in a daemon thread, and keywords wait on it with [run][BackgroundLoop.run].
Code on the loop never logs through Robot (messages from other threads are dropped): it records, and
the keyword that reads the record logs.
"""

from __future__ import annotations

import asyncio
import atexit
import concurrent.futures
import threading
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any, TypeVar

T = TypeVar("T")

CANCEL_PATIENCE = 2.0
"""Seconds that a cancelled coroutine may take to clean up after itself."""


class LoopTimeout(TimeoutError):
    """The coroutine did not finish within its deadline and was cancelled."""


class BackgroundLoop:
    """An asyncio loop in a daemon thread, started at first use.

    Args:
        name: Of its thread.
    """

    def __init__(self, name: str = "realstack-loop") -> None:
        self._name = name
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The running loop; starts its thread when there is none yet."""
        with self._lock:
            if self._loop is None or self._thread is None or not self._thread.is_alive():
                self._start()
            assert self._loop is not None
            return self._loop

    def _start(self) -> None:
        ready = threading.Event()
        loop = asyncio.new_event_loop()

        def serve() -> None:
            asyncio.set_event_loop(loop)
            loop.call_soon(ready.set)
            try:
                loop.run_forever()
            finally:
                _cancel_all(loop)
                loop.close()

        thread = threading.Thread(target=serve, name=self._name, daemon=True)
        thread.start()
        ready.wait()
        self._loop, self._thread = loop, thread

    def run(self, coroutine: Coroutine[Any, Any, T], timeout: float | timedelta | None = None) -> T:
        """Run a coroutine on the loop and wait for its result.

        Args:
            coroutine: What to run.
            timeout: Seconds (or a timedelta) to wait; ``None`` waits until it ends.

        Raises:
            LoopTimeout: The deadline passed. The coroutine has been cancelled.
            Whatever the coroutine raised. When Robot interrupts the wait (its own time-outs are
            ``BaseException``), the coroutine is cancelled and the interruption goes on.
        """
        if threading.current_thread() is self._thread:
            coroutine.close()
            raise RuntimeError("BackgroundLoop.run() was called on the loop itself; await the coroutine there")
        seconds = timeout.total_seconds() if isinstance(timeout, timedelta) else timeout
        future, finished = self._submit(coroutine)
        try:
            return future.result(seconds)
        except concurrent.futures.TimeoutError as error:
            if future.done():
                # Either the coroutine raised a TimeoutError of its own, or it ended at the last moment.
                return future.result()
            self._cancel(future, finished)
            raise LoopTimeout(f"not finished within {seconds:g} s") from error
        except BaseException:
            self._cancel(future, finished)
            raise

    def spawn(self, coroutine: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
        """Start a coroutine on the loop without waiting; the owner must await or cancel the future."""
        return self._submit(coroutine)[0]

    def _submit(self, coroutine: Coroutine[Any, Any, T]) -> tuple[concurrent.futures.Future[T], threading.Event]:
        """Start a coroutine on the loop.

        Returns:
            Its future, and an event that is set when its task has really ended. The future alone can't tell:
            cancelling marks it done at once, while the task's ``finally`` blocks still run.
        """
        future: concurrent.futures.Future[T] = concurrent.futures.Future()
        finished = threading.Event()
        loop = self.loop

        def start() -> None:
            task = loop.create_task(coroutine)
            task.add_done_callback(settle)
            future.add_done_callback(lambda done: pass_on_cancellation(done, task))

        def pass_on_cancellation(done: concurrent.futures.Future[T], task: asyncio.Task[T]) -> None:
            if done.cancelled() and not loop.is_closed():
                loop.call_soon_threadsafe(task.cancel)

        def settle(task: asyncio.Task[T]) -> None:
            if task.cancelled():
                future.cancel()
            error = None if task.cancelled() else task.exception()
            if future.set_running_or_notify_cancel():
                if error is not None:
                    future.set_exception(error)
                else:
                    future.set_result(task.result())
            finished.set()

        loop.call_soon_threadsafe(start)
        return future, finished

    def _cancel(self, future: concurrent.futures.Future[Any], finished: threading.Event) -> None:
        """Cancel, and wait until the coroutine has cleaned up after itself (at most `CANCEL_PATIENCE`)."""
        if future.cancel():
            finished.wait(CANCEL_PATIENCE)

    def stop(self) -> None:
        """Cancel everything on the loop and end its thread."""
        with self._lock:
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
        if loop is not None and thread is not None and thread.is_alive():
            loop.call_soon_threadsafe(loop.stop)
            thread.join(CANCEL_PATIENCE)


def _cancel_all(loop: asyncio.AbstractEventLoop) -> None:
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    if tasks:
        loop.run_until_complete(asyncio.wait(tasks, timeout=CANCEL_PATIENCE))
    loop.run_until_complete(loop.shutdown_asyncgens())


background = BackgroundLoop()
"""The loop that all libraries of a process share."""
atexit.register(background.stop)
