"""JSON as it is sent."""

from __future__ import annotations

import json
from typing import Any

_compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def json_text(value: Any) -> str:
    """A value as compact JSON (RFC 8259, no NaN); half a surrogate pair, which UTF-8 can't tell, is escaped.

    Raises:
        TypeError, ValueError, RecursionError: It is no value of JSON.
    """
    text = _compact(value)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":"), allow_nan=False)
    return text
