"""Build the pages of all keyword libraries and resources, with an index: `PYTHONPATH=tests python tools/docs.py FOLDER`."""

from __future__ import annotations

import sys
from html import escape
from pathlib import Path

from robot.libdocpkg import LibraryDocumentation

import realstack
from pages import page, table

ROOT = Path(__file__).resolve().parents[1]
INTRODUCTION = (
    "The libraries know protocols and operating systems; the resources say with their keywords what users of the reference "
    "platform do and see. Who tests another platform writes an adapter of its own."
)


def sources() -> list[str]:
    """The libraries by name, then the resources by path."""
    libraries = sorted(f"realstack.{name}" for name in set(realstack.__all__) - {"__version__"})
    return [*libraries, *map(str, sorted((ROOT / "resources").rglob("*.resource")))]


def build(folder: Path) -> list[Path]:
    """Write a page for each library and resource, and the index.

    Returns:
        The pages, without the index.

    Raises:
        robot.errors.DataError: The documentation of one can't be made; the text says of which and why.
    """
    folder.mkdir(parents=True, exist_ok=True)
    pages, rows = [], []
    for source in sources():
        documentation = LibraryDocumentation(source)
        is_library = source.startswith("realstack.")
        name = source.rpartition(".")[2] if is_library else Path(source).stem
        target = folder / (f"{name}.html" if is_library else f"{Path(source).name}.html")
        paragraphs = documentation.doc.strip().split("\n\n")
        count = len(documentation.keywords)
        documentation.convert_docs_to_html()
        documentation.save(str(target), "HTML")
        pages.append(target)
        cells = [
            f'<td><a href="{escape(target.name, quote=True)}">{escape(name)}</a></td>',
            f"<td>{'library' if is_library else 'resource'}</td>",
            f'<td class="number">{count}</td>',
            f"<td>{escape(' '.join(paragraphs[0].split()))}</td>",
        ]
        rows.append(f"<tr>{''.join(cells)}</tr>")
    body = table(["Name", "Kind", "#Keywords", "What for"], rows)
    (folder / "index.html").write_text(page("Keywords", INTRODUCTION, body), encoding="utf-8")
    return pages


if __name__ == "__main__":
    made = build(Path(sys.argv[1]))
    print(f"{len(made)} pages: {Path(sys.argv[1]) / 'index.html'}")
