"""The compose file and what the compose driver is told of it fit together."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from support.project import platform_file

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "docker" / "compose.yaml"
TEXT = FILE.read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
PLATFORM: dict[str, Any] = yaml.safe_load(platform_file("compose").read_text(encoding="utf-8"))
ASKED = {name: how for name, how in re.findall(r"\$\{([A-Z0-9_]+)(:[?-])?", TEXT) if not name.endswith("_IMAGE")}
"""Variables that the file asks for, and how: `:?` required, `:-` with a default."""
IMAGES = dict(re.findall(r"\$\{([A-Z]+)_IMAGE:-([^}]+)\}", TEXT))
"""Images that are others' where the environment says so."""
GIVEN = {*PLATFORM["ports"], *PLATFORM["passwords"], *PLATFORM["variables"], PLATFORM["image_tag"]}

DOCKER_COMPOSE = shutil.which("docker-compose")


def test_the_driver_knows_exactly_the_services_of_the_file() -> None:
    assert set(COMPOSE["services"]) == set(PLATFORM["services"])


@pytest.mark.parametrize("name", sorted(PLATFORM["services"]))
def test_each_service_publishes_its_port_on_this_machine_alone(name: str) -> None:
    published = COMPOSE["services"][name]["ports"]
    assert len(published) == 1
    assert published[0].rpartition(":")[2] == str(urlsplit(PLATFORM["services"][name]["url"]).port)
    assert published[0].startswith("127.0.0.")


def test_variables_are_given_where_they_are_asked_for() -> None:
    required = {name for name, how in ASKED.items() if how == ":?"}
    given = {*PLATFORM["ports"], *PLATFORM["passwords"]}
    assert required <= given
    assert given - required == {name for name in PLATFORM["ports"] if ASKED[name] == ":-"}, "ports may be left to Docker"
    assert set(ASKED) == GIVEN
    assert all(ASKED.values()), "a variable is neither required nor has it a default"


def test_shared_folders_are_volumes_of_their_services() -> None:
    for name, place in PLATFORM["folders"].items():
        assert f"{name}:{place['path']}" in COMPOSE["services"][place["service"]]["volumes"]


def test_images_are_official_or_have_a_dockerfile() -> None:
    for name, service in COMPOSE["services"].items():
        if "build" not in service:
            image = re.sub(r"\$\{\w+:-(.+)\}", r"\1", service["image"])
            assert re.fullmatch(r"(postgres|redis|clickhouse/clickhouse-server):\S+", image), name
            continue
        dockerfile = FILE.parent / service["build"]["dockerfile"]
        copied = re.findall(r"^COPY (\S+) ", dockerfile.read_text(encoding="utf-8"), re.MULTILINE)
        assert copied
        assert [source for source in copied if not (FILE.parent / source).exists()] == []


def test_images_that_others_made_are_pinned() -> None:
    assert {f"{name}_IMAGE": image.partition("@")[0] for name, image in IMAGES.items()} == PLATFORM["images"]
    assert all(re.fullmatch(r"[a-z]+:[\w.-]+@sha256:[0-9a-f]{64}", image) for image in IMAGES.values()), IMAGES
    # Whose digest nobody lists are named by their tags, and are looked at here when that changes.
    dockerfiles = "".join(file.read_text(encoding="utf-8") for file in sorted(FILE.parent.glob("*/Dockerfile")))
    assert set(re.findall(r"^FROM (\S+)", dockerfiles, re.MULTILINE)) == {"${PYTHON_IMAGE}", "nginx:1.28"}
    built = [service["build"] for service in COMPOSE["services"].values() if "build" in service]
    assert sum("args" in build for build in built) == len(built) - 1


@pytest.mark.parametrize("name", sorted(PLATFORM["services"]))
def test_a_container_may_do_no_more_than_it_must(name: str) -> None:
    service = COMPOSE["services"][name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["mem_limit"]
    assert service["pids_limit"]
    # Stores write where their images have it; what we build writes into its volumes and /tmp alone.
    assert service.get("read_only", False) is ("build" in service)
    assert "cap_add" not in service or "build" not in service


def test_no_secret_stands_in_the_file() -> None:
    environments = [service.get("environment", {}) for service in COMPOSE["services"].values()]
    named = re.compile("PASSWORD|SECRET|TOKEN")
    secrets = [str(value) for values in environments for name, value in values.items() if named.search(name)]
    assert secrets
    assert [value for value in secrets if not value.startswith("${")] == []
    assert not re.search(r"://[^$/\s]*:[^$/\s]+@", TEXT), "an address holds a password"


# Where it is installed; the other checks of this file need no Docker.
if DOCKER_COMPOSE:

    def test_compose_itself_takes_the_file(tmp_path: Path) -> None:
        environment = tmp_path / "compose.env"
        environment.write_text("".join(f"{name}=1\n" for name in sorted(GIVEN)), encoding="utf-8")
        command = [DOCKER_COMPOSE, "-f", str(FILE), "--env-file", str(environment), "config"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr
        told = yaml.safe_load(done.stdout)
        assert set(told["services"]) == set(COMPOSE["services"])
        assert told["services"]["auth"]["environment"]["PUBLIC_URL"] == "http://127.0.0.1:1"
