"""Keywords that write a script, a step at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from robot.api.deco import keyword
from robot.api.types import Secret

from realstack.core.errors import StackError, explain
from realstack.core.extras import needed
from realstack.core.keywords.waiting import seconds
from realstack.core.several import several
from realstack.load.plan import Script
from realstack.load.scenario import Call, scenario
from realstack.load.steps import Answer, Await, Check, Close, Comparison, Count, Leave, Open, Send, SendEvery, Step, Think
from realstack.websocket import Masker, Match, Tls
from realstack.websocket.codecs import find
from realstack.websocket.keywords.connections import part_of_match
from realstack.websocket.keywords.documents import build, plain_url, reveal
from realstack.websocket.keywords.opening import Body
from realstack.websocket.options import Transport


class Scripts:
    """Has scripts by name; the one created last is being written."""

    def __init__(self) -> None:
        self._scripts: dict[str, Script] = {}
        self._writing: Script | None = None
        self._iterates = False

    @keyword(tags=["script"])
    def create_script(self, name: str, *, base_url: str = "", ca: Path | None = None) -> None:
        """Begins a new script; the steps that follow are done once by each user, before the start.

        Args:
            name: Its name; a script of the same name is replaced.
            base_url: Where relative URLs of HTTP steps start.
            ca: PEM file of the certificate authority to trust instead of the system's, of connections and requests.

        ```robotframework
        Create Script    question    base_url=${FRONTEND_URL}
        ```
        """
        self._writing = self._scripts[name] = Script(name, base_url=base_url, ca=str(ca or ""))
        self._iterates = False

    @keyword(tags=["script"])
    def let_script_iterate(self) -> None:
        """Ends the preparation: the steps that follow are done in each iteration, from its planned time on.

        ```robotframework
        Create Script    question
        Let Script Open Connection    ${URL}
        Let Script Iterate
        Let Script Send    type=ping
        ```
        """
        self._script()
        self._iterates = True

    @keyword(tags=["script"])
    def let_script_open_connection(
        self,
        url: str | Secret,
        *,
        subprotocols: Sequence[str | Secret] | Secret | str = (),
        origin: str | None = None,
        headers: Mapping[str, str | Secret] | None = None,
        alias: str = "tab",
        timeout: timedelta = timedelta(seconds=5),
        ca: Path | None = None,
        verify: bool = True,
        measure: str | None = None,
        codec: str = "json",
        transport: Transport = "websocket",
        method: str = "",
        body: Body = None,
    ) -> None:
        """Adds a step: open a WebSocket or a stream over HTTP. Its frames are recorded as those of ``<user>/<alias>``.

        Args:
            url: ``ws://`` or ``wss://``, of streams ``http://`` or ``https://``. It may be a Secret, as may be subprotocols and
                values of headers.
            subprotocols: To offer, such as ``jwt.{token:b64url}``: a text, texts between commas, or a list.
            origin: Value of the ``Origin`` header.
            headers: For the handshake, one line each: one that the handshake has by itself, such as ``Host``, is replaced.
            alias: Name within the user.
            timeout: For opening.
            ca: PEM file of authorities to trust instead of those of the script, or the system's.
            verify: Whether the certificate and its name are checked.
            measure: Name under which opening is measured.
            codec: How messages are read and written: a name, or where one of your own is; see *Codecs* of the WebSocket library.
            transport: ``websocket``, ``sse``, ``jsonl`` or ``polling``; see *Streams* and *Long polling* of WebSocket.
            method: Of the request for a stream; ``GET`` by default, ``POST`` where it has a body.
            body: Of the request for a stream: an object or a list, sent as JSON, a text or bytes. Values fill
                it; in a text other braces are doubled.

        ```robotframework
        Let Script Open Connection    ${EVENTS}    transport=sse    alias=feed
        Let Script Open Connection    ${URL}    subprotocols=${{['jwt-auth', 'jwt.{token:b64url}']}}    measure=handshake
        ```
        """
        find(codec)
        masker = Masker()
        offered = [subprotocols] if isinstance(subprotocols, Secret) else several(subprotocols)
        step = Open(
            plain_url(url, masker),
            tuple(reveal(offered, masker, "WebSocket subprotocol")),
            origin,
            reveal(dict(headers or {}), masker, "header of a WebSocket handshake"),
            alias,
            seconds(timeout),
            measure,
            codec,
            None if ca is None and verify else Tls(ca, verify),
            transport,
            method,
            reveal(body, masker, "body of the request for a stream"),
        )
        self._add(step)

    @keyword(tags=["script"])
    def let_script_send(self, value: Mapping[str, Any] | None = None, *, alias: str = "tab", **fields: Any) -> None:
        """Adds a step: send a message as the connection's codec writes it, given as a value, as fields by path, or both.

        Args:
            value: An object.
            alias: Which connection.
            **fields: Paths and their values.

        ```robotframework
        Let Script Send    type=user_message    message_id={id}    thread_id={thread}    payload.text={query}
        ```
        """
        self._add(Send(build(value, fields), alias))

    @keyword(tags=["script"])
    def let_script_send_frame(self, content: str | bytes, *, alias: str = "tab") -> None:
        """Adds a step: send a text, or bytes in a binary frame, as they are.

        Args:
            content: The text, which is a template, or the bytes.
            alias: Which connection.

        ```robotframework
        Let Script Send Frame    2probe
        Let Script Send Frame    ${{ b'\\x00\\x01' }}
        ```
        """
        self._add(Send(content, alias))

    @keyword(tags=["script"])
    def let_script_send_every(self, interval: timedelta, content: Any = None, *, alias: str = "tab", **fields: Any) -> None:
        """Adds a step: from now on, send the same by interval until the connection ends, such as a heartbeat.

        It runs besides the steps that follow and is no part of what is measured. When it can't be sent, the next step on the
        connection has an error ``background``.

        Args:
            interval: Time from one to the next; the first goes out one interval from now.
            content: A text or bytes, sent as they are, or a JSON object.
            alias: Which connection.
            **fields: Paths and their values.

        ```robotframework
        Let Script Send Every    10 s    type=ping
        ```
        """
        found = part_of_match(content)
        self._add(SendEvery(seconds(interval), found if isinstance(found, (str, bytes)) else build(found, fields), alias))

    @keyword(tags=["script"])
    def let_script_answer(self, *conditions: str, reply: Any, alias: str = "tab", **fields: Any) -> None:
        """Adds a step: from now on, answer each message that matches until the connection ends.

        Args:
            *conditions: As in ``Wait For Frame`` of the WebSocket library; no step gets these messages.
            reply: A text or bytes, sent as they are, or a JSON object. ``{id}`` is a field of the message or a value of the user.
            alias: Which connection.
            **fields: Further conditions by path.

        ```robotframework
        Let Script Answer    ping    reply={"type": "pong"}
        ```
        """
        found = part_of_match(reply)
        if not isinstance(found, (str, bytes, Mapping)):
            remedy = "Use [Let Script Call] with a function that answers."
            raise StackError(explain("a reply that is a text, bytes or a JSON object", type(found).__name__, remedy=remedy))
        self._add(Answer(self._conditions(conditions, fields), found, alias))

    @keyword(tags=["script"])
    def let_script_await(
        self,
        *conditions: str,
        timeout: timedelta = timedelta(seconds=5),
        measure: str | None = None,
        keep: Mapping[str, str] | None = None,
        fails_on: Sequence[str] | str = (),
        pieces: Sequence[str] | str = (),
        alias: str = "tab",
        **fields: Any,
    ) -> None:
        """Adds a step: wait for a frame that matches, whether it comes now or came before and was not taken.

        Args:
            *conditions: As in ``Wait For Frame`` of the WebSocket library.
            timeout: How long to wait from now on.
            measure: Name under which the time from the planned time until the frame came is measured.
            keep: Name to path: values of the frame to take; kept in the results and available as ``{name}`` from now on.
            fails_on: Conditions of a frame that ends the wait as an error ``rejected``: a text, texts between commas, or a list.
            pieces: Conditions of the frames that an answer comes in before it ends with the frame that is waited for, over a
                WebSocket or a stream: they are taken, and of an answer that is measured as ``answer`` the time from the planned time
                until the first one and the longest time in which nothing came, until its end, are the measures
                ``answer: first word`` and ``answer: longest gap``.
            alias: Which connection.
            **fields: Further conditions by path.

        Raises:
            StackError: There are ``pieces`` of what is not measured.

        ```robotframework
        Let Script Await    agent_completed    measure=answer    pieces=stream_chunk
        Let Script Await    agent_completed    payload.run_id={run}    timeout=5 s    measure=answer    keep=${{ {'answer': 'payload.text'} }}
        ```
        """  # noqa: E501 - a line of an example
        wanted = self._conditions(conditions, fields)
        bad = several(fails_on)
        _check(bad)
        parts = several(pieces)
        _check(parts)
        if parts and not measure:
            raise StackError(explain("the name of a measure for an answer in pieces: measure=answer", "none"))
        self._add(Await(wanted, seconds(timeout), measure, dict(keep or {}), tuple(bad), alias, tuple(parts)))

    @keyword(tags=["script"])
    def let_script_think(self, pause: timedelta) -> None:
        """Adds a step: pause as a person does. What follows is planned that much later, so a slow platform does not shift it.

        Args:
            pause: How long.

        ```robotframework
        Let Script Think    1.5 s
        ```
        """
        self._add(Think(seconds(pause)))

    @keyword(tags=["script"])
    def let_script_check(self, value: str, comparison: Comparison, expected: Any) -> None:
        """Adds a step: compare a value; when it does not hold, the iteration has an error ``wrong``.

        Args:
            value: A template, such as ``{answer}``.
            comparison: How.
            expected: A template too, such as ``{expected}``.

        ```robotframework
        Let Script Check    {answer}    contains    {expected}
        ```
        """
        self._add(Check(value, comparison, expected))

    @keyword(tags=["script"])
    def let_script_request(
        self,
        method: str,
        url: str,
        *,
        bearer: str | None = None,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        file: Path | None = None,
        form: Mapping[str, Any] | None = None,
        status: int | None = None,
        keep: Mapping[str, str] | None = None,
        timeout: timedelta = timedelta(seconds=5),
        measure: str | None = None,
    ) -> None:
        """Adds a step: send an HTTP request in the user's own session, which keeps its cookies.

        Args:
            method: HTTP method.
            url: Absolute, or relative to the script's base URL.
            bearer: Template of a token, such as ``{token}``.
            headers: Besides the session's.
            json: Template of a JSON body.
            file: A file to upload as multipart field ``file``.
            form: Fields that go with it.
            status: The status that the answer must have; any below 400 unless given. Another is an error ``http``.
            keep: Name to path in the JSON answer: available as ``{name}`` from now on. Not kept in the results.
            timeout: For the whole exchange.
            measure: Name under which the time from the planned time until the answer is measured.

        ```robotframework
        Let Script Request    POST    /api/threads    json=${{ {'title': '{n}'} }}    keep=${{ {'thread': 'id'} }}
        ```
        """
        if file is not None and not file.is_file():
            raise StackError(explain("a file to upload", f"there is none at {file}"))
        with needed("to send HTTP requests", "load"):
            from realstack.load.http_steps import Request  # noqa: PLC0415 -- loaded here, before users wait for it
        step = Request(
            method=method,
            url=url,
            bearer=bearer,
            headers=dict(headers or {}),
            body=json,
            file=file,
            form=dict(form or {}),
            status=status,
            keep=dict(keep or {}),
            timeout=seconds(timeout),
            measure=measure,
        )
        self._add(step)

    @keyword(tags=["script"])
    def let_script_sign_in(
        self,
        url: str,
        *,
        fields: Mapping[str, Any],
        press: str | Sequence[str] = (),
        end_at: str = "",
        timeout: timedelta = timedelta(seconds=10),
        measure: str | None = None,
    ) -> None:
        """Adds a step: sign in through the provider's forms, as ``Sign In With Forms`` of the OAuth library does.

        Args:
            url: Where to start.
            fields: Field name to template, such as ``{password}``, or to a list of them.
            press: Buttons to press where they are found: a text, texts between commas, or a list.
            end_at: Where it must end; else the error is ``sign-in``, as it is where the provider refuses.
            timeout: For everything together.
            measure: Name under which the time from the planned time until the end is measured.

        ```robotframework
        Let Script Sign In    /auth/login    fields=${{ {'login': '{email}', 'password': '{password}'} }}    measure=login
        ```
        """
        with needed("to sign in", "load"):
            from realstack.load.http_steps import SignIn  # noqa: PLC0415 -- loaded here, before users wait for it
        self._add(SignIn(url, dict(fields), tuple(several(press)), end_at, seconds(timeout), measure))

    @keyword(tags=["script"])
    def let_script_close_connection(self, *, alias: str = "tab", code: int = 1000, abruptly: bool = False) -> None:
        """Adds a step: close a connection.

        Args:
            alias: Which one.
            code: Close code (RFC 6455, 7.4).
            abruptly: Drop the transport without a close frame.

        ```robotframework
        Let Script Close Connection    code=1001
        ```
        """
        self._add(Close(alias, code, abruptly))

    @keyword(tags=["script"])
    def let_script_call(self, file: Path, function: str) -> None:
        """Adds a step: call an ``async`` function of a Python file with the user, for what a table says badly.

        The user has ``connect``, ``send``, ``expect``, ``http``, ``think``, ``keep``, ``count`` and ``leave``, which the other
        steps are made of, and its values by name (``user["query"]``). An ``assert`` that does not hold is an error ``wrong``. The
        file is read in the worker; all of the users' values go there, and must be plain data.

        Args:
            file: A Python file.
            function: Its name; it takes the user.

        ```robotframework
        Let Script Call    ${CURDIR}/scenario.py    ask
        ```
        """
        file = file.absolute()
        scenario(file, function)
        self._add(Call(file, function))

    @keyword(tags=["script"])
    def let_script_count(self, operation: str) -> None:
        """Adds a step: count a piece of work, as ``Count Operations`` of the Monitor library does.

        Args:
            operation: What was done, in the singular: ``connection``, ``login``, ``upload``.

        ```robotframework
        Let Script Count    connection
        ```
        """
        self._add(Count(operation))

    @keyword(tags=["script"])
    def let_script_leave(self) -> None:
        """Adds a step: close all connections and forget all cookies, as a user who goes away.

        ```robotframework
        Let Script Leave
        ```
        """
        self._add(Leave())

    @staticmethod
    def _conditions(conditions: Sequence[str], fields: Mapping[str, Any]) -> tuple[str, ...]:
        wanted = (*conditions, *(f"{path}={value}" for path, value in fields.items()))
        _check(wanted)
        if not wanted:
            raise StackError(explain("at least one condition", "none", remedy="Name the type of the frames that are meant."))
        return wanted

    def _script(self) -> Script:
        if self._writing is None:
            raise StackError("No script is being written. Use [Create Script] first.")
        return self._writing

    def _add(self, step: Step) -> None:
        script = self._script()
        (script.steps if self._iterates else script.setup).append(step)

    def get(self, name: str) -> Script:
        """The script of that name.

        Raises:
            StackError: There is none.
        """
        if name not in self._scripts:
            known = ", ".join(self._scripts) or "none"
            raise StackError(f"There is no script {name!r}. There are: {known}. Use [Create Script] first.")
        return self._scripts[name]


def _check(conditions: Sequence[str]) -> None:
    try:
        Match.of(*conditions)
    except ValueError as error:
        raise StackError(str(error)) from None
