"""Keywords for OAuth 2 and OpenID Connect, and for keeping credentials out of every log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from robot.api.deco import library
from robotlibcore import DynamicCore

from realstack import __version__
from realstack.core.errors import InvalidRun, StackError, StackFailure
from realstack.core.keywords.scope import output_folder
from realstack.oauth.keywords.cookies import CookieKeywords
from realstack.oauth.keywords.device import DeviceKeywords
from realstack.oauth.keywords.directory import DirectoryKeywords
from realstack.oauth.keywords.ends import Ends
from realstack.oauth.keywords.forms import FormKeywords
from realstack.oauth.keywords.judging import JudgingKeywords
from realstack.oauth.keywords.keys import KeyKeywords
from realstack.oauth.keywords.logout import LogoutKeywords
from realstack.oauth.keywords.proofs import ProofKeywords
from realstack.oauth.keywords.providers import ProviderKeywords
from realstack.oauth.keywords.requests import RequestKeywords
from realstack.oauth.keywords.rogue import RogueKeywords
from realstack.oauth.keywords.secrets import SecretKeywords
from realstack.oauth.keywords.sessions import SessionKeywords
from realstack.oauth.keywords.tokens import TokenKeywords
from realstack.oauth.keywords.urls import UrlKeywords
from realstack.secrets import secrets
from realstack.secrets.guard import Guard, Mode


@library(scope="GLOBAL", version=__version__, doc_format="MARKDOWN", auto_keywords=False)
class OAuth(DynamicCore):  # type: ignore[misc] # robotlibcore is untyped
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
    - **Provider** ([Open Provider]): be a client of a provider: authorization requests with PKCE, state and nonce, pushed ones
      ([Push Authorization Request]), devices ([Start Device Authorization]), tokens, also bound to a key (DPoP), refresh, revocation,
      introspection, UserInfo.
    - **Logout** ([Create Logout Request], [Start Logout Receiver]): end the user's session at the provider, and hear that it has ended.
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
    credential in any form (as it is, URL-encoded, base64 at any offset, cut off) is masked, and the test that logged it fails (import with
    ``guard=mask`` or ``guard=off`` for less). What this library says itself is masked and fails nobody. Credentials are Secrets, and values
    of fields, headers and cookies that are named like one or can't be guessed; ``credential_names=ticket, !campaign`` at import brings
    names in and takes them out. Meanwhile
    ``secrets.fingerprints.jsonl`` beside ``output.xml`` gets keyed hashes of each credential, by which
    ``python -m realstack.secrets check`` searches all files of the run. [Output Should Hold No Secret] does the same during the run.
    A run of many hours masks the credentials that it used last and those that last; all of them are searched for.

    ## Assertions
    Getters return a value, and compare it first when given an operator of the
    [AssertionEngine](https://github.com/MarketSquare/AssertionEngine) and what to compare with: ``Get Claim    ${token}    aud    contains    chat``.
    Text becomes a number, a boolean, a list (JSON) or a time where the value is one: ``Get Token Life Left    ${token}    <=    30 s``.
    Operators ``validate`` and ``then`` evaluate Python: give them only what stands in the test's own file.

    ## Units
    Times are Robot's (``500 ms``, ``1 min 30 s``), and seconds where they are only a number; what is returned as ``seconds`` and
    ``expires_in`` is in seconds, dates in tokens are seconds since 1970. Bodies are bytes, leeway is a time.

    ## Errors
    A failure of the platform or provider says what was expected, what was seen, the nearest evidence and the remedy. URLs are shown without
    the values of their queries.
    """  # noqa: E501 - paragraphs of Markdown

    def __init__(self, *, guard: Mode = "fail", credential_names: Sequence[str] | str = ()) -> None:
        """Settings of the library; they hold for the whole run.

        Args:
            guard: What is done about a credential that is about to be logged: ``fail`` masks it and fails the test, ``mask``
                only masks it, ``off`` does nothing.
            credential_names: Names (shell patterns, case ignored) of cookies, fields and headers whose values are credentials,
                besides the usual ones: a text, texts between commas, or a list. ``!name`` takes one out.

        ```robotframework
        Library    realstack.OAuth    guard=mask    credential_names=ticket, !campaign
        ```
        """
        secrets.name_credentials(credential_names)
        providers, sessions, rogues = ProviderKeywords(), SessionKeywords(), RogueKeywords()
        directories = DirectoryKeywords(providers.providers)
        logouts = LogoutKeywords(providers.providers)
        self.requests = RequestKeywords(sessions.sessions)
        # Directories first: their users are removed while the providers still answer.
        ends = Ends([directories, self.requests, rogues, logouts, sessions, providers], between_tests=rogues.reset)
        self.ROBOT_LIBRARY_LISTENER = [ends, Guard(secrets, guard, output_folder)]
        super().__init__(
            [
                providers,
                DeviceKeywords(providers.providers),
                ProofKeywords(providers.providers),
                logouts,
                TokenKeywords(),
                JudgingKeywords(providers.providers),
                KeyKeywords(),
                sessions,
                CookieKeywords(sessions.sessions),
                self.requests,
                FormKeywords(sessions.sessions),
                UrlKeywords(),
                directories,
                rogues,
                SecretKeywords(secrets),
            ]
        )

    def run_keyword(self, name: str, args: Sequence[Any], kwargs: Mapping[str, Any] | None = None) -> Any:
        """Run a keyword; what its errors tell is masked, as its messages are: a test does not fail for what this library says."""
        try:
            return super().run_keyword(name, args, kwargs)
        except (StackError, StackFailure, InvalidRun) as error:
            error.args = tuple(secrets.scrub(str(text)) for text in error.args)
            raise
