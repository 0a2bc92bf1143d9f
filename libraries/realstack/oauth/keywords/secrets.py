"""Keywords about the run's credentials: which there are, what they are worth now, and that no file holds one."""

from __future__ import annotations

import time
from pathlib import Path

from robot.api.deco import keyword
from robot.api.types import Secret

from realstack.core.errors import StackError, StackFailure, explain
from realstack.http.keywords.values import told
from realstack.oauth.one_time import one_time_code
from realstack.secrets import Registry
from realstack.secrets.search import search_live


class SecretKeywords:
    """Adding credentials, and searching files for them.

    Args:
        registry: The run's credentials.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    @keyword(tags=["secrets"])
    def remember_secret(self, value: Secret, what: str) -> Secret:
        """Adds a credential that this library did not see itself, such as a database's password, to what no log may hold.

        Args:
            value: The credential.
            what: Its kind, for the report of a leak.

        Returns:
            The same Secret.

        ```robotframework
        Remember Secret    ${DATABASE_PASSWORD}    password of the database
        ```
        """
        self._registry.remember(str(value.value), what, lasting=True)
        return value

    @keyword(tags=["secrets"])
    def get_one_time_code(self, secret: Secret) -> Secret:
        """Returns the code that an authenticator app shows now for a secret (TOTP, RFC 6238): six digits, for 30 seconds.

        Args:
            secret: The app's secret, in base32 as the provider showed it.

        ```robotframework
        ${code}    Get One Time Code    ${TOTP_SECRET}
        Fill Secret    id=totpPin    ${code}
        ```
        """
        self._registry.remember(str(secret.value), "secret of one-time codes", lasting=True)
        return Secret(one_time_code(str(secret.value), time.time()))

    @keyword(tags=["secrets"])
    def output_should_hold_no_secret(self, *paths: Path) -> None:
        """Searches files for every credential that this run has got to know until now.

        Args:
            *paths: Text files, or folders whose files are all searched.

        Raises:
            StackFailure: One was found; the text tells its kind, the file and the line.
            StackError: There is nothing to search.

        ```robotframework
        Output Should Hold No Secret    ${OUTPUT_DIR}/output.xml    ${OUTPUT_DIR}/logs
        ```
        """
        missing = [str(path) for path in paths if not path.exists()]
        files = [inner for path in paths for inner in ([path] if path.is_file() else sorted(path.rglob("*"))) if inner.is_file()]
        if missing or not files:
            raise StackError(explain("files to search", f"there is no {', '.join(missing) or 'file in them'}"))
        leaks = search_live(self._registry, files)
        if leaks:
            evidence = "\n".join(f"- {leak}" for leak in leaks[:20])
            raise StackFailure(explain("no credential in any file", f"{len(leaks)} lines with one", evidence=evidence))
        told(f"{len(files)} files hold none of {len(self._registry)} credentials.")
