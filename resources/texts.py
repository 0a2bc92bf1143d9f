"""Variable file: texts of many kinds, which have to come back as they were said, whoever says them where.

What can't be seen is written as an escape. What is `quoted` is one sentence on one line with nothing to compute: an answer to it
repeats it as it is.
"""

from __future__ import annotations

import unicodedata

Text = dict[str, str | bool]

_SCRIPTS = {
    "accents composed": unicodedata.normalize("NFC", "Crème brûlée à Zürich"),
    "accents decomposed": unicodedata.normalize("NFD", "Crème brûlée à Zürich"),
    "hangul decomposed": unicodedata.normalize("NFD", "한국어 문장"),
    "greek": "Ταχίστη αλώπηξ βαφής ς",
    "cyrillic": "Съешь ещё этих мягких булок",
    "turkish": "İstanbul'da ılık ÇAĞ",
    "sharp s": "Straße STRASSE ẞ",
    "chinese": "中文訊息与简体字",
    "japanese": "日本語のテキスト ｶﾀｶﾅ",
    "thai": "ภาษาไทยไม่มีช่องว่าง",
    "devanagari": "हिन्दी क्षत्रिय",
    "arabic": "مرحبا بالعالم ١٢٣",
    "hebrew and latin": "שלום world שלום",
    "ligatures and signs": "ﬁnance ﬀ ½ ² ㎏ Ⅷ ™",
}
_BEYOND = {
    "emoji": "Fine \U0001f44d\U0001f3fd \U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1e8\U0001f1ed",
    "astral letters": "\U0001d573\U0001d58a\U0001d591\U0001d591\U0001d594 \U00020bb7 \U00012000",
    "private use": "\ue000 \U000f0000",
    "noncharacter": "end \ufffe \uffff of it",
    "replacement character": "lost \ufffd here",
}
_UNSEEN = {
    "zero width": "zero\u200bwidth\u200cjoined\u200d\u2060not",
    "byte order mark": "\ufeffbegins with one",
    "soft hyphen": "co\u00adoperate",
    "direction marks": "a \u202eright to left\u202c and \u2067isolated\u2069 b",
    "no-break blanks": "1\u00a0000\u202f000\u2007units",
    "combining alone": "\u0301 stands first",
    "variation selectors": "\u2764\ufe0f or \u2764\ufe0e",
    "looks empty": "\u2800",
    "invisible alone": "\u200b",
}
_SPACES = {
    "edge blanks": "  leading and trailing  ",
    "double blanks": "two  and   three",
    "tabs": "a\tb\t\tc",
    "line feeds": "first\nsecond\n\nfourth",
    "carriage returns": "first\r\nsecond\rthird\n",
    "line separators": "first\u2028second\u2029third\u0085fourth\u000bfifth\u000csixth",
    "ends with line feeds": "the end\n\n",
    "control characters": "bell \u0007 escape \u001b[31m delete \u007f",
}
_MARKS = {
    "markup": '<b>bold</b> <img src=x onerror="alert(1)"> <!-- gone --> </script>',
    "entities": "&lt;b&gt; &amp;amp; &#39; &nbsp;",
    "quotes": "'single' \"double\" `back` \u2018curly\u2019 \u201cpair\u201d",
    "statement": "Robert'); DROP TABLE messages; -- $1 :name ?",
    "patterns": "100 %s %d %(name)s %% {0} {name} {{x}} ${HOME} $$ #{y}",
    "percent signs": "caf%C3%A9 %00 %2F+plus+",
    "backslashes": "C:\\new\\table \\n \\u0041 \\\\server\\x00",
    "markdown": "# title *bold* _it_ [x](y) ~~no~~ | a | b |",
    "json": '{"text": null, "n": [1e999, -0, 01]}',
    "csv": '=1+1,"a ""b""",\t;@SUM(A1)',
    "pointed": "<3 and a<b>c && d || e",
}
_VALUES = {
    "large numbers": "id 9007199254740993 and 12345678901234567890123 and 0.1000000000000000055",
    "numbers in other forms": "007 +1 1e5 0x1F 1_000 -0.0 NaN Infinity",
    "dates": "2024-02-30 31/12/99 2026-01-31T12:00:00.123456789+05:30",
    "null": "null",
    "none": "None",
    "false": "false",
    "zero": "0",
    "empty object": "{}",
    "undefined": "undefined",
    "empty quotes": '""',
}


def _texts(*, quoted: bool = False, **kinds: dict[str, str]) -> list[Text]:
    named = [(kind, name, text) for kind, texts in kinds.items() for name, text in texts.items()]
    return [{"name": name, "text": text, "kind": kind, "quoted": quoted} for kind, name, text in named]


def long_text(characters: int) -> str:
    """A text of so many characters, no part of which is like another, of several scripts, with blanks at both ends."""
    words = " ".join(f"{number}-ä-漢-\U0001f600" for number in range(characters // 6))
    return f" {words[: characters - 2]} "


TEXTS = [
    *_texts(scripts=_SCRIPTS, quoted=True),
    *_texts(beyond=_BEYOND, unseen=_UNSEEN, spaces=_SPACES, marks=_MARKS, values=_VALUES),
]
"""All of them: dictionaries with `name`, `text`, `kind` and `quoted`."""

_TYPED = {"accents decomposed", "emoji", "byte order mark", "edge blanks", "line feeds", "markup", "patterns", "large numbers"}
TYPED = [one for one in TEXTS if one["name"] in _TYPED]
"""One of each sort, for where each takes its time: typed on a page. Forms know no carriage returns."""
_MARKUP = {name: _MARKS[name] for name in ("entities", "quotes", "markdown", "pointed")}
SHOWN = [one for one in _texts(unseen=_UNSEEN, spaces=_SPACES, marks=_MARKUP) if one["name"] not in _TYPED]
SHOWN += _texts(spaces={"double blanks again": _SPACES["double blanks"]})
"""Others that a page may show otherwise than they are; two messages that say the same are two."""
