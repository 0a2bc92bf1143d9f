"""Run the platform in the foreground, to look at it or to develop against it.

```
PYTHONPATH=libraries python -m realstack.platform up [--only stores|NAME …] [--output FOLDER]
```
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
import time
from pathlib import Path

from realstack.errors import StackFailure
from realstack.lease.lease import current_lease
from realstack.loop import background
from realstack.platform.driver import Started
from realstack.platform.embedded import EmbeddedDriver
from realstack.platform.ports import PortLocks
from realstack.platform.postgres import PostgreSQL
from realstack.platform.reference import STORES, describe
from realstack.platform.service import Stack, write_private


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


def main() -> int:
    """Start, wait for Ctrl-C, stop."""
    parser = argparse.ArgumentParser(prog="realstack.platform", description=__doc__)
    parser.add_argument("command", choices=["up"])
    parser.add_argument("--only", nargs="+", default=None, help="services to start; 'stores' means the four stores")
    parser.add_argument("--output", type=Path, default=Path("results/platform"), help="folder for the services' logs")
    arguments = parser.parse_args()
    only: set[str] | None = None
    if arguments.only:
        only = {name for word in arguments.only for name in (STORES if word == "stores" else [word])}
    logs = (arguments.output / "services").resolve()
    logs.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    lease = current_lease(logs / "reaper.log")
    stack = Stack(lease.folder, logs, PortLocks())
    describe(stack)
    driver = EmbeddedDriver(stack, lease)

    def report(started: Started) -> None:
        print(started, flush=True)

    try:
        try:
            background.run(driver.start(report, only))
        except (StackFailure, KeyboardInterrupt) as error:
            print(str(error) or "interrupted", file=sys.stderr)
            return 1
        print(f"up after {time.monotonic() - began:.2f} s; logs: {logs}")
        print(f"addresses with passwords: . {environment_file(driver)}", flush=True)
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        stop.wait()
    finally:
        for problem in background.run(driver.end()):
            print(problem, file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
