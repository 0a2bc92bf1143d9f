"""Planting each bug in a copy of the platform and running its journey against the copy."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from .catalog import CatalogError, Defect
from .outcome import Outcome, judge

RUN_LIMIT = 150.0
"""Seconds after which a run is ended; a run that long is a miss in itself."""
PROJECT = ("docker", "libraries", "resources", "suites")
"""What a copy of the project is made of."""
LISTENER = Path(__file__).with_name("listener.py")
STOP_PATIENCE = 15.0
"""Seconds that an interrupted run has to stop its platform before it is killed; its reaper then cleans up."""


class Runner:
    """Runs journeys against planted copies, several at a time.

    Args:
        root: The repository's root.
        results: Folder for the runs' logs, one folder a bug.
        parallel: Runs at the same time, each with a platform of its own.
    """

    def __init__(self, root: Path, results: Path, parallel: int) -> None:
        self._root = root
        self._results = results.resolve()
        self._slots = asyncio.Semaphore(parallel)

    async def run(self, defects: list[Defect], tell: Callable[[Outcome], None]) -> list[Outcome]:
        """Plant every bug, and report each outcome as it is known."""

        async def one(defect: Defect) -> Outcome:
            await self._slots.acquire()
            outcome = await self._run(defect, self._slots.release)
            tell(outcome)
            return outcome

        return list(await asyncio.gather(*(one(defect) for defect in defects)))

    async def _run(self, defect: Defect, tests_are_over: Callable[[], None]) -> Outcome:
        started = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="planted-") as folder:
            try:
                project, options = self._copy(defect, Path(folder))
            except CatalogError as error:
                tests_are_over()
                return Outcome(defect, "error", 0.0, witness=str(error))
            output = self._results / defect.name
            shutil.rmtree(output, ignore_errors=True)
            output.mkdir(parents=True)
            in_time = await self._robot(defect, project, options, output, tests_are_over)
        seconds = time.monotonic() - started
        outcome = judge(defect, output / "output.xml", seconds)
        if not in_time and outcome.verdict != "killed":
            return replace(outcome, verdict="missed", witness=f"The run did not end within {RUN_LIMIT:g} s. {outcome.witness}")
        return outcome

    def _copy(self, defect: Defect, folder: Path) -> tuple[Path, list[str]]:
        """Make the planted copy; returns the project whose suites run, and Robot's options."""
        folder.chmod(0o711)  # services that don't run as the caller read their sources, too
        for name in PROJECT if defect.is_fault_off else ("docker",):
            # With its compiled modules, which stay good for what is not changed: every start gains from them.
            shutil.copytree(self._root / name, folder / name)
        if defect.is_fault_off:
            shutil.copy(self._root / "requirements.txt", folder)
            (folder / ".cache").symlink_to(self._root / ".cache")
            defect.plant(folder)
            return folder, []
        defect.plant(folder / "docker")
        return self._root, ["--variable", f"PLATFORM_SOURCES:{folder / 'docker'}"]

    async def _robot(
        self, defect: Defect, project: Path, options: list[str], output: Path, tests_are_over: Callable[[], None]
    ) -> bool:
        reading, writing = os.pipe()
        command = [
            sys.executable,
            "-m",
            "robot",
            "--outputdir",
            str(output),
            "--console",
            "quiet",
            "--report",
            "NONE",
            "--maxerrorlines",
            "400",
            "--listener",
            f"{LISTENER}:{writing}",
        ]
        command += options
        command += [word for variable in defect.variables.splitlines() for word in ("--variable", variable)]
        command += [word for pattern in defect.test.splitlines() for word in ("--test", pattern)]
        command.append(str(project / "suites" / f"{defect.journey}.robot"))
        with (output / "console.txt").open("wb") as console:
            process = await asyncio.create_subprocess_exec(
                *command, cwd=project, stdin=asyncio.subprocess.DEVNULL, stdout=console, stderr=console, pass_fds=[writing]
            )
            os.close(writing)
            # What stops meanwhile hardly disturbs what begins; two journeys at work would disturb each other.
            asyncio.get_running_loop().add_reader(reading, _once_closed, reading, tests_are_over)
            try:
                await asyncio.wait_for(process.wait(), RUN_LIMIT)
            except TimeoutError:
                return False
            finally:
                await _end(process)
        return True


def _once_closed(pipe: int, then: Callable[[], None]) -> None:
    """The other end was closed, by the listener or by the end of the run, whichever came first."""
    asyncio.get_running_loop().remove_reader(pipe)
    os.close(pipe)
    then()


async def _end(process: asyncio.subprocess.Process) -> None:
    """Interrupt a run that is still under way, and kill it when it doesn't stop."""
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGINT)
        try:
            await asyncio.wait_for(process.wait(), STOP_PATIENCE)
        except TimeoutError:
            process.kill()
            await process.wait()
