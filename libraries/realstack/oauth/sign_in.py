"""Signing in at a provider through its own pages, as a person does but without a browser.

The walk starts at a URL, follows redirects, fills each form that it knows fields or a button of, keeps what the page itself
put into it (tokens against cross-site request forgery), and ends at the first page with nothing to fill, or
at a redirect that it was told to stop before.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from realstack.core.charsets import known_charset, told_charset
from realstack.core.errors import StackFailure, explain
from realstack.core.lateness import note as note_lateness
from realstack.core.waiting import Deadline
from realstack.http.credentials import remember_pairs
from realstack.http.fields import Given, texts
from realstack.http.urls import origin, parameters, shown, split, with_parameters
from realstack.oauth.forms import URLENCODED, Button, Form, Link, Page, encoded, sent_on
from realstack.oauth.http import Answer, Session
from realstack.secrets import secrets

MOST_HOPS = 40
"""Requests of one walk. A provider's login and consent take about ten."""

TEXT_SHOWN = 300

_META_CHARSET = re.compile(rb"<meta[^>]+charset\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
_ANSWER = frozenset({"code", "error", "id_token", "access_token", "response"})
"""One of these is in every authorization response (RFC 6749, 4.1.2; JARM)."""


@dataclass(frozen=True, slots=True)
class Hop:
    """One request of the walk.

    Attributes:
        what: Method and URL without values.
        status: HTTP status code.
        filled: The names of the fields that were filled, and the button pressed.
        seconds: From request to the end of the response.
    """

    what: str
    status: int
    filled: str
    seconds: float

    def __str__(self) -> str:
        return f"{self.what} → {self.status} ({self.seconds * 1000:.0f} ms){f', filled {self.filled}' if self.filled else ''}"


@dataclass(frozen=True, slots=True)
class Walk:
    """Where a walk ended.

    Attributes:
        url: The last URL that was loaded, or the one that was stopped before; it may hold a code.
        stopped: Whether the walk stopped before following the redirect to it.
        answer: The last response.
        hops: All requests, in order.
        page: The last page, when it was one.
    """

    url: str = field(repr=False)
    stopped: bool
    answer: Answer
    hops: tuple[Hop, ...]
    page: Page | None = field(repr=False, default=None)

    @property
    def seconds(self) -> float:
        """The time of all requests together."""
        return sum(hop.seconds for hop in self.hops)

    @property
    def refused(self) -> bool:
        """Whether it ended at an error, or at a page that still asks for a password."""
        asks = self.page is not None and any(control.kind == "password" for form in self.page.forms for control in form.fields)
        return not self.stopped and (asks or self.answer.status >= 400)

    @property
    def told(self) -> str:
        """The requests, one a line."""
        return "\n".join(map(str, self.hops))


class FormWalk:
    """Walks a session through forms.

    Args:
        session: Whose cookies are used.
        fields: Field name to value, for all pages together.
        press: Buttons to press where they are found: ``name=value``, a value, or the text on it; links, by their text.
        stop_before: Start of the URL of a redirect that is not followed.
        timeout: Seconds for the whole walk.
    """

    def __init__(
        self,
        session: Session,
        fields: Mapping[str, Given],
        *,
        press: Iterable[str] = (),
        stop_before: str = "",
        timeout: float = 10.0,
    ) -> None:
        self._session = session
        self._fields = fields
        self._press = tuple(press)
        self._stop_before = stop_before
        self._timeout = timeout
        self._hops: list[Hop] = []
        self._submitted: set[tuple[str, tuple[str, ...]]] = set()
        self._sent: dict[str, Any] = {}  # what a redirect may want sent to another place as it is (307, 308)

    async def run(self, start: str) -> Walk:
        """Walk from a URL to the end.

        Raises:
            StackFailure: The provider refused, the time was over, or the walk went in circles.
        """
        deadline = Deadline(self._timeout)
        answer = await self._send("GET", start, deadline)
        while True:
            target = answer.location
            if target is not None:
                if self._stop_before and target.startswith(self._stop_before):
                    return Walk(target, True, answer, tuple(self._hops))
                again = answer.status in {307, 308} and answer.method != "GET"
                answer = await (
                    self._send(answer.method, target, deadline, **self._sent) if again else self._get(target, deadline)
                )
                continue
            refresh = answer.headers.get("refresh", "")
            if "html" not in answer.kind and not refresh:
                return Walk(answer.url, False, answer, tuple(self._hops))
            charset = _charset(answer)
            page = Page(answer.url, answer.body.decode(charset, errors="replace"), charset)
            page.refresh = sent_on(refresh, answer.url) or page.refresh
            posted = _posted_answer(page)
            if posted is not None and self._stop_before and posted.action.startswith(self._stop_before):
                target = with_parameters(posted.action, dict(posted.submission({}, None)))
                return Walk(target, True, answer, tuple(self._hops), page)
            choice = (posted, next(iter(posted.buttons), None)) if posted is not None else self._choose(page)
            if choice is None and page.refresh:
                if self._stop_before and page.refresh.startswith(self._stop_before):
                    return Walk(page.refresh, True, answer, tuple(self._hops), page)
                answer = await self._send("GET", page.refresh, deadline)
                continue
            if choice is None:
                return Walk(answer.url, False, answer, tuple(self._hops), page)
            answer = await (
                self._follow(page, choice, deadline) if isinstance(choice, Link) else self._submit(page, *choice, deadline)
            )

    def _choose(self, page: Page) -> tuple[Form, Button | None] | Link | None:
        """The form to submit and the button to press, or the link to follow.

        Fields count before buttons: a page may show a logout form too. A link that is to be pressed counts before a form's usual
        button: it is the way out of that form.
        """
        link = next((link for wanted in self._press if (link := page.link(wanted))), None)
        for form in page.forms:
            if any(name in self._fields for name in form.visible):
                pressed = next((button for wanted in self._press if (button := form.button(wanted))), None)
                return link if link is not None and pressed is None else (form, pressed or next(iter(form.buttons), None))
        for form in page.forms:
            for wanted in self._press:
                if button := form.button(wanted):
                    return form, button
        return link

    async def _follow(self, page: Page, link: Link, deadline: Deadline) -> Answer:
        mark = (link.url.partition("?")[0], (str(link),))
        if mark in self._submitted:
            raise self._failed(
                f"the link '{link}' leads on", f"{shown(page.url)} shows it again", f"The page says: {_excerpt(page)}"
            )
        self._submitted.add(mark)
        return await self._send("GET", link.url, deadline, headers={"Referer": page.url.partition("#")[0]}, filled=f"[{link}]")

    async def _submit(self, page: Page, form: Form, button: Button | None, deadline: Deadline) -> Answer:
        names = tuple(name for name in form.visible if name in self._fields)
        action, method = (button.action or form.action, button.method or form.method) if button else (form.action, form.method)
        mark = (action.partition("?")[0], (*names, str(button) if not names else ""))
        if mark in self._submitted:
            raise self._failed(
                f"the provider accepts {', '.join(names) or button}",
                f"{shown(page.url)} shows the same form again",
                f"The page says: {_excerpt(page)}",
            )
        self._submitted.add(mark)
        missing = [
            control.name for control in form.fields if control.required and not control.value and control.name not in self._fields
        ]
        if missing and form.validates and (button is None or button.validates):
            raise self._failed(
                f"values for all required fields of {shown(page.url)}",
                f"none for {', '.join(missing)}",
                f"The page shows a {form}",
            )
        for control in form.fields:
            if control.kind == "password" and control.name in self._fields:
                for word in texts(self._fields[control.name]):
                    secrets.remember(word, f"field {control.name} of {shown(page.url)}")
        pairs = form.submission(self._fields, button)
        filled = ", ".join((*names, *([f"[{button}]"] if button and button.name else [])))
        headers = {"Referer": page.url.partition("#")[0]}
        if method == "GET":
            _, query = encoded(pairs, URLENCODED, form.charset)
            target = split(action)._replace(query=query.decode("ascii"), fragment="").geturl()
            return await self._send("GET", target, deadline, headers=headers, filled=filled)
        kind, content = encoded(pairs, (button.enctype if button else "") or form.enctype, form.charset)
        headers |= {"Origin": origin(page.url), "Content-Type": kind}
        remember_pairs(pairs, f"form field to {shown(action)}")
        return await self._send("POST", action, deadline, content=content, headers=headers, filled=filled)

    async def _get(self, url: str, deadline: Deadline) -> Answer:
        return await self._send("GET", url, deadline)

    async def _send(
        self,
        method: str,
        url: str,
        deadline: Deadline,
        *,
        content: bytes | None = None,
        headers: dict[str, str] | None = None,
        filled: str = "",
    ) -> Answer:
        if deadline.passed:
            late = self._failed(f"the sign-in ends within {deadline.seconds:g} s", f"it had not, before {method} {shown(url)}")
            note_lateness(str(late))
            raise late
        if len(self._hops) >= MOST_HOPS:
            raise self._failed(f"at most {MOST_HOPS} requests", "redirects or forms without an end")
        self._sent = {"content": content, "headers": headers, "filled": filled}
        answer = await self._session.send(
            method,
            url,
            content=content,
            headers={"Accept": "text/html,*/*;q=0.1", **(headers or {})},
            timeout=deadline.left,
        )
        self._hops.append(Hop(answer.where, answer.status, filled, answer.seconds))
        if answer.status >= 500:
            raise self._failed("a page or a redirect", answer.described)
        return answer

    def _failed(self, expected: str, seen: str, evidence: str = "") -> StackFailure:
        walked = "\n".join(map(str, self._hops)) or "no request was answered"
        return StackFailure(secrets.scrub(explain(expected, seen, evidence=f"{evidence}\n{walked}".strip())))


def _charset(answer: Answer) -> str:
    """What a page is written in: as its header says, or its first bytes (HTML standard, 13.2.3.2)."""
    if told := told_charset(answer.kind):
        return told
    if answer.body.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    meta = _META_CHARSET.search(answer.body[:1024])
    return known_charset(meta[1].decode("ascii", "replace") if meta else "utf-8")


def _posted_answer(page: Page) -> Form | None:
    """The form that a script submits, as where a provider posts its answer (OAuth 2.0 Form Post Response Mode)."""
    for form in page.forms:
        answers = bool(_ANSWER & {control.name for control in form.fields})
        if form.method == "POST" and form.hidden_only and (answers or page.submits_itself):
            return form
    return None


def expect_end(walk: Walk, where: str = "", *, error_is_read: bool = False) -> None:
    """Check that a walk was not refused, ended at a URL that starts so, and at one that tells of no error unless the wanted does.

    Args:
        walk: How it went.
        where: How the URL must start; anywhere unless given.
        error_is_read: Whether the error that the provider puts into the URL is the caller's to read.

    Raises:
        StackFailure: It was refused, or ended elsewhere; the text tells what the last page shows.
    """
    error = not error_is_read and "error" in parameters(walk.url) and "error" not in parameters(where)
    if walk.url.startswith(where) and not error and not walk.refused:
        return
    forms = "\n".join(f"It shows a {form}" for form in walk.page.forms) if walk.page else ""
    says = f"It says: {_excerpt(walk.page)}" if walk.page else walk.answer.described
    raise StackFailure(
        secrets.scrub(
            explain(
                f"the sign-in ends at {shown(where)}…"
                if where
                else "the sign-in ends at a page without an error or a password field",
                f"it ended at {shown(walk.url)} with status {walk.answer.status}",
                evidence="\n".join(filter(None, (forms, says, walk.told))),
                remedy="Give values for the fields, or press a button, that the last page shows.",
            )
        )
    )


def _excerpt(page: Page) -> str:
    text = page.text
    return text if len(text) <= TEXT_SHOWN else f"{text[:TEXT_SHOWN]}…"
