"""Written histories: ``python -m realstack.history judge file.jsonl [--law exactly-once]``, ``… show …``, ``… falsify …``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from realstack.core.errors import StackError
from realstack.history.events import Judged
from realstack.history.export import Stored, judgement, load
from realstack.history.falsify import falsify, told
from realstack.history.laws import LAWS, judge
from realstack.history.transcript import around, legend, whole
from realstack.history.verdict import Outcome, Verdict

EXIT_HOLDS, EXIT_VIOLATED, EXIT_INVALID, EXIT_DIFFERS, EXIT_USAGE = 0, 1, 2, 3, 64


@dataclass(frozen=True, slots=True)
class Rejudged:
    """A verdict made again, and whether it is the one recorded; `same` is None where none was recorded."""

    verdict: Verdict
    upto: int
    same: bool | None


def judge_again(stored: Stored, laws: Sequence[str] = ()) -> list[Rejudged]:
    """Judge a written history.

    Args:
        stored: The history.
        laws: The laws to judge it by; without any, each judgement that was recorded is made again.
    """
    recorded = [event for event in stored.events if isinstance(event, Judged)]
    if not laws:
        return [_again(stored, event) for event in recorded]
    results: list[Rejudged] = []
    for law in laws:
        earlier = [event for event in recorded if event.law == law]
        if earlier:
            results.extend(_again(stored, event) for event in earlier)
        else:
            results.append(Rejudged(judge(law, stored.history()), len(stored.events), None))
    return results


def _again(stored: Stored, event: Judged) -> Rejudged:
    floors = dict(event.floors or {})
    verdict = judge(event.law, stored.history(event.upto), floors)
    return Rejudged(verdict, event.upto, judgement(verdict, event.upto, floors, at=event.at) == event)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns 0 when all laws hold, 1 when one is violated, 2 when one is invalid, 3 when a verdict differs.

    Of ``falsify`` 0 when each law saw each change, 1 when one is blind, 2 when there was nothing to change for one.
    """
    parser = argparse.ArgumentParser(prog="python -m realstack.history", description="Judge written histories again.")
    commands = parser.add_subparsers(dest="command", required=True)
    judging = commands.add_parser("judge", help="judge histories by the laws recorded in them, or by those named")
    judging.add_argument("files", nargs="+", type=Path, help="histories in JSON lines")
    judging.add_argument("--law", action="append", default=[], choices=sorted(LAWS), help="a law to judge by; may be repeated")
    showing = commands.add_parser("show", help="print a history line by line")
    showing.add_argument("files", nargs="+", type=Path)
    showing.add_argument("--tab", help="only this tab, page or service")
    falsifying = commands.add_parser("falsify", help="change facts of histories: each law that was judged must see each change")
    falsifying.add_argument("files", nargs="+", type=Path)
    falsifying.add_argument("--law", action="append", default=[], choices=sorted(LAWS), help="only this law; may be repeated")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.command == "falsify":
            return _falsify(chosen.files, chosen.law)
        codes = [_show(path, chosen.tab) if chosen.command == "show" else _judge(path, chosen.law) for path in chosen.files]
    except StackError as error:
        print(error)
        return EXIT_USAGE
    return max(codes)


def _show(path: Path, tab: str | None) -> int:
    print("\n".join(whole(load(path).history(), tab)))
    return EXIT_HOLDS


def _falsify(paths: Sequence[Path], laws: Sequence[str]) -> int:
    sights = falsify((load(path) for path in paths), laws)
    if not sights:
        print("No law was judged in these histories and holds: there is nothing to change.")
        return EXIT_INVALID
    print("\n".join(told(sights)))
    blind = [sight for sight in sights if sight.blind]
    for sight in blind:
        print(f"{sight.law} is blind here: nothing that is recorded shows that {sight.what}. Record what would show it.")
    return EXIT_VIOLATED if blind else EXIT_HOLDS if all(sight.tried for sight in sights) else EXIT_INVALID


def _judge(path: Path, laws: Sequence[str]) -> int:
    stored = load(path)
    print(f"{path}: {stored.name}, {len(stored.events)} events")
    code = EXIT_HOLDS
    results = judge_again(stored, laws)
    if not results:
        print("  no law was judged in this history: name some with --law")
        return EXIT_INVALID
    for result in results:
        verdict = result.verdict
        print("  " + verdict.explanation().replace("\n", "\n  "))
        if verdict.smallest is not None:
            history = stored.history(result.upto)
            lines = around(history, verdict.smallest.events)
            print("    " + "\n    ".join([*lines, *legend(history, [verdict.smallest.text, *lines])]))
        if result.same is False:
            print("  This verdict DIFFERS from the recorded one: the laws have changed since, or the file has.")
        code = max(code, EXIT_DIFFERS if result.same is False else _code(verdict))
    return code


def _code(verdict: Verdict) -> int:
    return {Outcome.HOLDS: EXIT_HOLDS, Outcome.VIOLATED: EXIT_VIOLATED, Outcome.INVALID: EXIT_INVALID}[verdict.outcome]
