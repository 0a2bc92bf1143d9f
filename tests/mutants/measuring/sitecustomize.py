"""Stands beside the services' common code while it is measured what tests reach: each process writes down which lines it runs.

The test that runs stands in the file `test` of the folder that the file `folder` beside this module names. What was seen is saved
every moment, because services are killed in tests.
"""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

from coverage import Coverage

EVERY = 0.1
HERE = Path(__file__).resolve().parent
FOLDER = Path((HERE / "folder").read_text(encoding="utf-8"))


def _follow(run: Coverage) -> None:
    known = ""
    while True:
        test = (FOLDER / "test").read_text(encoding="utf-8")
        if test != known:
            run.switch_context(test)
            known = test
        run.save()
        time.sleep(EVERY)


_run = Coverage(
    data_file=str(FOLDER / f"lines.{os.getpid()}.{time.monotonic_ns()}"), include=[f"{HERE.parent}/*"], config_file=False
)
_run.start()
threading.Thread(target=_follow, args=(_run,), name="coverage", daemon=True).start()
