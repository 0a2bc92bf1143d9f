"""A step that is an `async` function of a Python file: what a table of steps says badly, such as choices and loops.

```python
async def ask(user):
    await user.send({"type": "user_message", "message_id": user["id"], "payload": {"text": user["query"]}})
    frame = await user.expect("agent_completed", "agent_error", timeout=5.0, measure="answer")
    user.keep(answer=frame.data["payload"]["text"])
    assert user["expected"] in frame.data["payload"]["text"]
```
"""

from __future__ import annotations

import importlib.util
import inspect
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from realstack.core.errors import StackError, StackFailure, explain
from realstack.load.actor import Actor, StepFailed

Scenario = Callable[[Actor], Awaitable[object]]


@cache
def scenario(file: Path, function: str) -> Scenario:
    """The function of a file, which is read once in each process.

    Raises:
        StackError: There is none, or the file can't be read.
    """
    wanted = f"an async function {function!r} in {file}"
    if not file.is_file():
        raise StackError(explain(wanted, "there is no such file"))
    spec = importlib.util.spec_from_file_location(f"scenario_{file.stem}", file)
    if spec is None or spec.loader is None:
        raise StackError(explain(wanted, "the file is no Python"))
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise StackError(explain(wanted, f"reading the file failed: {_told(error, file)}")) from error
    found = getattr(module, function, None)
    if not inspect.iscoroutinefunction(found):
        there = ", ".join(name for name, value in vars(module).items() if inspect.iscoroutinefunction(value)) or "none"
        raise StackError(explain(wanted, f"there are: {there}"))
    return found


@dataclass(frozen=True, slots=True)
class Call:
    """Call a function with the user."""

    file: Path
    function: str

    async def run(self, actor: Actor) -> None:
        """See `Step`."""
        try:
            await scenario(self.file, self.function)(actor)
        except (StepFailed, StackError):
            raise
        except (AssertionError, StackFailure) as error:
            raise StepFailed("wrong", _told(error, self.file)) from None
        except Exception as error:
            raise StackError(explain(f"{self} ends well, or with a failed check", _told(error, self.file))) from error

    def __str__(self) -> str:
        return f"{self.function} of {self.file.name}"


def _told(error: BaseException, file: Path) -> str:
    """The error with the line of the file that it comes from."""
    lines = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
    where = f" (line {lines[-1].lineno}: {lines[-1].line})" if lines else ""
    return f"{type(error).__name__}: {error}{where}"
