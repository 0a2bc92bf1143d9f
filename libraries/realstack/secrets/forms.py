"""The ways in which one secret value can show up in a file.

A credential seldom leaks as it is: it sits in a URL, in XML or JSON, in a Basic header, in a WebSocket subprotocol.
Each of these forms is searched for by windows: every stretch of [WINDOW][] characters at a multiple of it
must be missing. So a text that holds at least ``2 * WINDOW - 1`` characters in a row of any form is found, cut or not.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterator
from unicodedata import normalize
from urllib.parse import quote, quote_plus

from realstack.core.writable import writable

WINDOW = 16
"""Characters of a window. 16 characters of a base64url alphabet are 96 bits: no chance hit."""

SHORTEST = 8
"""Characters below which a value can't be searched for without false alarms."""

VARIED = 6
"""Different characters that a window must have: runs of one character (zeros, in base64) are in many files."""


LONGEST_ODD = 256
"""Characters up to which what somebody chose is looked for in the forms of every writer of JSON and XML."""

_URI = "!'()*;,/?:@&=+$#"
_URI_PART = "!'()*"
"""What JavaScript's ``encodeURI`` and ``encodeURIComponent`` leave as it is."""
_DRAWN = re.compile(r"[A-Za-z0-9+/=_.~-]*")
"""What tokens are made of, of which a run has thousands: their bytes are not looked for."""
_UNSAFE = re.compile(r"[^\w@%+=:,./-]")
"""What a shell escapes that shows a command (``printf %q``)."""
_PERCENT = re.compile(r"%[0-9A-F]{2}")
_UNICODE = re.compile(r"\\u([0-9a-f]{4})")


def forms(value: str) -> set[str]:
    """Every written form of a value: as it is, escaped for URL, XML and JSON, and base64 in any alignment.

    Percent-encoding leaves ``/`` as it is or not, has capital or small digits (RFC 3986, 2.1), and is done twice where a URL is
    put into another one, three times where that one is. JSON and XML may escape what they need not, each writer in its own way,
    and JSON may be a text within JSON, as in the log of a container. A client's secret is percent-encoded before it is base64
    (RFC 6749, 2.3.1). Stores show a password's bytes in hexadecimal digits, nginx those beyond ASCII, shells escape, CSV and SQL
    double their quotes, Unicode has two forms of ``ä``, and UTF-8 that is read as Latin-1 has two characters for it. Half a
    surrogate pair is in no file as it is.
    """
    if (told := writable(value)) != value:
        return {value, *forms(told)}
    quoted = {quote(value, safe=""), quote_plus(value)}
    once = {value, *quoted, html.escape(value), html.escape(value, quote=False), json.dumps(value)[1:-1]}
    if "://" in value:  # a URL's password is a credential by itself; each form of the whole is looked for in every message
        return once | {*map(_small_digits, quoted), *_base64_forms(value.encode())}
    quoted |= {quote(value), quote(value, safe=_URI), quote(value, safe=_URI_PART)}
    quoted |= {_small_digits(form) for form in quoted}
    for _ in range(2):
        quoted |= {quote(form, safe="") for form in quoted}
        quoted |= {_small_digits(form) for form in quoted}
    once |= {value.replace('"', '""'), value.replace("'", "''")}
    if not _DRAWN.fullmatch(value):
        once |= {value.encode().hex(), value.encode().hex().upper(), _UNSAFE.sub(r"\\\g<0>", value), _of_nginx(value)}
    if not value.isascii():
        once |= {normalize(form, value) for form in ("NFC", "NFD")} | {value.encode().decode("latin-1")}
    found = once | quoted | {*_base64_forms(value.encode()), *_base64_forms(quote_plus(value).encode())}
    if len(value) <= LONGEST_ODD:
        found |= {*_json_forms(value), *_xml_forms(value), repr(value)[1:-1], ascii(value)[1:-1], repr(value.encode())[2:-1]}
    return found


def _of_nginx(value: str) -> str:
    return "".join(chr(one) if 32 <= one < 127 and one not in b'"\\' else f"\\x{one:02X}" for one in value.encode())


def _small_digits(form: str) -> str:
    return _PERCENT.sub(lambda code: code[0].lower(), form)


def _json_forms(value: str) -> Iterator[str]:
    for ascii_only in (True, False):
        plain = json.dumps(value, ensure_ascii=ascii_only)[1:-1]
        for form in (plain, plain.replace("/", "\\/"), _escaped(plain, "<>&"), _escaped(plain, "<>&'")):
            yield form
            yield _UNICODE.sub(lambda code: rf"\u{code[1].upper()}", form)
            within = json.dumps(form, ensure_ascii=ascii_only)[1:-1]
            yield within
            yield json.dumps(within, ensure_ascii=ascii_only)[1:-1]
    strict = _escaped(json.dumps(value).replace('\\"', r"\u0022")[1:-1], "<>&'+`")
    yield strict
    yield _UNICODE.sub(lambda code: rf"\u{code[1].upper()}", strict)


def _escaped(text: str, characters: str) -> str:
    return "".join(rf"\u{ord(one):04x}" if one in characters else one for one in text)


def _xml_forms(value: str) -> Iterator[str]:
    marks = html.escape(value, quote=False)
    few = marks.replace('"', "&quot;")
    decimal = marks.replace('"', "&#34;").replace("'", "&#39;")
    many = decimal.replace("&#34;", "&quot;").replace("/", "&#x2F;").replace("`", "&#x60;").replace("=", "&#x3D;")
    blanks = few.replace("\t", "&#9;").replace("\n", "&#10;").replace("\r", "&#13;")
    hexadecimal = marks.replace('"', "&#x22;").replace("'", "&#x27;").replace("/", "&#x2F;")
    for form in (marks, few, decimal, many, blanks, hexadecimal, html.escape(value)):
        yield form
        yield form.encode("ascii", "xmlcharrefreplace").decode()
        yield html.escape(form)


def _base64_forms(data: bytes) -> Iterator[str]:
    # What stands before the value in the encoded text (a user name, say) shifts it by 0, 1 or 2 bytes. The
    # characters that the neighbours share with the value are left out at both ends.
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + data).decode()
        first = (0, 2, 3)[shift]
        last = len(encoded) - (0, 3, 2)[(shift + len(data)) % 3]
        core = encoded[first:last]
        if len(core) >= SHORTEST:
            yield core
            yield core.replace("+", "-").replace("/", "_")


def core(value: str) -> str:
    """The part of a value that is worth searching for.

    What is signed, such as the claims of a compact JWS (RFC 7515) or the content of a signed cookie, is no secret, and pieces
    of its encoding are in other texts too: only the signature counts.
    """
    return value.rpartition(".")[2] if _is_signed(value) else value


def windows(value: str) -> Iterator[str]:
    """The windows of every form of a value; whole forms where they are shorter, or a URL, which is mostly public."""
    if _is_signed(value) and value.startswith("eyJ") and value.count(".") == 2:
        # Where the claims begin, a token can be told from all other texts, also one that was cut off before its signature.
        dot = value.index(".")
        yield value[dot - 8 : dot + 8]
    for form in forms(core(value)):
        if len(form) < WINDOW or "://" in value:
            if len(form) >= SHORTEST:
                yield form
            continue
        starts = [*range(0, len(form) - WINDOW + 1, WINDOW), len(form) - WINDOW]
        yield from (window for start in starts if len(set(window := form[start : start + WINDOW])) >= VARIED)


def _is_signed(value: str) -> bool:
    first, dot, rest = value.partition(".")
    if not dot or len(rest.rpartition(".")[2]) not in {0, *range(WINDOW, 2048)}:
        return False
    try:
        json.loads(base64.urlsafe_b64decode(first + "=" * (-len(first) % 4)))
    except (ValueError, RecursionError):  # neither base64url nor JSON: nothing that anybody could read
        return False
    return True
