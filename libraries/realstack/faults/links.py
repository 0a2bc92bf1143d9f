"""Links by name, and which of them this run may break."""

from __future__ import annotations

import ipaddress
import os
import re
import socket
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from realstack.core import procfs, tcp
from realstack.core.errors import StackError, explain
from realstack.core.hosts import at
from realstack.core.system import demand_linux
from realstack.faults.namespaces import Namespace

ANYWHERE = "Send the link through a proxy, which works everywhere: see [Open Proxy Link]."
"""What to do where links can't be broken."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Target:
    """An address and port that a service listens on."""

    address: Address
    port: int

    def __str__(self) -> str:
        return at(str(self.address), self.port)


@dataclass(frozen=True, slots=True)
class Place:
    """A network through which packets of a link pass, and how they are known there.

    Attributes:
        targets: What the service listens on there.
        hook_to: Where packets to the service are hit: ``input`` where it lives itself, ``output`` where only its clients do.
        hook_from: The same for packets from it.
        namespace: Which network; this process's own when not given.
        spared: Clients there that are left alone, because they are hit at another place of the link.
    """

    targets: tuple[Target, ...]
    hook_to: str = "input"
    hook_from: str = "input"
    namespace: Namespace | None = None
    spared: frozenset[Address] = frozenset()

    @classmethod
    def inside(cls, targets: tuple[Target, ...], namespace: Namespace, spared: Iterable[Address]) -> Place:
        """A network of the service's own: what it answers is hit where it leaves, as its clients are elsewhere."""
        return cls(targets, "input", "output", namespace, frozenset(spared))


@dataclass(frozen=True, slots=True)
class Link:
    """All clients' way to a service: the addresses that it, or each replica of it, listens on.

    Attributes:
        name: Its name.
        targets: The addresses at which clients in this process's network reach it.
        inside: The networks of the services themselves, where they have some: there come the clients that are elsewhere.
    """

    name: str
    targets: tuple[Target, ...]
    inside: tuple[Place, ...] = ()

    def __str__(self) -> str:
        return f"'{self.name}' ({', '.join(map(str, self.targets))})"

    @property
    def local(self) -> bool:
        """Whether all its addresses are this machine's own (in this network namespace)."""
        return all(is_local(target.address) for target in self.targets)

    def places(self, client_ports: Collection[int] = ()) -> tuple[Place, ...]:
        """Where its packets are hit.

        Args:
            client_ports: The clients that are meant, when only some are: ports of this process's network.
        """
        here = Place(self.targets, "input" if self.local else "output")
        return (here,) if client_ports else (here, *self.inside)


Resolver = Callable[[str], "list[tuple[str, int]] | None"]
"""Gives the hosts and ports of a service that the platform's driver owns; ``None`` for a name it does not know."""


def targets_of(host: str, port: int) -> tuple[Target, ...]:
    """All addresses of a host with a port.

    Raises:
        StackError: The host is unknown, or the port is none.
    """
    if not 0 < port < 65536:
        raise StackError(f"{port} is not a TCP port; ports are 1 to 65535")
    try:
        # As it stands in a URL, an address of IPv6 has brackets around it (RFC 3986, 3.2.2).
        found = socket.getaddrinfo(re.sub(r"^\[(.+)\]$", r"\1", host), port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        raise StackError(explain(f"a host name that can be resolved, or an address: '{host}'", str(error))) from None
    return tuple(dict.fromkeys(Target(ipaddress.ip_address(entry[4][0]), port) for entry in found))


def is_local(address: Address) -> bool:
    """Whether an address belongs to this machine, in this network namespace."""
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as trial:
        try:
            trial.bind((str(address), 0))
        except OSError:
            return False
    return True


class LinkBook:
    """Links by name, and the fence around them.

    A fault may hit what the platform's driver owns, what the library was expressly allowed when it was imported, and on
    this machine what this very process or a child of it listens on. Anything else is refused.

    Args:
        resolver: Asks the platform's driver.
        allowed: Hosts and ports that may be hit besides.
        known: Gives addresses of a service that the platform's driver knows, its own or not.
        inside: Gives the networks that services of the driver have for themselves.
    """

    def __init__(
        self,
        resolver: Resolver,
        allowed: Iterable[tuple[str, int]] = (),
        known: Resolver = lambda _name: None,
        inside: Callable[[str], Sequence[Place]] = lambda _name: (),
    ) -> None:
        self._resolver = resolver
        self._known = known
        self._inside = inside
        self._allowed = {target for host, port in allowed for target in targets_of(host, port)}
        self._defined: dict[str, Link] = {}

    def define(self, name: str, host: str, port: int) -> Link:
        """Name a link; a name of the platform's own can't be taken."""
        if not name.strip():
            raise StackError(explain("a name for the link", f"{name!r}", remedy="Is a variable empty?"))
        if self._resolver(name) is not None:
            raise StackError(f"'{name}' is a service of the platform; its link has that name already. Choose another.")
        self._defined[name] = Link(name, targets_of(host, port))
        return self._defined[name]

    def forget(self, name: str) -> None:
        """Forget a name that was defined."""
        self._defined.pop(name, None)

    def get(self, name: str) -> Link:
        """The link of that name, if it may be broken.

        Raises:
            StackError: There is none, or it is not this run's to break.
        """
        link, owned = self._look_up(name)
        if owned:
            return replace(link, inside=tuple(self._inside(name)))
        for target in link.targets:
            self._refuse_foreign(link, target)
        return link

    def find(self, name: str) -> Link:
        """The link of that name, whoever else uses it: to be looked at, or to lead somewhere.

        Raises:
            StackError: There is none, or nobody knows an address of the service.
        """
        return self._look_up(name)[0]

    def _look_up(self, name: str) -> tuple[Link, bool]:
        """The link of that name, and whether the platform's driver owns it."""
        owned = self._resolver(name)
        if owned is not None:
            known = owned or self._known(name) or []
            link = Link(name, tuple(target for host, port in known for target in targets_of(host, port)))
            if not link.targets:
                raise StackError(
                    explain(
                        f"an address of '{name}' that this run owns",
                        "the platform's driver owns none: it only knows the service",
                        remedy="Run on --variable PLATFORM:embedded, or leave out the tests tagged needs-faults.",
                    )
                )
            return link, bool(owned)
        defined = self._defined.get(name)
        if defined is None:
            names = ", ".join(self._defined) or "none"
            raise StackError(
                f"There is no link '{name}'. Defined are: {names}. "
                f"Use the name of a service of the platform, or [Define Link] first."
            )
        return defined, False

    def _refuse_foreign(self, link: Link, target: Target) -> None:
        if target in self._allowed:
            return
        if not is_local(target.address):
            seen = f"{target} is not an address of this machine"
        else:
            demand_linux("telling who listens at an address", ANYWHERE)
            pids = tcp.listeners(target.port, target.address)
            mine = {os.getpid(), *(child.pid for child in procfs.descendants([os.getpid()]))}
            if not pids and len(link.targets) > 1:
                return  # nobody is at this one of a name's addresses, so nobody can be hit there
            if pids and pids <= mine:
                return
            seen = f"at {target} listens {_names(pids - mine)}" if pids else f"nobody listens at {target}"
        raise StackError(
            explain(
                f"a link to something that this run owns, so that nobody else is cut off: {link}",
                seen,
                remedy="Faults hit the platform's own services, what this process or its children listen on, "
                "and what was allowed at import: Library    realstack.NetworkFault    allowed=host:port.",
            )
        )


def _names(pids: Iterable[int]) -> str:
    found = {pid: procfs.stat(pid) for pid in sorted(pids)}
    # One may have ended while it was looked at.
    return ", ".join(f"PID {pid}" if one is None else f"{one.name} (PID {pid})" for pid, one in found.items())
