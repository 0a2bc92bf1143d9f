"""One look at everything that is watched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from realstack.core.procfs import ProcessId

Processes = tuple[ProcessId, ...]
"""The main processes of a service."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at everything that is watched.

    Attributes:
        at: Seconds on the monotonic clock.
        operations: Work done so far, by the name of the operation.
        values: ``(service, metric)`` to value; what could not be read is missing. Gauges have the metric ``gauge``.
        roots: Main processes of each service, to tell when one was replaced.
    """

    at: float
    operations: Mapping[str, int]
    values: Mapping[tuple[str, str], float]
    roots: Mapping[str, Processes]
