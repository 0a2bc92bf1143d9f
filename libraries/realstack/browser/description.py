"""The description of a platform's page: where its elements are, and what they say.

A description is data (YAML in ``resources/adapters/<name>/page.yaml``). Elements go by the names that resources have for them.
One is a CSS selector, or a mapping with its `selector` and, by their names, how each of its values is read:

| how | the value is |
|---|---|
| a text | the attribute of that name |
| `attribute` | the same |
| nothing of these | the element's text; that is the value `text` of each element that says nothing else of it |
| `find` | what a regular expression finds there: its group, or all of it |
| `says` | the first name whose regular expression finds something there |
| `is` | the first name whose selector the element matches |

With `of`, a selector, each is read from the first such element inside.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from realstack.core.errors import StackError, explain

ELEMENTS = "elements.yaml"
"""The file beside the adapters that says which elements and values resources know, and what each means."""
MEANS, SELECTOR, TEXT = "means", "selector", "text"
THREAD = "{thread}"
"""What stands for a conversation's id in its path."""
HOW = ("of", "attribute", "find", "says", "is")
KINDS = ("attribute", "find", "says", "is")


@dataclass(frozen=True, slots=True)
class Element:
    """Where an element is, and how each of its values is read."""

    selector: str
    values: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Description:
    """A page.

    Attributes:
        file: Where it is described.
        conversation: The path of a conversation, with `{thread}` for its id; empty when it is not known.
        elements: The elements by name.
    """

    file: Path
    conversation: str
    elements: Mapping[str, Element]

    def element(self, name: str, *values: str) -> Element:
        """An element that is described, with these values.

        Raises:
            StackError: It is not, or one of the values is not.
        """
        found = self.elements.get(name)
        if found is None:
            raise _not_described(f"the element '{name}'", name, self.elements, self.file)
        for value in values:
            if value != TEXT and value not in found.values:
                raise _not_described(f"'{value}' of the element '{name}'", value, found.values, self.file)
        return found

    def gap(self, wanted: str) -> str:
        """What is not described of an element or of ``element.value``: either of them; empty when all is."""
        name, _, value = wanted.partition(".")
        found = self.elements.get(name)
        if found is None:
            return name
        return wanted if value and value != TEXT and value not in found.values else ""

    def path(self, thread: str | None = None) -> str:
        """The path of the page, or of a conversation's.

        Raises:
            StackError: The description does not say where conversations are.
        """
        if thread is None:
            return "/"
        if not self.conversation:
            raise StackError(
                explain(f"{self.file} says where conversations are", "It does not.", remedy=f"Say `conversation: /…/{THREAD}`.")
            )
        return self.conversation.replace(THREAD, thread)

    @property
    def plain(self) -> dict[str, Any]:
        """What the page's scripts are told."""
        before, _, after = self.conversation.partition(THREAD)
        return {
            "conversation": [before, after] if self.conversation else None,
            "elements": {
                name: {SELECTOR: one.selector, "values": {TEXT: {}, **one.values}} for name, one in self.elements.items()
            },
        }


def known_elements(folder: Path) -> dict[str, dict[str, str]]:
    """The elements that resources know, each with what it means and its values; none where the folder has no list of them."""
    file = folder / ELEMENTS
    if not file.is_file():
        return {}
    told = _mapping(_yaml(file), str(file))
    return {name: {MEANS: one} if isinstance(one, str) else _mapping(one, name) for name, one in told.items()}


def load(file: Path, known: Mapping[str, Mapping[str, str]] | None = None) -> Description:
    """Read a description.

    Args:
        file: The YAML file.
        known: The elements and values that there are ([known_elements][]); any when not given.

    Raises:
        StackError: It is wrong; says where, and what would be right.
    """
    told = _mapping(_yaml(file), file.name)
    _among(told, ("conversation", "elements"), f"keys of {file.name}")
    conversation = told.get("conversation", "")
    if conversation and not (isinstance(conversation, str) and conversation.startswith("/") and conversation.count(THREAD) == 1):
        raise StackError(explain(f"`conversation` of {file.name} is a path such as /threads/{THREAD}", repr(conversation)))
    elements = _mapping(told.get("elements") or {}, f"`elements` of {file.name}")
    if known:
        _among(elements, known, f"elements of {file.name}")
    return Description(file, conversation, {name: _element(name, one, known) for name, one in elements.items()})


def _element(name: str, told: Any, known: Mapping[str, Mapping[str, str]] | None) -> Element:
    given = _mapping({SELECTOR: told} if isinstance(told, str) or told is None else told, f"the element '{name}'")
    selector = _text(given.get(SELECTOR), f"the selector of '{name}'")
    values = {value: how for value, how in given.items() if value != SELECTOR}
    if known:
        _among(values, (value for value in known[name] if value != MEANS), f"values of '{name}'")
    return Element(selector, {value: _how(how, f"'{value}' of '{name}'") for value, how in values.items()})


def _how(told: Any, where: str) -> dict[str, Any]:
    if isinstance(told, str):
        return {"attribute": told}
    how = _mapping(told, where)
    _among(how, HOW, f"words for {where}")
    if ("is" in how and len(how.keys() & set(KINDS)) > 1) or {"find", "says"} <= how.keys():
        raise StackError(explain(f"{where} is read in one way: `find`, `says` or `is`", ", ".join(how)))
    for word in ("of", "attribute", "find"):
        if word in how:
            _text(how[word], f"`{word}` of {where}")
    for word in ("is", "says"):
        for name, one in _mapping(how.get(word, {}), f"`{word}` of {where}").items():
            _text(one, f"`{word}: {name}` of {where}")
    for pattern in ([how["find"]] if "find" in how else []) + list(how.get("says", {}).values()):
        try:
            re.compile(pattern)
        except re.error as error:
            raise StackError(explain(f"{where} is found by a regular expression", f"{pattern!r}: {error}")) from error
    return how


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        remedy = "A selector that begins with # stands in quotes: YAML takes it for a comment." if value is None else ""
        raise StackError(explain(f"{where} is a text", repr(value), remedy=remedy))
    return value


def _yaml(file: Path) -> Any:
    try:
        return yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except OSError as error:
        raise StackError(explain("a file that describes the page", f"{file} can't be read ({error.strerror})")) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise StackError(explain("a description of the page in YAML", f"{file} is not YAML: {error}")) from error


def _mapping(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise StackError(explain(f"{where} is a mapping", repr(value)))
    return {str(name): one for name, one in value.items()}


def _among(given: Iterable[str], known: Iterable[str], what: str) -> None:
    known = list(known)
    for name in given:
        if name not in known:
            raise StackError(explain(f"{what} are among {', '.join(known) or 'none'}", f"'{name}'.{_near(name, known)}"))


def _not_described(what: str, name: str, known: Iterable[str], file: Path) -> StackError:
    near = _near(name, known)
    return StackError(
        explain(f"{file} describes {what}", f"It does not.{near}", remedy=f"Describe it there; {ELEMENTS} says what it is.")
    )


def _near(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), 1)
    return f" Did you mean '{near[0]}'?" if near else ""
