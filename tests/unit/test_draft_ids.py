"""Platforms whose ids are numbers or short texts are drafted as those with UUIDs are."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from realstack.draft import page, stored, ways
from realstack.draft.drafted import Talk
from realstack.draft.frames import infer
from realstack.draft.heard import Heard, Id, is_id, is_number, is_word, plain, shown
from realstack.draft.ids import Ids, is_of_that_time, stem
from realstack.draft.observations import Exchange, Frame, Observations
from realstack.draft.writing import Draft, check
from support import numbering
from support.numbering import MAPPINGS, looked_at, numbered
from support.project import ADAPTERS

ALL = pytest.mark.parametrize("mapping", MAPPINGS)
BOTH = pytest.mark.parametrize("name", ["reference", "chainlit"])
Address = Callable[[str], str]


def rules(talk: Talk) -> list[object]:
    return [one.plain for one in [*talk.out, *talk.into]]


def seen_of(talk: Talk) -> tuple[object, ...]:
    chain = [one[:2] for one in talk.chain]
    return talk.echo, talk.fan_out, chain, talk.agent_roles, talk.forward, talk.answered, talk.unknown, talk.missing


@ALL
@BOTH
def test_frames_mean_the_same_whatever_ids_are(name: str, mapping: str) -> None:
    with_uuids, talk = infer(looked_at(name)), infer(numbered(name, mapping))
    assert rules(talk) == rules(with_uuids)
    assert seen_of(talk) == seen_of(with_uuids)


@ALL
@BOTH
def test_pages_and_rows_and_ways_are_the_same_whatever_ids_are(name: str, mapping: str) -> None:
    seen, with_uuids = numbered(name, mapping), looked_at(name)
    talk, usual = infer(seen), infer(with_uuids)
    assert page.infer(seen, talk) == page.infer(with_uuids, usual)
    rows, usual_rows = stored.infer(seen, talk), stored.infer(with_uuids, usual)
    assert (rows.take, rows.rows, rows.of_users) == (usual_rows.take, usual_rows.rows, usual_rows.of_users)
    how, usual_how = ways.infer(seen, talk), ways.infer(with_uuids, usual)
    assert (how.token, how.user_id, how.socket) == (usual_how.token, usual_how.user_id, usual_how.socket)
    assert how.why == usual_how.why


def called(seen: Observations, names: Mapping[str, str], address: Address = str) -> Observations:
    """The same where fields have other names, and conversations another address."""

    def other(text: str) -> str:
        return re.sub(r'"(\w+)":', lambda found: f'"{names.get(found[1], found[1])}":', text)

    exchanges = [
        replace(one, url=address(one.url), request=other(one.request), response=other(one.response)) for one in seen.exchanges
    ]
    frames = [replace(one, payload=other(one.payload)) for one in seen.frames]
    return replace(seen, frames=frames, exchanges=exchanges, pages=[replace(one, url=address(one.url)) for one in seen.pages])


OTHERS: dict[str, tuple[Mapping[str, str], Address]] = {
    "humps": (
        {"thread_id": "chatId", "message_id": "msgId", "user_id": "uid", "run_id": "jobId", "query_message_id": "replyToId"},
        lambda url: url.replace("/threads/", "/c/"),
    ),
    "without a word": (
        {
            "thread_id": "threadid",
            "message_id": "messageid",
            "user_id": "userid",
            "run_id": "runid",
            "query_message_id": "parent",
        },
        lambda url: re.sub(r"/threads/([^/]+)$", r"/?thread=\1", url),
    ),
    "no more than id": (
        {"thread_id": "conversation", "message_id": "id", "query_message_id": "question_id"},
        lambda url: url.replace("/threads/", "/conversations/"),
    ),
    "the id of a run": ({"run_id": "id"}, str),
    "a word of its own": (
        {"thread_id": "space_id", "threads": "spaces", "message_id": "mid", "run_id": "task_id"},
        lambda url: url.replace("/threads", "/space"),
    ),
}


@ALL
@pytest.mark.parametrize("case", OTHERS)
def test_fields_that_hold_ids_have_many_names(case: str, mapping: str) -> None:
    names, address = OTHERS[case]
    usual, talk = (infer(called(seen, names, address)) for seen in (looked_at("reference"), numbered("reference", mapping)))
    assert talk.runs
    assert rules(talk) == rules(usual)
    assert seen_of(talk) == seen_of(usual)


def without(told: object, *names: str) -> object:
    if isinstance(told, dict):
        return {key: without(value, *names) for key, value in told.items() if key not in names}
    return [without(one, *names) for one in told] if isinstance(told, list) else told


def given_by_platform(seen: Observations) -> Observations:
    """The same where pages send no ids, and messages have no other number than theirs."""

    def frame(one: Frame) -> Frame:
        names = ("message_id", "seq") if one.direction == "out" else ("seq", "query_seq")
        return replace(one, payload=json.dumps(without(json.loads(one.payload), *names)))

    def exchange(one: Exchange) -> Exchange:
        if not one.response.startswith("{"):
            return one
        return replace(one, response=json.dumps(without(json.loads(one.response), "seq", "last_seq", "read_seq")))

    found = [replace(one, row={name: value for name, value in one.row.items() if name != "seq"}) for one in seen.found]
    return replace(seen, frames=list(map(frame, seen.frames)), exchanges=list(map(exchange, seen.exchanges)), found=found)


@pytest.mark.parametrize("mapping", ["growing", "snowflakes", "digits", "long digits"])
def test_an_id_that_grows_is_the_number_of_a_message_too(mapping: str) -> None:
    seen = given_by_platform(numbered("reference", mapping))
    talk = infer(seen)
    for means in ("deliver", "ack"):
        rule = talk.rule(means)
        assert rule is not None
        assert rule.take["seq"] == rule.take["message"]
    assert stored.infer(seen, talk).take["seq"] == "id"
    assert stored.infer(seen, talk).rows.count("m.id") == 1
    assert page.infer(seen, talk).elements["message"].values["seq"] in ("data-message-id", "data-seq")


def test_ids_that_tell_no_order_are_no_numbers() -> None:
    for mapping in ("slugs", "falling"):
        numbering.MAPPINGS["falling"] = lambda table, place: str(1000 - place) if table == "messages" else str(place)
        talk = infer(given_by_platform(numbered("reference", mapping)))
        assert talk.messages
        assert not talk.numbers
    del numbering.MAPPINGS["falling"]


# What is written


@ALL
@BOTH
def test_files_are_read_by_those_who_use_them(name: str, mapping: str) -> None:
    check(Draft.of("mine", numbered(name, mapping)).files(), ADAPTERS)


def keyword(seen: Observations, name: str) -> str:
    return Draft.of("mine", seen).files()["adapter.resource"].partition(f"\n{name}\n")[2].partition("\n\n")[0]


def test_ids_are_sent_as_pages_sent_them() -> None:
    for mapping, sent in (("growing", "int"), ("snowflakes", "int"), ("digits", "str"), ("slugs", "str")):
        text = keyword(numbered("reference", mapping), "Send Text")
        assert f"'message_id': {sent}($id), 'thread_id': {sent}($thread)" in text
        assert f"'thread_id': {sent}($thread)" in keyword(numbered("reference", mapping), "Rename Thread")


def test_where_no_conversation_was_it_is_sent_as_then() -> None:
    seen = numbered("chainlit", "growing")
    assert "'threadId': int($thread) if $thread else ''" in keyword(seen, "Begin On Tab")
    assert "IF    str($begun[-1]['data']['threadId']) != str($thread)" in keyword(seen, "Send Text")


def test_ids_of_messages_are_numbers_where_pages_make_such() -> None:
    for mapping, made in (("growing", "10**8, 10**9"), ("long digits", "10**17, 10**18"), ("slugs", "")):
        text = keyword(numbered("reference", mapping), "A Message Id")
        assert (f"${{{{str(random.randrange({made}))}}}}" in text) is bool(made)
    said = Draft.of("mine", numbered("reference", "growing")).missing["adapter.resource"]
    assert any("its id is a number, which the platform gives" in one for one in said)


def test_a_path_has_the_conversation_in_its_own_place() -> None:
    ids, one = Ids(), Id("thread", 1)
    for path, placed in (
        ("/api/v1/threads/1", "/api/v1/threads/{}"),
        ("/users/1/threads/1/messages", "/users/1/threads/{}/messages"),
        ("/c/1", "/c/{}"),
        ("/1/1", "/1/1"),
        ("/c/11", "/c/11"),
    ):
        assert ids.placed(path, one, "{}") == placed
    assert ids.placed("/c/room-8b98fd58", "8b98fd58", "{}") == "/c/room-{}"


def test_a_request_asks_for_the_conversation_that_is_meant() -> None:
    talk = infer(numbered("reference", "growing"))
    url = "https://chat.example.org/users/1/messages?thread_id=1&limit=1"
    told = list(ways.with_thread(Exchange("speaker", "GET", url, "fetch", 200), talk))
    assert told == ["/users/1/messages", "thread_id=${thread}&limit=1"]


# Names and values


@pytest.mark.parametrize(
    ("name", "whose"),
    [
        ("id", ""),
        ("_id", ""),
        ("pk", ""),
        ("message_id", "message"),
        ("threadID", "thread"),
        ("chat-id", "chat"),
        ("msgid", "msg"),
        ("mid", "mid"),
        ("query_message_id", "message"),
        ("in_reply_to_id", "reply"),
        ("client_message_id", "client"),
        ("data-story-ids", "story"),
        *((name, None) for name in ("paid", "valid", "grid", "width", "void", "android", "seq", "n", "uuid", "", "identity")),
    ],
)
def test_a_field_is_named_like_an_id(name: str, whose: str | None) -> None:
    assert stem(name) == whose


@pytest.mark.parametrize(
    ("beside", "kind"),
    [
        ({"id": 17}, "message"),
        ({"author": {"id": 17}}, "user"),
        ({"files": [{"id": 17}]}, "file"),
        ({"data": {"thread": 17}}, "thread"),
        ({"id": 17, "login": "ann"}, "user"),
        ({"id": 17, "name": "ann", "text": "What is 1 + 2?"}, "message"),
        ({"message_id": 1, "id": 17}, "thing"),
    ],
)
def test_what_is_around_an_id_tells_its_kind(beside: dict[str, object], kind: str) -> None:
    said = looked_at("reference").said[0]
    seen = Observations("", "ann", said=[replace(said, text="What is 1 + 2?")])
    frame = Heard("speaker", "1", "in", {"text": "What is 1 + 2?", "id": 3}, 0)
    read = Ids(seen, [frame, replace(frame, data=beside)], ["", ""]).heard[1].data
    assert f"{kind} 17" in str(read)
    assert plain(read) == beside


def test_what_counts_is_no_id() -> None:
    told = {
        "id": True,
        "thread_id": 0,
        "message_id": -1,
        "seq": 17,
        "paid": 17,
        "user": "bob2",
        "message": "ok 2",
        "room_id": "general",
    }
    assert Ids(None, [Heard("speaker", "1", "in", told, 0)], [""]).heard[0].data == told


def test_an_id_is_its_kind_s() -> None:
    one, same = Id("thread", 17), Id("thread", "17")
    assert one == same
    assert {one} == {same}
    assert one != Id("message", 17)
    assert (plain([one]), plain({"a": same}), shown(one)) == ([17], {"a": "17"}, "17")
    assert Id("thread", 175928847299117063) == Id("message", 175928847299117063) == "175928847299117063"
    assert (is_id(one), is_number(one), is_word(one)) == (True, False, False)


def test_an_address_names_a_conversation_before_anything_else() -> None:
    both = {Id("thread", 4), Id("user", 4), Id("space", 3), Id("message", 5)}
    for path, named in (("/users/4", "thread 4"), ("/spaces/3/c/4", "thread 4"), ("/spaces/3", "space 3"), ("/m/5", "")):
        assert Ids().in_address(f"https://chat.example.org{path}", both) == named


def test_an_address_of_a_socket_names_no_conversation() -> None:
    assert ways.local("https://chat.example.org/ws?thread_id=4&app_id=5&v=6") == "/ws?app_id=5&v=6"
    assert is_of_that_time("chatId", "4")
    assert not is_of_that_time("chatId", "general")


def test_what_an_element_is_called_for_one_thing_alone_tells_no_other() -> None:
    seen = numbered("reference", "growing")
    draft = page.infer(seen, infer(seen))
    assert not any(re.search(r"\d", place.selector) for place in draft.elements.values())
