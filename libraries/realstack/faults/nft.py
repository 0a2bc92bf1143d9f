"""Talking to nftables: whole transactions in, JSON out, and only ever about one table."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from realstack.core import programs
from realstack.core.errors import StackError, explain
from realstack.faults.namespaces import Namespace

COMMAND_SECONDS = 5.0
"""How long one command may take; usually it is some milliseconds."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,60}")


@dataclass(frozen=True, slots=True)
class Count:
    """What a counter of the kernel has seen."""

    packets: int = 0
    bytes: int = 0

    def __add__(self, other: Count) -> Count:
        return Count(self.packets + other.packets, self.bytes + other.bytes)


class Table:
    """One table of family ``inet``; it exists only while a fault is in it.

    Transactions are written in nft's own language, because its JSON knows timeouts in whole seconds only. Nothing in
    them comes from outside unchecked: they are made of this project's names, of numbers and of addresses.

    Args:
        name: Its name, which bears the run's id.
        namespace: The network that it is in; this process's own when not given. It is gone with it.
    """

    def __init__(self, name: str, namespace: Namespace | None = None) -> None:
        if not _NAME.fullmatch(name):
            raise ValueError(f"'{name}' can't name a table")
        self.name = name
        self._namespace = namespace

    def apply(self, lines: Iterable[str]) -> None:
        """Do all of the lines or none.

        Raises:
            NamespaceGone: Its network is gone, and it with that.
            StackError: The kernel refused, or nft is missing.
        """
        self._run([programs.program("nft", "nftables"), "-f", "-"], "\n".join(lines) + "\n")

    def counters(self) -> dict[str, Count]:
        """All named counters of the table; empty when there is no table."""
        return {
            item["counter"]["name"]: Count(item["counter"]["packets"], item["counter"]["bytes"])
            for item in self._list()
            if "counter" in item
        }

    def exists(self) -> bool:
        """Whether the kernel has the table."""
        return bool(self._list())

    def elements(self) -> dict[str, int]:
        """How many live elements each set of the table has: none in a set means that its rules hit nothing any more."""
        return {item["set"]["name"]: len(item["set"].get("elem", [])) for item in self._list() if "set" in item}

    def delete(self) -> None:
        """Delete the table; one that is not there is fine."""
        self.apply([f"add table inet {self.name}", f"delete table inet {self.name}"])

    def _list(self) -> list[dict[str, Any]]:
        try:
            text = self._run([programs.program("nft", "nftables"), "-j", "list", "table", "inet", self.name])
        except NoSuchThing:
            return []
        items: list[dict[str, Any]] = json.loads(text)["nftables"]
        return items

    def _run(self, command: list[str], stdin: str = "") -> str:
        if self._namespace is not None:
            command = self._namespace.command(command)
        try:
            done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            raise StackError(explain(f"nft done within {COMMAND_SECONDS:g} s", "it is still at it", evidence=stdin)) from None
        if done.returncode == 0:
            return done.stdout
        if self._namespace is not None:
            self._namespace.demand()  # it may have gone while nsenter was on its way in
        if "No such file or directory" in done.stderr:
            raise NoSuchThing(done.stderr.strip())
        if "Operation not permitted" in done.stderr:
            raise StackError(_not_permitted(done.stderr.strip()))
        raise StackError(explain("the kernel takes the fault's rules", done.stderr.strip(), evidence=stdin))


class NoSuchThing(StackError):
    """The kernel has no such table, chain, set or counter."""


def _not_permitted(text: str) -> str:
    unshare = "" if programs.find("unshare") else " (unshare is in the package 'util-linux')"
    return explain(
        "permission to change this network namespace's packet filter (CAP_NET_ADMIN)",
        f"user {os.geteuid()} has none: {text}",
        remedy="Run as root, or give the whole run a network of its own: "
        f"unshare --user --map-current-user --net --keep-caps sh -c 'ip link set lo up && robot suites/'{unshare}.",
    )
