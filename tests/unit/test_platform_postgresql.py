"""The prepared cluster that PostgreSQL servers are copied from, and caches that can't be used as they are."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from realstack.platform import postgresql as postgres

ACCOUNT = postgres.server_account()


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that PostgreSQL's account may enter."""
    made = Path(tempfile.mkdtemp(prefix="realstack-test-"))
    made.chmod(0o711)
    yield made
    shutil.rmtree(made)


def prepare(cache: Path, scratch: Path) -> Path:
    return postgres._template(cache, scratch, ACCOUNT, "chat", "service")


def belongs_to_the_server(cluster: Path) -> bool:
    return {path.stat().st_uid for path in cluster.rglob("*")} == {postgres._ids(ACCOUNT)[0]}


def test_it_is_made_once(folder: Path) -> None:
    first = prepare(folder / "cache", folder)
    made = (first / "PG_VERSION").stat().st_ino
    assert prepare(folder / "cache", folder) == first
    assert (first / "PG_VERSION").stat().st_ino == made
    assert belongs_to_the_server(first)


def test_one_that_is_somebody_elses_is_made_anew(folder: Path) -> None:
    ready = prepare(folder / "cache", folder)
    if os.geteuid() == 0:
        for path in (ready, *ready.rglob("*")):
            os.chown(path, 12345, 12345)
    else:  # nobody else's, but no more readable than that
        (ready / "PG_VERSION").unlink()
    assert prepare(folder / "cache", folder) == ready
    assert belongs_to_the_server(ready)
    assert (ready / "PG_VERSION").exists()


class SomebodyElses(type(Path())):  # type: ignore[misc]
    """A folder in which this user may make nothing."""

    def mkdir(self, *_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(self))


def test_where_nothing_may_be_kept_it_is_made_for_the_run_alone(folder: Path) -> None:
    ready = prepare(SomebodyElses(folder / "theirs"), folder)
    assert ready.parent == folder / "cache"
    assert belongs_to_the_server(ready)
