"""Which links a run may break: those of its platform, and what was allowed at import."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from realstack.core.errors import StackError, explain
from realstack.faults.links import LinkBook, Place, targets_of
from realstack.faults.namespaces import Namespace
from realstack.platform.driver import Network, Operation
from realstack.platform.running import running, running_or_none


def link_book(allowed: Sequence[str]) -> LinkBook:
    """The links of the platform that runs, and others that are named.

    Args:
        allowed: ``host:port`` of addresses that may be hit besides those of the platform.

    Raises:
        StackError: One of them is no address.
    """
    return LinkBook(_owned_endpoints, [_address(text) for text in allowed], _known_endpoints, _networks)


def _owned_endpoints(name: str) -> list[tuple[str, int]] | None:
    """As `_known_endpoints`, but none of a platform whose links are not this run's to break."""
    driver = running_or_none()
    known = _known_endpoints(name)
    return [] if known and driver is not None and Operation.FAULTS not in driver.can else known


def _known_endpoints(name: str) -> list[tuple[str, int]] | None:
    """Hosts and ports of a service, or of all replicas of a group, of the platform that runs; None for another name."""
    driver = running_or_none()
    if driver is None:
        return None
    try:
        services = driver.resolve(name)
    except StackError:  # the platform has no service of that name: it may still be a defined link
        return None
    return [(one.host, one.port) for one in driver.endpoints() if one.service in services]


def _networks(name: str) -> list[Place]:
    """The networks of a service's own, or of all replicas of a group that have some."""
    driver = running()
    found = [(service, driver.network(service)) for service in driver.resolve(name)]
    return [_place(service, network) for service, network in found if network is not None]


def _place(service: str, network: Network) -> Place:
    targets = tuple(target for address in network.addresses for target in targets_of(address, network.port))
    return Place.inside(targets, Namespace.of(network.pid, service), map(ipaddress.ip_address, network.gateways))


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit():
        raise StackError(
            explain("an address as host:port", f"'{text}'", remedy="Library    realstack.NetworkFault    allowed=10.0.0.5:443")
        )
    return host.strip("[]"), int(port)
