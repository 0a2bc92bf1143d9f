"""What somebody chose as a password is found, and masked without a rest, as each writer of URLs, JSON and XML writes it."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable
from unicodedata import normalize
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import quoteattr

import pytest

from realstack.secrets import Registry

PASSWORDS = ['p/a+s"s ü&w<o%rd', 'S/e+c"r ü&<%2F!', "it's a \\ back/slash & ü", "tab\tand\nnew line ü", "smile-😀-pass/word's"]


def small(text: str) -> str:
    return re.sub(r"%[0-9A-F]{2}", lambda code: code[0].lower(), text)


def capital(text: str) -> str:
    return re.sub(r"\\u[0-9a-f]{4}", lambda code: "\\u" + code[0][2:].upper(), text)


def escaped(text: str, characters: str) -> str:
    return "".join(f"\\u{ord(one):04x}" if one in characters else one for one in text)


def everything(text: str) -> str:
    return quote(text, safe="")


def json_of(text: str) -> str:
    return json.dumps(text)[1:-1]


def utf8_json_of(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def basic(text: str) -> str:
    return base64.b64encode(f"app:{quote_plus(text)}".encode()).decode()


WRITERS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "path": quote,
    "query": everything,
    "form": quote_plus,
    "small digits": lambda text: small(everything(text)),
    "form with small digits": lambda text: small(quote_plus(text)),
    "twice": lambda text: everything(everything(text)),
    "twice with small digits": lambda text: small(everything(everything(text))),
    "twice, the inner ones small": lambda text: everything(small(everything(text))),
    "three times": lambda text: everything(everything(everything(text))),
    "hexadecimal digits": lambda text: text.encode().hex(),
    "hexadecimal digits in capitals": lambda text: text.encode().hex().upper(),
    "log of nginx": lambda text: "".join(
        chr(one) if 32 <= one < 127 and one not in b'"\\' else f"\\x{one:02X}" for one in text.encode()
    ),
    "shell": lambda text: re.sub(r"[^\w@%+=:,./-]", r"\\\g<0>", text),
    "CSV": lambda text: text.replace('"', '""'),
    "SQL": lambda text: text.replace("'", "''"),
    "decomposed": lambda text: normalize("NFD", text),
    "UTF-8 that was read as Latin-1": lambda text: text.encode().decode("latin-1"),
    "JSON in JSON in JSON, as in a container's log": lambda text: json_of(json_of(json_of(text))),
    "JSON in UTF-8, three times": lambda text: utf8_json_of(utf8_json_of(utf8_json_of(text))),
    "form in a form": lambda text: quote_plus(quote_plus(text)),
    "encodeURIComponent": lambda text: quote(text, safe="!'()*"),
    "encodeURI": lambda text: quote(text, safe="!'()*;,/?:@&=+$#"),
    "JSON": json_of,
    "JSON in UTF-8": utf8_json_of,
    "JSON with capital digits": lambda text: capital(json_of(text)),
    "JSON of PHP": lambda text: json_of(text).replace("/", "\\/"),
    "JSON of Go": lambda text: escaped(utf8_json_of(text), "<>&"),
    "JSON of Ruby on Rails": lambda text: escaped(utf8_json_of(text), "<>&"),
    "JSON of .NET": lambda text: capital(escaped(json.dumps(text).replace('\\"', "\\u0022")[1:-1], "<>&'+`")),
    "JSON in JSON": lambda text: json_of(json_of(text)),
    "JSON in JSON in UTF-8": lambda text: utf8_json_of(utf8_json_of(text)),
    "HTML": html.escape,
    "HTML text": lambda text: html.escape(text, quote=False),
    "HTML of Go": lambda text: html.escape(text, quote=False).replace('"', "&#34;").replace("'", "&#39;"),
    "HTML in ASCII": lambda text: html.escape(text).encode("ascii", "xmlcharrefreplace").decode(),
    "HTML in hexadecimal": lambda text: html.escape(text).replace("&quot;", "&#x22;").replace("/", "&#x2F;"),
    "HTML twice": lambda text: html.escape(html.escape(text)),
    "XML attribute": lambda text: quoteattr(text)[1:-1] if '"' not in text else html.escape(text),
    "repr": lambda text: repr(text)[1:-1],
    "ascii": lambda text: ascii(text)[1:-1],
    "bytes": lambda text: repr(text.encode())[2:-1],
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64url behind a name": lambda text: base64.urlsafe_b64encode(f"ann:{text}".encode()).decode(),
    "Basic of a client": basic,
}


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("password", PASSWORDS)
def test_password_is_found_and_masked_as_each_writer_writes_it(password: str, writer: str) -> None:
    registry = Registry()
    registry.remember(password, "password")
    written = WRITERS[writer](password)
    text = f"GET /login?x={written}&y=1"
    assert [str(one) for one in registry.find(text)] == ["#1 (password)"]
    left = registry.scrub(text)
    if "base64" not in writer and "Basic" not in writer:  # what stands before a value in base64 shares a character with it
        assert left == "GET /login?x=<hidden>&y=1"
    assert written[6:-6] not in left


@pytest.mark.parametrize("other", ["p/a+s-word", "pass word ü", "&lt;o%rd", "%2Fa%2B", "cDovYStz"])
def test_other_texts_are_not_taken_for_it(other: str) -> None:
    registry = Registry()
    registry.remember(PASSWORDS[0], "password")
    assert registry.scrub(f"see {other} there") == f"see {other} there"


def test_random_values_have_few_forms() -> None:
    registry = Registry()
    registry.remember("Zk3xq9TfLwB7mYc2RdVh8sNpJ4aGe6Ui", "token")
    assert registry.kept_windows < 15
