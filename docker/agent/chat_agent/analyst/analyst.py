"""Decides what a message asks for and answers it, step by step.

The same question about the same data gives the same steps, so that a worker that takes over a run repeats what the first one did.
The grammar is described, with exact answers, in docker/agent/README.md.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator

from chat_agent.analyst.calculator import calculations
from chat_agent.analyst.commands import KEYWORDS_DEFAULT, SENTENCES_DEFAULT, Command, read_command
from chat_agent.analyst.library import Library
from chat_agent.analyst.numbers import primes
from chat_agent.analyst.steps import Answer, Document, Question, Step, Thinking, ToolDone, ToolStarted
from chat_agent.analyst.words import best_passage, content_words, keywords, sentences, summarize, words

SNIPPET = 160
TOP_LIMIT = 50
PRIMES_LIMIT = 20_000
# What is searched for has so many terms of so many characters at most: a search of a long text in long texts has no bound.
TERMS_LIMIT = 10
TERM_LIMIT = 200

_QUOTED = re.compile(r"[\"“”']([^\"“”']+)[\"“”']")


class Analyst:
    """Answers questions.

    Args:
        library: What may be looked up.
    """

    def __init__(self, library: Library) -> None:
        self._library = library

    def answer(self, question: Question) -> AsyncIterator[Step]:
        """The steps of answering a question; the last is an `Answer`.

        Raises:
            AnalysisFailed: While iterating: there is no answer.
        """
        text = question.text
        if question.document is not None:
            return self._document(question, question.document)
        command = read_command(text)
        return self._compute(text) if command is None else self._carry_out(question, command)

    def _carry_out(self, question: Question, command: Command) -> AsyncIterator[Step]:
        if command.kind == "files":
            return self._search_files(question, command.text)
        if command.kind == "messages":
            return self._search_messages(question, command.text)
        if command.kind == "keywords":
            return self._keywords(command.text, command.count)
        if command.kind == "primes":
            return self._primes(min(command.count, PRIMES_LIMIT))
        return self._summary(command.text, command.count)

    async def _primes(self, highest: int) -> AsyncIterator[Step]:
        yield Thinking(f"I sieve the numbers up to {highest}.")
        yield ToolStarted("primes", str(highest))
        found = primes(highest)
        yield ToolDone("primes", f"{len(found)} found")
        yield Answer(f"Primes up to {highest} = {len(found)}: {', '.join(map(str, found)) or 'none'}")

    async def _compute(self, text: str) -> AsyncIterator[Step]:
        found = calculations(text)
        if not found:
            async for step in self._reflect(text):
                yield step
            return
        for place, item in enumerate(found, 1):
            yield Thinking(f"Calculation {place} of {len(found)}.")
            yield ToolStarted(item.tool, item.input)
            yield ToolDone(item.tool, "; ".join(item.results))
        yield Answer("\n".join(line for item in found for line in item.results))

    async def _reflect(self, text: str) -> AsyncIterator[Step]:
        yield Thinking("There is nothing to compute or to look up; I look at what was said.")
        yield ToolStarted("keywords", _snippet(text))
        ranked = _ranked(text, KEYWORDS_DEFAULT)
        yield ToolDone("keywords", ranked)
        yield Thinking("Now the sentences that say most.")
        yield ToolStarted("summary", _snippet(text))
        summary = " ".join(summarize(text, SENTENCES_DEFAULT))
        yield ToolDone("summary", _snippet(summary))
        yield Answer(f"Keywords: {ranked}\nSummary: {summary}")

    async def _keywords(self, text: str, count: int) -> AsyncIterator[Step]:
        yield Thinking("I rank the words by how often they occur.")
        yield ToolStarted("keywords", _snippet(text))
        ranked = _ranked(text, max(1, min(count, TOP_LIMIT)))
        yield ToolDone("keywords", ranked)
        yield Answer(f"Keywords: {ranked}")

    async def _summary(self, text: str, count: int) -> AsyncIterator[Step]:
        yield Thinking("I choose the sentences that say most.")
        yield ToolStarted("summary", f"{len(sentences(text))} sentences")
        summary = " ".join(summarize(text, max(1, min(count, TOP_LIMIT))))
        yield ToolDone("summary", _snippet(summary))
        yield Answer(f"Summary: {summary}")

    async def _search_messages(self, question: Question, wanted: str) -> AsyncIterator[Step]:
        terms = search_terms(wanted)
        yield Thinking("I look through your messages.")
        yield ToolStarted("search_messages", " ".join(terms))
        total, hits = await self._library.messages(question, terms)
        yield ToolDone("search_messages", f"{total} found")
        lines = [f"{place}. {hit.thread_title} #{hit.seq}: {_around(hit.text, terms)}" for place, hit in enumerate(hits, 1)]
        yield Answer("\n".join([_found("messages", terms, total), *lines]))

    async def _search_files(self, question: Question, wanted: str) -> AsyncIterator[Step]:
        terms = search_terms(wanted)
        yield Thinking("I look through your files.")
        yield ToolStarted("search_files", " ".join(terms))
        total, hits = await self._library.files(question, terms)
        yield ToolDone("search_files", f"{total} found")
        lines = [
            f"{place}. {hit.file_name}, page {hit.page}: {_around(hit.text, terms)}" if hit.page else f"{place}. {hit.file_name}"
            for place, hit in enumerate(hits, 1)
        ]
        yield Answer("\n".join([_found("passages", terms, total), *lines]))

    async def _document(self, question: Question, document: Document) -> AsyncIterator[Step]:
        yield Thinking(f"I read {document.name}.")
        yield ToolStarted("read_pdf", document.name)
        pages = await self._library.pages(document)
        whole = "\n\n".join(pages)
        count = len(await asyncio.to_thread(words, whole))
        facts = f"{len(pages)} page{'s' if len(pages) != 1 else ''}, {count} words"
        yield ToolDone("read_pdf", facts)
        asked = "" if question.text == f"Uploaded {document.name}" else question.text
        lines = [f"{document.name}: {facts}."]
        if asked:
            yield Thinking("I look for the page that answers the question.")
            yield ToolStarted("answer_from_pages", _snippet(asked))
            # A document may be hundreds of times as long as a message: claims are renewed and other runs go on meanwhile.
            line = await asyncio.to_thread(answer_from, asked, pages)
            yield ToolDone("answer_from_pages", _snippet(line))
            lines.append(line)
        yield Thinking("I choose the sentences that say most.")
        yield ToolStarted("summary", facts)
        summary = " ".join(await asyncio.to_thread(summarize, whole, SENTENCES_DEFAULT))
        yield ToolDone("summary", _snippet(summary))
        ranked = await asyncio.to_thread(_ranked, whole, KEYWORDS_DEFAULT)
        lines += [f"Summary: {_snippet(summary, 600) or 'the pages have no text'}", f"Keywords: {ranked}"]
        yield Answer("\n".join(lines), tuple(pages))


def answer_from(question: str, pages: list[str]) -> str:
    """The sentence that fits a question best, on the page that fits it best, with the page's number from 1."""
    page = best_passage(question, pages)
    if page is None:
        return "Answer: no page says anything about that."
    lines = sentences(pages[page[0]])
    sentence = best_passage(question, lines)
    # A sentence may span what the page's words are spread over; then the page's beginning stands for it.
    text = lines[sentence[0]] if sentence is not None else pages[page[0]]
    return f"Answer (page {page[0] + 1}): {_snippet(text, 400)}"


def search_terms(wanted: str) -> list[str]:
    """What is searched for: quoted phrases as they are, otherwise the words that carry meaning, or all if none does.

    Of long ones only the beginning is looked for.
    """
    quoted = [" ".join(item.split()) for item in _QUOTED.findall(wanted) if item.strip()]
    terms = quoted or list(dict.fromkeys(content_words(wanted))) or list(dict.fromkeys(words(wanted)))
    return [term[:TERM_LIMIT] for term in terms[:TERMS_LIMIT]] or [_snippet(wanted.strip(" ?.!"), 50)]


def _ranked(text: str, count: int) -> str:
    return ", ".join(f"{word} ({number})" for word, number in keywords(text, count)) or "none"


def _found(kind: str, terms: list[str], total: int) -> str:
    return f"Found {kind} for {' '.join(terms)} = {total}"


def _snippet(text: str, limit: int = SNIPPET) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def _around(text: str, terms: list[str]) -> str:
    line = " ".join(text.split())
    place = min((found for term in terms if (found := line.lower().find(term.lower())) >= 0), default=0)
    start = max(0, place - SNIPPET // 3)
    return ("…" if start else "") + _snippet(line[start:])
