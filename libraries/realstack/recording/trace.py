"""The trace of what runs now, as W3C Trace Context has it: what a test sends carries its trace through the platform.

A test's requests and handshakes have one trace id, each with a parent id of its own. Whoever looks for that id in the platform's
logs or tracing backend finds what this test did there, and nothing else.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable

HEADER = "traceparent"


class Trace:
    """The trace that is under way; none until one begins, and then nothing is sent."""

    def __init__(self) -> None:
        self.id = ""

    def begin(self) -> str:
        """Begin a new one; returns its id, 32 hexadecimal digits."""
        self.id = secrets.token_hex(16)
        return self.id

    def go_on(self, trace_id: str) -> None:
        """Go on with one that has begun before; with an empty id there is none."""
        self.id = trace_id

    def headers(self, given: Iterable[str] = ()) -> dict[str, str]:
        """The header of one request; none where there is no trace, or the caller gives its own.

        Args:
            given: Names of the headers that the request has already.
        """
        if not self.id or any(name.lower() == HEADER for name in given):
            return {}
        return {HEADER: f"00-{self.id}-{secrets.token_hex(8)}-01"}


trace = Trace()
"""The one that all libraries of this process send."""
