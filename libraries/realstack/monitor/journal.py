"""Samples on disk, a line each as they come: whatever ends a run, what it saw until then is there.

A later run that watches the same processes can go on with them. A process is the same where its number and its start are, on the
same boot of the machine; the monotonic clock of both runs is the same then, too.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from realstack.core import procfs
from realstack.core.errors import StackError, explain
from realstack.monitor.sample import Processes, Sample

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Kept:
    """Samples of an earlier run.

    Attributes:
        path: Where they were read.
        boot: Id of the machine's boot.
        samples: By time; one at least.
    """

    path: Path
    boot: str
    samples: list[Sample]

    @property
    def processes(self) -> dict[str, Processes]:
        """Main processes of each service, as they were while it last had some."""
        return {name: roots for sample in self.samples for name, roots in sample.roots.items() if roots}

    @property
    def told(self) -> str:
        """How much there is, in a few words."""
        seconds, done = self.samples[-1].at - self.samples[0].at, self.samples[-1].operations
        work = ", ".join(f"{number} × {operation}" for operation, number in done.items()) or "no work"
        return f"{len(self.samples)} samples over {seconds:.0f} s, {work}"

    def demand_same(self, watched: Mapping[str, Processes]) -> None:
        """Make sure that the same processes are watched now.

        Args:
            watched: Main processes of each service now.

        Raises:
            StackError: Another one has begun, ended, or been left out: its memory is no longer the one that was sampled.
        """
        then = self.processes
        rebooted = self.boot != procfs.boot()
        others = [
            f"{name}: {_told(then.get(name))} then, {_told(watched.get(name))} now"
            for name in {**then, **watched}
            if rebooted or then.get(name) != watched.get(name)
        ]
        if others or rebooted:
            raise StackError(
                explain(
                    f"the processes whose samples are in {self.path} run still, and are watched",
                    "; ".join(["the machine was started anew"] if rebooted else others),
                    remedy="A platform that a run has started ends with it, and so does its memory. Only one that runs by itself "
                    "(PLATFORM:external) can be gone on with. "
                    f"Judge what there is: python -m realstack.monitor judge '{self.path}'",
                )
            )


class Journal:
    """A file that samples are written into.

    Args:
        path: Where it is to be; one of that name is replaced, once what it goes on with is in the new one.
        earlier: What it goes on with.

    Raises:
        OSError: It can't be written.
    """

    def __init__(self, path: Path, earlier: Iterable[Sample] = ()) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(f"{path.name}.new")
        self._file = new.open("w", encoding="utf-8")
        self._tell({"format": FORMAT, "boot": procfs.boot(), "began_wall": round(time.time(), 3)})
        for sample in earlier:
            self.write(sample)
        new.replace(path)

    def write(self, sample: Sample) -> None:
        """Add a sample; it is with the system when this returns, whatever becomes of this process."""
        values: dict[str, dict[str, float]] = {}
        for (name, metric), value in sample.values.items():
            values.setdefault(name, {})[metric] = round(value, 3)
        self._tell({"at": round(sample.at, 4), "operations": sample.operations, "values": values, "roots": sample.roots})

    def close(self) -> None:
        """Write no more."""
        with contextlib.suppress(OSError):  # of what was told when it was written
            self._file.close()

    def _tell(self, line: Mapping[str, Any]) -> None:
        self._file.write(json.dumps(line, separators=(",", ":")) + "\n")
        self._file.flush()


def read(path: Path) -> Kept:
    """Read what a journal has written; a last line that was not written whole is left out.

    Raises:
        StackError: The file is missing, holds no sample, or is none of a journal's.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise StackError(explain("samples in JSON lines", f"{path} can't be read ({error})")) from error
    boot, samples = "", []
    for number, line in enumerate(text.split("\n")[:-1], start=1):
        try:
            told = json.loads(line)
            if number > 1:
                samples.append(_sample(told))
            elif told["format"] == FORMAT:
                boot = str(told["boot"])
            else:
                raise StackError(explain(f"samples of format {FORMAT}", f"format {told['format']} in {path}"))
        except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
            raise StackError(explain("samples in JSON lines", f"line {number} of {path} is none ({error!r})")) from error
    if not samples:
        raise StackError(explain("samples in JSON lines", f"there is none in {path}"))
    return Kept(path, boot, samples)


def _sample(line: Mapping[str, Any]) -> Sample:
    return Sample(
        float(line["at"]),
        {str(operation): int(number) for operation, number in line["operations"].items()},
        {(str(name), str(metric)): float(value) for name, of in line["values"].items() for metric, value in of.items()},
        {str(name): tuple(procfs.ProcessId(int(pid), int(at)) for pid, at in roots) for name, roots in line["roots"].items()},
    )


def _told(roots: Processes | None) -> str:
    return "not watched" if roots is None else " and ".join(f"process {root.pid}" for root in roots) or "no process"
