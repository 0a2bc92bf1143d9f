"""Whether laws could be violated by what a history records: facts of it are changed, and the law must see each change.

A law that holds although a stored row was taken out of every reading does not look at rows here: its pass proves nothing on the
platform that was recorded. So each law has changes of its own, which are what the bugs that it is meant for would leave behind.
``python -m realstack.history falsify results/histories/*.jsonl`` tries them on the laws that were judged and hold.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice, pairwise
from typing import Any

from realstack.core.json_path import JsonPath, parse
from realstack.history.events import (
    Arrivals,
    ClaimsRead,
    EntryAttempt,
    ExpiryNotice,
    FileLayer,
    Judged,
    Leftover,
    LogsRead,
    PageRead,
    Probe,
    SettingRead,
    Snapshot,
    StateRead,
)
from realstack.history.export import Stored
from realstack.history.facts import Connected, PageReading, Refreshed, Tab
from realstack.history.laws import judge
from realstack.history.laws.claims import OF_ONE_TOKEN
from realstack.history.laws.faults import outages
from realstack.history.verdict import Outcome
from realstack.history.vocabulary import Rule, Vocabulary
from realstack.recording.events import Closed, Event, FrameIn, GrowthMeasured
from realstack.recording.events import Stored as Rows

MOST = 6
"""How often one change is tried in one history, each time on another fact: a history has hundreds of some."""

MOST_CALLS = 100
"""How often a tool is called by an agent that goes round and round."""

Edit = Mapping[int, Sequence[Event]]
"""What stands instead of events, by their position: nothing, another one, or several."""


class Scene:
    """A history to change: its events by time, and what they mean.

    Args:
        events: The events, in the order of recording.
        vocabulary: What frames, pages and rows mean.
        began_wall: When the history began, in seconds since the epoch.
    """

    def __init__(self, events: Iterable[Event], vocabulary: Vocabulary, began_wall: float) -> None:
        # As the history itself orders them, so that the index of a fact is the position of its event.
        self.events = sorted((event for event in events if not isinstance(event, Judged)), key=lambda event: event.at)
        self.vocabulary = vocabulary
        self.began_wall = began_wall
        self.history = self._stored(self.events).history()

    def changed(self, law: str, floors: Mapping[str, int], edit: Edit) -> Outcome:
        """What a law says of the history with some events replaced."""
        events = [event for index, old in enumerate(self.events) for event in edit.get(index, (old,))]
        return judge(law, self._stored(events).history(), floors).outcome

    def _stored(self, events: list[Event]) -> Stored:
        return Stored("", self.vocabulary, self.began_wall, events)

    def of(self, *kinds: type[Event]) -> list[tuple[int, Any]]:
        """Events of some kinds, with their positions."""
        return [(index, event) for index, event in enumerate(self.events) if isinstance(event, kinds)]

    def frames(self, means: str) -> Iterator[tuple[int, FrameIn, Rule, dict[str, Any]]]:
        """Frames that came and mean something: position, event, rule, fields."""
        for index, event in self.of(FrameIn):
            for rule, got in self.vocabulary.meanings("in", event.frame):
                # What one of many things in a frame says is changed where it stands alone.
                if rule.means == means and rule.each is None:
                    yield index, event, rule, got

    @property
    def acknowledged(self) -> list[str]:
        """Messages that the platform acknowledged, the newest first."""
        return list(dict.fromkeys(ack.message for ack in reversed(self.history.acks)))


def _framed(event: FrameIn, rule: Rule, /, **fields: Any) -> FrameIn:
    """A frame with other fields; those that the vocabulary does not take stay as they are."""
    frame = event.frame
    for name, value in fields.items():
        if name in rule.take:
            frame = rule.take[name].replaced(frame, value)
    return replace(event, frame=frame)


def _items(event: Any) -> list[Mapping[str, Any]]:
    """The messages of a reading of a store or a page."""
    return list((event.rows if isinstance(event, Rows) else event.messages) or ())


def _showing(event: Any, items: Sequence[Mapping[str, Any]]) -> Any:
    return replace(event, rows=items) if isinstance(event, Rows) else replace(event, messages=items)


def _path(take: Mapping[str, JsonPath], name: str) -> JsonPath:
    return take.get(name) or parse(name)


def _message(scene: Scene, event: Any) -> Callable[[Mapping[str, Any]], str]:
    """Reads the id of a message of a reading; the text stands for it where pages show no ids."""
    take = scene.vocabulary.row_take if isinstance(event, Rows) else scene.vocabulary.page_take
    path, words = _path(take, "message"), _path(take, "text")

    def read(item: Mapping[str, Any]) -> str:
        if (found := path.first(item)) is not None:
            return str(found)
        return next(iter(scene.history.ids_with_text(str(words.first(item)))), f"typed: {words.first(item)}")

    return read


def _without(scene: Scene, event: Any, message: str) -> Any:
    identity = _message(scene, event)
    return _showing(event, [item for item in _items(event) if identity(item) != message])


# What bugs leave behind, law by law.


def _row_lost(scene: Scene) -> Iterator[Edit]:
    readings = scene.of(Rows)
    for message in scene.acknowledged:
        held = [index for index, event in readings if message in map(_message(scene, event), _items(event))]
        if held:
            yield {index: [_without(scene, event, message)] for index, event in readings}


def _not_delivered(scene: Scene) -> Iterator[Edit]:
    return _missed_by(scene, scene.history.tabs.values())


def _missed_while_away(scene: Scene) -> Iterator[Edit]:
    away = {page.tab for page in scene.history.pages if page.working is False}
    return _missed_by(scene, (tab for tab in scene.history.tabs.values() if tab.name in away or len(tab.stretches) > 1))


def _missed_by(scene: Scene, tabs: Iterable[Tab]) -> Iterator[Edit]:
    # In the middle, since what comes last may be on its way.
    acknowledged = scene.acknowledged[1:4]
    for tab in tabs:
        frames = [found for found in scene.frames("deliver") if found[1].source == tab.name]
        pages = [(index, event) for index, event in scene.of(PageRead) if event.source == tab.name and _items(event)][-1:]
        for message in acknowledged:
            edit: dict[int, Sequence[Event]] = {index: [] for index, _, _, got in frames if str(got.get("message")) == message}
            edit |= {index: [_without(scene, event, message)] for index, event in pages if _has(scene, event, message)}
            if edit:
                yield edit


def _has(scene: Scene, event: Any, message: str) -> bool:
    return message in map(_message(scene, event), _items(event))


def _acknowledged_for_nothing(scene: Scene) -> Iterator[Edit]:
    for index, event, rule, got in reversed(list(scene.frames("ack"))):
        if got.get("message") is not None:
            yield {index: [_framed(event, rule, message=_id())]}


def _row_doubled(scene: Scene) -> Iterator[Edit]:
    for index, event in reversed(scene.of(Rows)):
        for item in reversed(_items(event)):
            yield {index: [_showing(event, [*_items(event), item])]}


def _shown_twice(scene: Scene) -> Iterator[Edit]:
    shown = [
        (index, _showing(event, [*_items(event), _items(event)[-1]])) for index, event in scene.of(PageRead) if _items(event)
    ]
    for index, event in reversed(shown):
        yield {index: [event]}
    for index, event, _, _ in reversed(list(scene.frames("deliver"))):
        yield {index: [event, event]}


def _rows_swapped(scene: Scene) -> Iterator[Edit]:
    readings = scene.of(Rows)
    for one, other in _neighbours(scene, readings, scene.vocabulary.row_take):
        yield {index: [_swapped(scene, event, one, other)] for index, event in readings}


def _shown_in_another_order(scene: Scene) -> Iterator[Edit]:
    by_page: dict[str, list[tuple[int, Any]]] = defaultdict(list)
    for index, event in scene.of(PageRead):
        by_page[event.source].append((index, event))
    for readings in by_page.values():
        for one, other in _neighbours(scene, readings, scene.vocabulary.page_take):
            yield {index: [_swapped(scene, event, one, other)] for index, event in readings}
    by_tab: dict[tuple[str, str], list[tuple[int, FrameIn, Rule, dict[str, Any]]]] = defaultdict(list)
    for found in scene.frames("deliver"):
        by_tab[found[1].source, str(found[3].get("thread"))].append(found)
    for frames in by_tab.values():
        for (index, first, rule, got), (later, second, other_rule, its) in pairwise(frames):
            if got.get("message") == its.get("message"):
                continue
            swapped = _framed(second, other_rule, seq=got.get("seq")), _framed(first, rule, seq=its.get("seq"))
            yield {index: [replace(swapped[0], at=first.at)], later: [replace(swapped[1], at=second.at)]}


def _neighbours(scene: Scene, readings: Sequence[tuple[int, Any]], take: Mapping[str, JsonPath]) -> Iterator[tuple[str, str]]:
    """Messages that follow one another in one thread of the last reading."""
    thread = _path(take, "thread")
    for _, event in reversed(readings):
        identity = _message(scene, event)
        for one, other in pairwise(_items(event)):
            if thread.first(one) == thread.first(other) and identity(one) != identity(other):
                yield identity(one), identity(other)


def _swapped(scene: Scene, event: Any, one: str, other: str) -> Any:
    """A reading in which two messages have changed places, and numbers where they have any."""
    identity, items = _message(scene, event), _items(event)
    take = scene.vocabulary.row_take if isinstance(event, Rows) else scene.vocabulary.page_take
    seq = _path(take, "seq")
    where = {identity(item): place for place, item in enumerate(items)}
    if one not in where or other not in where:
        return event
    first, second = where[one], where[other]
    before, after = items[first], items[second]
    items[first] = seq.replaced(after, seq.first(before))
    items[second] = seq.replaced(before, seq.first(after))
    return _showing(event, items)


def _from_nobody(scene: Scene) -> Iterator[Edit]:
    words = "What nobody ever said"
    for index, event, rule, got in reversed(list(scene.frames("deliver"))):
        if scene.vocabulary.role(got.get("role")) == "user":
            yield {index: [event, _framed(event, rule, message=_id(), text=words)]}
    take = scene.vocabulary.page_take
    for index, event in reversed(scene.of(PageRead)):
        for item in (item for item in _items(event) if scene.vocabulary.role(_path(take, "role").first(item)) == "user"):
            other = _path(take, "text").replaced(_path(take, "message").replaced(item, _id()), words)
            yield {index: [_showing(event, [*_items(event), other])]}


def _canary_at_another(scene: Scene) -> Iterator[Edit]:
    canaries = [(note.source, str(note.data.get("canary"))) for note in scene.history.noted("canary")]
    for owner, canary in canaries:
        for index, event, rule, got in scene.frames("deliver"):
            if scene.history.user_of(event.source) != owner and isinstance(got.get("text"), str):
                yield {index: [_framed(event, rule, text=f"{got['text']} {canary}")]}
                break
        for index, event in scene.of(PageRead):
            if scene.history.user_of(event.source) != owner:
                yield {index: [replace(event, text=f"{event.text or ''} {canary}")]}
                break


def _run_without_end(scene: Scene) -> Iterator[Edit]:
    last = {stage for link in scene.vocabulary.chain if link.kind == "terminal" for stage in link.stages}
    ends = [(event.source, index) for index, event, rule, _ in scene.frames("run-event") if rule.stage in last]
    for tab, index in reversed(ends):
        run = next(fact.run for fact in scene.history.run_events if fact.index == index)
        yield {fact.index: [] for fact in scene.history.run_events if fact.run == run and fact.stage in last and fact.tab == tab}


def _run_event_twice(scene: Scene) -> Iterator[Edit]:
    for index, event, _, got in reversed(list(scene.frames("run-event"))):
        if got.get("event") is not None:
            yield {index: [event, event]}


def _calls(scene: Scene) -> list[tuple[int, FrameIn, Rule, dict[str, Any]]]:
    return [found for found in scene.frames("run-event") if found[3].get("tool") is not None]


def _another_tool(scene: Scene) -> Iterator[Edit]:
    for index, event, rule, _ in reversed(_calls(scene)):
        yield {index: [_framed(event, rule, tool="another tool")]}


def _called_again(scene: Scene) -> Iterator[Edit]:
    for index, event, rule, _ in reversed(_calls(scene)):
        again = [replace(_framed(event, rule, event=_id(), number=10**6 + n), at=event.at) for n in range(MOST_CALLS)]
        yield {index: [event, *again]}


def _first_word_late(scene: Scene) -> Iterator[Edit]:
    return _pieces_late(scene, 0)


def _answer_stands_still(scene: Scene) -> Iterator[Edit]:
    return _pieces_late(scene, 1)


def _pieces_late(scene: Scene, first: int) -> Iterator[Edit]:
    """All that comes of an answer from one of its pieces on comes an hour later."""
    for facts in (facts for tabs in scene.history.runs().values() for facts in tabs.values()):
        pieces = [fact for fact in facts if fact.stage in scene.vocabulary.piecewise]
        if facts[-1].stage == scene.vocabulary.chain[-1].stages[0] and len(pieces) > first:
            since = pieces[first].at
            late = [fact.index for fact in facts if fact.at >= since]
            yield {index: [replace(scene.events[index], at=scene.events[index].at + 3600)] for index in late}


def _stop_unseen(scene: Scene) -> Iterator[Edit]:
    for index, _, _, _ in reversed(_stopped(scene)):
        yield {index: []}


def _stopped_and_went_on(scene: Scene) -> Iterator[Edit]:
    for index, event, _, got in reversed(_stopped(scene)):
        mine = [fact for fact in scene.history.run_events if fact.tab == event.source and fact.run == str(got.get("run"))]
        for fact in [fact for fact in mine if fact.stage in scene.vocabulary.piecewise][-1:]:
            piece = scene.events[fact.index]
            if not isinstance(piece, FrameIn):
                continue
            for rule, _ in scene.vocabulary.meanings("in", piece.frame):
                if rule.means == "run-event" and rule.each is None:
                    yield {index: [event, replace(_framed(piece, rule, event=_id(), number=10**6), at=event.at)]}


def _stopped_answer_stored_otherwise(scene: Scene) -> Iterator[Edit]:
    answers = {str(got.get("answer")) for _, _, _, got in _stopped(scene)}
    words = _path(scene.vocabulary.row_take, "text")
    for index, event in reversed(scene.of(Rows)):
        identity = _message(scene, event)
        items = [
            words.replaced(item, f"{words.first(item)} and more") if identity(item) in answers else item for item in _items(event)
        ]
        if items != _items(event):
            yield {index: [_showing(event, items)]}


def _stopped(scene: Scene) -> list[tuple[int, FrameIn, Rule, dict[str, Any]]]:
    return [found for found in scene.frames("run-event") if found[2].stage in scene.vocabulary.stops]


def _half_done(scene: Scene) -> Iterator[Edit]:
    for index, event in reversed(scene.of(Snapshot)):
        for part, times in event.parts.items():
            yield {index: [replace(event, parts={**event.parts, part: 0 if times else 1})]}


def _limit_not_kept(scene: Scene) -> Iterator[Edit]:
    return _answered_otherwise(scene, "refuse", "ack")


def _refused_too_early(scene: Scene) -> Iterator[Edit]:
    return _answered_otherwise(scene, "ack", "refuse")


def _answered_otherwise(scene: Scene, was: str, becomes: str) -> Iterator[Edit]:
    """An answer is another, as the same tab was given it for another message."""
    models = {event.source: (event, rule) for _, event, rule, _ in scene.frames(becomes)}
    for index, event, _, got in scene.frames(was):
        if event.source in models and got.get("message") is not None:
            model, rule = models[event.source]
            yield {index: [replace(_framed(model, rule, message=got["message"]), at=event.at)]}


def _another_connection(scene: Scene) -> Iterator[Edit]:
    for index, event in reversed(scene.of(PageRead)):
        found = scene.vocabulary.page_connection.first(event.data)
        if found is not None:
            name = "connection_id" if event.connection_id == found else "connection"
            yield {index: [replace(event, **{name: _id()})]}
    expiries: list[Connected | Refreshed] = [*scene.history.greetings, *scene.history.refreshes]
    for fact in reversed(expiries):
        if fact.expires_at is None or scene.history.tabs[fact.tab].page:
            continue
        expired = fact.expires_at - scene.history.began_wall
        after = next((i for i, event in enumerate(scene.events) if event.source == fact.tab and event.at > expired), None)
        if after is not None:
            yield {after: [Closed(fact.tab, 4401, by="server", at=scene.events[after].at), scene.events[after]]}


def _not_told_in_time(scene: Scene) -> Iterator[Edit]:
    for index, event in scene.of(ExpiryNotice):
        yield {index: [replace(event, told=False)]}


def _another_claim(scene: Scene) -> Iterator[Edit]:
    for index, event in reversed(scene.of(ClaimsRead)):
        for name, value in event.claims.items():
            if name not in OF_ONE_TOKEN:
                yield {index: [replace(event, claims={**event.claims, name: f"{value} and more"})]}


def _entered(scene: Scene) -> Iterator[Edit]:
    for index, event in scene.of(EntryAttempt):
        if not event.admitted and not event.good:
            yield {index: [replace(event, admitted=True)]}
    for note in scene.history.noted("revoked"):
        for tab in note.data.get("tabs") or ():
            closed = [index for index, event in scene.of(Closed) if event.source == tab and event.at >= note.at]
            if closed:
                yield {index: [] for index in closed}


def _shut_out(scene: Scene) -> Iterator[Edit]:
    for index, event in scene.of(EntryAttempt):
        if event.admitted and event.good:
            yield {index: [replace(event, admitted=False)]}


def _not_contained(scene: Scene) -> Iterator[Edit]:
    spans = outages(scene.history)
    for index, event in reversed(scene.of(Probe)):
        if event.ok and not event.dependent and any(s.covers(event.at) and s.target != event.source for s in spans):
            yield {index: [replace(event, ok=False, answer="503")]}


def _never_back(scene: Scene) -> Iterator[Edit]:
    working: dict[str, list[PageReading]] = defaultdict(list)
    for page in scene.history.pages:
        if page.working is not None:
            working[page.tab].append(page)
    for readings in working.values():
        begun = next((page.at for page in readings if page.working is False), None)
        if begun is not None:
            yield {page.index: [_not_working(scene, page.index)] for page in readings if page.at >= begun}


def _not_working(scene: Scene, index: int) -> Event:
    event = scene.events[index]
    assert isinstance(event, PageRead)
    return replace(event, working=False)


def _somebody_unanswered(scene: Scene) -> Iterator[Edit]:
    spans = outages(scene.history)
    over = max((span.end for span in spans), default=0.0)
    for index, event in scene.of(Probe):
        if spans and event.ok and not event.dependent and event.at > over:
            yield {index: [replace(event, ok=False, answer="503")]}


def _all_at_once(scene: Scene) -> Iterator[Edit]:
    for index, event in scene.of(Arrivals):
        bursts = sorted(event.times)[:: max(event.clients, 1)]
        times = [burst for burst in bursts for _ in range(event.clients)]
        yield {index: [replace(event, times=times, waits=[])]}


def _without_jitter(scene: Scene) -> Iterator[Edit]:
    for index, event in scene.of(Arrivals):
        whole = [
            [None if wait is None else min(event.longest, event.shortest * 2**n) for n, wait in enumerate(waits, 1)]
            for waits in event.waits
        ]
        if event.waits:
            yield {index: [replace(event, waits=whole)]}


def _unforeseen(scene: Scene) -> Iterator[Edit]:
    for index, event in scene.of(LogsRead):
        yield {index: [replace(event, unforeseen=[*event.unforeseen, "Traceback (most recent call last)"])]}


def _growing(scene: Scene) -> Iterator[Edit]:
    for index, event in scene.of(GrowthMeasured):
        if event.exact:
            yield {index: [replace(event, values=[*event.values[:-1], event.values[-1] + max(1.0, event.lump + 1.0)])]}
        else:
            steps = zip(event.values, event.operations, strict=True)
            yield {index: [replace(event, values=[value + 3 * event.budget * done for value, done in steps])]}


def _other_bytes(scene: Scene) -> Iterator[Edit]:
    for index, event in reversed(scene.of(FileLayer)):
        if event.sha256 is not None:
            yield {index: [replace(event, sha256=("0" if event.sha256[0] != "0" else "1") + event.sha256[1:])]}


def _something_left(scene: Scene) -> Iterator[Edit]:
    for index, event in scene.of(Leftover):
        yield {index: [replace(event, found=["a row"])]}


def _stored_otherwise(scene: Scene) -> Iterator[Edit]:
    for index, event in reversed(scene.of(Rows)):
        for changed in _retold(scene, event):
            yield {index: [changed]}


def _stored_elsewhere(scene: Scene) -> Iterator[Edit]:
    path = _path(scene.vocabulary.row_take, "thread")
    sent = {send.message: send.thread for send in scene.history.sends if not send.typed}
    for index, event in reversed(scene.of(Rows)):
        items = _items(event)
        for place in reversed(range(len(items))):
            message = _path(scene.vocabulary.row_take, "message").first(items[place])
            if sent.get(str(message)) and path.first(items[place]) is not None:
                elsewhere = path.replaced(items[place], "another conversation")
                yield {index: [_showing(event, [*items[:place], elsewhere, *items[place + 1 :]])]}


def _shown_otherwise(scene: Scene) -> Iterator[Edit]:
    for index, event, rule, got in reversed(list(scene.frames("deliver"))):
        if isinstance(got.get("text"), str):
            yield {index: [_framed(event, rule, text=f"{got['text']} ")]}
            break
    for index, event in reversed(scene.of(PageRead)):
        for changed in _retold(scene, event):
            yield {index: [changed]}


def _retold(scene: Scene, event: Any) -> Iterator[Any]:
    """A reading, each time with another of its messages changed by a blank."""
    take = scene.vocabulary.row_take if isinstance(event, Rows) else scene.vocabulary.page_take
    path, items = _path(take, "text"), _items(event)
    for place in reversed(range(len(items))):
        words = path.first(items[place])
        if isinstance(words, str):
            yield _showing(event, [*items[:place], path.replaced(items[place], f"{words} "), *items[place + 1 :]])


def _bystander_changed(scene: Scene) -> Iterator[Edit]:
    last = {event.source: (index, event) for index, event in scene.of(StateRead)}
    for index, event in last.values():
        part, rows = next((found for found in event.parts.items() if found[1]), ("", {}))
        for key, row in list(rows.items())[:1]:
            other = {**row, "some field": "changed by nobody"}
            yield {index: [replace(event, parts={**event.parts, part: {**rows, key: other}})]}


def _set_otherwise(scene: Scene) -> Iterator[Edit]:
    last: dict[tuple[str, str, str], int] = {}
    for setting in scene.history.settings:
        if not setting.asked:
            last[setting.of, setting.about, setting.place] = setting.index
    for index in reversed(last.values()):
        event = scene.events[index]
        if isinstance(event, SettingRead):
            yield {index: [replace(event, value=_another(event.value))]}
        elif isinstance(event, FrameIn):
            for rule, got in scene.vocabulary.meanings("in", event.frame):
                if rule.means == "setting" and rule.each is None:
                    yield {index: [_framed(event, rule, value=_another(got.get("value")))]}


def _another(value: Any) -> Any:
    """A value that is less where it is a number, and other words where it is a text."""
    return value - 1 if isinstance(value, int) and not isinstance(value, bool) else f"{value} of before"


def _id() -> str:
    return str(uuid.uuid4())


@dataclass(frozen=True, slots=True)
class Change:
    """Something that a bug would leave behind.

    Attributes:
        what: What would have happened, in words.
        laws: The laws that must see it.
        edits: The ways to change a history so; none where it has nothing of the kind.
    """

    what: str
    laws: tuple[str, ...]
    edits: Callable[[Scene], Iterator[Edit]]


CHANGES = (
    Change("an acknowledged message is missing in the store", ("acked-is-kept",), _row_lost),
    Change("a tab of its user never got a message", ("acked-is-kept",), _not_delivered),
    Change("a tab that was away never got a message", ("resume-without-gap",), _missed_while_away),
    Change("what was acknowledged is not what is kept", ("acked-is-kept",), _acknowledged_for_nothing),
    Change("a message is stored twice", ("exactly-once",), _row_doubled),
    Change("a message is shown twice", ("exactly-once",), _shown_twice),
    Change("two rows have changed places", ("same-order",), _rows_swapped),
    Change("a tab shows two messages the other way round", ("same-order",), _shown_in_another_order),
    Change("a message came that nobody sent", ("from-somebody",), _from_nobody),
    Change("a user's canary reached another", ("no-crosstalk",), _canary_at_another),
    Change("a run has no end", ("agent-stream",), _run_without_end),
    Change("an event of a run came twice", ("agent-stream",), _run_event_twice),
    Change("another tool was called", ("right-tools",), _another_tool),
    Change("a tool was called round and round", ("right-tools",), _called_again),
    Change("the first word of an answer came late", ("answers-flow",), _first_word_late),
    Change("an answer stood still in the middle", ("answers-flow",), _answer_stands_still),
    Change("a tab never saw a stopped answer end", ("stop-stops",), _stop_unseen),
    Change("a stopped answer went on", ("stop-stops",), _stopped_and_went_on),
    Change("a stopped answer is stored with more words", ("stop-stops",), _stopped_answer_stored_otherwise),
    Change("one part of an operation is missing, or alone", ("all-or-nothing",), _half_done),
    Change("a refused message was admitted", ("admits-exactly",), _limit_not_kept),
    Change("an admitted message was refused", ("admits-exactly",), _refused_too_early),
    Change("a connection did not outlive its token", ("one-connection",), _another_connection),
    Change("a tab was not told that its token expires", ("one-connection",), _not_told_in_time),
    Change("a refreshed token claims something else", ("same-claims",), _another_claim),
    Change("a bad credential opened a door, or a revoked session stayed open", ("no-entry",), _entered),
    Change("a good credential opened no door", ("no-entry",), _shut_out),
    Change("a service failed because another was down", ("contained",), _not_contained),
    Change("a page does not work again", ("recovers-alone",), _never_back),
    Change("a service did not answer well when the fault was over", ("recovers-alone",), _somebody_unanswered),
    Change("clients come back in bursts", ("spread-out",), _all_at_once),
    Change("clients wait without jitter", ("spread-out",), _without_jitter),
    Change("a text is stored with another blank", ("said-is-stored",), _stored_otherwise),
    Change("a message is stored in another conversation", ("said-is-stored",), _stored_elsewhere),
    Change("a text is shown with another blank", ("said-is-stored",), _shown_otherwise),
    Change("a place shows what somebody changed as it was before", ("converges",), _set_otherwise),
    Change("a field changed that no operation was about", ("bystanders-unchanged",), _bystander_changed),
    Change("something grows with the work", ("no-growth",), _growing),
    Change("a layer holds other bytes", ("whole-file",), _other_bytes),
    Change("a refused upload left something behind", ("whole-file",), _something_left),
    Change("a service met what nobody foresaw", ("nothing-unforeseen",), _unforeseen),
)


@dataclass(slots=True)
class Sight:
    """How well a law sees a change, over all histories that it was judged in.

    Attributes:
        law: The law.
        what: The change.
        tried: How often it was made.
        seen: How often the law was violated by it.
        unseen: The histories in which it never was, though it was made.
    """

    law: str
    what: str
    tried: int = 0
    seen: int = 0
    unseen: list[str] = field(default_factory=list)

    @property
    def blind(self) -> bool:
        """Whether the change was made and never seen."""
        return self.tried > 0 and self.seen == 0

    @property
    def word(self) -> str:
        """``sees``, ``BLIND``, or ``none`` where no history has anything to change."""
        return "BLIND" if self.blind else "sees" if self.tried else "none"


def falsify(histories: Iterable[Stored], laws: Sequence[str] = ()) -> list[Sight]:
    """Change histories, and judge them anew.

    Args:
        histories: Histories in which laws were judged.
        laws: Only these laws; by default all that were judged and hold.

    Returns:
        One sight for each change of each law that was judged anywhere, in the order of the changes; `tried` is 0 where no history
        has anything to change.
    """
    sights: dict[tuple[str, str], Sight] = {}
    for stored in histories:
        # A law judged twice is tried where it had most to judge.
        judged = {event.law: event for event in stored.events if isinstance(event, Judged) and event.outcome == Outcome.HOLDS}
        scenes: dict[int, Scene] = {}
        for change in CHANGES:
            for law in change.laws:
                if law not in judged or (laws and law not in laws):
                    continue
                verdict = judged[law]
                if verdict.upto not in scenes:
                    scenes[verdict.upto] = Scene(stored.events[: verdict.upto], stored.vocabulary, stored.began_wall)
                scene = scenes[verdict.upto]
                sight = sights.setdefault((law, change.what), Sight(law, change.what))
                edits = list(islice(change.edits(scene), MOST))
                seen = sum(scene.changed(law, verdict.floors, edit) is Outcome.VIOLATED for edit in edits)
                sight.tried += len(edits)
                sight.seen += seen
                if edits and not seen:
                    sight.unseen.append(stored.name)
    order = {(law, change.what): place for place, change in enumerate(CHANGES) for law in change.laws}
    return sorted(sights.values(), key=lambda sight: order[sight.law, sight.what])


def told(sights: Sequence[Sight]) -> list[str]:
    """The findings in lines, one for each law and change: ``BLIND`` where none was seen, ``none`` where none could be made."""
    lines = []
    for sight in sights:
        figures = f"{sight.seen} of {sight.tried}" if sight.tried else "nothing to change"
        unseen = f"   never in: {', '.join(sight.unseen)}" if sight.unseen and not sight.blind else ""
        lines.append(f"{sight.word:6} {sight.law:20} {sight.what:70} {figures}{unseen}")
    return lines
