"""The History library: what happened in a test, and the laws that judge it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from robot.api import logger
from robot.api.deco import library
from robot.libraries.BuiltIn import BuiltIn, RobotNotRunningError
from robotlibcore import DynamicCore

from realstack import __version__
from realstack.core.file_names import file_name
from realstack.core.keywords.scope import output_folder
from realstack.core.keywords.writable import Writable
from realstack.history import report
from realstack.history.export import write
from realstack.history.judgements import Judgements
from realstack.history.keywords.answers import AnswerKeywords
from realstack.history.keywords.arrivals import ArrivalKeywords
from realstack.history.keywords.bystanders import BystanderKeywords
from realstack.history.keywords.credentials import CredentialKeywords
from realstack.history.keywords.judging import JudgingKeywords
from realstack.history.keywords.recording import RecordingKeywords
from realstack.history.keywords.showing import ShowingKeywords
from realstack.history.laws import LAWS
from realstack.history.session import Session
from realstack.history.timeline import timeline
from realstack.history.vocabulary import Vocabulary
from realstack.recording.evidence import evidence
from realstack.recording.recorder import recorder
from realstack.recording.trace import trace

PLACE = "{trace}"
"""What stands for a trace's id in `TRACE_URL`."""


@library(scope="GLOBAL", version=__version__, doc_format="MARKDOWN", auto_keywords=False)
class History(DynamicCore):  # type: ignore[misc]  # robotlibcore comes without types
    """Judges what really happened in a test, by laws that must always hold.

    Every library of this project reports what happens to one recorder: frames both ways, connections that open
    and close, faults, services. This library adds what only a test can know (whose a tab is, what a page and a
    store showed), keeps one history a test on one clock, and judges it.

    ## Laws

    A law is an invariant over the history of a test: one sentence that must hold whatever the users did and whatever broke
    meanwhile, with an id. [Law Should Hold] and [Laws Should Hold] judge by them.

    | id | law |
    |---|---|
    {laws}

    ## Verdicts

    A verdict is one of three. A law *holds* with its counts (``exactly-once: 214 messages, 3 tabs, 0 violations``); it is
    *violated* with the smallest witness (``tab 3 never received m-17: it must, because …; however, …``), the transcript
    around it and the evidence that libraries offer; or the run is *INVALID*, because too little happened to judge it. An
    invalid run is never a pass.

    Messages, runs and threads bear short names (``m-17``) by first appearance; the transcript tells their ids.

    ## Vocabulary

    No law knows an event name. What the platform's frames, pages and rows mean stands in a vocabulary, a YAML file
    in ``resources/vocabulary``; testing another platform means writing another one.

    ## Traces

    Each test has a trace (W3C Trace Context). Every request and handshake of this project's libraries carries its id in the
    header ``traceparent``, and pages do where [Get Trace Headers] gives it to their window. The log shows the id beside the
    test, as a link where the variable ``TRACE_URL`` says where traces are shown, such as
    ``https://jaeger.example/trace/{trace}``.

    ## Files

    At the end of each test its history is written to ``${OUTPUT DIR}/histories/<test>.jsonl``, with the judgements made. They
    are made again, without the platform, by ``python -m realstack.history judge <file>``.

    ## Example

    ```robotframework
    *** Settings ***
    Library    realstack.WebSocket
    Library    realstack.History

    *** Test Cases ***
    Every Tab Gets Every Message
        Register Tab    tab 1    user=ann
        Register Tab    tab 2    user=ann
        Send A Hundred Messages    tab 1
        Record Stored Messages    ${rows}
        Laws Should Hold    acked-is-kept    exactly-once    same-order
    ```
    """

    ROBOT_LISTENER_API_VERSION = 3

    def __init__(
        self,
        *,
        vocabulary: Path | None = None,
        timeline: Literal["ALWAYS", "ON_FAILURE", "NEVER"] = "ALWAYS",
        export: bool = True,
    ) -> None:
        """Settings of the library.

        Args:
            vocabulary: What the platform's frames, pages and rows mean; without one only what keywords record is judged.
            timeline: When to draw a test's timeline into the log.
            export: Whether to write histories into the output folder.
        """
        self.ROBOT_LIBRARY_LISTENER = [self, Writable()]
        self._session = Session(recorder, Vocabulary.load(vocabulary) if vocabulary else Vocabulary({}))
        self._judgements = Judgements()
        super().__init__(
            [
                RecordingKeywords(self._session),
                CredentialKeywords(recorder),
                ArrivalKeywords(self._session),
                BystanderKeywords(recorder),
                AnswerKeywords(self._session),
                JudgingKeywords(self._session, self._judgements),
                ShowingKeywords(self._session, self._judgements),
            ]
        )
        self._timeline = timeline
        self._export = export
        self._marks: list[tuple[int, float]] = []
        self._traces: list[str] = []

    def get_keyword_documentation(self, name: str) -> str:
        """The documentation of a keyword; the library's own lists the laws as they are registered."""
        told: str = super().get_keyword_documentation(name)
        if name != "__intro__":
            return told
        return told.replace("{laws}", "\n".join(f"| ``{law.id}`` | {law.sentence} |" for law in LAWS.values()))

    def start_suite(self, data: Any, result: Any) -> None:
        """Begin the suite's own recording."""
        self._marks.append(self._session.begin_suite(result.full_name))
        self._traces.append(trace.begin())

    def end_suite(self, data: Any, result: Any) -> None:
        """Forget what only the suite's tests shared."""
        if self._marks:
            self._session.end_suite(self._marks.pop())
            self._traces.pop()
            trace.go_on(self._traces[-1] if self._traces else "")

    def start_test(self, data: Any, result: Any) -> None:
        """Begin the test's recording."""
        self._judgements.clear()
        self._session.begin_test(result.full_name)
        result.metadata["Trace"] = _shown(trace.begin())

    def end_test(self, data: Any, result: Any) -> None:
        """Show and write the test's history; whatever fails here changes no verdict."""
        recording = self._session.test
        if recording is None:
            return
        try:
            self._show(result)
            self._write()
            result.metadata.update({law: verdict.tally for law, verdict in self._judgements.verdicts.items()})
        except Exception as error:
            logger.warn(f"The history of {result.name} could not be shown: {type(error).__name__}: {error}")
        finally:
            self._session.end_test()
            trace.go_on(self._traces[-1] if self._traces else "")

    def _show(self, result: Any) -> None:
        history = self._session.history()
        if not history.tabs and not history.notes:
            return
        drawn = bool(history.tabs) or bool(history.noted("fault-on", "service", "act", "note"))
        if drawn and (self._timeline == "ALWAYS" or (self._timeline == "ON_FAILURE" and result.failed)):
            logger.info(timeline(history, self._judgements.evidence), html=True)
        if result.failed:
            assert self._session.test is not None
            pieces = evidence.collect(report.window(self._session.test, self._judgements.first_violation))
            logger.info(report.tabs(history) + report.evidence(pieces), html=True)

    def _write(self) -> None:
        recording = self._session.test
        if not self._export or recording is None or not len(recording):
            return
        if (folder := output_folder()) is not None:
            write(folder / "histories" / file_name(recording.name), recording, self._session.vocabulary)


def _shown(trace_id: str) -> str:
    """A trace's id as the log shows it: a link where the user has told where traces are shown."""
    try:
        pattern = BuiltIn().get_variable_value("${TRACE_URL}")
    except RobotNotRunningError:
        return trace_id
    if not pattern:
        return trace_id
    if PLACE not in str(pattern):
        logger.warn(f"TRACE_URL is '{pattern}', which has no place for the trace: write {PLACE} where its id belongs.")
        return trace_id
    return f"[{str(pattern).replace(PLACE, trace_id)}|{trace_id}]"
