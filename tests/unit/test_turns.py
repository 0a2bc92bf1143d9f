"""Turns of several runs: who waits for whom, and that nobody waits for a run that is over."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from realstack.lease import actions
from realstack.lease.turns import TICKET_FILE, Turns

Start = Callable[..., Turns]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a run: a data folder whose lock is held, as by a lease; `over=True` for one that is over."""
    handles: list[int] = []

    def new(cores: int = 2, *, machine: int = 2, over: bool = False) -> Turns:
        folder = tmp_path / f"run-{len(handles)}"
        folder.mkdir()
        handles.append(os.open(folder / actions.LOCK_FILE, os.O_RDWR | os.O_CREAT))
        if not over:
            fcntl.flock(handles[-1], fcntl.LOCK_EX)
        return Turns(folder, cores, f"results of {folder.name}", machine)

    yield new
    for handle in handles:
        os.close(handle)


def test_a_run_alone_does_not_wait(start):
    assert start().ask() == []


def test_the_second_run_waits_for_the_first_and_knows_whom_it_waits_for(start):
    one, other = start(), start()
    assert one.ask() == []
    (first,) = other.ask()
    assert str(first) == f"process {os.getpid()}, with results in results of run-0"
    assert one.ask() == [], "who has the turn keeps it until it leaves"
    one.leave()
    assert other.ask() == []


def test_turns_go_round(start):
    runs = [start() for _ in range(3)]
    for run in runs:
        run.ask()
    order = []
    for _ in range(6):
        (turn,) = (index for index, run in enumerate(runs) if run.ask() == [])
        order.append(turn)
        runs[turn].leave()
        runs[turn].ask()
    assert order == [0, 1, 2, 0, 1, 2]


def test_a_machine_with_cores_for_both(start):
    runs = [start(machine=4) for _ in range(3)]
    assert [len(run.ask()) for run in runs] == [0, 0, 2]


def test_a_machine_with_fewer_cores_than_one_run_needs(start):
    one, other = start(2, machine=1), start(2, machine=1)
    assert one.ask() == []
    assert len(other.ask()) == 1


def test_a_run_that_needs_no_core_for_itself(start):
    one, soak, other = start(), start(0), start()
    assert (one.ask(), soak.ask()) == ([], [])
    one.leave()
    assert other.ask() == []


def test_nobody_waits_for_a_run_that_is_over(start):
    killed, other = start(over=True), start()
    assert killed.ask() == []
    assert other.ask() == []


def test_nobody_waits_for_a_run_that_was_killed_while_it_wrote(start, tmp_path):
    start()
    (tmp_path / "run-0" / TICKET_FILE).write_text('{"taken": 1')
    assert start().ask() == []


def test_leaving_twice(start):
    run = start()
    run.leave()
    run.ask()
    run.leave()
    run.leave()
    assert start().ask() == []
