"""Receipts: what proves that a fault was there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from realstack.core.errors import explain
from realstack.faults.nft import Count
from realstack.faults.probe import Probe


@dataclass(slots=True)
class Receipt:
    """What the kernel and the probes say about one fault.

    Attributes:
        link: Name of the link.
        what: The fault in words.
        started_at: When its rules were in force, on the monotonic clock.
        ended_at: When they were not any more; ``None`` while they are.
        ended_by: ``healed``, ``expired`` (the kernel's own time limit), or empty while it goes on.
        to_service: Packets and bytes to the service that the fault hit; the probe's are not among them.
        from_service: The same from the service.
        probe_packets: What of the probe's own packets it hit.
        reset_connections: Live connections that were ended at its start.
        aimed_connections: Connections that were open and in its way at its start; that they were hit is told by packets.
        before: Probe before the fault; ``None`` where none was made.
        during: Probe while it was in force.
        after: Probe when it was over.
        lost: How rules of it came to be gone before it was over; empty while none are.
    """

    link: str
    what: str
    started_at: float
    ended_at: float | None = None
    ended_by: str = ""
    to_service: Count = field(default_factory=Count)
    from_service: Count = field(default_factory=Count)
    probe_packets: Count = field(default_factory=Count)
    reset_connections: int = 0
    aimed_connections: int = 0
    before: Probe | None = None
    during: Probe | None = None
    after: Probe | None = None
    lost: str = ""

    def hit(self, direction: str) -> Count:
        """Packets and bytes that were hit: ``to-service``, ``from-service`` or ``both``."""
        if direction == "both":
            return self.to_service + self.from_service
        return self.to_service if direction == "to-service" else self.from_service

    @property
    def lasted(self) -> float | None:
        """Seconds from start to end; ``None`` while it goes on."""
        return None if self.ended_at is None else self.ended_at - self.started_at

    def facts(self) -> dict[str, Any]:
        """The receipt as plain values, for the recorder and for tables."""
        return {
            "link": self.link,
            "what": self.what,
            "started_at": round(self.started_at, 6),
            "ended_at": None if self.ended_at is None else round(self.ended_at, 6),
            "seconds": None if self.lasted is None else round(self.lasted, 6),
            "ended_by": self.ended_by,
            "packets_to_service": self.to_service.packets,
            "bytes_to_service": self.to_service.bytes,
            "packets_from_service": self.from_service.packets,
            "bytes_from_service": self.from_service.bytes,
            "probe_packets": self.probe_packets.packets,
            "reset_connections": self.reset_connections,
            "aimed_connections": self.aimed_connections,
            "probe_before": None if self.before is None else str(self.before),
            "probe_during": None if self.during is None else str(self.during),
            "probe_after": None if self.after is None else str(self.after),
            "lost": self.lost,
        }

    def __str__(self) -> str:
        lines = [f"{name.replace('_', ' ')}: {value}" for name, value in self.facts().items() if value not in (None, "")]
        return "\n".join(lines)

    def doubt(self) -> str | None:
        """Why the probes do not prove an outage; ``None`` when they do. Counters are judged apart."""
        faults = [f"rules were gone before it was over ({self.lost})"] if self.lost else []
        if self.before is not None and not self.before.connected:
            faults.append(f"the link did not work before the fault either ({self.before})")
        if self.during is not None and self.during.connected:
            faults.append(f"the link worked during the fault ({self.during})")
        if self.ended_at is not None and self.after is not None and not self.after.connected:
            faults.append(f"the link does not work after the fault ({self.after})")
        if not faults:
            return None
        return explain(
            f"probes of link '{self.link}' that connect before the fault, fail during it and connect after it",
            "; ".join(faults),
            evidence=str(self),
            remedy="The fault was not what broke the platform, or broke nothing: look at the services' state and log.",
        )
