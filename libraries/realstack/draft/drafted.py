"""What is inferred, as plain data: each line with what it was inferred from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from realstack.draft.ids import Ids


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of a vocabulary, and why it stands there."""

    when: Mapping[str, Any]
    means: str
    why: str
    take: Mapping[str, str] = field(default_factory=dict)
    stage: str = ""
    of: str = ""
    each: str = ""
    where: Mapping[str, Any] = field(default_factory=dict)

    @property
    def plain(self) -> dict[str, Any]:
        """As the vocabulary has it."""
        told = {"when": dict(self.when), "each": self.each, "where": dict(self.where), "means": self.means}
        return {
            name: value for name, value in {**told, "of": self.of, "stage": self.stage, "take": dict(self.take)}.items() if value
        }


@dataclass(slots=True)
class Talk:
    """What frames mean, and the names and values by which other files know it.

    Attributes:
        codec: Which codec reads them; empty where there are no frames.
        out, into: The rules.
        echo: Whether a tab is told what it said itself; None where that could not be seen.
        fan_out: Whether other tabs are.
        chain: The stages of an answer's run: kind, stages, why.
        agent_roles: What answers have as their role.
        answered: Whether each text had one run.
        unknown: Frames that were seen and not understood, each with how many there were.
        thread: The conversation's id.
        messages: Ids of the texts that were said.
        account: The user's id.
        answers: The texts of the answers, by the number of what they answer.
        answer_ids: Their ids.
        runs: Ids of their runs.
        numbers: Numbers of messages in the conversation, by their ids.
        send: The frame that said the first text, where texts are said in frames.
        connections: Ids of connections, as they were greeted.
        harmless: Fields that are named like credentials and hold pieces of answers.
        forward: What only ever grew.
        ids: What reads all that was seen with its ids.
        missing: What could not be seen.
    """

    codec: str = ""
    out: list[Rule] = field(default_factory=list)
    into: list[Rule] = field(default_factory=list)
    echo: bool | None = None
    fan_out: bool | None = None
    chain: list[tuple[str, list[str], str]] = field(default_factory=list)
    agent_roles: list[str] = field(default_factory=list)
    forward: list[str] = field(default_factory=list)
    answered: bool = False
    unknown: dict[str, int] = field(default_factory=dict)
    thread: str = ""
    messages: dict[int, str] = field(default_factory=dict)
    account: str = ""
    answers: dict[int, str] = field(default_factory=dict)
    answer_ids: dict[int, str] = field(default_factory=dict)
    runs: dict[int, str] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    send: Any = None
    connections: list[str] = field(default_factory=list)
    harmless: list[str] = field(default_factory=list)
    ids: Ids = field(default_factory=Ids)
    missing: list[str] = field(default_factory=list)

    def rule(self, means: str, direction: str = "in", stage: str = "") -> Rule | None:
        """The first rule that means something."""
        rules = self.into if direction == "in" else self.out
        return next((one for one in rules if one.means == means and stage in ("", one.stage)), None)
