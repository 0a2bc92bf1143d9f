"""Keywords that tell the history what an operation is about, and all that there is of a user."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from robot.api.deco import keyword

from realstack.core.errors import StackError, explain
from realstack.core.several import several
from realstack.history.events import OperationDone, StateRead
from realstack.recording.recorder import Recorder


class BystanderKeywords:
    """Evidence for the law ``bystanders-unchanged``.

    Args:
        recorder: What is recorded into.
    """

    def __init__(self, recorder: Recorder) -> None:
        self._record = recorder.record

    @keyword(tags=["evidence"])
    def record_user_state(self, user: str, parts: dict[str, Any]) -> None:
        """Records all that there is of a user now, for the law ``bystanders-unchanged``.

        Record it of everybody before and after each operation, when nothing is under way.

        Args:
            user: Whose state.
            parts: By part (a table, a route) a dictionary of rows: by their key dictionaries of fields, as `Get Snapshot` of
                the library Databases gives them.

        ```robotframework
        Take Snapshot    ann    tables=${TABLES_OF_A_USER}    parameters=${ann}[id]
        ${rows} =    Get Snapshot    ann
        Record User State    ann    ${rows}
        ```
        """
        for part, rows in parts.items():
            if not isinstance(rows, Mapping) or not all(isinstance(row, Mapping) for row in rows.values()):
                raise StackError(
                    explain(f"the rows of '{part}' as a dictionary of dictionaries, by their keys", f"a {type(rows).__name__}")
                )
        plain = {
            str(part): {str(key): {str(field): value for field, value in row.items()} for key, row in rows.items()}
            for part, rows in parts.items()
        }
        self._record(StateRead(user, plain))

    @keyword(tags=["evidence"])
    def record_operation(
        self, operation: str, user: str, *, changes: Sequence[str] | str = (), may: Sequence[str] | str = ()
    ) -> None:
        """Records that something was done for a user, and what that is about, for the law ``bystanders-unchanged``.

        Changes are named ``part key field``, or ``part key added`` and ``part key removed`` for whole rows; shell patterns are
        allowed. What is refused or fails is about nothing: leave both out.

        Args:
            operation: What was done.
            user: For whom; of everybody else nothing may change.
            changes: What must change by it: a text, texts between commas, or a list.
            may: What else can.

        ```robotframework
        Rename Thread    tab 1    ${thread}    Sums
        Record Operation    rename    ann    changes=threads ${thread} title    may=threads ${thread} updated_at
        ```
        """
        self._record(OperationDone(operation, user, several(changes), several(may)))
