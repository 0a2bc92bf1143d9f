"""What the machine could give while something ran: the processors' time that others took.

A test that needs two cores and gets one is late for no fault of the platform's. How much it got is the number of its processors
less what processes that are none of this run's took, what the hypervisor stole (``/proc/stat``, *steal*), and what a container's
quota withheld (``cpu.stat``, *throttled_usec*). Beside it stands the share of time in which something waited for a processor,
this run's own work included (``/proc/pressure/cpu``), where the kernel tells it. Sources: proc(5), and what the kernel documents
of PSI and of control groups version 2.

Time of the run's processes that have ended is found at those that waited for them, so that a browser's short-lived children are
not taken for somebody else's.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from realstack.core import procfs

ENOUGH = 0.85
"""Part of the needed cores that is enough: what schedulers and interrupts take is no lack. A test that has work for both of two
cores was already seen to take half as long again where others used half a core."""
SHORTEST = 0.05
"""Seconds below which no share can be told: the kernel counts in hundredths of a second."""

_HARDLY_ANY = 0.01

_CPU = Path("/proc/stat")
_STALLS = Path("/proc/pressure/cpu")
_QUOTA = Path("/sys/fs/cgroup/cpu.stat")


@dataclass(frozen=True, slots=True)
class Reading:
    """The counters at one moment, all in seconds.

    Attributes:
        at: On the monotonic clock.
        busy: Processor time that anybody has used since boot, all processors together.
        stolen: Processor time that the hypervisor gave to others.
        own: Processor time of this process and its descendants, ended ones included.
        withheld: Time for which a quota kept this run's control group from running.
        stalled: Time in which something waited for a processor; None where the kernel does not tell.
    """

    at: float
    busy: float
    stolen: float
    own: float
    withheld: float
    stalled: float | None


@dataclass(frozen=True, slots=True)
class Pressure:
    """What the machine gave between two readings.

    Attributes:
        seconds: How long that was.
        cores: Processors that this process may use.
        others: Processors, on average, that others kept busy.
        stolen: Processors, on average, that the hypervisor took.
        withheld: Processors, on average, that a quota kept back.
        stalled: Share of the time in which something waited for a processor; None where the kernel does not tell.
    """

    seconds: float
    cores: int
    others: float
    stolen: float
    withheld: float
    stalled: float | None

    @property
    def available(self) -> float:
        """Processors, on average, that were there for this run."""
        return max(0.0, self.cores - self.others - self.stolen - self.withheld)

    def lacks(self, needed: float) -> bool:
        """Whether so many cores were needed and clearly fewer were there."""
        return self.seconds >= SHORTEST and self.available < ENOUGH * needed

    def slowdown(self, needed: float) -> float:
        """How many times as long work takes that needs so many cores; 1 where none was clearly missing."""
        return needed / max(self.available, _HARDLY_ANY) if self.lacks(needed) else 1.0

    def __str__(self) -> str:
        parts = [f"{self.available:.1f} of {self.cores} cores were there", f"others used {self.others:.1f}"]
        parts += [f"the hypervisor took {self.stolen:.1f}"] if self.stolen >= SHORTEST else []
        parts += [f"a quota kept back {self.withheld:.1f}"] if self.withheld >= SHORTEST else []
        parts += [f"something waited for a core {self.stalled:.0%} of the time"] if self.stalled is not None else []
        return ", ".join(parts)


def read() -> Reading | None:
    """Read the counters; None where this system has none (only Linux has)."""
    try:
        fields = [int(field) for field in _CPU.read_text(encoding="ascii").split("\n", 1)[0].split()[1:]]
    except OSError:
        return None
    ticks = procfs.clock_ticks()
    user, nice, system, _idle, _waiting, interrupts, soft = fields[:7]
    stolen = fields[7] if len(fields) > 7 else 0
    return Reading(
        time.monotonic(),
        (user + nice + system + interrupts + soft) / ticks,
        stolen / ticks,
        _own() / ticks,
        _counter(_QUOTA, "throttled_usec") or 0.0,
        _stalled(),
    )


def between(before: Reading, after: Reading, cores: int | None = None) -> Pressure:
    """What the machine gave between two readings.

    Args:
        before: The earlier one.
        after: The later one.
        cores: Processors that this process may use; asked of the system where not given.
    """
    seconds = max(after.at - before.at, 1e-9)
    cores = len(os.sched_getaffinity(0)) if cores is None else cores
    others = max(0.0, (after.busy - before.busy) - max(0.0, after.own - before.own)) / seconds
    stalled = None if before.stalled is None or after.stalled is None else min(1.0, (after.stalled - before.stalled) / seconds)
    return Pressure(
        seconds,
        cores,
        min(others, float(cores)),
        max(0.0, after.stolen - before.stolen) / seconds,
        # Of a group that is held back for a second, all processors stand still for it that it may use.
        min(float(cores), max(0.0, after.withheld - before.withheld) / seconds),
        stalled,
    )


def _own() -> int:
    me = procfs.stat(os.getpid())
    family = [*([me] if me else []), *procfs.descendants([os.getpid()])]
    return sum(one.cpu + one.reaped for one in family)


def _stalled() -> float | None:
    try:
        line = _STALLS.read_text(encoding="ascii").split("\n", 1)[0]
    except OSError:
        return None
    total = line.rpartition("total=")[2]
    return int(total) / 1e6 if total.isdigit() else None


def _counter(file: Path, name: str) -> float | None:
    """A counter in microseconds, as seconds."""
    try:
        lines = file.read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) / 1e6 for line in lines if line.startswith(f"{name} ")), None)
