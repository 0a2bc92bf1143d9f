"""``python -m realstack draft NAME URL``: a first adapter for a platform that nobody here knows, by looking at it.

Its page is opened in two tabs, somebody signs in, a few texts that stand nowhere else are said, and they are looked for in
frames, requests, elements and stores. Who signs in stands in the environment (`DRAFT_USER`, `DRAFT_PASSWORD`), or does it by
hand.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from itertools import count
from pathlib import Path

from realstack.core.errors import StackError, StackFailure, explain
from realstack.draft.looking import Look
from realstack.draft.observations import Observations
from realstack.draft.rows import Store
from realstack.draft.writing import NAMES, Draft, closing, prefix, write

EXIT_DONE, EXIT_USAGE = 0, 64


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns 0 when files were written, 64 when there was nothing to look at."""
    parser = argparse.ArgumentParser(prog="python -m realstack draft", description=__doc__.splitlines()[0])
    parser.add_argument("platform", help="the adapter: its name, or the path of its folder")
    parser.add_argument("url", nargs="?", default="", help="the page that users open")
    parser.add_argument("--adapters", type=Path, default=Path("resources/adapters"), help="folder of adapters")
    parser.add_argument("--to", type=Path, help="folder for the files, instead of one of that name among the adapters")
    parser.add_argument("--overwrite", action="store_true", help="replace files that are there")
    parser.add_argument("--visible", action="store_true", help="a person signs in, in a browser's window")
    parser.add_argument(
        "--store",
        action="append",
        default=[],
        metavar="NAME=URL",
        help="a store to look into, postgresql:// or redis://; its password is NAME_PASSWORD in the environment; may be repeated",
    )
    parser.add_argument("--patience", type=float, default=30.0, metavar="SECONDS", help="how long an answer may take")
    parser.add_argument(
        "--rest", type=float, default=1.0, metavar="SECONDS", help="how long a page that is ready does not change"
    )
    parser.add_argument("--keep", type=Path, metavar="FILE", help="write down what was seen, without credentials")
    parser.add_argument("--seen", type=Path, metavar="FILE", help="infer from what --keep wrote down, instead of looking")
    parser.add_argument("--results", type=Path, default=Path("results/draft"), help="folder for the browser's own files")
    chosen = parser.parse_args(arguments)
    try:
        _draft(chosen)
    except (StackError, StackFailure) as error:
        print(error)
        return EXIT_USAGE
    return EXIT_DONE


def _draft(chosen: argparse.Namespace) -> None:
    name = Path(chosen.platform).name
    folder = chosen.to or (chosen.adapters / name if name == chosen.platform else Path(chosen.platform))
    there = [name for name in NAMES if (folder / name).exists()]
    if there and not chosen.overwrite:
        raise StackError(
            explain(
                f"{folder} holds no file of an adapter yet",
                f"It has {', '.join(there)}.",
                remedy="Give another folder (--to), or say --overwrite.",
            )
        )
    observations, secrets = _seen(chosen)
    if chosen.keep:
        observations.write(chosen.keep)
    begin = f"{prefix(name)}_USER_"
    accounts = next(number for number in count(1) if not os.environ.get(f"{begin}{number}")) - 1
    draft = Draft.of(name, observations, accounts)
    written = write(draft, folder, secrets, overwrite=chosen.overwrite, adapters=chosen.adapters)
    closing(draft, written, print, platform=name if folder == chosen.adapters / name else str(folder))


def _seen(chosen: argparse.Namespace) -> tuple[Observations, list[str]]:
    if chosen.seen:
        return Observations.read(chosen.seen), []
    if not chosen.url.startswith(("http://", "https://")):
        raise StackError(
            explain(
                "the address of a page, http:// or https://", f"'{chosen.url}'", remedy="make draft PLATFORM=name URL=https://…"
            )
        )
    look = Look(
        chosen.url,
        os.environ.get("DRAFT_USER", ""),
        "" if chosen.visible else os.environ.get("DRAFT_PASSWORD", ""),
        visible=chosen.visible,
        stores=[Store.of(one, os.environ) for one in chosen.store],
        patience=chosen.patience,
        rest=chosen.rest,
        folder=chosen.results,
    )
    observations, mask = look.run()
    return observations, mask.values
