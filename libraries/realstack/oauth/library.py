"""Keywords for OAuth 2 and OpenID Connect, and for keeping credentials out of every log."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from robot.api import logger
from robot.api.deco import keyword, library
from robot.api.types import Secret
from robot.libraries.BuiltIn import BuiltIn, RobotNotRunningError

from realstack import __version__
from realstack.core.errors import StackError, StackFailure, explain
from realstack.oauth.keywords.directory import DirectoryKeywords
from realstack.oauth.keywords.forms import FormKeywords
from realstack.oauth.keywords.keys import KeyKeywords
from realstack.oauth.keywords.providers import ProviderKeywords
from realstack.oauth.keywords.requests import RequestKeywords
from realstack.oauth.keywords.rogue import RogueKeywords
from realstack.oauth.keywords.tokens import TokenKeywords
from realstack.oauth.keywords.urls import UrlKeywords
from realstack.secrets import secrets
from realstack.secrets.guard import Guard
from realstack.secrets.search import search_live


@library(scope="GLOBAL", version=__version__, doc_format="MARKDOWN", auto_keywords=False)
class OAuth(
    ProviderKeywords, TokenKeywords, KeyKeywords, RequestKeywords, UrlKeywords, FormKeywords, DirectoryKeywords, RogueKeywords
):
    """Signs users in at real OpenID providers, judges and forges tokens, and runs a misbehaving provider.

    ```robotframework
    *** Test Cases ***
    A Token Of The Provider Is What It Should Be
        Open Provider    ${ISSUER}    chat    ${CLIENT_SECRET}    redirect_uri=${URL}/auth/callback/main
        Open Session
        ${request}    Create Authorization Request
        ${end}    Sign In With Forms    ${request.url}    fields=${fields}    press=${CONSENT}    stop_before=${URL}
        ${code}    Get Code    ${end.callback}    ${request}
        ${tokens}    Exchange Code    ${code}    ${request}
        Verify Token    ${tokens.id_token}    nonce=${request.nonce}    access_token=${tokens.access_token}
        Get Claim    ${tokens.id_token}    email    ==    reader@example.org
        Exchange Code    ${code}    ${request}    refused=invalid_grant
    ```

    ## What is where
    - **Provider** ([Open Provider]): be a client of a provider: authorization requests with PKCE, state and nonce, tokens, refresh,
      revocation, introspection, UserInfo.
    - **Token**: read claims ([Get Claim]), judge against OpenID Connect Core 3.1.3.7 with every reason told apart
      ([Verify Token], [Get Token Problems]), and make forgeries ([Forge Token]).
    - **Session** ([Open Session]): HTTP as one user agent with cookies, in one session or in many at the same moment;
      [Begin Request] and [Begin Upload] send now and [Wait For Answer] takes the answer later.
      [Sign In With Forms] walks through a provider's own login and consent pages without a browser.
    - **Directory** ([Open Directory]): make and remove the provider's users over SCIM 2.0.
    - **Rogue provider** ([Start Rogue Provider]): a real provider that gives one wrong answer at a time, and receipts of what it was asked.

    ## Whose things are closed when
    What a test opens, starts or creates belongs to it and is closed, stopped or deleted at its end, whatever happened; what a suite's setup opens
    lives until the end of the suite. Aliases name things of one kind; without one, a keyword uses what was opened last.

    ## Credentials
    Tokens, codes, passwords, cookies and client secrets are Robot's ``Secret``: given as such and returned as such. Every one that the run
    gets to know is remembered, in memory only. A listener looks at every message, argument and failure before it is written: a
    credential in any form (as it is, URL-encoded, base64 at any offset, cut off) is masked, and the test that logged it fails. Meanwhile
    ``secrets.fingerprints.jsonl`` beside ``output.xml`` gets keyed hashes of each credential, by which
    ``python -m realstack.secrets check`` searches all files of the run. [Output Should Hold No Secret] does the same during the run.
    A run of many hours masks the credentials that it used last and those that last; all of them are searched for.

    ## Assertions
    Getters return a value, and compare it first when given an operator of the
    [AssertionEngine](https://github.com/MarketSquare/AssertionEngine) and what to compare with: ``Get Claim    ${token}    aud    contains    chat``.
    Text becomes a number, a boolean, a list (JSON) or a time where the value is one: ``Get Token Life Left    ${token}    <=    30 s``.
    Operators ``validate`` and ``then`` evaluate Python: give them only what stands in the test's own file.

    ## Errors
    A failure of the platform or provider says what was expected, what was seen, the nearest evidence and the remedy. URLs are shown without
    the values of their queries.
    """  # noqa: E501 - paragraphs of Markdown

    ROBOT_LISTENER_API_VERSION = 3

    def __init__(self) -> None:
        super().__init__()
        self._guard = Guard()
        self.ROBOT_LIBRARY_LISTENER = [self, self._guard]

    def start_suite(self, data: Any, result: Any) -> None:
        """Tell the guard where the output goes; see also [Base]."""
        super().start_suite(data, result)
        if folder := self._output_folder():
            self._guard.leave_fingerprints(folder)

    @keyword(tags=["secrets"])
    def remember_secret(self, value: Secret, what: str) -> Secret:
        """Add a credential that this library did not see itself, such as a database's password, to what no log may hold.

        Args:
            value: The credential.
            what: Its kind, for the report of a leak.

        Returns:
            The same Secret.
        """
        secrets.remember(str(value.value), what, lasting=True)
        return value

    @keyword(tags=["secrets"])
    def output_should_hold_no_secret(self, *paths: Path) -> None:
        """Search files for every credential that this run has got to know until now.

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
        leaks = search_live(secrets, files)
        if leaks:
            evidence = "\n".join(f"- {leak}" for leak in leaks[:20])
            raise StackFailure(explain("no credential in any file", f"{len(leaks)} lines with one", evidence=evidence))
        logger.info(f"{len(files)} files hold none of {len(secrets)} credentials.")

    @staticmethod
    def _output_folder() -> Path | None:
        try:
            output = BuiltIn().get_variable_value("${OUTPUT_DIR}")
        except RobotNotRunningError:
            return None
        return Path(output) if output else None
