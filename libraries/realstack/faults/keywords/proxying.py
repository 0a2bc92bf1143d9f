"""Keywords that send links through a proxy, and end what runs there."""

from __future__ import annotations

from typing import Any, Literal
from urllib.parse import urlsplit, urlunsplit

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword

from realstack.core.errors import InvalidRun, StackError, explain
from realstack.core.keywords.assertions import verify_number
from realstack.faults.keywords.state import DirectionName, OneWay, State, ways
from realstack.faults.links import targets_of
from realstack.faults.proxy import CONNECT_SECONDS, ProxyLink
from realstack.faults.toxics import Way


class Proxying(State):
    """Proxy keywords of the NetworkFault library."""

    @keyword
    def open_proxy_link(self, name: str, service: str, port: int | None = None, *, strip_extensions: bool = False) -> str:
        """Opens a link that runs through this process, to be disturbed by toxics. See *Proxy links* in the introduction.

        Args:
            name: Name of the new link.
            service: Service of the platform, a name given by [Define Link], or a host if a port is given.
            port: Port at that host.
            strip_extensions: Take the offer of WebSocket extensions out of handshakes. Needed to swallow single messages.

        Returns:
            Where clients connect to, as ``127.0.0.1:port``.

        ```robotframework
        Open Proxy Link    slow    frontend
        ${url} =    Get Proxy Url    slow    ${FRONTEND_URL}
        ```
        """
        if name in self._proxies:
            raise StackError(f"There is a proxy link '{name}' already. Use [Close Proxy Link] first, or choose another name.")
        target = targets_of(service, port)[0] if port is not None else self._book.get(service).targets[0]
        proxy = ProxyLink(name, target, strip_extensions=strip_extensions)
        self._wait(proxy.open())
        self._proxies[name] = proxy

        async def undo() -> None:
            self._proxies.pop(name, None)
            await proxy.close()

        self._own(undo)
        logger.info(f"Link '{name}' to {target} begins at 127.0.0.1:{proxy.port}")
        return f"127.0.0.1:{proxy.port}"

    @keyword
    def close_proxy_link(self, link: str) -> None:
        """Closes a proxy link; its connections are reset."""
        self._wait(self._proxy(link).close())
        del self._proxies[link]

    @keyword
    def get_proxy_url(self, link: str, url: str) -> str:
        """Returns a URL with its host and port replaced, so that it leads through the proxy."""
        parts = urlsplit(url)
        if parts.username or parts.password:
            raise StackError(
                "A URL with a user or a password can't be returned: it would be logged. Put the parts together yourself."
            )
        return urlunsplit(parts._replace(netloc=f"127.0.0.1:{self._proxy(link).port}"))

    @keyword
    def reset_proxy_connections(self, link: str, *, at_least: int = 1) -> int:
        """Ends all connections of a proxy link with a reset to both ends, and returns how many there were.

        Raises:
            InvalidRun: There were fewer than ``at_least``: the fault did not happen.
        """
        proxy = self._proxy(link)
        self._wait(proxy.settle(), CONNECT_SECONDS)
        count = self._wait(proxy.reset_all())
        if count < at_least:
            raise InvalidRun(explain(f"at least {at_least} connections of link '{link}' to reset", f"there were {count}"))
        return count

    @keyword
    def half_close_link(self, link: str, direction: OneWay = "from-service") -> int:
        """Ends one direction of all connections in order (TCP FIN), and discards what still comes that way.

        Returns:
            How many connections.
        """
        proxy = self._proxy(link)
        self._wait(proxy.settle(), CONNECT_SECONDS)
        return self._wait(proxy.half_close(Way(direction)))

    @keyword
    def refuse_new_connections(self, link: str) -> None:
        """Refuses new connections of a proxy link, as if the service were down; open ones stay."""
        proxy = self._proxy(link)
        self._wait(proxy.refuse())

        async def undo() -> None:
            if self._proxies.get(link) is proxy:
                await proxy.accept_again()

        self._own(undo)

    @keyword
    def accept_new_connections(self, link: str) -> None:
        """Takes new connections of a proxy link again."""
        self._wait(self._proxy(link).accept_again())

    @keyword
    def get_passed_bytes(
        self,
        link: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
        *,
        direction: DirectionName = "both",
        what: Literal["received", "delivered", "discarded"] = "delivered",
    ) -> int:
        """Returns the bytes that a proxy link received from senders, delivered to receivers, or lost to cuts, and asserts."""
        proxy = self._proxy(link)
        total = self._run(lambda: sum(int(getattr(proxy.traffic[way], what)) for way in ways(direction)))
        subject = f"Bytes that link '{link}' {what} ({direction})"
        return int(verify_number(total, assertion_operator, assertion_expected, subject, message))

    @keyword
    def get_proxy_connections(
        self,
        link: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
    ) -> int:
        """Returns how many connections run through a proxy link now, and asserts."""
        proxy = self._proxy(link)
        self._wait(proxy.settle(), CONNECT_SECONDS)
        count = self._run(lambda: proxy.connections)
        what = f"Connections of link '{link}'"
        return int(verify_number(count, assertion_operator, assertion_expected, what, message))
