"""The background loop: results, deadlines, cancellation and its end."""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest

from realstack.core.loop import BackgroundLoop, LoopTimeout


@pytest.fixture
def background() -> Iterator[BackgroundLoop]:
    loop = BackgroundLoop("test-loop")
    yield loop
    loop.stop()


async def answer(value: object) -> object:
    await asyncio.sleep(0)
    return value


def test_returns_the_result_and_runs_in_another_thread(background: BackgroundLoop) -> None:
    async def where() -> str:
        return threading.current_thread().name

    assert background.run(answer(42), timeout=2) == 42
    assert background.run(where()) == "test-loop"


def test_its_thread_is_served_like_the_rest_of_the_process(background: BackgroundLoop) -> None:
    async def own() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    assert background.run(own()) == os.getpriority(os.PRIO_PROCESS, 0)


def test_raises_what_the_coroutine_raised(background: BackgroundLoop) -> None:
    async def fail() -> None:
        raise KeyError("own")

    with pytest.raises(KeyError, match="own"):
        background.run(fail())


def test_a_timeout_error_of_the_coroutine_is_not_taken_for_the_deadline(background: BackgroundLoop) -> None:
    async def fail() -> None:
        raise TimeoutError("from inside")

    with pytest.raises(TimeoutError, match="from inside") as caught:
        background.run(fail(), timeout=5)
    assert not isinstance(caught.value, LoopTimeout)


@pytest.mark.parametrize("timeout", [0.02, timedelta(milliseconds=20)])
def test_deadline_cancels_and_waits_for_the_clean_up(
    background: BackgroundLoop, timeout: float | timedelta, monkeypatch: pytest.MonkeyPatch
) -> None:
    started, cleaned = threading.Event(), threading.Event()

    async def stubborn() -> None:
        try:
            started.set()
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.05)
            cleaned.set()

    result = concurrent.futures.Future.result

    def after_the_start(future: concurrent.futures.Future[None], seconds: float | None = None) -> None:
        assert started.wait(10), "a coroutine that never starts has nothing to clean up"
        return result(future, seconds)

    monkeypatch.setattr(concurrent.futures.Future, "result", after_the_start)
    with pytest.raises(LoopTimeout, match=r"0\.02 s"):
        background.run(stubborn(), timeout=timeout)
    assert cleaned.is_set()


def test_a_zero_deadline_cancels_a_coroutine_that_never_started(
    background: BackgroundLoop, recwarn: pytest.WarningsRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked, cancelled = threading.Event(), threading.Event()

    def block() -> None:
        blocked.set()
        cancelled.wait(10)

    background.loop.call_soon_threadsafe(block)
    assert blocked.wait(2)
    cancel = concurrent.futures.Future.cancel

    def cancel_and_go_on(future: concurrent.futures.Future[object]) -> bool:
        done = cancel(future)
        cancelled.set()
        return done

    monkeypatch.setattr(concurrent.futures.Future, "cancel", cancel_and_go_on)
    with pytest.raises(LoopTimeout):
        background.run(answer(1), timeout=0)
    assert not [warning for warning in recwarn if "never awaited" in str(warning.message)]


def test_an_interruption_of_the_wait_cancels_the_coroutine(background: BackgroundLoop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Robot's own time-outs are raised in the main thread, inside ``future.result``, as a BaseException."""

    class Interruption(BaseException):
        pass

    started, ended = threading.Event(), threading.Event()

    async def wait_forever() -> None:
        try:
            started.set()
            await asyncio.Event().wait()
        finally:
            ended.set()

    def interrupted(_self: object, _timeout: float | None = None) -> None:
        started.wait(2)
        raise Interruption

    monkeypatch.setattr(concurrent.futures.Future, "result", interrupted)
    with pytest.raises(Interruption):
        background.run(wait_forever())
    assert ended.is_set()


def test_refuses_to_wait_on_the_loop_itself(background: BackgroundLoop) -> None:
    async def inside() -> None:
        background.run(answer(1))

    with pytest.raises(RuntimeError, match="on the loop itself"):
        background.run(inside(), timeout=2)


def test_spawned_work_goes_on_and_can_be_cancelled(background: BackgroundLoop) -> None:
    async def wait_for(event: asyncio.Event) -> str:
        await event.wait()
        return "done"

    event = background.run(make_event())
    future = background.spawn(wait_for(event))
    background.loop.call_soon_threadsafe(event.set)
    assert future.result(2) == "done"
    other = background.spawn(wait_for(asyncio.Event()))
    assert other.cancel()
    with pytest.raises(concurrent.futures.CancelledError):
        other.result(2)


async def make_event() -> asyncio.Event:
    return asyncio.Event()


def test_stop_cancels_what_runs_and_a_new_loop_starts_on_demand(background: BackgroundLoop) -> None:
    ended = threading.Event()

    async def wait_forever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    future = background.spawn(wait_forever())
    background.run(answer(None))
    background.stop()
    assert ended.is_set()
    with pytest.raises(concurrent.futures.CancelledError):
        future.result(2)
    assert background.run(answer("again")) == "again"
