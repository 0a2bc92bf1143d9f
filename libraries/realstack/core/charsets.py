"""Charsets by their names, as they come in what others say."""

from __future__ import annotations

import codecs


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
