"""Sizes as people write them."""

from __future__ import annotations

import re

from realstack.core.errors import StackError, explain

_FACTORS = {
    "": 1.0,
    "B": 1 / 1024,
    "KIB": 1.0,
    "KB": 1000 / 1024,
    "MIB": 1024.0,
    "MB": 1e6 / 1024,
    "GIB": 1024.0**2,
    "GB": 1e9 / 1024,
}


def kibibytes(size: str | float) -> float:
    """A size in KiB, from a number of KiB or a text such as ``4 KiB``, ``1.5 MiB`` or ``200 B``.

    Raises:
        StackError: It is no size.
    """
    if isinstance(size, (int, float)):
        return float(size)
    match = re.fullmatch(r"\s*([0-9]*\.?[0-9]+)\s*([A-Za-z]*)\s*", size)
    if match is None or match.group(2).upper() not in _FACTORS:
        raise StackError(explain("a size such as 4 KiB, 1.5 MiB or 200 B", f"{size!r}"))
    return float(match.group(1)) * _FACTORS[match.group(2).upper()]
