"""The proxy links that keywords work on."""

from __future__ import annotations

from realstack.core.keywords.scope import current_owner
from realstack.core.keywords.waiting import wait
from realstack.core.ownership import Owned
from realstack.faults.keywords.undoing import Undoing
from realstack.faults.links import Target
from realstack.faults.proxy import ProxyLink


class Proxies:
    """Proxy links by name, until the end of the test or suite that opened them.

    Args:
        undoing: What is undone then.
    """

    def __init__(self, undoing: Undoing) -> None:
        self._undoing = undoing
        self._owned: Owned[ProxyLink] = Owned("proxy link", "Open Proxy Link")

    def open(self, name: str, target: Target, *, strip_extensions: bool) -> ProxyLink:
        """Open a link.

        Raises:
            StackError: There is one of that name.
        """
        self._owned.free_alias(name)
        proxy = ProxyLink(name, target, strip_extensions=strip_extensions)
        wait(proxy.open())
        self._owned.add(proxy, current_owner(), name)

        async def undo() -> None:
            self._owned.drop(proxy)
            await proxy.close()

        self._undoing.add(undo)
        return proxy

    def get(self, name: str) -> ProxyLink:
        """The link of that name.

        Raises:
            StackError: There is none; says which there are.
        """
        return self._owned.get(name)

    def holds(self, proxy: ProxyLink) -> bool:
        """Whether a link is still open."""
        return any(one is proxy for one in self._owned)

    def close(self, name: str) -> None:
        """Close a link; errors as in `get`."""
        proxy = self._owned.get(name)
        wait(proxy.close())
        self._owned.drop(proxy)
