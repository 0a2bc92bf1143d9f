"""`python -m bench`: measure, print the table, write `results/bench.json` and `results/bench.html`."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import json
import os
import platform
import time
from collections.abc import Callable, Coroutine
from dataclasses import asdict
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from . import views
from .measure import Figure

ROWS = ("wire", "sockets", "load", "truth", "databases", "keywords", "faults", "proxy", "leaks", "laws", "start", "journeys")
"""Modules of this package; each has ``measure(folder)``, and its docstring says what is measured."""

Measure = Callable[[Path], list[Figure] | Coroutine[Any, Any, list[Figure]]]


def main() -> int:
    """Measure all rows, or some of them; what was measured of the others stays in the files."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--results", type=Path, default=Path("results"))
    parser.add_argument("--only", default="*", help=f"patterns of rows, with commas between: {', '.join(ROWS)}")
    options = parser.parse_args()
    patterns = [pattern.strip() for pattern in options.only.split(",")]
    wanted = [row for row in ROWS if any(fnmatch(row, pattern) for pattern in patterns)]
    if not wanted:
        parser.error(f"there is no row {options.only!r}")
    folder = options.results.resolve()
    file = folder / "bench.json"
    rows: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    folder.mkdir(parents=True, exist_ok=True)
    for row in wanted:
        rows[row] = _measured(row, folder / "bench")
        print(f"\n{row}: {rows[row]['about']}\n{views.console([Figure(**one) for one in rows[row]['figures']])}", flush=True)
        ordered = {name: rows[name] for name in ROWS if name in rows}
        file.write_text(json.dumps(ordered, indent=2) + "\n", encoding="utf-8")
        (folder / "bench.html").write_text(views.html(ordered), encoding="utf-8")
    print(f"\n{folder / 'bench.html'}")
    return 0


def _measured(row: str, folder: Path) -> dict[str, Any]:
    module = importlib.import_module(f"bench.{row}")
    began, busy = time.monotonic(), os.getloadavg()[0]
    measure: Measure = module.measure
    found = measure(folder)
    figures = found if isinstance(found, list) else asyncio.run(found)
    machine = {
        "measured": time.strftime("%Y-%m-%d %H:%M", time.gmtime()),
        "seconds": round(time.monotonic() - began, 1),
        "cores": os.cpu_count(),
        "load before": round(busy, 2),
        "python": platform.python_version(),
    }
    about = " ".join((module.__doc__ or "").split())
    return {"about": about, "machine": machine, "figures": [asdict(one) for one in figures]}


if __name__ == "__main__":
    raise SystemExit(main())
