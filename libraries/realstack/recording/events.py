"""What libraries record: one class for each kind of event, and how events stand in files.

A line of a file is one event: ``{"at", "kind", "source", "data"}``. ``data`` holds the fields of its class by name, save those
that have their default, and the ``facts`` of kinds that tell more than has a name here. Other packages add kinds with `event`.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from functools import cache
from types import NoneType, UnionType
from typing import Any, ClassVar, Literal, TypeVar, cast, dataclass_transform, get_args, get_origin, get_type_hints

from realstack.core.errors import StackError, explain
from realstack.secrets.redaction import redact


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened; recorded are only its subclasses, each the class of one kind.

    Attributes:
        source: Who it happened to: a connection's alias, a page, a link, a service.
        at: Seconds on the monotonic clock (`time.monotonic`), comparable within one machine's boot; now by default.
    """

    kind: ClassVar[str] = ""
    source: str
    at: float = field(default_factory=time.monotonic, kw_only=True)

    @property
    def data(self) -> dict[str, Any]:
        """What there is to tell besides source and time, as plain JSON values; what has its default is left out."""
        told = {name: value for name, default in _FIELDS[type(self)] if (value := getattr(self, name)) != default}
        facts = told.pop("facts", None)
        return {**told, **facts} if facts else told


_E = TypeVar("_E", bound=type[Event])
_CLASSES: dict[str, type[Event]] = {}
_FIELDS: dict[type[Event], tuple[tuple[str, Any], ...]] = {}
_REQUIRED = object()


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def event(kind: str, *, was: Sequence[str] = ()) -> Callable[[_E], _E]:
    """Make a class the frozen dataclass of a kind of events.

    Args:
        kind: Its name in files.
        was: The names that it had in older ones.
    """

    def make(cls: _E) -> _E:
        made = dataclass(frozen=True, slots=True)(cls)
        made.kind = kind
        for name in (kind, *was):
            if name in _CLASSES:
                raise TypeError(f"{name!r} is the kind of {_CLASSES[name].__name__} already")
            _CLASSES[name] = made
        _FIELDS[made] = tuple((one.name, _default(one)) for one in fields(made) if one.name not in ("source", "at"))
        return cast(_E, made)

    return make


def _default(one: Any) -> Any:
    """What a field is when nobody says; something that nothing equals where somebody must."""
    if one.default_factory is not MISSING:
        return one.default_factory()
    return _REQUIRED if one.default is MISSING else one.default


def is_typed(something: object) -> bool:
    """Whether this is an event of a kind that has a class."""
    return type(something) in _FIELDS


def event_of(kind: str, source: str, data: Mapping[str, Any] | None = None, *, at: float) -> Event:
    """The event that a line of a file tells.

    Args:
        kind: Its kind, or the name that the kind had in older files.
        source: Who it happened to.
        data: What there is to tell.
        at: Seconds on the clock of its recording.

    Raises:
        StackError: There is no such kind, or its class has other fields.
    """
    cls = _CLASSES.get(kind)
    if cls is None:
        raise StackError(explain(f"a kind of event: {', '.join(sorted(_CLASSES))}", f"{kind!r}"))
    names = [name for name, _ in _FIELDS[cls]]
    told = {name: value for name, value in (data or {}).items() if name in names}
    if rest := {name: value for name, value in (data or {}).items() if name not in names}:
        if "facts" not in names:
            raise StackError(explain(f"an event of kind {kind} with {', '.join(names) or 'nothing'}", f"{', '.join(rest)}"))
        told["facts"] = {**told.get("facts", {}), **rest}
    missing = [name for name, default in _FIELDS[cls] if default is _REQUIRED and name not in told]
    if missing:
        raise StackError(explain(f"an event of kind {kind} with {', '.join(missing)}", f"{', '.join(told) or 'nothing'}"))
    return cls(source, at=at, **told)


@dataclass(frozen=True, slots=True)
class Entry:
    """An event as it stands in a history and in its file: plain values without credentials, on the history's own clock."""

    at: float
    event: Event

    @classmethod
    def of(cls, event: Event, zero: float = 0.0) -> Entry:
        """The entry of an event in a history that began at `zero` on the event's clock."""
        data = event.data
        shown = redact(data)
        # The event itself where nothing in it is hidden: a history may have a million of them.
        kept = event if shown is data else event_of(event.kind, event.source, shown, at=event.at)
        return cls(round(event.at - zero, 6), kept)

    @property
    def kind(self) -> str:
        """The kind of the event."""
        return self.event.kind

    @property
    def source(self) -> str:
        """Who it happened to."""
        return self.event.source

    @property
    def data(self) -> Mapping[str, Any]:
        """What there is to tell besides source and time, as plain values."""
        return self.event.data

    @property
    def line(self) -> str:
        """The entry as a line of a file, without its end."""
        told = {"at": self.at, "kind": self.kind, "source": self.source, "data": self.data}
        return json.dumps(told, ensure_ascii=False)


def read_line(line: str) -> Event:
    """The event on a line of a file, on the clock of its history.

    Raises:
        StackError: It is no event.
    """
    try:
        told = json.loads(line)
        at, kind, source, data = float(told["at"]), str(told["kind"]), str(told["source"]), dict(told["data"])
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise StackError(explain("an event with at, kind, source and data", repr(error))) from error
    read = event_of(kind, source, data, at=at)
    if not math.isfinite(at):
        raise StackError(explain("an event at a time", f"{at}"))
    # Who judges it counts with its numbers, and goes through its lists and objects.
    for name, hint in _told_apart(read.kind):
        if not _fits(getattr(read, name), hint):
            raise StackError(explain(f"'{name}' of an event of kind {kind} to be {_words(hint)}", f"{data.get(name)!r:.200}"))
    return read


@cache
def _told_apart(kind: str) -> tuple[tuple[str, Any], ...]:
    """The fields that hold numbers, lists or objects, with what they hold."""
    cls = _CLASSES[kind]
    hints = get_type_hints(cls)
    judged = {int, float, Sequence, Mapping}
    return tuple(
        (name, hints[name]) for name, _ in _FIELDS[cls] if judged & {get_origin(one) or one for one in _choices(hints[name])}
    )


def _choices(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) is UnionType else (hint,)


def _fits(value: Any, hint: Any) -> bool:
    """Whether a value of JSON is what a field holds; of texts only that they are in the place of no list and no number."""
    if len(_choices(hint)) > 1:
        return any(_fits(value, one) for one in _choices(hint))
    if get_origin(hint) is Sequence:
        return isinstance(value, (list, tuple)) and all(_fits(item, get_args(hint)[0]) for item in value)
    if get_origin(hint) is Mapping:
        return isinstance(value, Mapping) and all(_fits(item, get_args(hint)[1]) for item in value.values())
    if hint in {int, float}:
        return isinstance(value, (int, hint)) and not isinstance(value, bool)
    return value is None if hint is NoneType else True


_KINDS: dict[Any, str] = {int: "a whole number", float: "a number", Sequence: "a list", Mapping: "an object", NoneType: "null"}


def _words(hint: Any) -> str:
    return " or ".join(_KINDS.get(get_origin(one) or one, "a text") for one in _choices(hint))


# Connections.


@event("opened")
class Opened(Event):
    """A connection was opened; the handshake took `seconds`."""

    url: str = ""
    status: int | None = None
    subprotocol: str = ""
    seconds: float | None = None
    local_port: int | None = None


@event("refused")
class Refused(Event):
    """A handshake was refused; no `status` where there was no answer at all."""

    url: str = ""
    status: int | None = None


@event("closed")
class Closed(Event):
    """A connection ended; `by` is ``client``, ``server`` or ``nobody``."""

    code: int | None = None
    reason: str = ""
    by: str | None = None
    cause: str = ""


@dataclass(frozen=True, slots=True)
class _Frame(Event):
    """A frame on a connection.

    Attributes:
        frame: The JSON value or text, masked; None of binary ones.
        number: Its number on the connection, both directions counted together; 0 when nobody counts.
        content: What it is.
        size: Bytes of the payload.
        sha256: Digest of binary ones, hexadecimal.
        problem: Why it could not be read as the connection's codec reads frames; empty where it could.
    """

    frame: Any = None
    number: int = 0
    content: Literal["json", "text", "binary"] = "json"
    size: int = 0
    sha256: str | None = None
    problem: str = ""


@event("frame-in")
class FrameIn(_Frame):
    """A frame came."""


@event("frame-out")
class FrameOut(_Frame):
    """A frame was handed to the socket."""


@event("http")
class Http(Event):
    """A request and its answer; `ms` are milliseconds."""

    method: str = ""
    url: str = ""
    status: int | None = None
    ms: float | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


# Faults and services.


@event("fault-on")
class FaultBegun(Event):
    """Something is broken on purpose from now on."""

    what: str = ""
    target: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@event("fault-off")
class FaultEnded(Event):
    """A fault is over; its `receipt` proves that it happened."""

    what: str = ""
    receipt: Any = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@event("fault-injected", was=("fault-struck", "fault-hit"))
class FaultInjected(Event):
    """A fault that waited for its moment has come about."""

    what: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


@event("service")
class ServiceChanged(Event):
    """A service was started, stopped, killed, paused, resumed, reloaded, or died; `seen` is what the system says of it."""

    what: str
    pids: Sequence[int] = ()
    seen: str = ""
    exit_code: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


# Readings.


@event("stored")
class Stored(Event):
    """The rows that a store held; all there are, or those of `users` and of what else `facts` name.

    The reading took `took` seconds and ended at `at`.
    """

    rows: Sequence[Mapping[str, Any]] = ()
    users: Sequence[str] | None = None
    took: float | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@event("growth")
class GrowthMeasured(Event):
    """A measured series with its budget per operation, or a count before and after; see `realstack.monitor.leak.Series`."""

    name: str
    operations: Sequence[int]
    values: Sequence[float]
    unit: str = "KiB"
    operation: str = "operation"
    budget: float = 4.0
    warmup: int | None = None
    lump: float = 0.0
    exact: bool = False


@event("pressure")
class MachineBusy(Event):
    """Others used the machine for so many `seconds` until now: fewer cores were `available` than the test needed."""

    seconds: float
    available: float
    needed: float
    told: str = ""


@event("note")
class Note(Event):
    """A remark."""

    text: str = ""
    what: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
