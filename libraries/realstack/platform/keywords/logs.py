"""Keywords that tell what services logged."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from assertionengine import AssertionOperator
from robot.api.deco import keyword

from realstack.core.errors import explain
from realstack.core.keywords.assertions import verify
from realstack.core.lateness import Late
from realstack.core.loop import background
from realstack.core.waiting import Deadline, wait_until
from realstack.platform.driver import LogLine, LogMark, Operation
from realstack.platform.keywords.state import LogMarks
from realstack.platform.running import running

_LOOK_AGAIN = 0.05


class Logs:
    """Services' logs.

    Args:
        marks: Where the running test began.
    """

    def __init__(self, marks: LogMarks) -> None:
        self._marks = marks

    @keyword(tags=["log"])
    def mark_logs(self) -> LogMark:
        """Returns this moment in all services' logs, for `since` of the other keywords.

        ```robotframework
        ${now} =    Mark Logs
        Restart Service    auth
        Get Service Log    auth    contains    signing_keys_loaded    since=${now}
        ```
        """
        driver = running()
        driver.demand(Operation.LOGS, "all services")
        return driver.mark_logs()

    @keyword(tags=["log"])
    def get_service_log(
        self,
        service: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
        *,
        since: LogMark | None = None,
    ) -> str:
        """Returns the log of a service or group, by time, from the start of the test on.

        Args:
            service: Service or group.
            assertion_operator: See the Browser library's assertions.
            assertion_expected: Expected value.
            message: Own message of the failure.
            since: A moment from [Mark Logs] to begin at.

        ```robotframework
        Get Service Log    auth    not contains    "level":"error"
        ```
        """
        text = "\n".join(line.text for line in self._log_lines(service, since))
        return verify(text, assertion_operator, assertion_expected, "Log", message)

    @keyword(tags=["log"])
    def wait_for_log_line(
        self, service: str, pattern: str, timeout: timedelta = timedelta(seconds=5), *, since: LogMark | None = None
    ) -> str:
        """Waits until a line of a service's (or group's) log matches a regular expression, and returns the line.

        Args:
            service: Service or group.
            pattern: The regular expression; it may match anywhere in the line.
            timeout: How long to wait, such as `500 ms`.
            since: A moment from [Mark Logs] to begin at; the start of the test when not given.

        Raises:
            StackFailure: None does in time; the text has the last lines that were written.

        ```robotframework
        ${now} =    Mark Logs
        Reload Service    auth
        Wait For Log Line    auth    signing_keys_loaded    timeout=2 s    since=${now}
        ```
        """
        wanted = re.compile(pattern)
        deadline = Deadline(timeout)
        found, lines = wait_until(
            lambda: self._log_lines(service, since),
            lambda seen: any(wanted.search(line.text) for line in seen),
            deadline,
            _LOOK_AGAIN,
        )
        if not found:
            tail = "\n".join(str(line) for line in lines[-10:]) or "(none)"
            raise Late(
                explain(
                    f"a line of the log of {service} matches /{pattern}/ within {deadline.seconds:g} s.",
                    f"None of {len(lines)} does.",
                    evidence=f"the last lines:\n{tail}",
                )
            )
        return next(line.text for line in lines if wanted.search(line.text))

    def _log_lines(self, service: str, since: LogMark | None) -> list[LogLine]:
        driver = running()
        driver.demand(Operation.LOGS, service)
        begin = self._marks.test if since is None and self._marks.test else since
        lines = [line for name in driver.resolve(service) for line in background.run(driver.log(name, begin))]
        return sorted(lines, key=lambda line: line.at.timestamp() if line.at else 0.0)
