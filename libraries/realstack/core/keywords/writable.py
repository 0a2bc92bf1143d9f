"""Keeps Robot's output whole: a text from outside may hold what no XML file can.

Half a surrogate pair, which JSON of others may hold, makes output.xml end in the middle, and then there is no log.html for the
whole run. Robot itself leaves out control characters.
"""

from __future__ import annotations

from typing import Any

from realstack.core.writable import writable


class Writable:
    """A component that listens (API version 3) and makes messages writable before any file gets them."""

    ROBOT_LISTENER_API_VERSION = 3
    ROBOT_LISTENER_PRIORITY = -1000  # after all others: what they write is looked at too

    def log_message(self, message: Any) -> None:
        """A message for the log."""
        _amend(message)

    def message(self, message: Any) -> None:
        """A message for the console and the system log."""
        _amend(message)

    def end_keyword(self, data: Any, result: Any) -> None:
        """Why a keyword failed."""
        _amend(result)

    def end_test(self, data: Any, result: Any) -> None:
        """Why a test failed."""
        _amend(result)

    def end_suite(self, data: Any, result: Any) -> None:
        """Why a suite failed."""
        _amend(result)


def _amend(owner: Any) -> None:
    if owner.message and not owner.message.isascii() and (text := writable(owner.message)) != owner.message:
        owner.message = text
