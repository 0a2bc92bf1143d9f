"""Coordinator of the three-store operation: a profile change, its workspace and its event, all three or none.

The steps are taken in order, each under its time limit and written down first (`OperationLog`). When one fails, or the
coordinator dies, what may have been done is undone. Undoing is repeated until every store has confirmed it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from chat_auth.operation_log import OperationInProgress, OperationLog, TakenOver
from chat_auth.steps import EventStep, StepFailed, WorkspaceStep
from chat_common.errors import StoreUnavailable
from chat_common.logs import Log

log = Log("operations")

# What can't be undone now is tried again after this many seconds.
RETRY_SECONDS = 0.5
# With nothing to undo, operations that another instance abandoned are looked for this often (seconds).
LOOK_SECONDS = 5.0
# How often somebody who waits for another operation of the same user looks whether it is over (seconds).
WAIT_SECONDS = 0.05


class OperationFailed(Exception):
    """An operation did not come about. `state` is as in `operations`, at the time of telling."""

    def __init__(self, operation_id: UUID, state: str, error: str, step: str) -> None:
        super().__init__(f"operation {operation_id} is {state}: {step} failed with {error}")
        self.operation_id = operation_id
        self.state = state
        self.error = error
        self.step = step


class KeyReused(Exception):
    """The idempotency key was used for another change."""


class Coordinator:
    """Runs operations, and rolls back what is left over from failures and from earlier lives of this service.

    Args:
        operations: The log, which also does the profile step.
        workspace: Step of the backend.
        event: Step of ClickHouse.
        step_timeout: Seconds that a step may take.
    """

    def __init__(self, operations: OperationLog, workspace: WorkspaceStep, event: EventStep, step_timeout: float) -> None:
        self._log = operations
        self._workspace = workspace
        self._event = event
        self._step_timeout = step_timeout
        self._own: set[UUID] = set()
        self._tasks: set[asyncio.Task[Mapping[str, Any]]] = set()
        self._wake = asyncio.Event()

    async def run(self, user_id: UUID, key: str, change: Mapping[str, Any]) -> Mapping[str, Any]:
        """Carry out a change, or say what became of it when it was asked for before.

        Returns:
            The committed operation's row.

        Raises:
            OperationFailed: It did not come about.
            OperationInProgress: Another one of the user did not end within a step's time limit.
            KeyReused: The key belongs to another change.
        """
        operation_id = uuid4()
        # `recover` must never take what is being begun for something left over.
        self._own.add(operation_id)
        try:
            known = await self._begin_in_turn(operation_id, user_id, key, change)
        except BaseException:
            # It may stand in the log all the same, when only the answer was lost: then it is rolled back at once.
            self._own.discard(operation_id)
            self._wake.set()
            raise
        if known is not None:
            self._own.discard(operation_id)
            return known
        # A task of its own: it goes on when its caller hangs up.
        task = asyncio.create_task(self._carry_out(operation_id), name=f"operation {operation_id}")
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._over(operation_id, done))
        return await asyncio.shield(task)

    async def stop(self) -> None:
        """Leave what is under way to the next start's `recover`."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def recover(self) -> None:
        """Roll back what is left over, until cancelled."""
        while True:
            self._wake.clear()
            left = await self._log.unfinished(list(self._own))
            # The answer may have taken its time: what was begun meanwhile stands in it, too.
            left = [operation for operation in left if operation["id"] not in self._own]
            for operation in left:
                if operation["state"] == "pending":
                    log.warning("operation_recovered", operation_id=str(operation["id"]), step=operation["step"])
                    await self._log.fail(operation["id"], "coordinator_lost")
            clean = all([await self._roll_back(operation["id"]) for operation in left])
            if not clean:
                await asyncio.sleep(RETRY_SECONDS)
            else:
                await self._idle()

    async def _idle(self) -> None:
        try:
            await asyncio.wait_for(self._wake.wait(), LOOK_SECONDS)
        except TimeoutError:
            return

    def _over(self, operation_id: UUID, task: asyncio.Task[Mapping[str, Any]]) -> None:
        self._own.discard(operation_id)
        self._tasks.discard(task)
        if task.cancelled() or task.exception() is not None:
            self._wake.set()

    async def _begin_in_turn(
        self, operation_id: UUID, user_id: UUID, key: str, change: Mapping[str, Any]
    ) -> Mapping[str, Any] | None:
        """Begin an operation when it is the user's turn; the row of a committed one with this key instead, if there is one."""
        deadline = asyncio.get_running_loop().time() + self._step_timeout
        while True:
            known = await self._log.living(user_id, key)
            if known is not None and known["change"] != change:
                raise KeyReused
            if known is not None and known["state"] == "committed":
                return known
            try:
                await self._log.begin(operation_id, user_id, key, change)
            except OperationInProgress:
                if asyncio.get_running_loop().time() >= deadline:
                    raise OperationInProgress(await self._log.active(user_id)) from None
            else:
                return None
            await asyncio.sleep(WAIT_SECONDS)

    async def _carry_out(self, operation_id: UUID) -> Mapping[str, Any]:
        try:
            await self._take_steps(operation_id)
        except StepFailed as failure:
            return await self._settle(operation_id, failure)
        except OperationInProgress:
            # Its caller is told that the profile is busy, which says more than that the operation failed.
            with contextlib.suppress(OperationFailed):
                await self._settle(operation_id, StepFailed("profile", "row_locked", outcome_unknown=False))
            raise
        except (TakenOver, StoreUnavailable, asyncpg.PostgresError) as failure:
            return await self._settle(operation_id, StepFailed("profile", type(failure).__name__, outcome_unknown=True))
        operation = await self._log.get(operation_id)
        assert operation is not None
        return operation

    async def _take_steps(self, operation_id: UUID) -> None:
        operation = await self._log.get(operation_id)
        assert operation is not None
        log.info("operation_begun", operation_id=str(operation_id), user_id=str(operation["user_id"]))
        await self._log.change_profile(operation)
        await self._in_time("workspace", self._workspace.do, operation)
        await self._log.reach_event(operation_id)
        await self._in_time("event", self._event.do, operation)
        await self._log.commit(operation_id)
        log.info("operation_committed", operation_id=str(operation_id))

    async def _in_time(
        self, step: str, act: Callable[[Mapping[str, Any]], Awaitable[None]], operation: Mapping[str, Any]
    ) -> None:
        try:
            async with asyncio.timeout(self._step_timeout):
                await act(operation)
        except TimeoutError as error:
            raise StepFailed(step, "timeout", outcome_unknown=True) from error

    async def _settle(self, operation_id: UUID, failure: StepFailed) -> Mapping[str, Any]:
        """Roll back at once as far as that goes; returns the operation if it turns out to be committed.

        Raises:
            OperationFailed: Otherwise, with the state that was reached.
        """
        log.warning("operation_failed", operation_id=str(operation_id), step=failure.step, reason=failure.reason)
        state, step = "pending", failure.step
        try:
            await self._log.fail(operation_id, failure.reason, harmless=None if failure.outcome_unknown else failure.step)
            # A store that just failed to answer would keep the caller waiting as long again.
            await self._roll_back(operation_id, later=None if failure.answered else failure.step)
            operation = await self._log.get(operation_id)
        except (StoreUnavailable, asyncpg.PostgresError) as error:
            # The log can't be reached: `recover` goes on from what it says when it is back.
            log.warning("rollback_delayed", operation_id=str(operation_id), reason=type(error).__name__)
            operation = None
        if operation is not None:
            state, step = operation["state"], operation["failed_step"] or step
            if state == "committed":
                return operation
        raise OperationFailed(operation_id, state, failure.reason, step)

    async def _roll_back(self, operation_id: UUID, *, later: str | None = None) -> bool:
        """Undo what is left to be undone of an operation, each step for itself; returns whether nothing is left.

        Args:
            operation_id: Which one.
            later: A step of the outer stores that is not tried now.
        """
        operation = await self._log.get(operation_id)
        if operation is None or operation["state"] != "rolling_back":
            return True
        now = [step for step in operation["undo"] if step != later or step == "profile"]
        undone = await asyncio.gather(*(self._undo(step, operation) for step in now))
        if not all(undone) or len(now) < len(operation["undo"]):
            return False
        await self._log.finish_rollback(operation_id)
        log.info("operation_rolled_back", operation_id=str(operation_id), failed_step=operation["failed_step"])
        return True

    async def _undo(self, step: str, operation: Mapping[str, Any]) -> bool:
        try:
            if step == "profile":
                await self._log.restore_profile(operation)
            else:
                await self._in_time(step, {"workspace": self._workspace.undo, "event": self._event.undo}[step], operation)
                await self._log.undone(operation["id"], step)
        except (StepFailed, asyncpg.LockNotAvailableError) as error:
            log.warning("undo_delayed", operation_id=str(operation["id"]), step=step, reason=str(error))
            return False
        return True
