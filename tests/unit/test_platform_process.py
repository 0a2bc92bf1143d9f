"""Stopping all processes of a service, also one that comes while the others are being stopped."""

from __future__ import annotations

import itertools
import signal
from types import SimpleNamespace
from typing import Any

import pytest

from realstack.core import procfs
from realstack.core.loop import background
from realstack.lease.lease import Child
from realstack.platform.process import ServiceProcess

MAIN, HELPER = 1001, 1002


def stat(pid: int, state: str) -> procfs.ProcessStat:
    return procfs.ProcessStat(pid, "server", state, parent=1, terminal=0, cpu=0, reaped=0, threads=1, started=pid)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, signal.Signals]]:
    """The signals that were sent to a server which is within a fork when it is told to stop: its helper is seen later."""
    told: list[tuple[int, signal.Signals]] = []

    def send(process: procfs.ProcessId, number: signal.Signals) -> bool:
        told.append((process.pid, number))
        return True

    def look() -> list[procfs.ProcessStat]:
        helper = "T" if (HELPER, signal.SIGSTOP) in told else "S"
        return [stat(MAIN, "T"), stat(HELPER, helper)]

    looks = itertools.chain([[stat(MAIN, "R")], [stat(MAIN, "T")]], iter(look, None))
    monkeypatch.setattr(procfs, "send", send)
    monkeypatch.setattr(procfs, "tree", lambda _root: next(looks))
    monkeypatch.setattr(procfs, "is_alive", lambda process: (process.pid, signal.SIGKILL) not in told)
    return told


@pytest.fixture
def server() -> ServiceProcess:
    service: Any = SimpleNamespace(name="store")
    lease: Any = None
    process = ServiceProcess(service, lease)
    process.child = Child(procfs.ProcessId(MAIN, MAIN))
    process.child.ended.set_result(-signal.SIGKILL)
    return process


def test_what_is_started_during_the_stop_is_paused_as_well(
    server: ServiceProcess, sent: list[tuple[int, signal.Signals]]
) -> None:
    receipt = background.run(server.pause())
    assert (receipt.pids, receipt.seen) == ((MAIN, HELPER), "state T")
    assert sent == [(MAIN, signal.SIGSTOP), (HELPER, signal.SIGSTOP)]


def test_what_is_started_during_the_stop_is_killed_as_well(
    server: ServiceProcess, sent: list[tuple[int, signal.Signals]]
) -> None:
    receipt = background.run(server.kill())
    assert receipt.pids == (MAIN, HELPER)
    assert sent == [(process, number) for number in (signal.SIGSTOP, signal.SIGKILL) for process in (MAIN, HELPER)]
