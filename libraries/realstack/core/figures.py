"""Profiles: the sets of figures that a run can use.

A profile is a YAML file, one of a folder of them: a flat mapping of names to figures. A figure is a number, or a text with
a unit: a duration (`500 ms`, `5 s`, `1 min`, `1 h`) or a size (`64 KiB`, `5 MB`). `plan.yaml` is the
reference: every profile has the same names with figures of the same kind.

```robotframework
Wait For Frame    timeout=${FIGURES.answer_time}
```
"""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml

from realstack.core.calibration import Calibration, calibrate
from realstack.core.errors import StackError, explain
from realstack.core.quantities import byte_size, duration

Figure = timedelta | int | float
"""A duration, a count or size (bytes), or a ratio."""

REFERENCE = "plan"
"""The profile that says which figures there are."""


class Figures(Mapping[str, Figure]):
    """The figures of one profile, as attributes and as a mapping.

    Args:
        name: The profile's name.
        values: The figures by name.
        why: Why it is not the profile that comes first.
    """

    def __init__(self, name: str, values: Mapping[str, Figure], why: str = "") -> None:
        self._name = name
        self._values = dict(values)
        self._why = why

    @property
    def profile(self) -> str:
        """The profile's name."""
        return self._name

    @property
    def profile_because(self) -> str:
        """Why it is not the profile that comes first; mostly empty."""
        return self._why

    def __getattr__(self, name: str) -> Figure:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self._values[name]
        except KeyError:
            known = f"Figures are: {', '.join(self._values)}."
            raise AttributeError(f"Profile '{self._name}' has no figure '{name}'.{_near(name, self._values)} {known}") from None

    def __getitem__(self, name: str) -> Figure:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __str__(self) -> str:
        return self._name

    def __repr__(self) -> str:
        return f"Figures({self._name!r}, {self._values!r})"

    def plain(self) -> dict[str, str]:
        """The figures as services read them: durations in seconds, sizes in bytes."""
        return {
            name: f"{_number(value):g}" if isinstance(value, timedelta | float) else str(value) for name, value in self.items()
        }

    def chosen(self, why: str) -> Figures:
        """The same profile, with the reason for which it was chosen."""
        return Figures(self._name, self._values, why)

    def with_changes(self, changes: Mapping[str, object]) -> Figures:
        """The same profile with some figures replaced, such as the soak's duration.

        Raises:
            StackError: There is no such figure, or its new value is of another kind.
        """
        values = dict(self._values)
        for name, value in changes.items():
            if name not in values:
                raise StackError(f"There is no figure '{name}'.{_near(name, values)} Figures are: {', '.join(values)}.")
            values[name] = parse(name, value)
            _same_kind(name, values[name], self._values[name])
        return Figures(self._name, values, self._why)


class UnknownProfile:
    """Stands in for the figures of a profile that can't be read, until somebody asks for one.

    An error while variables are imported would only be logged; raised by the keyword that starts the platform, it stops the run.

    Args:
        text: Why it can't be read.
    """

    def __init__(self, text: str) -> None:
        self.text = text

    def __getattr__(self, name: str) -> Figure:
        if name.startswith("_"):
            raise AttributeError(name)
        raise StackError(self.text)

    def __str__(self) -> str:
        return "unknown profile"


def known_profiles(folder: Path) -> list[str]:
    """Names of the profiles that there are."""
    return sorted(file.stem for file in folder.glob("*.yaml"))


def choose(names: str, folder: Path, find_out: Callable[[int], Calibration] = calibrate) -> Figures:
    """Read a profile, or the one of two that suits this machine.

    Args:
        names: A profile's name, or two of them, `fast or patient`: the second is for machines that are too slow for the first.
        folder: Where the profiles are.
        find_out: Tells whether this machine is slow, for so many cores.

    Raises:
        StackError: As `load`.
    """
    first, either, second = (word.strip() for word in names.partition(" or "))
    figures = load(first, folder)
    if not either:
        return figures
    patient = load(second, folder)
    found = find_out(int(figures.plain().get("cores", "1")))
    if not found.slow:
        return figures
    return patient.chosen(f"this machine is slow: {found}; --variable PROFILE:{first} overrules that")


def load(name: str, folder: Path) -> Figures:
    """Read a profile.

    Args:
        name: Its file's name without `.yaml`.
        folder: Where the profiles are.

    Raises:
        StackError: There is no such profile, or its file is wrong; the text says which line of it.
    """
    known = known_profiles(folder)
    if name not in known:
        raise StackError(
            explain(
                f"PROFILE is one of {', '.join(known)}.",
                f"It is '{name}'.{_near(name, known)}",
                remedy=f"robot --variable PROFILE:{known[0] if known else REFERENCE} suites/, or write {folder / name}.yaml.",
            )
        )
    values = _read(folder / f"{name}.yaml")
    if name != REFERENCE and REFERENCE in known:
        _compare(folder / f"{name}.yaml", values, _read(folder / f"{REFERENCE}.yaml"))
    return Figures(name, values)


def parse(name: str, given: object) -> Figure:
    """Turn what a file says into a figure.

    Raises:
        StackError: It is none.
    """
    if isinstance(given, int | float) and not isinstance(given, bool):
        return given
    # A text has a unit, for without one it could be either; and no figure is below zero.
    if isinstance(given, str) and given.rstrip()[-1:].isalpha() and not given.lstrip().startswith("-"):
        with contextlib.suppress(StackError):
            return timedelta(seconds=duration(given))
        with contextlib.suppress(StackError):
            return round(byte_size(given))
    raise StackError(
        explain(
            f"figure '{name}' is a number, a duration (units ms, s, min, h, d) or a size (units B, kB, MB, GB, KiB, MiB, GiB).",
            f"It is {given!r}.",
        )
    )


def _read(file: Path) -> dict[str, Figure]:
    try:
        content: Any = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise StackError(f"'{file}' is no valid YAML: {error}") from error
    if not isinstance(content, dict):
        raise StackError(f"'{file}' must hold a mapping of names to figures.")
    return {str(name): parse(f"{file.name}: {name}", value) for name, value in content.items()}


def _compare(file: Path, values: Mapping[str, Figure], reference: Mapping[str, Figure]) -> None:
    missing, unknown = reference.keys() - values.keys(), values.keys() - reference.keys()
    if missing or unknown:
        seen = [f"missing: {', '.join(sorted(missing))}"] if missing else []
        seen += [f"unknown: {', '.join(sorted(unknown))}"] if unknown else []
        raise StackError(explain(f"'{file.name}' has the figures of '{REFERENCE}.yaml'.", "; ".join(seen) + "."))
    for name, value in values.items():
        _same_kind(f"{file.name}: {name}", value, reference[name])


def _same_kind(name: str, value: Figure, other: Figure) -> None:
    if isinstance(value, timedelta) != isinstance(other, timedelta):
        kind = "a duration, such as '5 s'" if isinstance(other, timedelta) else "a number or a size"
        raise StackError(explain(f"figure '{name}' is {kind}.", f"It is {value!r}."))


def _number(value: Figure) -> float:
    return value.total_seconds() if isinstance(value, timedelta) else float(value)


def _near(name: str, known: object) -> str:
    near = difflib.get_close_matches(name, list(known), 1)  # type: ignore[call-overload]
    return f" Did you mean '{near[0]}'?" if near else ""
