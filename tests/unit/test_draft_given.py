"""A platform that gives messages their ids: pages know a text again by what they sent with it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from uuid import NAMESPACE_OID, uuid5

import pytest
import yaml

from realstack.draft.drafted import Talk
from realstack.draft.frames import infer
from realstack.draft.observations import Observations
from realstack.draft.writing import Draft, check
from realstack.history.domain import History
from realstack.history.vocabulary import Vocabulary
from realstack.recording.events import Event, FrameIn, FrameOut
from support.auto_increment import TABS, Form, Platform, channels, plain, rpc
from support.project import ADAPTERS

FORMS: dict[str, tuple[Form, dict[str, Any], dict[str, Any]]] = {
    "an object": (
        plain,
        {"message": "data.ref", "thread": "data.room_id", "text": "data.body"},
        {"when": {"event": "sent"}, "take": {"message": "data.ref", "given": "data.id", "seq": "data.id"}},
    ),
    "JSON-RPC": (
        rpc,
        {"message": "id", "thread": "params.room_id", "text": "params.body"},
        {"when": {"result.id": "*"}, "take": {"message": "id", "given": "result.id", "seq": "result.id"}},
    ),
    "an array": (
        channels,
        {"message": "[1]", "thread": "[4].room_id", "text": "[4].body"},
        {"when": {"[3]": "sent"}, "take": {"message": "[1]", "given": "[4].response.id", "seq": "[4].response.id"}},
    ),
}
EACH = pytest.mark.parametrize("form", FORMS)


def seen(form: str) -> Observations:
    return Platform(FORMS[form][0]).look()


@EACH
def test_what_a_text_was_sent_with_comes_back_beside_its_id(form: str) -> None:
    talk = infer(seen(form))
    _, sent, acked = FORMS[form]
    send, ack = talk.rule("send", "out"), talk.rule("ack")
    assert send is not None
    assert ack is not None
    assert dict(send.take) == sent
    assert ack.plain == {**acked, "means": "ack"}
    assert not any("Pages gave the texts no ids" in one for one in talk.missing)


def told(talk: Talk) -> dict[str, dict[str, str]]:
    return {one.stage or one.means: dict(one.take) for one in talk.into}


def test_things_that_all_count_from_one_are_told_apart() -> None:
    talk = infer(seen("an object"))
    assert (talk.thread, talk.account, talk.messages[0], talk.runs[0]) == ("thread 1", "user 1", "message 1", "job 1")
    assert told(talk)["started"] == {"run": "data.job_id", "thread": "data.room_id", "query": "data.question_id"}
    assert told(talk)["completed"] == {"run": "data.job_id", "thread": "data.room_id", "answer": "data.answer_id"}
    assert told(talk)["connected"] == {"connection": "data.connection", "account": "data.user_id"}
    draft = Draft.of("mine", seen("an object"))
    assert draft.page.conversation == "/c/{thread}"
    assert draft.page.elements["message"].values["id"] == "data-id"
    assert draft.stored.take == {"message": "id", "thread": "room_id", "seq": "id", "text": "body", "user": "owner_id"}
    assert draft.ways.user_id == ("POST", "/login", ("id",))
    assert "/rooms/${thread}/messages?limit=1" in draft.files()["adapter.resource"]


@EACH
def test_the_files_are_read_by_those_who_use_them(form: str) -> None:
    files = Draft.of("mine", seen(form)).files()
    check(files, ADAPTERS)
    assert "Message Should Be Acknowledged" not in files["adapter.resource"], "the library waits for what the vocabulary says"


def test_a_frame_is_sent_with_its_number_and_its_room() -> None:
    files = Draft.of("mine", seen("an array")).files()
    assert (
        "['1', str($id), 'room:' + str($thread), 'send', {'room_id': int($thread), 'body': str($text)}]"
        in files["adapter.resource"]
    )
    assert "'body': str($text)}, 'id': int($id)}" in Draft.of("mine", seen("JSON-RPC")).files()["adapter.resource"]


@pytest.mark.parametrize(
    "reference",
    [lambda n: f"a{n}", lambda n: str(uuid5(NAMESPACE_OID, str(n))), lambda n: 100 * n, lambda n: 1_795_976_552_000 + n],
)
def test_whatever_pages_send(reference: Any) -> None:
    talk = infer(Platform(reference=reference).look())
    ack = talk.rule("ack")
    assert ack is not None
    assert ack.take == {"message": "data.ref", "given": "data.id", "seq": "data.id"}
    assert talk.messages[0] == "message 1"


def test_what_does_not_come_back_tells_nothing() -> None:
    def bare(payload: str) -> str:
        frame = json.loads(payload)
        frame["data"].pop("ref", None)
        return json.dumps(frame)

    usual = seen("an object")
    talk = infer(replace(usual, frames=[replace(one, payload=bare(one.payload)) for one in usual.frames]))
    send, ack = talk.rule("send", "out"), talk.rule("ack")
    assert send is not None
    assert ack is not None
    assert "message" not in send.take
    assert ack.take == {"message": "data.id", "seq": "data.id"}
    assert any("Pages gave the texts no ids; the platform did, as id beside body" in one for one in talk.missing)


@EACH
def test_laws_know_a_message_by_what_it_was_sent_with(form: str) -> None:
    observations = seen(form)
    files = Draft.of("mine", observations).files()
    events: list[Event] = [
        (FrameOut if one.direction == "out" else FrameIn)(one.tab, frame=json.loads(one.payload), at=place / 10)
        for place, one in enumerate(observations.frames, 1)
    ]
    history = History(events, Vocabulary(yaml.safe_load(files["vocabulary.yaml"])))
    sent = ["3", "4", "5", "6"]
    assert [one.message for one in history.sends] == sent
    assert [one.message for one in history.acks] == sent
    told = [one.message for one in history.deliveries]
    assert [one for one in told if one in sent] == [one for one in sent for _ in TABS], "no answer is taken for a question"
    assert {one.query for one in history.run_events if one.stage == "started"} == set(sent)
