"""What is watched, and for whom: each thing until the test or suite ends that began it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from realstack.core.errors import StackError, StackFailure, explain
from realstack.core.ownership import Owned
from realstack.monitor.gauges import StoreGauge
from realstack.monitor.journal import Journal, Kept
from realstack.monitor.sample import Sample
from realstack.monitor.sampler import Gauge, Pids, Sampler
from realstack.secrets.redaction import redact_text

_SAMPLING = "taking samples"
"""What the taking of samples goes by among the things watched."""


class Watched:
    """Things that tests and suites watch; whoever watches one again takes it over.

    Args:
        sampler: Takes the samples.
    """

    def __init__(self, sampler: Sampler) -> None:
        self._sampler = sampler
        self._ends: Owned[Callable[[], None]] = Owned("watched thing", "Watch Services")

    def processes(self, owner: str, name: str, pids: Pids, every: float = 0.0) -> None:
        """Watch processes; see `Sampler.watch`."""
        self._sampler.watch(name, pids, every)
        self._own(owner, name, lambda: self._sampler.forget(name))

    def gauge(self, owner: str, name: str, gauge: Gauge) -> None:
        """Watch a number; one of a store is asked once, and its session is closed in the end.

        Raises:
            StackFailure: The store does not answer.
        """

        def end() -> None:
            self._sampler.forget(name)
            if isinstance(gauge, StoreGauge):
                gauge.close()

        if isinstance(gauge, StoreGauge):
            _look(name, gauge)
        self._sampler.watch_gauge(name, gauge)
        self._own(owner, name, end)

    def begin_sampling(self, owner: str, interval: float, kept: Path | None = None, earlier: Kept | None = None) -> None:
        """Take samples from now on; those of this run are forgotten.

        Args:
            owner: Full name of the test or suite with which it ends.
            interval: Seconds between two samples.
            kept: File that they are written into, as they come; None keeps none.
            earlier: Samples of an earlier run to go on with.

        Raises:
            StackError: Those are of other processes.
        """
        self._sampler.stop()
        self._sampler.clear()
        if earlier is not None:
            earlier.demand_same(self._sampler.processes())
        samples = earlier.samples if earlier is not None else []
        journal = Journal(kept, samples) if kept is not None else None
        self._sampler.begin(interval, samples, journal)
        self._own(owner, _SAMPLING, self._sampler.stop)

    def release(self, owner: str) -> list[str]:
        """Watch no longer what a test or suite watched.

        Returns:
            What did not end in good order, a sentence each.
        """
        problems: list[str] = []
        for end in self._ends.release(owner):
            try:
                end()
            except Exception as error:  # a store that is down can't say goodbye, and the others are still to be ended
                problems.append(f"A gauge was not closed in good order: {type(error).__name__}")
        return problems

    def _own(self, owner: str, name: str, end: Callable[[], None]) -> None:
        if name in self._ends:
            self._ends.pop(name)
        self._ends.add(end, owner, name)


class Baseline:
    """The counts that later ones are compared with: what a test takes is gone with the test."""

    def __init__(self) -> None:
        self._samples: list[Sample | None] = [None]

    @property
    def sample(self) -> Sample | None:
        """The innermost scope's, which begins with that of the one around it."""
        return self._samples[-1]

    @sample.setter
    def sample(self, sample: Sample) -> None:
        self._samples[-1] = sample

    def begin_scope(self) -> None:
        """A suite or test begins."""
        self._samples.append(self.sample)

    def end_scope(self) -> None:
        """The innermost one ends; without any, the library was imported by a keyword, after the suite began."""
        if len(self._samples) > 1:
            self._samples.pop()


def _look(name: str, gauge: StoreGauge) -> None:
    try:
        gauge()
    except StackError:
        raise
    except Exception as error:  # whatever its driver raises
        gauge.close()
        # What Python says of a URL that can't be read may hold a part of its password.
        text = "of a URL that can't be read" if type(error) is ValueError else redact_text(str(error)) or "silence"
        raise StackFailure(
            explain(
                f"an answer of the store that '{name}' tells about",
                f"{type(error).__name__}: {text}",
                remedy="Check that the server runs and takes the account, and the URL that was given.",
            )
        ) from None
