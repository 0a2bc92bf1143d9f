"""Reading and checking the catalog: one YAML file a journey, one entry a bug.

An entry changes the reference platform, or another one of the tree, in one place. It finds a text that must stand exactly once
in the named file and replaces it, so that it survives edits elsewhere; an entry whose text is gone is an error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from realstack.history.laws import LAWS

FIELDS = {"name", "file", "find", "replace", "journey", "law", "story"}
OPTIONAL = {"test", "survives", "platform"}


class CatalogError(ValueError):
    """An entry is malformed, or no longer applies to the platform's sources."""


INVALID = "INVALID"
"""Stands for a law where a fault is turned off: there is nothing to judge then, and no test may pass."""


@dataclass(frozen=True, slots=True)
class Defect:
    """A bug that such platforms really have.

    Attributes:
        name: Short, unique, in kebab case.
        file: The changed file, relative to the platform's sources; where it begins with `libraries/` a fault of the project's
            is turned off.
        find: The text that is replaced; stands exactly once in the file.
        replace: What stands there instead.
        journey: Suite name without ending, such as ``02_tabs``.
        law: Id of the law that must fail; `INVALID` where every test has to say that what it needs did not happen.
        story: Where such a bug was seen, or why it is likely.
        test: Name patterns of the tests that are run, a line each; all of the journey when empty.
        survives: Why the bug is not caught yet; empty for a bug that must be.
        platform: The adapter whose sources are changed; the reference platform's when empty.
    """

    name: str
    file: str
    find: str
    replace: str
    journey: str
    law: str
    story: str
    test: str = ""
    survives: str = ""
    platform: str = ""

    @property
    def sources(self) -> str:
        """The folder of the platform's sources, relative to the project's."""
        return f"examples/{self.platform}" if self.platform else "docker"

    @property
    def run(self) -> tuple[str, str]:
        """What one clean run is made for: a journey on a platform."""
        return self.platform, self.journey

    @property
    def is_fault_off(self) -> bool:
        """Whether not the platform is changed but a fault of the libraries, so that it does nothing."""
        return self.file.startswith("libraries/")

    @property
    def is_clean(self) -> bool:
        """Whether this is no bug but the platform as it is; see `clean`."""
        return not self.find

    def plant(self, sources: Path) -> None:
        """Change a copy of the platform, or of the project where a fault is turned off.

        Args:
            sources: The copy of the platform's sources, or of the project's folder.

        Raises:
            CatalogError: The text is not there exactly once.
        """
        if self.is_clean:
            return
        path = sources / self.file
        if not path.is_file():
            raise CatalogError(f"{self.name}: {self.file} does not exist any more; name the file where the code stands now.")
        text = path.read_text(encoding="utf-8")
        count = text.count(self.find)
        if count != 1:
            raise CatalogError(
                f"{self.name}: the text to find stands {count} times in {self.file}, expected once. "
                f"Adapt the entry to the code as it is now:\n{self.find}"
            )
        path.write_text(text.replace(self.find, self.replace), encoding="utf-8")


def load(folder: Path, suites: Path) -> list[Defect]:
    """Read all entries of a folder, by journey and order of writing.

    Args:
        folder: Holds `*.yaml`, each a list of entries.
        suites: Holds the journeys that entries name.

    Raises:
        CatalogError: An entry lacks a field, has an unknown one, or names a journey or law that is not there.
    """
    defects: list[Defect] = []
    for path in sorted(folder.glob("*.yaml")):
        entries = yaml.safe_load(path.read_text(encoding="utf-8")) or []
        for entry in entries:
            defects.append(_read(entry, path, suites))
    names = [defect.name for defect in defects]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise CatalogError(f"Two entries have the same name: {', '.join(doubled)}.")
    return defects


def clean(journey: str, defects: Sequence[Defect], platform: str = "") -> Defect:
    """The platform without a bug, under the tests that a journey's bugs are tried with: unless they pass, kills prove nothing."""
    patterns = [defect.test for defect in defects if defect.run == (platform, journey)]
    test = "\n".join(sorted(set(patterns))) if all(patterns) else ""
    name = "-".join(filter(None, ("clean", platform, journey)))
    return Defect(name, "", "", "", journey, "", "The platform as it is; every test has to pass.", test, platform=platform)


def _read(entry: dict[str, str], path: Path, suites: Path) -> Defect:
    where = f"{path.name}: {entry.get('name', 'an entry without a name')}"
    missing = FIELDS - entry.keys()
    unknown = entry.keys() - FIELDS - OPTIONAL
    if missing or unknown:
        raise CatalogError(f"{where}: missing fields {sorted(missing)}, unknown fields {sorted(unknown)}.")
    defect = Defect(**entry)
    if not (suites / f"{defect.journey}.robot").is_file():
        raise CatalogError(f"{where}: there is no suite {defect.journey}.robot.")
    if defect.is_fault_off and defect.law != INVALID:
        raise CatalogError(f"{where}: a fault that is turned off has '{INVALID}' for a law.")
    if not defect.is_fault_off and defect.law not in LAWS:
        raise CatalogError(f"{where}: there is no law '{defect.law}'. Known are: {', '.join(sorted(LAWS))}.")
    if not defect.find or defect.find == defect.replace:
        raise CatalogError(f"{where}: it changes nothing.")
    return defect
