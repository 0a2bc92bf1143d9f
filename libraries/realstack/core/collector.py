"""The garbage collector must not stand still with what measures a platform.

Robot Framework keeps what it has read and what came out, hundreds of thousands of objects. A full collection walks over all of
them, and no thread of the process goes on meanwhile: a tenth of a second on a machine with cores to spare, 0.3 to 0.45 s for
480 000 objects beside busy cores. Users of a load would all come late by that. How seldom one comes depends on what a whole run
keeps, not on what judging a history costs.
"""

from __future__ import annotations

import gc


def set_apart() -> None:
    """Collect once, and let the collector look no more at what is left; whatever is no longer used is freed all the same.

    Only cycles that are there now and given up later are kept; so this is for the beginning of a suite, not for each test.
    """
    gc.collect()
    gc.freeze()
