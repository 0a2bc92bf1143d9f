"""`python -m glance FOLDER`: sum up the run whose output.xml lies in a folder; writes index.html and summary.md beside it."""

from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree

from . import run, views


def main(folder: Path) -> int:
    """Write the overview; says so where there is no whole output.xml."""
    try:
        found = run.read(folder / "output.xml")
    except (OSError, ElementTree.ParseError) as error:
        print(f"There is no overview, because {folder / 'output.xml'} can't be read: {error}", file=sys.stderr)
        return 1
    (folder / "index.html").write_text(views.html(found), encoding="utf-8")
    (folder / "summary.md").write_text(views.markdown(found), encoding="utf-8")
    print(views.console(found, str(folder / "log.html"), str(folder / "index.html")))
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
