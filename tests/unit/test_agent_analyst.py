"""The analyst's arithmetic, statistics, words and grammar, by value."""

from __future__ import annotations

import asyncio
import itertools
import json
import math
import os
import statistics
import subprocess
import sys
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_agent.analyst.analyst import PRIMES_LIMIT, Analyst, answer_from, search_terms
from chat_agent.analyst.arithmetic import CannotCompute, NotAnExpression, evaluate, written
from chat_agent.analyst.calculator import calculations
from chat_agent.analyst.commands import read_command
from chat_agent.analyst.library import Library
from chat_agent.analyst.numbers import describe, primes
from chat_agent.analyst.steps import Answer, Question, Step, Thinking, ToolDone, ToolStarted
from chat_agent.analyst.words import best_passage, keywords, sentences, summarize
from chat_agent.reporter import chunks
from chat_common.postgres import Database
from chat_common.sandbox import Sandbox

LIBRARY = Library(Database("postgresql://nobody@127.0.0.1:9/none", name="none"), Sandbox(), Path("/nowhere"), 10)


def ask(text: str) -> list[Step]:
    async def collect() -> list[Step]:
        question = Question(text, "user", "thread", "message", 1, datetime.now(UTC))
        return [step async for step in Analyst(LIBRARY).answer(question)]

    return asyncio.run(collect())


def answer(text: str) -> str:
    last = ask(text)[-1]
    assert isinstance(last, Answer)
    return last.text


# -- arithmetic --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("17 * (23 + 4) - 9", "450"),
        ("2 + 3 * 4", "14"),
        ("-2^2", "-4"),
        ("(-2)^2", "4"),
        ("2^3^2", "512"),
        ("2^-2", "0.25"),
        ("2**10", "1024"),
        ("7 % 3", "1"),
        ("-7 % 3", "2"),
        ("15% of 80", "12"),
        ("200 + 10%", "200.1"),
        ("1,234 + 1", "1235"),
        ("10 / 4", "2.5"),
        ("1 / 3", "0.333333"),
        ("2 / 3", "0.666667"),
        ("-2 / 3", "-0.666667"),
        ("1 / 3000000", "3.33333e-7"),
        ("sqrt(144)", "12"),
        ("sqrt(2)", "1.414214"),
        ("sqrt(1/4)", "0.5"),
        ("abs(3 - 10)", "7"),
        ("2 × 3 ÷ 4 − 1", "0.5"),
        ("5²", "25"),
        ("0.1 + 0.2", "0.3"),
        ("1 - - 1", "2"),
        ("1^9999999", "1"),
        ("2^200", str(2**200)),
    ],
)
def test_expressions(expression: str, value: str) -> None:
    assert written(evaluate(expression)) == value


@pytest.mark.parametrize(
    "expression", ["", "1 +", "(1", "1)", "2 3", "sqrt 4", "x + 1", "1..2", "of 3", "1,23,4", "*", "1" * 1001]
)
def test_no_expressions(expression: str) -> None:
    with pytest.raises(NotAnExpression):
        evaluate(expression)


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("1 / 0", "division by zero"),
        ("1 % 0", "division by zero"),
        ("0^-1", "division by zero"),
        ("9^9^9", "too large"),
        ("9^999", "too large"),
        ("99999^99999", "too large"),
        ("2^0.3", "whole and half powers"),
        ("sqrt(-1)", "negative"),
        ("(" * 100 + "1" + ")" * 100, "nested too deeply"),
        ("*".join(["9" * 200] * 4), "too large"),
    ],
)
def test_what_has_no_value(expression: str, why: str) -> None:
    with pytest.raises(CannotCompute, match=why):
        evaluate(expression)


numbers = st.integers(-999, 999)


@given(numbers, numbers, numbers, st.sampled_from("+-*/"), st.sampled_from("+-*/"))
def test_precedence_is_pythons(first: int, second: int, third: int, one: str, two: str) -> None:
    expression = f"{first} {one} {second} {two} {third}"
    exact = "".join(f"Fraction({item})" if item.lstrip("-").isdigit() else item for item in expression.split())
    try:
        expected = eval(exact, {"Fraction": Fraction})  # noqa: S307 - of numbers that the test made
    except ZeroDivisionError:
        with pytest.raises(CannotCompute):
            evaluate(expression)
        return
    assert evaluate(expression) == expected


@given(st.text(alphabet="0123456789+-*/^%(). of,sqrt", max_size=60))
def test_nothing_but_the_declared_errors(text: str) -> None:
    try:
        written(evaluate(text))
    except (NotAnExpression, CannotCompute):
        return


@given(st.fractions(min_value=-(10**9), max_value=10**9))
def test_written_values_are_right_to_six_decimals(value: Fraction) -> None:
    # Below half a millionth six digits are given instead.
    assert math.isclose(float(written(value)), value, rel_tol=1e-5, abs_tol=5.1e-7)


# -- statistics --------------------------------------------------------------------------------------------------------


@given(st.lists(st.integers(-10_000, 10_000), min_size=2, max_size=30))
def test_statistics_are_those_of_the_standard_library(values: list[int]) -> None:
    text = ", ".join(map(str, values))
    found = dict(describe("mean, median, sum, min, max, range, count, standard deviation, population variance", text))
    expected = {
        "mean": statistics.mean(map(Fraction, values)),
        "median": statistics.median(map(Fraction, values)),
        "sum": sum(values),
        "min": min(values),
        "max": max(values),
        "range": max(values) - min(values),
        "count": len(values),
        "standard deviation": statistics.stdev(values),
        "population variance": statistics.pvariance(map(Fraction, values)),
    }
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert math.isclose(float(found[name]), float(value), rel_tol=1e-6, abs_tol=1e-6), name


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("mean of 3, 5, 8", ["mean of 3, 5, 8 = 5.333333"]),
        ("What are the mean and the median of 1 2 3 10?", ["mean of 1 2 3 10 = 4", "median of 1 2 3 10 = 2.5"]),
        ("Standard deviation of 2, 4, 4, 4, 5, 5, 7, 9", ["standard deviation of 2, 4, 4, 4, 5, 5, 7, 9 = 2.13809"]),
        ("mode of 3, 1, 3, 1", ["mode of 3, 1, 3, 1 = 1"]),
        ("variance of 4", ["variance of 4: cannot be computed, a sample's variance needs at least two numbers"]),
        ("sum of -1.5 and 2", ["sum of -1.5 and 2 = 0.5"]),
        ("What is 6*7, and what is the max of 1, 9 and 4?", ["6*7 = 42", "max of 1, 9 and 4 = 9"]),
        ("What is 6*7, 3+4?", ["6*7 = 42", "3+4 = 7"]),
        ("12 / 5", ["12 / 5 = 2.4"]),
        ("What happened on 2026-01-02 in version 1.2.3?", []),
        ("There were 3-4 people at the door", []),
        ("What is 1/0?", ["1/0: cannot be computed, division by zero"]),
    ],
)
def test_what_is_computed_in_a_sentence(text: str, lines: list[str]) -> None:
    assert [line for item in calculations(text) for line in item.results] == lines


# -- words -------------------------------------------------------------------------------------------------------------

STORY = (
    "The lighthouse stands on the northern rock. A keeper lives in the lighthouse. "
    "Every night the keeper lights the lamp of the lighthouse! Gulls like fish. Did the keeper ever leave the rock?"
)


def test_keywords_are_ranked_by_frequency_then_place() -> None:
    assert keywords(STORY, 4) == [("lighthouse", 3), ("keeper", 3), ("rock", 2), ("stands", 1)]
    assert keywords("the and of", 3) == []


def test_summary_takes_whole_sentences_in_their_order() -> None:
    assert len(sentences(STORY)) == 5
    assert summarize(STORY, 2) == [
        "A keeper lives in the lighthouse.",
        "Every night the keeper lights the lamp of the lighthouse!",
    ]
    assert summarize("One. Two.", 5) == ["One.", "Two."]


def test_best_passage_prefers_rare_words() -> None:
    passages = ["the report of the harbour", "the report of the vault", "the report of the report"]
    assert best_passage("what does the report say about the vault?", passages) == pytest.approx((1, math.log(2) + math.log(4)))
    assert best_passage("elephants", passages) is None


def test_answer_from_pages_names_the_page() -> None:
    pages = ["Fish are sold at noon.", "The vault is old. Its code is 7319. Nobody knows.", ""]
    assert answer_from("What is the code of the vault?", pages) == "Answer (page 2): The vault is old."
    assert answer_from("What is the code?", pages) == "Answer (page 2): Its code is 7319."
    assert answer_from("Where are elephants?", pages) == "Answer: no page says anything about that."


def test_primes_are_those_that_nothing_divides() -> None:
    for highest in range(60):
        assert primes(highest) == [n for n in range(2, highest + 1) if all(n % divisor for divisor in range(2, n))]
    assert answer("list the primes up to 99999").startswith(f"Primes up to {PRIMES_LIMIT} = 2262: ")


@pytest.mark.parametrize(
    ("wanted", "terms"),
    [
        ("the blue door", ["blue", "door"]),
        ('"the door" please', ["the door"]),
        ("it", ["it"]),
        ("door, door?", ["door"]),
        ("?!", ["?!"]),
    ],
)
def test_search_terms(wanted: str, terms: list[str]) -> None:
    assert [term or "?!" for term in search_terms(wanted)] == terms


# -- grammar -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("What is 17 * (23 + 4) - 9?", "17 * (23 + 4) - 9 = 450"),
        ("keywords of: red blue red green blue red", "Keywords: red (3), blue (2), green (1)"),
        ("Top 1 keywords of red blue red", "Keywords: red (2)"),
        ("Please summarize in 1 sentence: Ann came. Ann saw Bob and Ann. Done.", "Summary: Ann saw Bob and Ann."),
        ("hello there", "Keywords: hello (1)\nSummary: hello there"),
        ("List the primes up to 20? please", "Primes up to 20 = 8: 2, 3, 5, 7, 11, 13, 17, 19"),
        ("prime numbers up to 2", "Primes up to 2 = 1: 2"),
        ("primes up to 1", "Primes up to 1 = 0: none"),
        ("primes up to 0", "Primes up to 0 = 0: none"),
        ("primes up to many", "Keywords: primes (1), many (1)\nSummary: primes up to many"),
    ],
)
def test_grammar(text: str, expected: str) -> None:
    assert answer(text) == expected


@pytest.mark.parametrize("text", ["What is 2+2?", "keywords of: a b c", "summarize: x", "just talk", "max of 1, 2"])
def test_steps_come_in_the_contracts_order_and_repeat_exactly(text: str) -> None:
    steps = ask(text)
    assert steps == ask(text)
    kinds = [type(step) for step in steps]
    assert kinds == [Thinking, ToolStarted, ToolDone] * (len(kinds) // 3) + [Answer]


@given(st.text(max_size=300))
def test_every_text_is_answered(text: str) -> None:
    if "search" not in text and "find" not in text and "look" not in text:
        assert answer(text)


# What is said again and again up to the longest text that is taken, what stands before it, and what ends it.
BEGINNINGS = ["", "find", "find x in my", "keywords of", "summarize", "search messages for", "mean of", "mean of 1", "what is"]
REPEATED = [
    *(
        "please ",
        "find ",
        "in my files ",
        "the ",
        "give me ",
        "key words ",
        "mean/",
        "mean and ",
        "mean of 1 ",
        "of ",
        "1 ",
        "1,",
    ),
    *("1.1.", "1", "-", "a-", "1+1, ", "(", "sqrt(", "1%", "'", ".'", "a", "a.b ", ". "),
]
FORMS = [*itertools.product(BEGINNINGS, [" ", "\n"], ["", "x"]), *itertools.product(["", "what is "], REPEATED, ["x"])]
# Thousands of times what all of them take, and a thousandth of what a single one takes with a cubic pattern. Of the processor and
# not of the clock, so that a busy machine changes nothing.
PROCESSOR_SECONDS = 60
ASKED = """
import asyncio, json, resource, sys
from datetime import UTC, datetime
from chat_agent.analyst.analyst import Analyst
from chat_agent.analyst.steps import Question

class Nothing:
    async def messages(self, question, terms):
        return 0, []
    files = messages

async def answer(text):
    return [step async for step in Analyst(Nothing()).answer(Question(text, "", "", "", 1, datetime.now(UTC)))][-1].text

resource.setrlimit(resource.RLIMIT_CPU, (int(sys.argv[1]),) * 2)
for beginning, repeated, end in json.load(sys.stdin):
    print(json.dumps([beginning, repeated, end]), end=" ", flush=True)
    text = (beginning + repeated * 16000)[: 16000 - len(end)] + end
    print(len(asyncio.run(answer(text))), flush=True)
"""


def test_a_text_of_any_form_is_answered_within_bounds() -> None:
    """A worker that thinks about one text for hours answers nobody else, and neither do those that take it over."""
    done = subprocess.run(
        [sys.executable, "-c", ASKED, str(PROCESSOR_SECONDS)],
        input=json.dumps(FORMS),
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, (
        f"no answer within {PROCESSOR_SECONDS} s of the processor to {done.stdout.splitlines()[-1:]} {done.stderr}"
    )
    assert len(done.stdout.splitlines()) == len(FORMS)


def test_numbers_beyond_the_limits_are_refused_by_name() -> None:
    for asked in ("max", "sum", "variance"):
        assert answer(f"{asked} of 1, {'1' * 5000}").endswith("cannot be computed, the number is too large")


def test_of_a_long_phrase_the_beginning_is_searched_for() -> None:
    assert search_terms('"' + "a" * 9000 + '"') == ["a" * 200]


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("search my files for red doors", ("files", "red doors")),
        ("Can you please look in uploads for it", ("files", "it")),
        ("find  red doors\nin my documents ?", ("files", "red doors")),
        ("find in my files in my files", ("files", "in my files")),
        ("search for x in my chat history", None),
        ("look for x in my history.", ("messages", "x")),
        ("search messages for x in my files", ("messages", "x in my files")),
        ("find my files", None),
        ("find ?", None),
        ("search my files for", None),
        ("keywords: of all", ("keywords", "of all", 5)),
        ("give me the top 12 key words from : x", ("keywords", "x", 12)),
        ("top 123 keywords of x", None),
        ("keywordsof x", None),
        ("summarise in 3 sentences the following: a b", ("summary", "a b", 3)),
        ("summarize in three words", ("summary", "in three words", 2)),
        ("summarize:x", None),
        ("summarize this:x", ("summary", "this:x", 2)),
    ],
)
def test_what_is_a_command(text: str, command: tuple[str, str] | tuple[str, str, int] | None) -> None:
    found = read_command(text)
    assert (found and (found.kind, found.text, found.count)[: len(command or ())]) == command


@given(st.text(max_size=3000))
def test_chunks_make_up_the_text(text: str) -> None:
    pieces = chunks(text)
    assert "".join(pieces) == text
    assert all(pieces)
    assert len(pieces) <= 30


@pytest.mark.parametrize("text", ["What is 6 * 7? [canary-0012cd34ef567890]", "What is 6 * 7 for order-12 of room B-4-12?"])
def test_numbers_of_a_name_are_no_calculation(text: str) -> None:
    assert [found.results for found in calculations(text)] == [("6 * 7 = 42",)]
