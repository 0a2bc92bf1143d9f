"""Keywords that tell where services are, what they are, and what they logged."""

from __future__ import annotations

import re
import time
from datetime import timedelta
from typing import Any

from assertionengine import AssertionOperator, verify_assertion
from robot.api.deco import keyword
from robot.api.types import Secret

from realstack.core.errors import StackFailure, explain
from realstack.core.keywords.assertions import verify_list, verify_text
from realstack.core.loop import background
from realstack.core.waiting import Deadline
from realstack.platform.driver import LogLine, LogMark, Operation
from realstack.platform.keywords.state import State
from realstack.platform.running import running

_LOOK_AGAIN = 0.05


class Look(State):
    """Getters and logs."""

    @keyword(tags=["getter"])
    def get_services(
        self,
        group: str | None = None,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
    ) -> list[str]:
        """Names of all services, or of a group's replicas."""
        driver = running()
        names = driver.resolve(group) if group else driver.services()
        return list(verify_list(names, assertion_operator, assertion_expected, "Services", message))

    @keyword(tags=["getter"])
    def get_service_url(
        self,
        service: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
    ) -> str:
        """A service's address, without credentials; `frontend` is what users' browsers open."""
        driver = running()
        return str(verify_text(driver.url(driver.one(service)), assertion_operator, assertion_expected, "URL", message))

    @keyword(tags=["getter"])
    def get_credential_url(self, service: str) -> Secret:
        """A store's address with the tests' own credentials.

        For PostgreSQL that is the superuser `tester`, so that tests can look into every table, hold locks and end sessions; the
        platform's services use another role.
        """
        driver = running()
        return Secret(driver.credential_url(driver.one(service)))

    @keyword(tags=["getter"])
    def get_credential(self, name: str) -> Secret:
        """A credential of the platform by name, such as `idp-scim` (secret of the client that may administer users)."""
        return Secret(running().credential(name))

    @keyword(tags=["getter"])
    def get_service_pid(
        self,
        service: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
    ) -> int | None:
        """The number of a service's main process; `None` while it is down."""
        driver = running()
        driver.demand(Operation.PROCESSES, service)
        pids = driver.pids(driver.one(service))
        pid: int | None = verify_assertion(pids[0] if pids else None, assertion_operator, assertion_expected, "PID", message)
        return pid

    @keyword(tags=["getter"])
    def get_service_pids(
        self,
        service: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
    ) -> list[int]:
        """The numbers of all processes of a service or group, main processes and their descendants."""
        driver = running()
        driver.demand(Operation.PROCESSES, service)
        pids = [pid for name in driver.resolve(service) for pid in driver.pids(name)]
        return list(verify_list(pids, assertion_operator, assertion_expected, "PIDs", message))

    @keyword(tags=["getter"])
    def get_service_version(
        self,
        service: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
    ) -> str:
        """The version that the running service tells."""
        driver = running()
        version = background.run(driver.version(driver.one(service)))
        return str(verify_text(version, assertion_operator, assertion_expected, "Version", message))

    @keyword(tags=["log"])
    def mark_logs(self) -> LogMark:
        """This moment in all services' logs, for `since` of the other keywords."""
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
        """The log of a service or group, by time, from the start of the test on.

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
        return str(verify_text(text, assertion_operator, assertion_expected, "Log", message))

    @keyword(tags=["log"])
    def wait_for_log_line(
        self, service: str, pattern: str, timeout: timedelta = timedelta(seconds=5), *, since: LogMark | None = None
    ) -> str:
        """Wait until a line of a service's (or group's) log matches a regular expression, and return the line.

        Raises:
            StackFailure: None does in time; the text has the last lines that were written.
        """
        wanted = re.compile(pattern)
        deadline = Deadline(timeout)
        while True:
            last_look = deadline.passed
            lines = self._log_lines(service, since)
            found = next((line.text for line in lines if wanted.search(line.text)), None)
            if found is not None:
                return found
            if last_look:
                tail = "\n".join(str(line) for line in lines[-10:]) or "(none)"
                raise StackFailure(
                    explain(
                        f"a line of the log of {service} matches /{pattern}/ within {deadline.seconds:g} s.",
                        f"None of {len(lines)} does.",
                        evidence=f"the last lines:\n{tail}",
                    )
                )
            time.sleep(min(_LOOK_AGAIN, deadline.left))

    def _log_lines(self, service: str, since: LogMark | None) -> list[LogLine]:
        driver = running()
        driver.demand(Operation.LOGS, service)
        begin = self._test_mark if since is None and self._test_mark else since
        lines = [line for name in driver.resolve(service) for line in background.run(driver.log(name, begin))]
        return sorted(lines, key=lambda line: line.at.timestamp() if line.at else 0.0)
