"""An adapter is found by its name, by a driver of the default one, or by its path."""

from __future__ import annotations

from pathlib import Path

import pytest

from realstack import adapter as variable_file
from realstack.core.errors import StackError
from realstack.platform.adapter import Adapter, find, known_capabilities
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


def test_it_may_name_what_is_a_credential_on_its_platform_and_what_is_not(mine: Path) -> None:
    (mine / "platform.yaml").write_text("driver: external\ncredential_names: ticket, !token\n", encoding="utf-8")
    assert found(str(mine)).credential_names == ("ticket", "!token")
    assert found("reference").credential_names == ()


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


def test_the_reference_has_every_capability() -> None:
    """What it lacked would be skipped in every run, and nobody would see it."""
    assert found("reference").lacking == {}
    assert len(found("reference").capabilities) == len(known_capabilities(ADAPTERS)) > 10


@pytest.mark.parametrize("answer", ["false", "[]", "''", "1"])
def test_an_answer_is_true_or_a_reason(mine: Path, answer: str) -> None:
    (mine / "platform.yaml").write_text(f"capabilities: {{limit: {answer}}}\n", encoding="utf-8")
    with pytest.raises(StackError, match=r"(?s)with `true` or the reason why not: provider, .*limit: "):
        found(str(mine))


def test_a_capability_that_nobody_knows_is_refused_with_those_that_are_known(mine: Path) -> None:
    (mine / "platform.yaml").write_text("capabilities: {limits: true}\n", encoding="utf-8")
    with pytest.raises(StackError, match=r"(?s)a known one.*provider, .*limit, .*transaction.*limits: True"):
        found(str(mine))
