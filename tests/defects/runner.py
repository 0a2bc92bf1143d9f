"""Planting each bug in a copy of the platform and running its journey against the copy."""

from __future__ import annotations

import asyncio
import contextlib
import math
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

from support.robot_run import quietly

from .catalog import CatalogError, Defect
from .outcome import Outcome, judge
from .runs import Run, Runs

RUN_LIMIT = 150.0
"""Seconds after which a run is ended; a run that long is a miss in itself."""
PROJECT = ("docker", "libraries", "resources", "suites")
"""What a copy of the project is made of."""
LISTENER = Path(__file__).with_name("listener.py")
COPIES = "planted-"
"""What folders with a planted copy are called. They lie in the results; what a killed run has left goes with the next one."""
STOP_PATIENCE = 15.0
"""Seconds that an interrupted run has to stop its platform before it is killed; its reaper then cleans up."""


class TooLateError(Exception):
    """No run is begun any more."""


class Runner:
    """Runs journeys against planted copies, several at a time.

    Most of a run's time is spent before and after its tests. So the next run loads its libraries while the platform of the
    last one starts (`runs.py`), and starts its own while that of the last one stops. No test runs beside anything of another
    run, unless there are cores for both.

    Args:
        root: The repository's root.
        results: Folder for the runs' logs.
        parallel: Runs at work at the same time, each with a platform of its own.
        options: Robot's, for all runs.
        until: When, by `time.monotonic`, the last run may begin.
    """

    def __init__(self, root: Path, results: Path, parallel: int, options: Sequence[str] = (), *, until: float = math.inf) -> None:
        self._root = root
        self._options = options
        self._until = until
        self._results = results.resolve()
        self._loading = asyncio.Semaphore(parallel)
        self._at_work = asyncio.Semaphore(parallel)

    async def run(self, defects: list[Defect], tell: Callable[[Outcome], None], times: int = 1) -> None:
        """Plant every bug so many times, and tell each outcome as it is known.

        The log of a bug is in the folder of its name; where it is tried several times, in a folder there for each try. Of
        those for which it is too late nothing is told.
        """

        async def one(defect: Defect, number: int) -> None:
            log = Path(defect.name, str(number)) if times > 1 else Path(defect.name)
            with contextlib.suppress(TooLateError):
                tell(replace(await self.plant(defect, log), number=number, log=str(log)))

        self._results.mkdir(parents=True, exist_ok=True)
        for left in (*(self._results / defect.name for defect in defects), *self._results.glob(f"{COPIES}*")):
            shutil.rmtree(left, ignore_errors=True)
        async with self:
            await asyncio.gather(*(one(defect, number) for defect in defects for number in range(1, times + 1)))

    async def __aenter__(self) -> Self:
        """Load what all runs need."""
        self._runs = await Runs(self._root).__aenter__()
        return self

    async def __aexit__(self, *_error: object) -> None:
        """Take no more runs."""
        await self._runs.__aexit__()

    async def plant(self, defect: Defect, log: Path) -> Outcome:
        """Plant one bug and run its journey, all of them where it names none; the log is in a folder that is not there yet.

        Raises:
            TooLateError: Its turn came after the last run may begin.
        """
        async with contextlib.AsyncExitStack() as loading:
            await loading.enter_async_context(self._loading)
            if time.monotonic() > self._until:
                raise TooLateError
            with tempfile.TemporaryDirectory(prefix=COPIES, dir=self._results) as folder:
                try:
                    project, options = self._copy(defect, Path(folder))
                except CatalogError as error:
                    return Outcome(defect, "error", 0.0, witness=str(error))
                output = self._made(log)
                suite = f"suites/{defect.journey}.robot" if defect.journey else "suites"
                seconds = await self._robot([*options, *self._options, *_options(defect), suite], project, output, loading)
        outcome = judge(defect, output / "output.xml", seconds)
        if seconds >= RUN_LIMIT and outcome.verdict != "killed":
            return replace(outcome, verdict="missed", witness=f"The run did not end within {RUN_LIMIT:g} s. {outcome.witness}")
        return outcome

    def _made(self, log: Path) -> Path:
        folder = self._results / log
        folder.mkdir(parents=True)
        return folder

    def _copy(self, defect: Defect, folder: Path) -> tuple[Path, list[str]]:
        """Make the planted copy; returns the project whose suites run, and Robot's options."""
        folder.chmod(0o711)  # services that don't run as the caller read their sources, too
        for name in PROJECT if defect.is_fault_off else (defect.sources,):
            # With its compiled modules, which stay good for what is not changed: every start gains from them.
            shutil.copytree(self._root / name, folder / name)
        if defect.is_fault_off:
            shutil.copy(self._root / "requirements.txt", folder)
            (folder / ".cache").symlink_to(self._root / ".cache")
            defect.plant(folder)
            return folder, []
        defect.plant(folder / defect.sources)
        platform = ["--variable", f"PLATFORM:{defect.platform}"] if defect.platform else []
        return self._root, [*platform, "--variable", f"PLATFORM_SOURCES:{folder / defect.sources}"]

    async def _robot(self, arguments: list[str], project: Path, output: Path, loading: contextlib.AsyncExitStack) -> float:
        """Run Robot; the next run loads, and goes to work, as soon as this one has come so far.

        Returns:
            Seconds from the start of the platform on; `RUN_LIMIT` where the run had to be ended.
        """
        async with self._started(arguments, project, output) as (run, reader, writer), contextlib.AsyncExitStack() as working:
            await working.enter_async_context(self._at_work)
            started = time.monotonic()
            try:
                async with asyncio.timeout(RUN_LIMIT):
                    writer.write(b"g")
                    await loading.aclose()
                    with contextlib.suppress(ConnectionError):
                        await reader.read()  # nothing but its end: the last test has ended, or the run has
                    await working.aclose()
                    await run.wait()
            except TimeoutError:
                return RUN_LIMIT
            return time.monotonic() - started

    @contextlib.asynccontextmanager
    async def _started(
        self, arguments: list[str], project: Path, output: Path
    ) -> AsyncIterator[tuple[Run, asyncio.StreamReader, asyncio.StreamWriter]]:
        """A run that loads its libraries and then waits for a byte (`listener.py`); it is ended if it doesn't end by itself."""
        arguments = [*quietly(output), "--maxerrorlines", "400", *arguments]
        ours, theirs = socket.socketpair()
        reader, writer = await asyncio.open_connection(sock=ours)
        try:
            with theirs, (output / "console.txt").open("wb") as console:
                run = await self._runs.start(project, LISTENER, arguments, console, theirs)
            with contextlib.closing(run):
                try:
                    yield run, reader, writer
                finally:
                    await _end(run)
        finally:
            writer.close()


def _options(defect: Defect) -> list[str]:
    return [word for pattern in defect.test.splitlines() for word in ("--test", pattern)]


async def _end(run: Run) -> None:
    """Interrupt a run that is still under way, and kill it when it doesn't stop."""
    if run.is_over:
        return
    run.signal(signal.SIGINT)
    try:
        await asyncio.wait_for(run.wait(), STOP_PATIENCE)
    except TimeoutError:
        run.signal(signal.SIGKILL)
        await run.wait()
