"""The vocabulary: what frames, pages and rows of a platform mean to the laws.

A vocabulary is data (YAML in ``resources/adapters/<name>/vocabulary.yaml``). Its operations and the fields they take:

| operation | fields (paths into the frame) |
|---|---|
| `send` | message, thread, text |
| `ack` | message, thread, seq, duplicate, given: the id that the platform gives the message |
| `deliver` | message, thread, seq, role, text, run |
| `refuse` | message, limit, window, retry_after: refused because of a limit |
| `reject` | message, code: refused for another reason |
| `connected` | connection, account, session, expires_at |
| `refreshed` | expires_at |
| `resume` | thread, after |
| `stop` | message, run: a user asks for the answer to a message to stop |
| `stopping` | message, run: the platform says that it stops it |
| `run-event` | run, event, number, thread, query, answer, text (all or a piece), tool, input; the rule names its `stage` |
| `change` | about, value: a user asks for a change; the rule names what kind of thing it is `of` |
| `setting` | about, value: what it is now; the rule names what it is `of` |
| `nothing` | none: frames that are known and say nothing to the laws |

A condition asks for one of the values that it names, or with ``"*"`` for any but null: ``when: {"[2].note": "*"}``.

Where the platform makes the ids of messages itself, users know theirs by what they sent them with, such as a number of their own
frame's. `ack` takes that as the `message`, and as `given` by which id everything else names it: deliveries, runs, stops, pages
and rows. Refusals name it as its user does. Where that was lost, a text that only one message has tells which it is.

Each rule that matches a frame says something of it, so that one frame may mean several things. A frame that holds a list of
things means something for each: `each` is the list's path, `take` and `where` (a condition as `when`) look into its items.

Kinds of things whose number only grows stand in `forward`. Stages that end a run at its user's word, at any place of the chain,
stand in `stops`; `leaving_stops` says whether a user who has left counts as that word. Where `echo` is false, the platform does
not send a tab what that tab has said itself.

Frames that no rule matches mean nothing to the laws, too, and stay in the transcript; the contract lists them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from realstack.core.errors import StackError, explain
from realstack.core.json_path import JsonPath, parse

OPERATIONS: dict[str, frozenset[str]] = {
    "send": frozenset({"message", "thread", "text"}),
    "ack": frozenset({"message", "thread", "seq", "duplicate", "given"}),
    "deliver": frozenset({"message", "thread", "seq", "role", "text", "run"}),
    "refuse": frozenset({"message", "limit", "window", "retry_after"}),
    "reject": frozenset({"message", "code"}),
    "connected": frozenset({"connection", "account", "session", "expires_at"}),
    "refreshed": frozenset({"expires_at"}),
    "resume": frozenset({"thread", "after"}),
    "stop": frozenset({"message", "run"}),
    "stopping": frozenset({"message", "run"}),
    "run-event": frozenset({"run", "event", "number", "thread", "query", "answer", "text", "tool", "input"}),
    "change": frozenset({"about", "value"}),
    "setting": frozenset({"about", "value"}),
    "nothing": frozenset(),
}
ITEM_FIELDS = frozenset({"message", "thread", "seq", "role", "text", "run", "user", "state"})
MOST_VALUES = 1000
"""Kinds of frames whose rules are kept ready; what the kinds are comes from outside."""
ANY = "*"
"""What a condition says where any value will do."""
CHAIN_KINDS = ("once", "cycle", "any", "terminal")


Conditions = tuple[tuple[JsonPath, tuple[Any, ...]], ...]
"""Paths, and the values of which each must have one."""


def _fits(value: Any, values: tuple[Any, ...]) -> bool:
    return value in values or (value is not None and ANY in values)


def _hold(conditions: Conditions, part: Any) -> bool:
    return all(_fits(path.first(part), values) for path, values in conditions)


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of a vocabulary: frames like this mean that operation."""

    when: Conditions
    means: str
    take: Mapping[str, JsonPath]
    stage: str
    of: str = ""
    each: JsonPath | None = None
    where: Conditions = ()

    def matches(self, frame: Any) -> bool:
        """Whether every condition of the rule holds for a frame."""
        return _hold(self.when, frame)

    def taken(self, frame: Any) -> list[dict[str, Any]]:
        """The fields of a frame that matches: once, or once for each of its items."""
        if self.each is None:
            return [self._fields(frame)]
        items = self.each.first(frame)
        return [self._fields(item) for item in items if _hold(self.where, item)] if isinstance(items, list) else []

    def _fields(self, part: Any) -> dict[str, Any]:
        return {name: path.first(part) for name, path in self.take.items()}


Taken = tuple[Rule, dict[str, Any]]
"""What a frame means: its rule and the fields taken."""


class _Rules:
    """The rules of one direction; those that ask for another value at the first rule's path are not tried at all."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = rules
        self._path = rules[0].when[0][0] if rules else None
        self._paths = tuple(dict.fromkeys(rule.when[0][0] for rule in rules))
        self._by_value: dict[str, tuple[Rule, ...]] = {}

    def __iter__(self) -> Iterator[Rule]:
        return iter(self._rules)

    def matching(self, frame: Any) -> list[Rule]:
        return [rule for rule in self._likely(frame) if rule.matches(frame)]

    def kind(self, frame: Any) -> str | None:
        """What tells frames like this apart: the values where rules look first."""
        values = [path.first(frame) for path in self._paths]
        return " ".join(str(value) for value in values if isinstance(value, str | int)) or None

    def _likely(self, frame: Any) -> Sequence[Rule]:
        value = self._path.first(frame) if self._path is not None else None
        if not isinstance(value, str):
            return self._rules
        likely = self._by_value.get(value)
        if likely is None:
            likely = tuple(
                rule for rule in self._rules if all(_fits(value, values) for path, values in rule.when if path == self._path)
            )
            if len(self._by_value) < MOST_VALUES:
                self._by_value[value] = likely
        return likely


@dataclass(frozen=True, slots=True)
class Link:
    """One link of the chain of an agent run: `kind` is ``once``, ``cycle``, ``any`` or ``terminal``."""

    kind: str
    stages: tuple[str, ...]


class Vocabulary:
    """A platform's own words, turned into the laws' operations.

    Args:
        data: The parsed YAML; it is written into exported histories as it is.

    Raises:
        StackError: A rule is malformed; says which one and what is allowed.
    """

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.data = dict(_mapping(data, "all"))
        self.name = str(data.get("name", "unnamed"))
        frames = _mapping(data.get("frames", {}), "frames")
        self._out = _Rules([_rule(item, f"frames.out[{n}]") for n, item in enumerate(_items(frames.get("out"), "frames.out"))])
        self._in = _Rules([_rule(item, f"frames.in[{n}]") for n, item in enumerate(_items(frames.get("in"), "frames.in"))])
        self.chain = tuple(_link(item, f"chain[{n}]") for n, item in enumerate(_items(data.get("chain"), "chain")))
        self.piecewise = frozenset(stage for link in self.chain if link.kind == "any" for stage in link.stages)
        self._check_stages()
        self.gives_ids = any("given" in rule.take for rule in self._in)
        self.every_message_is_answered = bool(data.get("every_message_is_answered", False))
        self.stops = frozenset(str(stage) for stage in _items(data.get("stops"), "stops"))
        # A run ends well by the first of its last stages, or at its user's word.
        ends = [stage for link in self.chain if link.kind == "terminal" for stage in link.stages]
        self.failures = frozenset(ends[1:]) - self.stops
        self.leaving_stops = bool(data.get("leaving_stops", False))
        self.echo = bool(data.get("echo", True))
        self.forward = frozenset(str(kind) for kind in _items(data.get("forward"), "forward"))
        self.agent_roles = frozenset(str(role) for role in _items(data.get("agent_roles"), "agent_roles") or ["agent"])
        page = _mapping(data.get("page", {}), "page")
        self.page_take = _takes(page.get("take", {}), ITEM_FIELDS, "page")
        self.page_acknowledged = frozenset(str(state) for state in _items(page.get("acknowledged"), "page.acknowledged"))
        self.page_held = frozenset(str(state) for state in _items(page.get("held"), "page.held"))
        working = _mapping(page.get("working", {}), "page.working")
        self.page_working_path = _path(working.get("path", "working"), "page.working.path")
        self.page_working_values = tuple(_items(working.get("values"), "page.working.values") or [True])
        self.page_connection = _path(page.get("connection", "connection"), "page.connection")
        self.row_take = _takes(_mapping(data.get("rows", {}), "rows").get("take", {}), ITEM_FIELDS, "rows")

    @classmethod
    def load(cls, path: Path) -> Vocabulary:
        """Read a vocabulary from a YAML file."""
        try:
            data = yaml.safe_load(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise StackError(
                explain("a vocabulary file", f"{path} can't be read ({error.strerror})", remedy="Name an existing YAML file.")
            ) from error
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            raise StackError(explain("a vocabulary in YAML", f"{path} is not YAML: {error}")) from error
        return cls(_mapping(data, str(path)))

    def meanings(self, direction: str, frame: Any) -> list[Taken]:
        """What a frame means: each rule that matches, with the fields taken.

        Args:
            direction: ``out`` for frames that tests sent, ``in`` for frames that came.
            frame: The parsed frame.
        """
        return [(rule, fields) for rule in self._rules(direction).matching(frame) for fields in rule.taken(frame)]

    def knows(self, direction: str, frame: Any) -> bool:
        """Whether a rule matches a frame; one with an empty list matches and means nothing."""
        return bool(self._rules(direction).matching(frame))

    def _rules(self, direction: str) -> _Rules:
        return self._out if direction == "out" else self._in

    def kind(self, direction: str, frame: Any) -> str | None:
        """The values by which rules tell frames apart (``type``, usually), whether one matches or not; None where none is."""
        return self._rules(direction).kind(frame)

    def role(self, value: Any) -> str:
        """``agent`` or ``user``."""
        return "agent" if value is not None and str(value) in self.agent_roles else "user"

    def _check_stages(self) -> None:
        known = {stage for link in self.chain for stage in link.stages}
        for rule in [*self._out, *self._in]:
            if rule.means == "run-event" and rule.stage not in known:
                raise StackError(
                    explain(
                        f"the stage of a run-event to be one of the chain's: {', '.join(sorted(known)) or '(none)'}",
                        f"stage {rule.stage!r}",
                        remedy="Add the stage to `chain`, or correct the rule's `stage`.",
                    )
                )


def _mapping(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise StackError(explain(f"{where} of the vocabulary to be a mapping", f"{type(value).__name__}"))
    return value


def _items(value: Any, where: str) -> list[Any]:
    if value is not None and not isinstance(value, list):
        raise StackError(explain(f"{where} of the vocabulary to be a list", f"{type(value).__name__}"))
    return value or []


def _path(value: Any, where: str) -> JsonPath:
    try:
        return parse(str(value))
    except ValueError as error:
        raise StackError(explain(f"{where} of the vocabulary to be a path", str(error))) from error


def _takes(value: Any, allowed: frozenset[str], where: str) -> dict[str, JsonPath]:
    takes = {str(name): _path(path, f"{where}.take.{name}") for name, path in _mapping(value, f"{where}.take").items()}
    if unknown := sorted(set(takes) - allowed):
        raise StackError(
            explain(f"{where} of the vocabulary to take only {', '.join(sorted(allowed))}", f"it takes {', '.join(unknown)}, too")
        )
    return takes


def _rule(value: Any, where: str) -> Rule:
    item = _mapping(value, where)
    means = str(item.get("means"))
    if means not in OPERATIONS:
        raise StackError(explain(f"`means` of {where} to be one of {', '.join(OPERATIONS)}", f"{means!r}"))
    when = _conditions(item, "when", where)
    if not when:
        raise StackError(explain(f"{where} of the vocabulary to have a condition", "no `when`", remedy="Say `when: {type: …}`."))
    return Rule(
        when,
        means,
        _takes(item.get("take", {}), OPERATIONS[means], where),
        str(item.get("stage", "")),
        str(item.get("of", "")),
        _path(item["each"], f"{where}.each") if "each" in item else None,
        _conditions(item, "where", where),
    )


def _conditions(item: Mapping[str, Any], key: str, where: str) -> Conditions:
    found = _mapping(item.get(key, {}), f"{where}.{key}")
    return tuple(
        (_path(path, f"{where}.{key}"), tuple(values) if isinstance(values, list) else (values,))
        for path, values in found.items()
    )


def _link(value: Any, where: str) -> Link:
    item = _mapping(value, where)
    if len(item) != 1 or next(iter(item)) not in CHAIN_KINDS:
        raise StackError(
            explain(f"{where} of the vocabulary to be one of {', '.join(CHAIN_KINDS)} with its stages", f"{dict(item)!r}")
        )
    kind, stages = next(iter(item.items()))
    return Link(str(kind), tuple(str(stage) for stage in _items(stages, where)))
