"""How tools run Robot Framework as a process of their own."""

from __future__ import annotations

import sys
from pathlib import Path


def robot(output: Path) -> list[str]:
    """The beginning of a command that runs Robot silently; options and suites follow.

    Robot stops its platform in good order also when the process that started it is killed.

    Args:
        output: Where its output.xml and log.html go.
    """
    dies_with_its_parent = ["setpriv", "--pdeathsig=TERM", "--"]
    return [
        *dies_with_its_parent,
        sys.executable,
        "-m",
        "robot",
        "--outputdir",
        str(output),
        "--console",
        "quiet",
        "--report",
        "NONE",
    ]
