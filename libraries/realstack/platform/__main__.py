"""Run the platform in the foreground, to look at it or to develop against it.

```
PYTHONPATH=libraries python -m realstack.platform up [--only stores|NAME …] [--profile fast] [--output FOLDER]
```
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
import time
from pathlib import Path

from realstack.errors import StackError, StackFailure
from realstack.loop import background
from realstack.platform.create import create
from realstack.platform.driver import Driver, Started
from realstack.platform.embedded import EmbeddedDriver
from realstack.platform.postgres import PostgreSQL
from realstack.platform.reference import STORES
from realstack.platform.service import write_private
from realstack.profile import load


def environment_file(driver: EmbeddedDriver) -> Path:
    """Write the addresses with their passwords for a developer's shell; private, and gone with the run."""
    stack = driver.stack
    lines = {f"{name.upper().replace('-', '_')}_URL": service.credential_url for name, service in stack.services.items()}
    for service in stack.services.values():
        if isinstance(service, PostgreSQL):
            lines[f"{service.database.upper()}_DATABASE_URL"] = service.service_url
    lines |= {
        "CLICKHOUSE_URL": stack["clickhouse"].url,
        "CLICKHOUSE_USER": "chat",
        "CLICKHOUSE_PASSWORD": stack.credentials["clickhouse-chat"],
        "IDP_SCIM_CLIENT_ID": "user-admin",
        "IDP_SCIM_CLIENT_SECRET": stack.credentials["idp-scim"],
    }
    path = stack.folder / "platform.env"
    write_private(path, "".join(f"export {name}='{value}'\n" for name, value in lines.items()))
    return path


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m realstack.platform", description="Run the platform in the foreground.")
    parser.add_argument("command", choices=["up"], help="start it, and stop it with Ctrl-C")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="services or groups to start; 'stores' means the four stores")
    parser.add_argument("--platform", default="embedded", help="file in resources/platforms/")
    parser.add_argument("--profile", default="fast", help="file in resources/profiles/")
    parser.add_argument("--output", type=Path, default=Path("results/platform"), help="folder for the services' logs")
    return parser.parse_args()


def _run(driver: Driver, only: list[str] | None, output: Path) -> None:
    began = time.monotonic()

    def report(started: Started) -> None:
        print(started, flush=True)

    names = [name for word in only or [] for name in (STORES if word == "stores" else driver.resolve(word))]
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
        driver = create(arguments.platform, load(arguments.profile), output)
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
