"""Run the platform in the foreground, to look at it or to develop against it.

```
python -m realstack.platform up PLATFORM PROFILE.yaml [--only stores|NAME …] [--output FOLDER]
```
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
import time
from pathlib import Path

from realstack.core.errors import StackError, StackFailure
from realstack.core.figures import load
from realstack.core.loop import background
from realstack.platform.adapter import find
from realstack.platform.create import create
from realstack.platform.driver import Driver, Started
from realstack.platform.embedded import EmbeddedDriver
from realstack.platform.service import write_private


def environment_file(driver: EmbeddedDriver) -> Path:
    """Write the addresses with their passwords for a developer's shell; private, and gone with the run."""
    path = driver.stack.folder / "platform.env"
    variables = driver.plugin.environment(driver.stack)
    write_private(path, "".join(f"export {name}='{value}'\n" for name, value in variables.items()))
    return path


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m realstack.platform", description="Run the platform in the foreground.")
    parser.add_argument("command", choices=["up"], help="start it, and stop it with Ctrl-C")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="services or groups; 'stores' means those that hold data")
    parser.add_argument("platform", help="an adapter, by its name or folder, or a driver's file in it")
    parser.add_argument("--adapters", type=Path, default=Path("resources/adapters"), help="where adapters are")
    parser.add_argument("profile", type=Path, help="the profile's YAML file")
    parser.add_argument("--output", type=Path, default=Path("results/platform"), help="folder for the services' logs")
    return parser.parse_args()


def _named(driver: Driver, word: str) -> list[str]:
    return driver.stores() if word == "stores" and isinstance(driver, EmbeddedDriver) else driver.resolve(word)


def _run(driver: Driver, only: list[str] | None, output: Path) -> None:
    began = time.monotonic()

    def report(started: Started) -> None:
        print(started, flush=True)

    names = [name for word in only or [] for name in _named(driver, word)]
    background.run(driver.start(report, names or None))
    print(f"up after {time.monotonic() - began:.2f} s; logs: {output / 'services'}")
    print(f"open {driver.url('frontend')}")
    if isinstance(driver, EmbeddedDriver):
        print(f"addresses with passwords: . {environment_file(driver)}", flush=True)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    stop.wait()


def main() -> int:
    """Start, wait for Ctrl-C, stop."""
    arguments = _arguments()
    output = arguments.output.resolve()
    try:
        adapter = find(arguments.platform, arguments.adapters, default="reference")
        driver = create(adapter.driver_file, load(arguments.profile.stem, arguments.profile.parent), output)
        try:
            _run(driver, arguments.only, output)
        finally:
            for problem in background.run(driver.end()):
                print(problem, file=sys.stderr)
    except (StackError, StackFailure) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
