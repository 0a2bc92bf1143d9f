"""Elements of a page by what people see in them: pure functions over what a page was made of."""

from __future__ import annotations

import re
from collections.abc import Callable

from realstack.draft.observations import Element, Page

PRESSED = ("button", "a")
_SAYS = re.compile(r"(?i)message|chat|ask|type|say|write|compos|prompt")
_SENDS = re.compile(r"(?i)\b(?:send|ask|say|post)\b")
_USER = re.compile(r"(?i)user|login|mail|account|identifier")


def is_pressed(element: Element) -> bool:
    """Whether it is a button or a link."""
    kind = element.attributes.get("type", "")
    return (
        element.tag in PRESSED
        or element.attributes.get("role") in ("button", "link", "menuitem")
        or (element.tag == "input" and kind in ("submit", "button"))
    )


def called(element: Element) -> str:
    """What people call an element: its label, its text or its title."""
    told = element.attributes
    return " ".join((told.get("aria-label") or element.text or told.get("title") or told.get("value") or "").split())


def usable(page: Page, fits: Callable[[Element], bool]) -> list[Element]:
    """The visible and enabled elements that fit."""
    return [one for one in page.elements if one.visible and not one.disabled and fits(one)]


def pressed(page: Page, words: str) -> list[Element]:
    """The buttons and links whose name has one of these words (a regular expression), in order, the shortest names first."""
    pattern = re.compile(rf"(?i)\b(?:{words})\b")

    def fits(one: Element) -> bool:
        return is_pressed(one) and pattern.search(called(one) or one.attributes.get("id", "")) is not None

    found = usable(page, fits)
    return sorted(found, key=lambda one: len(called(one)))


def password_box(page: Page) -> Element | None:
    """Where a password is typed."""
    return next(iter(usable(page, lambda one: one.tag == "input" and one.attributes.get("type") == "password")), None)


def user_box(page: Page) -> Element | None:
    """Where a user name is typed: an e-mail's box, or one that is named so; none where nothing is."""

    def fits(one: Element) -> bool:
        told = one.attributes
        if one.tag != "input" or told.get("type", "text") not in ("text", "email", "tel"):
            return False
        named = " ".join(told.get(name, "") for name in ("name", "id", "autocomplete", "aria-label", "placeholder"))
        return told.get("type") == "email" or _USER.search(named) is not None

    return next(iter(usable(page, fits)), None)


def composer(page: Page) -> Element | None:
    """Where messages are written: the last box of several lines, or what can be edited; else one line that is named so, or whose
    form has a button that is."""

    def boxes(fits: Callable[[Element], bool]) -> Element | None:
        found = [one for one in usable(page, fits) if "readonly" not in one.attributes]
        return found[-1] if found else None

    def one_line(one: Element) -> bool:
        if one.tag != "input" or one.attributes.get("type", "text") != "text":
            return False
        button = submit_of(page, one)
        return _SAYS.search(" ".join(one.attributes.values())) is not None or (
            button is not None and _SENDS.search(called(button)) is not None
        )

    return boxes(lambda one: one.tag == "textarea" or one.attributes.get("role") == "textbox" or one.editable) or boxes(one_line)


def submit_of(page: Page, box: Element) -> Element | None:
    """The button that sends the form a box is in; none where there is no such form or button."""
    form = next((one for one in reversed(page.body.way_to(box.number)) if one.tag == "form"), None)
    if form is None:
        return None
    inside = [one for one in form.walk() if one.visible and not one.disabled]
    buttons = [one for one in inside if one.tag == "button" or (one.tag == "input" and one.attributes.get("type") == "submit")]
    return next((one for one in buttons if one.attributes.get("type", "submit") == "submit"), None)
