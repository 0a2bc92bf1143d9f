"""An adapter is found by its name, by a driver of the default one, or by its path."""

from __future__ import annotations

from pathlib import Path

import pytest

from realstack import adapter as variable_file
from realstack.core.errors import StackError
from realstack.platform.adapter import Adapter, find, known_capabilities
from realstack.platform.config import load
from realstack.platform.create import create
from support.project import ADAPTERS, figures


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


def test_where_users_sign_in_follows_from_the_platforms_file_and_the_drivers(mine: Path) -> None:
    assert [found(given).provider for given in ("reference", "compose", "reference/google")] == ["canaille", "canaille", "google"]
    assert found(str(mine)).provider == "forms"
    (mine / "staging.yaml").write_text("driver: external\nprovider: google\n", encoding="utf-8")
    assert (found(str(mine)).provider, found(f"{mine}/staging").provider) == ("forms", "google")


def test_run_otherwise_it_may_be_able_to_do_less(mine: Path) -> None:
    (mine / "platform.yaml").write_text("capabilities: {limit: true, resume: true}\n", encoding="utf-8")
    (mine / "staging.yaml").write_text("capabilities: {limit: Nobody pays there.}\n", encoding="utf-8")
    answers = found(f"{mine}/staging").capabilities
    assert (answers["limit"], answers["resume"], found(str(mine)).capabilities["limit"]) == ("Nobody pays there.", "", "")


def test_a_drivers_file_may_be_like_another_one(mine: Path) -> None:
    (mine / "staging.yaml").write_text("services: {a: http://a, b: http://b}\nfolders: {}\n", encoding="utf-8")
    (mine / "google.yaml").write_text("like: staging\nservices: {a: http://c}\n", encoding="utf-8")
    assert load(mine / "google.yaml") == {"driver": "staging", "services": {"a": "http://c"}, "folders": {}}
    for like, wrong in {"google": "It is 'google'", "nowhere": "no such file"}.items():
        (mine / "google.yaml").write_text(f"like: {like}\n", encoding="utf-8")
        with pytest.raises(StackError, match=wrong):
            load(mine / "google.yaml")


def test_what_a_file_wants_of_the_environment_is_missed_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = load(ADAPTERS / "reference" / "google.yaml")["environment"]
    for name in wanted:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GOOGLE_USER", "reader@example.org")
    with pytest.raises(
        StackError, match=r"It has no GOOGLE_CLIENT_ID, GOOGLE_CLIENT_SECRET, GOOGLE_PASSWORD, GOOGLE_TOTP_SECRET\."
    ):
        create(ADAPTERS / "reference" / "google.yaml", figures(), tmp_path)


@pytest.mark.parametrize("answer", ["false", "[]", "''", "1"])
def test_an_answer_is_true_or_a_reason(mine: Path, answer: str) -> None:
    (mine / "platform.yaml").write_text(f"capabilities: {{limit: {answer}}}\n", encoding="utf-8")
    with pytest.raises(StackError, match=r"(?s)with `true` or the reason why not: provider, .*limit: "):
        found(str(mine))


def test_a_capability_that_nobody_knows_is_refused_with_those_that_are_known(mine: Path) -> None:
    (mine / "platform.yaml").write_text("capabilities: {limits: true}\n", encoding="utf-8")
    with pytest.raises(StackError, match=r"(?s)a known one.*provider, .*limit, .*transaction.*limits: True"):
        found(str(mine))
