"""Listening to Redis channels."""

from __future__ import annotations

from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Any

from assertionengine import AssertionOperator
from robot.api.deco import keyword

from realstack.core.errors import StackError, explain
from realstack.core.keywords.scope import current_owner
from realstack.core.waiting import Deadline
from realstack.databases.keywords.held import Held
from realstack.databases.keywords.reading import Assertion, Reader, judge
from realstack.databases.keywords.waiting import wait
from realstack.databases.redis_channels import ChannelListener, ChannelMessage


class ChannelKeywords:
    """Keywords about what is published on Redis channels.

    Args:
        held: What tests have open.
        reader: Shows what was heard.
    """

    def __init__(self, held: Held, reader: Reader) -> None:
        self._held = held
        self._reader = reader

    @keyword(tags=["redis", "channel"])
    def start_redis_listener(
        self, name: str, *channels: str, timeout: timedelta = timedelta(seconds=5), alias: str | None = None
    ) -> None:
        """Listens to channels from now until [Stop Redis Listener] or the end of the test or suite.

        Returns when the server has confirmed the subscription: what is published afterwards is heard. Every message goes
        into the test's history as well. When the connection is lost the listener subscribes again and remembers the gap.

        Args:
            name: What the test calls the listener.
            *channels: Names, or patterns with ``*``, ``?``, ``[``. ``SPUBLISH`` is heard on names, as shards have no patterns.
            timeout: How long the server may take to confirm.
            alias: A session of Redis, for server and account; default: the current one.

        ```robotframework
        *** Test Cases ***
        Logout Is Told
            Start Redis Listener    doorbell    sessions
            Log Out
            Wait For Redis Message    doorbell    containing=${session_id}
        ```
        """
        if not channels:
            raise StackError(explain("at least one channel", "none"))
        session = self._held.sessions.redis(alias)
        self._held.listeners.free_alias(name)

        async def begin() -> ChannelListener:
            listener = ChannelListener(name, session, channels)
            await listener.start(timeout.total_seconds())
            return listener

        self._held.listeners.add(wait(begin(), timeout.total_seconds() + session.answer_seconds), current_owner(), name)

    @keyword(tags=["redis", "channel", "wait"])
    def wait_for_redis_message(
        self, listener: str, *, channel: str = "*", containing: str = "", timeout: timedelta = timedelta(seconds=5)
    ) -> Any:
        """Waits for the next message, among those after the one that was waited for last, and returns it.

        Args:
            listener: Name given to [Start Redis Listener].
            channel: Only messages of a channel like this shell pattern.
            containing: Only messages whose text contains this.
            timeout: How long to wait.

        Returns:
            Parsed JSON where the message is JSON, else its text.

        Raises:
            StackFailure: None came; the text shows the others that did.

        ```robotframework
        ${told}    Wait For Redis Message    doorbell    channel=sessions    containing=${session_id}    timeout=2 s
        ```
        """
        ear = self._held.listeners.get(listener)

        def good(message: ChannelMessage) -> bool:
            return fnmatchcase(message.channel, channel) and containing in message.text

        described = f"containing {containing!r}" if containing else "of any kind"
        found = wait(ear.wait_for(good, described, Deadline(timeout)), timeout.total_seconds())
        self._reader.show_records(["channel", "data"], [{"channel": found.channel, "data": found.data}], f"Listener '{listener}'")
        return self._reader.handed_over_value(found.data)

    @keyword(tags=["redis", "channel", "getter"])
    def get_redis_messages(
        self,
        listener: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
        *,
        channel: str = "*",
    ) -> list[Any]:
        """Returns everything that a listener has heard so far, in order, and asserts about the list.

        Args:
            listener: Name given to [Start Redis Listener].
            assertion_operator: See [Assertions].
            assertion_expected: See [Assertions].
            message: Replaces the failure's text.
            channel: Only messages of a channel like this shell pattern.

        Raises:
            InvalidRun: The subscription had a gap, so that nobody knows what is missing.

        ```robotframework
        Get Redis Messages    doorbell    ==    ${{ [] }}    channel=sessions
        ```
        """
        ear = self._held.listeners.get(listener)
        ear.require_whole()
        heard = [one for one in list(ear.messages) if fnmatchcase(one.channel, channel)]
        self._reader.show_records(
            ["at", "channel", "data"],
            [{"at": round(one.at, 3), "channel": one.channel, "data": one.data} for one in heard],
            f"Listener '{listener}'",
        )
        assertion = Assertion(assertion_operator, assertion_expected, message)
        data = [one.data for one in heard]
        found: list[Any] = judge(data, f"what '{listener}' heard", assertion, concealed=self._reader.conceals(data))
        return found if assertion.makes_something_else else self._reader.handed_over_value(found)

    @keyword(tags=["redis", "channel"])
    def stop_redis_listener(self, name: str) -> None:
        """Stops listening, and forgets what was heard; what went into the test's history stays.

        Args:
            name: Name given to [Start Redis Listener].

        ```robotframework
        Stop Redis Listener    doorbell
        ```
        """
        wait(self._held.listeners.pop(name).stop(), 1)
