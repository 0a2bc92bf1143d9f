"""The platform's start by service, with warm caches: as every run after the first one sees it."""

from __future__ import annotations

import time
from pathlib import Path

from realstack.core.loop import background
from realstack.platform.create import create
from realstack.platform.driver import Started
from support.project import figures as profile
from support.project import platform_file

from .measure import Figure, figure

STARTS = 2


def measure(folder: Path) -> list[Figure]:
    """Start and stop the embedded platform; the first start only warms the caches.

    Args:
        folder: Folder for the services' logs.
    """
    found: list[Figure] = []
    for _ in range(STARTS):
        told: list[Started] = []
        driver = create(platform_file("embedded"), profile(), folder)
        began = time.perf_counter()
        try:
            background.run(driver.start(told.append, None))
            took = time.perf_counter() - began
        finally:
            ending = time.perf_counter()
            background.run(driver.end())
        found = [figure("start", one.service, one.took * 1000) for one in sorted(told, key=lambda one: one.took)]
        found.append(figure("start", "all, side by side", took * 1000))
        found.append(figure("stop", "all", (time.perf_counter() - ending) * 1000))
    return found
