"""Keywords that tell where services are and what they are."""

from __future__ import annotations

from typing import Any

from assertionengine import AssertionOperator
from robot.api.deco import keyword
from robot.api.types import Secret

from realstack.core.keywords.assertions import verify
from realstack.core.loop import background
from realstack.platform.driver import Operation
from realstack.platform.running import running


class Getters:
    """Names, addresses, processes and versions."""

    @keyword(tags=["getter"])
    def get_services(
        self,
        group: str | None = None,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
    ) -> list[str]:
        """Returns the names of all services, or of a group's replicas.

        Args:
            group: The group; all services when not given.
            assertion_operator: See the Browser library's assertions.
            assertion_expected: Expected names.
            message: Own message of the failure.

        ```robotframework
        Get Services    backend    ==    backend-1, backend-2
        ```
        """
        driver = running()
        names = driver.resolve(group) if group else driver.services()
        return verify(names, assertion_operator, assertion_expected, "Services", message)

    @keyword(tags=["getter"])
    def get_service_url(
        self,
        service: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
    ) -> str:
        """Returns a service's address, without credentials; `frontend` is what users' browsers open.

        Args:
            service: Service, or group for its first replica.
            assertion_operator: See the Browser library's assertions.
            assertion_expected: Expected URL.
            message: Own message of the failure.

        ```robotframework
        ${page} =    Get Service Url    frontend
        Get Service Url    postgres-auth    not contains    @
        ```
        """
        driver = running()
        return verify(driver.url(driver.one(service)), assertion_operator, assertion_expected, "URL", message)

    @keyword(tags=["getter"])
    def get_credential_url(self, service: str) -> Secret:
        """Returns a store's address with the tests' own credentials.

        For PostgreSQL that is the superuser `tester`, so that tests can look into every table, hold locks and end sessions; the
        platform's services use another role.

        Args:
            service: Service, or group for its first replica.

        ```robotframework
        ${dsn} =    Get Credential Url    postgres-backend
        Open Postgres Session    backend-db    ${dsn}
        ```
        """
        driver = running()
        return Secret(driver.credential_url(driver.one(service)))

    @keyword(tags=["getter"])
    def get_credential(self, name: str) -> Secret:
        """Returns a credential of the platform.

        Args:
            name: Its name, such as `idp-scim` (secret of the client that may administer users).

        ```robotframework
        ${secret} =    Get Credential    idp-scim
        ```
        """
        return Secret(running().credential(name))

    @keyword(tags=["getter"])
    def get_service_pid(
        self,
        service: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
    ) -> int | None:
        """Returns the number of a service's main process; `None` while it is down.

        Args:
            service: Service, or group for its first replica.
            assertion_operator: See the Browser library's assertions.
            assertion_expected: Expected number.
            message: Own message of the failure.

        ```robotframework
        ${before} =    Get Service Pid    redis
        Restart Service    redis
        Get Service Pid    redis    !=    ${before}
        ```
        """
        driver = running()
        driver.demand(Operation.PROCESSES, service)
        pids = driver.pids(driver.one(service))
        pid: int | None = verify(pids[0] if pids else None, assertion_operator, assertion_expected, "PID", message)
        return pid

    @keyword(tags=["getter"])
    def get_service_pids(
        self,
        service: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
    ) -> list[int]:
        """Returns the numbers of all processes of a service or group, main processes and their descendants.

        Args:
            service: Service or group.
            assertion_operator: See the Browser library's assertions.
            assertion_expected: Expected numbers.
            message: Own message of the failure.

        ```robotframework
        Kill Service    postgres
        Get Service Pids    postgres    ==    ${{[]}}
        ```
        """
        driver = running()
        driver.demand(Operation.PROCESSES, service)
        pids = [pid for name in driver.resolve(service) for pid in driver.pids(name)]
        return verify(pids, assertion_operator, assertion_expected, "PIDs", message)

    @keyword(tags=["getter"])
    def get_service_version(
        self,
        service: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
    ) -> str:
        """Returns the version that the running service tells.

        Args:
            service: Service, or group for its first replica.
            assertion_operator: See the Browser library's assertions.
            assertion_expected: Expected version.
            message: Own message of the failure.

        ```robotframework
        Get Service Version    postgres-auth    matches    ^1[5-9]
        ```
        """
        driver = running()
        version = background.run(driver.version(driver.one(service)))
        return verify(version, assertion_operator, assertion_expected, "Version", message)
