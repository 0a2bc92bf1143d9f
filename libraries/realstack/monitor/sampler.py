"""Sampling in the background: services, gauges and how much work was done, on one clock.

The sampler is a thread that only reads and records. It never logs; a gauge or a process that can't be read leaves a gap
and its reason, told by whoever looks at the samples.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from realstack.core import procfs
from realstack.core.errors import StackError
from realstack.monitor import process
from realstack.monitor.gauges import StoreGauge
from realstack.monitor.journal import Journal
from realstack.monitor.leak import Series
from realstack.monitor.reader import reader
from realstack.monitor.sample import Processes, Sample

Metric = Literal["memory", "pss", "cpu", "descriptors", "files", "sockets", "clients", "threads", "processes", "gauge"]
"""What is measured."""
METRICS = ("memory", "pss", "cpu", "descriptors", "files", "sockets", "clients", "threads", "processes")
"""What is sampled of processes: KiB, KiB, percent of one core, and counts."""
UNITS = {"memory": "KiB", "pss": "KiB", "cpu": "%", "gauge": ""}
MOST_SAMPLES = 8000
"""Above this, every other sample is dropped and the interval doubled: a day's soak fits as well as a second."""
MOST_JUDGED = 2000
"""Samples of one series that are judged, evenly chosen; they go into the history."""
LUMP = 1024.0
"""KiB that CPython and glibc may take from the system at once: what is judged finer than that over the work done is a guess."""

Pids = Callable[[], Sequence[int]]
Gauge = Callable[[], float]


@dataclass(slots=True)
class _Target:
    pids: Pids
    every: float = 0.0
    read: float = 0.0
    roots: Processes = ()
    cpu: tuple[float, float] | None = None


class Sampler:
    """Watches processes and gauges.

    Args:
        interval: Seconds between two samples.
    """

    def __init__(self, interval: float = 0.1) -> None:
        self.interval = interval
        self.problems: dict[str, str] = {}
        self._targets: dict[str, _Target] = {}
        self._gauges: dict[str, Gauge] = {}
        self._operations: Counter[str] = Counter()
        self._samples: list[Sample] = []
        self._journal: Journal | None = None
        self._lock = threading.RLock()
        self._looking = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def watched(self) -> list[str]:
        """Names of all services and gauges."""
        with self._lock:
            return [*self._targets, *self._gauges]

    @property
    def running(self) -> bool:
        """Whether samples are being taken."""
        return self._thread is not None and self._thread.is_alive()

    @property
    def gaps(self) -> str:
        """What could not be read, and why, on one line; empty when all could be."""
        return "; ".join(f"{name}: {problem}" for name, problem in self.problems.items())

    def watch(self, name: str, pids: Pids, every: float = 0.0) -> None:
        """Watch processes and their descendants; `pids` is asked again and again, so that a restarted service is found.

        Args:
            name: What it is called.
            pids: The main processes.
            every: Least seconds between two readings, for what is costly to read; 0 reads it for every sample.
        """
        with self._lock:
            # What is costly is not read at once: whoever starts sampling waits for the first look.
            self._targets[name] = _Target(pids, every, time.monotonic())

    def watch_gauge(self, name: str, gauge: Gauge) -> None:
        """Watch a number; it is read in the sampler's thread and may block for a moment."""
        with self._lock:
            self._gauges[name] = gauge

    def forget(self, name: str) -> None:
        """Watch something no longer; its samples stay."""
        with self._lock:
            self._targets.pop(name, None)
            self._gauges.pop(name, None)

    def count(self, operation: str, number: int = 1) -> int:
        """Count work that was done; returns all of it so far. Safe from any thread."""
        with self._lock:
            self._operations[operation] += number
            return self._operations[operation]

    def processes(self) -> dict[str, Processes]:
        """The main processes of each service, as they are now."""
        with self._lock:
            targets = dict(self._targets)
        with self._looking:
            for name, target in targets.items():
                self._find_roots(name, target)
        return {name: target.roots for name, target in targets.items()}

    def begin(self, interval: float, earlier: Sequence[Sample] = (), journal: Journal | None = None) -> None:
        """Begin sampling in the background, with a first sample at once.

        Args:
            interval: Seconds between two samples.
            earlier: Samples to go on with: the work that they count goes on to be counted.
            journal: Is written, and closed when sampling ends.
        """
        with self._lock:
            self.interval = interval
            self._journal = journal
            self._samples = list(earlier)
            self._operations.update(earlier[-1].operations if earlier else {})
        self.look()
        self.start()

    def start(self) -> None:
        """Begin sampling in the background."""
        if self.running:
            return
        self._stop.clear()
        self._thread = threading.Thread(target=self._work, name="realstack-sampler", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End sampling; a last sample is taken, so that the end is in."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._stop.set()
        thread.join(self.interval + 5.0)
        self.look()
        with self._lock:
            journal, self._journal = self._journal, None
        if journal is not None:
            journal.close()

    def clear(self) -> None:
        """Forget all samples and counted work."""
        with self._lock:
            self._samples.clear()
            self._operations.clear()
            self.problems.clear()

    def samples(self) -> list[Sample]:
        """All samples so far, by time."""
        with self._lock:
            return list(self._samples)

    def look(self, settled: bool = False) -> Sample:
        """Take one sample now; safe beside the background's own.

        Args:
            settled: Whether to wait first until each descendant that lives now has ended or counts: a second at most.
        """
        with self._looking:
            return self._look(settled)

    def _work(self) -> None:
        due = time.monotonic()
        while not self._stop.is_set():
            self.look()
            due = max(due + self.interval, time.monotonic())
            self._stop.wait(max(0.0, due - time.monotonic()) or self.interval / 10)

    def _look(self, settled: bool) -> Sample:
        with self._lock:
            targets, gauges = dict(self._targets), dict(self._gauges)
            before = dict(self._operations)
        at = time.monotonic()
        values: dict[tuple[str, str], float] = {}
        due = {name: target for name, target in targets.items() if not target.every or at - target.read >= target.every}
        for name, target in due.items():
            target.read = at
            self._find_roots(name, target)
        roots = {name: target.roots for name, target in due.items()}
        # Stores are asked first and waited for last: a look lasts as long as its slowest part, not as all parts together.
        asked = {name: gauge.begin() if isinstance(gauge, StoreGauge) else gauge for name, gauge in gauges.items()}
        self._read_targets(due, values, settled)
        for name, answer in asked.items():
            self._read_gauge(name, answer, values)
        with self._lock:
            # Work counted while the look lasted belongs half to it: the middle is the least wrong.
            done = {name: (before.get(name, 0) + now) // 2 for name, now in self._operations.items()}
            sample = Sample(at, done, values, roots)
            self._samples.append(sample)
            self._write(sample)
            while len(self._samples) > MOST_SAMPLES:
                self._samples = self._samples[::2]
                self.interval *= 2
        return sample

    def _write(self, sample: Sample) -> None:
        if self._journal is None:
            return
        try:
            self._journal.write(sample)
        except OSError as error:  # a full disk ends no sampling; what was written until then can be read
            self.problems["samples on disk"] = f"{type(error).__name__}: {error}"
            self._journal.close()
            self._journal = None

    def _find_roots(self, name: str, target: _Target) -> None:
        """Ask for the main processes anew when they have ended: whoever knows them may have to search for them."""
        if target.roots and all(procfs.is_alive(root) for root in target.roots):
            return
        try:
            target.roots = tuple(root for pid in target.pids() if (root := process.identity(pid)))
        except Exception as error:
            self.problems[name] = f"{type(error).__name__}: {error}"
            target.roots = ()

    def _read_targets(self, targets: Mapping[str, _Target], values: dict[tuple[str, str], float], settled: bool) -> None:
        if not targets:
            return
        try:
            answer = reader.look({name: [root.pid for root in target.roots] for name, target in targets.items()}, settled)
        except StackError as error:
            self.problems.update(dict.fromkeys(targets, str(error)))
            return
        for name, used in answer.items():
            if "problem" in used:
                self.problems[name] = used["problem"]
            self._keep(name, targets[name], used, values)

    def _keep(self, name: str, target: _Target, used: Mapping[str, float], values: dict[tuple[str, str], float]) -> None:
        last, target.cpu = target.cpu, ((used["at"], used["cpu_seconds"]) if "at" in used else None)
        for metric in METRICS:
            if metric in used:
                values[name, metric] = float(used[metric])
        if last is not None and target.cpu is not None and target.cpu[0] > last[0] and target.cpu[1] >= last[1]:
            values[name, "cpu"] = 100 * (target.cpu[1] - last[1]) / (target.cpu[0] - last[0])

    def _read_gauge(self, name: str, gauge: Gauge, values: dict[tuple[str, str], float]) -> None:
        try:
            values[name, "gauge"] = float(gauge())
        except Exception as error:
            self.problems[name] = f"{type(error).__name__}: {error}"


def series(
    samples: Sequence[Sample], service: str, metric: str, operation: str, *, budget: float = 4.0, warmup: int | None = None
) -> Series:
    """One measured value over the work done, to be judged; of what is counted, no less than there was before the work began.

    Raises:
        StackError: Nothing of it was sampled, or the service's process was replaced meanwhile (a new process starts small:
            a slope over both would hide a leak).
    """
    kept = [sample for sample in samples if (service, metric) in sample.values]
    if not kept:
        known = sorted({f"{name} {kind}" for sample in samples[-1:] for name, kind in sample.values})
        raise StackError(f"Nothing was sampled of {service} {metric}. Sampled is: {', '.join(known) or 'nothing'}.")
    if len({sample.roots.get(service) for sample in kept}) > 1:
        raise StackError(f"The process of {service} was replaced while it was watched: judge it over a time without restarts.")
    name = service if metric == "gauge" else f"{service} {metric}"
    unit = UNITS.get(metric, metric)
    operations = [sample.operations.get(operation, 0) for sample in kept]
    values = [sample.values[service, metric] for sample in kept]
    lump = LUMP if metric in ("memory", "pss") else 0.0
    if not lump:
        # A pool that lets go while nothing is to do, and takes as many again, has not grown.
        held = max(value for value, done in zip(values, operations, strict=True) if done == operations[0])
        values = [max(value, held) for value in values]
    keep = slice(None, None, -(-len(kept) // MOST_JUDGED))
    return Series(name, operations[keep], values[keep], unit, operation, budget, warmup, lump)


sampler = Sampler()
"""The sampler that all libraries of a process share: whoever does work counts it here."""
