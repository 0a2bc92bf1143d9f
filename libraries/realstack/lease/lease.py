"""The run's side of its lease: a data folder, a marker, and the reaper that ends what the run leaves behind.

```python
lease = current_lease()
table = f"realstack_{lease.run_id}"
registration = lease.on_end(delete_nft_table(table))
…
registration.cancel()          # the table has been deleted in good order
```
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from realstack.core import procfs
from realstack.core.errors import StackError, explain
from realstack.lease import actions, ending, temporary
from realstack.lease.marker import MARKER, mark_this_process, unmark_this_process

ANSWER_SECONDS = 5.0
"""How long the reaper may take for an answer; it does nothing that takes longer than a process start."""

END_SECONDS = actions.COMPOSE_SECONDS + 10.0
"""How long the reaper may take to end everything; what takes longest is removing a Compose project."""


class ReaperLost(StackError):
    """The reaper does not answer any more; somebody ended it."""


class Child:
    """A process that the reaper started for this run.

    Attributes:
        identity: Its number and start time.
        ended: Becomes its exit code (negative: the signal that ended it) when it has ended.
    """

    def __init__(self, identity: procfs.ProcessId) -> None:
        self.identity = identity
        self.ended: Future[int] = Future()

    @property
    def pid(self) -> int:
        """Its process number."""
        return self.identity.pid

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return procfs.is_alive(self.identity)


class Registration:
    """A clean-up action that waits for the run's end."""

    def __init__(self, lease: Lease, key: str) -> None:
        self._lease = lease
        self._key = key

    def cancel(self) -> None:
        """Forget the action, because it has been done."""
        self._lease._forget(self._key)


def runs_folder() -> Path:
    """The folder that holds the data folders of this user's runs, made when missing.

    It lies in the temporary directory, may be entered by everybody (PostgreSQL runs as another user under root)
    and written by its owner alone.

    Raises:
        StackError: Somebody else made a folder of that name.
    """
    folder = Path(tempfile.gettempdir()) / f"realstack-{os.geteuid()}"
    folder.mkdir(mode=0o711, exist_ok=True)
    found = folder.lstat()
    if found.st_uid != os.geteuid() or folder.is_symlink() or not folder.is_dir():
        raise StackError(
            explain(
                f"'{folder}' is a folder of this user (UID {os.geteuid()}).",
                f"It belongs to UID {found.st_uid}." if found.st_uid != os.geteuid() else "It is no plain folder.",
                remedy="Delete it, or set TMPDIR to a folder of your own.",
            )
        )
    folder.chmod(0o711)
    return folder


class Lease:
    """What a run holds while it lives.

    Args:
        log: File for the reaper's own messages; in the data folder when not given (and then gone with it).

    Attributes:
        run_id: The run's id: 12 hexadecimal digits.
        folder: The run's data folder, mode 0711; it disappears with the run.
        swept: What was swept up of earlier runs, a sentence each.
    """

    def __init__(self, log: Path | None = None) -> None:
        self.run_id = mark_this_process()
        runs = runs_folder()
        self.swept = ending.sweep(runs)
        self.folder = runs / self.run_id
        self._lock_handle = self._make_folder(runs)
        self._children: dict[int, Child] = {}
        self._answers: dict[int, Future[dict[str, Any]]] = {}
        self._actions: dict[str, actions.Action] = {}
        self._guard = threading.RLock()
        self._next_id = 0
        self._owner = os.getpid()
        self._closed = False
        self._lost = threading.Event()
        self._ready = threading.Event()
        self._on_exit: list[Callable[[Child, int], None]] = []
        self._control, theirs = socket.socketpair()
        self._reaper = self._start_reaper(theirs, log or self.folder / "reaper.log")
        theirs.close()
        threading.Thread(target=self._listen, name="realstack-lease", daemon=True).start()
        self._write_record()
        atexit.register(self.close)
        if not self._ready.wait(ANSWER_SECONDS):
            raise ReaperLost(f"The reaper did not start; its log is '{log or self.folder / 'reaper.log'}'.")
        temporary.hold_all(lambda folder: self.on_end(actions.remove_temporary_folder(str(folder))).cancel)

    def _make_folder(self, runs: Path) -> int:
        all_runs = ending.lock_runs(runs)
        try:
            self.folder.mkdir(mode=0o711)
            self.folder.chmod(0o711)
            handle = os.open(self.folder / actions.LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            fcntl.flock(handle, fcntl.LOCK_EX)
        finally:
            os.close(all_runs)
        return handle

    def _start_reaper(self, theirs: socket.socket, log: Path) -> subprocess.Popen[bytes]:
        libraries = str(Path(__file__).resolve().parents[2])
        start = f"import sys; sys.path.insert(0, {libraries!r}); from realstack.lease.reaper import main; main(sys.argv[2:])"
        me = procfs.stat(os.getpid())
        assert me is not None
        arguments = [self.run_id, str(self.folder), str(theirs.fileno()), str(me.pid), str(me.started)]
        environment = {name: value for name, value in os.environ.items() if name != MARKER}
        log.parent.mkdir(parents=True, exist_ok=True)
        with open(log, "ab") as messages:
            return subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", start, "realstack-reaper", *arguments],
                env=environment,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=messages,
                stderr=messages,
                start_new_session=True,
                # The descriptor of the lock goes along: the lock is free only when both processes are gone.
                pass_fds=(theirs.fileno(), self._lock_handle),
            )

    @property
    def reaper_pid(self) -> int:
        """Process number of the reaper."""
        return self._reaper.pid

    def on_exit(self, callback: Callable[[Child, int], None]) -> None:
        """Have a function called, in a background thread, for every service that ends, with its exit code."""
        self._on_exit.append(callback)

    def spawn(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path,
        log: Path,
        user: str | None = None,
        end_signal: signal.Signals = signal.SIGKILL,
    ) -> Child:
        """Start a process as a child of the reaper, in a session of its own.

        Args:
            argv: Program and arguments; never a shell's string.
            env: Its whole environment; the run's marker is added.
            cwd: Its working folder, inside the run's data folder.
            log: File that its output is appended to.
            user: Account to run as; the caller's when not given.
            end_signal: What the reaper sends first when the run has ended; it kills what is still there a second later.

        Raises:
            StackError: The program could not be started.
            ReaperLost: The reaper is gone.
        """
        request = {
            "op": "spawn",
            "argv": list(argv),
            "env": dict(env),
            "cwd": str(cwd),
            "log": str(log),
            "user": user,
            "end_signal": int(end_signal),
        }
        with self._guard:  # so that an early exit event finds the child
            answer = self._ask(request)
            if "error" in answer:
                raise StackError(
                    explain(
                        f"'{argv[0]}' starts.", answer["error"], remedy="Look whether the program is installed and may be run."
                    )
                )
            child = Child(procfs.ProcessId(answer["pid"], answer["started"]))
            self._children[child.pid] = child
        return child

    def on_end(self, action: actions.Action) -> Registration:
        """Register what must be undone when the run ends in any way; see `realstack.lease.actions`."""
        key = secrets.token_hex(8)
        with self._guard:
            self._actions[key] = action
            self._write_record()
        self._ask({"op": "on-end", "key": key, "action": action})
        return Registration(self, key)

    def _forget(self, key: str) -> None:
        with self._guard:
            if self._actions.pop(key, None) is None or self._closed:
                return
            self._write_record()
        with contextlib.suppress(ReaperLost):  # which does nothing at the end, then
            self._ask({"op": "forget", "key": key})

    def close(self) -> list[str]:
        """End all services of the run, undo what was registered, delete the data folder.

        What this process started by itself, such as the browser's server, goes on until this process ends; so do its folders for
        temporary files, which the reaper removes then.

        Returns:
            What could not be done, a sentence each.
        """
        if self._closed or os.getpid() != self._owner:
            return []
        temporary.let_go()  # outside the guard: whoever makes a folder there comes here second
        with self._guard:
            if self._closed:
                return []
            self._closed = True
        atexit.unregister(self.close)
        unmark_this_process(self.run_id)
        try:
            problems: list[str] = self._ask({"op": "end"}, END_SECONDS).get("problems", [])
        except ReaperLost:
            self._reaper.kill()
            self._reaper.wait()
            to_do = [action for action in self._actions.values() if not actions.waits_for_the_process(action)]
            problems = ending.end_run(self.run_id, str(self.folder), to_do)
        self._control.close()
        os.close(self._lock_handle)
        return problems

    def _write_record(self) -> None:
        record = self.folder / actions.LEASE_FILE
        fresh = record.with_suffix(".new")
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump({"run": self.run_id, "owner": self._owner, "actions": list(self._actions.values())}, file)
        fresh.replace(record)

    def _ask(self, request: dict[str, Any], seconds: float = ANSWER_SECONDS) -> dict[str, Any]:
        answer: Future[dict[str, Any]] = Future()
        with self._guard:
            self._next_id += 1
            number = self._next_id
            self._answers[number] = answer
            try:
                self._control.sendall(json.dumps({"id": number, **request}).encode() + b"\n")
            except OSError as error:
                raise self._reaper_lost() from error
        if self._lost.is_set() and not answer.done():
            raise self._reaper_lost()
        try:
            return answer.result(seconds)
        except TimeoutError as error:
            raise self._reaper_lost() from error

    def _reaper_lost(self) -> ReaperLost:
        return ReaperLost(
            explain(
                f"The run's reaper (PID {self._reaper.pid}) answers.",
                f"It is gone (exit code {self._reaper.poll()})." if self._reaper.poll() is not None else "It is silent.",
                remedy="Start the run again; whatever is left of this one is swept up by the next.",
            )
        )

    def _listen(self) -> None:
        buffer = b""
        while True:
            try:
                data = self._control.recv(1 << 16)
            except OSError:
                data = b""
            if not data:
                break
            *lines, buffer = (buffer + data).split(b"\n")
            for line in lines:
                self._hear(json.loads(line))
        self._lost.set()
        self._ready.set()
        for answer in list(self._answers.values()):
            if not answer.done():
                answer.set_exception(self._reaper_lost())

    def _hear(self, message: dict[str, Any]) -> None:
        if "id" in message:
            answer = self._answers.pop(message["id"], None)
            if answer is not None:
                answer.set_result(message)
        elif message["event"] == "ready":
            self._ready.set()
        elif message["event"] == "exit":
            threading.Thread(target=self._note_exit, args=(message,), daemon=True).start()

    def _note_exit(self, message: dict[str, Any]) -> None:
        # In a thread of its own, because spawn() holds the guard until the child is known.
        with self._guard:
            child = self._children.get(message["pid"])
        if child is None or child.identity.started != message["started"] or child.ended.done():
            return
        # First those who keep account of ends: who waits for this one may look into their books at once.
        for callback in self._on_exit:
            callback(child, message["status"])
        child.ended.set_result(message["status"])


_current: Lease | None = None
_current_guard = threading.RLock()


def current_lease(log: Path | None = None) -> Lease:
    """The lease of this process, taken at first use."""
    global _current  # noqa: PLW0603 -- one process, one run, one lease
    with _current_guard:
        if _current is None or _current._closed or _current._owner != os.getpid():
            _current = Lease(log)
        return _current
