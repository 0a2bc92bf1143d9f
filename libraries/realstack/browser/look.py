"""A browser without Robot Framework, whose tabs are looked at: what they send and get, and what stands on their pages."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any, Self

from Browser import Browser
from Browser.utils.data_types import PlaywrightLogTypes, SupportedBrowsers

from realstack.browser.scripts import Scripts
from realstack.core import programs
from realstack.core.errors import StackError, explain

SCRIPT = Path(__file__).with_name("look.js")
IN_DEBIAN = "/usr/lib/chromium/chromium-headless-shell"
"""Named by its place, because Debian's command of that name is a shell that would stand between."""
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage"]


class LookedAt:
    """A browser with one context; a context manager, which ends it.

    Args:
        visible: Whether people see it.
        folder: For the Browser library's own files.
    """

    def __init__(self, *, visible: bool, folder: Path) -> None:
        self._visible = visible
        self._folder = folder

    def __enter__(self) -> Self:
        candidates = programs.WITH_WINDOWS if self._visible else (IN_DEBIAN, *programs.CHROMIUMS)
        program = programs.find(candidates)
        if program is None:
            raise StackError(
                explain("a Chromium on this machine", "None of its programs is there.", evidence=", ".join(candidates))
            )
        # Its log would show what is typed, and cookies.
        self._browser = Browser(
            external_browser_executable={SupportedBrowsers.chromium: program},
            enable_playwright_debug=PlaywrightLogTypes.disabled,
        )
        self._browser.outputdir = str(self._folder)
        self._scripts = Scripts(self._browser)
        self._browser.new_browser(SupportedBrowsers.chromium, headless=not self._visible, args=ARGUMENTS)
        self._browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self._browser.close_browser("ALL")
        self._browser.playwright.close()

    def open(self, tab: str, url: str) -> None:
        """Open a tab at an address."""
        self._call("openTab", name=tab, context=None)
        self.go(tab, url)

    def go(self, tab: str, url: str) -> None:
        """Lead a tab to an address."""
        self._call("goTo", tab=tab, url=url)

    def url(self, tab: str) -> str:
        """Where a tab is."""
        return str(self._call("whereIs", tab=tab))

    def still(
        self, tab: str, *, seconds: float = 1.0, patience: float = 10.0, text: str = "", answer: str = "", longer: int = 0
    ) -> bool:
        """Wait until the page of a tab has not changed for so many seconds; returns whether that came about.

        Args:
            tab: Which.
            seconds: How long nothing may change.
            patience: How long to wait at most.
            text: What must stand on it first.
            answer: What must, too, or so many characters as `longer` says.
            longer: Characters of all text on the page.
        """
        times = {"still": seconds * 1000, "patience": patience * 1000}
        return bool(self._call("standsStill", tab=tab, **times, text=text, answer=answer, longer=longer))

    def length(self, tab: str) -> int:
        """How many characters the text of a tab's page has."""
        return int(self._call("lengthOf", tab=tab))

    def elements(self, tab: str) -> dict[str, Any]:
        """The elements of a tab's page: `number`, `tag`, `attributes`, `visible`, and what is `inside`, texts and elements."""
        found: dict[str, Any] = self._call("elementsOf", tab=tab)
        return found

    def act(self, tab: str, element: int, how: str, what: str = "") -> None:
        """Do something to an element, by its number: `click`, `fill` with a text, `press` a key."""
        self._call("act", tab=tab, element=element, how=how, what=what)

    def offline(self, offline: bool) -> None:
        """Cut the browser off, or connect it again."""
        self._call("setOffline", offline=offline, context=None)

    def drain(self, patience: float = 2.0) -> dict[str, Any]:
        """What tabs did since this was last asked (`seen`), and the `cookies` that the browser has, all of it unmasked."""
        found: dict[str, Any] = self._call("drain", patience=patience * 1000, context=None)
        return found

    def _call(self, function: str, **arguments: Any) -> Any:
        return self._scripts.call(SCRIPT, function, **arguments)
