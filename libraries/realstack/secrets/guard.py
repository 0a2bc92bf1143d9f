"""Keeps credentials out of Robot Framework's log while it is written.

A library hands the guard to Robot as one of its listeners (`ROBOT_LIBRARY_LISTENER`). Robot shows every message to its
listeners before it writes it, so the guard masks what must not be seen, and escapes what can't be written. Because a log
that had to be masked is a defect of the tests, the test that caused it fails and says which text of which keyword it was.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from realstack.core.writable import writable
from realstack.secrets.fingerprints import FILE_NAME
from realstack.secrets.names import HIDDEN
from realstack.secrets.registry import Registry, names, secrets

Mode = Literal["fail", "mask", "off"]
"""``fail`` masks what must not be seen and fails the test that caused it, ``mask`` masks it, ``off`` looks at nothing."""

AROUND = 60
"""Characters that are told on both sides of a credential that had to be masked."""


class Guard:
    """A listener (API version 3) that masks credentials and fails the test that logged one.

    Args:
        registry: What to look for.
        mode: What to do about it.
        folder: Tells where Robot writes its output, once a suite has begun; None where it writes none.
    """

    ROBOT_LISTENER_API_VERSION = 3
    ROBOT_LISTENER_PRIORITY = -1000  # after all others: what they write is looked at too

    def __init__(
        self, registry: Registry = secrets, mode: Mode = "fail", folder: Callable[[], Path | None] = lambda: None
    ) -> None:
        self._registry = registry
        self._mode = mode
        self._folder = folder
        self._keywords: list[str] = []
        self._leaks: list[str] = []

    def start_suite(self, data: Any, result: Any) -> None:
        """Have the fingerprints of all credentials written beside output.xml, as they become known."""
        if folder := self._folder():
            self._registry.leave_fingerprints(folder / FILE_NAME)

    def start_keyword(self, data: Any, result: Any) -> None:
        """Look at a keyword's arguments as they are written."""
        self._keywords.append(str(result.full_name))
        self._mask_arguments(result)

    def end_keyword(self, data: Any, result: Any) -> None:
        """Look at a keyword's arguments and failure message."""
        self._mask_arguments(result)
        self._mask_text(result, "message", "the failure message")
        if self._keywords:
            self._keywords.pop()

    def log_message(self, message: Any) -> None:
        """Mask a message before any file gets it."""
        self._mask_text(message, "message", f"a message at {message.level}")

    def message(self, message: Any) -> None:
        """Mask a message for the console and the system log."""
        self._mask_text(message, "message", f"a message at {message.level}")

    def end_test(self, data: Any, result: Any) -> None:
        """Mask the test's own message, and fail the test when anything had to be masked."""
        self._mask_text(result, "message", "the test's message")
        if self._leaks:
            shown = "\n".join(f"- {leak}" for leak in self._leaks[:5])
            more = f"\n- and {len(self._leaks) - 5} more" if len(self._leaks) > 5 else ""
            before = f"{result.message}\n\n" if result.message else ""
            result.status = "FAIL"
            result.message = (
                f"{before}Expected: no credential reaches the log.\nSeen: {len(self._leaks)} had to be masked:\n{shown}{more}\n"
                "Remedy: pass credentials as Secret, and never take their value into a variable. Where it is no credential, say "
                'so of its field: credential_names: "!name" in the adapter\'s platform.yaml, or credential_names=!name '
                "where the OAuth library is imported; with guard=mask no test fails for it."
            )
            self._leaks = []

    def end_suite(self, data: Any, result: Any) -> None:
        """Mask the suite's own message; what leaked in its teardown fails no test, so it is told on the console."""
        self._mask_text(result, "message", "the suite's message")
        if self._leaks and sys.__stderr__ is not None:
            sys.__stderr__.write(f"\n{result.full_name}: masked outside of any test: " + "; ".join(self._leaks) + "\n")
        self._leaks = []

    def _mask_arguments(self, result: Any) -> None:
        arguments = tuple(result.args)
        masked = tuple(self._masked(argument, "an argument") if isinstance(argument, str) else argument for argument in arguments)
        if masked != arguments:
            result.args = masked

    def _mask_text(self, owner: Any, attribute: str, where: str) -> None:
        text = getattr(owner, attribute)
        if text:
            masked = self._masked(text, where)
            if masked != text:
                setattr(owner, attribute, masked)

    def _masked(self, text: str, where: str) -> str:
        text = writable(text)  # half a surrogate pair, which JSON of others may hold, would make Robot's output malformed
        found = self._registry.find(text) if self._mode != "off" else []
        if not found:
            return text
        masked = self._registry.scrub(text)
        if self._mode == "fail":
            keyword = f" of {self._keywords[-1]}" if self._keywords else ""
            self._leaks.append(f"{names(found)} in {where}{keyword}: {_around(masked)}")
        return masked


def _around(masked: str) -> str:
    """The masked text next to its first mask, in one line."""
    at = masked.find(HIDDEN)
    start, end = max(0, at - AROUND), at + len(HIDDEN) + AROUND
    near = " ".join(masked[start:end].split())
    return f"{'…' if start else ''}{near}{'…' if end < len(masked) else ''}"
