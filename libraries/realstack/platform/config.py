"""A platform's YAML file: which driver, and what it is told."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from realstack.core.errors import StackError, explain
from realstack.core.figures import Figures


def known_platforms(folder: Path) -> list[str]:
    """Names of the platforms that there are."""
    return sorted(file.stem for file in folder.glob("*.yaml"))


def load(file: Path) -> dict[str, Any]:
    """Read a platform's file.

    Raises:
        StackError: There is none, or it is no mapping; says which there are beside it.
    """
    name, known = file.stem, known_platforms(file.parent)
    if name not in known:
        near = difflib.get_close_matches(name, known, 1)
        raise StackError(
            explain(
                f"PLATFORM is one of {', '.join(known) or 'none'} (the files of {file.parent}).",
                f"It is '{name}'." + (f" Did you mean '{near[0]}'?" if near else ""),
                remedy=f"Choose one of them (robot --variable PLATFORM:name suites/), or write {file}.",
            )
        )
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
