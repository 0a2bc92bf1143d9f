"""Errors as ClickHouse tells them: a number, a name, and the status of the HTTP answer that carries them."""

from __future__ import annotations

import re
from typing import Final

BAD_REQUEST: Final = 400
UNAUTHORIZED: Final = 401
FORBIDDEN: Final = 403
NOT_FOUND: Final = 404
TIMEOUT: Final = 408
LENGTH_REQUIRED: Final = 411
TOO_LARGE: Final = 413
MEDIA_TYPE: Final = 415
SERVER_ERROR: Final = 500
NOT_IMPLEMENTED: Final = 501
UNAVAILABLE: Final = 503

_STATUS_OF_NAME: Final = {
    "REQUIRED_PASSWORD": UNAUTHORIZED,
    **dict.fromkeys(
        ("UNKNOWN_USER", "WRONG_PASSWORD", "AUTHENTICATION_FAILED", "SET_NON_GRANTED_ROLE", "ACCESS_DENIED"), FORBIDDEN
    ),
    **dict.fromkeys(
        (
            "BAD_ARGUMENTS", "CANNOT_COMPILE_REGEXP", "CANNOT_PARSE_TEXT", "CANNOT_PARSE_ESCAPE_SEQUENCE",
            "CANNOT_PARSE_QUOTED_STRING", "CANNOT_PARSE_DATE", "CANNOT_PARSE_DATETIME", "CANNOT_PARSE_NUMBER",
            "CANNOT_PARSE_DOMAIN_VALUE_FROM_STRING", "CANNOT_PARSE_IPV4", "CANNOT_PARSE_IPV6",
            "CANNOT_PARSE_INPUT_ASSERTION_FAILED", "CANNOT_PARSE_UUID", "DUPLICATE_COLUMN", "ILLEGAL_COLUMN",
            "UNKNOWN_ELEMENT_IN_AST", "UNKNOWN_TYPE_OF_AST_NODE", "THERE_IS_NO_COLUMN", "TOO_DEEP_AST", "TOO_BIG_AST",
            "UNEXPECTED_AST_STRUCTURE", "SYNTAX_ERROR", "INCORRECT_DATA", "TYPE_MISMATCH",
            "VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE",
        ),
        BAD_REQUEST,
    ),
    **dict.fromkeys(
        (
            "UNKNOWN_TABLE", "UNKNOWN_FUNCTION", "UNKNOWN_IDENTIFIER", "UNKNOWN_TYPE", "UNKNOWN_STORAGE", "UNKNOWN_DATABASE",
            "UNKNOWN_SETTING", "UNKNOWN_DIRECTION_OF_SORTING", "UNKNOWN_AGGREGATE_FUNCTION", "UNKNOWN_FORMAT",
            "UNKNOWN_DATABASE_ENGINE", "UNKNOWN_TYPE_OF_QUERY", "UNKNOWN_ROLE",
        ),
        NOT_FOUND,
    ),
    "QUERY_IS_TOO_LARGE": TOO_LARGE,
    "NOT_IMPLEMENTED": NOT_IMPLEMENTED,
    **dict.fromkeys(("SOCKET_TIMEOUT", "CANNOT_OPEN_FILE", "CANNOT_SCHEDULE_TASK"), UNAVAILABLE),
    "HTTP_LENGTH_REQUIRED": LENGTH_REQUIRED,
    "TIMEOUT_EXCEEDED": TIMEOUT,
    "UNSUPPORTED_MEDIA_TYPE": MEDIA_TYPE,
}  # fmt: skip

_TOLD = re.compile(r"Code: (\d+)\. .*\(([A-Z][A-Z0-9_]+)\)", re.DOTALL)


class ClickHouseError(Exception):
    """A request can't be fulfilled.

    Args:
        code: ClickHouse's number of the error.
        name: Its name.
        text: What happened.
    """

    def __init__(self, code: int, name: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.name = name
        self.text = text

    @property
    def status(self) -> int:
        """The status of the answer that tells it."""
        return _STATUS_OF_NAME.get(self.name, SERVER_ERROR)

    def told(self, version: str) -> str:
        """The answer's body, by which clients know the error."""
        return f"Code: {self.code}. DB::Exception: {self.text} ({self.name}) (version {version})\n"


def error_of(text: str) -> ClickHouseError:
    """The error that the engine told in its own words."""
    found = _TOLD.search(text)
    if found is None:
        return ClickHouseError(1002, "UNKNOWN_EXCEPTION", text)
    said = text[found.start() : found.start(2) - 1].split("DB::Exception: ", 1)[-1]
    return ClickHouseError(int(found[1]), found[2], said.rstrip())
