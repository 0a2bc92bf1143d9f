"""Scripts that the Browser library's own process runs, loaded when they are first called."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from Browser.base import LibraryComponent


class Scripts(LibraryComponent):  # type: ignore[misc]
    """Part of a plugin: calls functions of JavaScript files.

    Args:
        library: The Browser library.
    """

    def __init__(self, library: Any) -> None:
        super().__init__(library)
        self._loaded: set[Path] = set()

    def call(self, script: Path, function: str, **arguments: Any) -> Any:
        """Call a function of a script; arguments named ``page`` and ``context`` are the current ones."""
        # At the first call: what is imported as `jsextension` starts the Browser library's process, which takes a second, in
        # each run, also where no test opens a page.
        if script not in self._loaded:
            self.initialize_js_extension(script)
            self._loaded.add(script)
        return self.call_js_keyword(function, **arguments)
