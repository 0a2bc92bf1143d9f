"""The machine's TCP connections of a link: seen, and ended, through the kernel's socket diagnosis (``ss``)."""

from __future__ import annotations

import ipaddress
import re
import subprocess
from collections.abc import Collection
from dataclasses import dataclass

from realstack.core.errors import StackError, explain
from realstack.faults.links import Link, Target

COMMAND_SECONDS = 5.0

_LIVE = frozenset({"ESTAB", "SYN-SENT", "SYN-RECV", "FIN-WAIT-1", "FIN-WAIT-2", "CLOSE-WAIT", "LAST-ACK", "CLOSING"})
_END = re.compile(r"\[?(?P<host>[0-9a-fA-F.:]+?)(?:%\w+)?\]?:(?P<port>\d+)")


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
        client_ports: Only connections from these ports; all where empty.
        spared_ports: No connections from these ports.
    """
    return frozenset(_parse(_ss(["-tnHO", "state", "connected", *_filter(link, client_ports, spared_ports)]), link))


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
    _ss(["-K", "-tnHO", "state", "connected", *_filter(link, client_ports, spared_ports)])
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


def _filter(link: Link, client_ports: Collection[int], spared_ports: Collection[int]) -> list[str]:
    words: list[str] = ["("]
    for number, target in enumerate(link.targets):
        host = f"[{target.address}]" if target.address.version == 6 else str(target.address)
        port = f":{target.port}"
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
    return words


def _parse(text: str, link: Link) -> list[TcpConnection]:
    found: list[TcpConnection] = []
    for line in text.splitlines():
        fields = line.split()
        if len(fields) < 5 or fields[0] not in _LIVE:
            continue
        local, peer = _target(fields[3]), _target(fields[4])
        if peer in link.targets:
            found.append(TcpConnection(local, peer))
        elif local in link.targets:
            found.append(TcpConnection(peer, local))
    return found


def _target(text: str) -> Target:
    end = _END.fullmatch(text)
    if end is None:
        raise StackError(f"ss shows an address that can't be read: '{text}'")
    address = ipaddress.ip_address(end["host"])
    return Target(getattr(address, "ipv4_mapped", None) or address, int(end["port"]))


def _ss(arguments: list[str]) -> str:
    try:
        done = subprocess.run(["ss", *arguments], capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False)
    except FileNotFoundError:
        raise StackError(explain("the program ss", "it is not installed", remedy="Install the package 'iproute2'.")) from None
    if done.returncode != 0:
        raise StackError(explain("ss tells the TCP connections", done.stderr.strip(), evidence=" ".join(["ss", *arguments])))
    return done.stdout
