"""Takes what is secret out of what was seen, before anything is made of it: what opens something is numbered, ``<hidden 3>``.

A number stands for the same value wherever that turns up, so that it can still be seen that what one answer brought (a token)
goes into a header, a subprotocol or a cookie later.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from realstack.secrets.forms import forms
from realstack.secrets.names import HIDDEN, PARAMETER_NAMES, SHORTEST_RANDOM, CredentialNames

NAMES = CredentialNames()
OF_QUERIES = NAMES.also(*PARAMETER_NAMES, "state", "nonce", "code_challenge", "*csrf*", "*xsrf*")
SHORTEST = 4
"""Characters of the shortest password that is looked for everywhere; a shorter one would be found in every word."""
SHORTEST_DRAWN = 8
"""Characters of the shortest cookie or parameter that is."""
NOT_KEPT = {"cookie", "set-cookie"}
"""Headers that are credentials as a whole; the names of cookies are kept beside them."""
FORM, PARTS = "application/x-www-form-urlencoded", "multipart/form-data"

_PART = re.compile(r'name="([^"]+)"\r?\n\r?\n(.*?)\r?\n--', re.DOTALL)
"""A field of a form in parts (RFC 7578), but for files."""
_TOKENS = re.compile(r"eyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*")
_NUMBER = re.compile(r"<hidden \d+( in base64url)?>")
IN_BASE64 = " in base64url>"
"""How the number of a secret ends where it stood in that form (RFC 4648, 5), without padding."""


class Mask:
    """Knows the secrets of one look at a platform.

    Args:
        known: Those that are known before: passwords.
    """

    def __init__(self, known: Iterable[str] = ()) -> None:
        self._numbers: dict[str, str] = {}
        for value in known:
            self.know(value)

    def know(self, value: str) -> None:
        """Take a value for a secret, whatever it looks like, unless it is so short that it is found in every word."""
        if len(value) >= SHORTEST and not _NUMBER.fullmatch(value):
            self._numbers.setdefault(value, f"<hidden {len(self._numbers) + 1}>")

    def learn(self, value: str, shortest: int = SHORTEST_RANDOM) -> None:
        """Take a value for a secret, unless it is too short or has blanks, as words of people have."""
        if len(value) >= shortest and not re.search(r"\s", value):
            self.know(value)

    @property
    def values(self) -> list[str]:
        """All secrets."""
        return list(self._numbers)

    def learn_from(self, seen: Iterable[Mapping[str, Any]], cookies: Iterable[Mapping[str, Any]]) -> None:
        """Find the secrets among what tabs did and the cookies that their browser has."""
        for cookie in cookies:
            if is_credential(cookie):
                self.learn(cookie["value"], SHORTEST_DRAWN)
                self.learn(unquote(cookie["value"]), SHORTEST_DRAWN)
        for one in seen:
            headers = {**one.get("headers", {}), **one.get("answered", {})}
            for name, value in headers.items():
                if name.lower() in ("authorization", "proxy-authorization"):
                    self.learn(value.rpartition(" ")[2])
            for name, value in parse_qsl(urlsplit(one.get("url", "")).query):
                if name in OF_QUERIES:
                    self.learn(value, SHORTEST_DRAWN)
            kind = headers.get("content-type", "")
            sent = one.get("direction") == "out"
            for text, typed in ((one.get("request", ""), True), (one.get("response", ""), False), (_frame_text(one), sent)):
                for name, value in _fields(text, kind):
                    if name in NAMES:
                        # What a page sends under such a name may have been typed by a person.
                        (self.know if typed else self.learn)(value)
            for token in _TOKENS.findall(json.dumps(one)):
                self.learn(token)

    def apply(self, told: Any) -> Any:
        """Plain data without secrets."""
        replaced = []
        for value, number in self._in_order():
            encoded = base64.urlsafe_b64encode(value.encode()).decode().rstrip("=")
            replaced.append((encoded, number[:-1] + IN_BASE64))
            replaced += [(form, number) for form in sorted(forms(value), key=len, reverse=True)]
        return self._masked(told, replaced)

    def _masked(self, told: Any, replaced: list[tuple[str, str]]) -> Any:
        if isinstance(told, str):
            for form, number in replaced:
                if form in told:
                    told = told.replace(form, number)
            return told
        if isinstance(told, list):
            return [self._masked(one, replaced) for one in told]
        if isinstance(told, dict):
            if told.get("what") == "frame" and told.get("binary"):
                return {**told, "payload": self._masked_bytes(told["payload"])}
            kept = {name: one for name, one in told.items() if name.lower() not in NOT_KEPT}
            return {name: self._masked(one, replaced) for name, one in kept.items()}
        return told

    def _masked_bytes(self, payload: str) -> str:
        # As many bytes as before: what a binary frame says of lengths stays true.
        data = base64.b64decode(payload)
        for value, _ in self._in_order():
            data = data.replace(value.encode(), b"*" * len(value.encode()))
        return base64.b64encode(data).decode()

    def _in_order(self) -> list[tuple[str, str]]:
        return sorted(self._numbers.items(), key=lambda one: -len(one[0]))


def is_credential(cookie: Mapping[str, Any]) -> bool:
    """Whether a cookie, as browsers tell of it, is a credential."""
    return NAMES.cookie(cookie["name"], cookie["value"], http_only=cookie["httpOnly"])


def request_text(exchange: Mapping[str, Any]) -> str:
    """The body of a request; of a form the names and values of its fields, without those of credentials, however short."""
    body = str(exchange.get("request", ""))
    kind = str(exchange.get("headers", {}).get("content-type", ""))
    if FORM not in kind and PARTS not in kind:
        return body
    fields = parse_qsl(body) if FORM in kind else _PART.findall(body)
    return urlencode([(name, HIDDEN if name in OF_QUERIES else value) for name, value in fields], safe="<>")


def _frame_text(one: Mapping[str, Any]) -> str:
    if one.get("what") != "frame" or one.get("binary"):
        return ""
    payload = str(one["payload"])
    begin = min((at for at in (payload.find("{"), payload.find("[")) if at >= 0), default=-1)
    return payload[begin:] if begin >= 0 else ""


def _fields(text: str, kind: str) -> Iterator[tuple[str, str]]:
    if FORM in kind or PARTS in kind:
        yield from parse_qsl(text) if FORM in kind else _PART.findall(text)
        return
    try:
        value = json.loads(text)
    except (ValueError, RecursionError, binascii.Error):
        return
    todo = [value]
    while todo:
        one = todo.pop()
        if isinstance(one, dict):
            yield from ((name, inner) for name, inner in one.items() if isinstance(inner, str))
            todo.extend(one.values())
        elif isinstance(one, list):
            todo.extend(one)
