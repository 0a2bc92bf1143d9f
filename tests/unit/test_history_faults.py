"""contained, recovers-alone, all-or-nothing, whole-file, no-growth; floors and receipts."""

from __future__ import annotations

import pytest
from story import Story, assert_holds, assert_invalid, assert_violated

from realstack.core.errors import StackError
from realstack.history.floors import count, injected, missing_receipts
from realstack.history.laws.faults import outages
from realstack.monitor.leak import Series


def probed(service: str = "auth", ok: bool = True, seconds: float = 0.02, answer: str | None = None) -> Story:
    story = Story()
    for _ in range(4):
        story.add("probe", "auth", {"ok": True, "seconds": 0.01}).add("probe", "backend", {"ok": True, "seconds": 0.01})
    story.add("service", "backend", {"what": "killed", "seen": "gone"})
    for _ in range(3):
        story.add("probe", "auth", {"ok": True, "seconds": 0.02}).add("probe", "backend", {"ok": False, "seconds": 0})
    return story.add("probe", service, {"ok": ok, "seconds": seconds, "answer": answer})


def test_contained() -> None:
    assert_holds(probed().judge("contained"))


def test_another_service_failed() -> None:
    assert_violated(probed(ok=False, answer="503").judge("contained"), "auth failed while backend was down", "it answered 503")


def test_another_service_was_slow() -> None:
    assert_violated(
        probed(seconds=0.9).judge("contained"), "auth was slow while backend was down", "within 0.100 s", "took 0.900 s"
    )


def test_a_probe_that_tells_no_time_was_not_slow() -> None:
    assert_holds(probed().add("probe", "auth", {"ok": True}).judge("contained"))


def test_probes_of_the_broken_service_alone_prove_nothing() -> None:
    story = Story().add("fault-on", "cut", {"target": "backend"}).add("probe", "backend", {"ok": False, "seconds": 0})
    assert_invalid(story.judge("contained"), "Only 0 services")


def outage(*readings: bool) -> Story:
    story = Story().page("ann", "page").add("page", "page", {"status": "online"}).add("fault-on", "cut", {"target": "link"})
    story.add("page", "page", {"status": "offline"}).add("fault-off", "cut", {"receipt": {"dropped": 7}})
    for working in readings:
        story.add("page", "page", {"working": working})
    return story


def test_recovers() -> None:
    assert_holds(outage(False, True).judge("recovers-alone"))


def test_never_recovers() -> None:
    verdict = outage(False, False).judge("recovers-alone")
    assert_violated(verdict, "page does not work again", "the fault on link ended at")
    assert verdict.retryable


def test_a_page_of_which_there_is_one_reading_never_came_back() -> None:
    story = Story().page("ann", "page").add("fault-on", "cut", {"target": "link"}).add("page", "page", {"status": "offline"})
    story.add("fault-off", "cut", {"receipt": {"dropped": 7}})
    assert_violated(story.judge("recovers-alone"), "page does not work again")


def test_recovers_only_when_helped() -> None:
    story = outage(False).add("act", "page", {"what": "reload"}).add("page", "page", {"status": "online"})
    assert_violated(story.judge("recovers-alone"), "page was helped", "'reload'")


def test_a_page_that_did_not_work_before_the_fault_was_not_broken_by_it() -> None:
    story = Story().page("ann", "page").add("page", "page", {"status": "offline"}).add("page", "page", {"status": "online"})
    story.add("fault-on", "cut").add("fault-off", "cut", {"receipt": {"dropped": 7}})
    assert_invalid(story.judge("recovers-alone"), "Only 0 readings during a fault")
    story.add("act", "page", {"what": "reload"}).add("page", "page", {"status": "online"})
    assert_invalid(story.judge("recovers-alone"), "Only 0 readings during a fault")


def test_a_page_that_never_noticed_proves_nothing() -> None:
    story = Story().page("ann", "page").add("fault-on", "cut").add("fault-off", "cut").add("page", "page", {"status": "online"})
    assert_invalid(story.judge("recovers-alone"), "Only 0 readings during a fault")


def typed_during_an_outage(state: str | None) -> Story:
    """A page on which a message was typed while its link was cut, and which is online again; None: it does not show it."""
    story = Story().page("ann", "page").add("page", "page", {"status": "online", "messages": []}).add("fault-on", "link")
    story.add("typed", "page", {"text": "hello"}).add("page", "page", {"status": "offline", "messages": []}).add(
        "fault-off", "link"
    )
    shown = [] if state is None else [{"id": "a", "text": "hello", "state": state, "role": "user"}]
    return story.add("page", "page", {"status": "online", "messages": shown})


def test_what_was_typed_is_handed_over() -> None:
    assert_holds(typed_during_an_outage("stored").judge("recovers-alone"))
    verdict = typed_during_an_outage("sent").judge("recovers-alone")
    assert_violated(verdict, "page has not handed over m-1", "the fault on link ended at", "shows it as not stored")
    assert verdict.retryable


def test_what_was_typed_is_gone() -> None:
    assert_violated(typed_during_an_outage(None).judge("recovers-alone"), "page has not handed over m-1", "does not show it")


def test_what_was_typed_is_handed_over_under_another_id() -> None:
    """Which is no good either, but for `exactly-once` to say."""
    story = typed_during_an_outage("sent")
    story.add("page", "page", {"status": "online", "messages": [{"id": "b", "text": "hello", "state": "stored"}]})
    assert_holds(story.judge("recovers-alone"))


def test_what_was_typed_is_refused_by_a_limit() -> None:
    story = typed_during_an_outage("limited").refuse("page", "a")
    assert_holds(story.judge("recovers-alone"))


def test_a_way_round_must_be_taken_while_the_fault_lasts() -> None:
    story = Story().page("ann", "page").add("page", "page", {"status": "online", "messages": []})
    story.add("fault-on", "link", {"way_round": True}).add("typed", "page", {"text": "hello"})
    story.add("page", "page", {"status": "online", "messages": [{"id": "a", "text": "hello", "state": "sent"}]})
    assert_violated(story.judge("recovers-alone"), "page has not handed over m-1", "hit only connections that were open")
    story.add("page", "page", {"status": "offline"})
    assert_violated(story.judge("recovers-alone"), "page does not work again")
    story.add("page", "page", {"status": "online", "messages": [{"id": "a", "text": "hello", "state": "stored"}]})
    assert_holds(story.judge("recovers-alone"))


# --- all-or-nothing ---


def operation(answer: str | None = None, **parts: int) -> Story:
    return Story().add("snapshot", "op", {"parts": parts, "answer": answer})


@pytest.mark.parametrize("times", [0, 1])
def test_all_or_nothing(times: int) -> None:
    assert_holds(operation(profile=times, workspace=times, event=times).judge("all-or-nothing"))


def test_in_part() -> None:
    verdict = operation("rolled_back", profile=1, workspace=0, event=0).judge("all-or-nothing")
    assert_violated(
        verdict, "the operation op is there in part", "profile existed and workspace, event did not", "answered 'rolled_back'"
    )


def test_done_twice_and_not_as_answered() -> None:
    assert_violated(operation(profile=1, workspace=1, event=2).judge("all-or-nothing"), "event existed 2 times")
    assert_violated(operation("committed", profile=0, workspace=0).judge("all-or-nothing"), "is not what the platform said")
    assert_violated(operation("rolled_back", profile=1, workspace=1).judge("all-or-nothing"), "is not what the platform said")
    assert_holds(operation("rolled_back", profile=0, workspace=0).judge("all-or-nothing"))


def test_an_operation_that_was_forgotten() -> None:
    for state, parts in (("pending", 0), ("rolling_back", 1)):
        story = Story().add("snapshot", "op", {"parts": {"a": parts, "b": parts}, "answer": "rolling_back", "state": state})
        assert_violated(story.judge("all-or-nothing"), "the operation op never came to rest", f"its log said '{state}'")
    story = Story().add("snapshot", "op", {"parts": {"a": 0, "b": 0}, "answer": "rolling_back", "state": "rolled_back"})
    assert_holds(story.judge("all-or-nothing"))


def test_only_the_last_quiet_snapshot_counts() -> None:
    story = operation(profile=1, workspace=0).add("snapshot", "op", {"parts": {"profile": 1, "workspace": 1}})
    story.add("snapshot", "op", {"parts": {"profile": 1, "workspace": 0}, "quiet": False})
    assert_holds(story.judge("all-or-nothing"))


def test_stores_that_disagree() -> None:
    story = Story().add("snapshot", "op", {"parts": {"a": 1, "b": 1}, "values": {"a": "Ann", "b": "Anna"}})
    assert_violated(story.judge("all-or-nothing"), "the stores disagree after op")


def test_one_part_is_no_operation() -> None:
    assert_invalid(operation(profile=1).judge("all-or-nothing"), "an operation over stores needs two")


# --- whole-file ---


def layers(**digests: str | None) -> Story:
    story = Story()
    for layer, digest in digests.items():
        story.add("file-layer", layer, {"file": "report.pdf", "sha256": digest, "size": 5})
    return story


def after_a_fault(*answers: bool) -> Story:
    story = Story().add("probe", "readers", {"ok": False}).add("service", "store", {"what": "killed", "seen": "gone"})
    story.add("probe", "readers", {"ok": False}).add("service", "store", {"what": "ready"})
    for ok in answers:
        story.add("probe", "readers", {"ok": ok, "answer": "503"})
    return story


def test_services_answer_everybody_once_the_fault_is_over() -> None:
    floors = {"pages": 0, "readings_during_a_fault": 0}
    assert_holds(after_a_fault(True, True).judge("recovers-alone", **floors, probes_after=2))
    assert_violated(
        after_a_fault(True, False).judge("recovers-alone", **floors),
        "readers does not answer well again",
        "the fault on store ended at 0.040 s",
        "it answered 503 at 0.060 s",
    )
    broken_again = after_a_fault(False).add("service", "cache", {"what": "killed", "seen": "gone"})
    assert_holds(broken_again.judge("recovers-alone", **floors, probes_after=0))


def test_nothing_unforeseen() -> None:
    story = Story().add("logs", "auth").add("logs", "backend", {"unforeseen": []})
    assert story.judge("nothing-unforeseen").counts == {"services": 2, "logs": 2}
    assert_holds(story.judge("nothing-unforeseen"))


def test_what_nobody_foresaw_is_shown_with_its_service_and_how_often() -> None:
    story = Story().add("logs", "auth").add("logs", "backend", {"unforeseen": ["KeyError: 'sid'", "KeyError: 'seq'"]})
    verdict = story.judge("nothing-unforeseen")
    assert_violated(verdict, "backend met what nobody foresaw", "2 times, first in: KeyError: 'sid'")
    assert len(verdict.witnesses) == 1


def test_logs_that_nobody_looked_through_prove_nothing() -> None:
    assert_invalid(Story().judge("nothing-unforeseen"), "Only 0 services")


@pytest.mark.parametrize(("unforeseen", "retryable"), [([], True), (["KeyError: 'sid'"], False)])
def test_what_was_only_too_slow_is_told_and_slowness_explains_it(unforeseen: list[str], retryable: bool) -> None:
    verdict = Story().add("logs", "auth", {"unforeseen": unforeseen, "late": ["stop forced"]}).judge("nothing-unforeseen")
    assert_violated(verdict, "auth met what nobody foresaw", f"told {1 + len(unforeseen)} times")
    assert verdict.retryable == retryable


def test_whole_file() -> None:
    assert_holds(
        layers(original="aa", store="AA", download="aa")
        .add("leftover", "store", {"file": "cut.pdf", "found": []})
        .judge("whole-file")
    )


def test_other_bytes() -> None:
    assert_violated(layers(original="aa", store="bb").judge("whole-file"), "store holds other bytes of report.pdf")


def test_a_layer_without_it() -> None:
    assert_violated(layers(original="aa", store=None).judge("whole-file"), "store does not hold report.pdf")


def test_leftovers() -> None:
    story = layers(original="aa", store="aa").add("leftover", "disk", {"file": "cut.pdf", "found": ["tmp/1.part"]})
    assert_violated(
        story.judge("whole-file"), "disk holds something of cut.pdf", "because the upload was never finished", "tmp/1.part"
    )


def test_one_layer_compares_nothing() -> None:
    assert_invalid(layers(original="aa").judge("whole-file"), "Only the layer original")


# --- no-growth ---


def grown(**data: object) -> Story:
    base = Series("backend memory", list(range(0, 1000, 4)), [30000.0] * 250, operation="connection").to_json()
    return Story().add("growth", "backend", {**base, **data})


def test_no_growth() -> None:
    assert_holds(grown().judge("no-growth"))
    assert_violated(
        grown(values=[30000.0 + 16 * n for n in range(250)]).judge("no-growth"), "backend memory grows", "per connection"
    )
    assert_invalid(grown(operations=[1, 2], values=[1, 2]).judge("no-growth"))
    assert_invalid(Story().judge("no-growth"), "Only 0 series")


def test_counts_come_back() -> None:
    assert_holds(grown(operations=[0, 100], values=[7, 7], exact=True, unit="descriptors").judge("no-growth"))
    verdict = grown(operations=[0, 100], values=[7, 9], exact=True, unit="descriptors", name="backend descriptors").judge(
        "no-growth"
    )
    assert_violated(verdict, "backend descriptors grew: it must be back at 7 descriptors", "after 100 connections it is 9")


# --- floors and receipts ---


def test_floors_count_within_a_fault() -> None:
    story = Story().tabs("ann", "tab 1").send("tab 1", "before").add("fault-on", "cut", {"target": "link"})
    story.send("tab 1", "a").send("tab 1", "a").send("tab 1", "b").add("fault-off", "cut").send("tab 1", "after")
    history = story.history()
    assert [count(history, "sends", during) for during in (None, "outage", "cut", "link")] == [4, 2, 2, 2]
    with pytest.raises(StackError, match=r"a fault 'other'[\s\S]*faults: cut, link"):
        count(history, "sends", "other")
    with pytest.raises(StackError, match="an activity: sends"):
        count(history, "jumps")


def test_a_message_that_is_acknowledged_again_is_no_second_one() -> None:
    story = Story().tabs("ann", "tab 1").send("tab 1", "a").ack("tab 1", "a", 1).send("tab 1", "b").send("tab 1", "a")
    story.ack("tab 1", "a", 1, duplicate=True)
    assert [count(story.history(), what) for what in ("sends", "acks")] == [2, 1]
    # Where acknowledgements name no message, each is one.
    nameless = Story().tabs("ann", "tab 1").frame_in("tab 1", "message_accepted", {"seq": 1})
    assert count(nameless.frame_in("tab 1", "message_accepted", {"seq": 2}).history(), "acks") == 2


def test_faults_are_known_by_their_names() -> None:
    story = Story().add("service", "redis", {"what": "paused"}).add("service", "redis", {"what": "killed"})
    story.add("service", "auth", {"what": "started"}).add("fault-on", "cut 1", {"link": "backend-1", "what": "reset"})
    assert injected(story.history()) == ["backend-1", "cut 1", "redis", "redis killed", "redis paused"]


def test_receipts() -> None:
    assert missing_receipts(Story().add("fault-on", "cut").add("fault-off", "cut", {"receipt": {"dropped": 3}}).history()) == []
    assert "was never ended" in missing_receipts(Story().add("fault-on", "cut").history())[0]
    assert "has no receipt" in missing_receipts(Story().add("fault-on", "cut").add("fault-off", "cut").history())[0]
    assert missing_receipts(Story().add("fault-on", "cut").add("fault-off", "cut", {"receipt": {"proven": True}}).history()) == []
    unproven = Story().add("fault-on", "cut").add("fault-off", "cut", {"receipt": {"proven": False}})
    assert "has no receipt" in missing_receipts(unproven.history())[0]
    unused = Story().add("fault-on", "lock", {"pid": 7}).add("fault-off", "lock", {"receipt": {"proven": False, "pids": []}})
    assert "has no receipt" in missing_receipts(unused.history())[0]
    assert "nothing was seen" in missing_receipts(Story().add("service", "auth", {"what": "killed"}).history())[0]
    assert missing_receipts(Story().add("service", "auth", {"what": "killed", "seen": "gone"}).history()) == []


def test_faults_on_one_link_are_told_apart() -> None:
    story = (
        Story()
        .add("fault-on", "link", {"toxic": "slow", "what": "latency"})
        .add("fault-on", "link", {"toxic": "cut", "what": "cut"})
    )
    story.add("fault-off", "link", {"toxic": "cut", "hits": 3}).add("fault-off", "link", {"toxic": "slow", "hits": 0})
    spans = outages(story.history())
    assert [(round(span.begin, 2), round(span.end, 2)) for span in spans] == [(0.01, 0.04), (0.02, 0.03)]
    assert missing_receipts(story.history()) == ["The fault link, 0.010 s to 0.040 s, has no receipt."]


def test_a_service_is_down_until_it_is_back() -> None:
    story = Story().add("service", "auth", {"what": "killed", "seen": "gone"}).add("service", "auth", {"what": "died"})
    story.add("service", "auth", {"what": "started"}).add("service", "auth", {"what": "paused", "seen": "state T"})
    spans = outages(story.history())
    assert [(span.begin, span.over) for span in spans] == [(0.01, True), (0.04, False)]
