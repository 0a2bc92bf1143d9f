"""Arguments that take several: one text, a text with commas, or a list."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Any

from realstack.core.errors import StackError, explain


def several(given: str | Iterable[Any] | None) -> list[Any]:
    """The texts that an argument names, without the blanks around them.

    Args:
        given: A text, a text with commas, a text that spells a list (``['a', 'b']``), or a list. Items of a list that are no
            texts (a Secret, a number) stay what they are; None is none. A text that begins with a brace is one text.

    Raises:
        StackError: It begins like a list and is none.
    """
    if given is None:
        return []
    if not isinstance(given, str):
        return [one.strip() if isinstance(one, str) else one for one in given]
    if given.lstrip().startswith("{"):
        return [given.strip()]
    if not given.lstrip().startswith(("[", "(")):
        return [part.strip() for part in given.split(",") if part.strip()]
    try:
        spelled = ast.literal_eval(given.strip())
    except (ValueError, SyntaxError) as error:
        raise StackError(explain("a text, texts between commas, or a list such as ['a', 'b']", repr(given))) from error
    return several(spelled if isinstance(spelled, (list, tuple)) else (spelled,))
