"""A library that takes the time of others' keywords, in turn."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

from robot.api.deco import keyword, library
from robot.libraries.BuiltIn import BuiltIn

from bench.keywords import ROUNDS, TIMES


@library(scope="SUITE", auto_keywords=False)
class stopwatch:  # noqa: N801 -- Robot Framework looks for a class that is called as its file is
    """Keeps contenders, and lets them take turns."""

    def __init__(self) -> None:
        self._contenders: list[tuple[str, str, str, tuple[Any, ...]]] = []

    @keyword
    def contender(self, group: str, name: str, word: str, *arguments: Any) -> None:
        """Keeps a keyword to be measured."""
        self._contenders.append((group, name, word, arguments))

    @keyword
    def measure(self, file: Path) -> None:
        """Calls each so often in each round, and writes milliseconds of a call by group, name and round."""
        taken: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
        for number in range(ROUNDS + 1):
            for group, name, word, arguments in self._contenders:
                began = time.perf_counter()
                for _ in range(TIMES):
                    BuiltIn().run_keyword(word, *arguments)
                if number:  # the first round warms up
                    taken[group][name].append((time.perf_counter() - began) / TIMES * 1000)
        file.write_text(json.dumps(taken), encoding="utf-8")
