"""Where a source can be changed into one that is likely to be wrong, and how.

Python is changed at the nodes of its syntax tree, JavaScript, SQL and nginx's template at their tokens. A change is small and of
a kind that people make: a boundary moved, a condition negated, a clause or a call dropped, a constant changed, arguments swapped.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult,
    ast.Mod: ast.Add,
}
LOGGING = {"print", "debug", "info", "warning", "error", "exception", "log"}
"""Calls that only tell people something: a test need not notice when they say nothing."""
TELLING = LOGGING | {"violated"}
"""Calls whose words are for people: a change of those is no bug that a test should see."""
COMMUTATIVE = {"max", "min"}
"""Calls whose arguments may stand in any order."""
TOKENS = {
    ".js": {
        "condition negated": [(r" === ", " !== "), (r" !== ", " === ")],
        "boundary moved": [(r" < ", " <= "), (r" > ", " >= "), (r" <= ", " < "), (r" >= ", " > ")],
        "condition widened": [(r" && ", " || "), (r" \|\| ", " && ")],
        "wait dropped": [(r"\bawait ", "")],
        "constant changed": [(r"\btrue\b", "false"), (r"\bfalse\b", "true"), (r"(?<![\w.#-])(\d+)(?![\w.-])", r"1\1")],
    },
    ".sql": {
        "clause dropped": [(r" AND [^\n()]+$", ""), (r" FOR UPDATE\b[^\n;]*", ""), (r" UNIQUE\b", ""), (r" NOT NULL\b", "")],
    },
    ".template": {
        "line dropped": [(r"(?m)^\s*(proxy_\w+|add_header|limit_\w+|client_\w+|ssl_\w+|keepalive\w*) [^\n]*;\n", "\n")],
        "constant changed": [(r"(?<![\w.$-])(\d+)(?=[ms;k ])", r"1\1")],
    },
}
SQL_IN_PYTHON = (
    (r" AND [\w.]+ (?:=|<|>|<=|>=|IS NOT|IS|<>) [\w$.']+(?: NULL)?", ""),
    (r" FOR UPDATE(?: SKIP LOCKED)?", ""),
    (r"\bDESC\b", "ASC"),
    (r" ON CONFLICT [^\"]*?DO NOTHING", ""),
    (r" LIMIT \$?\d+", ""),
)


@dataclass(frozen=True, slots=True)
class Mutation:
    """A change of one source.

    Attributes:
        kind: What was done, in words.
        start: Where it begins in the text.
        end: Where what it replaces ends.
        new: What stands there instead.
    """

    kind: str
    start: int
    end: int
    new: str

    def applied(self, text: str) -> str:
        """The changed text."""
        return text[: self.start] + self.new + text[self.end :]

    def line(self, text: str) -> int:
        """The line that it begins on, from 1 on."""
        return text.count("\n", 0, self.start) + 1


def mutations(text: str, suffix: str) -> list[Mutation]:
    """All changes of a text, by position; none of two is the same."""
    found = _python(text) if suffix == ".py" else _tokens(text, TOKENS.get(suffix, {}))
    return sorted({change for change in found if change.applied(text) != text}, key=lambda change: (change.start, change.kind))


def _tokens(text: str, kinds: dict[str, list[tuple[str, str]]]) -> Iterator[Mutation]:
    for kind, pairs in kinds.items():
        for pattern, new in pairs:
            for found in re.finditer(pattern, text):
                line = text[text.rfind("\n", 0, found.start()) + 1 : found.start()].lstrip()
                if not line.startswith(("//", "*", "/*", "#", "--")):
                    yield Mutation(kind, found.start(), found.end(), found.expand(new))


class _Places:
    """From lines and columns of the syntax tree, which count bytes, to positions in the text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._lines = text.splitlines(keepends=True)
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line))

    def of(self, line: int, column: int) -> int:
        return self._starts[line - 1] + len(self._lines[line - 1].encode()[:column].decode())

    def span(self, node: ast.AST) -> tuple[int, int]:
        return self.of(node.lineno, node.col_offset), self.of(node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]

    def source(self, node: ast.AST) -> str:
        start, end = self.span(node)
        return self._text[start:end]


def _python(text: str) -> Iterator[Mutation]:
    tree = ast.parse(text)
    places = _Places(text)
    quiet = _quiet(tree)
    for node in ast.walk(tree):
        if id(node) in quiet or not hasattr(node, "lineno"):
            continue
        if isinstance(node, ast.Compare):
            yield from _comparison(node, places)
        elif isinstance(node, ast.BoolOp):
            yield from _clauses(node, places)
        elif isinstance(node, ast.If | ast.While | ast.IfExp):
            yield Mutation("condition negated", *places.span(node.test), f"not ({places.source(node.test)})")
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call | ast.Await) and _name(node.value) not in LOGGING:
            yield Mutation("call dropped", *places.span(node), "pass")
        elif isinstance(node, ast.Constant):
            yield from _constant(node, places)
        elif (
            isinstance(node, ast.BinOp)
            and type(node.op) in ARITHMETIC
            and not isinstance(node.left, ast.Constant | ast.JoinedStr)
        ):
            other = ast.BinOp(node.left, ARITHMETIC[type(node.op)](), node.right)
            yield Mutation("arithmetic changed", *places.span(node), f"({ast.unparse(other)})")
        elif isinstance(node, ast.Call) and _swappable(node, quiet):
            first, second = node.args[:2]
            between = (places.span(first)[0], places.span(second)[1])
            yield Mutation("arguments swapped", *between, f"{places.source(second)}, {places.source(first)}")
        elif isinstance(node, ast.Break | ast.Continue):
            yield Mutation("jump changed", *places.span(node), "continue" if isinstance(node, ast.Break) else "break")


def _swappable(node: ast.Call, quiet: set[int]) -> bool:
    told = id(node.args[0]) in quiet if node.args else True
    meant = not told and _name(node) not in COMMUTATIVE
    return len(node.args) >= 2 and meant and not any(isinstance(argument, ast.Starred) for argument in node.args)


def _name(node: ast.expr) -> str:
    """The name of what is called."""
    called = node.func if isinstance(node, ast.Call) else None
    return called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")


def _quiet(tree: ast.Module) -> set[int]:
    """Nodes whose change means nothing to a test: documentation, annotations, and words that are told to people."""
    roots: list[ast.AST] = []
    for node in ast.walk(tree):
        if (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)) or isinstance(
            node, ast.JoinedStr | ast.Raise | ast.Assert | ast.Import | ast.ImportFrom
        ):
            roots.append(node)
        elif isinstance(node, ast.AnnAssign | ast.arg) and node.annotation is not None:
            roots.append(node.annotation)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.returns is not None:
            roots.append(node.returns)
        elif isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            roots.append(node)
        elif isinstance(node, ast.Call) and _name(node) in TELLING:
            roots += [*node.args, *node.keywords]
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            roots += node.decorator_list
    return {id(inner) for root in roots for inner in ast.walk(root)}


def _comparison(node: ast.Compare, places: _Places) -> Iterator[Mutation]:
    for position, operator in enumerate(node.ops):
        operators = [*node.ops[:position], COMPARISONS[type(operator)](), *node.ops[position + 1 :]]
        kind = "boundary moved" if isinstance(operator, ast.Lt | ast.LtE | ast.Gt | ast.GtE) else "condition negated"
        yield Mutation(kind, *places.span(node), f"({ast.unparse(ast.Compare(node.left, operators, node.comparators))})")


def _clauses(node: ast.BoolOp, places: _Places) -> Iterator[Mutation]:
    other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
    kind = "condition widened" if isinstance(other, ast.Or) else "condition narrowed"
    yield Mutation(kind, *places.span(node), f"({ast.unparse(ast.BoolOp(other, node.values))})")
    for dropped in range(len(node.values)):
        rest = [value for place, value in enumerate(node.values) if place != dropped]
        left = rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)
        yield Mutation("clause dropped", *places.span(node), f"({ast.unparse(left)})")


def _constant(node: ast.Constant, places: _Places) -> Iterator[Mutation]:
    start, end = places.span(node)
    if isinstance(node.value, bool):
        yield Mutation("constant changed", start, end, str(not node.value))
    elif isinstance(node.value, int | float):
        yield Mutation("constant changed", start, end, repr(node.value + 1))
    elif isinstance(node.value, str) and re.search(r"\b(SELECT|UPDATE|DELETE|INSERT)\b", node.value):
        source = places.source(node)
        for pattern, new in SQL_IN_PYTHON:
            for found in re.finditer(pattern, source):
                yield Mutation("clause of a statement dropped", start + found.start(), start + found.end(), new)
