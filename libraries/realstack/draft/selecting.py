"""CSS selectors of elements, by what is likely to stay: test ids, ids, roles and labels, names, data, then classes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from realstack.draft.heard import is_id
from realstack.draft.ids import stem
from realstack.draft.observations import Element, Page

STABLE = ("data-testid", "data-test-id", "data-test", "data-cy", "data-qa")
PLAIN = re.compile(r"-?[A-Za-z_][\w-]*")
_MADE = re.compile(r"^(css|sc|jsx|svelte|emotion|chakra|Mui\w*)-\w*\d|\d{4,}|^radix|:r\w+:|__\w*\d\w*$")
_NUMBERED = re.compile(r"(?:^|[-_:])\d+$")
"""How ids of elements end that are one of many."""
_PASSING = {"data-state", "data-key", "data-size", "data-active"}
"""Attributes whose values tell how an element is just now, not which it is."""


@dataclass(frozen=True, slots=True)
class Selector:
    """A simple selector, and which elements it matches."""

    css: str
    matches: Callable[[Element], bool]

    def among(self, elements: Sequence[Element]) -> list[Element]:
        """The elements that it matches."""
        return [one for one in elements if self.matches(one)]


def literally(text: str) -> str:
    """A text as a regular expression of pages finds it: one of Unicode takes no backslash before what needs none."""
    return re.sub(r"[\\^$.*+?()\[\]{}|]", r"\\\g<0>", text)


def stays(value: str) -> bool:
    """Whether a name looks as if people had chosen it, and not for one thing alone."""
    return bool(value) and _MADE.search(value) is None and not is_id(value) and not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}", value)


def _names_one(name: str, value: str) -> bool:
    """Whether an attribute holds an id, though a short one."""
    return value.isdigit() or (stem(name) is not None and any(map(str.isdigit, value)))


def candidates(element: Element) -> Iterator[Selector]:
    """Selectors that match an element, the likeliest to stay first."""
    yield from _by_name(element)
    told = element.attributes
    data = [name for name in told if name.startswith("data-") and name not in (*STABLE, *_PASSING)]
    yield from (attribute(name, told[name]) for name in data if stays(told[name]) and not _names_one(name, told[name]))
    yield from map(having, data)
    if "role" in told:
        yield attribute("role", told["role"])
    yield from (_class(name) for name in element.classes if PLAIN.fullmatch(name) and stays(name))
    if element.tag == "input" and "type" in told:
        yield _tagged("input", attribute("type", told["type"]))
    yield Selector(element.tag, lambda one: one.tag == element.tag)


def _by_name(element: Element) -> Iterator[Selector]:
    told = element.attributes
    yield from (attribute(name, told[name]) for name in STABLE if stays(told.get(name, "")))
    if stays(told.get("id", "")) and not _NUMBERED.search(told["id"]):
        yield _id(told["id"])
    label = told.get("aria-label", "")
    if "role" in told and stays(label):
        yield _both(attribute("role", told["role"]), attribute("aria-label", label))
    if stays(label):
        yield _tagged(element.tag, attribute("aria-label", label))
    if stays(told.get("name", "")):
        yield _tagged(element.tag, attribute("name", told["name"]))


class _Index:
    """Selectors of all elements of a page: what matches one is among its candidates, so that equal texts tell enough."""

    def __init__(self, page: Page) -> None:
        self.own = {one.number: [selector.css for selector in candidates(one)] for one in page.elements}
        self.count = Counter(css for found in self.own.values() for css in set(found))
        self.found: dict[int, str] = {}
        self.parents = {child.number: one for one in page.elements for child in one.children}

    def unique(self, element: Element) -> str:
        if element.number not in self.found:
            self.found[element.number] = self._unique(element)
        return self.found[element.number]

    def _unique(self, element: Element) -> str:
        own = self.own[element.number]
        for css in own:
            if self.count[css] == 1:
                return css
        outer = self.parents.get(element.number)
        while outer is not None:
            around = next((css for css in self.own[outer.number] if self.count[css] == 1), "")
            if around:
                inside = Counter(css for one in list(outer.walk())[1:] for css in set(self.own[one.number]))
                return next((f"{around} {css}" for css in own if inside[css] == 1), "")
            outer = self.parents.get(outer.number)
        return ""


_index = lru_cache(maxsize=32)(_Index)


def unique(page: Page, element: Element) -> str:
    """The best selector that matches one element of a page alone, inside of the nearest that has one where it has none itself;
    empty where nothing does."""
    return _index(page).unique(element)


def find(page: Page, selector: str) -> Element | None:
    """The element of a page whose [unique][realstack.draft.selecting.unique] selector this is."""
    return next((one for one in page.elements if unique(page, one) == selector), None)


def of_all(page: Page, elements: Sequence[Element], inside: Element) -> Selector | None:
    """The best selector that matches all of some elements and, on the whole page, nothing outside of the one around them."""
    numbers = {one.number for one in inside.walk()}
    for one in candidates(elements[0]):
        found = one.among(page.elements)
        if all(map(one.matches, elements)) and all(other.number in numbers for other in found):
            return one
    return None


def within(items: Sequence[Element], parts: Sequence[Element]) -> str:
    """The selector by which the first such element of each item is its part; empty where none does, or the item is the part."""
    if all(item.number == part.number for item, part in zip(items, parts, strict=True)):
        return ""
    for one in candidates(parts[0]):
        if all(
            (found := one.among(list(item.walk())[1:])) and found[0].number == part.number
            for item, part in zip(items, parts, strict=True)
        ):
            return one.css
    return ""


def attribute(name: str, value: str) -> Selector:
    """By an attribute's value."""
    quoted = value.replace("\\", "\\\\").replace('"', '\\"')
    return Selector(f'[{name}="{quoted}"]', lambda one: one.attributes.get(name) == value)


def having(name: str) -> Selector:
    """By an attribute, whatever its value."""
    return Selector(f"[{name}]", lambda one: name in one.attributes)


def _id(value: str) -> Selector:
    if PLAIN.fullmatch(value):
        return Selector(f"#{value}", lambda one: one.attributes.get("id") == value)
    return attribute("id", value)


def _class(name: str) -> Selector:
    return Selector(f".{name}", lambda one: name in one.classes)


def _both(first: Selector, second: Selector) -> Selector:
    return Selector(f"{first.css}{second.css}", lambda one: first.matches(one) and second.matches(one))


def _tagged(tag: str, selector: Selector) -> Selector:
    return Selector(f"{tag}{selector.css}", lambda one: one.tag == tag and selector.matches(one))
