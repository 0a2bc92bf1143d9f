"""Keywords that add toxics to proxy links, and read what they did."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Literal

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword

from realstack.core.errors import InvalidRun, StackError, explain
from realstack.core.keywords.assertions import verify
from realstack.core.keywords.waiting import on_loop, seconds, wait
from realstack.core.loop import background
from realstack.core.quantities import byte_size
from realstack.core.waiting import time_limit
from realstack.faults.keywords.arguments import DirectionName, OneWay, lasting, ways
from realstack.faults.keywords.proxies import Proxies
from realstack.faults.keywords.undoing import Undoing
from realstack.faults.proxy import ProxyLink
from realstack.faults.toxics import (
    Bandwidth,
    Cut,
    CutAfterBytes,
    CutAtBytes,
    CutAtMessage,
    Ending,
    Latency,
    Slicer,
    Stall,
    Toxic,
    Way,
)
from realstack.websocket import Match
from realstack.websocket.codecs import CodecName, find

EndingName = Literal["reset", "finish", "swallow", "stall"]


class Disturbing:
    """Adds toxics to proxy links.

    Args:
        proxies: The links.
        undoing: What is undone at the end of a test.
    """

    def __init__(self, proxies: Proxies, undoing: Undoing) -> None:
        self._proxies = proxies
        self._undoing = undoing

    @keyword(tags=["proxy", "toxic"])
    def add_latency(
        self,
        link: str,
        latency: timedelta,
        *,
        jitter: timedelta = timedelta(0),
        direction: DirectionName = "both",
        name: str = "latency",
        **named: timedelta,
    ) -> None:
        """Delays everything, in order, by a time that varies by up to the jitter. ``for=`` removes it after a time.

        ```robotframework
        Add Latency    slow    300ms    jitter=100ms    direction=from-service
        ```
        """
        self._add(link, name, direction, lambda one, way: Latency(one, way, seconds(latency), jitter=seconds(jitter)), named)

    @keyword(tags=["proxy", "toxic"])
    def limit_bandwidth(
        self, link: str, rate: str, *, direction: DirectionName = "both", name: str = "bandwidth", **named: timedelta
    ) -> None:
        """Lets no more than so many bytes a second pass on each connection. ``for=`` removes it after a time.

        Args:
            link: The proxy link.
            rate: Bytes per second, such as ``20000``, ``20 kB`` or ``1 MiB``.
            direction: Which way.
            name: Name of the toxic.
            named: ``for=``.

        ```robotframework
        Limit Bandwidth    slow    20 kB    direction=to-service
        ```
        """
        self._add(link, name, direction, lambda one, way: Bandwidth(one, way, byte_size(rate, "the rate")), named)

    @keyword(tags=["proxy", "toxic"])
    def slice_data(
        self,
        link: str,
        size: int | str,
        *,
        delay: timedelta = timedelta(0),
        direction: DirectionName = "both",
        name: str = "slicer",
        **named: timedelta,
    ) -> None:
        """Lets data arrive in slices of so many bytes, with a delay between them. ``for=`` removes it after a time.

        ```robotframework
        Slice Data    wire    7    delay=5 ms    direction=from-service
        ```
        """
        piece = round(byte_size(size, "the size of a slice"))
        self._add(link, name, direction, lambda one, way: Slicer(one, way, piece, seconds(delay)), named)

    @keyword(tags=["proxy", "toxic"])
    def stall_link(self, link: str, *, direction: DirectionName = "both", name: str = "stall", **named: timedelta) -> None:
        """Lets nothing pass, and loses nothing: all goes on when the toxic is removed. ``for=`` removes it after a time.

        ```robotframework
        Stall Link    wire    direction=from-service    for=2 s
        ```
        """
        self._add(link, name, direction, Stall, named)

    @keyword(tags=["proxy", "toxic"])
    def cut_after_bytes(
        self,
        link: str,
        count: int | str,
        *,
        direction: OneWay = "from-service",
        ending: Literal["reset", "finish", "stall"] = "reset",
        times: int = 1,
        skip: int = 0,
        name: str = "cut",
    ) -> None:
        """Cuts a connection when exactly so many more bytes have passed on it.

        Args:
            link: The proxy link.
            count: Bytes that still pass on each connection, counted from now, such as ``4096`` or ``4 KiB``.
            direction: Which way.
            ending: What happens: ``reset`` and ``finish`` end the connection, ``stall`` lets it stand still.
            times: How many connections it hits; 0 for any number.
            skip: How many it lets go first.
            name: Name of the toxic.

        ```robotframework
        Cut After Bytes    wire    1000    direction=to-service    ending=finish
        ```
        """
        chosen, passing = Ending(ending), round(byte_size(count, "what still passes"))
        self._add(link, name, direction, lambda one, way: CutAfterBytes(one, way, chosen, times, skip, passing), {})

    @keyword(tags=["proxy", "toxic"])
    def cut_at_bytes(
        self,
        link: str,
        pattern: str | bytes,
        *,
        direction: OneWay = "from-service",
        ending: Literal["reset", "finish", "stall"] = "reset",
        times: int = 1,
        skip: int = 0,
        name: str = "cut",
    ) -> None:
        """Cuts a connection where a pattern of bytes passes. Texts are taken as UTF-8. See [Cut After Bytes].

        ```robotframework
        Cut At Bytes    wire    HTTP/1.1 201    ending=reset
        ```
        """
        try:
            raw = pattern.encode() if isinstance(pattern, str) else pattern
        except UnicodeEncodeError as error:
            raise StackError(explain("a pattern of characters that UTF-8 has", str(error))) from None
        chosen = Ending(ending)
        self._add(link, name, direction, lambda one, way: CutAtBytes(one, way, chosen, times, skip, raw), {})

    @keyword(tags=["proxy", "toxic"])
    def cut_at_message(
        self,
        link: str,
        *match: str | dict[str, Any],
        direction: OneWay = "from-service",
        ending: EndingName = "reset",
        times: int = 1,
        skip: int = 0,
        name: str = "cut",
        codec: CodecName = "json",
        **fields: Any,
    ) -> None:
        """Cuts a connection where a WebSocket message passes that matches; the message itself does not arrive.

        This is how an acknowledgement gets lost whose message is stored. Messages are matched as by *Wait For Frame* of the
        WebSocket library, compressed ones too.

        Args:
            link: The proxy link.
            match: Types, expressions or dictionaries.
            direction: Which way.
            ending: ``reset`` and ``finish`` end the connection, ``stall`` lets it stand still with the message
                held back, ``swallow`` loses this one message and nothing else.
            times: How many connections (or messages, when they are swallowed) it hits; 0 for any number.
            skip: How many matching messages it lets pass first.
            name: Name of the toxic.
            codec: How messages are read, as on connections of the WebSocket library. A frame goes with all that are in it.
            fields: Paths and their values.

        ```robotframework
        Cut At Message    wire    message_accepted    message_id=${id}
        Wait Until Toxic Hits    wire    cut    timeout=2s
        Cut At Message    hub    ReceiveMessage    codec=signalr    ending=swallow
        ```
        """
        make_codec = find(codec)
        try:
            wanted = Match.of(*match, type_path=make_codec().type_path, **fields)
        except (ValueError, TypeError) as error:
            raise StackError(str(error)) from None
        chosen = Ending(ending)

        def make(one: str, way: Way) -> Toxic:
            return CutAtMessage(one, way, chosen, times, skip, wanted, make_codec=make_codec)

        self._add(link, name, direction, make, {})

    def _add(self, link: str, name: str, direction: str, make: Callable[[str, Way], Toxic], named: dict[str, timedelta]) -> None:
        """Add a toxic, or one for each direction with the direction at the end of its name."""
        proxy, duration = self._proxies.get(link), lasting(named)
        chosen = ways(direction)
        names = [name] if len(chosen) == 1 else [f"{name}-{way.value}" for way in chosen]
        toxics = [make(one, way) for one, way in zip(names, chosen, strict=True)]

        async def undo() -> None:
            for toxic in toxics:
                if toxic in proxy.toxics:
                    proxy.remove(toxic.name)

        def add() -> None:
            for toxic in toxics:
                proxy.add(toxic)
            if duration is not None:
                background.loop.call_later(seconds(duration), lambda: background.spawn(undo()))

        on_loop(add)
        self._undoing.add(undo)
        for toxic in toxics:
            logger.info(f"Link '{link}': {toxic}")

    @keyword(tags=["proxy", "toxic"])
    def remove_toxic(self, link: str, name: str) -> None:
        """Removes a toxic, in both directions if it has both; what it held back goes on at once.

        ```robotframework
        Remove Toxic    slow    latency
        ```
        """
        proxy = self._proxies.get(link)

        def remove() -> None:
            for one in _names(proxy, name):
                proxy.remove(one)

        on_loop(remove)

    @keyword(tags=["proxy", "toxic"])
    def remove_all_toxics(self, link: str) -> None:
        """Removes all toxics of a proxy link.

        ```robotframework
        Remove All Toxics    slow
        ```
        """
        proxy = self._proxies.get(link)
        on_loop(proxy.remove_all)

    @keyword(tags=["proxy", "toxic", "getter"])
    def get_toxics(
        self,
        link: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
    ) -> list[str]:
        """Returns the names of the toxics in force, oldest first, and asserts.

        ```robotframework
        Get Toxics    slow    ==    latency-to-service, latency-from-service
        ```
        """
        proxy = self._proxies.get(link)
        names = on_loop(lambda: [toxic.name for toxic in proxy.toxics])
        return verify(names, assertion_operator, assertion_expected, f"Toxics of link '{link}'", message)

    @keyword(tags=["proxy", "toxic", "getter"])
    def get_toxic_hits(
        self,
        link: str,
        name: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
    ) -> int:
        """Returns how often a toxic, in force or not any more, has disturbed something, and asserts.

        ```robotframework
        Get Toxic Hits    slow    bandwidth    >    0
        ```
        """
        what = f"Hits of toxic '{name}' of link '{link}'"
        return verify(self._hits(link, name), assertion_operator, assertion_expected, what, message)

    def _hits(self, link: str, name: str) -> int:
        proxy = self._proxies.get(link)
        return on_loop(lambda: sum(proxy.get(one).hits for one in _names(proxy, name)))

    @keyword(tags=["proxy", "toxic"])
    def toxic_should_have_hit(self, link: str, name: str, *, at_least: int = 1) -> None:
        """Makes the test INVALID unless a toxic has disturbed something at least so often.

        ```robotframework
        Toxic Should Have Hit    wire    slicer    at_least=10
        ```
        """
        hits = self._hits(link, name)
        if hits < at_least:
            raise InvalidRun(self._missed(link, name, at_least, hits, ""))

    @keyword(tags=["proxy", "toxic"])
    def wait_until_toxic_hits(
        self, link: str, name: str = "cut", *, at_least: int = 1, timeout: timedelta = timedelta(seconds=5)
    ) -> None:
        """Waits until a cut has hit so often; makes the test INVALID if it does not in time.

        ```robotframework
        Cut At Message    wire    message_accepted
        Wait Until Toxic Hits    wire    cut    timeout=2 s
        ```
        """
        proxy = self._proxies.get(link)
        if not isinstance(on_loop(lambda: proxy.get(name)), Cut):
            raise StackError(
                f"Toxic '{name}' of link '{link}' is no cut: it has no moment at which it hits. Use [Get Toxic Hits]."
            )
        patience = time_limit.cut(seconds(timeout))
        try:
            wait(proxy.wait_hit(name, at_least, patience), patience)
        except TimeoutError:
            within = f" within {patience:g} s"
            raise InvalidRun(self._missed(link, name, at_least, self._hits(link, name), within)) from None

    def _missed(self, link: str, name: str, at_least: int, hits: int, within: str) -> str:
        proxy = self._proxies.get(link)
        evidence = "\n".join(f"{key}: {value}" for key, value in on_loop(proxy.facts).items())
        return explain(
            f"toxic '{name}' of link '{link}' hits at least {at_least} times{within}",
            f"it hit {hits} times",
            evidence=evidence,
            remedy="Look whether clients connect through the proxy, and whether what it waits for ever passes.",
        )


def _names(proxy: ProxyLink, name: str) -> list[str]:
    """The toxic of that name, or those of its two directions."""
    pair = [f"{name}-{way.value}" for way in Way]
    return pair if all(proxy.knows(one) for one in pair) and not proxy.knows(name) else [name]
