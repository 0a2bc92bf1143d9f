"""Which tests of the journeys run a line of the platform, and how long each takes: measured once, and kept in a file."""

from __future__ import annotations

import ast
import json
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

SUITE_SECONDS = 3.0
"""What a suite's own preparations cost beside its tests."""


@dataclass(frozen=True, slots=True)
class Reached:
    """What a measured run of all journeys reached.

    Attributes:
        seconds: How long each test took, by `suite::test`.
        lines: By file, relative to `docker/`, and line: the tests that ran it; none where only the start of a service did.
    """

    seconds: dict[str, float]
    lines: dict[str, dict[int, frozenset[str]]]

    @classmethod
    def load(cls, path: Path) -> Reached:
        """Read what `save` wrote."""
        kept = json.loads(path.read_text(encoding="utf-8"))
        names = list(kept["seconds"])
        lines = {
            file: {int(line): frozenset(names[number] for number in numbers) for line, numbers in of.items()}
            for file, of in kept["lines"].items()
        }
        return cls(kept["seconds"], lines)

    def save(self, path: Path) -> None:
        """Keep it."""
        numbers = {name: number for number, name in enumerate(self.seconds)}
        lines = {
            file: {str(line): sorted(numbers[name] for name in tests if name in numbers) for line, tests in sorted(of.items())}
            for file, of in sorted(self.lines.items())
        }
        path.write_text(json.dumps({"seconds": self.seconds, "lines": lines}), encoding="utf-8")

    def tests(self, file: str, lines: Iterable[int]) -> frozenset[str] | None:
        """The tests that run one of a file's lines.

        Of the page only blocks are known, by the line that begins them; what is in none is run by every test with a page.

        Returns:
            None where nothing runs them; all tests where only the start of a service does, or the file's lines are not known.
        """
        known = self.lines.get(file)
        if known is None:
            return frozenset(self.seconds)
        hit = [known[line] for line in lines if line in known]
        tests = frozenset[str]().union(*hit)
        if file.endswith(".js"):
            return tests or None if hit else self._of(lambda name: name.endswith(".js"))
        if not hit:
            return None
        return tests or self._of(lambda name: name == file) or frozenset(self.seconds)

    def _of(self, wanted: Callable[[str], bool]) -> frozenset[str]:
        return frozenset[str]().union(*(tests for file, of in self.lines.items() if wanted(file) for tests in of.values()))

    def cheapest(self, tests: Iterable[str]) -> list[str]:
        """Tests by what they cost."""
        return sorted(tests, key=lambda name: (self.seconds.get(name, 0.0), name))

    def order(self, tests: Iterable[str], budget: float, likely: Container[str] = ()) -> list[str]:
        """Some of these tests that take so many seconds together: of each suite its first, then of each the next one.

        Tests of one suite stand together, and suites come by what their first test costs.

        Args:
            tests: Those to choose from.
            budget: Seconds.
            likely: Tests that are likely to notice; they come before the others of their suite, cheap ones first.
        """
        suites: dict[str, list[str]] = defaultdict(list)
        for name in sorted(self.cheapest(tests), key=lambda name: name not in likely):
            suites[name.partition("::")[0]].append(name)
        chosen: dict[str, list[str]] = defaultdict(list)
        spent = 0.0
        for name in _in_turn(suites):
            suite = name.partition("::")[0]
            cost = self.seconds.get(name, 0.0) + (0.0 if suite in chosen else SUITE_SECONDS)
            if spent and spent + cost > budget:
                continue
            spent += cost
            chosen[suite].append(name)
        return [name for names in sorted(chosen.values(), key=lambda names: self.seconds.get(names[0], 0.0)) for name in names]


def _in_turn(suites: dict[str, list[str]]) -> Iterator[str]:
    for place in range(max(map(len, suites.values()), default=0)):
        round_ = [names[place] for names in suites.values() if place < len(names)]
        yield from round_


def statements(text: str) -> dict[int, range]:
    """By line of a Python text: the lines of the statement that it belongs to; of one with a body only those before the body."""
    found: dict[int, range] = {}
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.stmt):
            continue
        body = getattr(node, "body", None)
        last = max(node.lineno, body[0].lineno - 1) if body else node.end_lineno or node.lineno
        for line in range(node.lineno, last + 1):
            known = found.get(line)
            if known is None or len(known) > last - node.lineno + 1:
                found[line] = range(node.lineno, last + 1)
    return found
