"""Who listens at an address of this machine, so that no fault hits what others run."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Iterable
from typing import cast

import psutil

from realstack.core.errors import StackError, explain
from realstack.faults.links import Target


def at(target: Target) -> set[int]:
    """The processes that listen at a target; empty when none does or none may be seen.

    Raises:
        StackError: The system tells nobody's sockets.
    """
    try:
        connections = psutil.net_connections("tcp")
    except (OSError, psutil.Error) as error:
        raise StackError(
            explain(
                f"the system tells who listens at {target}",
                str(error),
                remedy="Allow the address at import (allowed=host:port), or send the link through a proxy: [Open Proxy Link].",
            )
        ) from None
    found: set[int] = set()
    for connection in connections:
        if connection.status != psutil.CONN_LISTEN or connection.pid is None:
            continue
        host, port = cast("tuple[str, int]", connection.laddr)
        if port != target.port:
            continue
        bound = ipaddress.ip_address(host)
        if bound == target.address or bound.is_unspecified or getattr(bound, "ipv4_mapped", None) == target.address:
            found.add(connection.pid)
    return found


def of_this_process() -> set[int]:
    """This process and all that it has started."""
    return {os.getpid(), *(child.pid for child in psutil.Process().children(recursive=True))}


def names(pids: Iterable[int]) -> str:
    """Processes by name and number."""
    told = []
    for pid in sorted(pids):
        try:
            told.append(f"{psutil.Process(pid).name()} (PID {pid})")
        except psutil.Error:  # it ended while being looked at
            told.append(f"PID {pid}")
    return ", ".join(told)
