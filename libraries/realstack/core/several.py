"""Arguments that take several: one text, a text with commas, or a list."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from realstack.core.errors import StackError, explain


def several(given: str | Iterable[str]) -> list[str]:
    """The texts that an argument names, without the blanks around them.

    Args:
        given: A text, a text with commas, a text that spells a list (``['a', 'b']``), or a list.

    Raises:
        StackError: It begins like a list and is none.
    """
    if not isinstance(given, str):
        return [str(one).strip() for one in given]
    if not given.lstrip().startswith(("[", "(")):
        return [part.strip() for part in given.split(",") if part.strip()]
    try:
        spelled = ast.literal_eval(given.strip())
    except (ValueError, SyntaxError) as error:
        raise StackError(explain("a text, texts between commas, or a list such as ['a', 'b']", repr(given))) from error
    return several(spelled)
