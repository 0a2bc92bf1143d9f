"""Links of containers: broken in the container's own network for other containers, and here for who uses the published port."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from realstack.core import programs
from support.container_scene import STORIES

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def told() -> dict[str, str]:
    """What went wrong in each story; they are told in namespaces of their own, with no privilege outside."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(str(ROOT / folder) for folder in ("libraries", "tests"))}
    command = [programs.program("unshare", "util-linux"), "--user", "--map-root-user", "--net", "--keep-caps"]
    command += [sys.executable, "-m", "support.container_scene"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=150, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("story", [story.__name__ for story in STORIES])
def test_story_of_a_containers_link(told: dict[str, str], story: str) -> None:
    assert not told[story], told[story]
