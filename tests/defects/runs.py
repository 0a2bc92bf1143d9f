"""Runs of Robot Framework that begin with everything loaded but the project: forks of one process (`loaded.py`)."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import select
import signal
import socket
import sys
from pathlib import Path
from typing import BinaryIO, Self

_LOADED = Path(__file__).with_name("loaded.py")


class Run:
    """One run; closed by its user.

    Args:
        process: A descriptor of its process, which stays that process's whatever becomes of its number.
    """

    def __init__(self, process: int) -> None:
        self._process = process

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return bool(select.select([self._process], [], [], 0)[0])

    async def wait(self) -> None:
        """Wait until it has ended."""
        await _readable(self._process)

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal; nothing happens where it has ended."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._process, number)

    def close(self) -> None:
        """Forget it."""
        os.close(self._process)


class Runs:
    """Starts runs.

    Args:
        root: The repository's root, whose `libraries` tell what to load.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._control, self._theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._one_at_a_time = asyncio.Lock()

    async def __aenter__(self) -> Self:
        """Begin to load; a run may be started at once."""
        with self._theirs as theirs:
            self._process = await asyncio.create_subprocess_exec(
                # Without the folder of the script among those that modules are looked for in.
                *(sys.executable, "-P", str(_LOADED), str(theirs.fileno()), str(self._root)),
                cwd=self._root,
                stdin=asyncio.subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )
        return self

    async def __aexit__(self, *_error: object) -> None:
        """Take no more; runs that are still under way are told to stop."""
        self._control.close()
        await self._process.wait()

    async def start(self, project: Path, listener: Path, arguments: list[str], console: BinaryIO, talk: socket.socket) -> Run:
        """Start a run.

        Args:
            project: Its working folder, whose `libraries` it takes.
            listener: A Robot listener, which gets the number of its end of `talk`.
            arguments: Robot's arguments.
            console: Where its output goes.
            talk: The listener's socket; the caller may close it afterwards.

        Raises:
            RuntimeError: The process that is forked has ended.
        """
        order = json.dumps({"project": str(project), "listener": str(listener), "arguments": arguments})
        async with self._one_at_a_time:
            with contextlib.suppress(BrokenPipeError):  # its end is read below
                socket.send_fds(self._control, [order.encode()], [console.fileno(), talk.fileno()])
            await _readable(self._control.fileno())
            _, descriptors, _, _ = socket.recv_fds(self._control, 1, 1)
        if not descriptors:
            msg = "The process that runs are forked from has ended; what it said stands above."
            raise RuntimeError(msg)
        return Run(descriptors[0])


async def _readable(descriptor: int) -> None:
    loop = asyncio.get_running_loop()
    there = asyncio.Event()
    loop.add_reader(descriptor, there.set)
    try:
        await there.wait()
    finally:
        loop.remove_reader(descriptor)
