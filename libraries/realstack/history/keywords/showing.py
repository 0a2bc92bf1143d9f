"""Keywords that show what happened."""

from __future__ import annotations

from pathlib import Path

from robot.api import logger
from robot.api.deco import keyword

from realstack.history import transcript
from realstack.history.export import write
from realstack.history.judgements import Judgements
from realstack.history.session import Session
from realstack.history.timeline import timeline
from realstack.recording.trace import trace


class ShowingKeywords:
    """Timelines, transcripts, files.

    Args:
        session: Whose history is shown.
        judgements: What was judged; its evidence is pointed out.
    """

    def __init__(self, session: Session, judgements: Judgements) -> None:
        self._session = session
        self._judgements = judgements

    @keyword(tags=["showing"])
    def show_timeline(self) -> None:
        """Draws the test's history so far into the log; at a test's end that happens by itself.

        ```robotframework
        Show Timeline
        ```
        """
        logger.info(timeline(self._session.history(), self._judgements.evidence), html=True)

    @keyword(tags=["showing", "getter"])
    def get_transcript(self, tab: str | None = None) -> str:
        """Returns what happened so far, an event a line, and logs it.

        Args:
            tab: Only this tab, page, service or fault.

        ```robotframework
        ${told} =    Get Transcript    tab 1
        Should Contain    ${told}    message_accepted
        ```
        """
        lines = transcript.whole(self._session.history(), tab)
        logger.info(transcript.html(f"{len(lines)} events{f' of {tab}' if tab else ''}", lines), html=True)
        return "\n".join(lines)

    @keyword(tags=["showing", "getter"])
    def get_trace_headers(self) -> dict[str, str]:
        """Returns the header that lets a request belong to the test's trace, for what other libraries send.

        Returns:
            ``traceparent`` (W3C Trace Context, level 1) with a new parent id; of a suite's setup it is the suite's trace.

        ```robotframework
        ${headers} =    Get Trace Headers
        New Context    extraHTTPHeaders=${headers}
        ```
        """
        return trace.headers()

    @keyword(tags=["showing"])
    def export_history(self, path: Path) -> None:
        """Writes the history so far as JSON lines; at a test's end that happens by itself.

        Args:
            path: The file; ``python -m realstack.history judge <file>`` judges it again, without the platform.

        ```robotframework
        Export History    ${OUTPUTDIR}/before-the-fault.jsonl
        ```
        """
        write(path, self._session.recording, self._session.vocabulary)
        logger.info(f"History written to {path}.")
