"""The first keywords of an adapter: what pages sent, with variables in the places of what they said."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from realstack.draft import finding
from realstack.draft.drafted import Rule, Talk
from realstack.draft.heard import Heard, Id, Steps, at, is_id, is_moment, leaves, plain, show, shown, steps_of
from realstack.draft.ids import OF_THAT_TIME
from realstack.draft.observations import LISTENER, Observations
from realstack.draft.stored import Stored, ordered
from realstack.draft.ways import Ways, with_thread

TIME = "${FIGURES.answer_time}"
SHORTEST_NUMBER = 9
"""Digits of numbers that are made as ids: so many that no two are likely to be the same."""
_NOW = "datetime.datetime.now(datetime.timezone.utc).isoformat()"
_ODD = re.compile(r"\s\s|[\n\t\\]|[$@&%]\{")
"""What can't stand in a cell as it is."""


@dataclass(frozen=True, slots=True)
class Written:
    """A Python expression: `code` as it is written."""

    code: str

    def __repr__(self) -> str:
        return self.code


@dataclass(slots=True)
class Keyword:
    """One keyword: its lines, and what they were inferred from."""

    name: str
    documentation: str
    why: str
    arguments: Sequence[str] = ()
    lines: Sequence[str] = ()
    tags: str = ""


@dataclass(slots=True)
class Resource:
    """Keywords, and what could not be known."""

    keywords: list[Keyword] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def _holds_secret(one: Heard) -> bool:
    return any(isinstance(value, str) and "<hidden" in value for _, value in leaves(one.data))


def infer(observations: Observations, talk: Talk, ways: Ways, stored: Stored, prefix: str) -> Resource:
    """The keywords that what was seen is enough for.

    Args:
        observations: What was seen.
        talk: What frames mean.
        ways: How one signs in and connects.
        stored: Where texts are stored.
        prefix: How the names of environment variables with accounts begin.
    """
    return _Keywords(observations, talk, ways, stored, prefix).infer()


class _Keywords:
    def __init__(self, observations: Observations, talk: Talk, ways: Ways, stored: Stored, prefix: str) -> None:
        self.seen, self.talk, self.ways, self.stored, self.prefix = observations, talk, ways, stored, prefix
        self.resource = Resource()
        self.heard = talk.ids.heard

    def infer(self) -> Resource:
        self._accounts()
        self._sign_in()
        self._sockets()
        self._conversations()
        self._requests()
        self._changes()
        self._stores()
        return self.resource

    def _add(self, name: str, documentation: str, why: str, *lines: str, arguments: Sequence[str] = (), tags: str = "") -> None:
        self.resource.keywords.append(Keyword(name, documentation, why, arguments, lines, tags))

    def _lacks(self, text: str) -> None:
        self.resource.missing.append(text)

    # Users

    def _accounts(self) -> None:
        self._add(
            "An Account",
            f"The next of the accounts that the environment names: {self.prefix}_USER_1 and {self.prefix}_PASSWORD_1, and so on.",
            f"somebody signed in with a name and a password; how accounts are made was not seen. Tests want {self.prefix}_USER_2"
            ", too",
            "VAR    ${place}    ${{$TAKEN['accounts'] + 1}}",
            "Evaluate    $TAKEN.update(accounts=$place)",
            "VAR    ${number}    ${{($place - 1) % len($ACCOUNTS) + 1}}",
            "${origin} =    Get Service Url    frontend",
            "${password} =    realstack.Platform.Get Credential    user-${number}",
            "VAR    ${login}    ${ACCOUNTS}[${{$number - 1}}]",
            "VAR    &{account}    user_name=${login}    password=${password}    email=${login}",
            "VAR    &{user}    name=${name}    account=${account}    origin=${origin}    session=${login} ${place}",
            "RETURN    ${user}",
            arguments=("${name}",),
        )

    def _sign_in(self) -> None:
        ways = self.ways
        if not ways.route:
            self._lacks("[Sign In] and [Carry Session Into Browser]: how one signs in by HTTP.")
            return
        user, secret = ways.fields
        lines = [
            "realstack.OAuth.Open Session    ${user.origin}    alias=${user.session}",
            f"VAR    &{{fields}}    {user}=${{user.account.user_name}}    {secret}=${{user.account.password}}",
        ]
        if ways.forms:
            pressed = f"    press={ways.press}" if ways.press else ""
            lines.append(
                f"Sign In With Forms    {ways.route}    fields=${{fields}}    session=${{user.session}}{pressed}"
                "    end_at=${user.origin}/"
            )
        else:
            body = "json" if ways.as_json else "form"
            # The answer to who signs in may hold the token itself.
            kept = "${answer} =    " if ways.token is not None and ways.token[:2] == (ways.method, ways.route) else ""
            asked = f"Send Request    {ways.method}    {ways.route}    session=${{user.session}}"
            lines.append(f"{kept}{asked}    {body}=${{fields}}    status=200")
        why = [ways.why["route"]]
        if ways.token is not None:
            method, path, headers, steps = ways.token
            if not lines[-1].startswith("${answer}"):
                given = ""
                if headers:
                    lines.append("VAR    &{headers}    " + "    ".join(f"{name}={value}" for name, value in headers.items()))
                    given = "    headers=${headers}"
                lines.append(
                    f"${{answer}} =    Send Request    {method}    {path}    session=${{user.session}}{given}    status=200"
                )
            lines.append(f"Set To Dictionary    ${{user}}    token=${{answer.json}}{_index(steps)}")
            why.append(ways.why["token"])
        elif ways.cookie:
            lines.append("${token} =    realstack.OAuth.Get Cookie    ${COOKIE}    session=${user.session}")
            lines.append("Set To Dictionary    ${user}    token=${token}")
            why.append(f"the cookie {ways.cookie}: {ways.why['cookie']}")
        if ways.user_id is not None:
            method, path, steps = ways.user_id
            if ways.token is None or path != ways.token[1]:
                lines.append(f"${{answer}} =    Send Request    {method}    {path}    session=${{user.session}}    status=200")
            lines.append(f"Set To Dictionary    ${{user}}    user_id=${{answer.json}}{_index(steps)}")
            why.append(ways.why["user_id"])
        self._add("Sign In", "Signs a user in by HTTP.", "; ".join(why), *lines, arguments=("${user}",))
        if ways.cookie:
            self._add(
                "Carry Session Into Browser",
                "Opens a browser window that has the user's session.",
                f"the cookie {ways.cookie}: {ways.why['cookie']}",
                "${window} =    Open A Browser Window",
                "${held} =    realstack.OAuth.Get Cookie    ${COOKIE}    session=${user.session}",
                f"Add Secret Cookie    ${{COOKIE}}    ${{held}}    url=${{user.origin}}{ways.cookie_path}",
                "Set To Dictionary    ${user}    window=${window}",
                arguments=("${user}",),
            )

    # Sockets

    def _sockets(self) -> None:
        if not self.ways.socket:
            self._lacks("All keywords of sockets and texts: no socket was opened.")
            return
        self._add(
            "Get Socket Address",
            "The socket's URL.",
            self.ways.why["socket"],
            "${url} =    Get Service Url    ${{$at or 'frontend'}}",
            "RETURN    ${{$url.replace('http', 'ws', 1)}}" + self.ways.socket,
            arguments=("${at}=${None}",),
        )
        how = self._offered() + "    origin=${user.origin}"
        how += f"    codec={self.talk.codec}" if self.talk.codec not in ("", "json") else ""
        begins = self._first_frames()
        begin = [f"    {self._begin_call('${tab}')}"] if begins else []
        each = ["FOR    ${tab}    IN    @{tabs}", *begin, "END"] if begin else []
        self._add(
            "Open Sockets",
            "Opens sockets of a user, all at the same moment.",
            self.ways.why.get("offer") or self._shown(),
            "${url} =    Get Socket Address    ${at}",
            *self._credentials("${user.token}"),
            f"Open Connections    ${{url}}    @{{tabs}}    {how}",
            *each,
            arguments=("${user}", "@{tabs}", "${at}=${None}"),
        )
        self._add(
            "Open Socket",
            "Opens one socket of a user, also through the proxy of a link.",
            "as [Open Sockets]",
            "${url} =    Get Socket Address",
            "IF    $through is not None",
            "    ${url} =    Get Proxy Url    ${through}    ${url}",
            "END",
            *self._credentials("${token}"),
            f"Open Connection    ${{url}}    ${{tab}}    {how}    timeout=${{timeout}}",
            *(line.strip() for line in begin),
            arguments=("${user}", "${tab}", "${through}=${None}", "${token}=${user.token}", "${timeout}=" + TIME),
        )
        if begins:
            self._begin(begins)
        if self._begins_with_a_secret():
            self._lacks("[Begin On Tab]: a socket's first frame held a credential; send it, with ${user.token} in its place.")
        greeting = self.talk.rule("connected")
        if greeting is not None:
            path = greeting.take.get("connection") or next(iter(greeting.take.values()))
            self._add(
                "Tabs Should Be Greeted",
                "Each tab was told whose it is.",
                greeting.why,
                "FOR    ${tab}    IN    @{tabs}",
                f"    Get Frame Count    {_conditions(greeting)}    {path} exists    >=    1    alias=${{tab}}    timeout={TIME}",
                "END",
                arguments=("@{tabs}",),
            )
        self._add(
            "Frame Should Come",
            "A tab got such a frame, now or before; returns the first.",
            "used by those that follow",
            "Get Frame Count    @{match}    >=    1    alias=${tab}    timeout=${timeout}",
            "${frames} =    Get Frames    @{match}    alias=${tab}",
            "RETURN    ${frames}[0]",
            arguments=("${tab}", "${timeout}", "@{match}"),
        )

    def _offered(self) -> str:
        return "subprotocols=${offer}" if self.ways.offer else "headers=${headers}"

    def _credentials(self, token: str) -> list[str]:
        if self.ways.offer:
            lines, told = [], []
            for one in self.ways.offer:
                if "{token}" not in one:
                    told.append(one)
                elif self.ways.encoded:
                    lines.append(f"${{credential}} =    Get Token Subprotocol    {token}    prefix={one.partition('{token}')[0]}")
                    told.append("${credential}")
                else:
                    lines.append(f"VAR    ${{credential: Secret}}    {one.replace('{token}', token)}")
                    told.append("${credential}")
            return [*lines, "VAR    @{offer}    " + "    ".join(told)]
        if self.ways.cookie and self.ways.token is None:
            return [f"VAR    ${{shown: Secret}}    ${{COOKIE}}={token}", "VAR    &{headers}    Cookie=${shown}"]
        return ["VAR    &{headers}    &{EMPTY}"]

    def _shown(self) -> str:
        """How a socket shows whose it is, where it is opened with no token."""
        if self._begins_with_a_secret():
            return "no token was shown when they were opened; a frame did"
        return f"no token was shown; the cookie {self.ways.cookie} goes along" if self.ways.cookie else "no token was shown"

    def _begins_with_a_secret(self) -> bool:
        """Whether the first frame that a page sent on a socket held a credential, which a draft can't name."""
        first: dict[str, Heard] = {}
        for one in self.heard:
            if one.direction == "out":
                first.setdefault(one.socket, one)
        return any(map(_holds_secret, first.values()))

    def _first_frames(self) -> list[Heard]:
        """What a page sends by itself on each socket before anything is said, but for what goes on all the time."""
        sent: dict[str, list[Heard]] = {}
        for one in self.heard:
            if one.direction == "out":
                sent.setdefault(one.socket, []).append(one)
        counts = {socket: Counter(self._name(one) for one in frames) for socket, frames in sent.items()}
        most = [
            name
            for name in {name for count in counts.values() for name in count if name}
            # A socket that was ended at once, or that goes on from another one, may have sent less.
            if sum(name in count for count in counts.values()) * 2 > len(counts) and max(c[name] for c in counts.values()) < 3
        ]
        # What always names a conversation is sent for its sake, not for the socket's.
        always = {name for name in most if all(self._has_thread(one) for one in self.heard if self._name(one) == name)}
        most = [name for name in most if name not in always]
        found: list[Heard] = []
        for frames in sent.values():
            own = {self._name(one): one for one in reversed(frames) if self._name(one) in most and self._is_telling(one)}
            if len(own) > len(found):
                found = [one for one in frames if own.get(self._name(one)) is one]
        return found

    def _has_thread(self, one: Heard) -> bool:
        return one.direction != "out" or any(value == self.talk.thread for _, value in leaves(one.data))

    @staticmethod
    def _is_telling(one: Heard) -> bool:
        """Whether a frame is more than the codec's own, and can be sent another time."""
        of_codec = isinstance(one.data, dict) and one.data.get("type") in ("ping", "pong", "upgrade", "noop")
        return not of_codec and not _holds_secret(one)

    def _name(self, one: Heard) -> str:
        for rule in self.talk.out:
            if all(at(one.data, steps_of(path)) == value for path, value in rule.when.items()):
                return repr(dict(rule.when))
        return ""

    def _begin_call(self, tab: str) -> str:
        return f"Begin On Tab    {tab}    ${{{{$user.get('thread', '')}}}}"

    def _begin(self, begins: Sequence[Heard]) -> None:
        lines = []
        for number, one in enumerate(begins):
            alike = [two for two in self.heard if two.direction == "out" and self._name(two) == self._name(one)]
            code, left = self._frame(one.data, alike)
            lines += [f"VAR    ${{frame}}    ${{{{ {code} }}}}", "Send Json    ${frame}    alias=${tab}"]
            if number == 0 and self.talk.codec == "socketio":
                lines.append("Wait For Frame    connect    alias=${tab}    timeout=" + TIME)
            self._left_out("Begin On Tab", left)
        self._add(
            "Begin On Tab",
            "What a page sends by itself when it has opened a socket.",
            f"these {len(begins)} frames began each of its sockets",
            *lines,
            arguments=("${tab}", "${thread}=${EMPTY}"),
        )

    # Conversations

    def _conversations(self) -> None:
        talk = self.talk
        first = self.seen.page("ready")
        before = bool(talk.thread and first is not None and talk.ids.in_address(first.url, {talk.thread}))
        beside = self.seen.page("ready", LISTENER)
        if before and beside is not None and finding.composer(beside) is None:
            self._lacks(
                "How [A Stored Thread] makes a conversation: at the address of one without messages nothing can be written."
            )
        if shown(talk.thread).isdigit():
            self._lacks("How [A Stored Thread] makes a conversation: its id is a number, which the platform gives.")
        self._send()
        self._answers()
        resume = talk.rule("resume", "out")
        if resume is not None:
            alike = [one for one in self.heard if one.direction == "out" and self._name(one) == repr(dict(resume.when))]
            ours = next(one for one in alike if self._has_thread(one))
            if self._begins_in_a_conversation(resume):
                lines = ["Begin On Tab    ${tab}    ${thread}"]
                if self.talk.codec == "socketio":
                    lines.insert(0, "Send Json    type=disconnect    alias=${tab}")
                else:
                    self._lacks("Whether a socket that is in a conversation can go to another: pages opened a new one for it.")
            else:
                named = {resume.take["after"]: Written("int($after)")} if "after" in resume.take else {}
                code, left = self._frame(ours.data, alike, named)
                lines = [f"VAR    ${{frame}}    ${{{{ {code} }}}}", "Send Json    ${frame}    alias=${tab}"]
                self._left_out("Resume Thread", left)
            arguments = ("${tab}", "${thread}", "${after}=0", "${runs}=${None}")
            self._add(
                "Resume Thread", "Asks on a tab for a conversation.", resume.why, *lines, arguments=arguments, tags="wants-resume"
            )

    def _begins_in_a_conversation(self, resume: Rule) -> bool:
        """Whether what begins a socket says in which conversation it is."""
        return any(self._name(one) == repr(dict(resume.when)) for one in self._first_frames())

    def _going_there(self) -> list[str]:
        """How a tab that is in another conversation goes to the one in which something is said."""
        resume = self.talk.rule("resume", "out")
        if resume is None or not self._begins_in_a_conversation(resume):
            return []
        there = "$begun[-1]" + "".join(f"[{step!r}]" for step in steps_of(resume.take["thread"]))
        elsewhere = f"str({there}) != str($thread)" if isinstance(plain(self.talk.thread), int) else f"{there} != $thread"
        return [
            f"${{begun}} =    Get Frames    {_conditions(resume)}    direction=out    alias=${{tab}}",
            f"IF    {elsewhere}    Resume Thread    ${{tab}}    ${{thread}}",
        ]

    def _send(self) -> None:
        rule = self.talk.rule("send", "out")
        if rule is None:
            self._lacks("[Send Text]: no text was seen in a frame.")
            return
        alike = [one for one in self.heard if one.direction == "out" and self._name(one) == repr(dict(rule.when))]
        known = {rule.take["text"]: Written("str($text)")}
        if "message" in rule.take:
            known[rule.take["message"]] = self._as_sent("id", steps_of(rule.take["message"]), alike)
            self._message_id(at(self.talk.send, steps_of(rule.take["message"])))
        if "thread" in rule.take:
            known[rule.take["thread"]] = self._as_sent("thread", steps_of(rule.take["thread"]), alike)
        for steps, value in leaves(self.talk.send):
            if value == self.seen.user != "":
                known[show(steps)] = Written("$user['account']['user_name']")
        code, left = self._frame(self.talk.send, alike, known)
        self._add(
            "Send Text",
            "Says something in a conversation.",
            rule.why,
            *self._going_there(),
            f"VAR    ${{frame}}    ${{{{ {code} }}}}",
            "Send Json    ${frame}    alias=${tab}",
            arguments=("${user}", "${tab}", "${thread}", "${text}", "${id}"),
        )
        self._left_out("Send Text", left)

    def _message_id(self, sent: str) -> None:
        """How ids of messages are made where pages make numbers."""
        if not shown(sent).isdigit():
            return
        digits = max(len(shown(sent)), SHORTEST_NUMBER)
        self._add(
            "A Message Id",
            "The id of a message that will be sent: a number.",
            "the ids that pages gave to texts were numbers; how they make them was not seen",
            f"RETURN    ${{{{str(random.randrange(10**{digits - 1}, 10**{digits}))}}}}",
        )

    def _answers(self) -> None:
        ack = self.talk.rule("ack")
        if ack is not None and "given" in ack.take:
            # The vocabulary tells which id is which: its library has keywords that wait for what frames mean.
            return
        if ack is not None and "message" in ack.take:
            self._add(
                "Message Should Be Acknowledged",
                "The tab was told that the platform has a message; returns the frame.",
                ack.why,
                f"${{frame}} =    Frame Should Come    ${{tab}}    ${{timeout}}    {_conditions(ack, message='${id}')}",
                "RETURN    ${frame}",
                arguments=("${tab}", "${id}", "${timeout}=" + TIME),
            )
        else:
            self._lacks("[Message Should Be Acknowledged]: no acknowledgement was seen.")
        started, completed = self.talk.rule("run-event", stage="started"), self.talk.rule("run-event", stage="completed")
        if started is None or completed is None or "query" not in started.take:
            self._lacks("[Answer Should Reach]: which frames begin and end the answer to a message.")
            return
        lines = [
            "VAR    ${text}    ${EMPTY}",
            "FOR    ${tab}    IN    @{tabs}",
            f"    ${{begin}} =    Frame Should Come    ${{tab}}    ${{timeout}}    {_conditions(started, query='${id}')}",
            f"    VAR    ${{run}}    ${{begin}}{_index(steps_of(started.take['run']))}",
            f"    ${{end}} =    Frame Should Come    ${{tab}}    ${{timeout}}    {_conditions(completed, run='${run}')}",
        ]
        answer = self.talk.rule("deliver")
        if "text" in completed.take:
            lines.append(f"    VAR    ${{text}}    ${{end}}{_index(steps_of(completed.take['text']))}")
        elif answer is not None and "run" in answer.take and not answer.each:
            lines.append(
                f"    ${{said}} =    Frame Should Come    ${{tab}}    ${{timeout}}    {_conditions(answer, run='${run}')}"
            )
            lines.append(f"    VAR    ${{text}}    ${{said}}{_index(steps_of(answer.take['text']))}")
        else:
            self._lacks("The text that [Answer Should Reach] returns: no frame was seen that has it with the run's id.")
        self._add(
            "Answer Should Reach",
            "Each of the tabs sees the answer to a message through to its end; returns its text.",
            f"began: {started.why}; ended: {completed.why}",
            *lines,
            "END",
            "RETURN    ${text}",
            arguments=("${id}", "@{tabs}", "${timeout}=" + TIME),
        )

    def _requests(self) -> None:
        bearer = "    bearer=${user.token}" if self.ways.bearer else ""
        for name, one, documentation, arguments in (
            ("Request Messages", self.ways.messages, "Asks over HTTP for a conversation.", ("${user}", "${thread}")),
            ("Request Threads", self.ways.threads, "Asks over HTTP for the user's conversations.", ("${user}",)),
        ):
            if one is None:
                continue
            path, query = with_thread(one, self.talk)
            given = f"{path}?{query}" if query else path
            lines = []
            body = ""
            if one.method != "GET" and one.request:
                if _ODD.search(one.request):
                    self._lacks(f"[{name}]: the body of {one.method} {path} can't be told in one line.")
                    continue
                lines.append(f"VAR    ${{body}}    ${{{{ json.loads({one.request!r}) }}}}")
                body = "    json=${body}"
            lines.append(
                f"${{answer}} =    Send Request    {one.method}    {given}    session=${{user.session}}{bearer}{body}"
                "    status=any"
            )
            why = self.ways.why["messages" if name == "Request Messages" else "threads"]
            self._add(name, documentation, why, *lines, "RETURN    ${answer}", arguments=arguments)

    def _changes(self) -> None:
        for of, act, check, value, typed in (
            ("title", "Rename Thread", "Title Should Converge", "title", "str($title)"),
            ("read marker", "Mark As Read", "Read Marker Should Converge", "seq", "int($seq)"),
        ):
            asked = next((one for one in self.talk.out if one.means == "change" and one.of == of), None)
            told = next((one for one in self.talk.into if one.means == "setting" and one.of == of), None)
            if asked is None or told is None:
                self._lacks(f"[{act}] and [{check}]: no page was seen to change a {of}.")
                continue
            alike = [one for one in self.heard if one.direction == "out" and self._name(one) == repr(dict(asked.when))]
            thread = self._as_sent("thread", steps_of(asked.take["about"]), alike)
            known = {asked.take["about"]: thread, asked.take["value"]: Written(typed)}
            code, left = self._frame(alike[0].data, alike, known)
            self._add(
                act,
                f"Changes the {of} of a conversation, from one tab.",
                asked.why,
                f"VAR    ${{frame}}    ${{{{ {code} }}}}",
                "Send Json    ${frame}    alias=${tab}",
                arguments=("${tab}", "${thread}", f"${{{value}}}"),
                tags="wants-fan-out",
            )
            self._left_out(act, left)
            self._add(
                check,
                f"Each of the tabs was told the new {of}.",
                told.why,
                "FOR    ${tab}    IN    @{tabs}",
                f"    Frame Should Come    ${{tab}}    {TIME}    {_conditions(told, about='${thread}', value=f'${{{value}}}')}",
                "END",
                arguments=("${thread}", f"${{{value}}}", "@{tabs}"),
                tags="wants-fan-out",
            )

    def _stores(self) -> None:
        stored = self.stored
        if not stored.rows or not (stored.of_users and stored.of_threads):
            self._lacks(
                "[Open The Stores], [Record Stored Messages Of Users] and [… Of Threads], [Runs Should Be Over]: where texts are "
                "stored, and whose."
            )
            return
        self._add(
            "Open The Stores",
            "Opens a session of the test's own to the store.",
            stored.why,
            f"${{url}} =    Get Credential Url    {stored.store}",
            "Open Postgres Session    ${STORE}    ${url}",
        )
        for of, variable, key, told in (
            ("Users", "OF_USERS", "user_id", "users=${names}"),
            ("Threads", "OF_THREADS", "thread", "threads=${ids}"),
        ):
            self._add(
                f"Record Stored Messages Of {of}",
                f"Records what the store holds of {of.lower()}, once what was acknowledged is there.",
                stored.why,
                f"${{ids}} =    Evaluate    [str(user['{key}']) for user in $users]",
                "${names} =    Evaluate    [user['name'] for user in $users]",
                f"Run Keyword And Return Status    All Should Be Stored    ${{{variable}}}    ${{ids}}"
                "    ${FIGURES.settle_time}",
                "${since} =    Get Moment",
                f"${{rows}} =    Query    ${{{variable}}}    parameters=${{{{ [$ids] }}}}    alias=${{STORE}}",
                f"Record Stored Messages    ${{rows}}    store=PostgreSQL    {told}    since=${{since}}",
                "RETURN    ${rows}",
                arguments=("@{users}",),
            )
        self._add(
            "Runs Should Be Over",
            "Every message that the user sent is stored, with its answer.",
            stored.why,
            "VAR    @{ids}    ${user.user_id}",
            "All Should Be Stored    ${OF_USERS}    ${ids}    ${timeout}",
            arguments=("${user}", "${timeout: timedelta}=" + TIME),
        )
        each = "2 * $acked" if self.talk.answered else "$acked"
        self._add(
            "All Should Be Stored",
            "What was acknowledged in this test is stored" + (", with its answers." if self.talk.answered else "."),
            "each text had one answer" if self.talk.answered else "texts had no answers, as far as was seen",
            "${acked} =    Get Activity    acks",
            f"Get Row Count    ${{rows}}    >=    ${{{{{each}}}}}    parameters=${{{{[$ids]}}}}    alias=${{STORE}}"
            "    retry_timeout=${timeout}",
            arguments=("${rows}", "${ids}", "${timeout: timedelta}"),
        )

    # Frames

    def _frame(self, value: Any, alike: Sequence[Heard], known: Mapping[str, Written] | None = None) -> tuple[str, list[str]]:
        """A frame as a Python expression, and the fields that are left out because nobody knows what they are."""
        left: list[str] = []

        def made(one: Any, steps: Steps) -> Any:
            if isinstance(one, dict):
                pairs = {name: made(inner, (*steps, name)) for name, inner in one.items()}
                return {name: inner for name, inner in pairs.items() if inner is not _NOTHING}
            if isinstance(one, list):
                return [inner for inner in (made(inner, (*steps, n)) for n, inner in enumerate(one)) if inner is not _NOTHING]
            found = (known or {}).get(show(steps)) or self._value(one, steps, alike)
            if found is _NOTHING:
                left.append(show(steps))
            return found

        return repr(made(value, ())), left

    def _value(self, one: Any, steps: Steps, alike: Sequence[Heard]) -> Any:
        """What a field of a frame is, another time: the same, unless it is known to be something of that time."""
        values = [value for two in alike for where, value in leaves(two.data) if where == steps]
        others = {value for value in values if isinstance(value, str | int)}
        if self.talk.thread and self.talk.thread in others:
            return self._as_sent("thread", steps, alike)
        if isinstance(one, Id):
            return self._made_id(one, changing=len(others) > 1)
        return self._text(one, changing=len(others) > 1) if isinstance(one, str) else one

    def _text(self, one: str, *, changing: bool) -> Any:
        begin = self.talk.ids.before(one, self.talk.thread)
        odd = one == self.seen.user != "" or "<hidden" in one or "://" in one or _ODD.search(one)
        if is_moment(one):
            return Written(_NOW)
        if begin and not odd:
            return Written(f"{begin!r} + str($thread)")
        if is_id(one) and one != self.seen.user and "://" not in one:
            return Written("str(uuid.uuid4())") if changing else _NOTHING
        return _NOTHING if odd else one

    def _as_sent(self, variable: str, steps: Steps, alike: Sequence[Heard]) -> Written:
        """An id as pages sent it: a number or a text, or what stood there where there was none."""
        values = [value for one in alike for where, value in leaves(one.data) if where == steps]
        ids = [value for value in values if value] or [self.talk.thread]
        if not isinstance(plain(ids[0]), int):
            return Written(f"str(${variable})")
        without = [value for value in values if not value]
        return Written(f"int(${variable})" + (f" if ${variable} else {without[0]!r}" if without else ""))

    @staticmethod
    def _made_id(one: Id, *, changing: bool) -> Any:
        """Another id of the kind where pages sent another one each time; the same where it is of what is always there."""
        if not changing:
            return _NOTHING if one.kind in OF_THAT_TIME else one.plain
        if not str(one.plain).isdigit():
            return Written("uuid.uuid4().hex[:8]")
        made = "random.randrange(10**8, 10**9)"
        return Written(made if isinstance(one.plain, int) else f"str({made})")

    def _left_out(self, name: str, left: Sequence[str]) -> None:
        if left:
            self._lacks(f"What {', '.join(left)} of the frame in [{name}] must be; it was left out.")


_NOTHING = object()


def statements(stored: Stored) -> dict[str, str]:
    """The statements that keywords name, as variables."""
    if not stored.rows:
        return {}
    both = {"OF_USERS": stored.of_users, "OF_THREADS": stored.of_threads}
    return {name: ordered(stored, condition) for name, condition in both.items() if condition}


def _conditions(rule: Rule, **taken: str) -> str:
    """What frames of a rule must have, as arguments of keywords: a backslash keeps them from being named ones."""
    fixed = [f"{path}\\={value}" for path, value in rule.when.items() if not isinstance(value, list)]
    return "    ".join([*fixed, *(f"{rule.take[name]}\\={value}" for name, value in taken.items() if name in rule.take)])


def _index(steps: Steps) -> str:
    return "".join(f"[{step}]" for step in steps)
