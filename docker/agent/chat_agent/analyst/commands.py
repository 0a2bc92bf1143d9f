"""Commands that a message may begin with: a search, keywords, a summary, prime numbers.

Read word by word, from the beginning and once from the end, never again from another place: whatever somebody sends, reading it
takes a time that grows with its length and no faster. Patterns with optional words between blanks take the cube of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

KEYWORDS_DEFAULT = 5
SENTENCES_DEFAULT = 2

Kind = Literal["files", "messages", "keywords", "summary", "primes"]

_PLACES: dict[str, Kind] = {
    "files": "files",
    "documents": "files",
    "uploads": "files",
    "messages": "messages",
    "chat": "messages",
    "chats": "messages",
    "history": "messages",
}
_WORD = re.compile(r"\S+")
_NUMBER_DIGITS = 5


@dataclass(frozen=True)
class Command:
    """What a message asks for.

    Attributes:
        kind: Where is looked, or what is made of the text.
        text: What is looked for, or the text; never empty.
        count: How many keywords or sentences, or up to which number.
    """

    kind: Kind
    text: str
    count: int = 0


def read_command(text: str) -> Command | None:
    """The command that a message is, or None. The first form that fits decides."""
    for read in (_search_place, _find_in_place, _keywords, _summary, _primes):
        words = _Words(text)
        while words.take("please", "can you", "could you"):
            pass
        command = read(words)
        if command is not None and command.text:
            return command
    return None


class _Words:
    """A text's words, taken from its beginning. A colon behind a word is a word of its own."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._words: list[tuple[str, int]] = []
        self._place = 0
        self._end = 0
        for match in _WORD.finditer(text):
            word, end = match[0].lower(), match.end()
            if len(word) > 1 and word.endswith(":"):
                self._words += [(word[:-1], end - 1), (":", end)]
            else:
                self._words.append((word, end))

    @property
    def rest(self) -> str:
        """What was not taken, without the blanks around it."""
        return self._text[self._end :].strip()

    def take(self, *phrases: str) -> str:
        """Take the first of these phrases that comes next; returns it, or nothing."""
        for phrase in phrases:
            wanted = phrase.split()
            if [word for word, _end in self._words[self._place : self._place + len(wanted)]] == wanted:
                self._skip(len(wanted))
                return phrase
        return ""

    def take_count(self, before: str, *after: str) -> int | None:
        """Take a number of one or two digits if it comes next, with these words around it."""
        place, end = self._place, self._end
        if not before or self.take(before):
            word = self._words[self._place][0] if self._place < len(self._words) else ""
            if len(word) <= 2 and word.isdecimal():
                self._skip(1)
                if self.take(*after):
                    return int(word)
        self._place, self._end = place, end
        return None

    def _skip(self, count: int) -> None:
        self._place += count
        self._end = self._words[self._place - 1][1]


def _search_place(words: _Words) -> Command | None:
    # search in my files for WORDS
    if not words.take("search", "look"):
        return None
    words.take("in")
    words.take("my")
    kind = _PLACES.get(words.take(*_PLACES))
    return Command(kind, words.rest) if kind is not None and words.take("for") else None


def _find_in_place(words: _Words) -> Command | None:
    # find WORDS in my files
    if not words.take("find", "search for", "look for"):
        return None
    wanted = words.rest
    if wanted.endswith(("?", ".", "!")):
        wanted = wanted[:-1]
    parts = wanted.rsplit(maxsplit=3)
    kind = _PLACES.get(parts[-1].lower()) if len(parts) == 4 else None
    if kind is None or [word.lower() for word in parts[1:3]] != ["in", "my"]:
        return None
    return Command(kind, parts[0])


def _keywords(words: _Words) -> Command | None:
    # give me the top 3 keywords of: TEXT
    while words.take("the", "top", "give me", "list me", "give", "list"):
        pass
    names = ("keywords", "key words")
    count = words.take_count("", *names)
    if count is None and not words.take(*names):
        return None
    words.take("of", "for", "in", "from")
    words.take(":")
    return Command("keywords", words.rest, KEYWORDS_DEFAULT if count is None else count)


def _summary(words: _Words) -> Command | None:
    # summarize in 3 sentences: TEXT
    if not words.take("summarize", "summarise"):
        return None
    count = words.take_count("in", "sentences", "sentence")
    words.take("this", "the following")
    words.take(":")
    return Command("summary", words.rest, SENTENCES_DEFAULT if count is None else count)


def _primes(words: _Words) -> Command | None:
    # list the primes up to 3000
    while words.take("list", "give me", "show me", "all", "the"):
        pass
    if not words.take("primes up to", "prime numbers up to"):
        return None
    number = words.rest.split(maxsplit=1)[0].rstrip("?.!") if words.rest else ""
    return Command("primes", number, int(number)) if number.isdecimal() and len(number) <= _NUMBER_DIGITS else None
