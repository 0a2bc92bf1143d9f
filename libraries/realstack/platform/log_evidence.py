"""What the services logged around a failure, on the clock of the failed test's history."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterable
from typing import Any

from realstack.platform.driver import Driver, LogLine, LogMark
from realstack.recording.evidence import Window

MOST_LINES = 120
"""Lines that are shown of one service: those nearest to the failure."""
LONGEST = 400
"""Characters of one line that are shown."""
LOOK_SECONDS = 5.0
"""How long reading all logs may take."""

_WORSE = re.compile(
    r'"level":\s*"(warn(ing)?|error|critical)"'  # the platform's own services, and nginx's requests
    r"|^\S+ \S+ UTC .*?\b(WARNING|ERROR|FATAL|PANIC):"  # PostgreSQL
    r"|<(Warning|Error|Critical|Fatal)>"  # ClickHouse
    r"|^\d+:\w \d\d \w{3} \d{4} [\d:.]+ # "  # Redis
    r"|\[(warn|error|crit|alert|emerg)\]"  # nginx
)
_FORM = {"ts", "level", "service", "event"}


async def service_logs(driver: Driver, since: LogMark, window: Window) -> list[tuple[str, str]]:
    """Every service's log lines of a window of time, those with warnings and errors first.

    Args:
        driver: Where the services run; it masks what it reads.
        since: A moment before the window.
        window: The time that matters, and the moment in it that matters most.

    Returns:
        A title and a text for each service that logged something, and one for all that did not.
    """
    names = driver.services()
    async with asyncio.timeout(LOOK_SECONDS):
        found = await asyncio.gather(*(driver.log(name, since) for name in names))
    pieces: list[tuple[int, str, str]] = []
    silent: list[str] = []
    for name, lines in zip(names, found, strict=True):
        inside = [line for line in lines if line.at is not None and window.begin_wall <= line.at.timestamp() <= window.end_wall]
        if not inside:
            silent.append(name)
            continue
        worse = sum(_is_worse(line) for line in inside)
        told = f"{len(inside)} line{'s' * (len(inside) != 1)}" + (f", {worse} of them warnings or errors" if worse else "")
        pieces.append((worse, f"Log of {name}: {told}", "\n".join(_shown(inside, window))))
    # Sorting keeps the services' order among those that are equally well.
    shown = [(title, text) for _, title, text in sorted(pieces, key=lambda piece: -piece[0])]
    if silent:
        shown.append((f"Nothing was logged by {', '.join(silent)}", "Whole logs are in services/ beside this log."))
    return shown


def _shown(lines: list[LogLine], window: Window) -> Iterable[str]:
    focus = window.focus_wall if window.focus_wall is not None else window.end_wall
    # Of too many lines those nearest to the focus are kept, twice as many before it as after.
    before = sum(line.at is not None and line.at.timestamp() <= focus for line in lines)
    begin = max(0, min(before - MOST_LINES * 2 // 3, len(lines) - MOST_LINES))
    end = min(len(lines), begin + MOST_LINES)
    if begin:
        yield f"… {begin} lines before …"
    yield from (_told(line, window.zero_wall) for line in lines[begin:end])
    if end < len(lines):
        yield f"… {len(lines) - end} lines after …"


def _told(line: LogLine, zero: float) -> str:
    assert line.at is not None
    mark = "!" if _is_worse(line) else " "
    text = _plain(line.text)
    return f"{mark} {line.at.timestamp() - zero:9.3f} s  {text if len(text) <= LONGEST else text[: LONGEST - 1] + '…'}"


def _plain(text: str) -> str:
    """A line of JSON as ``event  name=value …``; any other as it is."""
    if not text.startswith("{"):
        return text
    try:
        fields: dict[str, Any] = json.loads(text)
        rest = "  ".join(f"{name}={value}" for name, value in fields.items() if name not in _FORM and value not in ("", None))
        return f"{fields.get('level', ''):<8} {fields['event']}  {rest}".rstrip()
    except (ValueError, KeyError, TypeError, AttributeError):
        return text  # not the services' own form: as it is


def _is_worse(line: LogLine) -> bool:
    return _WORSE.search(line.text) is not None
