"""An adapter is found by its name, by a driver of the default one, or by its path."""

from __future__ import annotations

from pathlib import Path

import pytest

from realstack import adapter as variable_file
from realstack.core.errors import StackError
from realstack.platform.adapter import Adapter, find
from support.project import ADAPTERS


def found(given: str, folder: Path = ADAPTERS) -> Adapter:
    return find(given, folder, default="reference")


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    folder = tmp_path / "elsewhere" / "mine"
    folder.mkdir(parents=True)
    (folder / "platform.yaml").write_text("driver: external\nfigures: {outage: 2 s}\n", encoding="utf-8")
    (folder / "staging.yaml").write_text("driver: external\n", encoding="utf-8")
    (folder / "page.yaml").write_text("{}\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize("driver", ["embedded", "compose", "external"])
def test_the_reference_is_run_by_each_of_its_drivers(driver: str) -> None:
    for given in (driver, f"reference/{driver}", str(ADAPTERS / "reference" / f"{driver}.yaml")):
        assert (found(given).name, found(given).driver_file.name) == ("reference", f"{driver}.yaml")


def test_without_a_driver_it_is_the_one_that_the_adapter_names() -> None:
    assert found("reference").driver_file.name == "embedded.yaml"


@pytest.mark.parametrize("absolute", [True, False])
def test_an_adapter_may_stand_anywhere(mine: Path, monkeypatch: pytest.MonkeyPatch, *, absolute: bool) -> None:
    monkeypatch.chdir(mine.parent)
    given = str(mine) if absolute else "mine"
    assert found(given).folder == mine.resolve()
    assert found(given).driver_file == mine.resolve() / "platform.yaml"
    assert found(f"{given}/staging").driver_file == mine.resolve() / "staging.yaml"
    assert found(given).figures == {"outage": "2 s"}


@pytest.mark.parametrize("given", ["embeded", "reference/embeded", "page", "vocabulary", "", "nowhere/at/all"])
def test_what_is_no_adapter_is_told_with_those_that_are(given: str) -> None:
    with pytest.raises(StackError, match=r"(?s)PLATFORM is an adapter \(.*reference.*compose, embedded, external.*It is '"):
        found(given)


def test_a_slip_of_the_pen_is_understood() -> None:
    with pytest.raises(StackError, match=r"Did you mean 'embedded'\?"):
        found("embeded")


def test_what_is_wrong_waits_until_the_platform_is_started(mine: Path) -> None:
    (mine / "platform.yaml").write_text("figures: [1]\n", encoding="utf-8")
    for given, told in {"embeded": "It is 'embeded'", str(mine): "'figures' in"}.items():
        stand_in = variable_file.get_variables(str(ADAPTERS), given)["ADAPTER"]
        assert told in stand_in.problem
        assert stand_in.vocabulary.is_file()
