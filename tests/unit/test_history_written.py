"""Vocabularies, redaction, files, timelines, transcripts, evidence, sessions: what surrounds the laws."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from robot.libdocpkg import LibraryDocumentation
from story import CHAT, Story

from realstack.core.errors import StackError
from realstack.core.file_names import file_name
from realstack.history import report
from realstack.history.events import TabRegistered
from realstack.history.export import load, write
from realstack.history.judge import EXIT_DIFFERS, EXIT_HOLDS, EXIT_INVALID, EXIT_USAGE, EXIT_VIOLATED, main
from realstack.history.laws import LAWS, judge
from realstack.history.search import found_in
from realstack.history.session import Session
from realstack.history.timeline import timeline
from realstack.history.transcript import around, html, legend, whole
from realstack.history.vocabulary import Vocabulary
from realstack.recording import events
from realstack.recording.evidence import MOST, EvidenceSources, Window
from realstack.recording.recorder import Recorder, Recording
from realstack.secrets.redaction import redact

TOKEN = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2lnbmF0dXJlLXNpZ25hdHVyZQ"
WINDOW = Window(0.0, 1.0, 0.0, 1.0)


def recorded(story: Story) -> Recording:
    recording = Recording("Suite.Test")
    recording.began = 0.0
    for event in story.events:
        recording.add(event)
    return recording


# --- vocabulary ---


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"frames": {"in": [{"when": {"type": "x"}, "means": "dance"}]}}, r"`means` of frames.in\[0\] to be one of send, ack"),
        ({"frames": {"in": [{"means": "ack"}]}}, "to have a condition"),
        ({"frames": {"out": [{"when": {"type": "x"}, "means": "send", "take": {"colour": "c"}}]}}, "it takes colour, too"),
        ({"frames": {"in": [{"when": {"type": "x"}, "means": "run-event", "stage": "odd"}]}}, "stage 'odd'"),
        ({"chain": [{"twice": ["a"]}]}, r"chain\[0\] of the vocabulary to be one of once, cycle"),
        ({"frames": []}, "frames of the vocabulary to be a mapping"),
    ],
)
def test_a_malformed_vocabulary_is_explained(data: dict[str, object], words: str) -> None:
    with pytest.raises(StackError, match=words):
        Vocabulary(data)


def test_a_vocabulary_that_cannot_be_read_is_explained(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="can't be read"):
        Vocabulary.load(tmp_path / "none.yaml")
    (tmp_path / "bad.yaml").write_text("a: [", encoding="utf-8")
    with pytest.raises(StackError, match="is not YAML"):
        Vocabulary.load(tmp_path / "bad.yaml")


def test_another_platforms_words_mean_the_same() -> None:
    other = Vocabulary(
        {
            "frames": {
                "out": [{"when": {"op": "post"}, "means": "send", "take": {"message": "uid", "thread": "room", "text": "body"}}],
                "in": [
                    {
                        "when": {"op": ["new", "echo"]},
                        "means": "deliver",
                        "take": {"message": "uid", "thread": "room", "seq": "n"},
                    }
                ],
            }
        }
    )
    story = Story().add("frame-out", "tab 1", {"frame": {"op": "post", "uid": "a", "room": "r", "body": "hi"}})
    for op in ("new", "echo"):
        story.add("frame-in", "tab 1", {"frame": {"op": op, "uid": "a", "room": "r", "n": 1}})
    assert story.judge("exactly-once", other).witnesses[0].text.startswith("tab 1 received m-1 twice")


# --- redaction ---


def test_credentials_are_taken_out_by_name_and_by_looks() -> None:
    given = {
        "token": "abc",
        "payload": {"access_token": "x", "note": f"see {TOKEN} and Bearer abcdefghijkl", "has_token": True},
        "protocols": [f"jwt.{'a' * 30}", "jwt-auth"],
        "dsn": "postgresql://ann:hunter22@127.0.0.1:5432/auth",
        "Set-Cookie": "refresh_token=1",
        "code": "not_found",
    }
    told = json.dumps(redact(given))
    for secret in ('abc"', TOKEN, "abcdefghijkl", "a" * 30, "hunter22", "refresh_token=1"):
        assert secret not in told
    assert redact(given)["code"] == "not_found"
    assert redact(given)["payload"]["has_token"] is True


# --- files ---


def test_a_history_survives_its_file(tmp_path: Path) -> None:
    story = Story().tabs("ann", "tab 1").exchange("tab 1", "a", 1, "tab 1")
    story.frame_out("tab 1", "auth_refresh", {"token": TOKEN})
    path = tmp_path / "deep" / "a.jsonl"
    write(path, recorded(story), CHAT)
    assert TOKEN not in path.read_text(encoding="utf-8")
    stored = load(path)
    assert stored.name == "Suite.Test"
    assert stored.history().events == story.history().events


def test_texts_with_other_ends_of_lines_survive_the_file(tmp_path: Path) -> None:
    words = "one\u2028two\u2029three\x85four\x0bfive\x0csix\rseven\neight\x1c"
    story = Story().tabs("ann", "tab 1").send("tab 1", "a", words)
    path = tmp_path / "a.jsonl"
    write(path, recorded(story), CHAT)
    assert load(path).history().sends[0].text == words


def test_files_that_are_no_histories_are_explained(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="can't be read"):
        load(tmp_path / "none.jsonl")
    path = tmp_path / "a.jsonl"
    path.write_text("", encoding="utf-8")
    with pytest.raises(StackError, match="begins otherwise"):
        load(path)
    path.write_text('{"format": 7, "vocabulary": {}}\n', encoding="utf-8")
    with pytest.raises(StackError, match="format 7"):
        load(path)
    path.write_text('{"format": 1, "vocabulary": {}}\n{"at": 1}\n', encoding="utf-8")
    with pytest.raises(StackError, match="line 2 of"):
        load(path)


@pytest.mark.parametrize(
    "event",
    [
        {"kind": "stored", "data": {"rows": 5}},
        {"kind": "stored", "data": {"rows": ["row"]}},
        {"kind": "growth", "data": {"name": "n", "operations": [None], "values": [1]}},
        {"kind": "arrivals", "data": {"waits": [5]}},
        {"kind": "tools", "data": {"forbidden": True}},
        {"kind": "judged", "data": {"law": "exactly-once", "upto": 1.5, "outcome": "holds"}},
        {"kind": "judged", "data": {"law": "exactly-once", "upto": 1, "outcome": "holds", "floors": "x"}},
        {"kind": "closed", "data": {"code": "1006"}},
        {"at": float("inf"), "kind": "note", "data": {}},
    ],
)
def test_an_event_of_other_types_is_told_with_its_line(tmp_path: Path, event: dict[str, object]) -> None:
    """Laws and transcripts ended in bare errors, in the middle of their judging."""
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({"format": 1, "vocabulary": {}}) + "\n" + json.dumps({"at": 1, "source": "x", **event}) + "\n")
    with pytest.raises(StackError, match=r"In line 2 of .*Expected: ('\w+' of )?an event"):
        load(path)


@pytest.mark.parametrize(
    "content",
    [
        b'{"format": 1, "vocabulary": []}\n',
        b'{"format": 1, "vocabulary": {}, "began_wall": "x"}\n',
        b"\xff\xfe\n",
        b"[" * 100_000,
        b'{"format": 1, "vocabulary": {}}\n' + b"[" * 100_000,
    ],
)
def test_files_of_anything_are_explained(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(content)
    with pytest.raises(StackError):
        load(path)


def test_the_command_judges_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.jsonl"
    story = Story().tabs("ann", "tab 1").exchange("tab 1", "a", 1, "tab 1")
    write(path, recorded(story), CHAT)
    assert main(["judge", str(path)]) == EXIT_INVALID
    assert "no law was judged in this history" in capsys.readouterr().out
    assert main(["judge", str(path), "--law", "exactly-once"]) == EXIT_HOLDS
    assert main(["judge", str(path), "--law", "same-order", "--law", "exactly-once"]) == EXIT_INVALID
    write(path, recorded(story.deliver("tab 1", "a", 1)), CHAT)
    assert main(["judge", str(path), "--law", "exactly-once"]) == EXIT_VIOLATED
    assert "»" in capsys.readouterr().out
    story.add("judged", "history", {"law": "exactly-once", "floors": {}, "upto": len(story.events), "outcome": "holds"})
    write(path, recorded(story), CHAT)
    assert main(["judge", str(path)]) == EXIT_DIFFERS
    assert "DIFFERS" in capsys.readouterr().out
    assert main(["judge", str(tmp_path / "none.jsonl")]) == EXIT_USAGE
    assert main(["show", str(path), "--tab", "tab 1"]) == EXIT_HOLDS


def test_file_names_are_safe() -> None:
    assert file_name("A / B: ..\\c?") == "A_B_.._c.jsonl"
    assert file_name("***") == "history.jsonl"
    assert len(file_name("x" * 500)) < 140


# --- timelines, transcripts, reports ---


def test_timelines_are_svg_escaped_and_bounded() -> None:
    story = Story().tabs("ann", *(f"tab <{n}>" for n in range(40)))
    for number in range(60):
        story.exchange("tab <0>", f"m{number}", number, *(f"tab <{n}>" for n in range(20)))
    story.add("fault-on", "<cut>", {"target": "<link>"})
    drawn = timeline(story.history())
    ElementTree.fromstring(drawn)  # noqa: S314 - the project's own output
    assert "tab &lt;1&gt;" in drawn
    assert "<cut>" not in drawn
    assert "<link>" not in drawn
    assert "marks drawn as bars" in drawn
    assert "and 10 more lanes" in drawn
    assert len(drawn) < 120_000
    ElementTree.fromstring(timeline(Story().history()))  # noqa: S314 - the same


def test_a_timeline_tells_where_others_used_the_machine() -> None:
    story = Story().tabs("ann", "tab 1").exchange("tab 1", "a", 1, "tab 1")
    assert "busy machine" not in timeline(story.history())
    told = {"seconds": 0.01, "available": 0.5, "needed": 2, "told": "0.5 of 2 cores were there, <others> used 1.5"}
    story.add("pressure", "machine", told).add("pressure", "machine", told)
    drawn = timeline(story.history())
    ElementTree.fromstring(drawn)  # noqa: S314 - the project's own output
    assert drawn.count('<rect fill="var(--dim)"') == 2
    assert "0.5 of 2 cores were there, &lt;others&gt; used 1.5" in drawn
    assert "busy machine" in drawn


def test_a_small_timeline_points_out_the_evidence() -> None:
    story = Story().tabs("ann", "tab 1", "tab 2").exchange("tab 1", "a", 1, "tab 1", "tab 1")
    verdict = story.judge("exactly-once")
    assert verdict.smallest is not None
    assert timeline(story.history(), verdict.smallest.events).count("var(--bad)") > timeline(story.history()).count("var(--bad)")


def test_the_transcript_shows_the_evidence_and_what_is_around_it() -> None:
    story = Story().tabs("ann", "tab 1")
    for number in range(50):
        story.exchange("tab 1", f"m{number}", number, "tab 1")
    history = story.history()
    lines = around(history, (60,), before=3, after=2)
    assert len(lines) == 8
    assert lines[0].strip().startswith("…")
    assert lines[4].startswith("»")
    assert "… " in lines[-1]
    assert legend(history, ["m-1 was"]) == ["m-1 = m0"]
    assert len(around(history, tuple(range(0, 150, 3)))) <= 81
    assert len(whole(history, "tab 1")) == len(history.events)
    block = html("<t>", ["<b>"])
    assert block.startswith("<details><summary>&lt;t&gt;</summary>")
    assert block.endswith("<div>&lt;b&gt;</div></pre></details>")


def test_the_report_of_a_law_escapes_what_came_from_outside() -> None:
    story = Story().tabs("ann", "tab 1").send("tab 1", "a", "hi").deliver("tab 1", "b", 1, text="<script>alert(1)</script>")
    shown = report.law(story.judge("from-somebody"), story.history())
    assert "VIOLATED" in shown
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown


# --- evidence ---


def test_evidence_never_raises_and_is_redacted_and_bounded() -> None:
    sources = EvidenceSources()

    def broken(window: Window) -> list[tuple[str, str]]:
        raise RuntimeError(f"lost Bearer abcdefghijklmnop at {window.end}")

    sources.offer("logs", lambda window: [("backend", f"Bearer abcdefghijklmnop {window.begin}"), ("auth", "x" * (MOST + 5))])
    sources.offer("broken", broken)
    pieces = {piece.title: piece.text for piece in sources.collect(WINDOW)}
    assert pieces["backend"] == "Bearer <hidden> 0.0"
    assert pieces["auth"].startswith("… 5 characters …")
    assert pieces["broken"] == "could not be collected: RuntimeError: lost Bearer <hidden> at 1.0"
    sources.withdraw("broken")
    sources.withdraw("never offered")
    assert len(sources.collect(WINDOW)) == 2


# --- sessions ---


def test_what_a_suite_opened_stands_in_each_test() -> None:
    recorder = Recorder()
    session = Session(recorder, CHAT)
    mark = session.begin_suite("Suite")
    for event in Story().tabs("ann", "suite tab").add("canary", "ann", {"canary": "canary-1"}).events:
        recorder.record(event)
    for number in range(2):
        session.begin_test(f"Suite.Test {number}")
        history = session.history()
        assert history.tabs["suite tab"].user == "ann"
        assert len(history.greetings) == 1
        assert len(history.noted("canary")) == 1
        recorder.record(TabRegistered("test tab", "bob"))
        session.end_test()
    recorder.record(events.Closed("suite tab", by="client"))
    session.begin_test("Suite.Test 3")
    assert "test tab" not in session.history().tabs, "what a test registered ends with it"
    assert not session.history().greetings, "the connection was closed between tests"
    session.end_test()
    session.end_suite(mark)
    session.begin_test("Other.Test")
    assert session.history().events == []


def test_verdicts_go_into_the_history() -> None:
    recorder = Recorder()
    session = Session(recorder, CHAT)
    session.begin_test("Test")
    for event in Story().tabs("ann", "tab 1").exchange("tab 1", "a", 1, "tab 1").events:
        recorder.record(event)
    history = session.history()
    verdict, upto = judge("exactly-once", history, {"messages": 1}), len(history.events)
    session.keep(verdict, upto, {"messages": 1})
    (judged,) = [event for event in session.recording.entries() if event.kind == "judged"]
    assert judged.data["outcome"] == "holds"
    assert judged.data["upto"] == upto


def test_the_introduction_lists_all_laws_as_they_are_judged() -> None:
    told = LibraryDocumentation("realstack.History").doc
    assert [law.id for law in LAWS.values() if f"| ``{law.id}`` | {law.sentence} |" not in told] == []
    assert "{laws}" not in told


# --- canaries in files ---


def test_canaries_are_found_in_bytes_and_compressed_streams() -> None:
    import zlib

    hidden = b"%PDF stream\n" + zlib.compress(b"text CANARY-0123456789ABCDEF") + b"\nendstream"
    assert found_in(hidden, []) == {"canary-0123456789abcdef"}
    assert found_in(b"a Special-Token b", ["special-token"]) == {"special-token"}
    assert found_in(b"stream\nnot compressed endstream", []) == set()


def test_events_have_one_clock() -> None:
    recording = Recording("x")
    recording.add(events.Note("b", at=recording.began + 2))
    recording.add(events.Note("a", at=recording.began + 1))
    assert [event.source for event in recording.events()] == ["a", "b"]
    assert [event.source for event in recording.entries()] == ["b", "a"]


def test_what_holds_no_credential_is_told_as_it_is_and_nothing_is_changed_in_place() -> None:
    plain = {"type": "message", "payload": {"text": "What is 17?", "tags": ["a", {"b": 1}]}, "seq": 3}
    assert redact(plain) is plain
    given = {
        "payload": plain["payload"],
        "login": {"password": "a-password-of-this-test"},
        "list": [1, "Bearer abcdefgh12345"],
        7: "x",
    }
    kept = json.dumps(given)
    told = redact(given)
    assert told["payload"] is plain["payload"]
    assert told["login"] == {"password": "<hidden>"}
    assert told["list"] == [1, "Bearer <hidden>"]
    assert told["7"] == "x"
    assert json.dumps(given) == kept
