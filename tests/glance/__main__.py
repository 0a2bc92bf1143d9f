"""`python -m glance FOLDER`: sum up the run whose output.xml lies in a folder; writes index.html and summary.md beside it.

`python -m glance.judged FOLDER [--strict]` tells what its tests judged.
"""

from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree

from . import run, views

TOO_BUSY = 75
"""Exit code that asks to try again at another time (EX_TEMPFAIL of sysexits.h)."""


def main(folder: Path) -> int:
    """Write the overview; says so where there is no whole output.xml.

    Returns:
        0; `TOO_BUSY` where tests failed and none for another reason than that the machine was too busy; 1 without an overview.
    """
    try:
        found = run.read(folder / "output.xml")
    except (OSError, ElementTree.ParseError) as error:
        print(f"There is no overview, because {folder / 'output.xml'} can't be read: {error}", file=sys.stderr)
        return 1
    (folder / "index.html").write_text(views.html(found), encoding="utf-8")
    (folder / "summary.md").write_text(views.markdown(found), encoding="utf-8")
    print(views.console(found, str(folder / "log.html"), str(folder / "index.html")))
    return TOO_BUSY if found.only_too_busy else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
