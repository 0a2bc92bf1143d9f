"""What is inferred of two platforms that were looked at once, and of what was seen of none."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_OID, uuid5

import pytest
import yaml

from realstack.core.json_path import parse
from realstack.draft import page, stored, ways
from realstack.draft.drafted import Rule, Talk
from realstack.draft.frames import infer
from realstack.draft.heard import Heard, hear, is_id, is_moment, leaves
from realstack.draft.observations import Element, Frame, Observations, Page
from realstack.draft.selecting import unique
from support.project import ADAPTERS

LOOKED = Path(__file__).parent / "looked"
UNSEEN = {"refuse", "reject", "stop", "stopping"}
"""Nobody went over a limit or stopped an answer while the reference platform was looked at."""
OTHERS = {"agent_error", "agent_stopped"}
"""Ends of a run that did not happen."""


@cache
def looked_at(name: str) -> Observations:
    return Observations.read(LOOKED / f"{name}.json")


@cache
def talk_of(name: str) -> Talk:
    return infer(looked_at(name))


def own_rules(name: str, direction: str) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = yaml.safe_load((ADAPTERS / name / "vocabulary.yaml").read_text(encoding="utf-8"))["frames"][
        direction
    ]
    return told


def rule_for(rules: list[Rule], wanted: dict[str, Any]) -> Rule | None:
    return next((one for one in rules if dict(one.when) == wanted["when"] and one.means == wanted["means"]), None)


def same_value(path: str, other: str, frames: list[Heard], when: dict[str, Any]) -> bool:
    """Whether two paths lead to the same in all frames of a kind; the adapter's may have alternatives."""
    fitting = [one.data for one in frames if all(parse(where).first(one.data) == value for where, value in when.items())]
    return bool(fitting) and all(parse(path).first(one) == parse(other).first(one) for one in fitting)


@pytest.mark.parametrize(("name", "codec"), [("reference", "json"), ("chainlit", "socketio")])
def test_the_codec_that_reads_all_frames_is_taken(name: str, codec: str) -> None:
    found, heard, readings = hear(looked_at(name))
    assert found == codec
    assert next(one for one in readings if one.codec == codec).read == len(heard)


@pytest.mark.parametrize("direction", ["out", "in"])
def test_rules_of_the_reference_that_could_be_seen_are_drafted_as_they_are(direction: str) -> None:
    talk = talk_of("reference")
    frames = [one for one in hear(looked_at("reference"))[1] if one.direction == direction]
    drafted = talk.out if direction == "out" else talk.into
    for wanted in own_rules("reference", direction):
        if wanted["means"] in {*UNSEEN, "nothing"} or wanted["when"]["type"] in OTHERS:
            continue
        rule = rule_for(drafted, wanted)
        assert rule is not None, wanted
        assert rule.of == wanted.get("of", "")
        for name, path in rule.take.items():
            assert same_value(path, wanted["take"][name], frames, wanted["when"]), (wanted["when"], name)


def test_fields_that_are_not_taken_were_not_in_the_frames() -> None:
    frames = hear(looked_at("reference"))[1]
    for wanted in own_rules("reference", "in"):
        rule = rule_for(talk_of("reference").into, wanted)
        for name, path in wanted.get("take", {}).items() if rule is not None else ():
            held = [parse(path).first(one.data) for one in frames if one.data.get("type") == wanted["when"]["type"]]
            of_run = wanted["means"] == "run-event" and name in {"text", "event", "number", "thread", "tool", "input"}
            assert name in rule.take or of_run or not any(held), (wanted["when"], name)


def test_the_chain_of_a_run_is_the_order_in_which_its_frames_came() -> None:
    assert [(kind, stages) for kind, stages, _ in talk_of("reference").chain] == [
        ("once", ["started"]),
        ("cycle", ["agent_thinking", "tool_executing", "tool_completed"]),
        ("any", ["stream_chunk"]),
        ("terminal", ["completed"]),
    ]
    assert talk_of("reference").answered
    assert talk_of("reference").agent_roles == ["agent"]
    assert set(talk_of("reference").forward) == {"read marker"}


def test_of_two_ids_that_all_frames_of_a_run_have_the_first_is_the_runs() -> None:
    def traced(one: Frame) -> Frame:
        told = json.loads(one.payload)
        run = told["payload"].get("run_id")
        return replace(one, payload=json.dumps({**told, "trace": str(uuid5(NAMESPACE_OID, run))})) if run else one

    seen = looked_at("reference")
    assert infer(replace(seen, frames=list(map(traced, seen.frames)))).runs == talk_of("reference").runs


def test_who_is_told_of_a_text_is_seen_on_both_tabs() -> None:
    reference, chainlit = talk_of("reference"), talk_of("chainlit")
    assert (reference.echo, reference.fan_out) == (True, True)
    assert (chainlit.echo, chainlit.fan_out) == (False, False)


def test_frames_of_one_kind_that_mean_different_things_are_told_apart_by_a_field() -> None:
    kinds = {(one.means, one.stage): dict(one.when) for one in talk_of("chainlit").into}
    assert kinds["ack", ""] == kinds["run-event", "started"] == {"event": "new_message", "args[0].type": "run"}
    assert kinds["run-event", "new_message tool"] == {"event": "new_message", "args[0].type": "tool"}
    assert kinds["run-event", "completed"] == {"event": "update_message", "args[0].type": "run"}


def test_a_piece_that_goes_on_elsewhere_is_no_text_of_an_answer() -> None:
    began = next(one for one in talk_of("chainlit").into if one.stage == "stream_start")
    chunk = next(one for one in talk_of("reference").into if one.stage == "stream_chunk")
    assert "text" not in began.take
    assert chunk.take["text"] == "payload.text"


def test_a_frame_with_a_whole_conversation_means_something_for_each_message() -> None:
    rule = next(one for one in talk_of("chainlit").into if one.each)
    assert (rule.each, rule.where) == ("args[0].steps", {"type": ["assistant_message", "user_message"]})
    assert rule.take == {"message": "id", "thread": "threadId", "role": "type", "text": "output", "run": "parentId"}


def test_what_begins_over_http_belongs_to_the_socket() -> None:
    connect = next(one for one in talk_of("chainlit").out if one.means == "resume")
    assert (dict(connect.when), connect.take) == ({"type": "connect"}, {"thread": "data.threadId"})


def test_a_piece_of_an_answer_is_no_credential() -> None:
    assert talk_of("chainlit").harmless == ["token"]


@pytest.mark.parametrize("name", ["reference", "chainlit"])
def test_rows_are_drafted_as_the_adapter_has_them(name: str) -> None:
    own = yaml.safe_load((ADAPTERS / name / "vocabulary.yaml").read_text(encoding="utf-8"))["rows"]["take"]
    drafted = stored.infer(looked_at(name), talk_of(name)).take
    assert drafted == {field: path.split(" | ")[0] for field, path in own.items()}


def test_whose_a_row_is_may_stand_in_another_table() -> None:
    found = stored.infer(looked_at("chainlit"), talk_of("chainlit"))
    assert 'JOIN "Thread" t ON t.id = m."threadId"' in found.rows
    assert "m.type IN ('assistant_message', 'user_message')" in found.rows
    assert found.of_users == 't."userId"::text = ANY($1)'


def test_the_page_of_the_reference_is_drafted_as_its_adapter_has_it() -> None:
    own = yaml.safe_load((ADAPTERS / "reference" / "page.yaml").read_text(encoding="utf-8"))
    draft = page.infer(looked_at("reference"), talk_of("reference"))
    assert draft.conversation == own["conversation"]
    for name in (
        "composer",
        "send button",
        "signed-in page",
        "sign-in link",
        "sign-out button",
        "file input",
        "rename button",
        "title box",
    ):
        place = own["elements"][name]
        assert draft.elements[name].selector == (place if isinstance(place, str) else place["selector"]), name
    for name in ("message", "thread"):
        wanted = dict(own["elements"][name])
        # What is new in a conversation, or waits to be sent, can't be seen where nothing is; words for times are not looked for.
        wanted.pop("unread", None)
        wanted.pop("waiting", None)
        wanted.pop("time", None)
        assert draft.elements[name].selector == wanted.pop("selector"), name
        assert dict(draft.elements[name].values) == wanted, name
    connection = draft.elements["connection"]
    assert (connection.selector, connection.values) == ("#connection", {"state": "data-state", "id": "data-connection-id"})


def test_messages_that_stand_among_others_are_told_by_what_only_they_have() -> None:
    message = page.infer(looked_at("chainlit"), talk_of("chainlit")).elements["message"]
    assert message.selector == ':is([data-step-type="user_message"], [data-step-type="assistant_message"])'
    assert message.values["id"] == {"of": '[id^="step-"]', "attribute": "id", "find": "^step-(.+)"}
    assert message.values["text"] == {"of": '[role="article"]'}


def test_a_page_that_never_says_that_it_is_offline_is_online_where_texts_can_be_written() -> None:
    draft = page.infer(looked_at("chainlit"), talk_of("chainlit"))
    assert draft.elements["connection"].values == {"state": {"is": {"online": ":has(#chat-input)"}}}
    assert any("how it says that is not known" in one for one in draft.missing)


def test_a_token_is_followed_from_the_answer_that_brought_it_to_the_socket() -> None:
    found = ways.infer(looked_at("reference"), talk_of("reference"))
    assert found.token == ("POST", "/auth/refresh", {"x-requested-with": "fetch"}, ("access_token",))
    assert (found.offer, found.encoded) == (["jwt-auth", "jwt.{token}"], True)
    assert (found.route, found.fields, found.press) == (
        "/auth/login?provider=canaille&return_to=/",
        ("login", "password"),
        "answer=accept",
    )
    assert (found.cookie, found.cookie_path) == ("refresh_token", "/auth")


def test_a_cookie_that_the_sign_in_set_is_what_a_session_lives_by() -> None:
    found = ways.infer(looked_at("chainlit"), talk_of("chainlit"))
    assert (found.method, found.route, found.fields) == ("POST", "/login", ("username", "password"))
    assert (found.cookie, found.token) == ("access_token", None)
    assert found.socket == "/ws/socket.io/?EIO=4&transport=websocket"


def test_nothing_is_invented_where_nothing_was_seen() -> None:
    nothing = Observations("https://chat.example.org")
    talk = infer(nothing)
    assert (talk.codec, talk.out, talk.into, talk.echo, talk.fan_out) == ("", [], [], None, None)
    assert talk.missing
    assert page.infer(nothing, talk).elements == {}
    assert stored.infer(nothing, talk).take == {}
    assert ways.infer(nothing, talk).missing


def test_without_ids_in_frames_no_rule_takes_any() -> None:
    seen = looked_at("reference")
    bare = [replace(one, payload=json.dumps({"type": json.loads(one.payload)["type"]})) for one in seen.frames]
    talk = infer(replace(seen, frames=bare))
    assert {one.means for one in [*talk.out, *talk.into]} <= {"nothing"}
    assert any("0 were seen" in one for one in talk.missing)


def renamed(seen: Observations, name: str | None) -> Observations:
    """The same where kinds of frames stand in a field of another name, or in none."""

    def other(one: Frame) -> Frame:
        told = json.loads(one.payload)
        kind = told.pop("type")
        return replace(one, payload=json.dumps({name: kind, **told} if name else told))

    return replace(seen, frames=list(map(other, seen.frames)))


def test_kinds_of_frames_may_stand_in_a_field_of_any_name() -> None:
    talk = infer(renamed(looked_at("reference"), "act"))
    assert {(one.means, *one.when.items()) for one in talk.into} == {
        (one.means, ("act", one.when["type"])) for one in talk_of("reference").into
    }


def test_texts_in_parts_are_no_text() -> None:
    def in_parts(one: Frame) -> Frame:
        told = json.loads(one.payload)
        parts = [{"type": "text", "value": "some of it"}]
        return replace(one, payload=json.dumps({**told, "payload": {**told["payload"], "text": parts}}))

    seen = looked_at("reference")
    chunks = [in_parts(one) if '"stream_chunk"' in one.payload else one for one in seen.frames]
    assert infer(replace(seen, frames=chunks)).rule("deliver") == talk_of("reference").rule("deliver")


def test_frames_that_nothing_tells_apart_have_no_rule() -> None:
    talk = infer(renamed(looked_at("reference"), None))
    assert all(one.when for one in [*talk.out, *talk.into])
    assert any("no field names their kind" in one for one in talk.missing)


def test_which_tab_is_told_first_is_chance() -> None:
    seen = looked_at("reference")
    borders = [0, *(said.after for said in seen.said), len(seen.frames)]
    frames = [one for begin, end in pairwise(borders) for one in sorted(seen.frames[begin:end], key=lambda one: one.tab)]
    assert frames != seen.frames
    talk = infer(replace(seen, frames=frames))
    ack = talk.rule("ack")
    assert ack is not None
    assert dict(ack.when) == {"type": "message_accepted"}
    assert {repr(one.plain) for one in talk.into} == {repr(one.plain) for one in talk_of("reference").into}


def test_texts_that_are_sent_without_ids_have_those_of_the_platform() -> None:
    def without_id(one: Frame) -> Frame:
        told = json.loads(one.payload)
        told.pop("message_id", None)
        return replace(one, payload=json.dumps(told)) if one.direction == "out" else one

    seen = looked_at("reference")
    talk = infer(replace(seen, frames=list(map(without_id, seen.frames))))
    assert talk.messages == talk_of("reference").messages
    send, ack = talk.rule("send", "out"), talk.rule("ack")
    assert send is not None
    assert ack is not None
    assert (sorted(send.take), ack.take["message"]) == (["text", "thread"], "message_id")
    assert any("Pages gave the texts no ids" in one for one in talk.missing)


def test_a_codec_that_reads_some_frames_says_how_many() -> None:
    frames = [Frame("1", "speaker", "in", json.dumps({"type": "hello"})), Frame("1", "speaker", "in", "not json")]
    talk = infer(Observations("https://chat.example.org", frames=frames))
    assert talk.codec == "json"
    assert "reads 1 of 2 frames" in talk.missing[0]


@pytest.mark.parametrize(
    ("value", "identity", "moment"),
    [
        ("8b98fd58-cb96-4f60-b68a-49a918afae26", True, False),
        ("run_01HXYZ7788", True, False),
        ("What is 1 + 2?", False, False),
        ("2026-11-29T18:17:32.842Z", False, True),
        ("user_message", False, False),
        (1795976552, False, True),
        (7, False, False),
    ],
)
def test_values_are_told_by_their_looks(value: object, identity: bool, moment: bool) -> None:
    assert (is_id(value), is_moment(value)) == (identity, moment)


def test_leaves_have_their_way_with_them() -> None:
    assert dict(leaves({"a": [{"b": 1}], "c": None})) == {("a", 0, "b"): 1, ("c",): None}


def test_a_selector_is_the_one_that_is_likeliest_to_stay() -> None:
    def element(number: int, tag: str, inside: tuple[Element, ...] = (), **attributes: str) -> Element:
        return Element(number, tag, {name.replace("_", "-"): value for name, value in attributes.items()}, inside=inside)

    box = element(2, "textarea", id="radix-:r1:", name="message")
    first, second = element(3, "p", **{"class": "line"}), element(4, "p", **{"class": "line"})
    aside = element(5, "aside", (second,), data_testid="aside")
    body = element(0, "body", (element(1, "main", (box, first), id="main"), aside))
    view = Page("ready", "speaker", "https://chat.example.org", body)
    assert unique(view, box) == 'textarea[name="message"]'
    assert unique(view, first) == "#main .line"
    assert unique(view, second) == '[data-testid="aside"] .line'
