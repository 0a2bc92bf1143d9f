"""Looks at a platform as its users do: opens its page twice, says unique texts on one, and keeps all that happens."""

from __future__ import annotations

import base64
import random
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from realstack.browser.look import LookedAt
from realstack.core.errors import StackError, StackFailure, explain
from realstack.core.loop import background
from realstack.core.waiting import Deadline
from realstack.draft import finding
from realstack.draft.masking import Mask, is_credential, request_text
from realstack.draft.observations import (
    COOKIES_SET,
    LISTENER,
    SPEAKER,
    Element,
    Exchange,
    Found,
    Frame,
    Observations,
    Page,
    Said,
    Socket,
    Step,
)
from realstack.draft.rows import Store, look_into
from realstack.draft.signing_in import SignIn

PATIENCE = 15.0
"""Seconds that a page may take until then."""
VISIBLE_PATIENCE = 300.0
"""Seconds that a person may take to sign in."""
TELLING = re.compile(r"(?i)authorization$|content-type$|origin$|sec-websocket-protocol$|x-")
"""Names of headers that are kept."""
NEW = "new|start|begin|compose|chat|conversation|ask"
"""Words on what leads to where messages are written."""
SEND = "send|submit|ask|post|go"
RENAME = "rename|edit title|change title"
TEXTS = 3
"""That are said on the first tab; one more is said on the second, once it came back."""
ANSWER = 80
"""Characters that come with an answer, besides those of what it answers."""


@dataclass(slots=True)
class Look:
    """One look at a platform.

    Args:
        address: The page that users open.
        user: The name under which somebody signs in; empty where nobody does, or nobody knows.
        password: The password.
        visible: Whether a person signs in, in a browser that can be seen.
        stores: Where the texts are looked for besides.
        patience: Seconds that an answer may take.
        rest: Seconds for which a page must not change to be taken for ready.
        say: Told what is being done.
        folder: For the browser's own files.
    """

    address: str
    user: str = ""
    password: str = field(default="", repr=False)
    visible: bool = False
    stores: Sequence[Store] = ()
    patience: float = 30.0
    rest: float = 1.0
    say: Callable[[str], None] = print
    folder: Path = Path("results/draft")
    _pages: list[dict[str, Any]] = field(default_factory=list, init=False)
    _seen: list[dict[str, Any]] = field(default_factory=list, init=False)
    _cookies: list[dict[str, Any]] = field(default_factory=list, init=False)
    _said: list[Said] = field(default_factory=list, init=False)
    _title: str = field(default="", init=False)
    _notes: list[str] = field(default_factory=list, init=False)
    _browser: LookedAt = field(init=False)

    def run(self) -> tuple[Observations, Mask]:
        """Look; returns what was seen, and what knows the secrets that were taken out of it.

        Raises:
            StackError: There is nothing to look at: no page, no sign-in, nowhere to write.
        """
        with LookedAt(visible=self.visible, folder=self.folder) as self._browser:
            steps = self._enter()
            self._speak()
            self._come_back()
            self._rename()
            self._lose_connection()
            self._keep_up()
        found = self._look_into_stores()
        mask = Mask([self.password, *(store.password for store in self.stores)])
        mask.learn_from(self._seen, self._cookies)
        return self._told(mask, steps, found), mask

    def _enter(self) -> list[Step]:
        self.say(f"Opening {self.address}")
        self._browser.open(SPEAKER, self.address)
        self._page("opened")
        if self.visible:
            self.say(f"Sign in, in the browser's window, and go to where messages are written ({VISIBLE_PATIENCE:g} s).")
            page = self._wait_for_person()
            steps: list[Step] = []
        else:
            sign_in = SignIn(lambda: self._page(""), self._act, self.user, self.password)
            page, steps = sign_in.run(), sign_in.steps
            if steps:
                self.say(f"Signed in as {self.user} in {len(steps)} steps")
        self._keep("signed in", page)
        self._go_to_composer(page)
        return steps

    def _wait_for_person(self) -> Page:
        deadline = Deadline(VISIBLE_PATIENCE)
        while not deadline.passed:
            page = self._page("")
            if finding.composer(page) is not None and finding.password_box(page) is None:
                return page
        raise StackError(explain("somebody signs in, to where messages are written", f"nobody did in {VISIBLE_PATIENCE:g} s"))

    def _go_to_composer(self, page: Page) -> Page:
        for tried in range(3):
            if finding.composer(page) is not None:
                return page
            ways = finding.pressed(page, NEW)
            if tried >= len(ways):
                break
            self.say(f"Nowhere to write here; pressing '{finding.called(ways[tried])}'")
            self._act(ways[tried], "click", "")
            page = self._page("")
        raise StackError(
            explain(
                "a page with a box where messages are written, once somebody is signed in",
                f"{page.url} has none that can be seen"
                + (", but one for a password" if finding.password_box(page) is not None else ""),
                remedy="Set DRAFT_USER and DRAFT_PASSWORD, give the address of a conversation, or sign in yourself: --visible.",
            )
        )

    def _speak(self) -> None:
        page = self._page("ready")
        self._browser.open(LISTENER, page.url)
        self._page("ready", tab=LISTENER)
        for number in range(TEXTS):
            self._say(SPEAKER)
            if number == 0 and self._browser.url(SPEAKER) != self._browser.url(LISTENER):
                # A conversation may have its address only now.
                self._browser.go(LISTENER, self._browser.url(SPEAKER))
                self._still(LISTENER)
        self._page("said")
        self._page("said", tab=LISTENER)

    def _say(self, tab: str) -> None:
        first, second = random.randrange(100_000, 999_999), random.randrange(100_000, 999_999)  # noqa: S311 - nobody's secret
        said = Said(f"What is {first} + {second}? [{uuid.uuid4().hex[:12]}]", str(first + second), self._frames(), tab)
        self._said.append(said)
        self.say(f"Saying on the {tab}: {said.text}")
        length = self._browser.length(tab)
        self._type(tab, said.text)
        longer = length + len(said.text) + ANSWER
        if not self._browser.still(
            tab, seconds=2 * self.rest, patience=self.patience, text=said.text, answer=said.sum, longer=longer
        ):
            self._notes.append(f"Nothing answered text {len(self._said)} within {self.patience:g} s, or the page did not rest.")

    def _frames(self) -> int:
        self._keep_up()
        return sum(one["what"] == "frame" for one in self._seen)

    def _type(self, tab: str, text: str) -> None:
        page = self._page("", tab=tab)
        box = finding.composer(page)
        if box is None:
            raise StackError(explain("the box where messages are written is there still", f"{page.url} shows none"))
        self._act(box, "fill", text, tab)
        typed = self._page("typed", tab=tab)
        self._act(finding.composer(typed) or box, "press", "Enter", tab)
        self._browser.still(tab, seconds=self.rest / 2, patience=3.0)
        if self._is_out(text):
            return
        for button in finding.pressed(self._page("", tab=tab), SEND)[:1]:
            self._act(button, "click", "", tab)
            self._notes.append(f"The Enter key did not send; '{finding.called(button)}' did.")

    def _is_out(self, text: str) -> bool:
        """Whether a tab has sent a text."""
        self._keep_up()
        return any(text in one.get("request", "") or text in _payload(one) for one in self._seen)

    def _come_back(self) -> None:
        self.say("Opening the conversation anew on the second tab")
        self._browser.go(LISTENER, self._browser.url(SPEAKER))
        self._still(LISTENER)
        self._page("came back", tab=LISTENER)
        self._say(LISTENER)

    def _rename(self) -> None:
        page = self._page("")
        buttons = finding.pressed(page, RENAME)
        if not buttons:
            return
        self._act(buttons[0], "click", "")
        page = self._page("renaming")
        before = {repr(one.attributes) for one in self._kept("said").elements if one.visible}
        box = next(iter(finding.usable(page, lambda one: one.tag == "input" and repr(one.attributes) not in before)), None)
        if box is None:
            self._notes.append(f"No box came for a title when '{finding.called(buttons[0])}' was pressed.")
            return
        self._title = f"Draft {uuid.uuid4().hex[:12]}"
        self.say(f"Calling the conversation {self._title}")
        self._act(box, "fill", self._title)
        self._act(box, "press", "Enter")
        self._page("renamed")

    def _lose_connection(self) -> None:
        self.say("Cutting the browser off, and connecting it again")
        self._keep_up()
        self._browser.offline(True)
        self._page("offline", 4.0)
        self._browser.offline(False)
        self._page("online again", 8.0)

    def _kept(self, moment: str) -> Page:
        return next(Page(**one) for one in self._pages if one["moment"] == moment)

    def _still(self, tab: str = SPEAKER, patience: float = PATIENCE) -> None:
        self._browser.still(tab, seconds=self.rest, patience=patience)

    def _page(self, moment: str, patience: float = PATIENCE, *, tab: str = SPEAKER) -> Page:
        self._still(tab, patience)
        page = Page(moment, tab, self._browser.url(tab), Element.of(self._browser.elements(tab)))
        if moment:
            self._keep(moment, page)
        return page

    def _keep(self, moment: str, page: Page) -> None:
        self._pages = [one for one in self._pages if (one["moment"], one["tab"]) != (moment, page.tab)]
        self._pages.append({"moment": moment, "tab": page.tab, "url": page.url, "body": page.body})

    def _act(self, element: Element, how: str, text: str, tab: str = SPEAKER) -> None:
        self._browser.act(tab, element.number, how, text)

    def _keep_up(self) -> None:
        told = self._browser.drain()
        self._seen += told["seen"]
        self._cookies = told["cookies"]

    def _look_into_stores(self) -> list[Found]:
        found: list[Found] = []
        texts, sums = [one.text for one in self._said], [one.sum for one in self._said]
        for store in self.stores:
            self.say(f"Looking into {store.name}")
            try:
                found += background.run(look_into(store, [*texts, *sums]))
            except (StackError, StackFailure) as error:
                self._notes.append(f"{store.name} could not be looked into: {' '.join(str(error).split())}")
        return found

    def _told(self, mask: Mask, steps: Sequence[Step], found: Sequence[Found]) -> Observations:
        seen = [{**one, "request": request_text(one)} if one["what"] == "exchange" else one for one in self._seen]
        for one in seen:
            if one["what"] == "exchange":
                names = ", ".join(line.split("=")[0] for line in one.get("answered", {}).get("set-cookie", "").splitlines())
                one["answered"] = {COOKIES_SET: names} if names else {}
            if "headers" in one:
                one["headers"] = {name: value for name, value in one["headers"].items() if TELLING.match(name)}
        host = urlsplit(self.address).hostname
        handshakes = {one["socket"]: one["headers"] for one in seen if one["what"] == "handshake"}
        observations = Observations(
            self.address,
            self.user,
            self._said,
            [_socket(one, handshakes) for one in seen if one["what"] == "socket"],
            [Frame(**_but(one, "what")) for one in seen if one["what"] == "frame"],
            [Exchange(**_but(one, "what", "number")) for one in seen if one["what"] == "exchange"],
            [],
            list(steps),
            list(found),
            {store.name: _address(store) for store in self.stores},
            {one["name"]: one["path"] for one in self._cookies if one["domain"].lstrip(".") == host and is_credential(one)},
            self._notes,
            self._title,
        )
        plain = observations.plain
        plain["frames"] = [{"what": "frame", **one} for one in plain["frames"]]
        plain["pages"] = Observations(self.address, pages=[Page(**one) for one in self._pages]).plain["pages"]
        masked = mask.apply(plain)
        masked["frames"] = [_but(one, "what") for one in masked["frames"]]
        return Observations.of(masked)


def _socket(one: Mapping[str, Any], handshakes: Mapping[str, Mapping[str, str]]) -> Socket:
    return Socket(one["socket"], one["tab"], one["url"], handshakes.get(one["socket"], {}))


def _payload(one: Mapping[str, Any]) -> str:
    if one["what"] != "frame" or one["direction"] != "out":
        return ""
    return base64.b64decode(one["payload"]).decode(errors="replace") if one["binary"] else str(one["payload"])


def _address(store: Store) -> str:
    return store.url if not store.user else store.url.replace("://", f"://{store.user}@", 1)


def _but(one: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in one.items() if name not in names}
