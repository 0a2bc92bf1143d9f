"""Streams of Redis and their consumer groups."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from assertionengine import AssertionOperator
from robot.api.deco import keyword

from realstack.databases.keywords.held import Held
from realstack.databases.keywords.reading import Assertion, Reader
from realstack.databases.keywords.waiting import NO_WAIT, wait


class RedisStreamKeywords:
    """Keywords about streams of Redis.

    Args:
        held: What tests have open.
        reader: Reads and shows.
    """

    def __init__(self, held: Held, reader: Reader) -> None:
        self._held = held
        self._reader = reader

    @keyword(tags=["redis", "stream", "getter"])
    def get_redis_stream_length(
        self,
        key: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
        *,
        alias: str | None = None,
        retry_timeout: timedelta = NO_WAIT,
    ) -> int:
        """Returns how many entries a stream has (0 when there is none), and asserts about the number.

        Takes the arguments of [Get Redis Value].

        ```robotframework
        Get Redis Stream Length    messages    ==    3    retry_timeout=2 s
        ```
        """
        length: int = self._reader.about(
            self._held.sessions.redis(alias),
            lambda session: session.stream_length(key),
            f"the length of stream '{key}'",
            Assertion(assertion_operator, assertion_expected, message, retry_timeout),
        )
        return length

    @keyword(tags=["redis", "stream", "getter"])
    def get_redis_stream_entries(
        self, key: str, *, start: str = "-", end: str = "+", limit: int = 1000, alias: str | None = None
    ) -> list[dict[str, Any]]:
        """Returns entries of a stream, oldest first, and shows them in the log.

        Args:
            key: The stream.
            start: The first id; ``-`` is the oldest, ``(id`` leaves that one out.
            end: The last id; ``+`` is the newest.
            limit: How many at most.
            alias: A session of Redis; default: the current one.

        Returns:
            Dictionaries with ``id`` and ``fields``.

        ```robotframework
        ${entries}    Get Redis Stream Entries    messages    limit=10
        Should Be Equal    ${entries}[0][fields][text]    Hello
        ```
        """
        session = self._held.sessions.redis(alias)
        entries = wait(session.stream(key, start, end, limit), session.answer_seconds)
        self._reader.show_records(["id", "fields"], entries, f"{session.name}: stream {key}")
        return [self._reader.handed_over(entry) for entry in entries]

    @keyword(tags=["redis", "stream", "getter"])
    def get_redis_stream_groups(self, key: str, *, alias: str | None = None) -> list[dict[str, Any]]:
        """Returns the consumer groups of a stream: ``name consumers pending last-delivered-id``, and what newer servers add.

        Args:
            key: The stream.
            alias: A session of Redis; default: the current one.

        ```robotframework
        ${groups}    Get Redis Stream Groups    messages
        Should Be Equal    ${groups}[0][name]    agents
        ```
        """
        session = self._held.sessions.redis(alias)
        groups = wait(session.groups(key), session.answer_seconds)
        self._reader.show_records(list(groups[0]) if groups else ["name"], groups, f"{session.name}: groups of {key}")
        return groups

    @keyword(tags=["redis", "stream", "getter"])
    def get_redis_pending_count(
        self,
        key: str,
        group: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
        *,
        alias: str | None = None,
        retry_timeout: timedelta = NO_WAIT,
    ) -> int:
        """Returns how many entries a consumer group was given and has not acknowledged, and asserts about the number.

        Args:
            key: The stream.
            group: The consumer group.
            assertion_operator: See [Assertions].
            assertion_expected: See [Assertions].
            message: Replaces the failure's text.
            alias: A session of Redis; default: the current one.
            retry_timeout: How long to ask again while the assertion fails or the store does not answer.

        ```robotframework
        Get Redis Pending Count    messages    agents    ==    0    retry_timeout=5 s
        ```
        """
        count: int = self._reader.about(
            self._held.sessions.redis(alias),
            lambda session: session.pending_count(key, group),
            f"the pending entries of group '{group}' of '{key}'",
            Assertion(assertion_operator, assertion_expected, message, retry_timeout),
        )
        return count

    @keyword(tags=["redis", "stream", "getter"])
    def get_redis_pending_entries(
        self, key: str, group: str, *, limit: int = 1000, alias: str | None = None
    ) -> list[dict[str, Any]]:
        """Returns the entries that a consumer group was given and has not acknowledged: ``id consumer idle deliveries``.

        Args:
            key: The stream.
            group: The consumer group.
            limit: How many at most.
            alias: A session of Redis; default: the current one.

        Returns:
            Dictionaries; ``idle`` is in seconds.

        ```robotframework
        ${pending}    Get Redis Pending Entries    messages    agents
        ```
        """
        session = self._held.sessions.redis(alias)
        entries = wait(session.pending(key, group, limit), session.answer_seconds)
        self._reader.show_records(
            ["id", "consumer", "idle", "deliveries"], entries, f"{session.name}: pending in {group} of {key}"
        )
        return entries
