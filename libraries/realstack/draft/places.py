"""Places in frames: which tell kinds of frames apart, and where texts, ids and numbers stand in all of some frames."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from realstack.draft.heard import Heard, Steps, at, is_id, is_word, leaves, name_of, show, steps_of

KIND_NAMES = ("type", "event", "kind", "op", "action", "method", "command", "topic", "t")
TELLING_NAMES = ("type", "role", "kind", "author", "sender", "from", "status", "state", "name")
"""Names of fields that tell things of one kind apart, the likeliest first."""
Kind = tuple[str, Any]
"""The path by which a frame is told from others, and what stands there."""


def kind_paths(heard: Sequence[Heard], usual: str) -> list[Steps]:
    """The places that tell kinds of frames apart: the codec's own, then what tells the most of the others."""
    chosen = [steps_of(one) for one in usual.split(" | ")]
    if sum(any(is_word(at(one.data, steps)) for steps in chosen) for one in heard) * 4 < len(heard):
        chosen = []
    left = [one for one in heard if not any(is_word(at(one.data, steps)) for steps in chosen)]
    while left:
        words: dict[Steps, Counter[str]] = defaultdict(Counter)
        for one in left:
            for steps, value in leaves(one.data):
                if is_word(value) and 0 < len(steps) <= 2:
                    words[steps][value] += 1
        # By its name, or because the same few words stand there again and again.
        named = [steps for steps in words if name_of(steps) in KIND_NAMES]
        fitting = named or [steps for steps, found in words.items() if len(steps) == 1 and 2 * len(found) <= found.total()]
        if not fitting:
            break
        best = max(fitting, key=lambda steps: (words[steps].total(), -len(steps), -_place(name_of(steps), KIND_NAMES)))
        chosen.append(best)
        left = [one for one in left if not is_word(at(one.data, best))]
    return chosen


def kind_at(one: Heard, paths: Sequence[Steps]) -> Kind:
    """The first of these places that tells the kind of a frame, and the kind; no place where none does."""
    for steps in paths:
        value = at(one.data, steps)
        if is_word(value):
            return show(steps), value
    return "", None


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """All objects inside of a value, itself among them."""
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from objects(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from objects(inner)


def ids_in(one: Heard) -> list[str]:
    """The ids in a frame, each once and in their order: where two came equally often, the first counts in each process."""
    return list(dict.fromkeys(value for _, value in leaves(one.data) if is_id(value)))


def pairs_in(value: Any, pairs: set[tuple[str, str]], keys: tuple[str, str], steps: Steps = ()) -> Iterator[tuple[Steps, Steps]]:
    """Where an object has both of a pair, a text and its id, in the fields of these names."""
    held = (value.get(keys[0]), value.get(keys[1])) if isinstance(value, dict) else ()
    if held and all(isinstance(one, str) for one in held) and held in pairs:
        yield (*steps, keys[0]), (*steps, keys[1])
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in children:
        yield from pairs_in(inner, pairs, keys, (*steps, name))


def list_of(steps: Steps) -> Steps | None:
    """The list in which something of a frame stands, the innermost."""
    places = [number for number, step in enumerate(steps) if isinstance(step, int)]
    return steps[: places[-1]] if places else None


def common(frames: Sequence[Heard], fits: Callable[[Any], bool]) -> dict[Steps, list[Any]]:
    """The places that have fitting values in some of the frames, each with these values, in order."""
    found: dict[Steps, list[Any]] = defaultdict(list)
    for one in frames:
        for steps, value in leaves(one.data):
            if fits(value):
                found[steps].append(value)
    return {steps: values for steps, values in found.items() if len(values) == len(frames)}


def nearest(ways: Any, parent: Steps) -> list[Steps]:
    """Places in order: those beside `parent` first, then the shortest."""
    return sorted(ways, key=lambda steps: (steps[:-1] != parent, len(steps), show(steps)))


def telling(ours: Sequence[Heard], others: Sequence[Heard], names: Sequence[str] = TELLING_NAMES) -> Steps | None:
    """The place whose words tell frames from others: none of the words stands on both sides."""
    mine, theirs = common(ours, is_word), defaultdict(set)
    for one in others:
        for steps, value in leaves(one.data):
            if isinstance(value, str):
                theirs[steps].add(value)
    fitting = [
        steps
        for steps, words in mine.items()
        if name_of(steps) in names and len(set(words)) <= 4 and steps in theirs and not set(words) & theirs[steps]
    ]
    return min(fitting, key=lambda steps: (names.index(name_of(steps)), len(steps)), default=None)


def likeliest(ways: Sequence[Steps], names: Sequence[str]) -> Steps | None:
    """The place whose name is the first of some names; None where no place has one of them."""
    fitting = [steps for steps in ways if name_of(steps) in names]
    return min(fitting, key=lambda steps: (names.index(name_of(steps)), len(steps)), default=None)


def _place(name: str, names: Sequence[str]) -> int:
    return names.index(name) if name in names else len(names)
