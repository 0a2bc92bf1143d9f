"""Keywords that tell the history what no connection can: whose a tab is, what pages and stores showed."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from robot.api import logger
from robot.api.deco import keyword

from realstack.core.errors import StackError, explain
from realstack.core.quantities import byte_size, duration
from realstack.core.several import several
from realstack.history.events import (
    Act,
    AnswerExpected,
    Baseline,
    CanaryGiven,
    FileLayer,
    Leftover,
    LimitCounter,
    LimitSet,
    ListenerRegistered,
    LogsRead,
    PaceDeclared,
    PageRead,
    Posted,
    Probe,
    Said,
    Seen,
    SettingRead,
    Shown,
    Snapshot,
    StopAsked,
    TabRegistered,
    ToolsExpected,
    Typed,
)
from realstack.history.keywords.rows import plain_rows
from realstack.history.search import file_facts
from realstack.history.session import Session
from realstack.recording.events import FaultBegun, FaultEnded, Note, Stored

LONGEST_TEXT = 200_000


def _seconds_since(moment: float | None) -> float | None:
    return None if moment is None else round(time.monotonic() - moment, 6)


class RecordingKeywords:
    """Who is who, and what was seen.

    Args:
        session: What is recorded into.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._record = session.recorder.record

    @keyword(tags=["membership"])
    def register_tab(self, alias: str, user: str, *, page: bool = False, account: str | None = None) -> None:
        """Says whose tab a connection or a page is.

        Laws about users (*all tabs of a user*, *another user*) need to know. Registered in a suite setup, it holds for every
        test of the suite. A connection that nobody registers belongs to the account that the platform greets it as.

        Args:
            alias: The connection's alias, or the page's name.
            user: The test's own name for the user.
            page: Whether it is a page in a browser.
            account: What the platform calls the user, where no greeting on a connection says so: whose rows of stores are.

        ```robotframework
        Register Tab    tab 1    user=ann
        Register Tab    dashboard    user=ann    page=True
        ```
        """
        self._record(TabRegistered(alias, user, page, account))

    @keyword(tags=["membership"])
    def register_listener(self, user: str) -> None:
        """Sets a user aside who only listens: whatever reaches it of anybody else is crosstalk.

        Args:
            user: The user; register its tabs, too ([Register Tab]).

        ```robotframework
        Register Listener    bob
        Register Tab    bystander    user=bob
        ```
        """
        self._record(ListenerRegistered(user))

    @keyword(tags=["membership"])
    def add_canary(self, user: str, canary: str | None = None) -> str:
        """Gives a user a unique token that no other user may ever see, and returns it.

        Put it into every message of that user: the law ``no-crosstalk`` searches for it in everything that
        others can see.

        Args:
            user: Whose token it is.
            canary: The token, of 8 characters at least; a new random one by default.

        Returns:
            The token.

        ```robotframework
        ${canary} =    Add Canary    ann
        Send Message    tab 1    What is 2 + 2? ${canary}
        ```
        """
        token = canary or f"canary-{secrets.token_hex(8)}"
        if len(token) < 8:
            raise StackError(explain("a canary of 8 characters at least, or it turns up by chance", f"{token!r}"))
        self._record(CanaryGiven(user, token))
        return token

    @keyword(tags=["membership"])
    def record_baseline(self, *messages: str) -> None:
        """Names messages that were there before the test: they count as sent by somebody.

        Args:
            messages: Their ids.

        ```robotframework
        Record Baseline    @{ids}
        Law Should Hold    from-somebody
        ```
        """
        self._record(Baseline("history", [str(message) for message in messages]))

    @keyword(tags=["evidence"])
    def record_stored_messages(
        self,
        rows: Any,
        *,
        store: str = "messages",
        users: Sequence[str] | str | None = None,
        threads: Sequence[str] | str | None = None,
        since: float | None = None,
    ) -> None:
        """Records what a store holds: all messages of the test's users, unless told of which users or threads.

        The vocabulary says which columns are which. The law ``acked-is-kept`` counts only readings that began after an
        acknowledgement, so read last, and say when: what was acknowledged while rows were on their way need not be among them.

        Args:
            rows: The rows, as a query returned them.
            store: Name of the store in witnesses.
            users: The users (by the test's names) that were asked about, when not all of the test's: a text, texts
                between commas, or a list.
            threads: The ids of the threads that were asked about, when not all.
            since: When the reading began, from [Get Moment]; now when not given.

        ```robotframework
        ${since} =    Get Moment
        ${rows} =    Query    SELECT * FROM messages WHERE thread_id = $1 ORDER BY seq    parameters=${thread}
        Record Stored Messages    ${rows}    store=backend PostgreSQL    threads=${thread}    since=${since}
        ```
        """
        known = plain_rows(rows, "stored messages")
        narrowed = {} if threads is None else {"threads": several(threads)}
        self._record(Stored(store, known, None if users is None else several(users), _seconds_since(since), narrowed))

    @keyword(tags=["evidence"])
    def get_moment(self) -> float:
        """Returns the moment now, in seconds on the clock of the history's events: for `since`, before something is read.

        ```robotframework
        ${since} =    Get Moment
        ${shown} =    Get Text    id=status
        Record Page    dashboard    status=${shown}    since=${since}
        ```
        """
        return time.monotonic()

    @keyword(tags=["evidence"])
    def record_page(
        self,
        alias: str,
        *,
        messages: Any = None,
        status: str | None = None,
        working: bool | None = None,
        connection: str | None = None,
        text: str | None = None,
        wait: timedelta | float | str | None = None,
        since: float | None = None,
    ) -> None:
        """Records what a page shows now; give what was read and leave out what was not.

        Args:
            alias: The page's name, as registered with [Register Tab].
            messages: The messages it shows, in order, as dictionaries; the vocabulary says which key is which.
            status: What the page says of its connection; the vocabulary says which values mean that it works.
            working: Whether the page works, where that was judged in another way.
            connection: The id of the page's connection.
            text: All of the page's text, to be searched for other users' canaries.
            wait: Seconds that it says are left until it may send again.
            since: When the reading began, from [Get Moment]; now when not given.

        ```robotframework
        ${since} =    Get Moment
        ${messages} =    Get What The Page Shows
        Record Page    dashboard    messages=${messages}    status=online    since=${since}
        ```
        """
        shown = None if messages is None else plain_rows(messages, "messages of a page")
        cut = text if text is None or len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT]
        took = _seconds_since(since)
        left = None if wait is None else duration(wait)
        self._record(PageRead(alias, shown, status, working, connection, connection, cut, left, took))

    @keyword(tags=["evidence"])
    def record_typed_message(self, alias: str, text: str, *, message: str | None = None, thread: str | None = None) -> None:
        """Records that the user typed and sent a message on a page.

        Which message it became is found by its text where the id is not given, so texts should be unique in a test.

        Args:
            alias: The page.
            text: What was typed.
            message: The message's id, where the page tells it.
            thread: The thread's id.

        ```robotframework
        Record Typed Message    dashboard    What is 2 + 2?
        Fill Text    id=message    What is 2 + 2?
        Keyboard Key    press    Enter
        ```
        """
        self._record(Typed(alias, text, message, thread))

    @keyword(tags=["evidence"])
    def record_posted_message(
        self,
        alias: str,
        message: str,
        text: str,
        *,
        thread: str | None = None,
        seq: int | None = None,
        acknowledged: bool = True,
        retry_after: float | None = None,
    ) -> None:
        """Records that a message was sent in another way than by a frame, as an upload is, and what the platform said to it.

        The laws then hold the platform to it as to any other: kept, shown once, answered.

        Args:
            alias: The open connection that stands for its sender: what is missing is missed there.
            message: The message's id.
            text: Its text.
            thread: The thread's id.
            seq: Its place in the thread, where the platform told it.
            acknowledged: Whether the platform said that it has it.
            retry_after: Seconds to wait, where a limit refused it.

        Raises:
            StackError: There is no such connection.

        ```robotframework
        Record Posted Message    tab 1    ${answer}[message_id]    Uploaded report.pdf    thread=${thread}    seq=${answer}[seq]
        ```
        """
        tabs = self._session.history().tabs
        if alias not in tabs:
            raise StackError(
                explain("the alias of a connection of this test", f"'{alias}'", evidence=f"there are: {', '.join(tabs)}")
            )
        self._record(Posted(alias, message, text, thread, seq, acknowledged and retry_after is None, retry_after))

    @keyword(tags=["evidence"])
    def record_stop(self, alias: str, message: str, *, acknowledged: bool = False) -> None:
        """Records that the user asks for an answer to stop, on a page or by a frame that does not say which, for the law
        ``stop-stops``; before it is done.

        Frames that name the question need no such record: the vocabulary says which of them mean ``stop`` and ``stopping``.

        Args:
            alias: The page or connection.
            message: The id of the question.
            acknowledged: Whether the page, or the platform, says that the answer is being stopped.

        ```robotframework
        Record Stop    dashboard    ${question}
        Click    text=Stop
        Wait For Elements State    text=Stopping…
        Record Stop    dashboard    ${question}    acknowledged=True
        ```
        """
        self._record(StopAsked(alias, message, acknowledged))

    @keyword(tags=["evidence"])
    def record_expected_answer(self, message: str, text: str) -> None:
        """Records what the whole answer to a message is: one that is stopped must be a beginning of it (``stop-stops``).

        Args:
            message: The id of the question.
            text: The answer that would have come.

        ```robotframework
        Record Expected Answer    ${question}    Primes up to 20 = 8: 2, 3, 5, 7, 11, 13, 17, 19
        ```
        """
        self._record(AnswerExpected("test", message, text))

    @keyword(tags=["evidence"])
    def record_user_act(self, alias: str, what: str) -> None:
        """Records that the user did something to help the page: reloaded it, signed in again, clicked a retry button.

        Args:
            alias: The page.
            what: What was done.

        ```robotframework
        Record User Act    dashboard    reloaded the page
        Reload
        ```
        """
        self._record(Act(alias, what))

    @keyword(tags=["evidence"])
    def record_setting(self, place: str, of: str, about: str, value: Any, *, since: float | None = None) -> None:
        """Records what something that users can change is in a place now, for the law ``converges``.

        Args:
            place: Who shows it: a page, a store, an answer over REST.
            of: What kind of thing it is: ``title``, ``plan``.
            about: Which one: the id of its thread, its user.
            value: What it is there, as every other place tells it.
            since: When the reading began, from [Get Moment]; now when not given.

        ```robotframework
        Record Setting    table of threads    title    ${thread}    ${row}[title]
        Law Should Hold    converges
        ```
        """
        self._record(SettingRead(place, of, about, value, False, _seconds_since(since)))

    @keyword(tags=["evidence"])
    def record_change(self, place: str, of: str, about: str, value: Any) -> None:
        """Records that a user changes something in another way than by a frame, for the law ``converges``; before it is done.

        Args:
            place: Where it is done.
            of: What kind of thing it is, as in [Record Setting].
            about: Which one.
            value: What it is to be.

        ```robotframework
        Record Change    dashboard    plan    ann    paid
        Click    id=plan-change
        ```
        """
        self._record(SettingRead(place, of, about, value, True))

    @keyword(tags=["evidence"])
    def record_said(self, who: str, thing: str, text: str) -> None:
        """Records what somebody calls a thing that is no message, for the law ``said-is-stored``: a title, a file's name.

        Messages need no such record: frames, typed texts and posted messages tell what was said.

        Args:
            who: Who or what says it.
            thing: The test's name for the thing; what is said of it later takes the place of what was said before.
            text: The words.

        ```robotframework
        Record Said    tab 1    title of ${thread}    Überblick
        ```
        """
        self._record(Said(who, thing, text))

    @keyword(tags=["evidence"])
    def record_shown(self, layer: str, thing: str, text: str, *, quotes: bool = False) -> None:
        """Records what a layer shows of a thing, for the law ``said-is-stored``.

        Args:
            layer: Who shows it: a table, an answer over REST, a page.
            thing: The thing, as in [Record Said].
            text: What it shows.
            quotes: Whether it shows other words, too, among which what was said must stand.

        ```robotframework
        Record Shown    table of threads    title of ${thread}    ${row}[title]
        Record Shown    answer on tab 1    the word    ${answer}    quotes=${True}
        Law Should Hold    said-is-stored
        ```
        """
        self._record(Shown(layer, thing, text, quotes))

    @keyword(tags=["evidence"])
    def record_seen(self, user: str, what: str, content: Any) -> None:
        """Records anything that a user can see, to be searched for other users' canaries: rows, keys, an answer's body.

        Args:
            user: Who can see it.
            what: What it is, in a few words, for witnesses.
            content: Text, or lists and dictionaries of it.

        ```robotframework
        ${answer} =    GET On Session    ann    /api/threads
        Record Seen    ann    the list of threads    ${answer.text}
        Law Should Hold    no-crosstalk
        ```
        """
        self._record(Seen(user, what, content if isinstance(content, (str, list, dict)) else str(content)))

    @keyword(tags=["evidence"])
    def record_seen_file(self, user: str, file: Path | bytes, *, what: str | None = None) -> None:
        """Searches the bytes of a file that a user can see for canaries; the history keeps its digest and what was found.

        Plain bytes are searched, also inside the compressed streams of a PDF. Only canaries that were given out before
        ([Add Canary]), and everything that looks like one, can be found.

        Args:
            user: Who can see it.
            file: Its path, or its bytes.
            what: What it is, for witnesses; the file's name by default.

        ```robotframework
        ${answer} =    GET On Session    ann    /api/files/${file}
        Record Seen File    ann    ${answer.content}    what=the download of report.pdf
        ```
        """
        canaries = [str(note.data.get("canary")) for note in self._session.history().noted("canary")]
        data, name = (file, "a file") if isinstance(file, bytes) else (file.read_bytes(), f"the file {file.name}")
        self._record(Seen(user, what or name, file_facts(data, canaries)))

    @keyword(tags=["evidence"])
    def record_probe(
        self,
        service: str,
        ok: bool,
        seconds: timedelta | float | str,
        *,
        answer: str | None = None,
        usual: timedelta | None = None,
        dependent: bool | None = None,
    ) -> None:
        """Records that a service was asked something, for the law ``contained``.

        Args:
            service: Who was asked.
            ok: Whether it answered as it should.
            seconds: How long the answer took, in seconds or with a unit.
            answer: What it answered, for witnesses.
            usual: The time it may take; three times its worst without a fault by default.
            dependent: True where the platform declares that this needs the broken service: it is then not judged.

        ```robotframework
        Record Probe    sign-in    ok=${True}    seconds=${0.12}    usual=500 ms
        Law Should Hold    contained
        ```
        """
        limit = None if usual is None else usual.total_seconds()
        self._record(Probe(service, ok, duration(seconds), answer, limit, dependent))

    @keyword(tags=["evidence"])
    def record_unforeseen(self, service: str, lines: list[str], *, late: list[str] | None = None) -> None:
        """Records that a service's log was looked through, or what browsers tell of a page, for the law ``nothing-unforeseen``.

        Args:
            service: Whose log it is, or which page.
            lines: Those of its lines that tell of a failure which nobody foresaw; none where all was well.
            late: Those that tell of nothing but that something took too long, which a machine that is too busy explains.

        ```robotframework
        ${log} =    Get Service Log    backend
        Record Unforeseen    backend    ${{re.findall('(?m)^Traceback.*$', $log)}}
        Law Should Hold    nothing-unforeseen
        ```
        """
        self._record(LogsRead(service, list(lines), list(late or ())))

    @keyword(tags=["evidence"])
    def record_operation_snapshot(
        self,
        operation: str,
        parts: dict[str, Any],
        *,
        answer: str | None = None,
        state: str | None = None,
        quiet: bool = True,
        values: dict[str, Any] | None = None,
    ) -> None:
        """Records what of an operation over several stores exists now, for the law ``all-or-nothing``.

        Args:
            operation: The operation.
            parts: For every store how often the operation's part is there: ``profile=1  workspace=0``, or truths.
            answer: What the platform said became of it (``committed``, ``rolled_back``).
            state: What its own log says of it now; when it is under way still (``pending``, ``rolling_back``) once the
                platform is quiet, it was forgotten.
            quiet: Whether the platform has come to rest; only such snapshots are judged, the last of each operation.
            values: For every store the value it holds; they must all be equal.

        ```robotframework
        VAR    &{parts}    profile=${1}    workspace=${1}    event=${1}
        Record Operation Snapshot    rename    ${parts}    answer=committed
        Law Should Hold    all-or-nothing
        ```
        """
        self._record(Snapshot(operation, dict(parts), answer, state, quiet, values))

    @keyword(tags=["evidence"])
    def record_limit(self, user: str, limit: int | None, window: timedelta = timedelta(seconds=60)) -> None:
        """Records which plan holds for a user from now on, for the law ``admits-exactly``.

        Args:
            user: The user.
            limit: Messages in a window; None for no limit.
            window: How long a window lasts.

        ```robotframework
        Record Limit    ann    limit=5    window=60 s
        Record Limit    bob    limit=${None}
        ```
        """
        self._record(LimitSet(user, limit, window.total_seconds()))

    @keyword(tags=["evidence"])
    def record_expected_tools(
        self, message: str, *calls: str, forbidden: Sequence[str] | str = (), most: int | None = None
    ) -> None:
        """Records which tools an agent needs for its answer to a message, which the law ``right-tools`` judges it by.

        Args:
            message: The id of the message that asks.
            calls: The tools in their order, each with what it must be given behind a colon, where that matters:
                ``calculator: 6 * 7``. Without any, the agent is free to choose.
            forbidden: Tools that it must not call, whatever else it does: a text, texts between commas, or a list.
            most: How often it may call tools at most.

        ```robotframework
        Record Expected Tools    ${id}    calculator: 6 * 7    summary
        Record Expected Tools    ${id}    forbidden=send_mail, delete_file    most=8
        ```
        """
        told = [call.partition(":") for call in calls]
        wanted = [{"tool": tool.strip(), **({"input": given.strip()} if given else {})} for tool, _, given in told]
        self._record(ToolsExpected("test", message, wanted if calls else None, several(forbidden), most))

    @keyword(tags=["membership"])
    def record_answer_pace(
        self,
        *,
        first_word: timedelta | None = None,
        longest_gap: timedelta | None = None,
        end: timedelta | None = None,
    ) -> None:
        """Records how long answers may take from now on, which the law ``answers-flow`` judges them by.

        Args:
            first_word: From the question until the first piece of the answer; any time when left out.
            longest_gap: From one piece until the next one, and from the last one until the end.
            end: From the question until the end.

        ```robotframework
        Record Answer Pace    first_word=1 s    longest_gap=500 ms    end=5 s
        ```
        """
        first, gap, last = (None if time is None else time.total_seconds() for time in (first_word, longest_gap, end))
        self._record(PaceDeclared("platform", first, gap, last))

    @keyword(tags=["evidence"])
    def record_limit_counter(self, user: str, count: int, left: timedelta | float | str) -> None:
        """Records what the store of the counters holds for a user now, for the law ``admits-exactly``.

        Args:
            user: The user.
            count: How many messages are counted in the window.
            left: Seconds until the counter expires; -1 when it never does, -2 when there is none, as Redis says.

        ```robotframework
        Record Limit Counter    ann    count=5    left=41.3
        ```
        """
        self._record(LimitCounter(user, count, duration(left)))

    @keyword(tags=["evidence"])
    def record_file_layer(
        self,
        layer: str,
        file: str,
        *,
        path: Path | None = None,
        content: bytes | None = None,
        sha256: str | None = None,
        size: int | str | None = None,
    ) -> None:
        """Records which bytes of a file a layer holds, for the law ``whole-file``; record the original first.

        Args:
            layer: Who holds it: the original, the file store, a table, an event, the download.
            file: The test's name for the file.
            path: Read the digest from this file.
            content: Or from these bytes.
            sha256: Or take it from what the layer itself says, in hexadecimal; none at all means that the layer lacks the file.
            size: The size that the layer says, in bytes or with a unit.

        ```robotframework
        Record File Layer    original    report.pdf    path=${CURDIR}/report.pdf
        Record File Layer    table    report.pdf    sha256=${row}[sha256]    size=${row}[size]
        Law Should Hold    whole-file
        ```
        """
        data = path.read_bytes() if path is not None else content
        if data is not None:
            sha256, size = hashlib.sha256(data).hexdigest(), len(data)
        self._record(FileLayer(layer, file, sha256, None if size is None else round(byte_size(size))))

    @keyword(tags=["evidence"])
    def record_leftovers(self, layer: str, file: str, found: Any, *, because: str | None = None) -> None:
        """Records what a layer still holds of an upload that was cut or refused, for the law ``whole-file``.

        Args:
            layer: Where was looked.
            file: The test's name for the file.
            found: What was found: a list, empty when it is clean.
            because: Why nothing may be left, for the witness; by default that the upload was never finished.

        ```robotframework
        ${rows} =    Query    SELECT id FROM files WHERE name = $1    parameters=cut.pdf
        Record Leftovers    table    cut.pdf    ${rows}    because=the upload was cut
        ```
        """
        items = [found] if isinstance(found, str) else [str(item) for item in found]
        self._record(Leftover(layer, file, [item for item in items if item], because))

    @keyword(tags=["evidence"])
    def record_fault(self, name: str, target: str | None = None) -> None:
        """Records that something is broken on purpose from now on; the fault libraries do so themselves.

        Args:
            name: The fault.
            target: What is broken, when it bears another name.

        ```robotframework
        Record Fault    blackout    target=redis
        Switch Off    redis
        Switch On    redis
        VAR    &{receipt}    refused=${12}
        Record Fault End    blackout    receipt=${receipt}
        ```
        """
        self._record(FaultBegun(name, target=target))

    @keyword(tags=["evidence"])
    def record_fault_end(self, name: str, receipt: dict[str, Any] | None = None) -> None:
        """Records that a fault is over, with the proof that it really happened.

        Args:
            name: The fault, as it was begun.
            receipt: The proof: packets dropped, the PID that is gone, the session that was blocked.

        ```robotframework
        VAR    &{receipt}    pid=${4711}    gone=${True}
        Record Fault End    blackout    receipt=${receipt}
        ```
        """
        self._record(FaultEnded(name, receipt=receipt))

    @keyword(tags=["evidence"])
    def record_note(self, source: str, text: str) -> None:
        """Puts a remark on the timeline.

        Args:
            source: The lane.
            text: The remark.

        ```robotframework
        Record Note    dashboard    the page was scrolled to its end
        ```
        """
        self._record(Note(source, text))
        logger.debug(f"{source}: {text}")
