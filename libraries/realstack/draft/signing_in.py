"""Signing in on pages that nobody here has seen before: forms are known by the kinds of their boxes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from realstack.draft import finding
from realstack.draft.observations import Element, Page, Step

MOST_STEPS = 8
SIGN_IN = "sign in|log in|login|signin|anmelden|continue with .+"
CONSENT = "accept|allow|agree|authori[sz]e|consent|yes|continue"


@dataclass(slots=True)
class SignIn:
    """Goes from page to page until somebody is signed in.

    Args:
        look: Gives the page as it is, once it stands still.
        act: Does something to an element: `click`, `fill`.
        user: The user's name; empty where nobody signs in.
        password: The password.
    """

    look: Callable[[], Page]
    act: Callable[[Element, str, str], None]
    user: str
    password: str = field(repr=False)
    steps: list[Step] = field(default_factory=list)

    def run(self) -> Page:
        """Sign in, as far as it goes; returns the page where that ended."""
        page = self.look()
        tried: set[str] = set()
        for _ in range(MOST_STEPS):
            before = repr((page.url, [(one.tag, one.attributes) for one in page.elements]))
            # What was tried on a page like this has led nowhere.
            if before in tried or not self._step(page):
                return page
            tried.add(before)
            page = self.look()
        return page

    def _step(self, page: Page) -> bool:
        secret, name = finding.password_box(page), finding.user_box(page)
        if self.user and (secret or name):
            if name is not None and finding.composer(page) is None:
                self._do(page, name, "fill", self.user, "user")
            if secret is not None:
                self._do(page, secret, "fill", self.password, "password")
            box = secret or name
            button = finding.submit_of(page, box) if box is not None else None
            if button is not None:
                self._do(page, button, "click")
            elif box is not None:
                self._do(page, box, "press", "Enter")
            return True
        if finding.composer(page) is not None or not self.user:
            return False
        # A page that only asks whether the platform may know who signed in.
        words = CONSENT if self.steps and self.steps[-1].what != "link" else SIGN_IN
        for one in finding.pressed(page, words)[:1]:
            self._do(page, one, "click", what="" if words == CONSENT else "link")
            return True
        return False

    def _do(self, page: Page, element: Element, how: str, text: str = "", what: str = "") -> None:
        form = next((one for one in reversed(page.body.way_to(element.number)) if one.tag == "form"), None)
        told = {"tag": element.tag, "attributes": dict(element.attributes), "text": finding.called(element)}
        self.steps.append(Step(how, page.url, told, (form.attributes.get("action", "") if form else ""), what))
        self.act(element, how, text)
