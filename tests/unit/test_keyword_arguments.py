"""Arguments of all keywords: what takes several takes a text, texts between commas, or a list; sizes and times have units."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from robot import running
from robot.api import TypeInfo

import realstack
from realstack.core.errors import StackError
from realstack.core.several import several

LIBRARIES = sorted(set(realstack.__all__) - {"__version__"})
DATA = {
    "value",
    "values",
    "late of Record Unforeseen",
    "users of Run Load",
    "users of Start Load",
    "waits",
    "times",
    "left",
    "key_columns",
    "lines",
    "arguments",
    "parameters",
    "body",
}
"""Lists that are data of the test's, such as the users of a load or lines of a log, and no list of names."""
READ_BY_NAMES = {"masked_fields", "secret_columns", "credential_names"}
"""Lists that `realstack.secrets.names` reads."""
BYTES = {"max_size", "size", "budget", "unpacked", "rate of Limit Bandwidth", "count of Cut After Bytes"}
SECONDS = {"seconds", "wait", "left"}
LISTS = re.compile(r"\b(Sequence|list|tuple|set|Iterable|Collection|frozenset)\b")


def arguments() -> Iterator[tuple[str, str, str, Any, Any]]:
    """Library, keyword, argument, its type, and the module that the keyword stands in."""
    for library in LIBRARIES:
        made = running.TestLibrary.from_name(f"realstack.{library}")
        methods = {name.replace("_", " ").lower(): method for name, method in getattr(made.instance, "keywords", {}).items()}
        for keyword in [made.init, *made.keywords]:
            method = methods.get(str(keyword.name).lower())
            module = inspect.getmodule(inspect.unwrap(method)) if method else None
            for argument in keyword.args:
                if argument.type is not None and argument.kind not in {argument.VAR_POSITIONAL, argument.VAR_NAMED}:
                    yield library, str(keyword.name), argument.name, argument.type, module


def chosen(names: set[str], keyword: str, argument: str) -> bool:
    return argument in names or f"{argument} of {keyword}" in names


EVERY = list(arguments())
LISTED = [
    pytest.param(*each[:4], id=" ".join(each[:3]))
    for each in EVERY
    if LISTS.search(str(each[3])) and not chosen(DATA, each[1], each[2]) and "Secret | None" not in str(each[3])
]


def test_every_library_is_looked_at() -> None:
    folder = Path(realstack.__file__).parent
    assert len(LIBRARIES) == len(list(folder.glob("*/library.py"))) > 9


def test_every_getter_reads_texts_as_what_is_seen() -> None:
    """By `verify`, or as Databases do by `judge`, which have the one rule for texts in assertions."""
    getters = {(library, keyword, module) for library, keyword, argument, _, module in EVERY if argument == "assertion_expected"}
    assert len(getters) > 60
    assert not [
        f"{library}: {keyword}"
        for library, keyword, module in getters
        if module is not None and not re.search(r"\b(verify|Assertion|AssertionArguments)\(", inspect.getsource(module))
    ]


def test_there_are_keywords() -> None:
    assert len({(library, keyword) for library, keyword, *_ in EVERY}) > 200
    assert len(LISTED) > 20
    assert sum(module is not None for *_, module in EVERY) > 300


@pytest.mark.parametrize(("library", "keyword", "argument", "kind"), LISTED)
def test_several_are_a_text_texts_between_commas_or_a_list(library: str, keyword: str, argument: str, kind: TypeInfo) -> None:
    numbers = "int" in str(kind)
    for given in ("5", "5, 6", "[5, 6]", [5, 6]) if numbers else ("a", "a, b", "['a', 'b']", ["a", "b"]):
        taken = kind.convert(given, argument)
        if numbers:
            assert taken in (5, [5, 6], (5, 6))
        else:
            # The keyword gets the text as it is, and reads it by `several`; Robot alone would take its characters or refuse it.
            assert taken == given
            assert several(taken) in (["a"], ["a", "b"])


def test_what_takes_several_reads_them_in_one_way() -> None:
    wrong = [
        f"{library}: {keyword} {argument}"
        for library, keyword, argument, kind, module in EVERY
        if LISTS.search(str(kind)) and "int" not in str(kind) and "Secret | None" not in str(kind)
        if not chosen(DATA | READ_BY_NAMES, keyword, argument)
        if module is not None and not re.search(rf"several\({argument}\b", inspect.getsource(module))
    ]
    assert not wrong


@pytest.mark.parametrize(
    ("library", "keyword", "argument", "kind"),
    [pytest.param(*each[:4], id=" ".join(each[:3])) for each in EVERY if re.search(r"\b(int|float|timedelta)\b", str(each[3]))],
)
def test_numbers_sizes_and_times_are_texts(library: str, keyword: str, argument: str, kind: TypeInfo) -> None:
    if "timedelta" in str(kind):
        assert kind.convert("500 ms", argument) in (timedelta(seconds=0.5), "500 ms")
    elif chosen(BYTES, keyword, argument):
        assert kind.convert("4 KiB", argument) == "4 KiB"
    elif not LISTS.search(str(kind)) and "Mapping" not in str(kind):
        assert str(kind.convert("5", argument, allow_unknown=True)) in ("5", "5.0")
    assert argument not in SECONDS or "timedelta" in str(kind) or argument in DATA


def test_a_text_is_one_or_several() -> None:
    assert several("a") == several(["a"]) == several("['a']") == several(" a ,") == ["a"]
    assert several("a, b") == several(["a", " b"]) == several(("a", "b")) == ["a", "b"]
    assert several(None) == several("") == several([]) == []
    assert several('{"a": 1, "b": 2}') == ['{"a": 1, "b": 2}']
    with pytest.raises(StackError, match="a list such as"):
        several("['a', ")
