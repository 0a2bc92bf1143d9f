"""A small chat on Chainlit: sums are worked out, questions about a PDF are answered from its lines, anything else is noted.

Answers are told piece by piece, and can be stopped. Whoever knows the password of an account may sign in; there is one password
for all, in SIGN_IN_PASSWORD.
"""

from __future__ import annotations

import ast
import asyncio
import hmac
import operator
import os
import re
from fractions import Fraction
from pathlib import Path

import chainlit as cl
from pypdf import PdfReader
from pypdf.errors import PyPdfError

OPERATIONS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}
SUM = re.compile(r"What is ([0-9(][-0-9+*/(). ]*)\?")
PIECE = 8
"""Characters of an answer that are sent at once, at least."""
PIECES = 100
"""Pieces of an answer, at most."""
PACE = 0.01
"""Seconds from one piece to the next."""


def worth(node: ast.expr) -> Fraction:
    """What a sum of whole numbers is worth.

    Raises:
        ValueError: It is something else.
    """
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATIONS:
        return OPERATIONS[type(node.op)](worth(node.left), worth(node.right))
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return Fraction(node.value)
    raise ValueError("no sum")


def answer_to(question: str) -> str:
    """The answer to what a user said."""
    told = []
    for asked in SUM.findall(question):
        try:
            told.append(f"{asked.strip()} = {worth(ast.parse(asked.strip(), mode='eval').body)}")
        except (ValueError, SyntaxError, ZeroDivisionError, RecursionError):
            told.append(f"{asked.strip()} can't be worked out")
    return "\n".join(told) or f"Noted: {question}"


def answer_from(file: Path, question: str) -> str:
    """The line of a PDF that has most of a question's words, and its page."""
    words = set(re.findall(r"\w+", question.lower()))
    try:
        pages = [page.extract_text().splitlines() for page in PdfReader(file).pages]
    except PyPdfError:
        return "The file can't be read."
    lines = [(line, number) for number, page in enumerate(pages, start=1) for line in page]
    line, number = max(lines, key=lambda one: len(words & set(re.findall(r"\w+", one[0].lower()))), default=("Nothing", 0))
    return f"{line} (page {number})"


@cl.password_auth_callback
def sign_in(name: str, password: str) -> cl.User | None:
    """A user of that name, where the password is right."""
    return cl.User(identifier=name) if hmac.compare_digest(password, os.environ["SIGN_IN_PASSWORD"]) else None


@cl.on_chat_resume
async def resume(_thread: dict) -> None:
    """Conversations can be gone on with."""


@cl.on_message
async def answer(message: cl.Message) -> None:
    """Answers in steps: it is worked out in one of its own, and sent piece by piece; what was sent until a stop is kept."""
    async with cl.Step(name="work out", type="tool") as step:
        step.input = message.content
        files = [element.path for element in message.elements if element.path]
        step.output = answer_from(files[0], message.content) if files else answer_to(message.content)
    reply = cl.Message(content="")
    size = max(PIECE, -(-len(step.output) // PIECES))
    try:
        for begin in range(0, len(step.output), size):
            await reply.stream_token(step.output[begin : begin + size])
            await asyncio.sleep(PACE)
    finally:
        await reply.send()
