"""What is true of one platform stands in its adapter, and nowhere else in what a stranger's platform shares.

What is not there yet is counted by file and kind: the counts may only shrink, and a new file has none.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from test_repository import RESOURCES, ROUTE, SELECTOR, SQL, SUITES, cells, frame_types, short

from support.project import ADAPTERS, ROOT, platform_file

SERVICES = sorted(yaml.safe_load(platform_file("compose").read_text(encoding="utf-8"))["services"])
GROUPS = ["backend", "agent", "postgres"]
SHARED = [path for path in [*RESOURCES, *SUITES, ROOT / "resources" / "page.js"] if ADAPTERS not in path.parents]

KINDS = {
    "route": ROUTE,
    "SQL": SQL,
    "frame type": re.compile(rf"\b({'|'.join(map(re.escape, sorted(frame_types())))})\b"),
    # `id={uuid}` is an argument of a script's step, `role=user` one of a keyword for messages.
    "selector": re.compile(
        rf"{SELECTOR.pattern.replace('=[^', '=(?!(?:user|agent)$)[^{')}|data-[a-z-]+=|'[#.][a-z][\w-]*(?![\w(-])|\.dataset\b"
    ),
    "service": re.compile(rf"(?<![\w${{.-])({'|'.join([*SERVICES, *GROUPS])})(?![\w=}}-])"),
    "status": re.compile(r"^(?:\w+=)?(?:\$\{)?[1-5]\d\d\}?$|(?:==|!=|<|>=)\s*[2-5]\d\d\b"),
    "close code": re.compile(r"^(?:code=)?(?:100[1-9]|101\d|4[0-4]\d\d)$"),
    "layers": re.compile(r"^layers=\d+$"),
}

NOT_YET: dict[str, dict[str, int]] = {
    # Rows that a platform's own steps of a transaction understand.
    "suites/05_transaction.robot": {"service": 11},
}
"""How often what belongs in the adapter stands elsewhere."""


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """What a file says, with its line; comments and documentation aside."""
    if path.suffix != ".js":
        yield from cells(path)
        return
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.lstrip().startswith(("*", "/*", "//")):
            yield number, line


def found_in(path: Path) -> list[tuple[str, int, str]]:
    return [(kind, line, text) for line, text in texts(path) for kind, pattern in KINDS.items() if pattern.search(text)]


@pytest.mark.parametrize("path", SHARED, ids=short)
def test_only_the_adapter_knows_the_platform(path: Path) -> None:
    found = found_in(path)
    allowed, seen = NOT_YET.get(short(path), {}), Counter(kind for kind, _, _ in found)
    told = "\n".join(f"{short(path)}:{line}: {kind}: {text}" for kind, line, text in found if seen[kind] != allowed.get(kind, 0))
    assert seen == allowed, f"Move it into the adapter, or, where some has gone there, lower the count in NOT_YET:\n{told}"


def test_no_count_is_of_a_file_that_is_gone() -> None:
    assert sorted(NOT_YET.keys() - {short(path) for path in SHARED}) == []


def test_the_rules_catch_what_they_are_for() -> None:
    caught = {
        "route": ["/api/threads", "${at}/auth/me"],
        "SQL": ["SELECT id FROM users"],
        "frame type": ["user_message", "type=message_accepted"],
        "selector": ["css=#send", "document.querySelector('#messages')", 'body[data-view="signed-in"]'],
        "service": ["redis", "backend-1", "by=frontend", "agent"],
        "status": ["201", "status=204", "${404}", "$answer.status < 400"],
        "close code": ["4401", "code=1008"],
        "layers": ["layers=7"],
    }
    assert {kind: [text for text in some if not KINDS[kind].search(text)] for kind, some in caught.items()} == {
        kind: [] for kind in KINDS
    }
    free = ["agents", "an agent", "48213", "300", "1500 ms", "page.js", "the frontends", "${agent}", "auth=${token}"]
    assert [text for text in free for kind, pattern in KINDS.items() if kind != "status" and pattern.search(text)] == ["an agent"]
