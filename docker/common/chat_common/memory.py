"""The garbage collector's part in the life of a service."""

from __future__ import annotations

import gc
import sys

# Collections of the middle generation (some 200 reconnects each) until the next full one; the default is 10.
FULL_COLLECTION_EVERY = 2


def begin_loading() -> None:
    """Load no more than is needed, and collect nothing meanwhile: what modules make stays, and looking through it takes time.

    Where packages for terminals happen to be installed, httpx loads its command line tool with them, a sixth of all that a
    service loads. It does without where that can't be had.
    """
    gc.disable()
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]


def end_loading() -> None:
    """Make full collections cheap, and have them more often, so that what closed connections leave in cycles never piles up.

    What is loaded by now stays for good. The collector would walk over it in every full collection, and have none before a
    quarter as much has come to it: memory would rise for thousands of connections before it falls.
    """
    gc.freeze()
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, FULL_COLLECTION_EVERY)
    gc.enable()
