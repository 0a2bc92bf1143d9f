"""The package as a stranger gets it: built, installed into a fresh environment in an empty folder, and used from there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import realstack

ROOT = Path(__file__).resolve().parents[2]
SUITES = Path(__file__).parent / "suites"
EXTRAS = {
    "Databases": "databases",
    "Files": "files",
    "OAuth": "oauth",
    "Load": "load",
    "Monitor": "monitor",
    "Platform": "platform",
    "Rest": "rest",
    "BrowserSession": "browser",
}
"""Libraries that need more than the package's core, and the extra that has it."""
LIBRARIES = sorted(set(realstack.__all__) - {"__version__"})


def run(*words: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command as a stranger's shell would: nothing of this project's environment is passed on."""
    kept = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    return subprocess.run(list(map(str, words)), cwd=cwd, capture_output=True, text=True, check=False, env=kept, timeout=170)


def succeed(*words: str | Path, cwd: Path) -> str:
    done = run(*words, cwd=cwd)
    assert done.returncode == 0, f"{' '.join(map(str, words))}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The wheel and the source distribution."""
    folder = tmp_path_factory.mktemp("dist")
    succeed(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-t", "sdist", "-d", folder, cwd=ROOT)
    (wheel,), (source,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return wheel, source


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, built: tuple[Path, Path]) -> Path:
    """An empty folder with a fresh environment that has the wheel without any extra."""
    folder = tmp_path_factory.mktemp("elsewhere")
    succeed(sys.executable, "-m", "venv", folder / "venv", cwd=folder)
    succeed(folder / "venv" / "bin" / "pip", "install", "--quiet", built[0], cwd=folder)
    return folder


def python(place: Path) -> Path:
    return place / "venv" / "bin" / "python"


def test_the_wheel_holds_the_package_and_nothing_else(built: tuple[Path, Path]) -> None:
    names = zipfile.ZipFile(built[0]).namelist()
    assert {name.split("/")[0] for name in names} == {"realstack", f"robotframework_realstack-{realstack.__version__}.dist-info"}
    assert "realstack/py.typed" in names
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
    data = {"realstack/browser/clock.js", "realstack/browser/link.js", "realstack/browser/storage.js"}
    assert data <= set(names)


def test_the_source_distribution_can_be_installed(built: tuple[Path, Path], tmp_path: Path) -> None:
    with tarfile.open(built[1]) as archive:
        tops = {name.split("/")[1] for name in archive.getnames() if "/" in name}
    assert {"libraries", "README.md", "LICENSE", "CHANGELOG.md", "pyproject.toml"} <= tops
    succeed(sys.executable, "-m", "venv", tmp_path / "venv", cwd=tmp_path)
    succeed(tmp_path / "venv" / "bin" / "pip", "install", "--quiet", "--no-deps", built[1], cwd=tmp_path)
    told = succeed(tmp_path / "venv" / "bin" / "python", "-c", "import realstack; print(realstack.__version__)", cwd=tmp_path)
    assert told.strip() == realstack.__version__


@pytest.mark.parametrize("library", sorted(set(LIBRARIES) - set(EXTRAS)))
def test_libraries_without_an_extra_run_at_once(place: Path, library: str) -> None:
    suite = shutil.copy(SUITES / f"{library}.robot", place)
    succeed(python(place), "-m", "robot", "--outputdir", "results", suite, cwd=place)


@pytest.mark.parametrize("library", sorted(EXTRAS))
def test_a_library_says_which_extra_it_lacks_and_runs_with_it(place: Path, built: tuple[Path, Path], library: str) -> None:
    suite = shutil.copy(SUITES / f"{library}.robot", place)
    lacking = run(python(place), "-m", "robot", "--outputdir", "results", suite, cwd=place)
    # An earlier library's extra may have brought all that this one needs.
    if lacking.returncode != 0:
        assert f"Remedy: pip install 'robotframework-realstack[{EXTRAS[library]}]'" in lacking.stdout + lacking.stderr
        succeed(place / "venv" / "bin" / "pip", "install", "--quiet", f"{built[0]}[{EXTRAS[library]}]", cwd=place)
        succeed(python(place), "-m", "robot", "--outputdir", "results", suite, cwd=place)


@pytest.mark.parametrize("library", LIBRARIES)
def test_documentation_tells_the_version(place: Path, library: str) -> None:
    told = succeed(python(place), "-m", "robot.libdoc", f"realstack.{library}", "version", cwd=place)
    assert told.strip() == realstack.__version__
