"""Where a page has what, from the elements in which texts and ids turned up, and from what changed when it was cut off."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from realstack.draft import finding, selecting
from realstack.draft.drafted import Talk
from realstack.draft.heard import shown
from realstack.draft.ids import stem
from realstack.draft.observations import Element, Observations, Page

_SIGN_OUT = "sign out|log out|logout|signout"
_RENAME = "rename|edit title|change title"
_WORD = re.compile(r"[A-Za-z]+")
_OF_STATE = ("data-state", "data-status", "data-connection", "data-connected")
_OF_CONNECTION = re.compile("conn|online|net|stat")
"""What selectors of elements that tell of a connection are likely to hold."""
_OFFLINE = re.compile(r"(?i)offline|connect|network|reach")
LONGEST_NOTICE = 200
"""Characters of what a page says of its connection."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an element is, how its values are read, and what that was inferred from."""

    selector: str
    why: str
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class PageDraft:
    """A page: the path of a conversation, the elements by name, and what could not be seen."""

    conversation: str = ""
    elements: dict[str, Place] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)


def infer(observations: Observations, talk: Talk) -> PageDraft:
    """Where a page has what."""
    return _Pages(observations, talk).infer()


class _Pages:
    def __init__(self, observations: Observations, talk: Talk) -> None:
        self.seen = observations
        self.talk = talk
        self.draft = PageDraft()
        self.said = observations.page("said")

    def infer(self) -> PageDraft:
        if self.said is None:
            self.draft.missing.append("No page was seen after texts were said.")
            return self.draft
        self._conversation(self.said)
        self._composer(self.said)
        self._messages(self.said)
        self._connection(self.said)
        self._signing()
        self._threads(self.said)
        self._files(self.said)
        if any(one.shadow for one in self.said.elements):
            self.draft.missing.append("Parts of the page are in shadow trees, which selectors of page.yaml do not enter.")
        return self.draft

    def _put(self, name: str, selector: str, why: str, **values: Any) -> None:
        if selector:
            self.draft.elements[name] = Place(selector, why, values)

    def _conversation(self, page: Page) -> None:
        path = urlsplit(page.url).path
        named = self.talk.ids.placed(path, self.talk.thread, "{thread}")
        if named.count("{thread}") == 1:
            self.draft.conversation = named
        else:
            self.draft.missing.append(
                f"The address {path} names no id that frames name, too: where conversations are is not known."
            )

    def _composer(self, page: Page) -> None:
        box = finding.composer(page)
        if box is not None:
            self._put("composer", selecting.unique(page, box), "the texts were typed there")
        typed = self.seen.page("typed")
        sends = finding.pressed(typed, "send|submit") if typed else []
        if typed and sends:
            called = finding.called(sends[0]) or sends[0].attributes.get("id", "")
            why = f"the button is called '{called}', and could be pressed when a text stood in the composer"
            self._put("send button", selecting.unique(typed, sends[0]), why)
        elif typed:
            form = next((one for one in reversed(typed.body.way_to(box.number if box else -1)) if one.tag == "form"), None)
            if form is None:
                self.draft.missing.append("No button that is called 'send' was seen; the Enter key sends.")

    def _messages(self, page: Page) -> None:
        own = [self._innermost(page, said.text) for said in self.seen.said]
        shown = [(number, found) for number, found in enumerate(own) if found]
        if len(shown) < 2:
            self.draft.missing.append(f"Of {len(own)} texts {len(shown)} stand on the page: where messages are is not known.")
            return
        around, texts = self._list_of(page, shown)
        items = [self._child(around, one) for one in texts]
        numbers = [number for number, _ in shown]
        answers, parts = self._answers(around, items, numbers)
        both, inner = [*items, *answers], [*texts, *parts]
        selector, told = self._items(page, around, items, answers)
        if not selector:
            self.draft.missing.append("Messages stand on the page in elements that have nothing in common to tell them by.")
            return
        values: dict[str, Any] = {}
        identities = self._all_ids(numbers)
        ids = self._ids(both, identities)
        if ids:
            values["id"] = ids
        else:
            self.draft.missing.append("No message on the page has the id that frames name: 'id' of 'message' is not known.")
        seq = self._attribute(both, [str(self.talk.numbers.get(one, "")) for one in identities])
        if seq:
            values["seq"] = seq
        values |= self._role(items, answers)
        values |= self._state(both)
        run = self._attribute(answers, [self.talk.runs.get(one, "") for one in self._answered])
        if run:
            values["run"] = run
        of = selecting.within(both, inner)
        if of:
            values["text"] = {"of": of}
        why = f"{len(items)} texts that were said and {len(answers)} answers stood in such elements{told}"
        self._put("message", selector, why, **values)

    def _innermost(self, page: Page, text: str) -> list[Element]:
        """The deepest visible elements that hold a text and nothing else."""
        return [
            one
            for one in page.elements
            if one.visible and one.text.strip() == text and not any(child.text.strip() == text for child in one.children)
        ]

    def _list_of(self, page: Page, shown: Sequence[tuple[int, list[Element]]]) -> tuple[Element, list[Element]]:
        """The innermost element around one occurrence of each text; a title may repeat one elsewhere."""
        first = shown[-1][1]
        best: tuple[int, Element, list[Element]] | None = None
        for one in first:
            way = page.body.way_to(one.number)
            for depth in range(len(way) - 1, -1, -1):
                inside = {inner.number for inner in way[depth].walk()}
                each = [next((two for two in found if two.number in inside), None) for _, found in shown]
                if all(two is not None for two in each):
                    if best is None or depth > best[0]:
                        best = (depth, way[depth], [two for two in each if two is not None])
                    break
        assert best is not None, "the body is around all of them"
        return best[1], best[2]

    def _child(self, around: Element, inner: Element) -> Element:
        return next(child for child in around.children if child.way_to(inner.number))

    def _answers(self, around: Element, items: Sequence[Element], numbers: Sequence[int]) -> tuple[list[Element], list[Element]]:
        """The items that answer, and what in them holds the answer's text."""
        self._answered: list[int] = []
        found, parts = [], []
        order = [child.number for child in around.children]
        for place, number in enumerate(numbers):
            begin = order.index(items[place].number)
            end = order.index(items[place + 1].number) if place + 1 < len(items) else len(order)
            text = self.talk.answers.get(number, "")
            for child in reversed(around.children[begin + 1 : end]):
                part = next((one for one in child.walk() if one.visible and text and one.text.strip() == text.strip()), None)
                if part is not None:
                    while any(inner.text.strip() == text.strip() for inner in part.children):
                        part = next(inner for inner in part.children if inner.text.strip() == text.strip())
                    found.append(child)
                    parts.append(part)
                    self._answered.append(number)
                    break
        if not found:
            self.draft.missing.append("No answer was seen on the page beside the text that it answers.")
        return found, parts

    def _items(self, page: Page, around: Element, items: Sequence[Element], answers: Sequence[Element]) -> tuple[str, str]:
        both = [*items, *answers]
        one = selecting.of_all(page, both, around)
        if one is None:
            return "", ""
        beside = [child for child in one.among(around.children) if child.number not in {two.number for two in both}]
        if beside:
            # Others stand between them: what tells messages from those is a word that only messages have.
            for name in both[0].attributes:
                words = dict.fromkeys(item.attributes.get(name, "") for item in both)
                if name != "class" and len(words) <= 3 and not words.keys() & {two.attributes.get(name, "") for two in beside}:
                    css = ", ".join(selecting.attribute(name, word).css for word in words)
                    return (f":is({css})" if len(words) > 1 else css), f"; {len(beside)} others beside them have another {name}"
        place = selecting.unique(page, around)
        if place and place == place.split(" ")[0] and all(two in around.children for two in one.among(page.elements)):
            return f"{place} > {one.css}", ""
        return one.css, ""

    def _ids(self, items: Sequence[Element], identities: Sequence[str]) -> Any:
        if not all(identities) or not items:
            return None
        plain = self._attribute(items, identities)
        if plain:
            return plain
        # An element inside has it, behind a word: `step-<id>`.
        wanted = list(map(shown, identities))
        for inner in [one for one in items[0].walk() if one.number != items[0].number] + [items[0]]:
            for name, value in inner.attributes.items():
                if not value.endswith(wanted[0]):
                    continue
                before = value.removesuffix(wanted[0])
                holders = [
                    next((one for one in item.walk() if one.attributes.get(name) == before + identity), None)
                    for item, identity in zip(items, wanted, strict=True)
                ]
                if all(one is not None for one in holders):
                    if inner.number == items[0].number:
                        return {"attribute": name, "find": f"^{selecting.literally(before)}(.+)"} if before else name
                    return {
                        "of": f'[{name}^="{before}"]' if before else f"[{name}]",
                        "attribute": name,
                        "find": f"^{selecting.literally(before)}(.+)",
                    }
        return None

    def _all_ids(self, numbers: Sequence[int]) -> list[str]:
        return [self.talk.messages.get(one, "") for one in numbers] + [
            self.talk.answer_ids.get(one, "") for one in self._answered
        ]

    def _attribute(self, items: Sequence[Element], wanted: Sequence[str]) -> str:
        """The attribute that has the wanted value on each item; the one that is named so, where an id tells little by itself."""
        if not items or not all(wanted):
            return ""
        names = [
            name
            for name in items[0].attributes
            if all(item.attributes.get(name) == shown(value) for item, value in zip(items, wanted, strict=True))
        ]
        is_number = wanted[0].isdigit()

        def rank(name: str) -> tuple[bool, bool, int]:
            named = self.talk.ids.is_named(name, wanted[0])
            return name == "data-key", (is_number and stem(name) is not None) or not named, len(name)

        return min(names, key=rank, default="")

    def _role(self, items: Sequence[Element], answers: Sequence[Element]) -> dict[str, Any]:
        if not answers:
            return {}
        for name in sorted(items[0].attributes, key=lambda one: ("role" not in one, "type" not in one, one)):
            ours, theirs = ({one.attributes.get(name, "") for one in group} for group in (items, answers))
            if name not in ("class", "id") and len(ours) == len(theirs) == 1 and ours != theirs and "" not in ours | theirs:
                user, agent = ours.pop(), theirs.pop()
                if (user, agent) == ("user", "agent"):
                    return {"role": name}
                return {
                    "role": {
                        "attribute": name,
                        "says": {"user": f"^{selecting.literally(user)}$", "agent": f"^{selecting.literally(agent)}$"},
                    }
                }
        only = [
            name for name in items[0].classes if all(name in one.classes for one in items) and selecting.PLAIN.fullmatch(name)
        ]
        only = [name for name in only if not any(name in one.classes for one in answers)]
        if only:
            return {"role": {"is": {"user": f".{only[0]}", "agent": "*"}}}
        self.draft.missing.append(
            "Nothing on the page tells the user's own messages from answers: 'role' of 'message' is not known."
        )
        return {}

    def _state(self, items: Sequence[Element]) -> dict[str, Any]:
        names = [
            name
            for name, value in items[0].attributes.items()
            if value == "stored" and self._attribute(items, ["stored"] * len(items)) == name
        ]
        if names:
            return {"state": names[0]}
        self.draft.missing.append("How a message looks before the platform has it was not seen: each counts as 'stored' at once.")
        return {"state": {"is": {"stored": "*"}}}

    def _connection(self, page: Page) -> None:
        """What changed when the browser was cut off, and was as before when it was connected again."""
        offline, again = self.seen.page("offline"), self.seen.page("online again")
        if offline is None:
            return
        changed = list(self._changed(page, offline))
        if changed:
            likeliest = min(
                changed, key=lambda one: (not self._is_back(again, *one[:3]), not _OF_CONNECTION.search(one[0]), not one[1])
            )
            self._say_connection(page, *likeliest)
            return
        here = {one.text.strip() for one in page.elements}
        for one in offline.elements:
            text, selector = one.text.strip(), selecting.unique(offline, one)
            new = one.visible and len(text) < LONGEST_NOTICE and text not in here
            if selector and new and _OFFLINE.search(text) and selecting.find(page, selector) is None:
                why = f"'{text}' stood on the page only when the browser was cut off"
                self._put("connection", "body", why, state={"is": {"offline": f":has({selector})", "online": "*"}})
                return
        composer = self.draft.elements.get("composer")
        if composer is None:
            self.draft.missing.append("Nothing on the page changed when the browser was cut off: 'connection' is not known.")
            return
        self.draft.missing.append("Nothing on the page changed when the browser was cut off: how it says that is not known.")
        why = "the composer was there whenever the page was online; that it is offline was never seen on it"
        self._put("connection", "body", why, state={"is": {"online": f":has({composer.selector})"}})

    def _changed(self, page: Page, offline: Page) -> Iterator[tuple[str, str, str, str]]:
        """Selectors of elements, the attribute that changed (none where its text did), what it was, and what it was offline."""
        for one in page.elements:
            selector = selecting.unique(page, one)
            other = selecting.find(offline, selector) if selector and " " not in selector else None
            if other is None:
                continue
            for name in _OF_STATE:
                now, then = one.attributes.get(name, ""), other.attributes.get(name, "")
                if now and then and now != then:
                    yield selector, name, now, then
            now, then = one.text.strip(), other.text.strip()
            if now != then and len(now) < LONGEST_NOTICE and _WORD.match(now) and _WORD.match(then):
                yield selector, "", now, then

    def _is_back(self, again: Page | None, selector: str, name: str, now: str) -> bool:
        one = selecting.find(again, selector) if again is not None else None
        return one is not None and (one.attributes.get(name, "") if name else one.text.strip()) == now

    def _say_connection(self, page: Page, selector: str, name: str, now: str, then: str) -> None:
        if (now, then) == ("online", "offline") and name:
            values: dict[str, Any] = {"state": name}
        elif name:
            words = {"offline": f"^{selecting.literally(then)}$", "online": f"^{selecting.literally(now)}$"}
            values = {"state": {"attribute": name, "says": words}}
        else:
            values = {"state": {"says": {"offline": f"^{_first(then)}", "online": f"^{_first(now)}"}}}
        why = f"{f'its {name} was' if name else 'it said'} '{now}', and '{then}' when the browser was cut off"
        one = selecting.find(page, selector)
        found = next((key for key, value in one.attributes.items() if self._is_connection(key, value)), "") if one else ""
        if found:
            values["id"] = found
            why += f"; {found} is the connection's id, as frames tell it"
        self._put("connection", selector, why, **values)

    def _is_connection(self, name: str, value: str) -> bool:
        return any(shown(one) == value and self.talk.ids.is_named(name, one) for one in self.talk.connections)

    def _signing(self) -> None:
        opened, said = self.seen.page("opened"), self.said
        if self.seen.steps and opened is not None and said is not None:
            first = self.seen.steps[0]
            if first.what == "link":
                one = next((one for one in opened.elements if dict(one.attributes) == dict(first.element["attributes"])), None)
                if one is not None:
                    general = [two for two in selecting.candidates(one) if len(two.among(opened.elements)) == 1]
                    # Which of several providers it leads to is of no matter.
                    by_data = next((two.css for two in general if two.css.startswith("[data-") and "=" not in two.css), "")
                    self._put("sign-in link", by_data or (general[0].css if general else ""), "signing in began with it")
            before = {selecting.unique(opened, one) for one in opened.elements if one.visible} - {""}
            others = [page for page in self.seen.pages if page.moment in ("signed in", "ready", "said")]
            for one in said.elements[1:]:
                selector = selecting.unique(said, one)
                everywhere = all(self._shows(page, selector) for page in others)
                if selector and " " not in selector and selector not in before and one.visible and everywhere:
                    self._put("signed-in page", selector, "it could be seen once somebody was signed in, and not before")
                    break
        elif said is not None:
            self.draft.missing.append("Nobody signed in by itself: 'signed-in page' and 'sign-in link' are not known.")
        leaving = finding.pressed(said, _SIGN_OUT) if said is not None else []
        if said is not None and leaving:
            self._put("sign-out button", selecting.unique(said, leaving[0]), f"it is called '{finding.called(leaving[0])}'")
        else:
            self.draft.missing.append("No button that signs out can be seen; it may be in a menu.")

    def _shows(self, page: Page, selector: str) -> bool:
        found = selecting.find(page, selector)
        return found is not None and found.visible

    def _threads(self, page: Page) -> None:
        thread, named = shown(self.talk.thread), self.talk.ids.is_named
        message = self.draft.elements.get("message")
        holders = [
            one
            for one in page.elements
            if thread
            and one.visible
            and any(
                value == thread and name.startswith("data-") and name != "data-key" and named(name, self.talk.thread)
                for name, value in one.attributes.items()
            )
            and any(inner.text.strip() == self.seen.said[0].text for inner in one.walk() if self.seen.said)
            and not (message and len(one.text) > 10 * len(self.seen.said[0].text))
        ]
        links = [
            one
            for one in page.elements
            if thread and one.visible and one.tag == "a" and _ends_with(one.attributes.get("href", ""), thread)
        ]
        for one in [*holders, *links][:1]:
            values: dict[str, Any] = {}
            plain = [name for name, value in one.attributes.items() if value == thread and name != "data-key"]
            plain = [name for name in plain if named(name, self.talk.thread)]
            if plain:
                values["id"] = plain[0]
                selector = selecting.having(plain[0]).css
                parent = page.body.way_to(one.number)[-2]
                place = selecting.unique(page, parent)
                selector = f"{place} > {selector}" if place and " " not in place else selector
            else:
                before = one.attributes["href"].removesuffix(thread)
                selector = f'a[href^="{before}"]'
                values["id"] = {"attribute": "href", "find": f"^{selecting.literally(before)}(.+)"}
            title = [inner for inner in one.walk() if inner.text.strip() == self.seen.said[0].text]
            if title:
                of = selecting.within([one], [title[-1]])
                if of:
                    values["title"] = {"of": of}
            numbers = {str(number) for number in self.talk.numbers.values()}
            read = [name for name, value in one.attributes.items() if value in numbers and re.search(r"\bread", name)]
            if read:
                values["marker"] = read[0]
            self._put("thread", selector, "it has the conversation's id, and the first text as its title", **values)
            return
        self.draft.missing.append("No list of conversations names the open one.")

    def _files(self, page: Page) -> None:
        boxes = [one for one in page.elements if one.tag == "input" and one.attributes.get("type") == "file"]
        if boxes:
            self._put("file input", selecting.unique(page, boxes[0]), "it takes files; nothing was uploaded")
        rename = finding.pressed(page, _RENAME)
        if rename:
            self._put("rename button", selecting.unique(page, rename[0]), f"it is called '{finding.called(rename[0])}'")
        renaming = self.seen.page("renaming")
        for one in renaming.elements if renaming is not None else ():
            if renaming is not None and one.visible and one.tag == "input" and not self._visible_in(page, one):
                self._put("title box", selecting.unique(renaming, one), "it came when that was pressed")
                break

    def _visible_in(self, page: Page, element: Element) -> bool:
        return any(one.visible and one.attributes == element.attributes for one in page.elements)


def _ends_with(address: str, identity: str) -> bool:
    """Whether an address ends with an id, and not with another that does."""
    return address.endswith(identity) and not address.removesuffix(identity)[-1:].isalnum()


def _first(text: str) -> str:
    found = _WORD.match(text)
    return found[0] if found else selecting.literally(text[:10])
