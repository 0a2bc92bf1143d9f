"""Reading services' logs: from a moment on, masked, with the time of each line.

Five servers write the time in five ways; all write UTC here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from realstack.platform.driver import LogLine

_UTC = "+0000"


def _layout(pattern: str) -> Callable[[str], datetime]:
    return lambda text: datetime.strptime(text + _UTC, pattern + "%z")


_FORMATS: tuple[tuple[re.Pattern[str], Callable[[str], datetime]], ...] = (
    (re.compile(r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}) UTC"), _layout("%Y-%m-%d %H:%M:%S.%f")),  # PostgreSQL
    (re.compile(r"^(\d{4}\.\d\d\.\d\d \d\d:\d\d:\d\d\.\d{6})"), _layout("%Y.%m.%d %H:%M:%S.%f")),  # ClickHouse
    (re.compile(r"^\d+:[A-Z] (\d\d \w{3} \d{4} \d\d:\d\d:\d\d\.\d{3})"), _layout("%d %b %Y %H:%M:%S.%f")),  # Redis
    (re.compile(r"^\d+:signal-handler \((\d+)\)"), lambda text: datetime.fromtimestamp(int(text), UTC)),  # Redis, signals
    (re.compile(r"^(\d{4}/\d\d/\d\d \d\d:\d\d:\d\d)"), _layout("%Y/%m/%d %H:%M:%S")),  # nginx, errors
)


def time_of(line: str) -> datetime | None:
    """When a line was written; None when it does not say."""
    if line.startswith("{"):
        try:
            said = json.loads(line).get("ts", "")
            return datetime.fromisoformat(said) if said else None
        except (ValueError, TypeError, AttributeError):
            return None
    for pattern, moment in _FORMATS:
        found = pattern.match(line)
        if found:
            return moment(found[1])
    return None


def lines(service: str, texts: Iterable[str], mask: Callable[[str], str]) -> Iterator[LogLine]:
    """Turn texts into log lines; one without a time gets that of the line before it."""
    at: datetime | None = None
    for text in texts:
        at = time_of(text) or at
        yield LogLine(at, service, mask(text))


def split(text: str) -> list[str]:
    """The lines of a log; what else Unicode calls the end of a line, such as U+2028, is part of what users said."""
    return [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")] if text else []


def read(path: Path, begin: int) -> list[str]:
    """The lines of a file from a byte on; a file that is not there has none."""
    try:
        with open(path, "rb") as file:
            file.seek(begin)
            return split(file.read().decode("utf-8", "replace"))
    except FileNotFoundError:
        return []


def size(path: Path) -> int:
    """Length of a file in bytes; 0 when it is not there."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def last_lines(path: Path, begin: int, count: int, mask: Callable[[str], str]) -> str:
    """The last lines of a file, of those after a byte, as one text."""
    found = read(path, begin)[-count:]
    return mask("\n".join(found)) if found else "(it wrote nothing)"
