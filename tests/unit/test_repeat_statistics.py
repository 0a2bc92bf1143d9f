"""The Wilson bound and what a repeated test's record says."""

import pytest

from repeat.statistics import TestRecord, wilson_upper


@pytest.mark.parametrize(
    ("failures", "runs", "bound"),
    [(0, 20, 0.1611), (1, 20, 0.2361), (0, 1, 0.7935), (20, 20, 1.0), (10, 100, 0.1744)],
)
def test_wilson_upper_bound_agrees_with_published_values(failures: int, runs: int, bound: float) -> None:
    assert wilson_upper(failures, runs) == pytest.approx(bound, abs=5e-4)


@pytest.mark.parametrize(("failures", "runs"), [(0, 0), (-1, 5), (6, 5)])
def test_impossible_counts_are_refused(failures: int, runs: int) -> None:
    with pytest.raises(ValueError, match="Expected 0 <= failures <= runs"):
        wilson_upper(failures, runs)


def test_more_runs_without_failure_lower_the_bound() -> None:
    bounds = [wilson_upper(0, runs) for runs in (1, 5, 20, 100, 1000)]
    assert bounds == sorted(bounds, reverse=True)


def test_record_states_median_and_worst() -> None:
    record = TestRecord("a / b", [1.0, 3.0, 2.0], [(2, "no")])
    assert (record.median, record.worst) == (2.0, 3.0)
    assert record.bound == wilson_upper(1, 3)
