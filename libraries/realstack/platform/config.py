"""A platform's YAML file: which driver, and what it is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from realstack.core.errors import StackError, explain
from realstack.core.figures import Figures


def load(file: Path) -> dict[str, Any]:
    """Read a platform's file.

    One that says `like: embedded` says all that `embedded.yaml` beside it does, but for what it says itself.

    Raises:
        StackError: There is none, or it is no mapping.
    """
    content = _load(file)
    like = content.pop("like", None)
    if like is None:
        return content
    other = file.parent / f"{like}.yaml"
    inherited = _load(other)
    if other == file or "like" in inherited:
        raise StackError(explain(f"'like' in {file} names a file that is like no other one.", f"It is '{like}'."))
    return {"driver": other.stem, **inherited, **content}


def _load(file: Path) -> dict[str, Any]:
    if not file.is_file():
        raise StackError(explain(f"'{file}' tells how the platform is run.", "There is no such file."))
    try:
        content: Any = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise StackError(f"'{file}' is no valid YAML: {error}") from error
    if not isinstance(content, dict):
        raise StackError(f"'{file}' must hold a mapping.")
    return content


@dataclass(frozen=True, slots=True)
class Setup:
    """What a driver is made from.

    Attributes:
        content: What the platform's YAML file says.
        figures: The run's figures.
        output: Folder of the run's results; services' logs go to `services` in it.
        needs: What the tests use beside the platform: `browser`, `faults`.
        file: The YAML file; paths in it are relative to its folder.
    """

    content: Mapping[str, Any]
    figures: Figures
    output: Path
    needs: frozenset[str]
    file: Path

    @property
    def logs(self) -> Path:
        """Folder for the services' logs."""
        return self.output / "services"

    def path(self, key: str, default: str) -> Path:
        """A path that the file names, resolved."""
        return (self.file.parent / str(self.content.get(key) or default)).resolve()

    def section(self, key: str) -> dict[str, Any]:
        """A part of the file that is a mapping; empty when it is missing.

        Raises:
            StackError: It is something else.
        """
        found = self.content.get(key) or {}
        if not isinstance(found, dict):
            raise StackError(explain(f"'{key}' in {self.file.name} is a mapping.", f"It is {found!r}."))
        return {str(name): value for name, value in found.items()}

    def filled_in(self, key: str, variables: Mapping[str, object]) -> dict[str, str]:
        """Variables with the profile's figures in the place of their names in braces.

        Args:
            key: Where in the file they stand, for errors.
            variables: The variables by name.

        Raises:
            StackError: A figure is asked for that does not exist.
        """
        plain = self.figures.plain()
        try:
            return {str(name): str(value).format_map(plain) for name, value in variables.items()}
        except KeyError as error:
            raise StackError(
                explain(
                    f"'{key}' in {self.file.name} names figures of profile '{self.figures.profile}'.",
                    f"There is no figure {error}.",
                    evidence=f"figures are: {', '.join(self.figures)}",
                )
            ) from error

    def environments(self) -> dict[str, dict[str, str]]:
        """The environment variables by service or group, with the profile's figures filled in.

        Raises:
            StackError: They are no mappings, or a figure is asked for that does not exist.
        """
        result: dict[str, dict[str, str]] = {}
        for service, variables in self.section("settings").items():
            if not isinstance(variables, dict):
                raise StackError(explain(f"'settings: {service}' in {self.file.name} is a mapping.", f"It is {variables!r}."))
            result[service] = self.filled_in(f"settings: {service}", variables)
        return result
