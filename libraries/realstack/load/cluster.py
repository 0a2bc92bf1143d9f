"""Workers of a Dask cluster, as an executor: beyond one machine."""

from __future__ import annotations

import itertools
import socket
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any, ParamSpec, TypeVar
from urllib.parse import urlsplit

from realstack import __version__
from realstack.core.errors import StackError, explain
from realstack.core.extras import needed

P = ParamSpec("P")
T = TypeVar("T")

PATIENCE = 10.0
"""Seconds that the scheduler may take to answer."""


def version() -> str:
    """This package's version; asked of each worker."""
    return __version__


class Cluster(Executor):
    """One call for each worker in turn; none is done again elsewhere when a worker is lost, since its users are lost, too.

    Args:
        address: Of the scheduler, such as ``tcp://127.0.0.1:8786``.

    Attributes:
        count: How many workers there are.
        host: This machine's own address, as the scheduler's machine sees it.

    Raises:
        StackError: It can't be reached, has no workers, or others than here have another version.
    """

    def __init__(self, address: str) -> None:
        with needed("to use the workers of a cluster", "cluster"):
            from distributed import Client  # noqa: PLC0415 -- who loads from one machine needs none

        connect: Any = Client  # untyped
        try:
            self._client: Any = connect(address, timeout=PATIENCE, set_as_default=False)
        except (OSError, ValueError) as error:
            remedy = "Start one with `dask scheduler`, and workers with `dask worker ADDRESS`."
            raise StackError(explain(f"a scheduler at {address}", str(error), remedy=remedy)) from None
        workers = sorted(self._client.scheduler_info(n_workers=-1)["workers"])
        self.count = len(workers)
        self.host = _own_address(address)
        try:
            self._check(address, workers)
        except BaseException:
            self._client.close()
            raise
        self._executors = [
            self._client.get_executor(workers=[worker], allow_other_workers=False, pure=False, retries=0) for worker in workers
        ]
        self._turn = itertools.cycle(self._executors)

    def _check(self, address: str, workers: list[str]) -> None:
        if not workers:
            raise StackError(explain(f"workers at {address}", "none", remedy=f"Start some with `dask worker {address}`."))
        others = {worker: told for worker, told in self._client.run(version).items() if told != __version__}
        if others:
            told = ", ".join(f"{worker}: {other}" for worker, other in others.items())
            raise StackError(
                explain(f"realstack {__version__} at all workers, as here", told, remedy="Install the same version.")
            )

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Call a function at the next worker."""
        future: Future[T] = next(self._turn).submit(fn, *args, **kwargs)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Leave the cluster, which goes on."""
        for executor in self._executors:
            executor.shutdown(wait=wait)
        self._client.close()


def _own_address(address: str) -> str:
    parts = urlsplit(address)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((parts.hostname, parts.port or 8786))  # sends nothing: only finds the way
        return str(probe.getsockname()[0])
