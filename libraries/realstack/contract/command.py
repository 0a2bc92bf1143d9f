"""``python -m realstack contract PLATFORM``: in about a minute, where an adapter stands.

Without the platform (``--static``) it says which tests of each journey will run, which are skipped for which capability, and
which keywords the adapter lacks. With it, the critical tests are run once one of them has all that it calls, and what they
recorded is read: frames that no rule matches, accounts that belong to nobody, what each law got to judge, and whether each
could have been violated at all.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

from realstack.browser.description import known_elements
from realstack.browser.description import load as load_page
from realstack.contract.plan import keywords_in, make, read
from realstack.contract.report import Contract
from realstack.core.errors import StackError, explain
from realstack.history.export import load
from realstack.history.falsify import falsify
from realstack.history.survey import survey
from realstack.history.vocabulary import Vocabulary
from realstack.platform.adapter import find

DRY = (
    "--dryrun",
    "--prerunmodifier",
    "realstack.contract.untimed.Untimed",
    "--log",
    "NONE",
    "--report",
    "NONE",
    "--console",
    "none",
)
"""Robot's options to look at tests without running them."""
EXIT_WHOLE, EXIT_TO_DO, EXIT_USAGE = 0, 1, 64
DEFAULT = "reference"
"""The adapter whose drivers need no name before them, and that has all keywords."""
NO_TESTS = 252
"""Robot's exit code when it was told nothing that can be run."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns 0 when nothing is missing, 1 when there is something to write, 64 when it was called wrongly."""
    parser = argparse.ArgumentParser(prog="python -m realstack contract", description=__doc__.splitlines()[0])
    parser.add_argument(
        "platform", help="the adapter: name of a folder among the adapters, or a path; /driver for another driver"
    )
    parser.add_argument("--adapters", type=Path, default=Path("resources/adapters"), help="folder of adapters")
    parser.add_argument("--suites", type=Path, default=Path("suites"), help="the journeys")
    parser.add_argument("--include", default="critical", help="tag of the tests that are run")
    parser.add_argument("--suite", action="append", default=[], help="only journeys so called, such as '02*'; may be repeated")
    parser.add_argument("--static", action="store_true", help="do not start or use the platform")
    parser.add_argument("--results", type=Path, default=Path("results/contract"), help="folder for what is found")
    parser.add_argument("--variable", action="append", default=[], help="for Robot, as NAME:value; may be repeated")
    chosen = parser.parse_args(arguments)
    try:
        contract = _made(chosen)
    except StackError as error:
        print(error)
        return EXIT_USAGE
    page = chosen.results / "index.html"
    contract.write(page)
    print("\n".join(contract.lines()))
    print(f"Page: {page}")
    return EXIT_TO_DO if contract.to_do else EXIT_WHOLE


def _made(chosen: argparse.Namespace) -> Contract:
    adapter = find(chosen.platform, chosen.adapters, default=DEFAULT)
    if adapter.vocabulary.is_file():
        Vocabulary.load(adapter.vocabulary)
    page = None if adapter.pageless else load_page(adapter.page, known_elements(chosen.adapters))
    variables = [f"PLATFORM:{chosen.platform}", *chosen.variable]
    dry = chosen.results / "dryrun.xml"
    journeys = [word for name in chosen.suite for word in ("--suite", name)]
    _robot(chosen.suites, chosen.results, variables, *journeys, *DRY, "--output", dry.name)
    plan = make(adapter, read(dry), page)
    plan.examples = keywords_in(chosen.adapters / DEFAULT)
    if chosen.static or not plan.can_come_through(chosen.include):
        return Contract(plan, postponed=not chosen.static)
    histories = chosen.results / "histories"
    for old in histories.glob("*.jsonl"):
        old.unlink()
    _robot(chosen.suites, chosen.results, variables, *journeys, "--include", chosen.include)
    stored = [load(path) for path in sorted(histories.glob("*.jsonl"))]
    return Contract(plan, _results(chosen.results / "output.xml"), survey(stored), falsify(stored))


def _robot(suites: Path, results: Path, variables: Sequence[str], *options: str) -> None:
    """Run Robot in a process of its own, whose console is ours.

    Raises:
        StackError: It did not come to run tests.
    """
    told = [word for variable in variables for word in ("--variable", variable)]
    command = [sys.executable, "-m", "robot", *told, "--outputdir", str(results), *options, str(suites)]
    code = subprocess.run(command, check=False).returncode
    if code >= NO_TESTS:
        raise StackError(
            explain("Robot runs the journeys", f"it ended with exit code {code}", remedy="What it printed above says why.")
        )


def _results(output: Path) -> dict[str, tuple[str, str]]:
    """The tests that were run: name to status and message."""
    found = {}
    for test in ElementTree.parse(output).getroot().iter("test"):  # noqa: S314 - Robot wrote it just now
        status = test.find("status")
        if status is not None:
            found[test.get("name", "")] = status.get("status", ""), (status.text or "").strip()
    return found
