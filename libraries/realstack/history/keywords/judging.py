"""Keywords that judge: laws, floors, receipts."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

from assertionengine import AssertionOperator, verify_assertion
from robot.api import logger
from robot.api.deco import keyword

from realstack.core.errors import InvalidRun, StackError, StackFailure, explain
from realstack.core.waiting import Deadline
from realstack.history import floors, report
from realstack.history.domain import History
from realstack.history.keywords.base import HistoryBase
from realstack.history.laws import LAWS, judge, law_named
from realstack.history.laws.faults import outages
from realstack.history.verdict import Outcome, Verdict

FIRST_PAUSE, LONGEST_PAUSE = 0.02, 0.25


class JudgingKeywords(HistoryBase):
    """Laws, floors and receipts."""

    verdicts: dict[str, Verdict]
    pointed: set[int]

    @keyword(tags=["Laws"])
    def law_should_hold(self, law: str, *, within: timedelta = timedelta(seconds=2), **at_least: int) -> None:
        """Judge the test's history by one law; the test fails where it is violated or can't be judged.

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

    @keyword(tags=["Laws"])
    def laws_should_hold(self, *laws: str, within: timedelta = timedelta(seconds=2)) -> None:
        """Judge the test's history by several laws; all are judged, and all that do not hold are reported.

        What happens while one law waits for what is missing is judged by the other ones, too.

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

    @keyword(tags=["Laws", "Getter"])
    def get_verdict(
        self,
        law: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
    ) -> str:
        """Return what a law says of the history so far: ``holds``, ``violated`` or ``invalid``; may assert it at once.

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
        verdict, _, _ = self.session.judge(law_named(law).id)
        logger.info(verdict.headline())
        found: str = verify_assertion(
            verdict.outcome.value, assertion_operator, assertion_expected, f"Verdict of {law}:", message
        )
        return found

    @keyword(tags=["Floors"])
    def floor_should_be_met(
        self, what: str, *, at_least: int, during: str | None = None, within: timedelta = timedelta(0)
    ) -> int:
        """Make sure that enough happened for a verdict to mean anything; the test is INVALID otherwise.

        Args:
            what: ``sends`` (each message once), ``acks``, ``refusals`` (by a limit), ``rejections`` (errors), ``decisions``
                (these three), ``deliveries``, ``resumes``, ``connections``, ``run events``, ``page readings``,
                ``store readings``, ``probes``, ``attempts`` or ``acts``.
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
        deadline = Deadline(within)
        pause = FIRST_PAUSE
        while True:
            found = floors.count(self.session.history(), what, during)
            if found >= at_least:
                break
            if deadline.passed:
                when = f" during {during}" if during else ""
                raise InvalidRun(
                    explain(
                        f"at least {at_least} {what}{when}, or the verdict means nothing",
                        f"{found}",
                        remedy="Make the test do more in that time, or the time longer.",
                    )
                )
            time.sleep(min(pause, max(deadline.left, 0.001)))
            pause = min(pause * 1.5, LONGEST_PAUSE)
        logger.info(f"{found} {what}{f' during {during}' if during else ''}, at least {at_least} were needed.")
        return found

    @keyword(tags=["Floors", "Getter"])
    def get_activity(
        self,
        what: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
        *,
        during: str | None = None,
    ) -> int:
        """Return how often something happened so far; see [Floor Should Be Met] for what can be counted.

        Args:
            what: What to count.
            assertion_operator: How to compare.
            assertion_expected: With what.
            message: Own text of the error.
            during: Only while this fault lasted, or ``outage`` for any.
        """
        found = floors.count(self.session.history(), what, during)
        told = f"{what}{f' during {during}' if during else ''}:"
        count: int = verify_assertion(found, assertion_operator, assertion_expected, told, message)
        return count

    @keyword(tags=["Floors"])
    def fault_should_have_been_injected(self, *faults: str) -> None:
        """Make sure that each of these faults was really caused in this test, ended or not; the test is INVALID otherwise.

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
        known = floors.injected(self.session.history())
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

    @keyword(tags=["Floors"])
    def receipts_should_be_in(self) -> None:
        """Make sure that every fault of the test really happened: ended, and proven by its receipt.

        Raises:
            InvalidRun: A fault has no receipt, or was never ended; or there was no fault at all.
        """
        history = self.session.history()
        lacking = floors.missing_receipts(history)
        faults = outages(history)
        if not faults and not lacking:
            raise InvalidRun(explain("a fault in this test", "none was recorded", remedy="Cause the fault through a library."))
        if lacking:
            raise InvalidRun(explain("a receipt for every fault of this test", " ".join(lacking)))
        logger.info(f"{len(faults)} fault(s), each with its receipt.")

    def _hold(self, wanted: dict[str, dict[str, int]], within: timedelta) -> None:
        judged: dict[str, tuple[Verdict, History, int]] = {}
        try:
            self._judge_until_settled(wanted, Deadline(within), judged)
        except BaseException:
            # Robot's time limit ended the wait: what the laws waited for explains it.
            for verdict, history, _ in judged.values():
                if verdict.outcome is not Outcome.HOLDS:
                    self._report(verdict, history)
            raise
        for law, (verdict, history, upto) in judged.items():
            self._report(verdict, history)
            self.session.keep(verdict, upto, wanted[law])
        self._raise([verdict for verdict, _, _ in judged.values()], within)

    def _judge_until_settled(
        self, wanted: dict[str, dict[str, int]], deadline: Deadline, judged: dict[str, tuple[Verdict, History, int]]
    ) -> None:
        """Judge again and again while trying again can change a verdict; `judged` always holds the newest verdicts."""
        pause = FIRST_PAUSE
        while True:
            open_laws = {law: least for law, least in wanted.items() if law not in judged or judged[law][0].retryable}
            began = time.monotonic()
            history, upto = self.session.snapshot()
            for law, least in open_laws.items():
                judged[law] = judge(law, history, least), history, upto
            # A long history takes long to judge: wait at least as long, to leave the machine to the platform.
            pause = max(pause, time.monotonic() - began)
            if deadline.passed or not any(verdict.retryable for verdict, _, _ in judged.values()):
                break
            time.sleep(min(pause, max(deadline.left, 0.001)))
            pause = min(pause * 1.5, max(pause, LONGEST_PAUSE))
        # A law that held while another one had to wait has not seen what came meanwhile. What only is missing of that may
        # still be under way, and is not waited for again.
        for law, (earlier, _, seen) in judged.items():
            if earlier.outcome is Outcome.HOLDS and seen < upto:
                later = judge(law, history, wanted[law])
                if later.outcome is Outcome.VIOLATED and not later.retryable:
                    judged[law] = later, history, upto

    def _report(self, verdict: Verdict, history: History) -> None:
        earlier = self.verdicts.get(verdict.law)
        # A test may judge a law several times: the test's metadata tells the worst of it.
        if earlier is None or earlier.outcome is not Outcome.VIOLATED:
            self.verdicts[verdict.law] = verdict
        if verdict.outcome is Outcome.HOLDS:
            logger.info(verdict.headline())
            return
        if verdict.smallest is not None:
            self.pointed.update(verdict.smallest.events)
        logger.info(report.law(verdict, history), html=True)

    @staticmethod
    def _raise(verdicts: list[Verdict], within: timedelta) -> None:
        waited = f"{within.total_seconds():g} s"
        violated = [verdict.explanation(waited) for verdict in verdicts if verdict.outcome is Outcome.VIOLATED]
        invalid = [verdict.explanation() for verdict in verdicts if verdict.outcome is Outcome.INVALID]
        if violated:
            raise StackFailure("\n\n".join([*violated, *invalid]))
        if invalid:
            raise InvalidRun("\n\n".join(invalid))
