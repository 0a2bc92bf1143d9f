"""What the contract tells somebody who writes an adapter."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from story import CHAT, Story, unanswered

from realstack.contract.command import EXIT_TO_DO, EXIT_USAGE, EXIT_WHOLE, main
from realstack.contract.plan import Plan, PlannedTest, make, read
from realstack.contract.report import Contract
from realstack.history.export import Stored
from realstack.history.falsify import Sight, falsify
from realstack.history.survey import survey
from realstack.history.vocabulary import Vocabulary
from realstack.platform.adapter import Adapter

SUITE = """\
*** Settings ***
Resource    ../adapters/mine/adapter.resource
Test Tags    critical

*** Test Cases ***
Says Hello
    Send Text    hello
    Should Be Equal    hello    bye

Is Limited
    [Tags]    wants-limit
    Send Text    {too_many}
"""
PAGES = """\
*** Settings ***
Library    ${CURDIR}/../Pages.py
Test Tags    needs-browser

*** Test Cases ***
Looks
    Page Should Have    message    exactly=1    id=m-1    state=stored    text=hello
    Get Selector    composer

Looks Again
    Page Should Have    message    state=late
"""
ADAPTER = """\
*** Keywords ***
Send Text
    [Arguments]    ${text}
    No Operation
"""


def project(folder: Path, capabilities: str = "limit: true", send: str = "hello") -> list[str]:
    """A suite and an adapter; returns the command's arguments."""
    (folder / "suites").mkdir()
    (folder / "suites" / "02_tabs.robot").write_text(SUITE.format(too_many=send), encoding="utf-8")
    mine = folder / "adapters" / "mine"
    mine.mkdir(parents=True)
    (folder / "adapters" / "capabilities.yaml").write_text("limit: A plan has a limit.\n", encoding="utf-8")
    (mine / "platform.yaml").write_text(f"driver: external\ncapabilities:\n  {capabilities}\n", encoding="utf-8")
    (mine / "adapter.resource").write_text(ADAPTER, encoding="utf-8")
    (mine / "vocabulary.yaml").write_text("name: mine\n", encoding="utf-8")
    places = {"--adapters": "adapters", "--suites": "suites", "--results": "results"}
    return ["mine", *(word for option, name in places.items() for word in (option, str(folder / name)))]


def test_a_whole_adapter_lacks_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*project(tmp_path), "--static"]) == EXIT_WHOLE
    out = capsys.readouterr().out
    assert "02 Tabs                    2 run" in out
    assert "Nothing is missing." in out
    assert "judged" in (tmp_path / "results" / "index.html").read_text(encoding="utf-8")


def test_what_a_platform_lacks_is_told_with_its_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*project(tmp_path, "limit: Everybody may say what they like."), "--static"]) == EXIT_WHOLE
    out = capsys.readouterr().out
    assert "1 run   1 skipped: no limit" in out
    assert "without limit: Everybody may say what they like." in out
    assert "skipped" in (tmp_path / "results" / "index.html").read_text(encoding="utf-8")


def test_keywords_that_are_called_otherwise_are_what_to_write_next(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*project(tmp_path, send="one    two"), "--static"]) == EXIT_TO_DO
    out = capsys.readouterr().out
    assert (
        "1. adapter.resource: Keyword 'adapter.Send Text' expected 1 argument, got 2. (1 test with it, such as 'Is Limited')"
        in out
    )


@pytest.mark.parametrize(
    ("said", "problems"),
    [
        (
            "Parent suite setup failed:\nSeveral failures occurred:\n\n1) No keyword with name 'Open It' found.\n\n"
            "2) Keyword 'adapter.Shut It' expected 1 argument, got 2.\n\n3) No keyword with name 'Open It' found.",
            ("No keyword with name 'Open It' found.", "Keyword 'adapter.Shut It' expected 1 argument, got 2."),
        ),
        (
            "Multiple keywords with name 'Get It' found. Give the full name:\n    A.Get It\n    B.Get It",
            ("Multiple keywords with name 'Get It' found. Give the full name: A.Get It, B.Get It",),
        ),
        (
            "No keyword with name 'Get It Now' found. Did you try using keyword 'Http.GET' and forgot to use enough whitespace "
            "between keyword and arguments?",
            ("No keyword with name 'Get It Now' found.",),
        ),
    ],
)
def test_each_thing_that_went_wrong_is_told_by_itself(tmp_path: Path, said: str, problems: tuple[str, ...]) -> None:
    test = f"<test name='T'><status status='FAIL'>{said}</status></test>"
    (tmp_path / "dryrun.xml").write_text(f"<robot><suite name='S'>{test}</suite></robot>", encoding="utf-8")
    assert [test.problems for test in read(tmp_path / "dryrun.xml")] == [problems]


WARMED = """\
*** Settings ***
Resource        ../adapters/mine/adapter.resource
Suite Setup     Make Ready

*** Test Cases ***
Says Hello
    Send Text    hello

*** Keywords ***
Make Ready
    Send Text    hello
    Warm Up The Browser

Warm Up The Browser
    [Tags]    needs-browser
    Carry Session Into Browser
"""


@pytest.mark.parametrize("has_page", [True, False])
def test_what_makes_a_browser_ready_is_missed_only_where_there_is_a_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], *, has_page: bool
) -> None:
    arguments = project(tmp_path)
    (tmp_path / "suites" / "02_tabs.robot").write_text(WARMED, encoding="utf-8")
    if has_page:
        (tmp_path / "adapters" / "elements.yaml").write_text("composer: Where messages are written.\n", encoding="utf-8")
        (tmp_path / "adapters" / "mine" / "page.yaml").write_text("elements: {composer: input}\n", encoding="utf-8")
    assert main([*arguments, "--static"]) == (EXIT_TO_DO if has_page else EXIT_WHOLE)
    assert ("'Carry Session Into Browser'" in capsys.readouterr().out) == has_page


def test_all_that_a_test_lacks_is_told_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = project(tmp_path)
    whole = tmp_path / "adapters" / "reference" / "doors.resource"
    whole.parent.mkdir()
    whole.write_text("*** Settings ***\n\n*** Keywords ***\n# How.\nShut It\n    No Operation\n", encoding="utf-8")
    (tmp_path / "suites" / "02_tabs.robot").write_text("*** Test Cases ***\nT\n    Open It\n    Shut It\n", encoding="utf-8")
    assert main([*arguments, "--static"]) == EXIT_TO_DO
    out = capsys.readouterr().out
    assert "1. adapter.resource: No keyword with name 'Open It' found. (1 test" in out
    assert "2. adapter.resource: No keyword with name 'Shut It' found. (1 test" in out
    assert out.count("has one to look at") == 1
    assert f"such as 'T'). {whole} has one to look at." in out


@pytest.mark.parametrize("name", ["vocabulary.yaml", "adapter.resource"])
def test_a_file_without_which_nothing_runs_is_what_to_write_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    arguments = project(tmp_path)
    (tmp_path / "adapters" / "mine" / name).unlink()
    assert main(arguments) == EXIT_TO_DO
    out = capsys.readouterr().out
    assert f"1. {name}: there is none in" in out
    assert "2." not in out
    assert "Nothing was tried on the platform" in out


def test_nothing_is_tried_while_no_test_can_come_through(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = project(tmp_path)
    resource = tmp_path / "adapters" / "mine" / "adapter.resource"
    resource.write_text(ADAPTER.replace("Send Text", "Send Words"), encoding="utf-8")
    assert main(arguments) == EXIT_TO_DO
    assert "Nothing was tried on the platform" in capsys.readouterr().out
    assert not (tmp_path / "results" / "output.xml").exists()


def test_what_a_file_does_not_say_is_told_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = project(tmp_path)
    (tmp_path / "adapters" / "capabilities.yaml").write_text("limit: A plan has one.\nstop: An answer is stopped.\n")
    (tmp_path / "adapters" / "mine" / "platform.yaml").write_text("driver: external\n", encoding="utf-8")
    main([*arguments, "--static"])
    out = capsys.readouterr().out
    assert "platform.yaml says nothing of: limit, stop" in out
    assert "without limit" not in out


def test_a_vocabulary_that_can_not_be_read_is_told_before_anything_is_tried(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = project(tmp_path)
    (tmp_path / "adapters" / "mine" / "vocabulary.yaml").write_text("frames: {in: [{means: greet}]}\n", encoding="utf-8")
    assert main(arguments) == EXIT_USAGE
    assert "frames.in[0]" in capsys.readouterr().out


def test_one_journey_can_be_looked_at_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = project(tmp_path)
    (tmp_path / "suites" / "03_more.robot").write_text("*** Test Cases ***\nT\n    Open It\n", encoding="utf-8")
    assert main([*arguments, "--static", "--suite", "02*"]) == EXIT_WHOLE
    assert "03 More" not in capsys.readouterr().out


def test_elements_of_the_page_that_tests_need_are_what_to_write_next(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = project(tmp_path)
    (tmp_path / "suites" / "03_page.robot").write_text(PAGES, encoding="utf-8")
    (tmp_path / "Pages.py").write_text(
        "def page_should_have(element, *, exactly=1, **values): ...\n\ndef get_selector(element, *, text=None): ...\n"
    )
    assert main([*arguments, "--static"]) == EXIT_WHOLE
    out = capsys.readouterr().out
    assert "03 Page                    0 run   2 skipped: no page" in out
    assert "without page: it has no page.yaml" in out
    (tmp_path / "adapters" / "mine" / "page.yaml").write_text("elements: {message: {selector: li, id: data-id}}\n")
    assert main([*arguments, "--static"]) == EXIT_TO_DO
    out = capsys.readouterr().out
    assert "2. page.yaml: say where the page has 'composer' (1 test with it, such as 'Looks')." in out
    page = (tmp_path / "results" / "index.html").read_text(encoding="utf-8")
    assert page.index("What to write next") < page.index("Capability × journey")
    assert "1. page.yaml: say where the page has 'state' of 'message' (2 tests with it, such as 'Looks')." in out
    assert "3." not in out


def test_an_adapter_that_there_is_not_is_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = project(tmp_path)
    assert main(["yours", *arguments[1:], "--static"]) == EXIT_USAGE
    assert "Expected:" in capsys.readouterr().out


def test_the_tests_that_were_tried_are_looked_through(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(project(tmp_path)) == EXIT_TO_DO
    out = capsys.readouterr().out
    assert "1 tests passed, 1 failed, 0 skipped\n    passed: Is Limited\n" in out
    assert "'Says Hello' failed (log.html shows where):\n     hello != bye" in out


def adapter(**capabilities: str) -> Adapter:
    return Adapter(Path("mine"), Path("mine/platform.yaml"), capabilities=capabilities)


def test_tests_of_several_files_are_one_journey() -> None:
    tests = [
        PlannedTest("01 Login", "a", ()),
        PlannedTest("01 Login Refusals", "b", ("wants-provider",)),
        PlannedTest("Other", "c", ()),
    ]
    plan = make(adapter(provider="none here"), tests)
    assert [(journey.name, len(journey.runs), dict(journey.skipped)) for journey in plan.journeys] == [
        ("01 Login", 1, {"b": ("provider",)}),
        ("Other", 1, {}),
    ]


def recorded(story: Story, vocabulary: Vocabulary = CHAT, judged: Mapping[str, str] | None = None) -> Stored:
    for law, outcome in (judged or {}).items():
        counts = {"messages": 2}
        story.add("judged", "history", {"law": law, "upto": len(story.events), "outcome": outcome, "counts": counts})
    return Stored("a test", vocabulary, 0.0, story.events)


def test_frames_that_mean_nothing_are_listed_by_kind() -> None:
    story = Story().tabs("ann", "tab 1").frame_in("tab 1", "typing", {"who": "bob"}).frame_in("tab 1", "typing", {"who": "eve"})
    story.add("frame-in", "tab 1", {"frame": "2", "content": "text"}).add("frame-out", "tab 1", {"frame": {"op": 1}})
    told = [(kind.direction, kind.kind, kind.count) for kind in survey([recorded(story)]).unmatched]
    assert told == [("in", "typing", 2), ("in", "text", 1), ("out", "{op}", 1)]


def test_frames_are_told_apart_by_each_field_at_which_rules_look_first() -> None:
    rules = [{"when": {"type": "connect"}, "means": "connected"}, {"when": {"event": "said"}, "means": "nothing"}]
    story = Story()
    for frame in ({"type": "event", "event": "typing"}, {"type": "event", "event": "left"}, {"type": "open"}):
        story.add("frame-in", "tab 1", {"frame": frame})
    seen = survey([recorded(story, Vocabulary({**CHAT.data, "frames": {"in": rules, "out": []}}))])
    assert sorted(kind.kind for kind in seen.unmatched) == ["event left", "event typing", "open"]


def test_frames_that_are_said_to_mean_nothing_are_not() -> None:
    frames = {"in": [*CHAT.data["frames"]["in"], {"when": {"type": "typing"}, "means": "nothing"}], "out": []}
    story = Story().tabs("ann", "tab 1").frame_in("tab 1", "typing", {})
    assert survey([recorded(story, Vocabulary({**CHAT.data, "frames": frames}))]).unmatched == []


def test_samples_are_cut_and_masked() -> None:
    story = Story().tabs("ann", "tab 1").frame_in("tab 1", "odd", {"token": "secret-of-ann", "words": "x" * 999})
    (kind,) = survey([recorded(story)]).unmatched
    assert "secret-of-ann" not in kind.sample
    assert len(kind.sample) <= 160


def test_accounts_that_belong_to_nobody_are_told() -> None:
    story = Story().tabs("ann", "tab 1").stored(("a", 1)).stored(("b", 1), user="carl")
    assert survey([recorded(story)]).accounts == {"account-carl": "in rows of messages in a test"}


def test_what_is_to_do_names_the_file_and_the_law() -> None:
    story = Story().tabs("ann", "tab 1").frame_in("tab 1", "typing", {})
    seen = survey([recorded(story, judged={"exactly-once": "holds", "contained": "invalid"})])
    contract = Contract(
        Plan(adapter()),
        {"A Test": ("FAIL", "It broke.\nLaw: It holds.\nJudged: 1.\n\nReally.")},
        seen,
        [Sight("same-order", "two rows have changed places", 3, 0)],
    )
    assert contract.to_do == [
        "'A Test' failed (log.html shows where):\nIt broke.\nReally.",
        "vocabulary.yaml: say what typing means (1 came, no rule matches: "
        '{"type": "typing", "payload": {}}), or `means: nothing`.',
        "same-order is blind: nothing that is recorded shows that two rows have changed places. Record what would show it.",
        "contained was judged on too little: 1 times, {'messages': 2}.",
    ]


def test_the_page_shows_what_came_from_outside_as_text(tmp_path: Path) -> None:
    story = Story().tabs("ann", "tab 1").frame_in("tab 1", "<script>alert(1)</script>", {})
    contract = Contract(
        Plan(adapter(limit="<b>none</b>")), {}, survey([recorded(story)]), falsify([recorded(story, unanswered())])
    )
    contract.write(tmp_path / "index.html")
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "<script>" not in page
    assert "<b>none" not in page
