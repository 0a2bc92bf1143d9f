"""Keywords of the Browser library about the computer that a browser stands for: a plugin, imported together with Browser."""

from __future__ import annotations

from pathlib import Path

from robot.api.deco import keyword

from realstack.browser.scripts import Scripts

HERE = Path(__file__).parent
LINK = HERE / "link.js"


class Computer(Scripts):
    """Its line and its clock.

    Both are changed by functions that the Browser library's own process runs (`link.js`, `clock.js`), and for the current page or
    context only: nothing else on the machine notices.
    """

    @keyword
    def narrow_uplink(self, rate: int) -> None:
        """Let the current page send no more than so many bytes in a second, as on a slow line.

        Args:
            rate: Bytes in a second.
        """
        self.call(LINK, "narrowUplink", rate=rate, page=None)

    @keyword
    def cut_line(self) -> None:
        """Take the line of the current window away, as in a tunnel.

        What its pages have open ends, and nothing new gets through.
        """
        self.call(LINK, "cutLine", context=None)

    @keyword
    def restore_line(self) -> None:
        """Give the current window its line back; the browser tells its pages."""
        self.call(LINK, "restoreLine", context=None)

    @keyword
    def get_socket_count(self) -> int:
        """Return how many sockets the current page has open, or is opening."""
        count: int = self.call(LINK, "countSockets", page=None)
        return count

    @keyword
    def shift_clock(self, seconds: float) -> None:
        """Make the clock of the current context's pages wrong, for those that are opened from now on.

        Args:
            seconds: How far it is ahead; negative when it is behind.
        """
        self.call(HERE / "clock.js", "shiftClock", seconds=seconds, context=None)
