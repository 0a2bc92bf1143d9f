"""Markup as browsers read it, where Python's parser of HTML reads something else (HTML standard, 13.2.5).

By itself the parser finds `®` in ``?a=1&region=eu`` of an attribute, lets the last one of several attributes of one name count,
and takes what stands in a text area for markup.
"""

from __future__ import annotations

import re
from html import unescape
from html.entities import html5

RAW = ("script", "style", "iframe", "noembed", "noframes", "xmp", "textarea", "title")
"""Elements whose content is text, whatever it looks like. In the last two it has character references."""

_SPACES = re.compile(r"[ \t\n\f\r]+")
_ATTRIBUTE = re.compile(
    r"""(?P<name>=?[^\ \t\n\f\r/>=]+)
    (?:[\ \t\n\f\r]*=[\ \t\n\f\r]*(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<bare>[^\ \t\n\f\r>]*)))?""",
    re.VERBOSE,
)
# Without a semicolon, before `=` or within a word, an ampersand is one.
_REFERENCE = re.compile(r"&(?:#[0-9a-fA-FxX]+;?|(?P<name>[0-9A-Za-z]++(?:;|(?![=;]))))")


def attributes(start_tag: str) -> dict[str, str]:
    """The attributes of a start tag as it is written, by their names in lower case; the first of a name counts."""
    found: dict[str, str] = {}
    beyond_name = re.match(r"<[^ \t\n\f\r/>]*", start_tag)
    for one in _ATTRIBUTE.finditer(start_tag, beyond_name.end() if beyond_name else 0):
        written = next((text for text in one.group("double", "single", "bare") if text is not None), "")
        found.setdefault(one["name"].lower(), _REFERENCE.sub(_referred, written))
    return found


def in_one_line(text: str) -> str:
    """A text with one blank where it has blanks, tabs or ends of lines, and none around it (Infra standard, 4.7)."""
    return _SPACES.sub(" ", text).strip(" ")


def _referred(one: re.Match[str]) -> str:
    return unescape(one[0]) if one["name"] is None else html5.get(one["name"], one[0])
