"""What can go wrong between a test and a store."""

from __future__ import annotations

import struct
import zlib

from realstack.core.errors import StackError, StackFailure


class StoreUnreachable(StackError):
    """The store did not answer: refused, ended the connection, or was silent for too long. A later try may succeed."""


ODD_ANSWER: tuple[type[Exception], ...] = (
    *(ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError, EOFError, SystemError),
    *(struct.error, zlib.error),
)
"""What drivers raise when they read an answer that is none of their store's, such as a proxy's."""


class SessionLost(StackError):
    """The session has ended, and with it what it held: going on in another one would be something else. Never tried again."""


class StatementRefused(StackError):
    """The store answered that it can't do what it was asked.

    Args:
        text: The explanation.
        code: The store's own code: an SQLSTATE of PostgreSQL, a number of ClickHouse, a prefix of Redis.
    """

    def __init__(self, text: str, code: str = "") -> None:
        super().__init__(text)
        self.code = code


class NotThere(StackFailure):
    """What was to be read is not in the store (yet)."""
