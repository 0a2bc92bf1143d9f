"""Sizes as people write them."""

from __future__ import annotations

import re

from realstack.core.errors import StackError, explain

UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}
_SIZE = re.compile(r"^\s*([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]*)\s*$")


def read_size(value: int | str) -> int:
    """Bytes of a size such as ``5 MB`` (10⁶), ``10 MiB`` (2²⁰) or ``4096``.

    Raises:
        StackError: It isn't one.
    """
    if isinstance(value, int):
        return value
    found = _SIZE.match(value)
    if found is None or found[2].upper() not in UNITS:
        raise StackError(explain("a size such as 5 MB, 10 MiB or 4096", repr(value)))
    return round(float(found[1]) * UNITS[found[2].upper()])
