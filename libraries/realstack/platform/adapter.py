"""An adapter: the one folder that knows a platform.

It holds `platform.yaml` (what the platform is and can), a file for each further driver by which it can be run (`compose.yaml`),
and what the layers above read of it: what its frames mean, what its page looks like, the keywords that use it.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from realstack.core.errors import StackError, explain
from realstack.core.several import several
from realstack.platform import config, known
from realstack.platform.known import KnownViolation

FILE = "platform.yaml"
"""What makes a folder an adapter."""
OTHER_FILES = {"platform", "vocabulary", "page"}
"""Its files that name no driver."""
CAPABILITIES = "capabilities.yaml"
"""The file beside the adapters that says which capabilities there are, and what each means."""
WANTS = "wants-"
"""What tags begin with that say which capability a test asks for."""

FORMS = "forms"
"""The provider of a platform that names none: plain forms."""

PAGES = "needs-browser"
"""The tag of tests that open pages."""
NO_PAGE = "it has no page.yaml that describes its page"


@dataclass(frozen=True, slots=True)
class Adapter:
    """One platform's folder.

    Attributes:
        folder: The folder.
        driver_file: The YAML file that tells how the platform is run or found.
        figures: The profile's figures that are others for this platform.
        capabilities: Whether the platform has each of the capabilities that are known: empty, or the reason why not.
        undeclared: Those of which `platform.yaml` says nothing.
        provider: Where its users sign in; what is special about that is in a file of that name.
        credential_names: Names of fields and cookies that tell of a credential besides the usual ones; `!name` takes one out.
        known: Faults that its platform is known to have.
        pageless: Whether its platform has no page that is described.
        defaults: The keywords of a platform that does nothing special, which its resource may import.
        problem: Why there is no such adapter; empty when there is.
    """

    folder: Path
    driver_file: Path
    figures: Mapping[str, object] = field(default_factory=dict)
    capabilities: Mapping[str, str] = field(default_factory=dict)
    undeclared: frozenset[str] = frozenset()
    provider: str = FORMS
    credential_names: tuple[str, ...] = ()
    known: tuple[KnownViolation, ...] = ()
    pageless: bool = False
    defaults: Path = Path("defaults.resource")
    problem: str = ""

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.name

    @property
    def resource(self) -> Path:
        """The keywords that use the platform."""
        return self.folder / "adapter.resource"

    @property
    def parts(self) -> Path:
        """Keywords that adapters have in common but for some data."""
        return self.defaults.parent / "parts"

    @property
    def vocabulary(self) -> Path:
        """What its frames, pages and rows mean."""
        return self.folder / "vocabulary.yaml"

    @property
    def page(self) -> Path:
        """Where its page has what."""
        return self.folder / "page.yaml"

    @property
    def lacking(self) -> dict[str, str]:
        """Why the platform has not what tests want or need, by their tags."""
        lacking = {f"{WANTS}{name}": f"{self.name}: {reason}" for name, reason in self.capabilities.items() if reason}
        return lacking | ({PAGES: f"{self.name}: {NO_PAGE}"} if self.pageless else {})

    def __str__(self) -> str:
        return self.name


def find(given: str, folder: Path, *, default: str) -> Adapter:
    """Find the adapter that a run asks for.

    Args:
        given: Name of a folder in `folder`, or the path of another; with `/driver` behind it for another driver than the one that
            its `platform.yaml` names. A driver's name alone means one of the `default` adapter. The path of a driver's file is
            taken, too.
        folder: Where adapters are, a folder each.
        default: Name of the adapter whose drivers need no name before them.

    Raises:
        StackError: There is no such adapter or driver, or its `platform.yaml` is wrong.
    """
    path = Path(given)
    if path.suffix == ".yaml" and path.is_file() and (path.parent / FILE).is_file():
        return _read(path.parent, folder, path.stem)
    for place in (folder / given, path):
        if given and (place / FILE).is_file():
            return _read(place, folder)
    for place in (folder / default,) if path.name == given else (folder / path.parent, path.parent):
        if path.name in drivers(place):
            return _read(place, folder, path.name)
    raise _unknown(given, folder, default)


def drivers(folder: Path) -> list[str]:
    """The drivers that have a file of their own in an adapter's folder."""
    return sorted(file.stem for file in folder.glob("*.yaml") if file.stem not in OTHER_FILES)


def _read(place: Path, folder: Path, driver: str = "") -> Adapter:
    place = place.resolve()
    content = config.load(place / FILE)
    abilities = known_capabilities(folder)
    own = place / f"{content.get('driver') if not driver or driver in OTHER_FILES else driver}.yaml"
    # Run by another driver, or with another provider, it may be able to do less.
    by_driver = config.load(own) if own.is_file() else {}
    capabilities = {**_mapping(content, "capabilities", place), **_mapping(by_driver, "capabilities", place)}
    return Adapter(
        place,
        own if own.is_file() else place / FILE,
        _mapping(content, "figures", place),
        _capabilities(capabilities, place, abilities),
        frozenset(abilities.keys() - capabilities.keys()),
        str(by_driver.get("provider") or content.get("provider") or FORMS),
        known=known.read(content.get("known"), place / FILE),
        credential_names=tuple(map(str, several(content.get("credential_names")))),
        pageless=not (place / "page.yaml").is_file(),
        defaults=folder.resolve() / "defaults.resource",
    )


def known_capabilities(folder: Path) -> dict[str, str]:
    """What each capability means, by name; none where the folder of adapters has no list of them."""
    file = folder / CAPABILITIES
    return {str(name): str(meaning) for name, meaning in config.load(file).items()} if file.is_file() else {}


def _capabilities(declared: Mapping[str, object], place: Path, known: Mapping[str, str]) -> dict[str, str]:
    wrong = sorted(f"{name}: {value}" for name, value in declared.items() if name not in known or not _is_answer(value))
    if wrong:
        raise StackError(
            explain(
                f"each of the 'capabilities' in {place / FILE} is a known one, with `true` or the reason why not: "
                f"{', '.join(known) or 'none'}.",
                f"{'; '.join(wrong)}.",
                remedy=f"{CAPABILITIES}, beside the adapters, tells what each means.",
            )
        )
    return {name: _why_not(declared.get(name), name, meaning) for name, meaning in known.items()}


def _is_answer(value: object) -> bool:
    return value is True or (isinstance(value, str) and bool(value.strip()))


def _why_not(answer: object, name: str, meaning: str) -> str:
    if answer is None:
        return f"{FILE} does not say whether it has '{name}' ({meaning})"
    return "" if answer is True else str(answer)


def _mapping(content: Mapping[str, Any], key: str, folder: Path) -> dict[str, object]:
    found = content.get(key) or {}
    if not isinstance(found, dict):
        raise StackError(explain(f"'{key}' in {folder / FILE} is a mapping.", f"It is {found!r}."))
    return {str(name): value for name, value in found.items()}


def _unknown(given: str, folder: Path, default: str) -> StackError:
    names = sorted(file.parent.name for file in folder.glob(f"*/{FILE}"))
    short = drivers(folder / default)
    near = difflib.get_close_matches(given, [*names, *short], 1)
    return StackError(
        explain(
            f"PLATFORM is an adapter ({', '.join(names) or 'none'} in {folder}), one of {default}'s drivers "
            f"({', '.join(short) or 'none'}), or the path of a folder that holds {FILE}.",
            f"It is '{given}'." + (f" Did you mean '{near[0]}'?" if near else ""),
            remedy=f"Choose one (robot --variable PLATFORM:name suites/), or write {folder / (given or 'yours') / FILE} "
            "(docs/adapter.md tells what stands in it).",
        )
    )
