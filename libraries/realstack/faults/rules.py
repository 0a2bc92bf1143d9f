"""The nftables rules of one fault, as lines of nft's language."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Literal

from realstack.faults.links import Place, Target
from realstack.faults.sockets import TcpConnection

Verdict = Literal["drop", "reject", "reset"]

_VERDICTS: dict[Verdict, str] = {
    "drop": "drop",
    "reject": "reject with icmpx type port-unreachable",
    "reset": "reject with tcp reset",
}

_FAMILIES = ((4, "ip", "ipv4_addr"), (6, "ip6", "ipv6_addr"))


class Rules:
    """Names and lines of fault number N: sets, counters and base chains that bear the number.

    Whom a fault hits lies in sets whose elements have a timeout. When the time is over the kernel forgets the
    elements, and the rules, still there, hit nobody any more: no process is needed for that.

    On a link within this machine every packet is hit where it would be received, so that its sender notices nothing. On a
    link to another machine, packets to the service are hit where they leave; in a network of the service's own, those from it.

    Args:
        table: Name of the table.
        number: Of the fault.
        place: What it hits, and where.
        verdict: What happens to packets.
        direction: ``both``, ``to-service`` or ``from-service``.
    """

    def __init__(self, table: str, number: int, place: Place, verdict: Verdict, direction: str) -> None:
        self.number = number
        self._table = table
        self._place = place
        self._verdict = verdict
        self._direction = direction
        self._prefix = f"fault{number}"
        self.counter_to = f"{self._prefix}_to"
        self.counter_from = f"{self._prefix}_from"
        self.counter_probe = f"{self._prefix}_probe"
        self._sets: list[str] = []

    def install(
        self,
        *,
        seconds: float,
        only: Iterable[TcpConnection] | None = None,
        handshakes_only: bool = False,
        client_ports: Collection[int] = (),
        spared_ports: Collection[int] = (),
        probe_ports: Collection[int] = (),
    ) -> list[str]:
        """The lines that put the fault in force.

        Args:
            seconds: After which the kernel forgets whom it hits.
            only: Just these connections; all where not given.
            handshakes_only: Just the packets that open connections (SYN, and SYN with ACK).
            client_ports: Just connections from these ports.
            spared_ports: No connections from these ports.
            probe_ports: What comes from or goes to these is hit in any case, and counted apart.
        """
        timeout = f"timeout {max(1, round(seconds * 1000))}ms"
        lines = [f"add counter inet {self._table} {name}" for name in (self.counter_to, self.counter_from, self.counter_probe)]
        lines += [
            f"add chain inet {self._table} {self._chain(hook)} {{ type filter hook {hook} priority -10; policy accept; }}"
            for hook in self._hooks
        ]
        lines += self._set("probes", "inet_service", [f"{port} {timeout}" for port in sorted(probe_ports)])
        ports = ""
        if client_ports:
            lines += self._set("clients", "inet_service", [f"{port} {timeout}" for port in sorted(client_ports)])
            ports = f"tcp {{client}} @{self._prefix}_clients "
        if spared_ports:
            lines += self._set("spared", "inet_service", [f"{port} {timeout}" for port in sorted(spared_ports)])
            ports += f"tcp {{client}} != @{self._prefix}_spared "
        connections = None if only is None else frozenset(only)
        for version, family, kind in _FAMILIES:
            targets = [target for target in self._place.targets if target.address.version == version]
            if targets:
                lines += self._family(
                    version,
                    family,
                    kind,
                    targets,
                    timeout=timeout,
                    ports=ports,
                    handshakes_only=handshakes_only,
                    connections=connections,
                )
        return lines

    def _family(
        self,
        version: int,
        family: str,
        kind: str,
        targets: list[Target],
        *,
        timeout: str,
        ports: str,
        handshakes_only: bool,
        connections: frozenset[TcpConnection] | None,
    ) -> list[str]:
        """Sets and rules for one version of IP."""
        services = f"services{version}"
        spared = sorted(str(address) for address in self._place.spared if address.version == version)
        lines = self._set(services, f"{kind} . inet_service", [f"{one.address} . {one.port} {timeout}" for one in targets])
        if connections is not None:
            pairs = [one for one in connections if one.service in targets]
            elements = [
                f"{one.client.address} . {one.client.port} . {one.service.address} . {one.service.port} {timeout}"
                for one in pairs
            ]
            lines += self._set(f"connections{version}", f"{kind} . inet_service . {kind} . inet_service", elements)
        for way, hook, server, client, counter in (
            ("to-service", self._place.hook_to, "d", "s", self.counter_to),
            ("from-service", self._place.hook_from, "s", "d", self.counter_from),
        ):
            if self._direction not in ("both", way):
                continue
            rule = f"add rule inet {self._table} {self._chain(hook)}"
            who = f"{family} {server}addr . tcp {server}port @{self._prefix}_{services} "
            flags = self._flags(way, handshakes_only)
            probe = f"tcp {client}port @{self._prefix}_probes "
            lines.append(f"{rule} {who}{probe}{flags}counter name {self.counter_probe} {_VERDICTS[self._verdict]}")
            if connections is not None:
                who = (
                    f"{family} {client}addr . tcp {client}port . {family} {server}addr . tcp {server}port "
                    f"@{self._prefix}_connections{version} "
                )
            chosen = ports.replace("{client}", f"{client}port")
            if spared:
                chosen += f"{family} {client}addr != {{ {', '.join(spared)} }} "
            lines.append(f"{rule} {who}{chosen}{flags}counter name {counter} {_VERDICTS[self._verdict]}")
        return lines

    def _flags(self, way: str, handshakes_only: bool) -> str:
        flags = ""
        if handshakes_only:
            flags = "tcp flags & (syn | ack) == syn " if way == "to-service" else "tcp flags & (syn | ack) == (syn | ack) "
        if self._verdict == "reset":
            # The resets that these very rules send must get through to the end that they are meant for.
            flags += "tcp flags & rst == 0 "
        return flags

    @property
    def _hooks(self) -> list[str]:
        return list(dict.fromkeys([self._place.hook_to, self._place.hook_from]))

    def _chain(self, hook: str) -> str:
        return f"{self._prefix}_{hook}"

    def _set(self, name: str, kind: str, elements: list[str]) -> list[str]:
        full = f"{self._prefix}_{name}"
        self._sets.append(full)
        lines = [f"add set inet {self._table} {full} {{ type {kind}; flags timeout; }}"]
        if elements:
            lines.append(f"add element inet {self._table} {full} {{ {', '.join(elements)} }}")
        return lines

    def withdraw(self) -> list[str]:
        """The lines that take the rules out; the counters stay."""
        return [f"delete chain inet {self._table} {self._chain(hook)}" for hook in self._hooks]

    def remove_rest(self) -> list[str]:
        """The lines that remove what `withdraw` left."""
        return [
            *(f"delete set inet {self._table} {name}" for name in self._sets),
            *(f"delete counter inet {self._table} {name}" for name in (self.counter_to, self.counter_from, self.counter_probe)),
        ]
