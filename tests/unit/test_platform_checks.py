"""Starts that can't be: each is explained with its remedy, before anything runs."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from realstack.core import procfs, programs
from realstack.core.errors import StackError
from realstack.lease import lease as lease_module
from realstack.platform import checks
from realstack.platform.create import create
from realstack.platform.ports import PortLocks, ephemeral_range, is_free
from support.project import figures, platform_file


@pytest.fixture
def empty_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without any program."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(programs, "SYSTEM_FOLDERS", [str(tmp_path)])
    monkeypatch.setattr(programs, "POSTGRES_SERVERS", tmp_path)
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path))
    return tmp_path


@pytest.fixture(autouse=True)
def nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("something was started")

    monkeypatch.setattr(lease_module, "Lease", refuse)


def start(tmp_path: Path, **given: object) -> None:
    create(platform_file("embedded"), figures(), tmp_path, **given)


def test_all_missing_packages_are_one_command(empty_path):
    with pytest.raises(StackError) as error:
        start(empty_path, needs=["browser", "faults"])
    text = str(error.value)
    assert text.startswith("Nothing was started, because")
    for program in ("postgres", "redis-server", "nginx", "nft", "ip"):
        assert f"'{program}' is not installed" in text
    assert "There is no Chromium" in text
    packages = "chromium-headless-shell iproute2 nftables nginx-light postgresql redis-server"
    assert f"apt-get install -y --no-install-recommends {packages}" in text


def test_one_missing_package_is_named_alone(empty_path):
    for name in ("postgres", "nginx"):
        (empty_path / name).write_text("#!/bin/sh\n")
        (empty_path / name).chmod(0o755)
    with pytest.raises(StackError, match="because 1 thing is not in place") as error:
        start(empty_path)
    assert "'redis-server' is not installed (Redis)" in str(error.value)
    assert "apt-get install -y --no-install-recommends redis-server" in str(error.value)


def test_a_browser_of_playwrights_is_enough(empty_path):
    browser = empty_path / "chromium-1234" / "chrome-linux" / "chrome"
    browser.parent.mkdir(parents=True)
    browser.touch()
    assert checks.check_browser() == []


def test_without_rights_links_can_not_be_broken(tmp_path, monkeypatch):
    status = tmp_path / "self" / "status"
    status.parent.mkdir()
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(procfs, "PROC", str(tmp_path))
        status.write_text("Name:\tx\nCapEff:\t0000000000000000\n")
        assert not checks.can_break_links()
        status.write_text("CapEff:\t0000000000001000\n")
        assert checks.can_break_links()
    monkeypatch.setattr(checks, "can_break_links", lambda: False)
    for user, remedy in ((1000, "make journeys NETNS=1"), (0, "--cap-add=NET_ADMIN")):
        monkeypatch.setattr(checks.os, "geteuid", lambda user=user: user)
        (problem,) = checks.check_faults()
        assert remedy in problem.remedy
        assert "robot --exclude needs-faults suites/" in problem.remedy
    with pytest.raises(StackError, match="Links can't be broken"):
        start(tmp_path, needs=["faults"])


def test_links_of_containers_need_the_right_to_enter_their_networks(tmp_path, monkeypatch, empty_path):
    status = tmp_path / "self" / "status"
    status.parent.mkdir()
    monkeypatch.setattr(procfs, "PROC", str(tmp_path))
    status.write_text("CapEff:\t0000000000201000\n")
    told = {problem.what for problem in checks.check_faults_of_containers()}
    assert told == {f"'{name}' is not installed (broken links)." for name in ("nft", "ip")} | {
        "'nsenter' is not installed (broken links between containers)."
    }
    for rights in ("0000000000001000", "0000000000200000", "0000000000000000"):
        status.write_text(f"CapEff:\t{rights}\n")
        *_, problem = checks.check_faults_of_containers()
        assert "the capabilities NET_ADMIN and SYS_ADMIN" in problem.what
        assert "NETNS=1" not in problem.remedy, "no port that Docker publishes is there"


def test_an_old_python_is_told():
    (problem,) = checks.check_python(running=(3, 10, 12))
    assert "Python is 3.10.12; 3.11 or newer is needed" in problem.what
    assert checks.check_python(running=(3, 13, 0)) == []


def test_missing_requirements_are_told(tmp_path):
    file = tmp_path / "requirements.txt"
    file.write_text("# comment\nno-such-package==1.0   # for nothing\nPyYAML==0.1\npytest\n-r other.txt\n")
    (problem,) = checks.check_requirements([file])
    assert "no-such-package (not installed)" in problem.what
    assert "PyYAML 0.1 (installed is " in problem.what
    assert "pip install -r requirements.txt" in problem.remedy


def test_a_folder_that_can_not_be_written_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(checks.os, "access", lambda *_: False)
    (problem,) = checks.check_folders([tmp_path / "results" / "services"])
    assert problem.what == f"'{tmp_path}' can't be written."


def test_a_data_folder_that_postgresql_can_not_reach_is_told(tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    (problem,) = checks.check_reachable(closed, "nobody")
    assert "can't be entered by account 'nobody'" in problem.what
    assert "Set TMPDIR" in problem.remedy
    assert checks.check_reachable(Path("/tmp"), "nobody") == []  # noqa: S108 -- the folder itself is meant


def test_unknown_files_and_drivers_are_told(tmp_path):
    with pytest.raises(StackError, match=r"embeded\.yaml' tells how the platform is run.*(?s:.*)no such file"):
        create(platform_file("embeded"), figures(), tmp_path)
    (tmp_path / "mine.yaml").write_text("driver: kubernetes\n")
    known = r"'driver' in mine\.yaml is one of those that are installed: compose, embedded, external"
    with pytest.raises(StackError, match=rf"(?s){known}.*It is 'kubernetes'"):
        create(tmp_path / "mine.yaml", figures(), tmp_path)


@pytest.fixture
def strangers_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of somebody else that is installed, with two drivers of which one lacks what it needs."""
    folder = tmp_path / "site"
    facts = folder / "robotframework_orbit-1.0.dist-info"
    facts.mkdir(parents=True)
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: robotframework-orbit\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text(
        "[realstack.drivers]\norbit = orbit_driver:create\nbroken = orbit_broken:create\nnothing = orbit_driver:no_such\n"
    )
    (folder / "orbit_driver.py").write_text(
        "from realstack.platform.external import ExternalDriver\n"
        "class Orbit(ExternalDriver):\n"
        "    name = 'orbit'\n"
        "def create(setup):\n"
        "    driver = Orbit({}, dict(setup.section('stations')))\n"
        "    driver.setup = setup\n"
        "    return driver\n"
    )
    (folder / "orbit_broken.py").write_text("import no_such_module_anywhere\n")
    monkeypatch.syspath_prepend(folder)
    (tmp_path / "mine.yaml").write_text("driver: orbit\nstations: {alpha: one}\n")
    return tmp_path


def test_a_driver_of_somebody_else_is_found(strangers_package: Path) -> None:
    given = {"services": {"a": "http://x"}, "ports": {}}
    driver = create(strangers_package / "mine.yaml", figures(), strangers_package, needs=["browser"], overrides=given)
    assert driver.name == "orbit"
    assert driver.credential("alpha") == "one"
    setup = driver.setup  # type: ignore[attr-defined]
    assert setup.content == {"driver": "orbit", "stations": {"alpha": "one"}, "services": {"a": "http://x"}}
    assert (setup.needs, setup.logs) == ({"browser"}, strangers_package / "services")
    assert setup.path("sources", ".") == strangers_package


@pytest.mark.parametrize(("name", "said"), [("broken", "no_such_module_anywhere"), ("nothing", "no_such")])
def test_a_driver_that_can_not_be_loaded_is_told_with_its_package(strangers_package: Path, name: str, said: str) -> None:
    (strangers_package / "mine.yaml").write_text(f"driver: {name}\n")
    with pytest.raises(StackError, match=rf"(?s)the driver '{name}' of the package robotframework-orbit can be.*{said}"):
        create(strangers_package / "mine.yaml", figures(), strangers_package)


def test_those_of_somebody_else_are_listed(strangers_package: Path) -> None:
    (strangers_package / "mine.yaml").write_text("driver: obrit\n")
    with pytest.raises(StackError, match="installed: broken, compose, embedded, external, nothing, orbit"):
        create(strangers_package / "mine.yaml", figures(), strangers_package)


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        ({"settings": {"auth": {"X": "{no_figure}"}}}, "There is no figure 'no_figure'"),
        ({"settings": {"auth": 3}}, "'settings: auth' in embedded.yaml is a mapping"),
        ({"ports": {"frontend": "http"}}, "'ports: frontend' in embedded.yaml is a number"),
        ({"sources": "/no/such/folder"}, "There is no '/no/such/folder'"),
        ({"ports": [1]}, "'ports' in embedded.yaml is a mapping"),
    ],
)
def test_a_wrong_file_is_explained(tmp_path, overrides, said):
    with pytest.raises(StackError) as error:
        start(tmp_path, overrides=overrides)
    assert said in str(error.value)


def test_a_fixed_port_in_use_names_who_has_it():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(StackError, match=rf"(?s)port {port} on 127.0.0.1 is free.*in use by \S+ \(PID \d+\)"):
            PortLocks().take(port)


def test_a_fixed_port_in_use_stops_the_run_before_anything_starts(tmp_path):
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        pytest.raises(StackError, match="leave the port out of the platform's YAML file"),
    ):
        start(tmp_path, overrides={"ports": {"frontend": server.getsockname()[1]}})


def test_runs_do_not_share_ports():
    one, other = PortLocks(), PortLocks()
    try:
        first = {one.take() for _ in range(20)}
        second = {other.take() for _ in range(20)}
        assert len(first) == len(second) == 20
        assert first.isdisjoint(second)
        assert not (first | second) & set(ephemeral_range())
        port = min(first)
        assert is_free("127.0.0.1", port)
        with pytest.raises(StackError, match="another run, or a process of another user"):
            other.take(port)
    finally:
        one.release()
        assert other.take(port) == port
        other.release()
