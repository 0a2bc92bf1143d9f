"""Words and sentences: ranking of keywords, extractive summaries, and which passage fits a question best."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

# Longer texts are read up to here.
TEXT_LIMIT = 400_000
SENTENCES_LIMIT = 4000

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+(?=[^a-zß-ÿ])|\n\s*\n")

STOP_WORDS = frozenset(
    """
    a about above after again all also am an and any are as at be because been before being below between both but by
    can could did do does doing down during each either else ever every few for from further get give had has have
    having he her here hers him his how i if in into is it its itself just let like may me might mine more most much
    must my myself no nor not now of off on once only or other our ours out over own please per said same say says
    shall she should show since so some such tell than that the their theirs them then there these they this those
    through thus to too under until up upon us very was we were what when where whether which while who whom whose why
    will with within without would yes yet you your yours
    """.split()  # noqa: SIM905 - prose is easier to keep than a list of quoted words
)


def words(text: str) -> list[str]:
    """All words of a text, in lower case."""
    return [match.lower().replace("’", "'") for match in _WORD.findall(text[:TEXT_LIMIT])]


def content_words(text: str) -> list[str]:
    """Words that carry meaning: no stop words, no single letters."""
    return [word for word in words(text) if word not in STOP_WORDS and (len(word) > 1 or word.isdigit())]


def keywords(text: str, count: int = 5) -> list[tuple[str, int]]:
    """The most frequent content words with how often they occur; of equals, those that come first."""
    # Counter keeps the order of first occurrence, and the sort is stable.
    ranked = sorted(Counter(content_words(text)).items(), key=lambda item: -item[1])
    return [item for item in ranked if not item[0].isdigit()][:count] or ranked[:count]


def sentences(text: str) -> list[str]:
    """The sentences of a text, each on one line."""
    parts = (" ".join(part.split()) for part in _SENTENCE_END.split(text[:TEXT_LIMIT]))
    return [part for part in parts if part][:SENTENCES_LIMIT]


def summarize(text: str, count: int = 2) -> list[str]:
    """The sentences that bear most of a text's frequent words, in their order in the text.

    A sentence's score is the sum of its different content words' frequencies, divided by the square root of how many they are; of
    equals the earlier one wins.
    """
    found = sentences(text)
    if len(found) <= count:
        return found
    frequency = Counter(content_words(text))
    scores = []
    for place, sentence in enumerate(found):
        # Sorted, so that the sum is the same in every process, whose sets order strings differently.
        bearing = sorted(set(content_words(sentence)))
        score = sum(frequency[word] for word in bearing) / math.sqrt(len(bearing)) if bearing else 0.0
        scores.append((-score, place))
    return [found[place] for place in sorted(place for _score, place in sorted(scores)[:count])]


def best_passage(question: str, passages: Sequence[str]) -> tuple[int, float] | None:
    """The passage that fits a question best, by its words' frequency and rarity (TF-IDF).

    Returns:
        Index and score, or None when no passage has any content word of the question. Of equals the first wins.
    """
    wanted = sorted(set(content_words(question)))
    counted = [Counter(words(passage)) for passage in passages]
    weights = {}
    for word in wanted:
        bearing = sum(1 for counts in counted if counts[word])
        if bearing:
            weights[word] = math.log(1 + len(passages) / bearing)
    best: tuple[int, float] | None = None
    for place, counts in enumerate(counted):
        score = sum(weight * (1 + math.log(counts[word])) for word, weight in weights.items() if counts[word])
        if score and (best is None or score > best[1]):
            best = (place, score)
    return best
