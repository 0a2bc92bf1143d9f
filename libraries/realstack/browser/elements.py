"""Keywords of the Browser library about elements by name: a plugin, imported together with Browser."""

from __future__ import annotations

import json
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from robot.api.deco import keyword

from realstack.browser.description import Description, load
from realstack.browser.scripts import Scripts
from realstack.core.errors import StackError, StackFailure, explain
from realstack.core.lateness import Late
from realstack.core.waiting import Deadline

SCRIPT = Path(__file__).with_name("elements.js")
MOST_TOLD = 10
"""Elements that an error tells of."""

_load = cache(load)


class Elements(Scripts):
    """Elements of the page by the names that a description gives them: where they are, and what their values are.

    Args:
        library: The Browser library.
    """

    def __init__(self, library: Any) -> None:
        super().__init__(library)
        self._description: Description | None = None

    @keyword
    def describe_page(self, file: Path) -> None:
        """Let pages of the current context that are opened from now on be known by a description.

        Args:
            file: The description, in YAML; `description.py` tells its form.

        Raises:
            StackError: It is wrong.
        """
        self._description = _load(file)
        self.call(SCRIPT, "describePage", description=self._description.plain, context=None)

    @keyword
    def get_page_path(self, thread: str | None = None) -> str:
        """Return the path of the page, or of a conversation's.

        Args:
            thread: The conversation's id.
        """
        return self._described().path(thread)

    @keyword
    def get_selector(self, element: str, *, text: str | None = None) -> str:
        """Return the selector of an element, for the Browser library's own keywords.

        Args:
            element: Its name.
            text: What stands in it, where there are several.

        ```robotframework
        ${send} =    Get Selector    send button
        Click    ${send}
        ```
        """
        selector = self._described().element(element).selector
        return f"css={selector}" if text is None else f"css=:is({selector}):has-text({json.dumps(text, ensure_ascii=False)})"

    @keyword
    def page_should_have(
        self,
        element: str,
        *,
        at_least: int = 1,
        exactly: int | None = None,
        visible: bool = True,
        timeout: timedelta = timedelta(seconds=5),
        **values: str | None,
    ) -> None:
        """Wait until the page has elements of a name with these values.

        Args:
            element: The name.
            at_least: How many.
            exactly: How many, no more and no fewer; 0 when there is to be none.
            visible: Whether only those count that can be seen.
            timeout: How long to wait.
            values: What each of them must be; its `text` need only contain it, and what is None may be anything.

        Raises:
            StackFailure: There are not so many in time; says what there is.

        ```robotframework
        Page Should Have    message    state=stored    text=12 * 12 = 144
        Page Should Have    limit notice    exactly=0
        ```
        """
        wanted = {name: value for name, value in values.items() if value is not None}
        self._described().element(element, *wanted)
        least, most = (at_least, None) if exactly is None else (exactly, exactly)
        deadline = Deadline(timeout)
        seen = self.call(
            SCRIPT,
            "waitForDescribed",
            element=element,
            values=wanted,
            least=least,
            most=most,
            visible=visible,
            timeout=deadline.seconds * 1000,
            page=None,
        )
        if seen is not None:
            many = f"{least} at least" if most is None else str(most)
            told = "".join(f", {name} {value!r}" for name, value in wanted.items())
            text = explain(
                f"the page has {many} of '{element}'{told}, within {deadline.seconds:g} s",
                f"{len(seen)} of '{element}'" + (":" if seen else ""),
                evidence="\n".join(map(_plainly, seen[-MOST_TOLD:])),
            )
            # What is missing yet may only be late; what is there too often is not.
            raise Late(text) if len(seen) < least else StackFailure(text)

    @keyword
    def read_elements(self, element: str) -> list[dict[str, Any]]:
        """Return the values of all elements of a name, in the order in which they stand on the page.

        Each has a `text`, and whether it is `visible`.

        Args:
            element: The name. There is none of what is not described.
        """
        self._described()
        found: list[dict[str, Any]] = self.call(SCRIPT, "readDescribed", element=element, page=None)
        return found

    @keyword
    def get_what_pages_have_met(self, origin: str) -> list[str]:
        """Return what described pages of all windows have met that nobody foresaw, a line for each.

        That is each error that no script caught, and whatever the page asked for and its own policy (Content Security Policy 3)
        kept out; also of pages that were closed or loaded anew meanwhile.

        And it is what keeps people out who use keys alone, or do not see the page, by rules of WCAG 2.2 that need no judgement,
        such as a button without a name, or a closed menu that keys lead into: of pages that are open now, which may be scrolled
        by it. What is described as ``announced`` must be told when it changes; a ``countdown`` must not be, each second; and what
        is ``over`` must not be busy.

        Args:
            origin: Of the platform: what other sites' pages met, such as a provider's, is left out.

        ```robotframework
        ${met} =    Get What Pages Have Met    https://chat.example.org
        Should Be Empty    ${met}
        ```
        """
        self._described()
        found: list[str] = self.call(SCRIPT, "readUnforeseen", origin=origin.rstrip("/"), context=None)
        return found

    @keyword
    def watch_elements(self, *wanted: str) -> None:
        """Let the page keep from now on what it shows of these, whenever that changes.

        Args:
            wanted: Names of elements, whether one can be seen, or of their values: ``connection.state`` is that of the first one
                that can be seen, None when there is none.
        """
        self._described()
        self.call(SCRIPT, "watchDescribed", wanted=[name.split(".", 1) for name in wanted], page=None)

    @keyword
    def get_watched_elements(self) -> list[dict[str, Any]]:
        """Return what a watched page has shown, a dictionary for each moment at which that was something else."""
        found: list[dict[str, Any]] = self.call(SCRIPT, "readWatched", page=None)
        return found

    def _described(self) -> Description:
        if self._description is None:
            raise StackError(explain("a page that is described", "none is", remedy="Use [Describe Page] before it is opened."))
        return self._description


def _plainly(values: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value!r}" for name, value in values.items())
