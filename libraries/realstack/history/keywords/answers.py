"""Keywords that wait for what the vocabulary says that frames mean: greetings, acknowledgements, answers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import TypeVar

from robot.api.deco import keyword

from realstack.core.errors import StackFailure, explain
from realstack.core.lateness import Late
from realstack.core.waiting import Deadline
from realstack.history.domain import History, compact
from realstack.history.facts import Ack, Connected, RunEvent
from realstack.history.session import Session

T = TypeVar("T")
DEFAULT = timedelta(seconds=5)
SHORT_BURST = 0.002
"""Seconds that events are waited for together: who waits for an answer goes on as soon as it is there."""


class AnswerKeywords:
    """What a user waits for, whatever its frames look like on the wire.

    Args:
        session: Whose history is looked at.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    @keyword(tags=["waiting"])
    def tabs_should_be_greeted(self, *tabs: str, timeout: timedelta = DEFAULT) -> None:
        """Waits until each of the tabs was greeted: a frame came that means ``connected``.

        Args:
            tabs: Their names.
            timeout: How long to wait.

        Raises:
            StackFailure: One was not.

        ```robotframework
        Tabs Should Be Greeted    tab 1    tab 2
        ```
        """
        deadline = Deadline(timeout)
        for tab in tabs:
            self._wait(
                partial(_greeted, tab),
                deadline,
                f"'{tab}' is greeted (`connected`)",
                lambda history: f"greeted are {compact(sorted({one.tab for one in history.greetings})) or 'none'}",
            )

    @keyword(tags=["waiting"])
    def message_should_be_acknowledged(self, tab: str, message: str, timeout: timedelta = DEFAULT) -> None:
        """Waits until the tab was told that the platform has a message: a frame came that means ``ack``.

        Args:
            tab: Its name.
            message: The message's id.
            timeout: How long to wait.

        Raises:
            StackFailure: It was not told.

        ```robotframework
        Message Should Be Acknowledged    tab 1    ${id}    timeout=2 s
        ```
        """
        self._wait(
            partial(_acknowledged, message, tab),
            Deadline(timeout),
            f"'{tab}' is told that message {message} is there (`ack`)",
            partial(_refused, message, tab),
        )

    @keyword(tags=["waiting"])
    def answer_should_reach(self, message: str, *tabs: str, timeout: timedelta = DEFAULT) -> str:
        """Waits until each of the tabs has the whole answer to a message: its run came to its good end there.

        The good end is the first stage of the chain's ``terminal``. The answer's text is what that stage's frame tells, or the
        message of the agent's that belongs to the run.

        Args:
            message: The id of the message that is answered.
            tabs: Names of the tabs.
            timeout: How long to wait, for all of them together.

        Returns:
            The answer's text, as the last of the tabs got it.

        Raises:
            StackFailure: One has it not.

        ```robotframework
        ${answer}    Answer Should Reach    ${id}    tab 1    tab 2
        Should Contain    ${answer}    = 12
        ```
        """
        deadline, found = Deadline(timeout), ""
        for tab in tabs:
            found = self._wait(
                partial(_answer, message, tab),
                deadline,
                f"the whole answer to message {message} reaches '{tab}'",
                partial(_stages, message, tab),
            )
        return found

    @keyword(tags=["getter"])
    def get_last_answer(self, tab: str) -> str:
        """Returns the text of the answer that last came to its good end on a tab; see [Answer Should Reach].

        Args:
            tab: Its name.

        Raises:
            StackFailure: None did yet.

        ```robotframework
        ${answer}    Get Last Answer    tab 1
        Should Contain    ${answer}    (page 3)
        ```
        """
        history = self._session.history()
        good = _good_end(history)
        ends = (event for event in reversed(history.run_events) if event.tab == tab and event.stage == good)
        end = next(ends, None)
        if end is None:
            raise StackFailure(explain(f"an answer has come to its end on '{tab}'.", "none has.", remedy="Wait for it first."))
        return _text(end, history)

    def _wait(self, look: Callable[[History], T | None], deadline: Deadline, expected: str, seen: Callable[[History], str]) -> T:
        history = self._session.history()
        for history in self._session.looks(deadline, burst=SHORT_BURST):
            found = look(history)
            if found is not None:
                return found
        raise Late(
            explain(
                f"{expected} within {deadline.seconds:g} s.",
                f"{seen(history)}.",
                remedy="See the transcript; the vocabulary tells which frames mean what.",
            )
        )


def _greeted(tab: str, history: History) -> Connected | None:
    return next((greeting for greeting in reversed(history.greetings) if greeting.tab == tab), None)


def _acknowledged(message: str, tab: str, history: History) -> Ack | None:
    return next((ack for ack in reversed(history.acks) if ack.message == message and ack.tab == tab), None)


def _refused(message: str, tab: str, history: History) -> str:
    others = sum(ack.tab == tab for ack in history.acks)
    refused = [one.tab for one in history.refusals if one.message == message]
    refused += [one.tab for one in history.rejections if one.message == message]
    return f"{others} other acknowledgements there" + (f"; it was refused on {compact(refused)}" if refused else "")


def _run_of(message: str, tab: str, history: History) -> list[RunEvent]:
    """What a tab saw of the newest run that answers a message."""
    of_tab = [event for event in history.run_events if event.tab == tab]
    run = next((event.run for event in reversed(of_tab) if event.query == message), None)
    return [event for event in of_tab if event.run == run]


def _answer(message: str, tab: str, history: History) -> str | None:
    good = _good_end(history)
    end = next((event for event in _run_of(message, tab, history) if event.stage == good), None)
    return None if end is None else _text(end, history)


def _good_end(history: History) -> str:
    return history.vocabulary.chain[-1].stages[0] if history.vocabulary.chain else ""


def _text(end: RunEvent, history: History) -> str:
    """What the end of a run tells of the answer, or else the message that belongs to the run."""
    if end.text is not None:
        return end.text
    of_tab = (one for one in reversed(history.deliveries) if one.tab == end.tab and one.role == "agent")
    return next((one.text for one in of_tab if one.run == end.run), None) or ""


def _stages(message: str, tab: str, history: History) -> str:
    stages = [event.stage for event in _run_of(message, tab, history)]
    return f"its run there is at '{stages[-1]}', after {len(stages)} events" if stages else "no run that answers it began there"
