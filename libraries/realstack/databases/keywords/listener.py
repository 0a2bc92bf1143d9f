"""Keeps passwords out of the log where test data hold them as plain text."""

from __future__ import annotations

from typing import Any

from realstack.secrets import secrets
from realstack.secrets.redaction import redact_text


class UrlMask:
    """A listener (API version 3) that hides passwords before they are written.

    Those of URLs are known by their looks, those of sessions once these are opened. It
    judges nothing, and comes after the guard of the OAuth library, which does.
    """

    ROBOT_LISTENER_API_VERSION = 3
    ROBOT_LISTENER_PRIORITY = -2000

    def start_keyword(self, data: Any, result: Any) -> None:
        """Mask a keyword's arguments."""
        self._mask_arguments(result)

    def end_keyword(self, data: Any, result: Any) -> None:
        """Mask a keyword's arguments and failure message."""
        self._mask_arguments(result)
        self._mask_message(result)

    def log_message(self, message: Any) -> None:
        """Mask a message."""
        self._mask_message(message)

    def end_test(self, data: Any, result: Any) -> None:
        """Mask the test's own message."""
        self._mask_message(result)

    def end_suite(self, data: Any, result: Any) -> None:
        """Mask the suite's own message."""
        self._mask_message(result)

    @staticmethod
    def _mask_arguments(result: Any) -> None:
        masked = tuple(_masked(argument) if isinstance(argument, str) else argument for argument in result.args)
        if masked != tuple(result.args):
            result.args = masked

    @staticmethod
    def _mask_message(owner: Any) -> None:
        masked = _masked(owner.message or "")
        if masked != (owner.message or ""):
            owner.message = masked


def _masked(text: str) -> str:
    return secrets.scrub(redact_text(text))
