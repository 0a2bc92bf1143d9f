"""The benchmark's own arithmetic and its page; what it measures is not run here."""

from __future__ import annotations

import importlib
import random
from dataclasses import asdict

import pytest

from bench import views
from bench.__main__ import ROWS, main
from bench.leaks import first_against_last, least_squares, made_up, ours
from bench.measure import figure, percentile, ratios


def test_contenders_are_compared_round_by_round() -> None:
    first, second = ratios("trip", {"plain": [1.0, 2.0, 4.0], "ours": [2.0, 3.0, 4.0]})
    assert (first.value, first.low, first.high, first.ratio) == (2.0, 1.0, 4.0, None)
    assert (second.value, second.ratio) == (3.0, 1.5)
    assert percentile([3, 1, 2], 99) == 3
    assert percentile(list(range(100)), 50) == 50


def test_figures_are_told_on_a_page_and_in_columns() -> None:
    figures = [figure("trip", "<plain>", [1.0, 2.0, 4.0]), figure("trip", "ours", 12345.6, "/s", 1.5)]
    row = {"about": "What & why", "machine": {"cores": 2}, "figures": [asdict(one) for one in figures]}
    told = views.html({"wire": row})
    assert "&lt;plain&gt;" in told
    assert "What &amp; why" in told
    assert "12,346" in told
    assert "1 to 4" in views.console(figures)


@pytest.mark.parametrize("row", ROWS)
def test_each_row_can_be_measured_and_says_what_it_is(row: str) -> None:
    module = importlib.import_module(f"bench.{row}")
    assert callable(module.measure)
    assert module.__doc__


def test_rows_that_do_not_exist_are_told(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["bench", "--only", "nothing"])
    with pytest.raises(SystemExit):
        main()
    assert "there is no row 'nothing'" in capsys.readouterr().err


def test_judges_of_leaks_find_a_large_one() -> None:

    series = made_up(random.Random(1), 100.0, (1000, 250))
    assert ours(*series, 4.0)
    assert first_against_last(*series, 4.0)
    assert least_squares(*series, 4.0)
