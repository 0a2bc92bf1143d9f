"""Peers from npm: nothing of them is left, however their user ends."""

from __future__ import annotations

import signal
import subprocess
import sys

import psutil
import pytest

from support.node_peers import peer
from support.project import ROOT
from support.waiting import until

HOLDER = f"""
import sys, signal
sys.path.append({str(ROOT / "tests")!r})
from support.node_peers import peer
with peer("ws/server.mjs") as running:
    running.ask({{}})
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])  # one that comes before the wait ends it, too
    print(running.pid, flush=True)
    signal.sigwait([signal.SIGINT])
    raise KeyboardInterrupt
"""


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGKILL])
def test_peer_ends_with_its_user(ending: signal.Signals) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLDER], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert holder.stdout is not None
    running = psutil.Process(int(holder.stdout.readline()))
    assert "node" in running.name()
    holder.send_signal(ending)
    holder.wait(10)
    until(lambda: not running.is_running() or running.status() == psutil.STATUS_ZOMBIE, f"the end of {running}")
    holder.stdout.close()


def test_peer_that_is_missing_says_so() -> None:
    with peer("ws/nothing.mjs") as running, pytest.raises(AssertionError, match=r"(?s)the peer ended: .*nothing\.mjs"):
        running.ask({})
