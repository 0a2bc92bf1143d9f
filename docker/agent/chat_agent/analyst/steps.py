"""What the analyst says while it works."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Thinking:
    """What it is about to do."""

    text: str


@dataclass(frozen=True)
class ToolStarted:
    """A tool begins its work."""

    tool: str
    input: str


@dataclass(frozen=True)
class ToolDone:
    """A tool has finished, in good or bad."""

    tool: str
    output: str


@dataclass(frozen=True)
class Answer:
    """The answer; the last step.

    Attributes:
        text: What the user reads.
        pages: Texts of a document's pages, to be kept for later searches.
    """

    text: str
    pages: tuple[str, ...] | None = None


Step = Thinking | ToolStarted | ToolDone | Answer


@dataclass(frozen=True)
class Document:
    """A file that a message carries."""

    file_id: str
    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Question:
    """What is to be answered, by whom it was asked, and when: a search sees nothing newer."""

    text: str
    user_id: str
    thread_id: str
    message_id: str
    seq: int
    asked_at: datetime
    document: Document | None = None


FAILURES = {
    "file_missing": "The file's bytes are gone.",
    "file_damaged": "The file is no longer what was uploaded.",
    "file_unreadable": "The file's text can't be read within the limits of time and memory.",
    "attempts_exhausted": "This question broke its workers several times.",
    "failed": "This question could not be answered.",
}


class AnalysisFailed(Exception):
    """There is no answer.

    Args:
        code: One of `FAILURES`.
    """

    def __init__(self, code: str) -> None:
        super().__init__(FAILURES[code])
        self.code = code
