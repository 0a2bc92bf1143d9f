"""What the machine gave, which failures slowness explains, and tests that are no verdict for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import robot
from robot.running import timeouts

from realstack.core import lateness, pressure
from realstack.core.lateness import Late, is_explained_by_slowness
from realstack.core.pressure import Pressure, Reading, between
from realstack.platform.keywords import machine as machine_module
from realstack.platform.keywords.machine import TOO_BUSY, Machine
from realstack.platform.keywords.time_limits import Stretching
from realstack.recording.events import MachineBusy
from realstack.recording.recorder import recorder


def reading(at: float, busy: float = 0.0, own: float = 0.0, **more: Any) -> Reading:
    return Reading(at, busy, more.get("stolen", 0.0), own, more.get("withheld", 0.0), more.get("stalled"))


def test_what_others_took_is_missing() -> None:
    seen = between(reading(0), reading(4, busy=6.0, own=2.0), cores=2)
    assert seen.others == pytest.approx(1.0)
    assert seen.available == pytest.approx(1.0)
    assert str(seen) == "1.0 of 2 cores were there, others used 1.0"


def test_what_was_stolen_and_withheld_is_missing_too() -> None:
    seen = between(reading(0), reading(4, busy=2.0, own=2.0, stolen=2.0, withheld=1.0, stalled=3.0), cores=2)
    assert seen.available == pytest.approx(1.25)
    assert seen.stalled is None, "the kernel told only once"
    seen = between(reading(0, stalled=1.0), reading(4, stolen=2.0, stalled=3.0), cores=2)
    assert str(seen) == (
        "1.5 of 2 cores were there, others used 0.0, the hypervisor took 0.5, something waited for a core 50% of the time"
    )


def test_own_work_is_no_lack() -> None:
    assert not between(reading(0), reading(4, busy=8.0, own=8.0), cores=2).lacks(2)


@pytest.mark.parametrize(("others", "lacks"), [(0.3, False), (0.31, True), (2.0, True), (0.0, False)])
def test_a_seventh_may_be_missing(others: float, lacks: bool) -> None:
    assert Pressure(4.0, 2, others, 0.0, 0.0, None).lacks(2) is lacks


def test_a_moment_is_too_short_to_tell() -> None:
    assert not Pressure(0.04, 2, 2.0, 0.0, 0.0, None).lacks(2)


def test_a_machine_with_too_few_cores_always_lacks() -> None:
    assert Pressure(4.0, 1, 0.0, 0.0, 0.0, None).lacks(2)


def test_work_of_ended_children_is_own_work() -> None:
    before = pressure.read()
    burn = "import time\nwhile time.process_time() < 0.4: pass"
    subprocess.run([sys.executable, "-S", "-c", burn], check=True)
    after = pressure.read()
    assert before is not None
    assert after is not None
    assert after.own - before.own >= 0.3


def test_only_lateness_is_explained_by_slowness() -> None:
    lateness.forget()
    late, wrong = str(Late("Expected: a frame\nSeen: none within 2 s")), "exactly-once violated: m-1 is there twice"
    assert is_explained_by_slowness(late)
    assert is_explained_by_slowness(f"Setup failed:\n{late}")
    assert is_explained_by_slowness("Test timeout 5 seconds exceeded.")
    assert is_explained_by_slowness(f"{late}\n\nAlso teardown failed:\nTest timeout 5 seconds exceeded.")
    assert is_explained_by_slowness(f"Several failures occurred:\n\n1) {late}\n\n2) Keyword timeout 1 second exceeded.")
    assert not is_explained_by_slowness(wrong)
    assert not is_explained_by_slowness(f"{late}\n\nAlso teardown failed:\n{wrong}")
    assert not is_explained_by_slowness(f"Several failures occurred:\n\n1) {wrong}\n\n2) {late}")
    assert not is_explained_by_slowness("")
    lateness.forget()
    assert not is_explained_by_slowness(late)


class Result:
    """A test's result, as Robot Framework hands it to listeners."""

    def __init__(self, message: str, failed: bool = True) -> None:
        self.message, self.failed = message, failed
        self.tags: set[str] = set()
        self.metadata: dict[str, str] = {}


@pytest.fixture
def busy(monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine on which others use both of two cores."""
    readings = iter([reading(0), reading(5, busy=9.5)])
    monkeypatch.setattr(pressure, "read", lambda: next(readings))
    monkeypatch.setattr(pressure.os, "sched_getaffinity", lambda _: {0, 1})
    machine = Machine()
    machine.needed = 2
    return machine


def test_a_late_test_on_a_busy_machine_is_no_verdict(busy: Machine) -> None:
    busy.begin_test()
    test = Result(str(Late("Seen: none within 2 s")))
    busy.end_test(test)
    told, late = test.message.split("\n\n")
    assert told == "INVALID: the machine was too busy: 0.1 of 2 cores were there, others used 1.9; this test needs 2."
    assert late == "Seen: none within 2 s"
    assert test.tags == {TOO_BUSY}
    assert "Machine" in test.metadata


@pytest.mark.parametrize("test", [Result("no-crosstalk violated"), Result("", failed=False)], ids=["wrong", "passed"])
def test_what_slowness_does_not_explain_stays_as_it_is(busy: Machine, test: Result) -> None:
    told = test.message
    busy.begin_test()
    busy.end_test(test)
    assert (test.message, test.tags) == (told, set())


def test_a_run_that_needs_no_certain_cores_is_not_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pressure, "read", lambda: pytest.fail("it was watched"))
    machine = Machine()
    machine.begin_test()
    machine.end_test(SimpleNamespace(failed=True, message="late"))


@pytest.mark.parametrize(("others", "factor"), [(0.0, 1.0), (0.3, 1.0), (1.0, 2.0), (1.5, 4.0), (2.0, 200.0)])
def test_work_takes_as_much_longer_as_cores_are_missing(others: float, factor: float) -> None:
    assert Pressure(4.0, 2, others, 0.0, 0.0, None).slowdown(2) == pytest.approx(factor)


@pytest.mark.parametrize(
    ("factor", "seconds", "told"),
    [
        (1.0, 5.0, "5 seconds"),
        (2.0, 10.0, "10.0 seconds (5 seconds, longer because the machine was busy)"),
        (200.0, 15.0, "15.0 seconds (5 seconds, longer because the machine was busy)"),
    ],
)
def test_a_time_limit_stretches_up_to_a_bound(factor: float, seconds: float, told: str) -> None:
    timeout = timeouts.TestTimeout("5 s", start=True)
    Stretching(timeout).stretch(factor)
    assert (timeout.timeout, str(timeout)) == (seconds, told)
    assert is_explained_by_slowness(f"Test timeout {timeout} exceeded.")


def test_a_time_limit_shrinks_back_when_the_machine_is_quiet_again() -> None:
    timeout = timeouts.TestTimeout("5 s", start=True)
    limit = Stretching(timeout)
    limit.stretch(3)
    limit.stretch(1)
    assert (timeout.timeout, str(timeout)) == (5.0, "5 seconds")


def test_a_test_on_a_busy_machine_has_more_time(busy: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine_module, "LOOK_EVERY", 0.0)
    timeout = timeouts.TestTimeout("5 s", start=True)
    busy.begin_test(timeout)
    busy.go_on()
    assert timeout.timeout == 15.0


def test_what_others_took_stands_in_the_history(busy: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine_module, "LOOK_EVERY", 0.0)
    recording = recorder.begin("busy")
    busy.begin_test()
    busy.go_on()
    (event,) = recording.events()
    assert isinstance(event, MachineBusy)
    assert (event.at, event.seconds, event.available, event.needed) == (5, 5, pytest.approx(0.1), 2)
    assert event.told == "0.1 of 2 cores were there, others used 1.9"


def test_a_quiet_machine_is_nothing_to_tell(busy: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine_module, "LOOK_EVERY", 0.0)
    readings = iter([reading(0), reading(5, busy=9.5, own=9.5)])
    monkeypatch.setattr(pressure, "read", lambda: next(readings))
    recording = recorder.begin("quiet")
    busy.begin_test()
    busy.go_on()
    assert recording.events() == []


STRETCHED = """
*** Test Cases ***
Goes On Past Its Limit
    [Timeout]    1 s
    Sleep    0.7 s
    Sleep    0.7 s
"""


class HardlyAnyMachine:
    """A listener, as the library's is, on a machine that gives a quarter of what tests need."""

    ROBOT_LISTENER_API_VERSION = 3

    def __init__(self) -> None:
        self.machine = Machine()
        self.machine.needed = 2

    def start_test(self, _data: Any, result: Any) -> None:
        self.machine.begin_test(result.timeout)

    def start_keyword(self, _data: Any, _result: Any) -> None:
        self.machine.go_on()


def test_robot_gives_a_test_the_time_that_its_limit_has_become(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    little = Pressure(1.0, 2, 1.5, 0.0, 0.0, None)
    monkeypatch.setattr(pressure, "between", lambda *_: little)
    monkeypatch.setattr(machine_module, "LOOK_EVERY", 0.0)
    suite = tmp_path / "stretched.robot"
    suite.write_text(STRETCHED)
    quiet: dict[str, Any] = {"output": None, "log": None, "report": None, "console": "none"}
    assert robot.run(str(suite), listener=HardlyAnyMachine(), **quiet) == 0
    assert robot.run(str(suite), **quiet) == 1
