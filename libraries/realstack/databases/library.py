"""Keywords for the stores behind a platform: PostgreSQL, Redis and ClickHouse."""

from __future__ import annotations

import os
import secrets as random_secrets
from collections.abc import Sequence
from typing import Any

from robot.api.deco import library
from robotlibcore import DynamicCore

from realstack import __version__
from realstack.core.keywords.writable import Writable
from realstack.databases.keywords.channels import ChannelKeywords
from realstack.databases.keywords.held import Held
from realstack.databases.keywords.listener import UrlMask
from realstack.databases.keywords.locks import LockKeywords
from realstack.databases.keywords.reading import Reader
from realstack.databases.keywords.redis_keys import RedisKeyKeywords
from realstack.databases.keywords.redis_streams import RedisStreamKeywords
from realstack.databases.keywords.sessions import SessionKeywords
from realstack.databases.keywords.snapshots import SnapshotKeywords
from realstack.databases.keywords.sql import SqlKeywords
from realstack.databases.masking import Masking


@library(scope="GLOBAL", version=__version__, doc_format="MARKDOWN", auto_keywords=False)
class Databases(DynamicCore):  # type: ignore[misc] # robotlibcore is untyped
    """Library for looking into the stores behind a platform, and for holding them up.

    It reads PostgreSQL, Redis and ClickHouse in sessions of the test's own, beside the platform's. What the
    platform claims through its API can so be compared with what it has really stored; and a test can hold a lock,
    see the platform blocked on it, or end its sessions, so that a failure hits at a known place.

    ## Sessions

    A session has an alias, and several can be open at once. [Open Postgres Session], [Open Redis Session] and
    [Open Clickhouse Session] make the new one the current one; keywords use the current session of their kind unless
    they are given an `alias`, and [Switch Session] makes another one current. A session belongs to the test or suite
    that opened it and is closed at its end, whatever happened; so are locks, listeners and snapshots.

    The servers know all sessions of a run by its name (the library's argument `run`), so that they are never
    counted, ended or waited for as if they were the platform's. A session whose server was away connects again by itself with
    the next keyword. Where something was lost with a session of PostgreSQL (an open transaction, settings, advisory locks,
    temporary tables …) or ClickHouse (settings, temporary tables), that keyword fails and says what; it never goes on without
    it. A pooler such as pgbouncer may be in between.

    ```robotframework
    *** Settings ***
    Library    Databases

    *** Test Cases ***
    Message Is Stored Once
        Open Postgres Session    backend    ${BACKEND_DSN}
        Get Row Count    SELECT id FROM messages WHERE id = $1    ==    1    parameters=${message_id}    retry_timeout=2s
    ```

    ## Parameters

    Values never go into a statement's text. It has places ``$1``, ``$2`` …, and `parameters` fills them: a list or tuple is
    several values, anything else is one. Text is read as the type that PostgreSQL expects at that place: ``5`` as a
    number, ``2030-01-31T12:00:00Z`` as a time, JSON text as JSON; for all other types PostgreSQL reads it itself: ``1 month``,
    ``[2030-01-01,2030-02-01)``, ``{1,2,3}``, ``infinity``. A moment without an offset is refused where its place has a zone
    (``timestamptz``): neither UTC nor the machine's zone is taken for it. `Secret` values are
    unwrapped and never shown. ClickHouse is told a type with each value, by what the value is: text, truths, whole numbers of up
    to 256 bits, floats, decimals, dates, aware times, ``None``, lists (arrays), dictionaries (maps) and
    tuples (for ``IN``). Places of its own (``{name:Type}``) are filled by a mapping: ``parameters=${{ {'name': 5} }}``.

    What comes back is plain as well: UUIDs are text, whole decimals integers, JSON dictionaries and lists, times aware
    ``datetime`` objects, PostgreSQL's in UTC, ClickHouse's in the zone of the column or server. Intervals are ``timedelta``
    objects. What Python knows nothing like of is the text that PostgreSQL writes: ranges, points and other shapes,
    intervals with months, ``infinity``, years before Christ and after 9999, places in the log. Numbers of JSON are exact:
    those that no float holds are ``Decimal`` objects. A text of ClickHouse that is none is bytes, a FixedString comes without
    the NULs that fill it up, and a moment with nanoseconds is the text that ClickHouse writes.

    ## Assertions

    Keywords that get something can assert about it at once, with the operators of the
    [AssertionEngine](https://github.com/MarketSquare/AssertionEngine): ``==``, ``!=``, ``<``, ``>``, ``<=``, ``>=``,
    ``contains``, ``not contains``, ``starts``, ``ends``, ``matches``, ``validate``, ``then``. An expected value that is
    written as text is read as the type of what is seen: ``== 2`` fits the number 2, but ``== ${2}`` not the text ``2``;
    ``== 2 days 03:00:00`` and ``== 51 h`` fit an interval, ``== {1,2,3}`` and ``== 1, 2, 3`` an array of numbers,
    ``== \\\\xdeadbeef`` bytes, ``== {"a": 1}`` JSON.

    With `retry_timeout` the keyword looks again until the assertion holds or the time is over. That also bridges
    a store that is just starting again. The log shows only the last look.

    ```robotframework
    *** Test Cases ***
    Limit Is Lifted
        Get Redis Counter    limit:messages:${user}    ==    0    retry_timeout=3s
        Get Value    SELECT plan FROM plans WHERE user_id = $1    ==    paid    parameters=${user}
    ```

    ## Locks and receipts

    [Hold Lock] takes a table or rows on a session of its own. [Wait Until Blocked] waits until the platform stands still
    before it and says which session, with which statement; [Terminate Sessions] ends sessions and waits until their processes
    are gone. These are receipts: where the thing did not really happen, they fail with a text that starts with
    ``INVALID:``, since the test's verdict would mean nothing.

    ## Snapshots

    [Take Snapshot] remembers chosen tables and keys of several stores; [Snapshots Should Be Equal] proves that nothing was left
    behind, [Get Difference] tells what was.

    ## Secrets

    Values in columns, keys and JSON fields whose names look like secrets (``password``, ``token_hash``, ``code_verifier`` …; the
    library's argument `secret_columns` adds more) are shown as ``<hidden>`` and handed over as `Secret`. A value that a
    statement computes from one, or renames with AS, has lost its name and is shown: do not do that.

    Pass passwords as `Secret`. In a URL that stands in test data as plain text the password is hidden from the log all the same.

    ## Errors

    A store that is not as expected is a failure (`StackFailure`); a wrong use, a statement that the server refuses, or a
    server that does not answer is an error (`StackError`); a receipt that is missing makes the run INVALID. Texts say what was
    expected, what was seen, the evidence, and the remedy.
    """

    ROBOT_LISTENER_API_VERSION = 3

    def __init__(self, run: str | None = None, secret_columns: Sequence[str] | str = ()) -> None:
        """Takes the library into use.

        Args:
            run: Name of the run's sessions on the servers; default: ``realstack-``, the process's number and something random.
            secret_columns: More names (shell patterns, case ignored) of columns, keys and fields that hold secrets: a text, texts
                between commas, or a list. ``!name`` leaves a usual one as it is.
        """
        run = run or f"realstack-{os.getpid()}-{random_secrets.token_hex(3)}"
        masking = Masking(secret_columns)
        self._held = held = Held()
        reader = Reader(masking)
        super().__init__(
            [
                SessionKeywords(held, reader, masking, run),
                SqlKeywords(held, reader, masking),
                LockKeywords(held, reader, run),
                RedisKeyKeywords(held, reader, masking, run),
                RedisStreamKeywords(held, reader),
                ChannelKeywords(held, reader),
                SnapshotKeywords(held, reader, masking),
            ]
        )
        self.ROBOT_LIBRARY_LISTENER = [self, UrlMask(), Writable()]

    def end_test(self, data: Any, result: Any) -> None:
        """Close what the test opened."""
        self._held.release(result.full_name)

    def end_suite(self, data: Any, result: Any) -> None:
        """Close what the suite opened."""
        self._held.release(result.full_name)

    def close(self) -> None:
        """Close everything; Robot calls it when the library goes out of use."""
        self._held.release(None)
