"""Keywords for connections that live on between keywords: WebSockets, streams over HTTP, and long polling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from robot.api.deco import library
from robotlibcore import DynamicCore

from realstack import __version__
from realstack.core.keywords.writable import Writable
from realstack.websocket import Masker
from realstack.websocket.codecs import CodecName, find
from realstack.websocket.keywords.closing import Closing
from realstack.websocket.keywords.connections import Connections
from realstack.websocket.keywords.facts import Facts
from realstack.websocket.keywords.ledger import Ledger
from realstack.websocket.keywords.opening import Opening
from realstack.websocket.keywords.senders import Senders
from realstack.websocket.keywords.sending import Sending
from realstack.websocket.keywords.streams import Streams
from realstack.websocket.keywords.waiting import Waiting


@library(scope="GLOBAL", version=__version__, doc_format="MARKDOWN", auto_keywords=False)
class WebSocket(DynamicCore):  # type: ignore[misc] # robotlibcore is untyped
    """Talks to WebSocket servers (RFC 6455) over several connections at once, listens to streams over HTTP, and misses nothing.

    ```robotframework
    *** Test Cases ***
    Second Tab Gets What The First One Sends
        Open Connections    ${URL}    tab1    tab2    subprotocols=${protocols}
        Send Json    type=user_message    message_id=${id}    payload.text=Hello    alias=tab1
        Wait For Frame    message_accepted    message_id=${id}    alias=tab1
        ${frame} =    Wait For Frame    message    payload.text=Hello    alias=tab2    timeout=2s
        Should Be Equal    ${frame.payload.role}    user
        No Frame Should Arrive    error_message    within=200ms    alias=tab2
    ```

    ## Connections
    Every connection has an alias. Keywords without ``alias=`` use the current one: the last that was opened, or what
    [Switch Connection] chose. Each has a reader that works all the time, also while no keyword runs, and a
    **ledger** of every frame both ways with the moment it came or went.

    A connection belongs to the test that opened it, or to the suite when it was opened in a suite's set-up, and is closed
    at its owner's end, whatever happened. Its frames also go to the recording of the test (see the History library).

    ## Taking frames
    Think of a letter box. Every received frame can be **taken once**. A wait takes the earliest frame that matches and was not
    taken before, no matter whether it arrived before or during the wait. Frames that do not match stay where they are. So

    - what arrives between two keywords is never missed;
    - waits need not come in the order of the frames: an acknowledgement and a broadcast may overtake each other;
    - one frame never answers two waits, so ``Wait For Frame`` twice means two frames.

    An old frame that nobody took can answer a later wait. Where that matters, match by an id, draw a line with [Take Frames],
    or say ``only_new=True``. [Get Frames] and [Get Frame Count] look at all frames and take none.

    ## Matching
    All conditions that are given must hold:

    | written | holds when |
    |---|---|
    | ``message_accepted`` | the frame's type is that; where frames say their type is set when importing |
    | ``payload.text=Hello`` | the value at the path is that; ``==`` means the same |
    | ``payload.text!=Hello`` | it is not that, or there is none |
    | ``payload.text*=ell`` ``^=`` ``$=`` | it contains, starts with, ends with that; ``*=`` also looks for an item of an array |
    | ``payload.text~=^H.*o$`` | the regular expression is found in it |
    | ``seq>=5`` ``>`` ``<=`` ``<`` | it is a number in that order; texts such as timestamps are compared as texts |
    | ``payload.run_id exists`` ``… missing`` | there is such a field or not |
    | ``payload.items[0].id=a`` ``[-1]`` ``[*]`` | an item, the last item, any item of an array |
    | ``$*=Hello`` | the whole of a text frame |
    | ``{"payload": {"text": "Hello"}}`` | the frame contains this object; arrays must have the same length |
    | ``length=16`` ``hex^=ff d8`` | of bytes: how many they are, what they are in hexadecimal digits; ``args[0].hex`` in others |
    | ``${{ lambda m: m.n % 2 == 0 }}`` | a function of yours says so; it is asked where all else holds |

    A cell of a table is a text: it equals a JSON text, and also the number, ``true``, ``false`` or ``null`` that is spelled so.
    Variables of other types (``${5}``) must be of the same type. A field that is named like an argument (``timeout``) is
    written as a path: ``$.timeout=5``.

    ## Codecs
    What a platform sends is read and written by a codec, named when importing (``codec=signalr``) or opening a connection.
    Everything else sees **messages**: matching, masking, the ledger, the History library, Load, the toxics of NetworkFault.

    | codec | a frame holds | a message's type |
    |---|---|---|
    | ``json`` | JSON, in a text frame or a binary one; what is none is a text or bytes | ``type`` |
    | ``json-binary`` | the same; what is sent goes out in binary frames | ``type`` |
    | ``json-lines`` | a JSON value on each line | ``type`` |
    | ``json-rpc`` | requests and responses of JSON-RPC 2.0; each of a batch is a message | ``method`` |
    | ``msgpack`` | values of MessagePack, in a binary frame; extra ``[msgpack]`` | ``type`` |
    | ``signalr`` | JSON objects, each ended by U+001E; the handshake has ``type=handshake`` | ``target``, or ``type`` |
    | ``socketio`` | a packet of Socket.IO, its attachments as bytes; extra ``[socketio]`` | ``event``, or ``type`` |
    | ``stomp`` | frames of STOMP: ``command``, ``headers``, ``body``; ``heart-beat`` is a line's end | ``command`` |
    | ``text`` | a text or bytes: nothing in it is read | |
    | your own | what its code says | its ``type_path``, or ``type`` |

    ```robotframework
    Open Connection    ${HUB}    tab    codec=signalr
    Send Json    type=handshake    protocol=json    version=${1}
    Wait For Frame    handshake    error missing
    Send Json    type=${1}    target=SendMessage    arguments[0]=Ann    arguments[1]=Hello
    Wait For Frame    ReceiveMessage    arguments[1]=Hello

    Open Connection    ${SOCKET_IO}/?EIO=4&transport=websocket    chat    codec=socketio
    Wait For Frame    open
    Send Json    type=connect    data.token=${token}
    Wait For Frame    connect
    Send Json    event=message    args[0].text=Hello    id=${1}
    Wait For Frame    ack    id=1

    Open Connection    ${BROKER}    queue    codec=stomp    subprotocols=v12.stomp
    Send Json    command=CONNECT    headers.accept-version=1.2    headers.passcode=${passcode}
    Wait For Frame    CONNECTED
    Send Json    command=SEND    headers.destination=/queue/a    body.text=Hello
    ```

    One frame may hold several messages. Each of them counts: it has its own number in the ledger, can be taken once, and is
    recorded by itself, all at the same time. What a codec can't read stays in the ledger as the text or the bytes that it is:
    waits that fail tell so, and [Messages Should Be Well Formed] fails; it fails for ``NaN`` and ``Infinity`` in JSON, too, which
    are read here and by no browser. [Send Frame] sends anything, malformed or not.

    A codec of your own is a class with ``decode(self, payload)`` and, to send, ``encode(self, value)``, made anew for each
    direction of each connection. Or it is a function that decodes, or a module with such functions. As a generator, ``decode``
    gives any number of messages, none while the rest is still to come. It is given itself, or by where it is:
    ``package.module.Name``, ``path/to/file.py``, ``path/to/file.py:Name``.

    ```python
    class Pipes:  # codec=${CURDIR}/pipes.py:Pipes
        def decode(self, payload):
            kind, _, text = payload.partition("|")
            return {"type": kind, "text": text}

        def encode(self, value):
            return f"{value['type']}|{value['text']}"
    ```

    ## Streams
    Much of today's chat streams over HTTP: a request whose answer goes on and on. Such a stream is a connection as others are.
    Waits, matching, codecs, the ledger, masking and the recording know no difference.

    | transport | a message is | its type |
    |---|---|---|
    | ``sse`` | an event of Server-Sent Events (HTML, 9.2): ``{"event": "message", "id": "17", "data": …}`` | ``event`` |
    | ``jsonl`` | a line, as the connection's codec reads it | as its codec says |

    ``event`` is ``message`` where the server gave the event no type; ``id`` is missing where the event has none. ``data`` is what
    the codec reads: with ``json`` an object or array, else the text that it is, such as the ``[DONE]`` of AI APIs. So a
    vocabulary of the History library says ``when: {event: token}`` and ``thread: data.thread``.

    ```robotframework
    Open Connection    ${URL}/events    feed    transport=sse    headers=${headers}
    Wait For Frame    token    data.text=Hello
    Close Connection
    Open Connection    ${URL}/events    feed    transport=sse

    VAR    &{question}    model=small    stream=${True}    prompt=Hello
    Open Connection    ${URL}/v1/completions    answer    transport=sse    body=${question}
    Wait For Frame    data=[DONE]
    Wait Until Closed    by=server
    ```

    Only the server sends: keywords that send or ping refuse. Comments and blank lines are no messages, but heartbeats: see
    [Get Heartbeat Count]. A stream never reconnects by itself. When it has ended and is opened again with its alias and URL, it
    goes on behind its last event, as browsers do; ``resume_from=`` says another one. A redirect is a refusal, and so is an
    answer with another ``Content-Type`` than ``text/event-stream`` to a request for events.

    A stream that comes to its end is closed ``by=server``, one that breaks off in the middle ``by=nobody``. It has no close code:
    [Get Close Code] is ``None``. An event without an empty line behind it counts for nothing, and the end tells so.

    ## Long polling
    Socket.IO begins with requests that the server holds until it has something to say, and stays with them where no WebSocket
    gets through. ``transport=polling`` does so for good. Each packet is a message, as it would be on a WebSocket.

    ```robotframework
    Open Connection    ${URL}/socket.io/    chat    transport=polling    codec=socketio
    Answer Frames    ping    reply={"type": "pong"}
    Send Json    type=connect
    Wait For Frame    connect
    ```

    ``EIO=4`` and ``transport=polling`` are added to the URL where it does not say so, and the session's id once it has begun.
    What is sent is posted, packet by packet, and is sent when the server has it. Cookies of the answers go along with the next
    requests, for balancers in between. The polls share one TCP connection as long as the server keeps it ([Get Local Port] is
    its port at this moment); posts have others.

    A poll or a post that is not answered with 200 ends the session ``by=server``, with the status as the cause, and one that
    is lost ends it ``by=nobody``. A session that the server has closed is closed ``by=server``; [Close Connection] tells the
    server. There are no pings, no close codes and no subprotocols.

    ## Secrets
    Tokens are given as Robot's ``Secret`` and appear nowhere: not in the log at any level, not in the ledger, not in errors.
    Frames are masked before they are kept: fields named like credentials (``token``, ``password``, …), every Secret that
    was ever used, and whatever looks like a signed token. Where such a value is a whole field or header, keywords return it as a
    ``Secret``, so that a login over a WebSocket can be gone on with; it is masked from then on wherever it appears. Masked values
    can't be matched.

    ```robotframework
    ${answer} =    Wait For Frame    logged_in
    Send Json    type=subscribe    token=${answer.token}
    ```

    ## Assertions
    Getters return and, given an operator and a value, assert: ``Get Close Code    ==    1000``. Operators are those of
    Robot Framework's AssertionEngine. Numbers and times may be written as texts: ``Get Ping Time    <    50 ms``.
    """

    ROBOT_LISTENER_API_VERSION = 3

    def __init__(
        self, *, masked_fields: Sequence[str] | str = (), type_path: str | None = None, codec: CodecName = "json"
    ) -> None:
        """Settings of the library.

        Args:
            masked_fields: Names (shell patterns, case ignored) of JSON fields and headers to mask besides the usual ones: a text,
                texts between commas, or a list. ``!name`` leaves a usual one as it is.
            type_path: Where a message says its type; where its codec knows by default.
            codec: How messages are read and written on connections that don't say so themselves; see *Codecs*.
        """
        find(codec)
        self._connections = connections = Connections(Masker(masked_fields), type_path, codec)
        self._waiting = Waiting(connections)
        components = [
            Opening(connections),
            Sending(connections),
            Senders(connections),
            self._waiting,
            Ledger(connections),
            Facts(connections),
            Streams(connections),
            Closing(connections),
            Writable(),
        ]
        super().__init__(components)

    def end_test(self, data: Any, result: Any) -> None:
        """Close what the test opened."""
        self._release(result.full_name, below=False)

    def end_suite(self, data: Any, result: Any) -> None:
        """Close what the suite opened."""
        self._release(result.full_name, below=True)

    def _release(self, owner: str, *, below: bool) -> None:
        self._waiting.release(owner, below=below)
        self._connections.release(owner, below=below)
