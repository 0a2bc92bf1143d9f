"""Network namespaces of others: commands are run in one through a process that lives in it (``nsenter``)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from realstack.core import procfs, programs
from realstack.core.errors import StackError, explain


class NamespaceGone(StackError):
    """The network namespace is not there any more: what was in it, rules and counters too, is gone with it."""


@dataclass(frozen=True, slots=True)
class Namespace:
    """A network namespace other than this process's.

    Attributes:
        pid: A process that lives in it.
        id: What tells it from others; a process's number alone may come to mean another one.
        whose: Whose network it is, for errors.
    """

    pid: int
    id: str
    whose: str

    @classmethod
    def of(cls, pid: int, whose: str) -> Namespace:
        """The network namespace that a process is in.

        Raises:
            NamespaceGone: The process has ended.
            StackError: It is this process's own.
        """
        found = procfs.network_namespace(pid)
        if found is None:
            raise NamespaceGone(_gone(pid, whose))
        if found == procfs.network_namespace(os.getpid()):
            raise StackError(
                explain(
                    f"a network of its own for {whose}",
                    f"process {pid} is in that of the tests",
                    remedy="Docker runs on this very machine, and the container isn't attached to the host's network.",
                )
            )
        return cls(pid, found, whose)

    def command(self, argv: Sequence[str]) -> list[str]:
        """The command that runs another one in here; this machine's programs, only with this network.

        Raises:
            NamespaceGone: It is not there any more.
        """
        self.demand()
        return [programs.program("nsenter", "util-linux"), "--target", str(self.pid), "--net", *argv]

    def demand(self) -> None:
        """Make sure that it is still there.

        Raises:
            NamespaceGone: It is not.
        """
        if procfs.network_namespace(self.pid) != self.id:
            raise NamespaceGone(_gone(self.pid, self.whose))


def _gone(pid: int, whose: str) -> str:
    return explain(
        f"the network of {whose}",
        f"it is gone with process {pid}: the container was stopped, restarted or removed, and has another network now, if any",
        remedy="Break links of services that run, and heal them before anything restarts those.",
    )
