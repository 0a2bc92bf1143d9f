"""Keywords that send links through a proxy, and end what runs there."""

from __future__ import annotations

from typing import Any, Literal
from urllib.parse import urlsplit, urlunsplit

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword

from realstack.core.errors import InvalidRun, StackError, explain
from realstack.core.keywords.assertions import verify
from realstack.core.keywords.waiting import on_loop, wait
from realstack.faults.keywords.arguments import DirectionName, OneWay, ways
from realstack.faults.keywords.proxies import Proxies
from realstack.faults.keywords.undoing import Undoing
from realstack.faults.links import LinkBook, targets_of
from realstack.faults.proxy import CONNECT_SECONDS
from realstack.faults.toxics import Way
from realstack.secrets.redaction import redact_text


class Proxying:
    """Sends links through a proxy.

    Args:
        book: Which links there are.
        proxies: Those that run through a proxy.
        undoing: What is undone at the end of a test.
    """

    def __init__(self, book: LinkBook, proxies: Proxies, undoing: Undoing) -> None:
        self._book = book
        self._proxies = proxies
        self._undoing = undoing

    @keyword(tags=["proxy"])
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
        target = targets_of(service, port)[0] if port is not None else self._book.find(service).targets[0]
        proxy = self._proxies.open(name, target, strip_extensions=strip_extensions)
        logger.info(f"Link '{name}' to {target} begins at 127.0.0.1:{proxy.port}")
        return f"127.0.0.1:{proxy.port}"

    @keyword(tags=["proxy"])
    def close_proxy_link(self, link: str) -> None:
        """Closes a proxy link; its connections are reset.

        ```robotframework
        Close Proxy Link    slow
        ```
        """
        self._proxies.close(link)

    @keyword(tags=["proxy"])
    def get_proxy_url(self, link: str, url: str) -> str:
        """Returns a URL with its host and port replaced, so that it leads through the proxy.

        ```robotframework
        ${url} =    Get Proxy Url    slow    ${SOCKET_URL}
        ```
        """
        try:
            parts = urlsplit(url)
        except ValueError:  # what it says may hold a part of a password
            parts = urlsplit("")
        if not parts.scheme or not parts.netloc:
            raise StackError(explain("a URL with a scheme and a host, such as http://host:8000/path", redact_text(url)))
        if parts.username or parts.password:
            raise StackError(
                "A URL with a user or a password can't be returned: it would be logged. Put the parts together yourself."
            )
        return urlunsplit(parts._replace(netloc=f"127.0.0.1:{self._proxies.get(link).port}"))

    @keyword(tags=["proxy"])
    def reset_proxy_connections(self, link: str, *, at_least: int = 1) -> int:
        """Ends all connections of a proxy link with a reset to both ends, and returns how many there were.

        Raises:
            InvalidRun: There were fewer than ``at_least``: the fault did not happen.

        ```robotframework
        Reset Proxy Connections    wire    at_least=2
        ```
        """
        proxy = self._proxies.get(link)
        wait(proxy.settle(), CONNECT_SECONDS)
        count = wait(proxy.reset_all())
        if count < at_least:
            raise InvalidRun(explain(f"at least {at_least} connections of link '{link}' to reset", f"there were {count}"))
        return count

    @keyword(tags=["proxy"])
    def half_close_link(self, link: str, direction: OneWay = "from-service") -> int:
        """Ends one direction of all connections in order (TCP FIN), and discards what still comes that way.

        Returns:
            How many connections.

        ```robotframework
        Half Close Link    wire    from-service
        ```
        """
        proxy = self._proxies.get(link)
        wait(proxy.settle(), CONNECT_SECONDS)
        return wait(proxy.half_close(Way(direction)))

    @keyword(tags=["proxy"])
    def refuse_new_connections(self, link: str) -> None:
        """Refuses new connections of a proxy link, as if the service were down; open ones stay.

        ```robotframework
        Refuse New Connections    wire
        Reset Proxy Connections    wire
        ```
        """
        proxy = self._proxies.get(link)
        wait(proxy.refuse())

        async def undo() -> None:
            if self._proxies.holds(proxy):
                await proxy.accept_again()

        self._undoing.add(undo)

    @keyword(tags=["proxy"])
    def accept_new_connections(self, link: str) -> None:
        """Takes new connections of a proxy link again.

        ```robotframework
        Accept New Connections    wire
        ```
        """
        wait(self._proxies.get(link).accept_again())

    @keyword(tags=["proxy", "getter"])
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
        """Returns the bytes that a proxy link received from senders, delivered to receivers, or lost to cuts, and asserts.

        ```robotframework
        Get Passed Bytes    wire    >    1 MB    direction=to-service    what=received
        ```
        """
        proxy = self._proxies.get(link)
        total = on_loop(lambda: sum(int(getattr(proxy.traffic[way], what)) for way in ways(direction)))
        subject = f"Bytes that link '{link}' {what} ({direction})"
        return verify(total, assertion_operator, assertion_expected, subject, message, unit="B")

    @keyword(tags=["proxy", "getter"])
    def get_proxy_connections(
        self,
        link: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
    ) -> int:
        """Returns how many connections run through a proxy link now, and asserts.

        ```robotframework
        Get Proxy Connections    wire    ==    2
        ```
        """
        proxy = self._proxies.get(link)
        wait(proxy.settle(), CONNECT_SECONDS)
        count = on_loop(lambda: proxy.connections)
        what = f"Connections of link '{link}'"
        return verify(count, assertion_operator, assertion_expected, what, message)
