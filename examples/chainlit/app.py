"""A small chat on Chainlit: sums are worked out and told piece by piece; anything else is noted.

Whoever knows the password of an account may sign in; there is one password for all, in SIGN_IN_PASSWORD.
"""

from __future__ import annotations

import ast
import hmac
import operator
import os
import re
from fractions import Fraction

import chainlit as cl

OPERATIONS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}
SUM = re.compile(r"What is ([0-9(][-0-9+*/(). ]*)\?")
PIECE = 8
"""Characters of an answer that are sent at once."""


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


@cl.password_auth_callback
def sign_in(name: str, password: str) -> cl.User | None:
    """A user of that name, where the password is right."""
    return cl.User(identifier=name) if hmac.compare_digest(password, os.environ["SIGN_IN_PASSWORD"]) else None


@cl.on_chat_resume
async def resume(_thread: dict) -> None:
    """Conversations can be gone on with."""


@cl.on_message
async def answer(message: cl.Message) -> None:
    """Answers in steps: the sum is worked out in one of its own, the answer is sent piece by piece."""
    async with cl.Step(name="work out", type="tool") as step:
        step.input = message.content
        step.output = answer_to(message.content)
    reply = cl.Message(content="")
    for begin in range(0, len(step.output), PIECE):
        await reply.stream_token(step.output[begin : begin + PIECE])
    await reply.send()
