"""A keyword of the Browser library that calls functions of a script of one's own: a plugin, imported together with Browser."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from robot.api.deco import keyword

from realstack.browser.scripts import Scripts
from realstack.core.waiting import time_limit


class PageFunctions(Scripts):
    """What is asked of a page in its own language stands in a file of that language, with its checks and its editor.

    Such a file exports functions that the Browser library's own process runs: an argument named ``page`` or ``context`` is the
    current one, as Playwright knows it.

    ```javascript
    async function titleOf(selector, page) {
      return page.evaluate((wanted) => document.querySelector(wanted).title, selector);
    }
    exports.__esModule = true;
    exports.titleOf = titleOf;
    ```
    """

    @keyword
    def call_page_function(self, script: Path, function: str, **arguments: Any) -> Any:
        """Call a function of a script with the current page.

        Args:
            script: The JavaScript file. Functions of all files share one space of names.
            function: Its name.
            arguments: By their names; a time is handed over in milliseconds, as Playwright takes it. No time at all becomes one
                millisecond: for Playwright 0 means without end. A ``timeout`` ends before the test's own time does.

        Returns:
            What the function does, as JSON can say it.

        ```robotframework
        ${title} =    Call Page Function    ${CURDIR}/page.js    titleOf    selector=.avatar
        ```
        """
        plain = {name: _plain(name, value) for name, value in arguments.items()}
        return self.call(script, function, **plain, page=None)


def _plain(name: str, value: Any) -> Any:
    """An argument as JavaScript takes it."""
    if not isinstance(value, timedelta):
        return value
    seconds = value.total_seconds()
    if name == "timeout":
        seconds = time_limit.cut(seconds)
    return max(1, seconds * 1000)
