"""How pages know their texts again where the platform gives messages their ids: by what they sent with them, which comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from realstack.draft.heard import Heard, Steps, at, is_moment, leaves, plain, show
from realstack.draft.places import Kind, common


@dataclass(frozen=True, slots=True)
class Reference:
    """A value that a page sends with a text and gets back beside the id that the platform gave.

    Attributes:
        kind: Of the frames in which it comes back.
        sent: Where it stands in the frame that says the text.
        back: Where it comes back.
    """

    kind: Kind
    sent: Steps
    back: Steps


def find(sends: Mapping[int, Heard], answers: Mapping[Kind, Mapping[int, Heard]]) -> Reference | None:
    """The first such value; None where there is none.

    Args:
        sends: The frame that said each text, by the text's number.
        answers: Frames that came to who said it, with the id that the platform gave: by their kind and the text's number.
    """
    for kind, frames in answers.items():
        if len(frames) < 2 or frames.keys() != sends.keys():
            continue
        ways_there = common(list(sends.values()), _may_be_one)
        # A page may number its frames by the time; what else comes back tells more.
        for sent, values in sorted(ways_there.items(), key=lambda one: is_moment(one[1][0])):
            ways = [_where(frames[number], at(one.data, sent)) for number, one in sends.items()]
            if len(set(values)) == len(sends) and (both := set.intersection(*ways)):
                return Reference(kind, sent, min(both, key=lambda steps: (len(steps), show(steps))))
    return None


def _may_be_one(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)


def _where(one: Heard, sent: Any) -> set[Steps]:
    return {steps for steps, value in leaves(one.data) if plain(value) == plain(sent)}
