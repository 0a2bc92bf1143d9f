"""A plugin of the Browser library, without keywords: its Node.js process is started for the first page, not before.

What that process and its browsers write into the folder for temporary files (profiles, downloads) is removed with the run, also
where nobody asked them to end.
"""

from __future__ import annotations

import atexit
import os
from typing import Any

from Browser.base import LibraryComponent
from Browser.playwright import Playwright

from realstack.lease import temporary

TEMP = "TMPDIR"
"""Environment variable that names the folder for temporary files."""
_start = Playwright.start_playwright


def start_in_a_folder_of_its_own(playwright: Playwright) -> Any:
    """Start Node.js with a folder of its own for temporary files, which is there as long as this process."""
    folder = temporary.new_folder("browser")
    atexit.register(temporary.remove, folder)  # runs after what the start registers, which ends Node.js
    before = os.environ.get(TEMP)
    os.environ[TEMP] = str(folder)
    try:
        return _start(playwright)
    finally:
        if before is None:
            del os.environ[TEMP]
        else:
            os.environ[TEMP] = before


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
        Playwright.start_playwright = start_in_a_folder_of_its_own
        self._only_when_it_runs(library._browser_control, "set_playwright_timeout")
        self._only_when_it_runs(library, "_prune_execution_stack")

    def _only_when_it_runs(self, owner: Any, name: str) -> None:
        as_ever = getattr(owner, name)

        def guarded(*args: Any, **kwargs: Any) -> None:
            if self.library._playwright is not None:
                as_ever(*args, **kwargs)

        setattr(owner, name, guarded)
