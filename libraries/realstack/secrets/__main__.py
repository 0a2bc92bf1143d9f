"""Search the files of a finished run for its credentials.

    python -m realstack.secrets check results/output.xml results/log.html

Exit codes: 0 none found; 1 at least one found; 2 there was nothing to search with or in.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from realstack.secrets.fingerprints import FILE_NAME
from realstack.secrets.search import Fingerprints

SHOWN = 20


def main(arguments: list[str] | None = None) -> int:
    """Run the command; see the module's text."""
    parser = argparse.ArgumentParser(prog="python -m realstack.secrets", description=__doc__)
    commands = parser.add_subparsers(required=True)
    check = commands.add_parser("check", help="search result files for credentials of the run")
    check.add_argument("files", nargs="+", type=Path, help="files or folders (every file in them)")
    check.add_argument("--fingerprints", type=Path, help=f"made by the run; default: {FILE_NAME} beside the first file")
    options = parser.parse_args(arguments)
    first: Path = options.files[0]
    source: Path = options.fingerprints or (first if first.is_dir() else first.parent) / FILE_NAME
    try:
        fingerprints = Fingerprints(source)
    except FileNotFoundError:
        return _refuse(f"There is no {source}. A run that uses the OAuth library writes it.")
    except ValueError as error:
        return _refuse(str(error))
    missing = [file for file in options.files if not file.exists()]
    if missing:
        return _refuse(f"There is no {', '.join(map(str, missing))}.")
    files = [inner for file in options.files for inner in ([file] if file.is_file() else sorted(file.rglob("*")))]
    files = [file for file in files if file.is_file() and file.name != FILE_NAME]
    if fingerprints.cut_off:
        print(f"The last record of {source} is cut off: its credential is not searched for.", file=sys.stderr)
    leaks = fingerprints.search(files)
    for leak in leaks[:SHOWN]:
        print(f"LEAK {leak}")
    if len(leaks) > SHOWN:
        print(f"… and {len(leaks) - SHOWN} more")
    print(
        f"{len(files)} files searched for {fingerprints.searchable} of {fingerprints.known} credentials "
        f"({fingerprints.known - fingerprints.searchable} too short to be searched for after the run): {len(leaks)} leaks"
        f"{' or more' if fingerprints.ended_early else ''}"
    )
    return 1 if leaks else 0


def _refuse(text: str) -> int:
    print(text, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
