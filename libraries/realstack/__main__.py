"""``python -m realstack contract …`` and ``python -m realstack draft …``: the package's own commands."""

from __future__ import annotations

import sys
from importlib import import_module

COMMANDS = {
    "contract": "where an adapter stands: what runs, what is skipped for what, what to write next",
    "draft": "a first adapter for a platform, by looking at its page, its frames and its stores",
}


def usage() -> str:
    """What there is."""
    lines = [f"  {name:10}{what}" for name, what in COMMANDS.items()]
    return "\n".join([f"Usage: python -m realstack {' | '.join(COMMANDS)} …", *lines, "Each tells its options with --help."])


if __name__ == "__main__":
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name in ("--help", "-h"):
        print(usage())
        sys.exit(0)
    if name not in COMMANDS:
        print(f"{usage()}\nExpected: one of these commands.\nActual: {name or 'none'}.")
        sys.exit(64)
    # Here: what one command needs (a browser, drivers of stores) the other one has not to have.
    sys.exit(import_module(f"realstack.{name}.command").main(sys.argv[2:]))
