"""What was seen of a platform, as plain data that can be written down and read again."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from realstack.core.errors import StackError, explain

SPEAKER, LISTENER = "speaker", "listener"
"""The tab on which all is said, and the one beside it."""
COOKIES_SET = "names of cookies set"
"""What stands among an answer's headers in the place of `Set-Cookie`."""


@dataclass(frozen=True, slots=True)
class Said:
    """A text that was said, which stands nowhere else.

    Attributes:
        text: The text.
        sum: What an answer that computes holds.
        after: How many frames there had been before.
        tab: Where it was said.
    """

    text: str
    sum: str
    after: int
    tab: str = SPEAKER


@dataclass(frozen=True, slots=True)
class Socket:
    """A WebSocket that a page opened.

    Attributes:
        id: The browser's own.
        tab: Whose.
        url: Where it leads.
        headers: Of its handshake.
    """

    id: str
    tab: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)

    def header(self, name: str) -> str:
        """A header's value, whatever the case of its name; empty where there is none."""
        return next((value for key, value in self.headers.items() if key.lower() == name), "")


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame: `payload` is its text, or the Base64 form of a binary one's bytes."""

    socket: str
    tab: str
    direction: str
    payload: str
    binary: bool = False

    @property
    def content(self) -> str | bytes:
        """The payload as a codec takes it."""
        return base64.b64decode(self.payload) if self.binary else self.payload


@dataclass(frozen=True, slots=True)
class Exchange:
    """An HTTP request and its answer. `kind` is the browser's word for what asked: ``fetch``, ``xhr``, ``document`` …"""

    tab: str
    method: str
    url: str
    kind: str
    status: int
    request: str = ""
    response: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    answered: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Element:
    """An element of a page. `inside` holds texts and elements in their order."""

    number: int
    tag: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    visible: bool = True
    disabled: bool = False
    editable: bool = False
    shadow: bool = False
    inside: tuple[str | Element, ...] = ()

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Self:
        """From plain data."""
        inside = tuple(one if isinstance(one, str) else cls.of(one) for one in told.get("inside", ()))
        return cls(**{**told, "inside": inside})

    @property
    def children(self) -> list[Element]:
        """The elements inside."""
        return [one for one in self.inside if isinstance(one, Element)]

    @property
    def text(self) -> str:
        """All text inside, as the DOM's `textContent` has it."""
        return "".join(one if isinstance(one, str) else one.text for one in self.inside)

    @property
    def classes(self) -> list[str]:
        """Its classes."""
        return self.attributes.get("class", "").split()

    def walk(self) -> Iterator[Element]:
        """Itself and all that is inside, in the order of the page."""
        yield self
        for child in self.children:
            yield from child.walk()

    def way_to(self, number: int) -> list[Element]:
        """The elements from this one down to the one of that number; none where it is not inside."""
        if self.number == number:
            return [self]
        for child in self.children:
            if way := child.way_to(number):
                return [self, *way]
        return []


@dataclass(frozen=True, eq=False)
class Page:
    """What stood on a tab at one moment: `moment` says which."""

    moment: str
    tab: str
    url: str
    body: Element

    @cached_property
    def elements(self) -> list[Element]:
        """All elements, in order."""
        return list(self.body.walk())


@dataclass(frozen=True, slots=True)
class Step:
    """One step of signing in: `did` is ``click``, ``fill`` or ``sent``, `element` as the page at `url` had it."""

    did: str
    url: str
    element: Mapping[str, Any]
    form: str = ""
    what: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """A row or key of a store in which a text stands.

    Attributes:
        store: The store's name.
        table: Its table, with the schema where it isn't the usual one; a Redis key.
        column: Where in it.
        text: Which of the texts that were said, by its number; behind them come the sums that answers hold.
        row: Its values, as texts; large ones are cut.
    """

    store: str
    table: str
    column: str
    text: int
    row: Mapping[str, str | None]


@dataclass(slots=True)
class Observations:
    """All that was seen, without anything secret: `masking` numbers what it takes out.

    Attributes:
        address: The page that was opened.
        user: The name under which somebody signed in; empty where nobody did.
        said: What was said on the tab `speaker`.
        sockets, frames, exchanges, pages, steps, found: What was seen, each in the order in which it came.
        stores: The addresses of stores that were looked into, by name, without passwords.
        cookies: Names of the cookies of the platform's own host that are credentials, each with its path.
        notes: What could not be done.
        title: What the conversation was called; empty where nothing could be called so.
    """

    address: str
    user: str = ""
    said: list[Said] = field(default_factory=list)
    sockets: list[Socket] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)
    pages: list[Page] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    found: list[Found] = field(default_factory=list)
    stores: dict[str, str] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    title: str = ""

    def page(self, moment: str, tab: str = SPEAKER) -> Page | None:
        """What stood on a tab at a moment; None where it was not looked at."""
        return next((page for page in self.pages if (page.moment, page.tab) == (moment, tab)), None)

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Self:
        """From plain data.

        Raises:
            StackError: It is not of this form.
        """
        try:
            parts: dict[str, Any] = {
                name: [kind(**one) for one in told[name]]
                for name, kind in (
                    ("said", Said),
                    ("sockets", Socket),
                    ("frames", Frame),
                    ("exchanges", Exchange),
                    ("steps", Step),
                    ("found", Found),
                )
            }
            parts["pages"] = [Page(**{**one, "body": Element.of(one["body"])}) for one in told["pages"]]
            return cls(**{**told, **parts})
        except (KeyError, TypeError, AttributeError) as error:
            raise StackError(explain("what was seen of a platform, as [draft --keep] writes it", repr(error))) from error

    @property
    def plain(self) -> dict[str, Any]:
        """As plain data; what is usual is left out of elements."""
        pages = [{"moment": page.moment, "tab": page.tab, "url": page.url, "body": _plain(page.body)} for page in self.pages]
        told = {name: getattr(self, name) for name in self.__slots__ if name != "pages"}
        return {
            **{
                name: [asdict(one) if hasattr(one, "__slots__") else one for one in value] if isinstance(value, list) else value
                for name, value in told.items()
            },
            "pages": pages,
        }

    def write(self, file: Path) -> None:
        """Write it down."""
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(self.plain, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, file: Path) -> Self:
        """Read it again.

        Raises:
            StackError: It can't be read.
        """
        try:
            return cls.of(json.loads(file.read_text(encoding="utf-8")))
        except (OSError, ValueError) as error:
            raise StackError(explain("a file of what was seen of a platform", f"{file}: {error}")) from error


def _plain(element: Element) -> dict[str, Any]:
    told: dict[str, Any] = {"number": element.number, "tag": element.tag}
    if element.attributes:
        told["attributes"] = dict(element.attributes)
    if not element.visible:
        told["visible"] = False
    told.update({name: True for name in ("disabled", "editable", "shadow") if getattr(element, name)})
    if element.inside:
        told["inside"] = [one if isinstance(one, str) else _plain(one) for one in element.inside]
    return told
