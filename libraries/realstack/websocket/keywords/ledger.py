"""Keywords that look at frames and take none."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Literal

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword

from realstack.core.errors import InvalidRun, StackError, StackFailure, explain
from realstack.core.keywords.assertions import verify
from realstack.core.keywords.waiting import on_loop, seconds, wait
from realstack.core.likeness import like
from realstack.core.table import html_table
from realstack.core.waiting import Deadline, poll
from realstack.websocket import ANY, Connection, Frame, Match
from realstack.websocket.keywords.connections import Connections
from realstack.websocket.keywords.documents import for_robot

_OF_NUMBERS = frozenset(AssertionOperator[name] for name in ("==", "!=", "<", ">", "<=", ">="))

LONGEST_FRAME = 2000
"""Characters of a frame that the log shows."""


class Ledger:
    """Looks at frames, and takes none."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    @keyword(tags=["frame", "getter"])
    def get_frames(
        self,
        *match: Any,
        direction: Literal["in", "out", "both"] = "in",
        alias: str | None = None,
        **fields: Any,
    ) -> list[Any]:
        """Returns all frames of a connection that match, taken or not, oldest first. Takes none.

        Those that the ledger has forgotten are not among them, which a warning tells.

        Args:
            match: Types, expressions, dictionaries or functions; without any, all frames.
            direction: Received (``in``), sent (``out``) or ``both``.
            alias: The connection; the current one by default.
            fields: Paths and their values.

        ```robotframework
        @{sent} =    Get Frames    user_message    direction=out    alias=tab1
        ```
        """
        connection = self._connections.get(alias)
        wanted = self._connections.match(connection, match, fields)
        return [for_robot(frame.data) for frame in _look(connection, wanted, direction)]

    @keyword(tags=["frame", "getter"])
    def get_frame_count(
        self,
        *match_and_assertion: Any,
        direction: Literal["in", "out", "both"] = "in",
        alias: str | None = None,
        timeout: timedelta = timedelta(0),
    ) -> int:
        """Returns how many frames match, taken or not, and asserts; looks again until the assertion holds or time is up.

        Without conditions all are counted, those that the ledger has forgotten, too.

        Args:
            match_and_assertion: Conditions as for [Wait For Frame]; then, to assert, an operator, the number, and
                a text that replaces the failure's.
            direction: Received (``in``), sent (``out``) or ``both``.
            alias: The connection; the current one by default.
            timeout: How long to look again while the assertion fails.

        Raises:
            InvalidRun: The ledger has forgotten frames that may have matched, so that nobody knows whether the assertion holds.

        ```robotframework
        Get Frame Count    type=message    thread_id=${thread}    ==    3    timeout=2s
        ```
        """
        connection = self._connections.get(alias)
        parts, operator, expected, message = _split(match_and_assertion)
        wanted = self._connections.match(connection, parts, {})
        what = f"Number of frames with  {wanted}  on connection '{connection.alias}'"

        def holds(count: int) -> bool:
            try:
                verify(count, operator, expected, what, message)
            except AssertionError:
                return False
            return True

        async def look() -> int:
            if wanted.conditions or wanted.predicates:
                return len(_select(connection, wanted, direction))
            return _counted(connection, direction)

        deadline = Deadline(seconds(timeout))
        _, count = wait(poll(look, holds, deadline), deadline.seconds)
        wanted.check()
        forgotten = on_loop(lambda: _forgotten(connection, direction)) if wanted.conditions or wanted.predicates else 0
        if forgotten and not _is_certain(holds, operator, expected, range(count, count + forgotten + 1)):
            kept = f"{count}, and {forgotten} frames were forgotten, which may have been such"
            raise InvalidRun(explain(what, kept, remedy="Open the connection with a larger ledger_size=."))
        return verify(count, operator, expected, what, message)

    @keyword(tags=["frame"])
    def log_frames(self, *match: Any, alias: str | None = None, last: int = 200, **fields: Any) -> None:
        """Writes a table of a connection's frames, both ways, to the log.

        Args:
            match: Types, expressions, dictionaries or functions; without any, all frames.
            alias: The connection; the current one by default.
            last: How many of them at most, the latest ones.
            fields: Paths and their values.

        ```robotframework
        Log Frames    message    alias=tab1    last=20
        ```
        """
        connection = self._connections.get(alias)
        wanted = self._connections.match(connection, match, fields)
        frames = _look(connection, wanted, "both")
        box = connection.mailbox
        note = f"{len(frames)} of {box.counts['in']} received and {box.counts['out']} sent; {box.forgotten} forgotten"
        table = html_table(
            ("#", "time", "way", "bytes", "frame"),
            [_row(frame, connection.opened_at) for frame in frames[-last:]],
            f"{connection.alias}: {note}",
            most_rows=last,
            longest_cell=LONGEST_FRAME,
        )
        logger.info(table, html=True)

    @keyword(tags=["frame"])
    def messages_should_be_well_formed(self, *, alias: str | None = None) -> None:
        """Fails if anything was received that the connection's codec can't read. See *Codecs* in the introduction.

        ```robotframework
        Messages Should Be Well Formed    alias=tab1
        ```
        """
        connection = self._connections.get(alias)
        wrong = [frame for frame in _look(connection, ANY, "in") if frame.problem]
        if wrong:
            expected = f"all messages received on connection '{connection.alias}' can be read by codec '{connection.codec.name}'"
            raise StackFailure(
                explain(
                    expected,
                    f"{len(wrong)} of {connection.mailbox.counts['in']} can't; #{wrong[0].number} is {wrong[0].problem}",
                    evidence="\n".join(f"#{frame.number}: {frame.brief()}" for frame in wrong[:5]),
                    remedy="The platform sends what was not agreed, or speaks otherwise: then another codec= is needed.",
                )
            )


def _look(connection: Connection, match: Match, direction: str) -> list[Frame]:
    found, forgotten = on_loop(lambda: (_select(connection, match, direction), _forgotten(connection, direction)))
    match.check()
    if forgotten:
        told = f"'{connection.alias}': its {forgotten} oldest frames were forgotten, and are not among those that were looked at."
        logger.warn(f"{told} Open it with a larger ledger_size= to keep them.")
    return found


def _split(cells: tuple[Any, ...]) -> tuple[list[Any], AssertionOperator | None, Any, str | None]:
    """Conditions, and the operator, expected value and message behind them."""
    operators = AssertionOperator.__members__
    for index, cell in enumerate(cells):
        if isinstance(cell, str) and cell in operators:
            rest = cells[index + 1 :]
            if not 1 <= len(rest) <= 2:
                raise StackError(f"Behind the operator '{cell}' come the expected number and, if you like, a message")
            return list(cells[:index]), operators[cell], rest[0], rest[1] if len(rest) == 2 else None
    return list(cells), None, None, None


def _counted(connection: Connection, direction: str) -> int:
    return sum(counted for way, counted in connection.mailbox.counts.items() if direction in (way, "both"))


def _forgotten(connection: Connection, direction: str) -> int:
    return _counted(connection, direction) - len(_select(connection, ANY, direction))


def _is_certain(holds: Callable[[int], bool], operator: AssertionOperator | None, expected: Any, possible: range) -> bool:
    """Whether an assertion holds of each number that may be the right one, or of none: its ends tell, and what is expected."""
    if operator not in _OF_NUMBERS:
        return False
    told = like(possible[0], expected)
    ends = {possible[0], possible[-1], *([told] if told in possible else [])}
    return len({holds(number) for number in ends}) == 1


def _select(connection: Connection, match: Match, direction: str) -> list[Frame]:
    directions: tuple[Literal["in", "out"], ...] = ("in", "out")
    return connection.mailbox.frames(match, [way for way in directions if direction in (way, "both")])


def _row(frame: Frame, opened_at: float) -> dict[str, Any]:
    return {
        "#": frame.number,
        "time": f"+{frame.at - opened_at:.3f} s",
        "way": "←" if frame.direction == "in" else "→",
        "bytes": frame.size,
        "frame": frame.brief(LONGEST_FRAME),
    }
