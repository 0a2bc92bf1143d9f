"""What must be in place before anything is started; each problem with its remedy.

Standard library only: it must also be able to say that a requirement is missing.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from realstack.core import procfs, programs
from realstack.core.errors import StackError
from realstack.core.system import is_linux

OLDEST_PYTHON = (3, 11)


_CAP_NET_ADMIN = 12
_CAP_SYS_ADMIN = 21


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is not in place.

    Attributes:
        what: One sentence.
        remedy: One sentence; empty when the packages say it all.
        packages: Debian packages that provide it.
    """

    what: str
    remedy: str = ""
    packages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Program:
    """A program that the embedded platform runs.

    Attributes:
        names: It goes by one of these.
        package: Debian's package that has it.
        purpose: What for.
    """

    names: tuple[str, ...]
    package: str
    purpose: str


FAULT_PROGRAMS = (
    Program(("nft",), "nftables", "broken links"),
    Program(("ip",), "iproute2", "broken links"),
)
NETWORK_PROGRAM = Program(("nsenter",), "util-linux", "broken links between containers")
BROWSER_PACKAGE = "chromium-headless-shell"


def check_python(
    oldest: tuple[int, int] = OLDEST_PYTHON, running: tuple[int, ...] = tuple(sys.version_info[:3])
) -> list[Problem]:
    """Whether this Python is new enough."""
    if running[:2] >= oldest:
        return []
    said, wanted = ".".join(map(str, running)), ".".join(map(str, oldest))
    return [Problem(f"Python is {said}; {wanted} or newer is needed.", f"Make the environment with python{wanted}: make setup")]


def check_linux(driver: str) -> list[Problem]:
    """Whether this is Linux, whose processes, namespaces and leases a driver needs."""
    if is_linux():
        return []
    return [
        Problem(
            f"The driver '{driver}' needs Linux; this is {sys.platform}.",
            "Run the tests on Linux, or against a platform that runs already: robot --variable PLATFORM:external suites/",
        )
    ]


def demand(problems: Collection[Problem]) -> None:
    """Make sure that everything is in place.

    Raises:
        StackError: Something is not; the text lists all of it with the remedies.
    """
    if problems:
        raise StackError(explain_problems(problems))


def check_requirements(files: Iterable[Path]) -> list[Problem]:
    """Whether what the requirement files name is installed, in the versions that they name."""
    missing: list[str] = []
    for file in files:
        for line in file.read_text(encoding="utf-8").splitlines():
            found = re.match(r"\s*([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s#;]+)(\s*;)?", line)
            # What only some Pythons need is pip's to know.
            if found is None or found[3]:
                continue
            name, wanted = found[1], found[2]
            try:
                installed = version(name)
            except PackageNotFoundError:
                missing.append(f"{name} (not installed)")
                continue
            if installed != wanted:
                missing.append(f"{name} {wanted} (installed is {installed})")
    if not missing:
        return []
    return [
        Problem(
            f"Python packages are missing or of another version: {', '.join(missing)}.",
            f"make setup, or: {sys.executable} -m pip install -r requirements.txt",
        )
    ]


def check_programs(needed: Iterable[Program]) -> list[Problem]:
    """Whether the programs are installed."""
    return [
        Problem(f"'{program.names[0]}' is not installed ({program.purpose}).", packages=(program.package,))
        for program in needed
        if programs.find(program.names) is None
    ]


def check_browser() -> list[Problem]:
    """Whether there is a browser: the system's, or one that Playwright installed."""
    if programs.find(programs.CHROMIUMS) or playwright_browser():
        return []
    return [Problem("There is no Chromium (the browser of the journeys).", "or: rfbrowser install chromium", (BROWSER_PACKAGE,))]


def playwright_browser() -> Path | None:
    """A Chromium that Playwright installed for itself."""
    folder = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache" / "ms-playwright")
    found = sorted(folder.glob("chromium-*/chrome-linux*/chrome"))
    return found[-1] if found else None


def can_break_links() -> bool:
    """Whether this process may change the kernel's packet filter of its network namespace (CAP_NET_ADMIN)."""
    return bool(procfs.capabilities() >> _CAP_NET_ADMIN & 1)


def check_faults() -> list[Problem]:
    """Whether links can be broken here: by root, or in a network namespace of the run's own."""
    found = check_programs(FAULT_PROGRAMS)
    if not can_break_links():
        found.append(_no_right_to_break_links())
    return found


def can_enter_networks() -> bool:
    """Whether this process may enter the network of another one (CAP_SYS_ADMIN)."""
    return bool(procfs.capabilities() >> _CAP_SYS_ADMIN & 1)


def check_faults_of_containers() -> list[Problem]:
    """Whether links of containers can be broken: here, where their ports are published, and in their own networks."""
    found = check_programs([*FAULT_PROGRAMS, NETWORK_PROGRAM])
    if not (can_break_links() and can_enter_networks()):
        found.append(
            Problem(
                "Links of containers can't be broken: that takes the capabilities NET_ADMIN and SYS_ADMIN where Docker runs.",
                "Run it there as root or with sudo, or leave out what needs it: robot --exclude needs-faults suites/",
            )
        )
    return found


def _no_right_to_break_links() -> Problem:
    leave_out = "or leave out what needs it: robot --exclude needs-faults suites/"
    if os.geteuid() == 0:
        return Problem(
            "Links can't be broken: this is root without the capability NET_ADMIN, as it is in a container.",
            f"Start the container with --cap-add=NET_ADMIN, {leave_out}",
        )
    return Problem(
        "Links can't be broken: this is not root, and the run has no network namespace of its own.",
        f"make journeys NETNS=1 (needs no privilege), or run it as root or with sudo, {leave_out}",
    )


def check_folders(folders: Iterable[Path]) -> list[Problem]:
    """Whether the folders (or the nearest that exist above them) can be written."""
    problems = []
    for folder in folders:
        there = folder
        while not there.exists():
            there = there.parent
        if not os.access(there, os.W_OK | os.X_OK):
            problems.append(Problem(f"'{there}' can't be written.", "Choose another folder (robot --outputdir, TMPDIR)."))
    return problems


def check_reachable(folder: Path, account: str = "postgres") -> list[Problem]:
    """Whether another account may enter a folder: under root, PostgreSQL runs as one and has its data there."""
    import pwd  # noqa: PLC0415 -- not every system has accounts of this kind

    try:
        entry = pwd.getpwnam(account)
    except KeyError:
        return []
    for part in [*reversed(folder.resolve().parents), folder.resolve()]:
        found = part.stat()
        bit = 0o100 if found.st_uid == entry.pw_uid else 0o010 if found.st_gid == entry.pw_gid else 0o001
        if not found.st_mode & bit:
            return [
                Problem(
                    f"'{part}' can't be entered by account '{account}', as which PostgreSQL runs, and it leads to its data.",
                    "Set TMPDIR to a folder that everybody may enter, such as /var/tmp.",
                )
            ]
    return []


def check_embedded(needs: Collection[str] = ("browser", "faults")) -> list[Problem]:
    """All that the embedded driver needs, whatever platform it runs; what that one needs is told by its plug-in.

    Args:
        needs: What the tests use beside it: `browser`, `faults`.
    """
    if problems := check_linux("embedded"):
        return problems
    problems = check_python()
    problems += check_browser() if "browser" in needs else []
    problems += check_faults() if "faults" in needs else []
    return problems


def check_compose(needs: Collection[str] = ()) -> list[Problem]:
    """All that the composed platform needs: Docker with its Compose plugin, and a daemon that answers."""
    if problems := check_linux("compose"):
        return problems
    problems = check_python()
    problems += check_browser() if "browser" in needs else []
    docker = programs.find("docker")
    if docker is None:
        return [
            *problems,
            Problem("'docker' is not installed (the composed platform).", "Install Docker with its Compose plugin."),
        ]
    for words, what in ((["compose", "version"], "Docker's Compose plugin answers"), (["info"], "Docker's daemon answers")):
        done = subprocess.run([docker, *words], capture_output=True, text=True, check=False, timeout=20, stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            said = done.stderr.strip().splitlines()
            problems.append(Problem(f"Not true: {what}. 'docker {' '.join(words)}' says: {said[-1] if said else 'nothing'}"))
    return problems


def check_external(needs: Collection[str] = ()) -> list[Problem]:
    """All that tests of somebody else's platform need on this machine."""
    problems = check_python()
    return problems + (check_browser() if "browser" in needs else [])


def explain_problems(problems: Collection[Problem]) -> str:
    """One text for all problems; missing packages become one command."""
    lines = [f"- {problem.what}" + (f" {_or(problem)}" if problem.remedy else "") for problem in problems]
    packages = sorted({package for problem in problems for package in problem.packages})
    if packages:
        lines.append(f"Install what is missing: make setup, or as administrator: {apt_command(packages)}")
    return (
        f"Nothing was started, because {len(problems)} thing{'s are' if len(problems) > 1 else ' is'} not in place:\n"
        + "\n".join(lines)
    )


def _or(problem: Problem) -> str:
    return f"({problem.remedy})" if problem.remedy.startswith("or: ") else f"Remedy: {problem.remedy}"


def apt_command(packages: Iterable[str]) -> str:
    """The command that an administrator runs."""
    return f"apt-get install -y --no-install-recommends {' '.join(packages)}"
