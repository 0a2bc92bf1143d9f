"""Faults that a platform is known to have: a law that a test finds violated, listed in `platform.yaml` with the reason.

```yaml
known:
  - {test: A Socket Opens To No Other Site, law: no-entry, reason: Any origin is let in as it is set up by default.}
```
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from realstack.core.errors import StackError, explain

TAG = "known-violation"
"""What a test gets that found nothing but what is known."""
_TEXTS = {"test", "law", "reason"}
_SEVERAL = "Several failures occurred:"
"""What Robot Framework writes before the failures of several rows."""
_VIOLATED = re.compile(r"(?:\d+\) )?([\w-]+) violated\b")


@dataclass(frozen=True, slots=True)
class KnownViolation:
    """One of them.

    Attributes:
        test: Name pattern of the tests that find it.
        law: The law's id.
        reason: Why it is so, and why it stays.
        sometimes: Whether chance decides if a run sees it, so that its absence tells nothing.
    """

    test: str
    law: str
    reason: str
    sometimes: bool = False


def read(listed: Any, file: Path) -> tuple[KnownViolation, ...]:
    """The list that stands in an adapter's file.

    Raises:
        StackError: An entry lacks something, or has something else.
    """
    entries = listed if isinstance(listed, list) else [listed] if listed else []
    for entry in entries:
        texts = [entry.get(name) for name in sorted(_TEXTS)] if isinstance(entry, dict) else []
        whole = texts and all(isinstance(told, str) and told for told in texts) and set(entry) <= _TEXTS | {"sometimes"}
        if not whole or not isinstance(entry.get("sometimes", True), bool):
            raise StackError(
                explain(
                    f"each entry of 'known' in {file} has the texts test, law and reason, and perhaps 'sometimes'.", f"{entry!r}"
                )
            )
    return tuple(KnownViolation(**entry) for entry in entries)


def found(known: Sequence[KnownViolation], test: str, message: str) -> list[KnownViolation]:
    """Those that a failed test's message tells of; none where it tells of anything else as well."""
    of_test = {one.law: one for one in known if fnmatchcase(test, one.test)}
    told = []
    for part in message.removeprefix(_SEVERAL).strip().split("\n\n"):
        violated = _VIOLATED.match(part)
        if violated is None or violated[1] not in of_test:
            return []
        told.append(of_test[violated[1]])
    return list(dict.fromkeys(told))


def absent(known: Sequence[KnownViolation], test: str) -> list[KnownViolation]:
    """Those that a test which passed should have found."""
    return [one for one in known if fnmatchcase(test, one.test) and not one.sometimes]
