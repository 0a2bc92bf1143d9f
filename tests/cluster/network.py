"""The network between machines: packets go to whom they are for, after as long as the ways of both ends take."""

from __future__ import annotations

import heapq
import itertools
import os
import selectors
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cluster.machine import tun

HERE = "10.9.0.1"
PATIENCE = 20.0
LARGEST_PACKET = 65536


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine that runs something.

    Attributes:
        pid: Process id of what it runs.
        process: The process that is the machine.
    """

    pid: int
    process: subprocess.Popen[bytes]


class Network:
    """A network of machines, and of this process, whose network namespace must be one of its own."""

    def __init__(self) -> None:
        self.machines: list[Machine] = []
        self._ways: dict[bytes, tuple[int, float]] = {}
        self._selector = selectors.DefaultSelector()
        self._flying: list[tuple[float, int, int, bytes]] = []
        self._numbers = itertools.count()
        self._over = threading.Event()
        self._join(HERE, tun(HERE), 0.0)
        self._thread = threading.Thread(target=self._carry, name="network", daemon=True)
        self._thread.start()

    def start(self, address: str, command: Sequence[str], *, latency: float = 0.0, clock: float = 0.0) -> Machine:
        """Start a machine.

        Args:
            address: Its own, in 10.9.0.0/24.
            command: What it runs.
            latency: Seconds that each packet takes on its way there, and on its way from there.
            clock: Seconds that its monotonic clock is ahead.
        """
        ours, theirs = socket.socketpair()
        with ours, theirs:
            arguments = [str(Path(__file__).with_name("machine.py")), str(theirs.fileno()), address, str(round(clock * 1000))]
            process = subprocess.Popen([sys.executable, *arguments, *command], pass_fds=[theirs.fileno()])
            theirs.close()
            ours.settimeout(PATIENCE)
            told, devices, *_ = socket.recv_fds(ours, 32, 1)
        if not told:
            raise RuntimeError(f"The machine {address} ended with exit code {process.wait()}")
        machine = Machine(int(told), process)
        self.machines.append(machine)
        self._join(address, devices[0], latency)
        return machine

    def close(self) -> None:
        """End all machines."""
        for machine in self.machines:
            machine.process.kill()
            machine.process.wait()
        self._over.set()
        self._thread.join()
        self._selector.close()
        for device, _ in self._ways.values():
            os.close(device)

    def _join(self, address: str, device: int, latency: float) -> None:
        os.set_blocking(device, False)
        self._ways[socket.inet_aton(address)] = device, latency
        self._selector.register(device, selectors.EVENT_READ, latency)

    def _carry(self) -> None:
        while not self._over.is_set():
            pause = max(0.0, min(0.02, self._flying[0][0] - time.monotonic())) if self._flying else 0.02
            for key, _ in self._selector.select(pause):
                self._take(key.fd, key.data)
            while self._flying and self._flying[0][0] <= time.monotonic():
                _, _, device, packet = heapq.heappop(self._flying)
                os.write(device, packet)

    def _take(self, device: int, latency: float) -> None:
        packet = os.read(device, LARGEST_PACKET)
        way = self._ways.get(packet[16:20]) if packet[0] >> 4 == 4 else None  # IPv6 looks for its neighbours
        if way is not None:
            heapq.heappush(self._flying, (time.monotonic() + latency + way[1], next(self._numbers), way[0], packet))
