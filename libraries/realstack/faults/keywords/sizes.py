"""Sizes as people write them."""

from __future__ import annotations

import re

from realstack.core.errors import StackError

_UNITS = {"": 1, "b": 1, "kb": 1000, "mb": 1000**2, "kib": 1024, "mib": 1024**2}
_SIZE = re.compile(r"\s*(?P<number>\d+(\.\d+)?)\s*(?P<unit>[a-zA-Z]*)(/s)?\s*")


def bytes_of(text: str) -> float:
    """Bytes of ``20000``, ``20 kB``, ``1.5 MiB``, each also with ``/s`` behind it.

    Raises:
        StackError: The text is no size.
    """
    found = _SIZE.fullmatch(text)
    if found is None or found["unit"].lower() not in _UNITS:
        raise StackError(f"'{text}' is no size. Write bytes (20000), or use kB, MB, KiB or MiB.")
    return float(found["number"]) * _UNITS[found["unit"].lower()]
