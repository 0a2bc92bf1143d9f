"""Keys and counters of Redis, and the server itself."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword
from robot.api.types import Secret

from realstack.core.errors import StackError, explain
from realstack.databases.keywords.arguments import unwrap
from realstack.databases.keywords.held import Held
from realstack.databases.keywords.reading import Assertion, Reader
from realstack.databases.keywords.waiting import NO_WAIT, wait
from realstack.databases.masking import Masking

KEY_LIMIT = 10_000


class RedisKeyKeywords:
    """Keywords about keys, clients and settings of Redis.

    Args:
        held: What tests have open.
        reader: Reads and shows.
        masking: Which keys and settings are secret.
        run: What servers know all sessions of the run by.
    """

    def __init__(self, held: Held, reader: Reader, masking: Masking, run: str) -> None:
        self._held = held
        self._reader = reader
        self._masking = masking
        self._run = run

    @keyword(tags=["redis", "getter"])
    def get_redis_value(
        self,
        key: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
        *,
        alias: str | None = None,
        retry_timeout: timedelta = NO_WAIT,
    ) -> Any:
        """Returns the value of a key by its own type, and asserts about it.

        | type | value |
        |---|---|
        | string | text |
        | hash | dictionary; fields that hold secrets are `Secret` objects |
        | list | list |
        | set | sorted list |
        | sorted set | dictionary of members and scores, lowest first |
        | stream | list of dictionaries with ``id`` and ``fields`` |
        | no such key | ``None`` |

        Args:
            key: The key.
            assertion_operator: See [Assertions].
            assertion_expected: See [Assertions].
            message: Replaces the failure's text.
            alias: A session of Redis; default: the current one.
            retry_timeout: How long to ask again while the assertion fails or the store does not answer.

        ```robotframework
        Get Redis Value    cache:plan:${user}    ==    paid    retry_timeout=2 s
        ```
        """
        asserted = Assertion(assertion_operator, assertion_expected, message, retry_timeout)
        value = self._reader.about(
            self._held.sessions.redis(alias),
            lambda session: session.read(key),
            f"the value of '{key}'",
            asserted,
            secret=self._is_secret(key),
        )
        if value is not None and self._is_secret(key):
            return Secret(str(value))
        return value if asserted.makes_something_else else self._reader.handed_over_value(value)

    @keyword(tags=["redis"])
    def set_redis_value(
        self, key: str, value: str | int | float | Secret, *, expires_in: timedelta | None = None, alias: str | None = None
    ) -> None:
        """Sets a key to a text.

        Args:
            key: The key.
            value: The text.
            expires_in: After which time the key is gone; default: never.
            alias: A session of Redis; default: the current one.

        ```robotframework
        Set Redis Value    maintenance    on    expires_in=30 s
        ```
        """
        session = self._held.sessions.redis(alias)
        plain = unwrap(value) if isinstance(value, Secret) else value
        milliseconds = None if expires_in is None else int(expires_in.total_seconds() * 1000)
        wait(session.set(key, plain, milliseconds), session.answer_seconds)

    @keyword(tags=["redis"])
    def delete_redis_keys(self, *keys: str, alias: str | None = None) -> int:
        """Deletes keys; returns how many there were.

        Args:
            *keys: The keys; no patterns.
            alias: A session of Redis; default: the current one.

        ```robotframework
        Delete Redis Keys    cache:plan:${user}    maintenance
        ```
        """
        session = self._held.sessions.redis(alias)
        return wait(session.delete(*keys), session.answer_seconds)

    @keyword(tags=["redis"])
    def execute_redis_command(self, *command: str | int | float | Secret, alias: str | None = None) -> Any:
        """Runs any command of Redis, and returns what the server answers.

        Commands that change their connection (``SELECT``, ``MULTI``, ``SUBSCRIBE`` …) are refused: the next command may have
        another connection.

        Args:
            *command: The command's name and its arguments, each by itself.
            alias: A session of Redis; default: the current one.

        Returns:
            Text, number, list, dictionary or ``None``, as the client reads the command's answer. A text is a `Secret` where an
            argument is a key that holds secrets, or where it is the value of a field that does.

        Raises:
            StackError: The server refuses it, or it changes its connection.

        ```robotframework
        ${length}    Execute Redis Command    OBJECT    ENCODING    limit:messages
        ${heard}     Execute Redis Command    SPUBLISH    doorbell    ring
        ```
        """
        if not command:
            raise StackError(explain("a command, such as PING", "nothing"))
        session = self._held.sessions.redis(alias)
        words = [word.value if isinstance(word, Secret) else word for word in command]
        answer = wait(session.command(words), session.answer_seconds)
        secret = any(isinstance(word, str) and self._is_secret(word) for word in command)
        logger.info(f"{session.name}: {words[0]} with {len(words) - 1} argument(s)")
        return Secret(answer) if secret and isinstance(answer, str) else self._reader.handed_over_value(answer)

    @keyword(tags=["redis", "getter"])
    def get_redis_counter(
        self,
        key: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
        *,
        alias: str | None = None,
        retry_timeout: timedelta = NO_WAIT,
    ) -> int:
        """Returns the number that a key counts (0 when there is no such key, as ``INCR`` sees it), and asserts about it.

        Takes the arguments of [Get Redis Value].

        Raises:
            StackFailure: The key holds no whole number.

        ```robotframework
        Get Redis Counter    limit:messages:${user}    <=    5
        ```
        """
        count: int = self._reader.about(
            self._held.sessions.redis(alias),
            lambda session: session.counter(key),
            f"the counter '{key}'",
            Assertion(assertion_operator, assertion_expected, message, retry_timeout),
        )
        return count

    @keyword(tags=["redis", "getter"])
    def get_redis_time_to_live(
        self,
        key: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
        *,
        alias: str | None = None,
        retry_timeout: timedelta = NO_WAIT,
    ) -> float:
        """Returns the seconds until a key expires, to the millisecond, and asserts about them: ``> 20``, ``> 1 min``.

        They are -1 when the key never expires and -2 when there is no such key, as Redis itself says.
        Takes the arguments of [Get Redis Value].

        ```robotframework
        Get Redis Time To Live    limit:messages:${user}    >    20 s
        ```
        """
        seconds: float = self._reader.about(
            self._held.sessions.redis(alias),
            lambda session: session.seconds_to_live(key),
            f"the seconds to live of '{key}'",
            Assertion(assertion_operator, assertion_expected, message, retry_timeout, unit="s"),
        )
        return seconds

    @keyword(tags=["redis", "getter"])
    def get_redis_type(
        self,
        key: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
        *,
        alias: str | None = None,
        retry_timeout: timedelta = NO_WAIT,
    ) -> str:
        """Returns the type of a key (``string hash list set zset stream``, or ``none``), and asserts about it.

        Takes the arguments of [Get Redis Value]. With ``==    none`` and a `retry_timeout` it waits until a key is gone.

        ```robotframework
        Get Redis Type    cache:session:${id}    ==    none    retry_timeout=3 s
        ```
        """
        kind: str = self._reader.about(
            self._held.sessions.redis(alias),
            lambda session: session.type(key),
            f"the type of '{key}'",
            Assertion(assertion_operator, assertion_expected, message, retry_timeout),
        )
        return kind

    @keyword(tags=["redis", "getter"])
    def get_redis_keys(
        self,
        pattern: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
        *,
        limit: int = KEY_LIMIT,
        alias: str | None = None,
        retry_timeout: timedelta = NO_WAIT,
    ) -> list[str]:
        """Returns the keys that a pattern matches, sorted, and asserts about the list.

        It walks with ``SCAN``, so that the server goes on meanwhile.

        Args:
            pattern: As of ``SCAN``: ``*``, ``?``, ``[ab]``.
            assertion_operator: See [Assertions].
            assertion_expected: See [Assertions].
            message: Replaces the failure's text.
            limit: More keys than this are an error.
            alias: A session of Redis; default: the current one.
            retry_timeout: How long to ask again while the assertion fails or the store does not answer.

        ```robotframework
        Get Redis Keys    cache:session:*    ==    ${{ [] }}
        ```
        """
        keys: list[str] = self._reader.about(
            self._held.sessions.redis(alias),
            lambda session: session.keys(pattern, limit),
            f"the keys like '{pattern}'",
            Assertion(assertion_operator, assertion_expected, message, retry_timeout),
        )
        return keys

    @keyword(tags=["redis", "server", "getter"])
    def get_redis_client_count(
        self,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
        *,
        name: str | None = None,
        alias: str | None = None,
        retry_timeout: timedelta = NO_WAIT,
    ) -> int:
        """Returns how many connections others have to the server, and asserts about the number. This run's own do not count.

        Args:
            assertion_operator: See [Assertions].
            assertion_expected: See [Assertions].
            message: Replaces the failure's text.
            name: Only clients whose name is like this shell pattern.
            alias: A session of Redis; default: the current one.
            retry_timeout: How long to ask again while the assertion fails or the store does not answer.

        ```robotframework
        Get Redis Client Count    >=    1    name=backend-*    retry_timeout=5 s
        ```
        """
        count: int = self._reader.about(
            self._held.sessions.redis(alias),
            lambda session: session.client_count(name, self._run),
            f"the number of clients{f' like {name!r}' if name else ''}",
            Assertion(assertion_operator, assertion_expected, message, retry_timeout),
        )
        return count

    @keyword(tags=["redis", "server", "getter"])
    def get_redis_info(
        self,
        field: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
        *,
        alias: str | None = None,
        retry_timeout: timedelta = NO_WAIT,
    ) -> Any:
        """Returns a field of ``INFO everything``, such as ``used_memory`` or ``connected_clients``, and asserts about it.

        Takes the arguments of [Get Redis Value], with the field's name in place of the key.

        ```robotframework
        Get Redis Info    used_memory    <    100000000
        ```
        """
        return self._reader.about(
            self._held.sessions.redis(alias),
            lambda session: session.info(field),
            f"field '{field}' of INFO",
            Assertion(assertion_operator, assertion_expected, message, retry_timeout),
        )

    @keyword(tags=["redis", "server", "getter"])
    def get_redis_setting(
        self,
        name: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
        *,
        alias: str | None = None,
    ) -> str:
        """Returns a setting of the server (``CONFIG GET``), such as ``maxmemory-policy``, and asserts about it.

        Takes the arguments of [Get Redis Value], with the setting's name in place of the key.

        Raises:
            StackError: There is none of that name, or it is a password.

        ```robotframework
        Get Redis Setting    maxmemory-policy    ==    noeviction
        ```
        """
        if self._masking.is_secret(name):
            raise StackError(explain("a setting that may be shown", f"'{name}' is a password"))
        setting: str = self._reader.about(
            self._held.sessions.redis(alias),
            lambda session: session.config(name),
            f"setting '{name}'",
            Assertion(assertion_operator, assertion_expected, message),
        )
        return setting

    def _is_secret(self, key: str) -> bool:
        return self._masking.is_secret(key.rsplit(":", 1)[-1])
