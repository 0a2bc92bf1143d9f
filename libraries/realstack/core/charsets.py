"""Charsets by their names, as they come in what others say."""

from __future__ import annotations

import codecs
import json
import re

_TOLD = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)

_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)


def told_charset(content_type: str) -> str | None:
    """The charset that a ``Content-Type`` names, by the name that Python has for it; None where it names none."""
    told = _TOLD.search(content_type)
    return known_charset(told[1]) if told else None


def decoded(body: bytes, content_type: str) -> str:
    """A body as the text that its ``Content-Type`` says that it is; UTF-8 where that says nothing, without a byte order mark.

    A mark counts more than what is said (Encoding Standard, 6.1), and JSON of other widths is known by its zero bytes: read as
    UTF-8 it would have zeros between its letters, where no credential is found, and which a log leaves out.
    """
    charset = told_charset(content_type) or "utf-8"
    if body.startswith(_MARKS) or (charset == "utf-8" and b"\0" in body[:4]):
        charset = json.detect_encoding(body)
    return body.decode("utf-8-sig" if charset == "utf-8" else charset, "replace")


def known_charset(name: str) -> str:
    """A charset by the name that Python has for it as browsers take it; UTF-8 where nobody knows it (Encoding Standard, 4.2)."""
    try:
        found = codecs.lookup(name.strip()).name
        # Python calls more an encoding than there are charsets: base64, idna, unicode-escape.
        if b"\\u0041\xff".decode(found, "replace").startswith("A"):
            return "utf-8"
    except (LookupError, ValueError):
        return "utf-8"
    return "cp1252" if found in {"iso8859-1", "ascii"} else found
