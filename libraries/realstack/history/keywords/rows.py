"""Rows as keywords are given them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from realstack.core.errors import StackError, explain


def plain_rows(rows: Any, what: str) -> list[dict[str, Any]]:
    """Rows as dictionaries, whatever mapping a database driver gave.

    Raises:
        StackError: They are no rows.
    """
    if isinstance(rows, (str, bytes, Mapping)) or not isinstance(rows, Iterable):
        raise StackError(
            explain(f"{what} as a list of dictionaries", f"a {type(rows).__name__}", remedy="Give the result of a query.")
        )
    result = []
    for number, row in enumerate(rows):
        if not hasattr(row, "keys"):
            raise StackError(explain(f"{what} as a list of dictionaries", f"item {number} is a {type(row).__name__}"))
        result.append({str(name): row[name] for name in row.keys()})  # noqa: SIM118 - a driver's Record is no Mapping, but has keys
    return result
