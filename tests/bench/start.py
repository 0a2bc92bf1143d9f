"""The platform's start by service, with warm caches: as every run after the first one sees it."""

from __future__ import annotations

import time
from pathlib import Path

from realstack.core.loop import background
from realstack.platform.create import create
from realstack.platform.driver import Started
from support.project import platform_file

from .measure import Figure

STARTS = 2


def measure(output: Path) -> list[Figure]:
    """Start and stop the embedded platform; the first start only warms the caches.

    Args:
        output: Folder for the services' logs.
    """
    figures: list[Figure] = []
    for _ in range(STARTS):
        told: list[Started] = []
        driver = create(platform_file("embedded"), figures(), output)
        began = time.perf_counter()
        try:
            background.run(driver.start(told.append, None))
            took = time.perf_counter() - began
        finally:
            ending = time.perf_counter()
            background.run(driver.end())
        figures = [Figure("start", one.service, one.took * 1000) for one in sorted(told, key=lambda one: one.took)]
        figures.append(Figure("start", "all, side by side", took * 1000))
        figures.append(Figure("stop", "all", (time.perf_counter() - ending) * 1000))
    return figures
