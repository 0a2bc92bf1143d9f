"""How somebody signs in, what opens a socket, and which requests bring conversations, from the requests that pages sent."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from realstack.draft.drafted import Talk
from realstack.draft.heard import Id, Steps, is_id, leaves, read_json, shown
from realstack.draft.ids import is_of_that_time
from realstack.draft.masking import FORM, IN_BASE64, PARTS
from realstack.draft.observations import COOKIES_SET, Exchange, Observations, Socket

HIDDEN = re.compile(r"<hidden \d+( in base64url)?>")
_OWN_HEADER = re.compile(r"(?i)^x-(?!forwarded)")


@dataclass(slots=True)
class Ways:
    """How a platform is entered, each with what that was inferred from.

    Attributes:
        route, method, fields, press, as_json: Of the request or the pages that sign in; `fields` are the names of the user's and
            the password's field.
        forms: Whether pages are walked through, as at a provider; else one request signs in.
        token: Where the access token comes from: method, path, headers, place in the answer.
        cookie: The cookie that is shown where there is no token; its path.
        user_id: Where the user's id comes from: method, path, place.
        socket: Path and query of the socket; empty where there is none.
        offer: Subprotocols, with ``{token}`` for the token, behind its prefix; `encoded` where it is in base64url.
        messages, threads: The requests that bring a conversation and the list of them.
        why: What each was inferred from, by the attribute's name.
        missing: What could not be seen.
    """

    route: str = ""
    method: str = ""
    fields: tuple[str, str] = ("", "")
    press: str = ""
    as_json: bool = False
    forms: bool = False
    token: tuple[str, str, dict[str, str], Steps] | None = None
    cookie: str = ""
    cookie_path: str = "/"
    user_id: tuple[str, str, Steps] | None = None
    socket: str = ""
    socket_at: str = ""
    offer: list[str] = field(default_factory=list)
    encoded: bool = False
    bearer: bool = False
    messages: Exchange | None = None
    threads: Exchange | None = None
    why: dict[str, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)


def infer(observations: Observations, talk: Talk) -> Ways:
    """How a platform is entered."""
    ways = Ways()
    own = urlsplit(observations.address).netloc
    ours = [one for one in observations.exchanges if urlsplit(one.url).netloc == own]
    _socket(ways, observations)
    _token(ways, ours)
    if observations.user:
        _sign_in(ways, observations, ours)
        _user_id(ways, ours, talk)
    else:
        ways.missing.append("A person signed in: how it is done by HTTP is not known.")
    _cookie(ways, observations, ours)
    _history(ways, observations, ours, talk)
    return ways


def local(url: str, drop: Sequence[str] = ()) -> str:
    """The path of a URL with its query, without parameters that name one thing only."""
    parts = urlsplit(url)
    query = [
        (name, value)
        for name, value in parse_qsl(parts.query)
        if name not in drop and not is_id(value) and not is_of_that_time(name, value)
    ]
    return urlunsplit(("", "", parts.path, urlencode(query, safe="/:<>"), ""))


def _socket(ways: Ways, observations: Observations) -> None:
    speaking = {frame.socket for frame in observations.frames}
    used = [one for one in observations.sockets if one.id in speaking]
    if not used:
        ways.missing.append("No page opened a socket.")
        return
    first = used[0]
    ways.socket = local(first.url, drop=("sid", "t"))
    ways.socket_at = urlsplit(first.url).netloc
    ways.why["socket"] = f"{len(used)} sockets were opened there"
    query = HIDDEN.search(first.url)
    if query:
        ways.missing.append("A credential stands in the socket's address: put it there in [Get Socket Address].")
    _offer(ways, first)


def _offer(ways: Ways, socket: Socket) -> None:
    offered = [one.strip() for one in socket.header("sec-websocket-protocol").split(",") if one.strip()]
    ways.offer = [HIDDEN.sub("{token}", one) for one in offered]
    ways.encoded = any(IN_BASE64 in one for one in offered)
    if offered:
        ways.why["offer"] = "a page offered " + ", ".join(ways.offer) + (", the token in base64url" if ways.encoded else "")


def _token(ways: Ways, ours: Sequence[Exchange]) -> None:
    used = {found[0] for one in ours for found in [HIDDEN.search(one.headers.get("authorization", ""))] if found}
    ways.bearer = bool(used)
    for one in ours:
        value = read_json(one.response)
        for steps, held in leaves(value):
            if isinstance(held, str) and held in used:
                headers = {name: text for name, text in one.headers.items() if _OWN_HEADER.match(name)}
                ways.token = (one.method, local(one.url), headers, steps)
                ways.why["token"] = f"{one.method} {local(one.url)} answered what later requests showed as their Bearer token"
                return
    if used:
        ways.missing.append("Where the token of the header Authorization comes from was not seen.")


def _sign_in(ways: Ways, observations: Observations, ours: Sequence[Exchange]) -> None:
    for one in ours:
        names = _form_names(one, observations.user)
        if one.method == "POST" and one.status < 400 and all(names):
            ways.route, ways.method, ways.fields = local(one.url), one.method, names
            ways.as_json = _is_json(one)
            ways.why["route"] = f"POST {ways.route} had the user's name as {names[0]} and the password as {names[1]}"
            return
    filled = {step.what: step.element["attributes"].get("name", "") for step in observations.steps if step.did == "fill"}
    users = [one for one in observations.steps if one.did == "fill" and one.what == "user"]
    led = [one for one in ours if one.kind == "document" and one.status in (301, 302, 303, 307)]
    if led and users and filled.get("password"):
        ways.forms = True
        ways.route = local(led[0].url)
        ways.fields = (users[0].element["attributes"].get("name", ""), filled["password"])
        pressed = [one.element["attributes"] for one in observations.steps if one.did == "click" and one.what != "link"]
        # A button that says what was chosen, such as consent, is named; one that only sends a form is not.
        ways.press = next((f"{one['name']}={one['value']}" for one in pressed if one.get("name") and one.get("value")), "")
        ways.why["route"] = (
            f"{ways.route} led to {urlsplit(users[0].url).netloc}, whose forms had the user's name as {ways.fields[0]} and the "
            f"password as {ways.fields[1]}" + (f"; {ways.press} was pressed last" if ways.press else "")
        )
        return
    ways.missing.append("How signing in is done by HTTP was not seen.")


def _form_names(one: Exchange, user: str) -> tuple[str, str]:
    if _is_json(one):
        value = read_json(one.request)
        pairs = [(str(name), held) for name, held in value.items()] if isinstance(value, dict) else []
    elif FORM in one.headers.get("content-type", "") or PARTS in one.headers.get("content-type", ""):
        pairs = [(name, held) for name, held in parse_qsl(one.request)]
    else:
        pairs = []
    name = next((name for name, held in pairs if held == user), "")
    secret = next(
        (name for name, held in pairs if isinstance(held, str) and held.startswith("<hidden") and "csrf" not in name), ""
    )
    return name, secret


def _user_id(ways: Ways, ours: Sequence[Exchange], talk: Talk) -> None:
    found = [
        (one, steps) for one in ours for steps, held in leaves(talk.ids.answer(one)) if talk.account and held == talk.account
    ]
    if not found:
        ways.missing.append("No answer tells the id of the user who signed in.")
        return
    with_token = [pair for pair in found if ways.token and local(pair[0].url) == ways.token[1]]
    one, steps = (with_token or found)[0]
    ways.user_id = (one.method, local(one.url), steps)
    ways.why["user_id"] = f"it stands beside the user's name in the answer of {one.method} {local(one.url)}"


def _cookie(ways: Ways, observations: Observations, ours: Sequence[Exchange]) -> None:
    set_at = {name: local(one.url) for one in reversed(ours) for name in one.answered.get(COOKIES_SET, "").split(", ") if name}
    held = [name for name in observations.cookies if name in set_at] or list(observations.cookies)
    signing = [name for name in held if ways.route and set_at.get(name) == ways.route]
    best = min(signing or held, key=lambda name: (not re.search("(?i)token|session|auth|sid", name), len(name)), default="")
    if best:
        ways.cookie, ways.cookie_path = best, observations.cookies[best]
        ways.why["cookie"] = f"{set_at.get(best, 'an answer')} set it, for {ways.cookie_path}"
    else:
        ways.missing.append("No cookie of the platform's own keeps a session: [Carry Session Into Browser] is not known.")


def _history(ways: Ways, observations: Observations, ours: Sequence[Exchange], talk: Talk) -> None:
    texts = [json.dumps(said.text)[1:-1] for said in observations.said]
    for one in ours:
        if "transport=polling" in one.url or not read_json(one.response):
            continue
        if len(texts) > 1 and sum(text in one.response for text in texts) > 1:
            ways.messages = ways.messages or one
        elif talk.thread and _tells(one, talk) and "${thread}" not in "?".join(with_thread(one, talk)):
            ways.threads = ways.threads or one
    if ways.messages is not None:
        ways.why["messages"] = f"{ways.messages.method} {_path(ways.messages, talk)} answered with several of the texts"
    else:
        ways.missing.append("No request brought what was said: [Request Messages] is not known.")
    if ways.threads is not None:
        ways.why["threads"] = f"{ways.threads.method} {_path(ways.threads, talk)} answered with the conversation's id"


def with_thread(exchange: Exchange, talk: Talk) -> Iterator[str]:
    """The path of a request and its query, both with a variable in the place of the conversation's id."""
    parts = urlsplit(exchange.url)
    yield talk.ids.placed(parts.path, talk.thread, "${thread}")
    told = [(name, "${thread}" if _is_thread(name, value, talk) else value) for name, value in parse_qsl(parts.query)]
    yield urlencode(told, safe="${}")


def _is_thread(name: str, value: str, talk: Talk) -> bool:
    return value == shown(talk.thread) != "" and talk.ids.is_named(name, talk.thread)


def _tells(exchange: Exchange, talk: Talk) -> bool:
    """Whether an answer has the conversation's id, also inside of a text where it tells by itself."""
    if isinstance(talk.thread, Id):
        return any(held == talk.thread for _, held in leaves(talk.ids.answer(exchange)))
    return talk.thread in exchange.response


def _path(exchange: Exchange, talk: Talk) -> str:
    return talk.ids.placed(urlsplit(exchange.url).path, talk.thread, "{thread}")


def _is_json(one: Exchange) -> bool:
    return "json" in one.headers.get("content-type", "")
