"""Variable file: what is said in two conversations, and what a search for some words of it must find, worked out here.

Newest first, ten of them at most, each with its conversation, its place there, and a line of 160 characters around the first word
that was looked for; how many there are is told of all. Answers and earlier searches are not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

_LINE, _BEFORE, _MOST = 160, 160 // 3, 10
_LONG = f"{30 * 'reed '}kingfisher{60 * ' reed'}"
_FAR_APART = f"Osprey {20 * 'reed '}bittern"
_AS_LONG_AS_SHOWN = "Loach ".ljust(_LINE, "e")
_A_BIT_LONGER = "Loach ".ljust(_LINE + 1, "e")
_TEN = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
# More of a text, or of its words, is not looked for.
_PHRASE = " ".join(33 * ["sedge"]) + " is"
_NOTES = {
    "Birds": [
        "The Heron stood in the reeds.",
        "A heron and an otter met.",
        *(f"Wren {number} sang." for number in range(1, _MOST + 2)),
        _LONG,
        _FAR_APART,
        f"Counted: {' '.join(_TEN)}",
        f"{_PHRASE} there",
    ],
    "Fish and others": [
        "Otters eat fish;\n herons eat fish.",
        "Not far from the fish_bowl",
        "A fish-bowl is no pond",
        "50% of all perches",
        "5000 of all perches",
        r"Kept in c:\pikes",
        "Three stars: ***",
        _AS_LONG_AS_SHOWN,
        _A_BIT_LONGER,
    ],
}
SEARCHED_FOR: dict[str, Sequence[str]] = {
    "search messages for heron": ["heron"],
    "search my messages for an otter and a heron": ["otter", "heron"],
    'find "eat fish" in my messages': ["eat fish"],
    "search messages for fish_bowl?": ["fish", "bowl"],
    # What stores take for a wildcard, or for the sign before one, is looked for as it is.
    'search messages for "fish_bowl"': ["fish_bowl"],
    'find "50% of all" in my messages': ["50% of all"],
    r'search messages for "c:\pikes"': [r"c:\pikes"],
    "look for WREN in my chats": ["wren"],
    "search in my history for kingfisher": ["kingfisher"],
    "search messages for osprey bittern": ["osprey", "bittern"],
    "search messages for loach": ["loach"],
    # Words that say nothing are looked for where there are no others, and signs where there is no word.
    "search messages for all of": ["all", "of"],
    "search messages for ***": ["***"],
    f"search messages for {' '.join(_TEN)} eleven": _TEN,
    f'search messages for "{_PHRASE} elsewhere"': [_PHRASE],
}
SAID_AFTERWARDS = [{"name": "said afterwards", "text": "One more heron and wren came."}]

SAID_BEFORE = {title: [{"name": text, "text": text} for text in texts] for title, texts in _NOTES.items()}
"""What is said in each conversation, as `Say Texts` takes it."""


def findings(ids: Mapping[str, str], places: Mapping[str, int]) -> dict[str, str]:
    """The whole answer to each search.

    Args:
        ids: The ids of the messages, by their texts.
        places: Their places in their conversations, by their ids.
    """
    said = [(title, text) for title, texts in _NOTES.items() for text in texts]
    answers = {}
    for query, words in SEARCHED_FOR.items():
        hits = [(title, text) for title, text in reversed(said) if all(word in text.lower() for word in words)]
        lines = [f"{n}. {title} #{places[ids[text]]}: {_around(text, words)}" for n, (title, text) in enumerate(hits[:_MOST], 1)]
        answers[query] = "\n".join([f"Found messages for {' '.join(words)} = {len(hits)}", *lines])
    return answers


def _around(text: str, words: Sequence[str]) -> str:
    line = " ".join(text.split())
    place = re.search("|".join(map(re.escape, words)), line, re.IGNORECASE)
    start = max(0, (place.start() if place else 0) - _BEFORE)
    shown = line[start:]
    cut = shown if len(shown) <= _LINE else shown[: _LINE - 1].rstrip() + "…"
    return ("…" if start else "") + cut
