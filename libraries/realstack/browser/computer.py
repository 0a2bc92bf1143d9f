"""Keywords of the Browser library about the computer that a browser stands for: a plugin, imported together with Browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from Browser.base import LibraryComponent
from robot.api.deco import keyword

SCRIPTS = Path(__file__).parent


class Computer(LibraryComponent):  # type: ignore[misc]
    """Its line and its clock.

    Both are changed by functions that the Browser library's own process runs (`link.js`, `clock.js`), and for the current page or
    context only: nothing else on the machine notices.

    Args:
        library: The Browser library.
    """

    def __init__(self, library: Any) -> None:
        super().__init__(library)
        self._loaded: set[str] = set()

    @keyword
    def narrow_uplink(self, rate: int) -> None:
        """Let the current page send no more than so many bytes in a second, as on a slow line.

        Args:
            rate: Bytes in a second.
        """
        self._call("link.js", "narrowUplink", rate=rate, page=None)

    @keyword
    def shift_clock(self, seconds: float) -> None:
        """Make the clock of the current context's pages wrong, for those that are opened from now on.

        Args:
            seconds: How far it is ahead; negative when it is behind.
        """
        self._call("clock.js", "shiftClock", seconds=seconds, context=None)

    def _call(self, script: str, function: str, **arguments: Any) -> None:
        # At the first call: what is imported as `jsextension` starts the Browser library's process, which takes a second, in
        # each run, also where no test opens a page.
        if script not in self._loaded:
            self.initialize_js_extension(SCRIPTS / script)
            self._loaded.add(script)
        self.call_js_keyword(function, **arguments)
