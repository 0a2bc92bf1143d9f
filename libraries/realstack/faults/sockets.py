"""TCP connections of a link, here and in containers' networks: seen in the kernel's table, ended by socket diagnosis (``ss``)."""

from __future__ import annotations

import subprocess
from collections.abc import Collection
from dataclasses import dataclass

from realstack.core import programs, tcp
from realstack.core.errors import StackError, explain
from realstack.core.hosts import bracketed
from realstack.faults.links import Link, Place, Target
from realstack.faults.namespaces import Namespace

COMMAND_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class TcpConnection:
    """A connection of a link, by its two ends."""

    client: Target
    service: Target


def connections(
    link: Link, *, client_ports: Collection[int] = (), spared_ports: Collection[int] = ()
) -> frozenset[TcpConnection]:
    """The link's live connections, whichever end of them is seen here.

    Args:
        link: The link.
        client_ports: Only connections from these ports of this process's network; all where empty.
        spared_ports: No connections from these ports of it.
    """
    found: set[TcpConnection] = set()
    for place in link.places(client_ports):
        here = place.namespace is None
        for one in tcp.sockets("self" if place.namespace is None else place.namespace.pid):
            if not one.connected:
                continue
            ports = {one.local_port, one.peer_port}
            if here and ((client_ports and ports.isdisjoint(client_ports)) or not ports.isdisjoint(spared_ports)):
                continue
            local, peer = Target(one.local_address, one.local_port), Target(one.peer_address, one.peer_port)
            if peer in place.targets:
                found.add(TcpConnection(local, peer))
            elif local in place.targets and peer.address not in place.spared:
                found.add(TcpConnection(peer, local))
    return frozenset(found)


def kill(link: Link, *, client_ports: Collection[int] = (), spared_ports: Collection[int] = ()) -> frozenset[TcpConnection]:
    """End the link's live connections at once: both ends see a reset (Linux ``SOCK_DESTROY``).

    Returns:
        The connections that are gone.

    Raises:
        StackError: Some are still there: the kernel can't do it, or the user may not.
    """
    before = connections(link, client_ports=client_ports, spared_ports=spared_ports)
    if not before:
        return before
    for place in link.places(client_ports):
        words = _filter(place, client_ports, spared_ports if place.namespace is None else ())
        _ss(place.namespace, ["-K", "-tnHO", "state", "connected", *words])
    left = before & connections(link, client_ports=client_ports, spared_ports=spared_ports)
    if left:
        raise StackError(
            explain(
                f"all {len(before)} connections of link {link} reset",
                f"{len(left)} are still there",
                remedy="The kernel needs CONFIG_INET_DIAG_DESTROY and the user CAP_NET_ADMIN; or send the link through a proxy, "
                "see [Open Proxy Link].",
            )
        )
    return before


def _filter(place: Place, client_ports: Collection[int], spared_ports: Collection[int]) -> list[str]:
    words: list[str] = ["("]
    for number, target in enumerate(place.targets):
        host, port = bracketed(str(target.address)), f":{target.port}"
        words += ["or"] if number else []
        words += ["(", "dst", host, "and", "dport", "=", port, ")", "or", "(", "src", host, "and", "sport", "=", port, ")"]
    words.append(")")
    if client_ports:
        words += ["and", "("]
        for number, client in enumerate(sorted(client_ports)):
            words += ["or"] if number else []
            words += ["sport", "=", f":{client}", "or", "dport", "=", f":{client}"]
        words.append(")")
    for spared in sorted(spared_ports):
        words += ["and", "sport", "!=", f":{spared}", "and", "dport", "!=", f":{spared}"]
    for address in sorted(map(str, place.spared)):
        words += ["and", "not", "(", "dst", bracketed(address), ")"]
    return words


def _ss(namespace: Namespace | None, arguments: list[str]) -> None:
    command = [programs.program("ss", "iproute2"), *arguments]
    if namespace is not None:
        command = namespace.command(command)
    done = subprocess.run(command, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False)
    if done.returncode != 0:
        raise StackError(explain("ss ends TCP connections", done.stderr.strip(), evidence=" ".join(command)))
