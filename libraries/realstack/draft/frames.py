"""What frames mean, from where the texts that were said, and the ids beside them, turn up."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

from realstack.draft import given
from realstack.draft.drafted import Rule, Talk
from realstack.draft.given import Reference
from realstack.draft.heard import (
    Heard,
    Steps,
    at,
    hear,
    is_id,
    is_moment,
    is_number,
    is_word,
    leaves,
    name_of,
    plain,
    show,
    shown,
    steps_of,
)
from realstack.draft.ids import Ids
from realstack.draft.observations import SPEAKER, Observations
from realstack.draft.places import (
    Kind,
    common,
    ids_in,
    kind_at,
    kind_paths,
    likeliest,
    list_of,
    nearest,
    objects,
    pairs_in,
    telling,
)
from realstack.secrets.names import is_credential_name
from realstack.websocket.codecs.finding import CODECS

ROLE_NAMES = ("role", "type", "author", "sender", "from", "by", "kind")
FEW = 3
"""So many numbers may grow by chance."""
STARTED, COMPLETED = "started", "completed"


def infer(observations: Observations) -> Talk:
    """What frames mean."""
    codec, heard, readings = hear(observations)
    talk = Talk(codec)
    best = next((one for one in readings if one.codec == codec), None)
    if best is None:
        talk.missing.append("No WebSocket frame was seen: texts may go over HTTP, a worker's socket, or a codec of its own.")
    elif best.read < best.of:
        talk.missing.append(f"Codec {codec} reads {best.read} of {best.of} frames; of the others: {best.problem}.")
    _Frames(observations, heard, talk).infer()
    return talk


class _Frames:
    def __init__(self, observations: Observations, heard: Sequence[Heard], talk: Talk) -> None:
        self.seen = observations
        self.texts = [said.text for said in observations.said]
        self.talk = talk
        self.paths = kind_paths(heard, CODECS[talk.codec]().type_path if talk.codec else "type")
        kinds = [kind_at(one, self.paths)[1] or "" for one in heard]
        talk.ids = Ids(observations, heard, kinds, requests=talk.codec == "json-rpc")
        self.heard = talk.ids.heard
        self.came = [one for one in self.heard if one.direction == "in"]
        self.sent = [one for one in self.heard if one.direction == "out"]
        self.documents = [*self._documents()]
        self.labels: dict[int, tuple[str, Any]] = {}
        self.by_ids = False
        self.sends: dict[int, Heard] = {}
        self.given = ""

    def infer(self) -> None:
        talk = self.talk
        talk.account = account(self.seen, talk.ids)
        talk.thread = talk.ids.thread
        self._sends()
        if not self._come_with_texts(self.talk.messages):
            self._ids_of_platform()
        self._answers()
        self._runs()
        self._numbers()
        if not self.heard:
            return
        self._deliveries()
        self._acknowledgement()
        self._run_events()
        self._greeting()
        self._changes()
        self._resume()
        self._rest()
        self._credential_names()
        for rules in (talk.out, talk.into):
            nameless = [one.means for one in rules if not one.when]
            if nameless:
                talk.missing.append(f"What tells frames from others that mean {', '.join(nameless)}: no field names their kind.")
            rules[:] = [one for one in rules if one.when]

    # The values that everything else is found by

    def _documents(self) -> Iterator[tuple[dict[str, Any], int]]:
        """Every object that came, in frames and answers, each with the place in time where it came."""
        for number, one in enumerate(self.came):
            yield from ((found, number) for found in objects(one.data))
        for exchange in self.seen.exchanges:
            yield from ((found, len(self.came)) for found in objects(self.talk.ids.answer(exchange)))

    def _sends(self) -> None:
        found: dict[int, tuple[Heard, Steps]] = {}
        for one in self.sent:
            for steps, value in leaves(one.data):
                if value in self.texts:
                    found.setdefault(self.texts.index(value), (one, steps))
        if len(found) < len(self.texts):
            self._sent_elsewhere(len(found))
        if not found:
            return
        frames = [one for one, _ in found.values()]
        text = Counter(steps for _, steps in found.values()).most_common(1)[0][0]
        carried = Counter(value for one in self.came for value in ids_in(one))
        ids = common(frames, is_id)
        own = [steps for steps, values in ids.items() if len(set(values)) == len(frames) and len(values) == len(frames)]
        take: dict[str, str] = {}
        why = f"{len(found)} of {len(self.texts)} texts that were said stood in such frames"
        message = max(own, key=lambda steps: (sum(carried[value] for value in ids[steps]), steps[:-1] == text[:-1]), default=None)
        if message is not None:
            take["message"] = show(message)
            self.talk.messages = {number: at(one.data, message) for number, (one, _) in found.items()}
            why += f"; {show(message)} was another one each time and came back {sum(carried[one] for one in ids[message])} times"
        threads = [steps for one in frames for steps, value in leaves(one.data) if self.talk.thread and value == self.talk.thread]
        if threads:
            steps = Counter(threads).most_common(1)[0][0]
            take["thread"] = show(steps)
            why += f"; {show(steps)} stands in the page's address"
        else:
            empty = self._empty_thread(frames)
            if empty is not None:
                take["thread"] = show(empty)
                why += f"; {show(empty)} was empty, and elsewhere a field of that name is the conversation's id"
        take["text"] = show(text)
        self.sends = {number: one for number, (one, _) in found.items()}
        self.talk.send = frames[0].data
        self.talk.out.append(Rule(self._when(frames), "send", why, take))

    def _come_with_texts(self, messages: dict[int, str]) -> bool:
        """Whether an id that a text was sent with comes beside that text."""
        return any(
            self.texts[number] in one.values() and identity in one.values()
            for one, _ in self.documents
            for number, identity in messages.items()
        )

    def _ids_of_platform(self) -> None:
        """Ids that the platform gives to texts, whatever they were sent with: they stand in the objects that bring the texts."""
        found: dict[tuple[str, str], dict[int, str]] = defaultdict(dict)
        for one, _ in self.documents:
            texts = {name: self.texts.index(value) for name, value in one.items() if value in self.texts}
            for key, number in texts.items():
                for name, value in one.items():
                    if is_id(value) and value not in (self.talk.thread, self.talk.account):
                        found[key, name].setdefault(number, value)
        whole = {pair: ids for pair, ids in found.items() if len(ids) > 1 and len(set(ids.values())) == len(ids)}
        if whole:
            pair = max(whole, key=lambda one: (len(whole[one]), name_of((one[1],)).endswith("id"), -len(one[1])))
            self.talk.messages = whole[pair]
            self.given = f"Pages gave the texts no ids; the platform did, as {pair[1]} beside {pair[0]}."
            self.talk.missing.append(self.given)
            for rule in self.talk.out:
                self._say_send(rule, {name: path for name, path in rule.take.items() if name != "message"}, rule.why)

    def _say_send(self, rule: Rule, take: dict[str, str], why: str) -> None:
        self.talk.out = [replace(one, take=take, why=why) if one is rule else one for one in self.talk.out]

    def _empty_thread(self, frames: Sequence[Heard]) -> Steps | None:
        """A field that is empty in all of them, whose name is that of the conversation's id in other frames."""
        names = {
            steps[-1] for one in self.heard for steps, value in leaves(one.data) if self.talk.thread and value == self.talk.thread
        }
        ways = [steps for steps, values in common(frames, lambda value: value in ("", None)).items() if steps[-1] in names]
        return min(ways, key=len, default=None)

    def _sent_elsewhere(self, found: int) -> None:
        over = [one for one in self.seen.exchanges if any(text in one.request for text in self.texts)]
        where = f" {len(over)} stood in {over[0].method} {urlsplit(over[0].url).path}." if over else ""
        self.talk.missing.append(f"Of {len(self.texts)} texts {found} were seen as they were in a frame that a page sent.{where}")

    def _answers(self) -> None:
        """An answer is the last thing that came with the sum that was asked for, where a text of the user's own stands, too."""
        keys = Counter(
            (text_key, id_key)
            for one, _ in self.documents
            for number, message in self.talk.messages.items()
            for text_key, text in one.items()
            if text == self.texts[number]
            for id_key, value in one.items()
            if value == message
        )
        asked = _last_name(self.talk.rule("send", "out"))
        self.keys = sorted(keys, key=lambda pair: (name_of((pair[0],)) == asked, keys[pair]), reverse=True)
        for text_key, id_key in self.keys:
            for number, said in enumerate(self.seen.said):
                first: dict[str, tuple[int, str]] = {}
                for one, place in self.documents:
                    value, identity = one.get(text_key), one.get(id_key)
                    if _has_sum(value, said.sum) and is_id(identity) and identity not in self.talk.messages.values():
                        first.setdefault(identity or "", (place, str(value)))
                if first:
                    identity = max(first, key=lambda one: first[one][0])
                    self.talk.answer_ids.setdefault(number, identity)
                    self.talk.answers.setdefault(number, first[identity][1])
            if self.talk.answer_ids:
                break
        if len(self.talk.answers) < len(self.texts):
            self.talk.missing.append(
                f"Of {len(self.texts)} sums that were asked for, {len(self.talk.answers)} came as an answer."
            )

    def _runs(self) -> None:
        known = {*self.talk.messages.values(), *self.talk.answer_ids.values(), self.talk.thread, self.talk.account}
        begun: dict[int, Counter[str]] = {}
        everywhere: Counter[str] = Counter()
        for number in self.talk.messages:
            inside = [one for one in self.came if one.phase == number + 1]
            ids = Counter(value for one in inside for value in ids_in(one) if value not in known)
            together = {value for one in inside if self.talk.messages[number] in (values := ids_in(one)) for value in values}
            begun[number] = Counter({one: count for one, count in ids.items() if count > 2 and one in together})
            everywhere.update(begun[number].keys())
        for number, ids in begun.items():
            own = [one for one, _ in ids.most_common() if everywhere[one] == 1]
            if own:
                self.talk.runs[number] = own[0]

    def _numbers(self) -> None:
        """Numbers of messages: what grows beside their ids, in every object that has one."""
        order = [*self.talk.messages.values()]
        rows: dict[str, dict[str, int]] = defaultdict(dict)
        for one, _ in self.documents:
            identity = next((value for value in one.values() if value in order or value in self.talk.answer_ids.values()), None)
            for name, value in one.items():
                if identity is not None and is_number(value):
                    rows[name].setdefault(identity, value)
        growing = {
            name: found
            for name, found in rows.items()
            if all(one in found for one in order) and _grows([found[one] for one in order]) and self._counts_answers(found)
        }
        name = min(growing, key=lambda one: (not re.search(r"(?i)seq|num|index|pos|order", one), len(one), one), default="")
        self.talk.numbers = growing.get(name, {})
        self.number_name = name
        if not growing:
            self._numbers_by_ids()

    def _counts_answers(self, numbers: Mapping[str, int]) -> bool:
        """Whether answers have numbers, too: what only texts have is how pages number their frames."""
        return not self.talk.answer_ids or any(one in numbers for one in self.talk.answer_ids.values())

    def _numbers_by_ids(self) -> None:
        """Ids that the platform gives, where they are numbers that grow from each text and answer to the next."""
        send = self.talk.rule("send", "out")
        both = [ids.get(number) for number in self.talk.messages for ids in (self.talk.messages, self.talk.answer_ids)]
        order = [one for one in both if one is not None]
        if (send is None or "message" not in send.take) and all(shown(one).isdigit() for one in order):
            numbers = {one: int(shown(one)) for one in order}
            # Of a few drawn by chance, each may well be more than the one before.
            self.by_ids = len(order) > FEW and all(one < two for one, two in pairwise(numbers.values()))
            self.talk.numbers = numbers if self.by_ids else {}

    def _number(self, value: Any) -> int | None:
        """The number of a message in the conversation, or one that may be it."""
        if is_number(value):
            return int(value)
        return self.talk.numbers.get(value) if self.by_ids and is_id(value) else None

    # The rules

    def _deliveries(self) -> None:
        pairs = {(self.texts[number], one) for number, one in self.talk.messages.items()}
        answers = {(self.talk.answers[number], one) for number, one in self.talk.answer_ids.items()}
        singles: dict[Kind, list[tuple[Heard, Steps, Steps]]] = defaultdict(list)
        lists: dict[tuple[Kind, Steps], list[tuple[Heard, Steps, Steps]]] = defaultdict(list)
        # Where the texts and ids of most things stand, answers among them: others only speak of these.
        for keys in self.keys[:1]:
            for one in self.came:
                here = list(pairs_in(one.data, pairs | answers, keys))
                for text, identity in here:
                    place = list_of(text) if len(here) > 1 else None
                    if place is None:
                        singles[self._kind(one)].append((one, text, identity))
                    else:
                        lists[self._kind(one), place].append((one, text, identity))
        self._single_deliveries(singles)
        for (kind, inside), found in lists.items():
            self._list_delivery(kind, inside, found)
        if not singles and not lists:
            self.talk.missing.append("No frame brought a text together with its id: nothing is delivered, as far as was seen.")
        told = {
            (one.tab == self.seen.said[number].tab, number > 0)
            for found in singles.values()
            for one, text, _ in found
            if at(one.data, text) in self.texts and one.phase == (number := self.texts.index(at(one.data, text))) + 1
        }
        self.talk.echo = bool(told & {(True, True), (True, False)}) if singles or lists else None
        # The second tab may not have been in the conversation when the first text was said.
        self.talk.fan_out = (False, True) in told if self.talk.messages else None

    def _single_deliveries(self, singles: dict[Kind, list[tuple[Heard, Steps, Steps]]]) -> None:
        of_both = [kind for kind, found in singles.items() if {at(one.data, text) for one, text, _ in found} & set(self.texts)]
        chosen = (
            of_both[:1]
            or [kind for kind, _ in sorted(singles.items(), key=lambda one: self.came.index(one[1][0][0])) if kind[0]][:1]
        )
        for kind in chosen:
            frames = [one for one, _, _ in singles[kind]]
            for one in frames:
                self.labels[id(one)] = ("deliver", None)
            text, identity = Counter((text, identity) for _, text, identity in singles[kind]).most_common(1)[0][0]
            take = {"message": show(identity), **self._beside(frames, text), "text": show(text)}
            own = len([one for one, where, _ in singles[kind] if at(one.data, where) in self.texts])
            why = f"{times(own)} a text that was said, {times(len(frames) - own)} an answer stood in such a frame, with its id"
            self.talk.into.append(Rule(self._narrowed(kind, frames), "deliver", why, self._complete(take)))

    def _list_delivery(self, kind: Kind, place: Steps, found: Sequence[tuple[Heard, Steps, Steps]]) -> None:
        frames = list({id(one): one for one, _, _ in found}.values())
        for one in frames:
            self.labels[id(one)] = ("deliver", None)
        length = len(place) + 1
        text, identity = Counter((text[length:], identity[length:]) for _, text, identity in found).most_common(1)[0][0]
        items = [item for one in frames for item in at(one.data, place) or [] if isinstance(item, dict)]
        ours = {*self.talk.messages.values(), *self.talk.answer_ids.values()}
        said = [item for item in items if at(item, identity) in ours]
        others = [item for item in items if at(item, identity) not in ours]
        as_heard = [Heard("", "", "in", item, 0) for item in said]
        take = {"message": show(identity), **self._beside(as_heard, text), "text": show(text)}
        where = {}
        if others:
            steps = telling(as_heard, [Heard("", "", "in", item, 0) for item in others])
            if steps is not None:
                where = {show(steps): sorted({at(item, steps) for item in said})}
        why = f"{len(said)} things with our texts or their answers stood in its list {show(place)}, {len(others)} others beside"
        self.talk.into.append(Rule(_condition(kind), "deliver", why, self._complete(take), each=show(place), where=where))

    def _beside(self, frames: Sequence[Heard], text: Steps) -> dict[str, str]:
        """What stands beside a text: its conversation, number, role and run; each where it is always the right value."""
        take: dict[str, str] = {}
        parent = text[:-1]
        if self.talk.thread:
            self._put(take, "thread", frames, lambda value: value == self.talk.thread, parent)
        ours = self.talk.numbers
        if ours:
            for steps in nearest(common(frames, is_number), parent):
                if name_of(steps) == name_of((self.number_name,)) and _grows_with(frames, steps, ours):
                    take["seq"] = show(steps)
                    break
        own = [one for one in frames if at(one.data, text) in self.texts]
        answers = [one for one in frames if at(one.data, text) not in self.texts]
        if own and answers:
            role = telling(own, answers, ROLE_NAMES)
            if role is not None:
                take["role"] = show(role)
                roles = {value for one in answers if isinstance(value := at(one.data, role), str)}
                self.talk.agent_roles = sorted({*self.talk.agent_roles, *roles})
        elif answers:
            for steps in nearest(common(answers, is_word), parent):
                if name_of(steps) in ROLE_NAMES and len({at(one.data, steps) for one in answers}) == 1:
                    take["role"] = show(steps)
                    self.talk.agent_roles = sorted({*self.talk.agent_roles, at(answers[0].data, steps)})
                    break
        if answers and self.talk.runs:
            self._put(take, "run", answers, lambda value: value in self.talk.runs.values(), parent)
        return take

    def _acknowledgement(self) -> None:
        candidates: dict[Kind, dict[int, Heard]] = defaultdict(dict)
        places: dict[Kind, int] = {}
        for place, one in enumerate(self.came):
            held = {value for _, value in leaves(one.data) if isinstance(value, str)}
            for number, message in self.talk.messages.items():
                said = one.phase == number + 1 and one.tab == self.seen.said[number].tab
                if said and message in held and self.texts[number] not in held:
                    candidates[self._kind(one)].setdefault(number, one)
                    places.setdefault(self._kind(one), place)
        if not candidates:
            if self.talk.messages:
                self.talk.missing.append("Nothing that came names the id of a text but with the text itself: no acknowledgement.")
            return
        reference = given.find(self.sends, candidates) if self.given else None
        # Which of them comes first is chance: what only the tab that said it is told, and names no run, acknowledges.
        tabs = {kind: self._tabs_of(kind) for kind in candidates}
        kind = min(
            candidates,
            key=lambda one: (
                reference is not None and one != reference.kind,
                -len(candidates[one]),
                tabs[one],
                any(self._holds(frame, self.talk.runs.values(), []) for frame in candidates[one].values()),
                places[one],
            ),
        )
        frames = list(candidates[kind].values())
        take: dict[str, str] = {}
        self._put(take, "message", frames, lambda value: value in self.talk.messages.values(), ())
        if self.talk.thread:
            self._put(take, "thread", frames, lambda value: value == self.talk.thread, ())
        for steps in nearest(common(frames, is_number), ()):
            if self.talk.numbers and _grows_with(frames, steps, self.talk.numbers):
                take["seq"] = show(steps)
                break
        why = f"it came with the id of a text and without the text itself, {len(frames)} of {len(self.texts)} times"
        why += ", to the tab alone that had said it" if tabs[kind] == 1 else ""
        when = self._narrowed(kind, frames)
        if reference is not None:
            why += self._known_by(reference)
            if not when or any(at(one.data, steps_of(take["message"])) is None for one in self.came if self._kind(one) == kind):
                when[take["message"]] = "*"
            take = {**take, "message": show(reference.back), "given": take["message"]}
        self.talk.into.append(Rule(when, "ack", why, self._complete(take)))
        for one in self.came:
            if self._kind(one) == kind and self.talk.runs and not self._holds(one, self.talk.runs.values(), []):
                self.labels.setdefault(id(one), ("ack", None))

    def _known_by(self, reference: Reference) -> str:
        """Says in the rule for texts what they are known by until the platform has given an id; returns what to say of that."""
        self.talk.missing.remove(self.given)
        send = self.talk.rule("send", "out")
        if send is not None:
            why = f"{send.why}; {show(reference.sent)} came back with the id that the platform gave"
            self._say_send(send, {"message": show(reference.sent), **send.take}, why)
        return f", and with what the text was sent with: {show(reference.back)}"

    def _tabs_of(self, kind: Kind) -> int:
        """On how many tabs frames of a kind name a text that was just said, at most."""
        tabs: dict[int, set[str]] = defaultdict(set)
        for one in self.came:
            message = self.talk.messages.get(one.phase - 1)
            if message is not None and self._kind(one) == kind and self._holds(one, [message], []):
                tabs[one.phase].add(one.tab)
        return max(map(len, tabs.values()), default=0)

    def _run_events(self) -> None:
        runs = self.talk.runs
        if not runs:
            self.talk.missing.append("Nothing that came between a text and its answer has an id of its own: no run is known.")
            return
        where: dict[int, Steps] = {}
        for one in self.came:
            if id(one) in self.labels:
                continue
            found = [steps for steps, value in leaves(one.data) if value in runs.values()]
            if found:
                where[id(one)] = min(found, key=lambda steps: (name_of(steps) not in ("runid", "run"), len(steps)))
        for one in self.came:
            if id(one) in where:
                self.labels[id(one)] = ("run", where[id(one)])
        groups: dict[str, list[Heard]] = defaultdict(list)
        conditions: dict[str, dict[str, Any]] = {}
        for one in self.came:
            if id(one) in where:
                when = self._narrowed(self._kind(one), [one])
                key = json.dumps(when, sort_keys=True)
                groups[key].append(one)
                conditions[key] = when
        sequences = self._sequences(groups)
        stages, chain = self._chain(groups, conditions, sequences)
        self.talk.chain = chain
        numbers = self._one_path(groups, where, lambda values: _grows(values) and all(map(is_number, values)), 2)
        events = self._one_path(groups, where, lambda values: len(set(values)) == len(values) and all(map(is_id, values)), 2)
        for key, frames in groups.items():
            take = {"run": show(where[id(frames[0])])}
            if events and name_of(events).find("event") >= 0 and _in_all(frames, events):
                take["event"] = show(events)
            if numbers and _in_all(frames, numbers):
                take["number"] = show(numbers)
            if self.talk.thread:
                self._put(take, "thread", frames, lambda value: value == self.talk.thread, where[id(frames[0])][:-1])
            self._put(take, "query", frames, lambda value: value in self.talk.messages.values(), ())
            self._put(take, "answer", frames, lambda value: value in self.talk.answer_ids.values(), ())
            self._put_text(take, frames)
            of = sum(key in sequence for sequence in sequences)
            why = (
                f"{len(frames)} times, in {of} of {len(sequences)} runs; {take['run']} is what all frames of a run have in common"
            )
            self.talk.into.append(Rule(conditions[key], "run-event", why, take, stage=stages[key]))
        self.talk.answered = len(runs) == len(self.texts)

    def _sequences(self, groups: dict[str, list[Heard]]) -> list[list[str]]:
        of = {id(one): key for key, frames in groups.items() for one in frames}
        sequences = []
        for run in self.talk.runs.values():
            inside = [one for one in self.came if id(one) in of and any(value == run for _, value in leaves(one.data))]
            speaking = inside[0].socket if inside else ""
            sequences.append([of[id(one)] for one in inside if one.socket == speaking])
        return sequences

    def _chain(
        self, groups: dict[str, list[Heard]], conditions: dict[str, dict[str, Any]], sequences: list[list[str]]
    ) -> tuple[dict[str, str], list[tuple[str, list[str], str]]]:
        first = Counter(one[0] for one in sequences if one).most_common(1)[0][0]
        last = Counter(one[-1] for one in sequences if one).most_common(1)[0][0]
        names = {key: " ".join(map(str, conditions[key].values())) for key in groups}
        names[first] = STARTED
        chain = [
            ("once", [STARTED], f"what came first in {sum(one[:1] == [first] for one in sequences)} of {len(sequences)} runs")
        ]
        pieces = [key for key, frames in groups.items() if key not in (first, last) and any(map(self._piece, frames))]
        between = [[key for key in one if key not in (first, last, *pieces)] for one in sequences]
        round_of = list(dict.fromkeys(key for one in between for key in one))
        whole = all(one == round_of * (len(one) // max(len(round_of), 1)) for one in between)
        if round_of:
            most = max(len(one) // len(round_of) for one in between)
            kind = "cycle" if whole else "any"
            told = f"in this order, {times(most)} in a run at most" if whole else "in no order that was kept"
            chain.append((kind, [names[key] for key in round_of], told))
        if pieces:
            chain.append(("any", [names[key] for key in pieces], "they bring pieces of the answer, or all of it"))
        if last != first:
            names[last] = COMPLETED
            came = sum(one[-1:] == [last] for one in sequences)
            chain.append(("terminal", [COMPLETED], f"what came last in {came} of {len(sequences)} runs; others were not seen"))
        return names, chain

    def _pieces_of(self, one: Heard) -> list[Steps]:
        """Where a frame has a piece of the answer that is under way, or all of it."""
        names = {name_of((key,)) for key, _ in self.keys[:1]} | {"text", "delta", "content", "token", "chunk"}
        answers = [text for number, text in self.talk.answers.items() if one.phase == number + 1]
        return [
            steps
            for steps, value in leaves(one.data)
            if name_of(steps) in names and isinstance(value, str) and value and any(value in text for text in answers)
        ]

    def _piece(self, one: Heard) -> bool:
        """Whether a frame brings some of the answer itself, and not of a third thing that came by with an id of its own."""
        if not self._pieces_of(one):
            return False
        known = {
            *self.talk.messages.values(),
            *self.talk.answer_ids.values(),
            *self.talk.runs.values(),
            self.talk.thread,
            self.talk.account,
        }
        ids = [value for value in ids_in(one) if value not in known]
        others = Counter(
            value
            for two in self.came
            if two.phase == one.phase and two.tab == one.tab
            for value in {v for _, v in leaves(two.data) if isinstance(v, str)}
        )
        return not any(others[value] > 1 for value in ids)

    def _greeting(self) -> None:
        found: dict[Kind, list[Heard]] = defaultdict(list)
        for socket in {one.socket: None for one in self.came}:
            before = [one for one in self.came if one.socket == socket][:4]
            seen: set[Kind] = set()
            for one in before:
                if id(one) not in self.labels and self._kind(one) not in seen:
                    seen.add(self._kind(one))
                    found[self._kind(one)].append(one)
        for kind, frames in found.items():
            ids = common(frames, _may_name_a_connection)
            all_of = {steps: values for steps, values in ids.items() if len(values) == len(frames)}
            own = [steps for steps, values in all_of.items() if len(frames) > 1 and len(set(values)) == len(values)]
            take = {}
            ids_of_sockets = [steps for steps in own if all(map(is_id, all_of[steps]))]
            connection = likeliest(own, ("connection", "connectionid", "sid", "socketid", "clientid", "sessionid"))
            if connection is None and len(ids_of_sockets) == 1:
                connection = ids_of_sockets[0]
            if connection:
                take["connection"] = show(connection)
                self.talk.connections = [at(one.data, connection) for one in frames]
            accounts = [steps for steps, values in all_of.items() if self.talk.account and set(values) == {self.talk.account}]
            if accounts:
                take["account"] = show(accounts[0])
            same = [steps for steps, values in all_of.items() if len(set(values)) == 1 and steps not in accounts]
            session = likeliest(same, ("session", "sessionid"))
            if session:
                take["session"] = show(session)
            expiry = [steps for steps in common(frames, is_moment) if name_of(steps).startswith("exp")]
            if expiry and take:
                take["expires_at"] = show(expiry[0])
            if take:
                told = ", ".join(f"{name} at {path}" for name, path in take.items())
                why = f"among the first things on each of {len(frames)} sockets: {told}"
                why += "" if "account" in take or not self.talk.account else "; no account's id is in it"
                self.talk.into.insert(0, Rule(_condition(kind), "connected", why, take))
                for one in self.came:
                    if self._kind(one) == kind:
                        self.labels[id(one)] = ("connected", None)
                return
        self.talk.missing.append("No frame at the beginning of a socket tells an id of the connection or of the user.")

    def _changes(self) -> None:
        """A change is asked for in a frame with the conversation's id and a value, and told to every tab in one with the same."""
        thread = self.talk.thread
        said = self.talk.rule("send", "out")
        for kind in dict.fromkeys(self._kind(one) for one in self.sent) if thread else ():
            frames = [one for one in self.sent if self._kind(one) == kind and self._holds(one, [thread], [])]
            if not frames or (said is not None and _condition(kind).items() <= said.when.items()):
                continue
            for steps, values in common(
                frames, lambda value: is_number(value) or (isinstance(value, str) and value != thread)
            ).items():
                told = [
                    one
                    for one in self.came
                    if id(one) not in self.labels
                    and self._holds(one, [thread], [])
                    and any(where == steps and value in values for where, value in leaves(one.data))
                ]
                if not told or steps == steps_of(kind[0]) or (is_id(values[0]) and self._number(values[0]) is None):
                    continue
                kinds = Counter(self._kind(one) for one in told)
                answer, _ = kinds.most_common(1)[0]
                of = self._of(values)
                if not of:
                    continue
                about = self._path_of(frames, thread)
                take = {"about": about, "value": show(steps)}
                told_of = "the title that it was given" if of == "title" else f"numbers of messages ({_of_numbers(values)})"
                why = f"{times(len(frames))} a page sent {told_of} with the conversation's id; {kinds[answer]} frames told it"
                self.talk.out.append(Rule(_condition(kind), "change", why, take, of=of))
                inside = [one for one in told if self._kind(one) == answer]
                take = {"about": self._path_of(inside, thread), "value": show(steps)}
                why = f"{times(len(inside))} the same came to {len({one.tab for one in inside})} tabs"
                self.talk.into.append(Rule(_condition(answer), "setting", why, take, of=of))
                for one in [*frames, *inside]:
                    self.labels[id(one)] = ("change", None)
                numbers = [number for value in values if (number := self._number(value)) is not None]
                if len(numbers) == len(values) and numbers == sorted(numbers):
                    self.talk.forward.append(of)

    def _of(self, values: Sequence[Any]) -> str:
        if self.seen.title and set(values) == {self.seen.title}:
            return "title"
        if self.talk.numbers and {self._number(value) for value in values} <= set(self.talk.numbers.values()):
            return "read marker"
        return ""

    def _resume(self) -> None:
        thread = self.talk.thread
        said = self.talk.rule("send", "out")
        found: dict[Kind, list[Heard]] = defaultdict(list)
        for one in self.sent:
            is_send = said is not None and any(value in self.texts for _, value in leaves(one.data))
            if thread and not is_send and id(one) not in self.labels and self._holds(one, [thread], []):
                found[self._kind(one)].append(one)
        for kind, frames in found.items():
            take = {"thread": self._path_of(frames, thread)}
            for steps, values in common(frames, lambda value: self._number(value) is not None).items():
                known = {0, *self.talk.numbers.values()}
                from_there = re.search(r"after|since|last|from|seq|cursor", name_of(steps))
                if from_there and {self._number(value) for value in values} <= known:
                    take["after"] = show(steps)
            why = f"{times(len(frames))} a page that was opened or connected anew sent the conversation's id in it, and no text"
            self.talk.out.append(Rule(_condition(kind), "resume", why, take))
            for one in self.sent:
                if self._kind(one) == kind:
                    self.labels[id(one)] = ("resume", None)
        if thread and not found:
            self.talk.missing.append("No page asked over its socket for a conversation when it was opened anew.")

    def _rest(self) -> None:
        ours = {*self.talk.messages.values(), *self.talk.answer_ids.values(), *self.talk.runs.values(), self.talk.thread} - {""}
        for direction, rules in (("out", self.talk.out), ("in", self.talk.into)):
            left: dict[Kind, list[Heard]] = defaultdict(list)
            for one in self.heard:
                matched = any(
                    all(_fits(at(one.data, steps_of(path)), value) for path, value in rule.when.items()) for rule in rules
                )
                if one.direction == direction and not matched:
                    left[self._kind(one)].append(one)
            for kind, frames in left.items():
                expiry = [steps for steps in common(frames, is_moment) if name_of(steps).startswith("exp")]
                if direction == "in" and expiry:
                    why = f"{times(len(frames))}, with a moment called {show(expiry[0])}"
                    rules.append(Rule(_condition(kind), "refreshed", why, {"expires_at": show(expiry[0])}))
                elif direction == "in" and all(self._pieces_of(one) for one in frames):
                    why = f"{times(len(frames))} a piece of an answer, and no id of the run"
                    rules.append(Rule(_condition(kind), "nothing", why))
                elif not kind[0] or any(self._holds(one, ours, self.texts) for one in frames):
                    told = kind[1] if kind[0] else json.dumps(plain(frames[0].data))[:80]
                    self.talk.unknown[f"{direction} {told}"] = len(frames)
                else:
                    why = f"{times(len(frames))}, and nothing that was said or belongs to it is in it"
                    rules.append(Rule(_condition(kind), "nothing", why))

    def _credential_names(self) -> None:
        for one in self.came:
            answers = [text for number, text in self.talk.answers.items() if one.phase == number + 1]
            for steps, value in leaves(one.data):
                name = str(steps[-1]) if steps else ""
                pieces = isinstance(value, str) and any(value in text for text in answers) and not is_id(value)
                if pieces and value and is_credential_name(name) and name not in self.talk.harmless:
                    self.talk.harmless.append(name)

    # Small things

    def _kind(self, one: Heard) -> Kind:
        return kind_at(one, self.paths)

    def _when(self, frames: Sequence[Heard]) -> dict[str, Any]:
        kind = Counter(map(self._kind, frames)).most_common(1)[0][0]
        return _condition(kind)

    def _narrowed(self, kind: Kind, frames: Sequence[Heard]) -> dict[str, Any]:
        """The condition of frames of a kind, with what tells them from others of it that mean something else."""
        alike = [one for one in self.came if self._kind(one) == kind]
        label = self._label(frames[0])
        others = [one for one in alike if self._label(one) != label and one not in frames]
        when = _condition(kind)
        if others:
            steps = telling([one for one in alike if self._label(one) == label or one in frames], others)
            if steps is not None:
                when[show(steps)] = at(frames[0].data, steps)
        return when

    def _label(self, one: Heard) -> tuple[str, Any]:
        """What a frame is about, as far as ids tell: where it has the id of a run, of an answer, of a text."""
        if id(one) in self.labels:
            return self.labels[id(one)]
        for name, ids in (("run", self.talk.runs), ("answer", self.talk.answer_ids), ("said", self.talk.messages)):
            found = [steps for steps, value in leaves(one.data) if value in ids.values()]
            if found:
                return name, min(found, key=lambda steps: (name_of(steps) not in ("runid", "run"), len(steps)))
        return "", None

    def _holds(self, one: Heard, values: Any, texts: Sequence[str]) -> bool:
        wanted = {*values, *texts}
        return any(isinstance(value, str | int) and value in wanted for _, value in leaves(one.data))

    def _path_of(self, frames: Sequence[Heard], value: Any) -> str:
        found = Counter(steps for one in frames for steps, held in leaves(one.data) if held == value)
        return show(min(found, key=lambda steps: (-found[steps], len(steps))))

    def _put(self, take: dict[str, str], name: str, frames: Sequence[Heard], fits: Callable[[Any], bool], parent: Steps) -> None:
        """Takes a field from the place that has a fitting value in all frames, the nearest to `parent`."""
        ways = [steps for steps, values in common(frames, fits).items() if len(values) == len(frames)]
        if ways:
            take[name] = show(nearest(ways, parent)[0])

    def _put_text(self, take: dict[str, str], frames: Sequence[Heard]) -> None:
        """Takes the text from where each frame has all of the answer, or each run's frames together have it."""
        ways = set.intersection(*(set(self._pieces_of(one)) for one in frames))
        whole = [steps for steps in ways if self._makes_answers(frames, steps)]
        if whole and all(map(self._piece, frames)):
            take["text"] = show(min(whole, key=len))

    def _makes_answers(self, frames: Sequence[Heard], steps: Steps) -> bool:
        said: dict[tuple[int, str], list[str]] = defaultdict(list)
        for one in frames:
            said[one.phase, one.socket].append(str(at(one.data, steps)))
        answers = {key: self.talk.answers.get(key[0] - 1, "") for key in said}
        return all("".join(parts) == answers[key] or set(parts) == {answers[key]} for key, parts in said.items())

    def _one_path(
        self, groups: dict[str, list[Heard]], where: dict[int, Steps], fits: Callable[[list[Any]], bool], least: int
    ) -> Steps | None:
        """A place that all frames of one run have, whose values fit one after the other."""
        frames = [one for one in self.came if id(one) in where]
        runs = [
            [one for one in frames if at(one.data, where[id(one)]) == run and one.tab == SPEAKER]
            for run in self.talk.runs.values()
        ]
        runs = [one for one in runs if len(one) >= least]
        ways = set.intersection(*({steps for steps, _ in leaves(one.data)} for run in runs for one in run)) if runs else set()
        fitting = [steps for steps in ways if all(fits([at(one.data, steps) for one in run]) for run in runs)]
        return min(fitting, key=lambda steps: (len(steps), show(steps)), default=None)

    def _complete(self, take: dict[str, str]) -> dict[str, str]:
        """What is taken of a message, in the usual order; its id is its number, too, where ids are all that grows."""
        order = ("message", "given", "thread", "seq", "role", "text", "run")
        whole = {"seq": take.get("given", take["message"]), **take} if self.by_ids and "message" in take else take
        return {name: whole[name] for name in order if name in whole}


def account(observations: Observations, ids: Ids) -> str:
    """The user's id: what stands in one object with the name under which somebody signed in."""
    user = observations.user
    for exchange in observations.exchanges if user else ():
        for one in objects(ids.answer(exchange)):
            if not any(isinstance(value, str) and (value == user or value.startswith(f"{user}@")) for value in one.values()):
                continue
            names = [name for name, value in one.items() if is_id(value) and value != user]
            named = min(names, key=lambda name: (name_of((name,)) not in ("userid", "id", "sub", "uid"), len(name)), default="")
            if named:
                identity: str = one[named]
                return identity
    return ""


def _condition(kind: Kind) -> dict[str, Any]:
    """What frames of a kind have; nothing where no field tells it."""
    return dict([kind]) if kind[0] else {}


def times(number: int) -> str:
    """How often, in words."""
    return {0: "never", 1: "once"}.get(number, f"{number} times")


def _in_all(frames: Sequence[Heard], steps: Steps) -> bool:
    return all(at(one.data, steps) is not None for one in frames)


def _grows(values: Sequence[Any]) -> bool:
    return len(values) > 1 and all(is_number(one) for one in values) and all(one < two for one, two in pairwise(values))


def _grows_with(frames: Sequence[Heard], steps: Steps, numbers: dict[str, int]) -> bool:
    """Whether the number there is that of the message whose id the frame has."""
    for one in frames:
        known = [numbers[value] for _, value in leaves(one.data) if isinstance(value, str) and value in numbers]
        if not known or at(one.data, steps) not in known:
            return False
    return True


def _has_sum(value: Any, wanted: str) -> bool:
    return isinstance(value, str) and wanted in re.sub(r"(?<=\d)[ ,.'\u202f\u00a0](?=\d{3})", "", value)


def _last_name(rule: Rule | None) -> str:
    return name_of(steps_of(rule.take["text"])) if rule is not None and "text" in rule.take else ""


def _may_name_a_connection(value: Any) -> bool:
    return is_id(value) or (isinstance(value, str) and len(value) > 5 and not is_moment(value))


def _fits(value: Any, wanted: Any) -> bool:
    """Whether a value fulfils a condition of a rule."""
    return value is not None if wanted == "*" else value in wanted if isinstance(wanted, list) else value == wanted


def _of_numbers(values: Sequence[Any]) -> str:
    return ", ".join(map(str, dict.fromkeys(plain(list(values)))))
