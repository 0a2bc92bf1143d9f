"""The garbage collector's part in the life of a service."""

from __future__ import annotations

import gc

# Collections of the middle generation (some 200 reconnects each) until the next full one; the default is 10.
FULL_COLLECTION_EVERY = 2


def begin_loading() -> None:
    """Collect nothing while modules are loaded: what they make stays, and looking through it is a quarter of the time."""
    gc.disable()


def end_loading() -> None:
    """Make full collections cheap, and have them more often, so that what closed connections leave in cycles never piles up.

    What is loaded by now stays for good. The collector would walk over it in every full collection, and have none before a
    quarter as much has come to it: memory would rise for thousands of connections before it falls.
    """
    gc.freeze()
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, FULL_COLLECTION_EVERY)
    gc.enable()
