"""Snapshots of tables and keys, and what differs between two."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any

from robot.api import logger
from robot.api.deco import keyword

from realstack.core.errors import StackFailure, explain
from realstack.core.keywords.scope import current_owner
from realstack.core.several import several
from realstack.core.table import html_table, text_table
from realstack.databases.keywords.arguments import parameter_list, without_secrets
from realstack.databases.keywords.held import Held
from realstack.databases.keywords.reading import Assertion, Reader
from realstack.databases.keywords.waiting import NO_WAIT, wait
from realstack.databases.masking import Masking
from realstack.databases.snapshot import Difference, Recipe, Snapshot, compare, split_alias, take
from realstack.databases.values import shown

COLUMNS = ("part", "what", "key", "column", "before", "after")
NOW = "now"
SHOWN_DIFFERENCES = 200

_TABLE = re.compile(r'[^:,\s]+:(?:[\w.$]|"[^",]+")+')


class SnapshotKeywords:
    """Keywords that compare stores with themselves.

    Args:
        held: What tests have open.
        reader: Reads and looks again.
        masking: Which names are secret.
    """

    def __init__(self, held: Held, reader: Reader, masking: Masking) -> None:
        self._held = held
        self._reader = reader
        self._masking = masking

    @keyword(tags=["snapshot"])
    def take_snapshot(
        self,
        name: str,
        *,
        tables: Mapping[str, str] | Sequence[str] | str = (),
        keys: Sequence[str] | str = (),
        parameters: Any = (),
        ignore: Sequence[str] | str = (),
        key_columns: Mapping[str, Sequence[str] | str] | None = None,
        limit: int = 10_000,
    ) -> int:
        """Remembers what chosen tables and keys hold now, over any number of stores.

        Rows are told apart by the primary key; where there is none, whole rows are compared (the same row twice counts twice).
        Secret columns are compared too, without being shown.

        Args:
            name: What the test calls the snapshot; the same name again replaces it.
            tables: A list of ``alias:table`` or ``alias:table WHERE condition``, or a dictionary of labels and those, or
                of labels and ``alias:SELECT …``. A text is one of these, or several ``alias:table`` between commas.
            keys: ``alias:pattern`` of Redis keys: a text, texts between commas, or a list. Of a key its value counts, and
                whether it expires.
            parameters: Values of ``$1 …`` in conditions and statements; each uses the first ones, as many as it names.
            ignore: Columns that do not count, ``column`` or ``label.column``, shell patterns allowed: a text, texts between
                commas, or a list.
            key_columns: Dictionary of labels and the columns (as in `ignore`) that tell their rows apart, where the primary key
                does not.
            limit: More rows or keys in one part than this are an error.

        Returns:
            How many rows and keys the snapshot holds.

        ```robotframework
        *** Test Cases ***
        Refused Login Leaves Nothing
            VAR    @{tables}    auth:users    auth:sessions    auth:login_flows
            Take Snapshot    before    tables=${tables}    keys=${{ ['cache:session:*'] }}
            Replay Callback
            Snapshots Should Be Equal    before
        ```
        """
        labelled = dict(tables) if isinstance(tables, Mapping) else {spec: spec for spec in _specs(tables)}
        recipe = Recipe(
            tables=labelled,
            keys=several(keys),
            parameters=parameter_list(parameters),
            ignore=several(ignore),
            key_columns={label: several(columns) for label, columns in (key_columns or {}).items()},
            limit=limit,
        )
        taking = take(name, recipe, self._sessions_of(recipe), self._masking)
        snapshot: Snapshot = wait(without_secrets(taking, parameters), self._patience())
        if name in self._held.snapshots:
            self._held.snapshots.pop(name)
        self._held.snapshots.add((snapshot, recipe), current_owner(), name)
        counts = [{"part": label, "rows": len(part.items)} for label, part in snapshot.parts.items()]
        logger.info(html_table(["part", "rows"], counts, f"Snapshot '{name}'"), html=True)
        return snapshot.size

    @keyword(tags=["snapshot", "getter"])
    def get_snapshot(self, name: str) -> dict[str, dict[str, dict[str, Any]]]:
        """Returns what a snapshot holds, as plain JSON values; secret ones as digests.

        Args:
            name: Name of a snapshot.

        Returns:
            By part (its label or pattern) a dictionary of rows: by their key dictionaries of columns; of Redis keys ``value``
            and ``expires``.

        ```robotframework
        Take Snapshot    before    tables=auth:users
        ${held}    Get Snapshot    before
        Dictionary Should Contain Key    ${held}[auth:users]    ${ann}
        ```
        """
        snapshot, _ = self._held.snapshots.get(name)
        return {label: {key: dict(row) for key, row in part.items.items()} for label, part in snapshot.parts.items()}

    @keyword(tags=["snapshot", "getter"])
    def get_difference(self, before: str, after: str = NOW, *, ignore: Sequence[str] | str = ()) -> list[dict[str, Any]]:
        """Returns what differs between two snapshots, and shows it as a table in the log.

        Args:
            before: Name of a snapshot.
            after: Name of another one of the same parts; ``now`` takes one as `before` was taken.
            ignore: More columns that do not count, as in [Take Snapshot].

        Returns:
            Dictionaries with ``part``, ``what`` (``added removed changed``), ``key``, ``column`` (empty for whole rows),
            ``before`` and ``after``.

        ```robotframework
        ${changes}    Get Difference    before    ignore=updated_at
        Length Should Be    ${changes}    1
        ```
        """
        found = self._compare(before, after, several(ignore))
        self._show_differences(found, before, after)
        return [asdict(one) for one in found]

    @keyword(tags=["snapshot", "assertion"])
    def snapshots_should_be_equal(
        self, before: str, after: str = NOW, *, ignore: Sequence[str] | str = (), retry_timeout: timedelta = NO_WAIT
    ) -> None:
        """Fails when anything differs between two snapshots: nothing was left behind, nothing was changed.

        Args:
            before: Name of a snapshot.
            after: Name of another one of the same parts; ``now`` takes one as `before` was taken.
            ignore: More columns that do not count, as in [Take Snapshot].
            retry_timeout: With ``now``: how long to look again until they are equal.

        Raises:
            StackFailure: They differ; the first differences are in the text, all in the log's table.

        ```robotframework
        Snapshots Should Be Equal    before    ignore=updated_at, last_seen_at    retry_timeout=2 s
        ```
        """
        latest: list[Difference] = []

        async def look() -> list[Difference]:
            latest[:] = await self._compared(before, after, several(ignore))
            return list(latest)

        def equal(found: list[Difference]) -> None:
            if found:
                raise StackFailure(
                    explain(
                        f"'{after}' to equal snapshot '{before}'",
                        f"{len(found)} difference(s)",
                        evidence=text_table(COLUMNS, [asdict(one) for one in found], most_rows=8, show=shown),
                    )
                )

        try:
            self._reader.read(
                look,
                what="the difference",
                seconds=self._patience(),
                assertion=Assertion(retry_timeout=retry_timeout),
                take=equal,
            )
        finally:
            self._show_differences(latest, before, after)

    def _compare(self, before: str, after: str, ignore: list[str]) -> list[Difference]:
        return wait(self._compared(before, after, ignore), self._patience())

    async def _compared(self, before: str, after: str, ignore: list[str]) -> list[Difference]:
        old, recipe = self._held.snapshots.get(before)
        if after == NOW and NOW not in self._held.snapshots:
            new = await take(NOW, replace(recipe, ignore=[*recipe.ignore, *ignore]), self._sessions_of(recipe), self._masking)
        else:
            new, _ = self._held.snapshots.get(after)
        return compare(old, new, ignore)

    def _sessions_of(self, recipe: Recipe) -> dict[str, Any]:
        aliases = {split_alias(spec)[0] for spec in [*recipe.tables.values(), *recipe.keys]}
        return {alias: self._held.sessions.get(alias) for alias in sorted(aliases)}

    def _patience(self) -> float:
        return 3 * max((session.answer_seconds for session in self._held.sessions.all()), default=1.0)

    @staticmethod
    def _show_differences(found: Sequence[Difference], before: str, after: str) -> None:
        caption = f"{before} → {after}: {len(found)} difference(s)"
        rows = [asdict(one) for one in found]
        logger.info(
            html_table(COLUMNS, rows, caption, most_rows=SHOWN_DIFFERENCES, show=shown) if rows else caption, html=bool(rows)
        )


def _specs(tables: Sequence[str] | str) -> list[str]:
    """What is to be read; commas within a condition or statement belong to it."""
    if isinstance(tables, str) and not all(_TABLE.fullmatch(part.strip()) for part in tables.split(",")):
        return several(tables) if tables.lstrip().startswith("[") else [tables]
    return several(tables)
