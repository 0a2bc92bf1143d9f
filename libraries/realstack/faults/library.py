"""Keywords that break the network, for real, and prove it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from robot.api.deco import library
from robotlibcore import DynamicCore

from realstack import __version__
from realstack.core.keywords.writable import Writable
from realstack.core.several import several
from realstack.faults.keywords.cutting import Cutting
from realstack.faults.keywords.disturbing import Disturbing
from realstack.faults.keywords.link_faults import LinkFaults
from realstack.faults.keywords.owned_links import link_book
from realstack.faults.keywords.proxies import Proxies
from realstack.faults.keywords.proxying import Proxying
from realstack.faults.keywords.receipts import Receipts
from realstack.faults.keywords.undoing import Undoing


@library(scope="GLOBAL", version=__version__, doc_format="MARKDOWN", auto_keywords=False)
class NetworkFault(DynamicCore):  # type: ignore[misc] # robotlibcore is untyped
    """Breaks links between clients and services: in the kernel, or in a proxy between them.

    ```robotframework
    *** Test Cases ***
    Page Should Survive An Outage
        Cut Link    frontend    drop    for=1.5s
        Send Messages While Offline
        Wait Until Link Is Healed    frontend
        Receipt Should Prove Outage    frontend    at_least=5
    ```

    A **link** is all clients' way to a service. It has the name of the service, or of a group of replicas, of the platform that
    runs; [Define Link] names others.

    ## Cutting
    [Cut Link] lets the kernel (nftables) do it, so that page, services and test see exactly what a broken network does:

    | kind | what happens to packets | what clients notice |
    |---|---|---|
    | ``drop`` | they vanish | nothing, for minutes; then time-outs |
    | ``reject`` | they are answered by ICMP port unreachable | new connections are refused at once, open ones starve |
    | ``reset`` | they are answered by TCP RST; open connections are ended | everything breaks at once |
    | ``stall`` | those of the connections that are open now vanish | they stand still, new ones work |

    ``direction=`` makes it one way, ``connections=`` hits only new or only established ones, ``client_port=`` only one
    client's. On one machine packets are hit where they would be received, so that their sender notices nothing.
    After a heal, TCP goes on with its next retransmission, and those come ever more rarely: after a long outage
    a client without a heartbeat of its own stays silent for a while.

    ## Nothing stays broken
    Every fault has a longest time (``for=`` or ``max=``, at the most ten minutes) that the kernel itself keeps, to the
    millisecond: a test that is killed leaves no machine cut off. Faults end with the test or suite that made them, whatever
    happened. All rules are in one table that bears the run's name, which the run's reaper deletes if nobody else
    does; nothing else is ever touched.

    Faults hit only what this run owns: services of the platform's driver, what this process or its children listen on, and
    ``allowed`` addresses. Anything else is refused. Root is not needed in a network namespace of one's own:
    ``unshare --user --map-current-user --net --keep-caps sh -c 'ip link set lo up && robot suites/'``.

    Containers of the platform have networks of their own. Whoever comes from this machine is hit where a port is published;
    other containers are hit in the container's network, in a table of the same name that goes with it. After a restart the
    container has another network, without rules: the fault's receipt says so and proves nothing. Client ports are this machine's.

    Cutting and resetting in the kernel need Linux with ``nftables`` and ``iproute2``; proxy links work on every system.

    ## Receipts
    *No receipt, no pass.* The kernel counts each packet and byte that a fault hits, and a probe tries the link before, during and
    after it; what the probes themselves lose does not count. [Receipt Should Prove Outage] makes the test INVALID, never
    passed, if the fault met nobody or was not there.

    ## Proxy links
    [Open Proxy Link] makes a link that runs through this process. Without toxics it is transparent: bytes, ends, resets and
    the pressure of slow readers pass as they are. **Toxics** with names, each in one direction or both, are added and removed at
    run time: [Add Latency], [Limit Bandwidth], [Slice Data], [Stall Link], and cuts: [Cut After Bytes], [Cut At Bytes], [Cut At
    Message]. A cut hits ``times`` connections and has spent itself then, so that the client's next try works. Nothing is lost
    unless a cut loses it.

    ```robotframework
    *** Test Cases ***
    Acknowledgement Is Lost After The Message Was Stored
        Open Proxy Link    wire    frontend
        ${url} =    Get Proxy Url    wire    ${SOCKET_URL}
        Open Connection    ${url}    tab1    subprotocols=${protocols}
        Cut At Message    wire    message_accepted    message_id=${id}
        Send Json    type=user_message    message_id=${id}    payload.text=Hello
        Wait Until Toxic Hits    wire    cut
        Wait Until Closed    1006    alias=tab1
    ```

    ## Assertions
    Getters return and, given an operator and a value, assert: ``Get Dropped Packets    frontend    >    0``. Operators are
    those of Robot Framework's AssertionEngine. Numbers and times may be written as texts.
    """

    ROBOT_LISTENER_API_VERSION = 3

    def __init__(self, *, allowed: Sequence[str] | str = ()) -> None:
        """Settings of the library.

        Args:
            allowed: Addresses (``host:port``) that may be hit besides those of the platform: a text, texts between
                commas, or a list.
        """
        book = link_book(several(allowed))
        self._undoing = undoing = Undoing()
        faults, proxies = LinkFaults(undoing), Proxies(undoing)
        components = [
            Cutting(book, faults, undoing),
            Receipts(faults),
            Proxying(book, proxies, undoing),
            Disturbing(proxies, undoing),
            Writable(),
        ]
        super().__init__(components)

    def end_test(self, data: Any, result: Any) -> None:
        """Undo what the test did."""
        self._undoing.release(result.full_name, below=False)

    def end_suite(self, data: Any, result: Any) -> None:
        """Undo what the suite did."""
        self._undoing.release(result.full_name, below=True)
