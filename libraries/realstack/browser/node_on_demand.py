"""A plugin of the Browser library, without keywords: its Node.js process is started for the first page, not before."""

from __future__ import annotations

from typing import Any

from Browser.base import LibraryComponent


class NodeOnDemand(LibraryComponent):  # type: ignore[misc]
    """Lets ends of tests and suites be where nothing was begun.

    At each of them the Browser library tells its process the time limit that holds from then on, and asks it what is open, to
    close what the test has left. A process that does not run yet is started for that: a second of a core, in runs and suites
    without any page. It has nothing open, and each window is told its time limit when it is made.

    Args:
        library: The Browser library.
    """

    def __init__(self, library: Any) -> None:
        super().__init__(library)
        self._only_when_it_runs(library._browser_control, "set_playwright_timeout")
        self._only_when_it_runs(library, "_prune_execution_stack")

    def _only_when_it_runs(self, owner: Any, name: str) -> None:
        as_ever = getattr(owner, name)

        def guarded(*args: Any, **kwargs: Any) -> None:
            if self.library._playwright is not None:
                as_ever(*args, **kwargs)

        setattr(owner, name, guarded)
