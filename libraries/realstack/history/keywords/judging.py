"""Keywords that judge: laws, floors, receipts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword

from realstack.core.errors import InvalidRun, StackError, StackFailure, explain
from realstack.core.keywords.assertions import verify
from realstack.core.lateness import Late
from realstack.core.waiting import Deadline
from realstack.history import floors, report
from realstack.history.domain import History
from realstack.history.judgements import Judgement, Judgements
from realstack.history.laws import LAWS, judge, law_named
from realstack.history.laws.faults import outages
from realstack.history.session import Session
from realstack.history.verdict import Outcome, Verdict


class JudgingKeywords:
    """Laws, floors and receipts.

    Args:
        session: Whose history is judged.
        judgements: Where verdicts are kept.
    """

    def __init__(self, session: Session, judgements: Judgements) -> None:
        self._session = session
        self._judgements = judgements

    @keyword(tags=["laws"])
    def law_should_hold(self, law: str, *, within: timedelta = timedelta(seconds=2), **at_least: int) -> None:
        """Judges the test's history by one law; the test fails where it is violated or can't be judged.

        Something that is missing may still be under way: it is waited for. What happened can't unhappen: it fails at once.

        Args:
            law: The law's id; see the introduction.
            within: How long to wait for what is missing.
            at_least: Floors by the name of a count, on top of the law's own: ``messages=5  tabs=3``. Names of several words are
                written with spaces or underscores. Below a floor the verdict is INVALID.

        Raises:
            StackFailure: The law is violated. The text begins with the law's id and tells the smallest witness.
            InvalidRun: There is too little evidence. The text begins with ``INVALID:``.

        ```robotframework
        Law Should Hold    exactly-once
        Law Should Hold    acked-is-kept    within=5 s    acknowledged messages=10    tabs=3
        ```
        """
        law_named(law)
        self._hold({law: {name.replace("_", " "): least for name, least in at_least.items()}}, within)

    @keyword(tags=["laws"])
    def laws_should_hold(self, *laws: str, within: timedelta = timedelta(seconds=2)) -> None:
        """Judges the test's history by several laws; all are judged, and all that do not hold are reported.

        What happens while one law waits for what is missing is judged by the other ones, too; what is missing of that is
        waited for as long once more.

        Args:
            laws: The laws' ids.
            within: How long to wait, in all, for what is missing.

        Raises:
            StackFailure: A law is violated; the text begins with the id of the first one, in the order given.
            InvalidRun: None is violated, but one can't be judged.

        ```robotframework
        Laws Should Hold    acked-is-kept    exactly-once    same-order    from-somebody    no-crosstalk
        ```
        """
        if not laws:
            raise StackError(explain(f"at least one law: {', '.join(LAWS)}", "none"))
        for law in laws:
            law_named(law)
        self._hold({law: {} for law in laws}, within)

    @keyword(tags=["laws", "getter"])
    def get_verdict(
        self,
        law: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
    ) -> str:
        """Returns what a law says of the history so far: ``holds``, ``violated`` or ``invalid``; may assert it at once.

        Nothing is waited for, and nothing is logged but the verdict's line.

        Args:
            law: The law's id.
            assertion_operator: How to compare.
            assertion_expected: With what.
            message: Own text of the error.

        ```robotframework
        Get Verdict    exactly-once    ==    holds
        ```
        """
        verdict = judge(law_named(law).id, self._session.history())
        logger.info(verdict.headline())
        found: str = verify(verdict.outcome.value, assertion_operator, assertion_expected, f"Verdict of {law}:", message)
        return found

    @keyword(tags=["floors"])
    def floor_should_be_met(
        self, what: str, *, at_least: int, during: str | None = None, within: timedelta = timedelta(0)
    ) -> int:
        """Makes sure that enough happened for a verdict to mean anything; the test is INVALID otherwise.

        Args:
            what: ``sends`` and ``acks`` (each message once), ``refusals`` (by a limit), ``rejections`` (errors), ``decisions``
                (these three), ``deliveries``, ``resumes``, ``connections``, ``run events``, ``failures`` (ends of answers that
                came to nothing, on each tab), ``page readings``, ``store readings``, ``probes``, ``attempts`` or ``acts``.
            at_least: How many.
            during: Only while this fault lasted (its name or target), or ``outage`` for any fault.
            within: How long to wait for them.

        Returns:
            How many there were.

        Raises:
            InvalidRun: There were fewer.

        ```robotframework
        Floor Should Be Met    sends    during=outage    at_least=5
        ```
        """
        found = 0
        for history in self._session.looks(Deadline(within)):
            found = floors.count(history, what, during)
            if found >= at_least:
                break
        else:
            when = f" during {during}" if during else ""
            raise InvalidRun(
                explain(
                    f"at least {at_least} {what}{when}, or the verdict means nothing",
                    f"{found}",
                    remedy="Make the test do more in that time, or the time longer.",
                )
            )
        logger.info(f"{found} {what}{f' during {during}' if during else ''}, at least {at_least} were needed.")
        return found

    @keyword(tags=["floors", "getter"])
    def get_activity(
        self,
        what: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
        *,
        during: str | None = None,
    ) -> int:
        """Returns how often something happened so far; see [Floor Should Be Met] for what can be counted.

        Args:
            what: What to count.
            assertion_operator: How to compare.
            assertion_expected: With what.
            message: Own text of the error.
            during: Only while this fault lasted, or ``outage`` for any.

        ```robotframework
        ${sent} =    Get Activity    sends
        Get Activity    sends    >=    5    during=outage
        ```
        """
        found = floors.count(self._session.history(), what, during)
        told = f"{what}{f' during {during}' if during else ''}:"
        count: int = verify(found, assertion_operator, assertion_expected, told, message)
        return count

    @keyword(tags=["floors"])
    def fault_should_have_been_injected(self, *faults: str) -> None:
        """Makes sure that each of these faults was really caused in this test, ended or not; the test is INVALID otherwise.

        Args:
            faults: Names of faults, links, or services; of a service also with what happened to it: ``redis killed``. ``outage``
                means any fault.

        Raises:
            InvalidRun: One is not in the history; the text tells which are.

        ```robotframework
        Kill Service    auth
        Fault Should Have Been Injected    auth killed
        ```
        """
        known = floors.injected(self._session.history())
        missing = [fault for fault in faults if fault not in known and not (known and fault.lower() in floors.ANY_FAULT)]
        if missing:
            raise InvalidRun(
                explain(
                    f"the fault {', '.join(missing)} in this test's history",
                    f"faults: {', '.join(known) or 'none'}",
                    remedy="Cause it through a library, before what depends on it.",
                )
            )
        logger.info(f"Caused: {', '.join(faults)}.")

    @keyword(tags=["floors"])
    def receipts_should_be_in(self) -> None:
        """Makes sure that every fault of the test really happened: ended, and proven by its receipt.

        Raises:
            InvalidRun: A fault has no receipt, or was never ended; or there was no fault at all.

        ```robotframework
        Kill Service    redis
        Start Service    redis
        Receipts Should Be In
        ```
        """
        history = self._session.history()
        lacking = floors.missing_receipts(history)
        faults = outages(history)
        if not faults and not lacking:
            raise InvalidRun(explain("a fault in this test", "none was recorded", remedy="Cause the fault through a library."))
        if lacking:
            raise InvalidRun(explain("a receipt for every fault of this test", " ".join(lacking)))
        logger.info(f"{len(faults)} fault(s), each with its receipt.")

    def _hold(self, wanted: dict[str, dict[str, int]], within: timedelta) -> None:
        judged: dict[str, Judgement] = {}
        deadline = Deadline(within)
        try:
            history = self._judge_until_settled(wanted, deadline, judged)
            # What is missing of what came meanwhile may still be under way, and has as much time as all else had.
            if self._judge_by_what_came_meanwhile(wanted, judged, history):
                history = self._judge_until_settled(wanted, Deadline(within), judged)
                self._judge_by_what_came_meanwhile(wanted, judged, history)
        except BaseException:
            # Robot's time limit ended the wait: what the laws waited for explains it.
            for judgement in judged.values():
                if judgement.verdict.outcome is not Outcome.HOLDS:
                    self._report(judgement)
            raise
        for law, judgement in judged.items():
            self._report(judgement)
            self._session.keep(judgement.verdict, judgement.upto, wanted[law])
        self._raise([judgement.verdict for judgement in judged.values()], deadline)

    def _judge_until_settled(
        self, wanted: dict[str, dict[str, int]], deadline: Deadline, judged: dict[str, Judgement]
    ) -> History:
        """Judge each time that more was recorded until more can't change a verdict; `judged` always holds the newest ones.

        Returns:
            The history, as it was at the last look.
        """
        for history in self._session.looks(deadline):
            for law, least in wanted.items():
                if law not in judged or judged[law].verdict.retryable:
                    judged[law] = Judgement(judge(law, history, least), len(history.events))
            if not any(judgement.verdict.retryable for judgement in judged.values()):
                break
        return history

    @staticmethod
    def _judge_by_what_came_meanwhile(wanted: dict[str, dict[str, int]], judged: dict[str, Judgement], history: History) -> bool:
        """Judge the laws again that held while another one had to wait: they have not seen what came then.

        Returns:
            Whether something is missing of that. It is no verdict where another law has waited in vain.
        """
        upto = len(history.events)
        waited = any(judgement.verdict.retryable for judgement in judged.values())
        for law, judgement in judged.items():
            if judgement.verdict.outcome is Outcome.HOLDS and judgement.upto < upto:
                later = Judgement(judge(law, history, wanted[law]), upto)
                if later.verdict.outcome is Outcome.VIOLATED and not (waited and later.verdict.retryable):
                    judged[law] = later
        return not waited and any(judgement.verdict.retryable for judgement in judged.values())

    def _report(self, judgement: Judgement) -> None:
        verdict = judgement.verdict
        self._judgements.add(verdict)
        if verdict.outcome is Outcome.HOLDS:
            logger.info(verdict.headline())
        else:
            logger.info(report.law(verdict, self._session.history_of(judgement.upto)), html=True)

    @staticmethod
    def _raise(verdicts: list[Verdict], deadline: Deadline) -> None:
        waited = f"{deadline.seconds:g} s"
        violated = [verdict.explanation(waited) for verdict in verdicts if verdict.outcome is Outcome.VIOLATED]
        invalid = [verdict.explanation() for verdict in verdicts if verdict.outcome is Outcome.INVALID]
        if violated:
            told = "\n\n".join([*violated, *invalid])
            # What is missing yet may only be late, and some laws are about times; whatever else happened no slowness explains.
            late = all(one.retryable or law_named(one.law).timed for one in verdicts if one.outcome is Outcome.VIOLATED)
            raise Late(told) if late else StackFailure(told)
        if invalid:
            raise InvalidRun("\n\n".join(invalid))
