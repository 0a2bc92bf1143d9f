"""Workers of a Dask cluster, as an executor: beyond one machine."""

from __future__ import annotations

import itertools
import platform
import socket
import ssl
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ParamSpec, TypeVar
from urllib.parse import urlsplit

from realstack import __version__
from realstack.core.errors import StackError, explain
from realstack.core.extras import needed
from realstack.load.crew import Reach

P = ParamSpec("P")
T = TypeVar("T")

PATIENCE = 10.0
"""Seconds that the scheduler may take to answer."""


@dataclass(frozen=True, slots=True)
class Tls:
    """What this process shows of itself to a cluster, and whom it trusts there.

    Attributes:
        ca: PEM file of the cluster's authority.
        certificate: PEM file with the certificate, which may hold the key, too.
        key: PEM file with the key.
    """

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None


def version() -> str:
    """This package's version, and of what it runs on; asked of each worker."""
    return f"realstack {__version__} on Python {'.'.join(platform.python_version_tuple()[:2])}"


def connecting() -> ssl.SSLContext:
    """What a worker shows of itself, and whom it trusts: as it does to the scheduler.

    Raises:
        StackError: It has no certificate.
    """
    from distributed import get_worker  # noqa: PLC0415 -- who loads from one machine needs none

    worker: Any = get_worker()
    made: ssl.SSLContext | None = worker.security.get_connection_args("worker")["ssl_context"]
    if made is None:
        remedy = "Start it with --tls-ca-file, --tls-cert and --tls-key."
        raise StackError(explain("a worker with a certificate of the cluster's authority", "it has none", remedy=remedy))
    return made


class Cluster(Executor):
    """One call for each worker in turn; none is done again elsewhere when a worker is lost, since its users are lost, too.

    Args:
        address: Of the scheduler, such as ``tcp://127.0.0.1:8786`` or ``tls://10.0.0.5:8786``.
        tls: For the latter; Dask's own configuration unless given.

    Attributes:
        count: How many workers there are.
        reach: How they reach this process: at its own address, as the scheduler's machine sees it.

    Raises:
        StackError: It can't be reached, has no workers, or others than here have another version.
    """

    def __init__(self, address: str, tls: Tls | None = None) -> None:
        with needed("to use the workers of a cluster", "cluster"):
            from distributed import Client, Security  # noqa: PLC0415 -- who loads from one machine needs none

        secured = address.startswith("tls:")
        if tls and not secured:
            raise StackError(
                explain("certificates for a scheduler at tls://", address, remedy=f"Use tls{address[address.find(':') :]}")
            )
        connect: Any = Client  # untyped
        secure: Any = Security
        try:
            security: Any = secure(**_settings(tls)) if secured else None
            listening = security.get_listen_args("client")["ssl_context"] if secured else None
            if secured and listening is None:
                remedy = "Give ca= and certificate= (and key=), or say them in Dask's configuration (distributed.comm.tls)."
                raise StackError(explain("a certificate of the cluster's authority for this process", "none", remedy=remedy))
            self._client: Any = connect(address, timeout=PATIENCE, set_as_default=False, security=security)
        except (OSError, ValueError) as error:
            remedy = "Start one with `dask scheduler`, and workers with `dask worker ADDRESS`."
            if secured:
                remedy += " All of them want --tls-ca-file, --tls-cert and --tls-key, with certificates of one authority."
            raise StackError(explain(f"a scheduler at {address}", str(error), remedy=remedy)) from None
        workers = sorted(self._client.scheduler_info(n_workers=-1)["workers"])
        self.count = len(workers)
        self.reach = Reach(_own_address(address), listening, connecting if secured else None)
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
        # A worker without this package tells an error instead.
        others = {worker: told for worker, told in self._client.run(version, on_error="return").items() if told != version()}
        if others:
            told = ", ".join(f"{worker}: {other}" for worker, other in others.items())
            raise StackError(explain(f"{version()} at all workers, as here", told, remedy="Install the same version."))

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Call a function at the next worker."""
        future: Future[T] = next(self._turn).submit(fn, *args, **kwargs)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Leave the cluster, which goes on."""
        for executor in self._executors:
            executor.shutdown(wait=wait)
        self._client.close()


def _settings(tls: Tls | None) -> dict[str, Any]:
    given = tls or Tls()
    named = {"tls_ca_file": given.ca, "tls_client_cert": given.certificate, "tls_client_key": given.key}
    return {"require_encryption": True, **{name: str(value) for name, value in named.items() if value}}


def _own_address(address: str) -> str:
    parts = urlsplit(address)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((parts.hostname, parts.port or 8786))  # sends nothing: only finds the way
        return str(probe.getsockname()[0])
