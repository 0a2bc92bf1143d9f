"""How keywords wait for stores."""

from __future__ import annotations

from collections.abc import Coroutine
from datetime import timedelta
from typing import Any, TypeVar

from realstack.core.errors import explain
from realstack.core.loop import LoopTimeout, background
from realstack.databases.errors import StoreUnreachable

T = TypeVar("T")

NO_WAIT = timedelta(0)
PATIENCE_SECONDS = 2.0
"""How much longer than a store's own time limits a keyword waits for the store's answer."""


def wait(coroutine: Coroutine[Any, Any, T], seconds: float) -> T:
    """Run a coroutine on the background loop, at most as long as a store may take.

    Raises:
        StoreUnreachable: It took longer.
    """
    try:
        return background.run(coroutine, seconds + PATIENCE_SECONDS)
    except LoopTimeout as error:
        raise StoreUnreachable(
            explain("an answer of the store", str(error), remedy="Check that the server runs and is not paused or cut off.")
        ) from None
