"""``python -m realstack contract …``: the package's own commands."""

from __future__ import annotations

import sys

from realstack.contract.command import main

COMMANDS = {"contract": main}

if __name__ == "__main__":
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in COMMANDS:
        print(f"Usage: python -m realstack {' | '.join(COMMANDS)} …\nExpected: one of these commands.\nActual: {name or 'none'}.")
        sys.exit(64)
    sys.exit(COMMANDS[name](sys.argv[2:]))
