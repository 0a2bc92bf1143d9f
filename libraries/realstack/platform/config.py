"""A platform's YAML file: which driver, and what it is told."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from realstack.errors import StackError, explain
from realstack.profile import Figures

FOLDER = Path(__file__).resolve().parents[3] / "resources" / "platforms"
"""Where the platforms are."""


def known_platforms(folder: Path = FOLDER) -> list[str]:
    """Names of the platforms that there are."""
    return sorted(file.stem for file in folder.glob("*.yaml"))


def load(name: str, folder: Path = FOLDER) -> dict[str, Any]:
    """Read a platform's file.

    Raises:
        StackError: There is none of that name, or it is no mapping.
    """
    known = known_platforms(folder)
    if name not in known:
        near = difflib.get_close_matches(name, known, 1)
        raise StackError(
            explain(
                f"PLATFORM is one of {', '.join(known)}.",
                f"It is '{name}'." + (f" Did you mean '{near[0]}'?" if near else ""),
                remedy=f"robot --variable PLATFORM:embedded suites/, or write {folder / name}.yaml.",
            )
        )
    file = folder / f"{name}.yaml"
    try:
        content: Any = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as error:
        raise StackError(f"'{file}' is no valid YAML: {error}") from error
    if not isinstance(content, dict):
        raise StackError(f"'{file}' must hold a mapping.")
    return content


def section(config: Mapping[str, Any], key: str, file: str) -> dict[str, Any]:
    """A part of a platform's file that is a mapping; empty when it is missing.

    Raises:
        StackError: It is something else.
    """
    found = config.get(key) or {}
    if not isinstance(found, dict):
        raise StackError(explain(f"'{key}' in {file} is a mapping.", f"It is {found!r}."))
    return {str(name): value for name, value in found.items()}


def environments(config: Mapping[str, Any], figures: Figures, file: str) -> dict[str, dict[str, str]]:
    """The environment variables by service or group, with the profile's figures filled in.

    Raises:
        StackError: A figure is asked for that does not exist.
    """
    plain = figures.plain()
    result: dict[str, dict[str, str]] = {}
    for service, variables in section(config, "settings", file).items():
        if not isinstance(variables, dict):
            raise StackError(explain(f"'settings: {service}' in {file} is a mapping.", f"It is {variables!r}."))
        try:
            result[service] = {str(name): str(value).format_map(plain) for name, value in variables.items()}
        except KeyError as error:
            raise StackError(
                explain(
                    f"'settings: {service}' in {file} names figures of profile '{figures.profile}'.",
                    f"There is no figure {error}.",
                    evidence=f"figures are: {', '.join(figures)}",
                )
            ) from error
    return result
