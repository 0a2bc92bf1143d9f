"""What the machine gave, which failures slowness explains, and tests that are no verdict for it."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from realstack.core import lateness, pressure
from realstack.core.lateness import Late, is_explained_by_slowness
from realstack.core.pressure import Pressure, Reading, between
from realstack.platform.keywords.machine import TOO_BUSY, Machine


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


@pytest.mark.parametrize(("others", "lacks"), [(0.5, False), (0.51, True), (2.0, True), (0.0, False)])
def test_a_quarter_may_be_missing(others: float, lacks: bool) -> None:
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
