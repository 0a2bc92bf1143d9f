"""Which failures a slow machine can explain: those of something that did not come in time.

A message that is there twice, in a wrong order or in front of the wrong user is no question of speed. One that was waited for in
vain may be. Errors of that kind are raised as `Late`, and their texts are remembered, because Robot Framework tells listeners
no more of a failure than its text.
"""

from __future__ import annotations

import re
import threading

from realstack.core.errors import StackFailure

_BY_OTHERS = re.compile(
    r"(Test|Keyword|Setup|Teardown) timeout .+ exceeded"  # Robot Framework
    r"|Timeout \d+ms exceeded|timed out|Read timed out",  # Playwright, requests
    re.IGNORECASE,
)
_ALSO = re.compile(r"\n\n(?:Also (?:suite |test )?(?:setup|teardown) failed:\n|\d+\) )")
"""What Robot Framework puts between the texts of several failures of one test."""
_SEVERAL = re.compile(r"Several failures occurred:(?=\n\n1\) )")

_guard = threading.Lock()
_texts: set[str] = set()


class Late(StackFailure):
    """Something did not come within its deadline."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        note(text)


def note(text: str) -> None:
    """Remember the text of a failure that slowness can explain; safe from any thread."""
    with _guard:
        _texts.add(text.strip())


def forget() -> None:
    """Forget what was remembered: a new test begins."""
    with _guard:
        _texts.clear()


def is_explained_by_slowness(message: str) -> bool:
    """Whether all that a failed test says is that something did not come in time.

    Args:
        message: The test's message, several failures of one test included.
    """
    parts = [part for part in _ALSO.split(_SEVERAL.sub("", message)) if part.strip()]
    with _guard:
        known = list(_texts)
    return bool(parts) and all(_BY_OTHERS.search(part) or any(text and text in part for text in known) for part in parts)
