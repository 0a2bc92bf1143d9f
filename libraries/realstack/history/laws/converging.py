"""The law converges: what a user can change is the same everywhere in the end, and never goes backwards."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from realstack.history.domain import History
from realstack.history.facts import Ack, Deliver, Setting
from realstack.history.values import whole
from realstack.history.verdict import Findings


@dataclass(frozen=True, slots=True)
class Thing:
    """Something that can be changed: what it is called, the changes that were asked for, and what places told of it, by time."""

    what: str
    about: str
    asked: Sequence[Setting]
    told: dict[str, list[Setting]]


def converges(history: History) -> Findings:
    """Titles, read markers, plans, profiles and lists are equal on all tabs and in the store once quiet, and never go backwards.

    Read from frames that ask for a change or tell what something is, and from ``setting`` events (what a page, a store or a
    route shows; a change in another way). Of each thing the last word of every place counts: of a tab that is open, and of
    every other place that was read since the last change came about. All must be the same, and the last writer's: a change
    that was asked for after another one had shown its effect wins over that one; of changes at the same time any may win.
    What the vocabulary calls `forward` is a number that grows: no place may ever tell less than it did before, nor in the end
    less than was told anywhere, or asked for within the thread. A tab that was open at a change must be told.
    """
    findings = Findings()
    settings: dict[tuple[str, str], list[Setting]] = defaultdict(list)
    for setting in history.settings:
        settings[setting.of, setting.about].append(setting)
    for (of, about), all_of_it in settings.items():
        told: dict[str, list[Setting]] = defaultdict(list)
        for setting in all_of_it:
            if not setting.asked:
                told[setting.place].append(setting)
        thing = Thing(f"{of} of {history.name(about, 't')}", about, [one for one in all_of_it if one.asked], told)
        last = [seen[-1] for place, seen in told.items() if _counts(history, place, thing)]
        _judge_equal(history, findings, thing, last)
        if of in history.vocabulary.forward:
            _judge_steps(history, findings, thing)
            _judge_furthest(history, findings, thing, last)
        else:
            _judge_winner(history, findings, thing, last)
        _judge_told(history, findings, thing)
    findings.counts = {
        "things": len(settings),
        "changes": sum(1 for setting in history.settings if setting.asked),
        "places": len({setting.place for setting in history.settings if not setting.asked}),
    }
    return findings


def _counts(history: History, place: str, thing: Thing) -> bool:
    """Whether the last word of a place is one for the end: a tab is told of changes, other places must have been read since."""
    tab = history.tabs.get(place)
    if tab is not None and not tab.page:
        return tab.open_now
    began = thing.told[place][-1].began
    return all(_came_about(change, thing, place) <= began for change in thing.asked)


def _came_about(change: Setting, thing: Thing, place: str) -> float:
    """When a tab was told of a change first; when it was asked for where none was, since a reading tells no moment."""
    moments = [
        seen.at
        for other, told in thing.told.items()
        if other != place
        for seen in told
        if seen.framed and _same(seen, change) and seen.at >= change.at
    ]
    return min(moments, default=change.at)


def _same(one: Setting, other: Setting) -> bool:
    """Whether two have the same value: what is a number in frames and rows, such as an id, pages show as digits."""
    values = one.value, other.value
    if any(isinstance(value, str) for value in values) and any(isinstance(value, int) for value in values):
        return str(one.value) == str(other.value)
    return bool(one.value == other.value)


def _number(setting: Setting) -> int:
    return whole(setting.value) or 0


def _judge_steps(history: History, findings: Findings, thing: Thing) -> None:
    for place, seen in thing.told.items():
        highest = seen[0]
        for setting in seen[1:]:
            if _number(setting) < _number(highest):
                findings.violated(
                    f"the {thing.what} went backwards on {place}: it must not, because it was {highest.value!r} there at "
                    f"{history.when(highest.at)}; however, it was {setting.value!r} at {history.when(setting.at)}.",
                    setting.at,
                    (highest.index, setting.index),
                )
                break
            highest = setting


def _judge_equal(history: History, findings: Findings, thing: Thing, last: Sequence[Setting]) -> None:
    for setting in last[1:]:
        if not _same(setting, last[0]):
            _differs(history, findings, thing, setting, last[0])
            return


def _judge_winner(history: History, findings: Findings, thing: Thing, last: Sequence[Setting]) -> None:
    winners: list[Any] = [one for one in thing.asked if not any(_superseded(one, later, thing) for later in thing.asked)]
    for setting in last if winners else ():
        if not any(_same(setting, change) for change in winners):
            _differs(history, findings, thing, setting, winners[-1])
            return


def _superseded(change: Setting, later: Setting, thing: Thing) -> bool:
    """Whether a change had shown its effect before a later one was asked for."""
    return any(_same(setting, change) and change.at <= setting.at < later.at for seen in thing.told.values() for setting in seen)


def _judge_furthest(history: History, findings: Findings, thing: Thing, last: Sequence[Setting]) -> None:
    placed: list[Ack | Deliver] = [*history.acks, *history.deliveries]
    end = max((fact.seq or 0 for fact in placed if fact.thread == thing.about), default=0)
    reached = [change for change in thing.asked if _number(change) <= end]
    reached += [setting for seen in thing.told.values() for setting in seen]
    if not reached:
        return
    furthest = max(reached, key=_number)
    for setting in last:
        if _number(setting) < _number(furthest):
            _differs(history, findings, thing, setting, furthest)
            return


def _differs(history: History, findings: Findings, thing: Thing, setting: Setting, wanted: Setting) -> None:
    findings.violated(
        f"{setting.place} has another {thing.what} than it must: {wanted.value!r}, because {wanted.place} "
        f"{'asked for it' if wanted.asked else 'had it'} at {history.when(wanted.at)}; however, its last word is "
        f"{setting.value!r} at {history.when(setting.at)}.",
        setting.at,
        (wanted.index, setting.index),
        retryable=True,
    )


def _judge_told(history: History, findings: Findings, thing: Thing) -> None:
    first = next((change for change in thing.asked if change.framed), None)
    if first is None:
        return
    for tab in history.tabs.values():
        if tab.page or tab.user != history.user_of(first.place) or not tab.open_now or tab.name in thing.told:
            continue
        if tab.stretches[-1].opened < first.at:
            findings.violated(
                f"{tab.name} was never told the {thing.what}: it must, because {first.place} changed it to {first.value!r} at "
                f"{history.when(first.at)}; however, nothing came until {history.when(history.end)}.",
                first.at,
                (first.index,),
                (tab.name,),
                retryable=True,
            )
            return
