"""Keywords that read tokens: JSON Web Tokens, taken apart and not verified."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from assertionengine import AssertionOperator
from robot.api.deco import keyword
from robot.api.types import Secret

from realstack.core.errors import StackError, StackFailure, explain
from realstack.core.keywords.assertions import verify
from realstack.core.keywords.waiting import seconds
from realstack.core.several import several
from realstack.core.waiting import Deadline, wait_until
from realstack.http.keywords.values import plain, told
from realstack.oauth.tokens import decode, is_date, shortened

CLOCKS_DIFFER = 1.0
"""Seconds by which the clock of the wall may fall behind the monotonic one while somebody waits."""


class TokenKeywords:
    """Keywords that need a token and nothing else."""

    @keyword(tags=["token"])
    def decode_token(self, token: Secret) -> dict[str, Any]:
        """Takes a JWT apart, without verifying it.

        Args:
            token: The token.

        Returns:
            A dictionary with ``header`` and ``claims``. They are shown in the log; the signature is not part of it.

        Raises:
            StackFailure: It is no JWT in compact form (RFC 7515, 7.1).

        ```robotframework
        ${token}    Decode Token    ${tokens.id_token}
        Log    ${token}[claims]
        ```
        """
        read = decode(plain(token, "token"))
        return {"header": dict(read.header), "claims": dict(read.claims)}

    @keyword(tags=["token", "getter"])
    def get_claim(
        self,
        token: Secret,
        claim: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
    ) -> Any:
        """Returns a claim of a JWT and optionally asserts it.

        Args:
            token: The token.
            claim: Its name.
            assertion_operator: See [Assertions].
            assertion_expected: What it is compared with.
            message: Instead of the usual text of a failure.

        Raises:
            StackFailure: The token has no such claim; the text tells which it has.

        ```robotframework
        Get Claim    ${token}    email    ==    reader@example.org
        Get Claim    ${token}    aud      contains    chat
        ```
        """
        return self._part(decode(plain(token, "token")).claims, "claim", claim, (assertion_operator, assertion_expected, message))

    @keyword(tags=["token", "getter"])
    def get_claims(
        self,
        token: Secret,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
        *,
        without: Sequence[str] | str | None = None,
    ) -> dict[str, Any]:
        """Returns all claims of a JWT as a dictionary and optionally asserts them.

        Args:
            token: The token.
            assertion_operator: See [Assertions].
            assertion_expected: What they are compared with.
            message: Instead of the usual text of a failure.
            without: Names of claims to leave out (a text, texts between commas, or a list), such as the times, to compare tokens
                of before and after a refresh.

        ```robotframework
        ${before}    Get Claims    ${old}    without=iat, exp, jti
        Get Claims    ${new}    ==    ${before}    without=iat, exp, jti
        ```
        """
        left_out = several(without or ())
        claims = {name: value for name, value in decode(plain(token, "token")).claims.items() if name not in left_out}
        result: dict[str, Any] = verify(claims, assertion_operator, assertion_expected, "Claims", message)
        return result

    @keyword(tags=["token", "getter"])
    def get_token_header(
        self,
        token: Secret,
        name: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
    ) -> Any:
        """Returns a parameter of a JWT's JOSE header, such as ``alg`` or ``kid``, and optionally asserts it.

        Args:
            token: The token.
            name: Of the parameter.
            assertion_operator: See [Assertions].
            assertion_expected: What it is compared with.
            message: Instead of the usual text of a failure.

        ```robotframework
        Get Token Header    ${tokens.id_token}    alg    ==    RS256
        ```
        """
        read = decode(plain(token, "token"))
        return self._part(read.header, "header parameter", name, (assertion_operator, assertion_expected, message))

    @keyword(tags=["token", "getter"])
    def get_token_life_left(
        self,
        token: Secret,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: timedelta | None = None,
        message: str | None = None,
    ) -> timedelta:
        """Returns how long a JWT is still valid by this machine's clock, and optionally asserts it. Negative once it has expired.

        Args:
            token: The token.
            assertion_operator: See [Assertions].
            assertion_expected: A time, such as ``30 s``.
            message: Instead of the usual text of a failure.

        ```robotframework
        Get Token Life Left    ${token}    <=    30 s
        ```
        """
        left = timedelta(seconds=self._expiry(token) - time.time())
        result: timedelta = verify(left, assertion_operator, assertion_expected, "Life left", message)
        return result

    @keyword(tags=["token"])
    def wait_until_token_expires(
        self, token: Secret, *, past: timedelta = timedelta(), timeout: timedelta = timedelta(seconds=60)
    ) -> None:
        """Waits until a JWT's ``exp`` has come, by this machine's clock.

        Args:
            token: The token.
            past: How long after ``exp`` to wait on.
            timeout: Refuse at once to wait longer than this.

        Raises:
            StackError: It lives longer than the timeout.

        ```robotframework
        Wait Until Token Expires    ${tokens.access_token}    past=500 ms    timeout=35 s
        ```
        """
        moment = self._expiry(token) + past.total_seconds()
        left = moment - time.time()
        if left > seconds(timeout):
            raise StackError(
                explain(
                    f"the token expires within {seconds(timeout):g} s",
                    f"it lives for {left:.0f} s more",
                    remedy="Give a longer timeout, or start the platform with shorter tokens.",
                )
            )
        # A little more than is left: the wall clock, which tokens live by, may run slower than the monotonic one.
        deadline = Deadline(max(0.0, left) + CLOCKS_DIFFER)
        in_time, _ = wait_until(lambda: time.time() >= moment, bool, deadline)
        if not in_time:
            seen = f"{deadline.elapsed:.1f} s later it lives for {moment - time.time():.1f} s more"
            raise StackError(explain(f"the clock of this machine shows the token's exp within {left:.1f} s", seen))
        told(f"Expired {-(self._expiry(token) - time.time()):.3f} s ago.")

    @staticmethod
    def _part(
        values: Mapping[str, Any], what: str, name: str, assertion: tuple[AssertionOperator | None, Any, str | None]
    ) -> Any:
        if name not in values:
            raise StackFailure(explain(f"the token has the {what} {name!r}", f"it has {', '.join(sorted(values)) or 'none'}"))
        operator, expected, message = assertion
        return verify(values[name], operator, expected, f"{what.capitalize()} {name}", message)

    @staticmethod
    def _expiry(token: Secret) -> float:
        expiry = decode(plain(token, "token")).claims.get("exp")
        if not is_date(expiry):
            raise StackFailure(explain("the token has an exp in Unix seconds (RFC 7519, 4.1.4)", shortened(expiry)))
        return float(expiry)
