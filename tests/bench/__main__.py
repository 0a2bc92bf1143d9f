"""`python -m bench`: measure, print the table, write `results/bench.json`."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import time
from dataclasses import asdict
from pathlib import Path

from . import laws, load, start, wire
from .measure import Figure, table


def main() -> int:
    """Measure everything; two minutes at most on two cores."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--results", type=Path, default=Path("results"))
    options = parser.parse_args()
    began, busy = time.monotonic(), os.getloadavg()[0]
    figures: list[Figure] = [*asyncio.run(wire.measure()), *asyncio.run(load.measure()), *laws.measure()]
    figures += start.measure(options.results.resolve() / "bench")
    machine = {"cores": os.cpu_count(), "load before": round(busy, 2), "python": platform.python_version()}
    options.results.mkdir(parents=True, exist_ok=True)
    content = {
        "machine": machine,
        "seconds": round(time.monotonic() - began, 1),
        "figures": [asdict(figure) for figure in figures],
    }
    (options.results / "bench.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    print(table(figures))
    print(", ".join(f"{name}: {value}" for name, value in machine.items()) + f"; measured in {content['seconds']} s")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
