"""Keyword libraries for end-to-end tests of real-time platforms on real services.

Each library is imported by its name, from any folder:

```robotframework
*** Settings ***
Library    realstack.WebSocket
Library    realstack.Databases
```

Only what is imported is loaded, so that who tests WebSockets needs no database client.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.2.0"

_LIBRARIES = {
    "BrowserSession": ("realstack.browser.library", "browser"),
    "Databases": ("realstack.databases.library", "databases"),
    "Files": ("realstack.files.library", "files"),
    "History": ("realstack.history.library", ""),
    "Load": ("realstack.load.library", "load"),
    "Monitor": ("realstack.monitor.library", "monitor"),
    "NetworkFault": ("realstack.faults.library", ""),
    "OAuth": ("realstack.oauth.library", "oauth"),
    "Platform": ("realstack.platform.library", "platform"),
    "Rest": ("realstack.http.library", "rest"),
    "WebSocket": ("realstack.websocket.library", ""),
}
"""Module and extra of each library; without an extra it needs no more than the package itself does."""

__all__ = ["__version__", *_LIBRARIES]  # noqa: PLE0604 -- names of classes that are loaded when they are asked for


def __getattr__(name: str) -> Any:
    """The class of a library, loaded when it is asked for (PEP 562).

    Raises:
        AttributeError: There is no library of that name.
        ImportError: What it needs is not installed; says which extra has it.
    """
    if name not in _LIBRARIES:
        raise AttributeError(f"module 'realstack' has no library '{name}'. There are: {', '.join(_LIBRARIES)}.")
    module, extra = _LIBRARIES[name]
    try:
        return getattr(importlib.import_module(module), name)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "realstack":
            raise
        package = f"robotframework-realstack[{extra}]" if extra else "robotframework-realstack"
        raise ImportError(
            f"Expected: what realstack.{name} needs is installed.\n"
            f"Seen: there is no module '{error.name}'.\n"
            f"Remedy: pip install '{package}'",
            name=error.name,
        ) from error


def __dir__() -> list[str]:
    return sorted(__all__)
