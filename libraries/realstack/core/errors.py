"""Failures that explain themselves.

Every error of this project says what was expected, what was seen, the nearest evidence and the
remedy, in that order, so that a reader of log.html needs no second run.
"""

from __future__ import annotations


def explain(expected: str, seen: str, *, evidence: str = "", remedy: str = "") -> str:
    """Build the text of an error.

    Args:
        expected: One sentence: what should have been.
        seen: One sentence: what was instead.
        evidence: The lines nearest to the cause; may hold several lines.
        remedy: One sentence: what to do now.
    """
    parts = [f"Expected: {expected}", f"Seen: {seen}"]
    if evidence:
        parts.append(f"Evidence:\n{evidence}" if "\n" in evidence else f"Evidence: {evidence}")
    if remedy:
        parts.append(f"Remedy: {remedy}")
    return "\n".join(parts)


class StackFailure(AssertionError):
    """The system under test did not do what was asked of it."""

    ROBOT_SUPPRESS_NAME = True


class StackError(RuntimeError):
    """A keyword was used wrongly, or the machine can't do what it asks; never a verdict on the system under test."""

    ROBOT_SUPPRESS_NAME = True


class InvalidRun(AssertionError):
    """The test's own conditions were not met (a floor, a receipt): no verdict is possible.

    The text starts with ``INVALID:`` so that it can't be taken for a failure of the system under test.
    """

    ROBOT_SUPPRESS_NAME = True

    def __init__(self, text: str) -> None:
        super().__init__(text if text.startswith("INVALID:") else f"INVALID: {text}")
