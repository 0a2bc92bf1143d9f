"""The log lines that explain a failure: those of its time, on its clock, the bad ones first."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import cast

from realstack.platform import logs
from realstack.platform.driver import Driver, LogLine
from realstack.platform.log_evidence import LONGEST, MOST_LINES, service_logs
from realstack.recording.evidence import Window

ZERO = 1_800_000_000.0
MARK = {"backend-1": 0}


class Logs:
    """As much of a driver as is asked: services, and the lines that each has written."""

    def __init__(self, **written: list[str]) -> None:
        self.written = {name.replace("_", "-"): lines for name, lines in written.items()}

    def services(self) -> list[str]:
        return list(self.written)

    async def log(self, service: str, since: object) -> list[LogLine]:
        assert since == MARK
        return list(logs.lines(service, self.written[service], lambda text: text))


def said(at: float, event: str = "request", level: str = "info", **fields: object) -> str:
    moment = datetime.fromtimestamp(ZERO + at, UTC).isoformat(timespec="milliseconds")
    return json.dumps({"ts": moment, "level": level, "service": "backend-1", "event": event, **fields})


def window(end: float = 5.0, focus: float | None = None) -> Window:
    return Window(0.0, end, ZERO - 1.0, ZERO + end, ZERO, None if focus is None else ZERO + focus)


def collected(driver: Logs, looked: Window) -> list[tuple[str, str]]:
    return asyncio.run(service_logs(cast(Driver, driver), MARK, looked))


def test_lines_stand_on_the_clock_of_the_history() -> None:
    driver = Logs(backend_1=[said(-3.0), said(1.25, "stored", seq=7, note=""), said(9.0)])
    assert collected(driver, window()) == [("Log of backend-1: 1 line", "      1.250 s  info     stored  seq=7")]


def test_services_with_errors_come_first_and_silent_ones_are_named() -> None:
    driver = Logs(auth=[said(1.0)], redis=[], backend_1=[said(1.0), said(2.0, "lost", "error"), said(3.0, "late", "warning")])
    pieces = collected(driver, window())
    assert [title for title, _ in pieces] == [
        "Log of backend-1: 3 lines, 2 of them warnings or errors",
        "Log of auth: 1 line",
        "Nothing was logged by redis",
    ]
    assert "!     2.000 s  error    lost" in pieces[0][1]


def test_other_servers_lines_are_left_as_they_are_and_their_errors_known() -> None:
    moment = datetime.fromtimestamp(ZERO + 1, UTC)
    driver = Logs(
        postgres_auth=[f"{moment:%Y-%m-%d %H:%M:%S}.000 UTC [7] ERROR:  duplicate key", "\tcontinued"],
        clickhouse=[f"{moment:%Y.%m.%d %H:%M:%S}.000000 [ 1 ] {{}} <Error> Application: no"],
        redis=[f"7:M {moment:%d %b %Y %H:%M:%S}.000 # Out of memory"],
        frontend=[f"{moment:%Y/%m/%d %H:%M:%S} [error] 7#7: connect() failed"],
    )
    pieces = dict(collected(driver, window()))
    assert len(pieces) == 4
    assert all("1 of them" in title for title in pieces)
    assert "\tcontinued" in pieces["Log of postgres-auth: 2 lines, 1 of them warnings or errors"]


def test_of_many_lines_those_around_the_violation_are_shown() -> None:
    driver = Logs(backend_1=[said(number / 100, number=number) for number in range(400)])
    ((title, text),) = collected(driver, window(focus=2.0))
    lines = text.splitlines()
    assert title == "Log of backend-1: 400 lines"
    assert len(lines) == MOST_LINES + 2
    assert (lines[0], lines[-1]) == ("… 121 lines before …", "… 159 lines after …")
    assert any("number=200" in line for line in lines)
    ((_, last),) = collected(driver, window())
    assert last.splitlines()[0] == f"… {400 - MOST_LINES} lines before …"
    assert "number=399" in last


def test_long_lines_are_cut() -> None:
    ((_, text),) = collected(Logs(backend_1=[said(1.0, text="x" * 5000)]), window())
    assert len(text) < LONGEST + 20
    assert text.endswith("…")


def test_a_line_of_a_log_ends_where_its_file_says() -> None:
    assert logs.split('{"text":"a\u2028b\x85c"}\r\nnext\n') == ['{"text":"a\u2028b\x85c"}', "next"]
    assert logs.split("") == []
