"""The compose driver, with what Docker answered when it was really asked."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable, Coroutine
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from realstack.core import procfs
from realstack.core.errors import StackError, StackFailure
from realstack.core.loop import background
from realstack.faults.keywords.owned_links import link_book
from realstack.faults.nft import Table
from realstack.lease import actions
from realstack.platform import docker_cli, running
from realstack.platform.compose import ComposeDriver
from realstack.platform.docker_cli import Docker, made_here
from realstack.platform.driver import Network, Operation, Receipt, State
from realstack.platform.external import ExternalDriver
from realstack.platform.keywords.starting import _why_not
from realstack.platform.remote import remote_service
from realstack.platform.service import Credentials

PROJECT = "realstack-9f8e7d6c5b4a"
SERVICES = {"redis": 6379, "auth": 8000}


class Recorded(Docker):
    """Docker's command line with two containers; answers as Docker 26.1 and Compose 2.40 did.

    Attributes:
        asked: The words of every command.
        containers: What `docker container inspect` tells, by service.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(PROJECT, folder / "compose.yaml", folder / "compose.env")
        self.asked: list[list[str]] = []
        self.log = ""
        self.containers: dict[str, dict[str, Any]] = {}
        for number, (service, port) in enumerate(SERVICES.items(), start=1):
            self.make(service, port, 20000 + number)

    def make(self, service: str, inside: int, outside: int) -> None:
        """A container as `up` makes it."""
        self.containers[service] = {
            "Id": f"{outside}aa10c0ffee",
            "State": {"Status": "running", "Running": True, "Paused": False, "Pid": outside + 1000, "ExitCode": 0},
            "NetworkSettings": {
                "Ports": {f"{inside}/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(outside)}], "9000/tcp": None},
                "Networks": {
                    f"{PROJECT}_default": {
                        "IPAddress": f"172.18.0.{outside % 100 + 1}",
                        "Gateway": "172.18.0.1",
                        "GlobalIPv6Address": "",
                        "IPv6Gateway": "",
                    }
                },
            },
        }

    def end(self, service: str, code: int) -> None:
        """The container's process ends; Docker frees its published ports."""
        told = self.containers[service]
        told["State"] |= {"Status": "exited", "Running": False, "Paused": False, "Pid": 0, "ExitCode": code}
        told["NetworkSettings"]["Ports"] = {}
        for network in told["NetworkSettings"]["Networks"].values():
            network |= {"IPAddress": "", "Gateway": ""}

    async def _execute(self, argv: list[str], seconds: float) -> str:
        words = argv[1:]
        if words[0] == "compose":
            assert words[2] == ("realstack-images" if words[-1] == "build" else PROJECT)
            words = ["compose", *words[words.index("-f") + 2 :]]
            while words[1] == "-f":
                del words[1:3]
        self.asked.append(words)
        answer: Callable[..., str] = getattr(self, f"answer_{words[0]}")
        return answer(*words[1:])

    def _service(self, name: str) -> str:
        return name.removeprefix(f"{PROJECT}-").removesuffix("-1")

    def answer_ps(self, *words: str) -> str:
        if "--all" in words:
            name = next(word for word in words if word.startswith("name=^"))[6:-1]
            return "".join(told["Id"][:12] + "\n" for service, told in self.containers.items() if self._service(name) == service)
        assert f"label=com.docker.compose.project={PROJECT}" in words
        return "".join(f"{service}\n" for service, told in self.containers.items() if told["State"]["Running"])

    def answer_container(self, *words: str) -> str:
        assert words[:3] == ("inspect", "--format", "{{json .}}")
        return json.dumps(self.containers[self._service(words[3])])

    def answer_top(self, container: str, *words: str) -> str:
        first = next(told["State"]["Pid"] for told in self.containers.values() if told["Id"] == container)
        table = {"PID": "COMMAND", first: "docker-init", first + 7: "python", first + 9: "socat"}
        return "".join(f"{pid!s:<20}{command}\n" for pid, command in table.items())

    def answer_kill(self, *words: str) -> str:
        self.end(self._service(words[-1]), 137)
        return words[-1]

    def answer_stop(self, *words: str) -> str:
        self.end(self._service(words[-1]), 0)
        return words[-1]

    def answer_pause(self, name: str) -> str:
        self.containers[self._service(name)]["State"] |= {"Status": "paused", "Paused": True}
        return name

    def answer_unpause(self, name: str) -> str:
        state = self.containers[self._service(name)]["State"]
        if not state["Paused"]:
            raise StackError(f"Error response from daemon: Container {name} is not paused")
        state |= {"Status": "running", "Paused": False}
        return name

    def answer_start(self, name: str) -> str:
        service = self._service(name)
        self.make(service, SERVICES[service], 20009)
        return name

    def answer_compose(self, *words: str) -> str:
        if words[0] == "up":
            for service in [word for word in words if word in SERVICES and word not in self._running()]:
                self.make(service, SERVICES[service], 20010)
            return ""
        if words[0] == "build":
            return ""
        assert words[0] == "logs"
        return self.log

    def _running(self) -> list[str]:
        return [service for service, told in self.containers.items() if told["State"]["Running"]]


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recorded:
    program = tmp_path / "bin" / "docker"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(program.parent))
    return Recorded(tmp_path)


@pytest.fixture
def driver(docker: Recorded, tmp_path: Path) -> ComposeDriver:
    services = {
        name: remote_service(name, {"url": f"http://127.0.0.1:{port}", "health": "/"}, {}, "compose.yaml")
        for name, port in SERVICES.items()
    }
    lease: Any = SimpleNamespace(folder=tmp_path)
    made = ComposeDriver(docker, services, lease, Credentials(), tmp_path, shared={})
    for name in SERVICES:
        background.run(made._locate(name))
    made._down.clear()
    docker.asked.clear()
    return made


def test_services_are_found_where_docker_published_them(driver: ComposeDriver) -> None:
    assert [driver.url(name) for name in SERVICES] == ["http://127.0.0.1:20001", "http://127.0.0.1:20002"]


def test_the_services_own_process_comes_first_and_its_init_last(driver: ComposeDriver) -> None:
    assert driver.pids("redis") == [21008, 21010, 21001]


def test_a_killed_service_is_gone_by_signal_and_comes_back_where_it_was(driver: ComposeDriver, docker: Recorded) -> None:
    receipt = background.run(driver.kill_service("redis"))
    assert (receipt.seen, receipt.exit_code, receipt.pids) == ("gone", -9, (21008, 21010, 21001))
    assert driver.pids("redis") == []
    background.run(driver.start_service("redis"))
    assert driver.url("redis") == "http://127.0.0.1:20009"
    assert docker.asked[0] == ["kill", "--signal", "SIGKILL", f"{PROJECT}-redis-1"]
    assert not [words for words in docker.asked if words[0] == "compose"], "Compose takes five times as long as Docker"


def test_a_service_has_a_network_of_its_own_and_another_one_after_each_start(driver: ComposeDriver) -> None:
    assert driver.network("redis") == Network(21001, 6379, ("172.18.0.2",), ("172.18.0.1",))
    background.run(driver.pause_service("redis"))
    assert driver.network("redis") is not None, "what stands still has its connections, too"
    background.run(driver.kill_service("redis"))
    assert driver.network("redis") is None
    background.run(driver.start_service("redis"))
    assert driver.network("redis") == Network(21009, 6379, ("172.18.0.10",), ("172.18.0.1",))


def test_links_are_broken_where_ports_are_published_and_in_the_containers_networks(
    driver: ComposeDriver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("nsenter", "nft"):
        program = tmp_path / "bin" / name
        program.write_text(f'#!/bin/sh\necho "$0 $*" >>{tmp_path}/{name}\nread line\necho "$line" >>{tmp_path}/{name}\n')
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(procfs, "network_namespace", lambda pid: f"net:[{pid}]")
    monkeypatch.setattr(running, "_driver", driver)
    here, inside = link_book([]).get("redis").places()
    assert [str(target) for target in here.targets] == ["127.0.0.1:20001"]
    assert [str(target) for target in inside.targets] == ["172.18.0.2:6379"]
    assert {str(address) for address in inside.spared} == {"172.18.0.1"}
    assert here.namespace is None
    assert inside.namespace is not None
    Table("realstack_x", inside.namespace).apply(["add table inet realstack_x"])
    folder = tmp_path / "bin"
    assert (tmp_path / "nsenter").read_text() == (
        f"{folder}/nsenter --target 21001 --net {folder}/nft -f -\nadd table inet realstack_x\n"
    )
    background.run(driver.kill_service("redis"))
    background.run(driver.start_service("redis"))
    (again,) = link_book([]).get("redis").inside
    assert again.namespace is not None
    assert again.namespace.pid == 21009
    assert str(again.targets[0]) == "172.18.0.10:6379"


def test_where_links_can_not_be_broken_the_reason_is_told(docker: Recorded, tmp_path: Path) -> None:
    lease: Any = SimpleNamespace(folder=tmp_path)
    able, unable = (
        ComposeDriver(docker, {}, lease, Credentials(), tmp_path, shared={}, unbreakable=why) for why in ("", "No right.")
    )
    assert Operation.FAULTS in able.can
    assert able.can - unable.can == {Operation.FAULTS}
    assert unable.refusal(Operation.FAULTS) == "No right."
    assert "read its files again" in unable.refusal(Operation.RELOAD)
    machine = {"needs-faults": "This is not root."}
    assert _why_not(unable, machine)["needs-faults"] == "No right."
    assert _why_not(able, machine)["needs-faults"] == "This is not root."
    assert _why_not(ExternalDriver({}, {}), machine)["needs-faults"] == "This is not root."


def test_a_service_that_died_or_shares_this_machines_network_has_none(driver: ComposeDriver, docker: Recorded) -> None:
    docker.end("auth", 1)
    background.run(driver.deaths())
    assert driver.network("auth") is None
    for network in docker.containers["redis"]["NetworkSettings"]["Networks"].values():
        network["IPAddress"] = ""
    background.run(driver._locate("redis"))
    assert driver.network("redis") is None


def test_a_service_with_other_settings_is_made_anew_and_with_the_same_ones_only_started(
    driver: ComposeDriver, docker: Recorded, tmp_path: Path
) -> None:
    for settings in ({"LEVEL": "debug"}, {"LEVEL": "debug"}, {}):
        background.run(driver.stop_service("auth"))
        driver.set_settings("auth", settings)
        background.run(driver.start_service("auth"))
    up = ["compose", "up", "--detach", "--no-deps", "--no-build", "auth"]
    assert [words for words in docker.asked if words[0] in ("compose", "start")] == [up, ["start", f"{PROJECT}-auth-1"], up]
    assert json.loads((tmp_path / "auth.json").read_text()) == {"services": {"auth": {"environment": {}}}}
    assert driver.url("auth") == "http://127.0.0.1:20010"


def test_a_container_that_does_not_run_is_told(driver: ComposeDriver, docker: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    background.run(driver.kill_service("auth"))
    monkeypatch.setattr(docker, "answer_start", lambda name: name)
    docker.log = "the reason"
    with pytest.raises(StackFailure, match=r"(?s)The container of auth does not run.*the end of its log:\nthe reason"):
        background.run(driver.start_service("auth"))


def test_a_paused_service_stands_still(driver: ComposeDriver) -> None:
    receipt = background.run(driver.pause_service("redis"))
    assert (receipt.seen, receipt.exit_code) == ("frozen", None)
    assert driver.state("redis").paused


def test_what_goes_on_can_be_told_to_go_on(driver: ComposeDriver) -> None:
    background.run(driver.pause_service("redis"))
    for _ in range(2):
        assert background.run(driver.resume_service("redis")).seen == "running"
        assert not driver.state("redis").paused


@pytest.mark.parametrize("end", [ComposeDriver.kill_service, ComposeDriver.stop_service])
def test_a_paused_service_that_ends_goes_on_when_it_is_started(
    driver: ComposeDriver, end: Callable[[ComposeDriver, str], Coroutine[Any, Any, Receipt]]
) -> None:
    background.run(driver.pause_service("redis"))
    background.run(end(driver, "redis"))
    background.run(driver.start_service("redis"))
    assert driver.state("redis") == State(running=True, paused=False, settings={})
    assert background.run(driver.resume_service("redis")).seen == "running"


def test_after_a_test_one_command_tells_that_all_live(driver: ComposeDriver, docker: Recorded) -> None:
    assert background.run(driver.deaths()) == []
    assert [words[0] for words in docker.asked] == ["ps"]


def test_a_death_is_told_once_with_the_end_of_its_log(driver: ComposeDriver, docker: Recorded) -> None:
    docker.end("auth", 139)
    docker.log = "\x1b[2Kthe last line\n"
    (death,) = background.run(driver.deaths())
    assert (death.service, death.pid, death.exit_code, death.log) == ("auth", 21009, -11, "the last line\n")
    assert background.run(driver.deaths()) == []


def test_lines_of_a_log_have_their_times(driver: ComposeDriver, docker: Recorded) -> None:
    docker.log = '\x1b[2K{"ts": "2025-06-01T10:00:00.000Z", "message": "up"}\n'
    (line,) = background.run(driver.log("auth"))
    assert line.at is not None


def test_what_docker_says_wrongly_is_an_error(docker: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docker, "_execute", Docker._execute.__get__(docker))
    with pytest.raises(StackError, match="It ended with 1"):
        background.run(docker.container("redis"))


def test_a_project_is_removed_by_its_name_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = tmp_path / "asked"
    program = tmp_path / "docker"
    program.write_text(f'#!/bin/sh\necho "$@" > {asked}\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    actions.perform(actions.compose_down(PROJECT), "9f8e7d6c5b4a", str(tmp_path))
    assert asked.read_text().split() == ["compose", "-p", PROJECT, "down", "--volumes", "--timeout", "0"]


def test_a_project_of_another_run_is_left_alone(tmp_path: Path) -> None:
    with pytest.raises(actions.ActionFailed, match="does not bear the run's id"):
        actions.perform(actions.compose_down("realstack-other"), "9f8e7d6c5b4a", str(tmp_path))


def test_images_are_made_under_a_name_that_no_run_changes(docker: Recorded) -> None:
    background.run(docker.build())
    assert docker.asked == [["compose", "build"]]


def test_images_that_this_machine_made_are_told_from_those_of_a_registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = [
        {"RepoTags": ["postgres:15", "postgres:latest"], "RepoDigests": []},
        {"RepoTags": ["redis:7"], "RepoDigests": ["redis@sha256:c6ea"]},
    ]
    (tmp_path / "told").write_text("".join(json.dumps(image) + "\n" for image in told), encoding="utf-8")
    docker = tmp_path / "docker"
    docker.write_text(
        f'#!/bin/sh\necho "$@" >{tmp_path}/asked\ncat {tmp_path}/told\n'
        "echo 'Error response from daemon: No such image: python:3.11-slim' >&2\nexit 1\n",
        encoding="utf-8",
    )
    docker.chmod(0o755)
    monkeypatch.setattr(docker_cli.programs, "program", lambda *_: str(docker))
    assert made_here(["redis:7", "postgres:15", "python:3.11-slim"]) == {"postgres:15"}
    asked = (tmp_path / "asked").read_text(encoding="utf-8")
    assert asked == "image inspect --format {{json .}} postgres:15 python:3.11-slim redis:7\n"
    assert made_here([]) == set()
