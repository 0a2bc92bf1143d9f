"""The small process that starts a run's services and outlives the run just long enough to end them.

It is the parent of every service, and a *subreaper*: whatever a service leaves behind, double forks included, comes back to it.
So everything below it is the run's, and nothing else is; no number can be mistaken. It waits on the run with a
file descriptor of the process itself, so it notices any kind of end, `SIGKILL` included. Should the reaper be
killed itself, the kernel kills the services (parent-death signal), and the run, or the next one, sweeps up the rest.

It talks with the run over a socket, one JSON object a line. Requests bear an `id` and are answered with it:

- `{"op":"spawn","argv","env","cwd","log","user","end_signal"}` → `{"pid","started"}` or `{"error"}`
- `{"op":"on-end","key","action"}`, `{"op":"forget","key"}` → `{}`
- `{"op":"end"}` → ends everything but what the run itself started (its browser) and its folders for temporary files, then
  `{"problems":[…]}`; the reaper stays, to end and remove these as well when the run is over

and, without an `id`, `{"event":"exit","pid","started","status"}` with the wait status of a service that ended.
Standard library only; it starts within a few hundredths of a second.
"""

from __future__ import annotations

import ctypes
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any

from realstack.core import procfs
from realstack.lease import actions
from realstack.lease.ending import STILL_SECONDS, end_run, recorded
from realstack.lease.marker import MARKER

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_LIBC = ctypes.CDLL(None, use_errno=True)


def _prctl(option: int, value: int) -> None:
    if _LIBC.prctl(option, ctypes.c_ulong(value), 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _die_with_parent() -> None:
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Service:
    """A process that the run asked for."""

    def __init__(self, process: subprocess.Popen[bytes], started: int, end_signal: int) -> None:
        self.process = process
        self.identity = procfs.ProcessId(process.pid, started)
        self.end_signal = end_signal


class Reaper:
    """Starts, collects and finally ends the processes of one run.

    Args:
        run_id: The run's id, which its processes bear as a marker.
        folder: The run's data folder.
        control: The socket to the run.
        owner: The run's own process.
    """

    def __init__(self, run_id: str, folder: str, control: socket.socket, owner: procfs.ProcessId) -> None:
        self._run_id = run_id
        self._folder = folder
        self._control = control
        self._owner = owner
        self._services: dict[int, Service] = {}
        self._actions: dict[str, actions.Action] = {}
        self._selector = selectors.DefaultSelector()
        self._buffer = b""
        self._ending = False
        self._released = False

    def serve(self) -> None:
        """Work until the run ends or asks for the end; then end everything."""
        _prctl(_PR_SET_CHILD_SUBREAPER, 1)
        wake_out, wake_in = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(wake_in, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, self._asked_to_end)
        for ignored in (signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
            signal.signal(ignored, signal.SIG_IGN)
        self._selector.register(wake_out, selectors.EVENT_READ, "wake")
        self._selector.register(self._control, selectors.EVENT_READ, "control")
        try:
            self._selector.register(os.pidfd_open(self._owner.pid), selectors.EVENT_READ, "owner")
        except ProcessLookupError:
            self._ending = True
        if not procfs.is_alive(self._owner):
            self._ending = True
        self._send({"event": "ready"})
        while not self._ending:
            for key, _ in self._selector.select():
                if key.data == "wake":
                    os.read(wake_out, 4096)
                    self._collect()
                elif key.data == "control":
                    self._receive()
                else:
                    self._ending = True
        # The run writes down what it is about to make, then tells; it may have been killed in between.
        told = list(self._actions.values())
        to_do = told + [action for action in recorded(Path(self._folder)) if action not in told]
        for problem in self._end(to_do, still=STILL_SECONDS):
            print(problem, file=sys.stderr, flush=True)

    def _asked_to_end(self, *_: Any) -> None:
        self._ending = True

    def _send(self, message: dict[str, Any]) -> None:
        try:
            self._control.sendall(json.dumps(message).encode() + b"\n")
        except OSError:  # the run is gone; its end is noticed by the selector
            self._ending = True

    def _receive(self) -> None:
        try:
            data = self._control.recv(1 << 16)
        except ConnectionError:
            data = b""
        if not data:
            self._selector.unregister(self._control)
            self._ending = not self._released
            return
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            request = json.loads(line)
            try:
                answer = self._handle(request)
            except (OSError, KeyError, ValueError, LookupError, subprocess.SubprocessError) as error:
                answer = {"error": f"{type(error).__name__}: {error}"}
            self._send({"id": request["id"], **answer})

    def _handle(self, request: dict[str, Any]) -> dict[str, Any]:
        match request["op"]:
            case "spawn":
                return self._spawn(request)
            case "on-end":
                self._actions[request["key"]] = request["action"]
            case "forget":
                self._actions.pop(request["key"], None)
            case "end":
                self._released = True
                now = [action for action in self._actions.values() if not actions.waits_for_the_process(action)]
                self._actions = {key: action for key, action in self._actions.items() if action not in now}
                return {"problems": self._end(now, self._started_by_the_run())}
            case unknown:
                raise ValueError(f"unknown request '{unknown}'")
        return {}

    def _spawn(self, request: dict[str, Any]) -> dict[str, Any]:
        user: str | None = request["user"]
        as_user: dict[str, Any] = {"user": user, "group": user, "extra_groups": []} if user else {}
        with open(request["log"], "ab") as log:
            process = subprocess.Popen(
                request["argv"],
                env={**request["env"], MARKER: self._run_id},
                cwd=request["cwd"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_die_with_parent,  # noqa: PLW1509 -- this process has one thread
                **as_user,
            )
        found = procfs.stat(process.pid)  # not collected yet, so there is always an answer
        started = found.started if found else 0
        self._services[process.pid] = Service(process, started, request["end_signal"])
        return {"pid": process.pid, "started": started}

    def _collect(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            service = self._services.pop(pid, None)
            if service is not None:
                service.process.returncode = os.waitstatus_to_exitcode(status)
                self._send(
                    {"event": "exit", "pid": pid, "started": service.identity.started, "status": service.process.returncode}
                )

    def _started_by_the_run(self) -> set[int]:
        mine = {process.pid for process in procfs.descendants([os.getpid()])}
        return {process.pid for process in procfs.descendants([self._owner.pid])} - mine

    def _end(self, to_do: list[actions.Action], spared: Collection[int] = (), still: float = 0.0) -> list[str]:
        gentle = [(service.identity, signal.Signals(service.end_signal)) for service in self._services.values()]
        problems = end_run(
            self._run_id,
            self._folder,
            to_do,
            gentle,
            own_children=True,
            exclude={self._owner.pid, *spared},
            still=still,
        )
        self._services.clear()
        return problems


def main(arguments: list[str]) -> None:
    """Run a reaper; its arguments are run id, data folder, socket's descriptor, and the owner's number and start time."""
    run_id, folder, descriptor, owner, owner_started = arguments
    control = socket.socket(fileno=int(descriptor))
    control.set_inheritable(False)
    try:
        Reaper(run_id, folder, control, procfs.ProcessId(int(owner), int(owner_started))).serve()
    finally:
        print(time.strftime("%Y-%m-%dT%H:%M:%SZ reaper ended", time.gmtime()), file=sys.stderr, flush=True)
