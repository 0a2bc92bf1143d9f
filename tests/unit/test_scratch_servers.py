"""The scratch servers themselves: they answer, and nothing of them is left, however their user ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from support import servers
from support.project import ROOT
from support.waiting import until

HOLDER = """
import sys, signal
sys.path[:0] = {sources!r}
from support import servers
with servers.{name}() as server:
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])  # one that comes before the wait ends it, too
    print(server.pid, flush=True)
    signal.sigwait([signal.SIGINT])
    raise KeyboardInterrupt
"""


@pytest.mark.parametrize("name", ["postgres", "redis", "valkey", "clickhouse"])
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGKILL])
def test_server_ends_with_its_user(name: str, ending: signal.Signals) -> None:
    folders = ("tests", "libraries", "docker/embedded")
    code = HOLDER.format(sources=[str(ROOT / folder) for folder in folders], name=name)
    holder = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert holder.stdout is not None
    server = psutil.Process(int(holder.stdout.readline()))
    folder = Path(server.cwd())
    assert server.is_running()
    os.kill(holder.pid, ending)
    holder.wait(10)
    _gone(server)
    holder.stdout.close()
    folder = next(path for path in (folder, folder.parent) if path.name.startswith(servers.PREFIX))
    if ending == signal.SIGKILL:
        # Nobody was left to remove it; the next one to start a server does.
        with servers.redis():
            pass
    assert not folder.exists()


def _gone(process: psutil.Process) -> None:
    until(lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE, f"the end of {process}", 10)


def test_server_that_dies_at_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    with servers.redis() as running:
        monkeypatch.setattr(servers, "free_port", lambda: running.port)
        with pytest.raises(RuntimeError, match=r"(?s)redis-server.*ended with 1.*Address already in use"), servers.redis():
            pass
