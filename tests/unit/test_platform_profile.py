"""Profiles: their figures, and what is said about wrong ones."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from realstack.core.calibration import Calibration
from realstack.core.errors import StackError
from realstack.core.figures import Figures, UnknownProfile, choose, known_profiles, load, parse
from support.project import PROFILES


def test_the_profiles_have_the_same_figures():
    assert known_profiles(PROFILES) == ["fast", "patient", "plan", "soak"]
    names = {tuple(sorted(load(name, PROFILES))) for name in known_profiles(PROFILES)}
    assert len(names) == 1


def test_the_plan_has_the_plans_literal_figures():
    plan = load("plan", PROFILES)
    assert plan.token_life == timedelta(seconds=30)
    assert plan.outage == timedelta(seconds=5)
    assert plan.rate_window == timedelta(seconds=60)
    assert (plan.rate_limit, plan.rate_tries, plan.users, plan.tabs, plan.outage_sends) == (5, 10, 10, 3, 5)
    assert plan.pdf_size == 5_000_000
    assert plan.answer_time == timedelta(seconds=5)
    assert plan.notice_time == timedelta(seconds=2)
    assert load("soak", PROFILES).load_duration == timedelta(hours=1)


def test_patient_is_fast_with_three_times_the_time() -> None:
    fast, patient = load("fast", PROFILES), load("patient", PROFILES)
    times = [name for name, value in fast.items() if isinstance(value, timedelta) and name != "progress"]
    assert {name: patient[name] for name in times} == {name: fast[name] * 3 for name in times}
    same = set(fast) - set(times) - {"upload_rate"}
    assert {name: patient[name] for name in same} == {name: fast[name] for name in same}
    assert patient.upload_rate * 3 == fast.upload_rate


@pytest.mark.parametrize(("slow", "taken"), [(True, "patient"), (False, "fast")])
def test_of_two_profiles_the_second_is_for_a_slow_machine(slow: bool, taken: str) -> None:
    asked: list[int] = []

    def find_out(cores: int) -> Calibration:
        asked.append(cores)
        return Calibration(cores, (0.1,) * 3, slow)

    figures = choose("fast or patient", PROFILES, find_out)
    assert asked == [2]
    assert figures.profile == taken
    told = "this machine is slow: work that 2 quick cores do in 20 ms took 100, 100, 100 ms"
    assert figures.profile_because == (f"{told}; --variable PROFILE:fast overrules that" if slow else "")


def test_a_profile_that_is_named_is_taken_without_looking_at_the_machine() -> None:
    figures = choose("plan", PROFILES, lambda _: pytest.fail("the machine was looked at"))
    assert (figures.profile, figures.profile_because) == ("plan", "")


@pytest.mark.parametrize("names", ["fst or patient", "fast or patent"])
def test_both_profiles_must_be_there(names: str) -> None:
    with pytest.raises(StackError, match="PROFILE is one of"):
        choose(names, PROFILES, lambda _: pytest.fail("the machine was looked at"))


@pytest.mark.parametrize(
    ("text", "figure"),
    [
        ("500 ms", timedelta(milliseconds=500)),
        ("5s", timedelta(seconds=5)),
        ("1.5 min", timedelta(seconds=90)),
        ("24h", timedelta(hours=24)),
        ("5 MB", 5_000_000),
        ("4 KiB", 4096),
        ("20 kB", 20_000),
        ("1 min 30 s", timedelta(seconds=90)),
        (7, 7),
        (0.5, 0.5),
    ],
)
def test_figures_with_units(text, figure):
    assert parse("x", text) == figure


@pytest.mark.parametrize("text", ["5 parsecs", "", "s", "-5 s", True, None, [1], "5 s 3"])
def test_what_is_no_figure_is_refused(text):
    with pytest.raises(StackError, match=r"figure 'x' is a number, a duration .units ms, s, min, h, d. or a size"):
        parse("x", text)


def test_services_get_seconds_and_bytes():
    plain = load("plan", PROFILES).plain()
    assert (plain["heartbeat"], plain["file_limit"], plain["rate_limit"]) == ("1", "10485760", "5")


def test_an_unknown_profile_names_the_known_ones():
    with pytest.raises(
        StackError, match=r"(?s)PROFILE is one of fast, patient, plan, soak.*'pln'. Did you mean 'plan'\?.*PROFILE:fast"
    ):
        load("pln", PROFILES)


def test_an_unknown_figure_names_the_nearest():
    with pytest.raises(AttributeError, match=r"Profile 'fast' has no figure 'outge'. Did you mean 'outage'"):
        _ = load("fast", PROFILES).outge


def test_a_change_must_be_of_the_same_kind():
    assert load("soak", PROFILES).with_changes({"load_duration": "24h"}).load_duration == timedelta(hours=24)
    assert load("soak", PROFILES).with_changes({"load_duration": "10m"}).load_duration == timedelta(minutes=10)
    with pytest.raises(StackError, match="is a duration"):
        load("soak", PROFILES).with_changes({"load_duration": "5 MB"})
    with pytest.raises(StackError, match=r"There is no figure 'lod_duration'. Did you mean 'load_duration'"):
        load("soak", PROFILES).with_changes({"lod_duration": "1 h"})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("outage: 1 s", "missing: users"),
        ("outage: 1 s\nusers: 3\nextra: 1", "unknown: extra"),
        ("outage: 3\nusers: 3", "figure 'mine.yaml: outage' is a duration"),
        ("- 1", "must hold a mapping"),
        ("a: [", "no valid YAML"),
        ("outage: soon\nusers: 3", "figure 'mine.yaml: outage'"),
    ],
)
def test_a_wrong_file_is_explained(tmp_path: Path, content, said):
    (tmp_path / "plan.yaml").write_text("outage: 5 s\nusers: 10\n")
    (tmp_path / "mine.yaml").write_text(content)
    with pytest.raises(StackError) as error:
        load("mine", tmp_path)
    assert said in str(error.value)


def test_a_profile_that_can_not_be_read_speaks_when_it_is_asked():
    unknown = UnknownProfile("why it can't")
    with pytest.raises(StackError, match="why it can't"):
        _ = unknown.outage
    assert str(unknown) == "unknown profile"


def test_figures_are_a_mapping():
    figures = Figures("mine", {"users": 3})
    assert dict(figures) == {"users": 3}
    assert (str(figures), figures.profile, len(figures)) == ("mine", "mine", 1)


def test_a_change_keeps_why_a_profile_was_chosen() -> None:
    assert Figures("mine", {"wait": timedelta(seconds=1)}, "it suits").with_changes({"wait": "2 s"}).profile_because == "it suits"
