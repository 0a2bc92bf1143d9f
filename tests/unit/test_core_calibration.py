"""When a machine counts as slow."""

from __future__ import annotations

import pytest

from realstack.core.calibration import AFTER_SLOW, AGREE, BETWEEN, QUICK, SLOW, Calibration, calibrate

OK = QUICK
LONG = QUICK * SLOW * 1.01


def found(*rounds: float) -> tuple[Calibration, list[float]]:
    """What is found on a machine whose rounds take so long, and the pauses between them."""
    left, pauses = list(rounds), list[float]()
    calibration = calibrate(2, lambda _: left.pop(0), pauses.append)
    assert calibration.rounds == rounds, "as many rounds as are needed, and no more"
    return calibration, pauses


def test_a_quick_machine_is_known_at_once() -> None:
    calibration, pauses = found(OK, OK, OK)
    assert not calibration.slow
    assert pauses == [BETWEEN, BETWEEN]


def test_what_just_keeps_up_is_quick() -> None:
    assert not found(QUICK * SLOW, QUICK * SLOW, QUICK * SLOW)[0].slow


def test_a_slow_machine_is_slow_for_longer_than_a_moment() -> None:
    calibration, pauses = found(LONG, LONG, LONG)
    assert calibration.slow
    assert pauses == [AFTER_SLOW, AFTER_SLOW]


@pytest.mark.parametrize("rounds", [(LONG, OK, OK, OK), (LONG, LONG, OK, OK, OK), (OK, LONG, OK, LONG, OK)])
def test_a_moments_load_makes_no_machine_slow(rounds: tuple[float, ...]) -> None:
    assert not found(*rounds)[0].slow


@pytest.mark.parametrize("rounds", [(OK, LONG, LONG, LONG), (OK, OK, LONG, LONG, LONG), (LONG, OK, LONG, OK, LONG)])
def test_a_moments_quiet_makes_no_machine_quick(rounds: tuple[float, ...]) -> None:
    assert found(*rounds)[0].slow


def test_it_tells_what_it_measured() -> None:
    assert str(Calibration(2, (0.1, 0.25), True)) == "work that 2 quick cores do in 20 ms took 100, 250 ms"


def test_the_work_of_this_machine_is_measured() -> None:
    calibration = calibrate(1, pause=lambda _: None)
    assert len(calibration.rounds) >= AGREE
    assert all(seconds > 0 for seconds in calibration.rounds)
