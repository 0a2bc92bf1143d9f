"""Ids that tell little by themselves, such as 17 or ``t_9``: the fields in which they stand tell of what kind they are."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from realstack.draft.heard import Heard, Id, is_id, is_moment, leaves, read_json, shown
from realstack.draft.observations import Exchange, Found, Observations

_SYNONYMS = {
    "message": "message msg mid post comment step reply query question answer parent after before since last next previous",
    "thread": "thread tid conversation conv chat cid room channel dialog dialogue discussion topic",
    "user": "user uid sub account author sender owner member participant creator me whoami profile login to from by",
}
KINDS = {word: kind for kind, words in _SYNONYMS.items() for word in words.split(" ")}
"""Words in names of fields, of frames' kinds, of tables and of addresses, each with the kind of thing that it speaks of."""
_OTHERS = "run task job generation turn file upload attachment reaction connection session workspace team"
WORDS = {*KINDS, *_OTHERS.split(" ")}
OF_CLIENTS = {"client", "temp", "temporary", "tmp", "local"}
"""Words for what a page calls a thing before the platform gives it an id."""
OF_THAT_TIME = ("", "message", "thread", "user", "run", "client", "request", "session", "connection")
"""Kinds of things that are others in each conversation; what is of another kind, such as a model, is there before it."""
THING = "thing"
"""The kind of what nothing tells the kind of."""
OWN_NAMES = {"messageid", "msgid", "mid"}
"""Names of a message's own id, or of the one message that a thing is about: its ``id`` is another."""
SHORT = {"mid", "uid", "tid", "cid", "sub"}
"""Names of fields that say all in one word."""
_REFERENCES = "thread conversation chat room channel dialog topic user author sender owner message msg parent replyto run"
REFERENCES = {*_REFERENCES.split(" ")}
"""Names of fields that hold ids though no `id` is said: nothing else of such a thing is a number, or is written like one."""
CALLED = {"user", "author", "sender", "owner", "message", "msg"}
"""Those whose texts may be what people call themselves or say: only numbers are ids there."""
_WRAPPERS = (
    "api payload data body arg param result response content item record object list row edge node value entry detail event d p "
    "all search latest recent new mine"
)
WRAPPERS = {*_WRAPPERS.split(" ")}
"""Words around a thing that don't tell what it is."""
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_SLUG = re.compile(r"(?=.*(?:\d|[a-z][A-Z]))[\w.:@/+=-]{1,200}")
"""A short text that may be an id: neither a word nor a sentence."""


def stem(name: str) -> str | None:
    """Whose id a field of that name holds: ``thread`` of ``threadId``, nothing of ``_id``; None where it is named otherwise."""
    words = [word.lower() for word in _WORD.findall(name.removeprefix("data-"))]
    if len(words) == 1 and words[0] in SHORT:
        return str(words[0])
    if len(words) == 1 and words[0].endswith("id") and words[0][:-2] in WORDS:
        return str(words[0][:-2])
    if not words or words[-1] not in ("id", "ids", "pk"):
        return None
    *rest, _ = words
    if OF_CLIENTS & set(rest):
        return "client"
    if rest[-2:] == ["reply", "to"]:
        return "reply"
    return _singular(rest[-1]) if rest else ""


def is_of_that_time(name: str, value: str) -> bool:
    """Whether a parameter holds the id, though a short one, of what is another one in each conversation."""
    own = stem(name)
    return own is not None and KINDS.get(own, own) in OF_THAT_TIME and value.isdigit()


class Ids:
    """Reads what came and was sent with all ids in it, those that are numbers or short among them.

    The kind of an id is told by its field (``thread_id``). Where that says no more than ``id``, what is around tells it: a field
    (``author: {id: 3}``), the kind of a frame, an address, a table; else what stands beside it, such as the name of who signed
    in. Things that have our texts are messages, whatever they are called there.

    Args:
        observations: What was seen.
        heard: The messages of frames.
        kinds: What tells the kind of each of these frames.
        requests: Whether frames are requests that are numbered, and their answers.

    Attributes:
        heard: The messages, with their ids.
        thread: The conversation's id: what the page's address and something else names; empty where nothing does.
    """

    def __init__(
        self,
        observations: Observations | None = None,
        heard: Sequence[Heard] = (),
        kinds: Sequence[str] = (),
        *,
        requests: bool = False,
    ) -> None:
        seen = observations or Observations("")
        self._user, self._texts = seen.user, {said.text for said in seen.said}
        self._requests = requests
        self._kinds = dict(KINDS)
        self._around: dict[str, str] = {}
        self._usual = "message"
        around = list(map(_known_word, kinds))
        self._learn(seen, heard, around)
        self.heard = self._all_read(heard, around)
        self.thread = self._thread(seen)
        if isinstance(self.thread, Id) and self.thread.kind not in ("", "thread"):
            # Conversations have a name of their own there: all that is called so is one.
            self._kinds[self.thread.kind] = "thread"
            self.heard = self._all_read(heard, around)
            self.thread = Id("thread", self.thread.plain)

    def answer(self, exchange: Exchange) -> Any:
        """The answer to a request; None where it is no JSON."""
        return self._read(read_json(exchange.response), _word_of_address(exchange.url))

    def row(self, found: Found) -> Mapping[str, str | None]:
        """The row of a table."""
        read: Mapping[str, str | None] = self._read(dict(found.row), _word_of(found.table))
        return read

    def in_address(self, url: str, known: set[str]) -> str:
        """The id that an address names, of those that are known; a conversation's where things of several kinds have that id."""
        found: list[tuple[int, str]] = []
        for before, part in _parts(url):
            for one in sorted(known):
                if shown(one) == part and (rank := self._rank(one, before)) is not None:
                    found.append((rank, one))
        return min(found, key=lambda one: one[0], default=(0, ""))[1]

    def placed(self, path: str, identity: str, name: str) -> str:
        """A path with a name in the place of an id; of one that tells little, only where one place alone can be meant."""
        text = shown(identity)
        if not isinstance(identity, Id) or not identity.kind:
            return path.replace(text, name) if text else path
        segments = path.split("/")
        kinds = {
            place: self._kinds.get(_word_of(before))
            for place, (before, segment) in enumerate(pairwise(["", *segments]))
            if segment == text
        }
        places = [place for place, kind in kinds.items() if kind == identity.kind] or [
            place for place, kind in kinds.items() if kind is None
        ]
        if len(places) == 1:
            segments[places[0]] = name
        return "/".join(segments)

    def before(self, text: str, identity: str) -> str:
        """What stands before an id that ends a longer text: ``room:`` of ``room:17``; empty where it does not end it."""
        begin = text.removesuffix(shown(identity))
        if not identity or begin == text or not begin or begin[-1].isalnum():
            return ""
        kind = identity.kind if isinstance(identity, Id) else ""
        return begin if kind in ("", self._kind(_word_of(begin))) else ""

    def is_named(self, name: str, identity: str) -> bool:
        """Whether a field, an attribute or a parameter of that name can hold an id, as far as it is one that tells little."""
        if not isinstance(identity, Id) or not identity.kind:
            return True
        own = stem(name)
        return own == "" or self._kind(_word_of(name) if own is None else own) == identity.kind

    # What kind of thing

    def _kind(self, word: str) -> str:
        return self._kinds.get(word, word)

    def _all_read(self, heard: Sequence[Heard], around: Sequence[str]) -> list[Heard]:
        return [replace(one, data=self._read(one.data, word)) for one, word in zip(heard, around, strict=True)]

    def _read(self, value: Any, word: str, name: str = "", beside: Mapping[str, Any] | None = None) -> Any:
        if isinstance(value, dict):
            return {key: self._read(one, _inside(word, str(key), one), str(key), value) for key, one in value.items()}
        if isinstance(value, list):
            return [self._read(one, word, name, beside) for one in value]
        if beside is None or not _may_be_one(value):
            return value
        own = stem(name)
        if own is None:
            own = _reference(name, value)
        if own is None:
            return value
        return Id(self._kind(own) if own else self._bare(word, beside), value)

    def _bare(self, word: str, beside: Mapping[str, Any]) -> str:
        """The kind of what is only called ``id``."""
        if self._requests and "jsonrpc" in beside:
            return "request"
        if any(_letters(str(name)) in OWN_NAMES for name in beside):
            return THING
        if word in self._around or word in WORDS or word in self._kinds:
            return self._around.get(word) or self._kind(word)
        values = [one for one in beside.values() if isinstance(one, str)]
        ours = self._user and any(one == self._user or one.startswith(f"{self._user}@") for one in values)
        return "user" if ours and not self._texts.intersection(values) else word or self._usual

    def _rank(self, identity: str, before: str) -> int | None:
        """How likely an id of an address is a conversation's, by its kind and the word before it; None where it is not."""
        kind = identity.kind if isinstance(identity, Id) else ""
        if kind in ("", "thread"):
            return 0
        if kind == self._kind(_word_of(before)):
            return 1
        return None if kind in ("message", "user", "run", "client") else 2

    def _thread(self, seen: Observations) -> str:
        page = seen.page("said") or seen.page("ready")
        told = [*(one.data for one in self.heard), *map(self.answer, seen.exchanges)]
        known = {value for one in told for _, value in leaves(one) if is_id(value)}
        return self.in_address(page.url, known) if page is not None else ""

    def _learn(self, seen: Observations, heard: Sequence[Heard], around: Sequence[str]) -> None:
        """Find the words around messages: several of our texts, each with an id of its own, stand where they are said."""
        told = [(one.data, word) for one, word in zip(heard, around, strict=True)]
        told += [(read_json(one.response), _word_of_address(one.url)) for one in seen.exchanges]
        sent_and_came = self._ids_of_texts(told)
        stored = self._ids_of_texts([(dict(one.row), _word_of(one.table)) for one in seen.found])
        for word, found in [*sent_and_came.items(), *stored.items()]:
            if word and len(found) > 1 and len(set().union(*found.values())) > 1:
                self._around[word] = "message"
                self._kinds.setdefault(word, "message")
        named_so = [word for word, found in sent_and_came.items() if any(found.values()) and self._kind(word) != "thread"]
        if not named_so:
            # Messages have ids of another name: what is only called `id` is something else.
            self._usual = THING

    def _ids_of_texts(self, told: Sequence[tuple[Any, str]]) -> dict[str, dict[str, set[str]]]:
        """What is only called ``id`` beside our texts, by the word around and the text."""
        ids: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        for value, outer in told:
            for word, one in _things(value, outer):
                for text in {text for text in one.values() if isinstance(text, str) and text in self._texts}:
                    ids[word][text] |= {str(held) for name, held in one.items() if stem(str(name)) == "" and _may_be_one(held)}
        return ids


def _things(value: Any, word: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """All objects, each with the word around it."""
    if isinstance(value, dict):
        yield word, value
        for key, inner in value.items():
            yield from _things(inner, _inside(word, str(key), inner))
    elif isinstance(value, list):
        for inner in value:
            yield from _things(inner, word)


def _may_be_one(value: Any) -> bool:
    if isinstance(value, str):
        return _SLUG.fullmatch(value) is not None and not is_id(value) and not is_moment(value)
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _reference(name: str, value: str | int) -> str | None:
    """The same as `stem` for a field that names a thing without saying `id`: ``thread`` of ``thread``."""
    joined = _letters(name)
    if joined not in REFERENCES or (joined in CALLED and not str(value).isdigit()):
        return None
    return "reply" if joined == "replyto" else joined


def _letters(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.lower())


def _inside(word: str, key: str, value: Any) -> str:
    """The word around what stands in a field."""
    own = _word_of(key) if isinstance(value, dict | list) else ""
    return own if own and own not in WRAPPERS else word


def _word_of(name: str) -> str:
    words = _WORD.findall(name)
    return _singular(words[-1].lower()) if words else ""


def _known_word(kind: str) -> str:
    """The last word of the kind of a frame that speaks of a thing."""
    words = [_singular(word.lower()) for word in _WORD.findall(kind)]
    return next((word for word in reversed(words) if word in WORDS), "")


def _word_of_address(url: str) -> str:
    words = [_word_of(part) for part in urlsplit(url).path.split("/") if not _SLUG.fullmatch(part)]
    return next((word for word in reversed(words) if word and word not in WRAPPERS), "")


def _singular(word: str) -> str:
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def _parts(url: str) -> Iterator[tuple[str, str]]:
    """The parts of an address in which ids may stand, each with the word before it."""
    parts = urlsplit(url)
    before = ""
    for part in filter(None, parts.path.split("/")):
        yield before, part
        before = part
    yield from parse_qsl(parts.query)
