"""How tools run Robot Framework as a process of their own."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

INTERRUPTED = 130
"""Exit code of a tool that Ctrl-C ended: 128 and the signal's number, as shells have it."""


def end_like_ctrl_c() -> None:
    """From now on whoever asks this tool to end (SIGTERM) is heard as Ctrl-C is: it ends its runs and leaves nothing."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def quietly(output: Path) -> list[str]:
    """Robot's options for a run that prints nothing but errors, with the same figures on every machine.

    Args:
        output: Where its output.xml and log.html go.
    """
    return ["--outputdir", str(output), "--console", "quiet", "--report", "NONE", "--variable", "PROFILE:fast"]


def robot(output: Path) -> list[str]:
    """The beginning of a command that runs Robot silently; options and suites follow.

    Robot stops its platform in good order also when the process that started it is killed.

    Args:
        output: Where its output.xml and log.html go.
    """
    return ["setpriv", "--pdeathsig=TERM", "--", sys.executable, "-m", "robot", *quietly(output)]
