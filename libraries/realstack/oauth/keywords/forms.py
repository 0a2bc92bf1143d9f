"""Keywords that sign users in through a provider's real pages."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from robot.api.deco import keyword
from robot.api.types import Secret

from realstack.core.errors import StackError, explain
from realstack.core.keywords.waiting import seconds
from realstack.core.loop import background
from realstack.core.ownership import Owned
from realstack.core.several import several
from realstack.http.fields import Given, filled
from realstack.http.keywords.values import plain_json, plain_url, told
from realstack.http.urls import parameters, shown
from realstack.oauth.http import Session
from realstack.oauth.keywords.exchange import all_good
from realstack.oauth.sign_in import FormWalk, Walk, expect_end

WAIT = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class SignIn:
    """How a sign-in through forms ended.

    Attributes:
        status: Of the last response.
        url: Where it ended, without the values of its query.
        error: Parameter ``error`` of that URL, or empty.
        callback: The whole URL where it ended, or the one it was stopped before; it may carry a code.
        requests: How many requests it took.
        seconds: How long they took together.
    """

    status: int
    url: str
    error: str
    callback: Secret = field(repr=False)
    requests: int
    seconds: float


def _ended(walk: Walk) -> SignIn:
    error = parameters(walk.url).get("error", "")
    return SignIn(walk.answer.status, shown(walk.url), error, Secret(walk.url), len(walk.hops), walk.seconds)


class FormKeywords:
    """Signing in, alone or many at once.

    Args:
        sessions: The open sessions.
    """

    def __init__(self, sessions: Owned[Session]) -> None:
        self._sessions = sessions

    @keyword(tags=["sign-in"])
    def sign_in_with_forms(
        self,
        url: str | Secret,
        *,
        fields: dict[str, Any] | None = None,
        press: str | Sequence[str] = (),
        end_at: str = "",
        stop_before: str = "",
        session: str | None = None,
        timeout: timedelta = WAIT,
    ) -> SignIn:
        """Walks through a provider's login and consent pages as a browser without scripts does.

        Starts at a URL, follows redirects, and on each page fills the form that has one of the fields, or one of the buttons.
        Hidden inputs, such as tokens against cross-site request forgery, are sent back as the page has them, and an answer that
        the provider posts through the browser (``response_mode=form_post``) is posted on. It ends at the first page with nothing
        to fill. A page that comes back with the same form means a refusal, and so does an end at a status of 400 or more, or at a
        page that still asks for a password: the error shows what the page says.

        Args:
            url: Where to start: the platform's login route, or an authorization URL.
            fields: Field name to value, for all pages together; passwords as Secrets. A list is what is chosen of a list of
                several or of a group of boxes, or goes to fields of one name in their order. A box is ticked by any text but the
                empty one; of a group the one with that value is.
            press: Buttons to press where they are found, as ``name=value``, by value or by text: for consent. Links are
                pressed by their text: ``Cancel``. A text, texts between commas, or a list, which a text with a comma needs.
            end_at: The URL that it must end at starts so.
            stop_before: Don't follow the redirect, or post the answer, to a URL that starts so; its code is then not used up.
            session: Alias; the current one unless given.
            timeout: For everything together.

        Returns:
            ``status``, ``url`` (safe to show), ``error``, ``callback`` (a Secret), ``requests``, ``seconds``.

        Raises:
            StackFailure: The provider refused, or the end is another one.

        ```robotframework
        &{fields}    Create Dictionary    login=reader    password=${PASSWORD}
        Sign In With Forms    /auth/login?provider=main    fields=${fields}    press=answer=accept    end_at=${URL}/
        ```
        """
        held = self._sessions.get(session)
        target = held.target(plain_url(url))
        walk = FormWalk(
            held,
            _values(fields, press),
            press=several(press),
            stop_before=stop_before,
            timeout=seconds(timeout),
        )
        ended = background.run(walk.run(target))
        told(ended.told)
        expect_end(ended, end_at or stop_before, error_is_read=not end_at)
        return _ended(ended)

    @keyword(tags=["sign-in"])
    def sign_in_with_forms_at_once(
        self,
        url: str | Secret,
        *,
        people: Mapping[str, Mapping[str, Any]],
        press: str | Sequence[str] = (),
        end_at: str = "",
        stop_before: str = "",
        timeout: timedelta = timedelta(seconds=20),
    ) -> dict[str, SignIn]:
        """Signs many users in at the same moment, each in a session of its own.

        Args:
            url: Where each starts; relative to each session's base URL.
            people: Alias of a session to the fields of its user.
            press: As in [Sign In With Forms], like all that follow.
            end_at: Where each must end.
            stop_before: What redirect is not followed.
            timeout: For everybody together.

        Returns:
            Alias to what [Sign In With Forms] returns.

        Raises:
            StackFailure: At least one was not signed in; the text tells whom and why.

        ```robotframework
        VAR    &{ann}    login=ann    password=${ANNS_PASSWORD}
        VAR    &{bob}    login=bob    password=${BOBS_PASSWORD}
        VAR    &{people}    phone=${ann}    laptop=${bob}
        Sign In With Forms At Once    /auth/login    people=${people}    press=answer=accept    end_at=${URL}/
        ```
        """
        if not people:
            raise StackError(explain("people to sign in: session alias to fields", "an empty dictionary"))
        names = list(people)
        limit = seconds(timeout)

        async def one(name: str) -> Walk:
            held = self._sessions.get(name)
            walk = FormWalk(
                held,
                _values(people[name], press),
                press=several(press),
                stop_before=stop_before,
                timeout=limit,
            )
            ended = await walk.run(held.target(plain_url(url)))
            expect_end(ended, end_at or stop_before, error_is_read=not end_at)
            return ended

        async def everybody() -> list[Walk | BaseException]:
            return await asyncio.gather(*map(one, names), return_exceptions=True)

        began = time.monotonic()
        walks: list[Walk] = all_good(names, background.run(everybody()))
        slowest = max(walk.seconds for walk in walks)
        told(f"{len(names)} sign-ins in {time.monotonic() - began:.2f} s together; the slowest took {slowest:.2f} s.")
        return {name: _ended(walk) for name, walk in zip(names, walks, strict=True)}


def _values(fields: Mapping[str, Any] | None, press: str | Sequence[str]) -> dict[str, Given]:
    if not fields and not press:
        raise StackError(
            explain(
                "fields=… with at least one field of the provider's form, or something to press=…",
                "neither",
                remedy="See the page's HTML for their names.",
            )
        )
    return filled(plain_json(fields or {}, "form field"))
