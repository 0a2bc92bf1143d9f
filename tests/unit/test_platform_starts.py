"""Starts of the embedded platform: who waits for whom, with real processes that become healthy once enough of them start."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import reference_platform
from realstack.core.loop import background
from realstack.lease.lease import Lease
from realstack.platform.driver import Started
from realstack.platform.embedded import EmbeddedDriver
from realstack.platform.ports import PortLocks
from realstack.platform.service import Command, NotReady, Service, Stack, base_environment

LOOKS = 3


class Sleeper(Service):
    """Keeps account of how many of its kind start at the same time, and gets ready when so many have as are expected."""

    starting: set[str]
    most: list[int]

    def __init__(self, stack: Stack, name: str, starting: set[str], most: list[int], expected: int) -> None:
        super().__init__(stack, name)
        self.starting, self.most, self.expected = starting, most, expected
        self._looks = 0

    def prepare(self) -> None:
        self.make_folder()

    def command(self) -> Command:
        self.starting.add(self.name)
        self.most.append(len(self.starting))
        return Command(["sleep", "60"], base_environment(self.folder), self.folder)

    async def probe(self) -> None:
        self._looks += 1
        if self._looks < LOOKS or max(self.most) < self.expected:
            raise NotReady("it sleeps")
        self.starting.discard(self.name)

    async def version(self) -> str:
        return "1"


class BusySleeper(Sleeper):
    busy_start = True


Start = Callable[..., None]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Starts five services of a kind on so many cores; so many of them must start at the same time, and never more."""
    drivers: list[EmbeddedDriver] = []

    def run(kind: type[Sleeper], cores: int, at_once: int) -> None:
        monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(range(cores)))
        lease = Lease(tmp_path / "reaper.log")
        stack = Stack(lease.folder, tmp_path, PortLocks(), tmp_path, tmp_path)
        starting: set[str] = set()
        most: list[int] = []
        for number in range(5):
            kind(stack, f"service-{number}", starting, most, at_once)
        drivers.append(EmbeddedDriver(stack, lease, reference_platform))
        started: list[Started] = []
        background.run(drivers[0].start(started.append))
        assert len(started) == 5
        assert max(most) == at_once

    yield run
    for driver in drivers:
        assert background.run(driver.end()) == []


@pytest.mark.parametrize(("cores", "at_once"), [(1, 2), (2, 2), (3, 3), (8, 5)])
def test_no_more_busy_starts_at_a_time_than_cores(start, cores, at_once):
    start(BusySleeper, cores, at_once)


def test_other_starts_wait_for_nobody(start):
    start(Sleeper, 2, 5)
