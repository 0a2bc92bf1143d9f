"""HTML forms as a browser without scripts sees and submits them (HTML standard, 4.10.21)."""

from __future__ import annotations

import re
import secrets as random
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser
from urllib.parse import urlencode

from realstack.core.charsets import known_charset
from realstack.http.fields import Given
from realstack.http.urls import joined
from realstack.oauth.markup import RAW, attributes, in_one_line

URLENCODED, MULTIPART, PLAIN = "application/x-www-form-urlencoded", "multipart/form-data", "text/plain"

_NOT_SUBMITTED = frozenset({"submit", "button", "reset", "image", "file"})
_SUBMITS = re.compile(r"\.(submit|requestSubmit)\s*\(|\.click\s*\(")
_LINE_END = re.compile(r"\r\n|\r|\n")
_OF_ONE_LINE = frozenset({"text", "search", "tel", "password", "url", "email"})
_TRIMMED = frozenset({"url", "email"})
_LINES = re.compile(r"\s*\+?0*(?:[2-9]|1[0-9])")
_REFRESH = re.compile(r"\s*(\d*)[\d.]*\s*[;,\s]\s*+(?:url\s*=\s*)?+[\"']?([^\"']+)", re.IGNORECASE)
_NO_CONTROLS = frozenset(
    {"input", "button", "select", "optgroup", "option", "textarea", "form", "a", "fieldset", "legend", "base", "meta"}
)
_SILENT = frozenset({"script", "style", "template", "noscript", "iframe", "noembed", "noframes", "head", "svg"})


SOON = 5
"""Seconds after which a page that sends its reader on is one to read."""


@dataclass(slots=True)
class Field:
    """A control of a form.

    Attributes:
        name: Its name.
        kind: Its type: ``text``, ``password``, ``hidden``, ``checkbox``, ``select``, …
        value: What would be submitted as it stands.
        submitted: Whether it would be submitted as it stands (an unticked box is not).
        required: Whether the page says so.
        more: What else is chosen of a list of several.
    """

    name: str
    kind: str
    value: str = field(repr=False)
    submitted: bool = True
    required: bool = False
    more: list[Field] = field(default_factory=list, repr=False)


@dataclass(slots=True)
class Button:
    """A button that submits.

    Attributes:
        name: Its name; empty when it submits no value of its own.
        value: Its value.
        text: What a person reads on it.
        action: Absolute URL that it submits to instead of its form's (``formaction``), or empty.
        method: ``GET`` or ``POST`` instead of its form's (``formmethod``), or empty.
        enctype: How it is submitted instead of as its form says (``formenctype``), or empty.
        image: Whether it is a picture, which submits the point that was pressed.
        validates: Whether fields that the page requires must be filled (``formnovalidate``).
    """

    name: str
    value: str
    text: str = ""
    action: str = ""
    method: str = ""
    enctype: str = ""
    image: bool = False
    validates: bool = True

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """What pressing it submits (4.10.22.4)."""
        if self.image:
            dot = f"{self.name}." if self.name else ""
            return [(f"{dot}x", "0"), (f"{dot}y", "0")]
        return [(self.name, self.value)] if self.name else []

    def __str__(self) -> str:
        return f"{self.name}={self.value}" if self.name else self.text or "a nameless button"


@dataclass(slots=True)
class Link:
    """A link that a person may follow.

    Attributes:
        url: Absolute URL.
        text: What a person reads on it.
    """

    url: str
    text: str = ""

    def __str__(self) -> str:
        return self.text or "a link without a text"


@dataclass(slots=True)
class Form:
    """A form of a page.

    Attributes:
        action: Absolute URL that it submits to.
        method: ``GET`` or ``POST``.
        enctype: How a POST is submitted: `URLENCODED`, `MULTIPART` or `PLAIN`.
        fields: Its controls, in order.
        buttons: Its submit buttons, in order.
        form_id: Its id, for controls elsewhere on the page.
        charset: What it is submitted in.
        validates: Whether fields that the page requires must be filled (``novalidate``).
    """

    action: str
    method: str
    fields: list[Field] = field(default_factory=list)
    buttons: list[Button] = field(default_factory=list)
    form_id: str = ""
    charset: str = "utf-8"
    validates: bool = True
    enctype: str = URLENCODED

    @property
    def visible(self) -> list[str]:
        """The names of the fields that a person can fill."""
        return [control.name for control in self.fields if control.kind not in {"hidden", "submit", "button"}]

    def submission(self, values: Mapping[str, Given], button: Button | None) -> list[tuple[str, str]]:
        """The name-value pairs that submitting sends: as they stand, but for the given values, and the button pressed.

        A box is ticked by any value but the empty one, which unticks it; of several of one name, those with a given value.
        """
        pairs: list[tuple[str, str]] = []
        in_turn = {name: iter(given) for name, given in values.items() if isinstance(given, list)}
        for control in self.fields:
            if control.kind in _NOT_SUBMITTED:
                continue
            if control.name in values and control.kind != "hidden":
                given = values[control.name]
                if control.kind in {"checkbox", "radio"}:
                    pairs += [(control.name, control.value)] if self._is_ticked(control, given) else []
                elif isinstance(given, list) and control.kind != "select":
                    pairs.append((control.name, next(in_turn[control.name], control.value)))
                else:
                    pairs += [(control.name, one) for one in (given if isinstance(given, list) else [given])]
            elif control.submitted:
                value = self.charset.upper() if control.kind == "hidden" and control.name == "_charset_" else control.value
                pairs += [(control.name, one) for one in (value, *(option.value for option in control.more))]
        pairs += button.pairs if button is not None else []
        return [(name, _LINE_END.sub("\r\n", value)) for name, value in pairs]

    def _is_ticked(self, box: Field, given: Given) -> bool:
        chosen = given if isinstance(given, list) else [given]
        values = {control.value for control in self.fields if (control.name, control.kind) == (box.name, box.kind)}
        if box.kind == "radio" or values.intersection(chosen) or isinstance(given, list):
            return box.value in chosen
        return bool(given)

    @property
    def hidden_only(self) -> bool:
        """Whether there is nothing to fill: a script would submit it, or a person's press on its only button."""
        return not self.visible and len(self.buttons) <= 1 and not any(button.name for button in self.buttons)

    def button(self, wanted: str) -> Button | None:
        """The button that ``name=value``, a value or a text means, or None."""
        for button in self.buttons:
            if wanted in {str(button), button.text} or (button.name and wanted == button.value):
                return button
        return None

    def __str__(self) -> str:
        fields = ", ".join(self.visible) or "none"
        return f"{self.method} form with the fields {fields}; buttons {', '.join(map(str, self.buttons)) or 'none'}"


@dataclass(slots=True)
class _Fieldset:
    disabled: bool
    in_legend: bool = False
    had_legend: bool = False


def encoded(pairs: list[tuple[str, str]], enctype: str, charset: str) -> tuple[str, bytes]:
    """The Content-Type and the body of a form that is posted (HTML standard, 4.10.22.6 to 4.10.22.8)."""
    if enctype == URLENCODED:
        return enctype, urlencode(pairs, encoding=charset, errors="xmlcharrefreplace").encode("ascii")
    if enctype == PLAIN:
        return enctype, "".join(f"{name}={value}\r\n" for name, value in pairs).encode(charset, "xmlcharrefreplace")
    boundary = f"----{random.token_hex(16)}"
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{_in_quotes(name)}"\r\n\r\n{_lines(value)}\r\n'
        for name, value in pairs
    ]
    body = "".join([*parts, f"--{boundary}--\r\n"])
    return f"{MULTIPART}; boundary={boundary}", body.encode(charset, "xmlcharrefreplace")


def _lines(value: str) -> str:
    return _LINE_END.sub("\r\n", value)


def _in_quotes(name: str) -> str:
    return _lines(name).replace("\r\n", "%0D%0A").replace('"', "%22")


def _enctype(written: str) -> str:
    return found if (found := written.strip().lower()) in {MULTIPART, PLAIN} else URLENCODED


def _method(written: str) -> str:
    return "POST" if written.lower() == "post" else "GET"


def _closes(button: Mapping[str, str]) -> bool:
    """Whether a button closes a dialogue, and sends nothing anywhere (``formmethod=dialog``)."""
    return button.get("formmethod", "").lower() == "dialog"


def sent_on(refresh: str, base: str) -> str:
    """Where a reader is sent soon by a page's refresh or by a ``Refresh`` header, absolute; empty where to nowhere."""
    told = _REFRESH.match(refresh)
    soon = told is not None and len(told[1] or "") < 5 and int(told[1] or 0) <= SOON
    return joined(base, told[2].strip()) if told is not None and soon else ""


def _of_area(area: Field, data: str) -> str:
    """What a text area holds more of; its first line's end is dropped."""
    written = unescape(data)
    return written if area.value else written.removeprefix("\r").removeprefix("\n")


class Page(HTMLParser):
    """The forms and the readable text of an HTML page.

    Args:
        url: Where the page was loaded from.
        html: Its text.
        charset: What it was written in, and what its forms are submitted in.

    Attributes:
        refresh: Where the page sends its reader by itself (``<meta http-equiv=refresh>``), absolute; empty where it does not.
        submits_itself: Whether a script of the page submits a form without a person.
    """

    CDATA_CONTENT_ELEMENTS = RAW  # type: ignore[misc]  # the parser asks itself for it, though its stubs call it final

    def __init__(self, url: str, html: str, charset: str = "utf-8") -> None:
        super().__init__(convert_charrefs=True)
        self.url = url
        self.charset = charset
        self.refresh = ""
        self._has_base = False
        self._templates = 0
        self._several = False
        self._by_itself = True
        self.base = url
        self.title = ""
        self.forms: list[Form] = []
        self.links: list[Link] = []
        self._link: Link | None = None
        self._fieldsets: list[_Fieldset] = []
        self._by_id: dict[str, Form] = {}
        self._late: list[tuple[str, Field | Button]] = []
        self._form: Form | None = None
        self._button: Button | None = None
        self._select: Field | None = None
        self._option: Field | None = None
        self._option_text = ""
        self._group_disabled = False
        self._area: Field | None = None
        self._silent = 0
        self._in_title = False
        self._in_script = False
        self.submits_itself = False
        self._words: list[str] = []
        self.feed(html)
        self.close()
        if self._area is not None:  # a text area without an end
            self._area.value += _of_area(self._area, self.rawdata)
        for form_id, control in self._late:
            self._place(self._by_id.get(form_id), control)

    @property
    def text(self) -> str:
        """What a person reads on the page, in one line."""
        return " ".join(" ".join(self._words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """See `html.parser`."""
        found = attributes(self.get_starttag_text() or "")
        if tag in _SILENT:
            self._silent += tag != "head"
        self._templates += tag == "template"
        if self._templates and tag in _NO_CONTROLS:
            return  # what is in a template is not on the page before a script puts it there (4.12.3)
        self._in_script = tag == "script"
        self.submits_itself |= bool(_SUBMITS.search(found.get("onload", "")))
        opener = getattr(self, f"_open_{tag}", None)
        if opener is not None:
            opener(found)

    def handle_endtag(self, tag: str) -> None:
        """See `html.parser`."""
        self._in_script = False
        if tag in _SILENT and tag != "head":
            self._silent = max(0, self._silent - 1)
            self._templates = max(0, self._templates - (tag == "template"))
        elif self._templates:
            return
        elif tag == "form":
            self._form = None
        elif tag == "a":
            self._link = None
        elif tag == "fieldset" and self._fieldsets:
            self._fieldsets.pop()
        elif tag == "legend" and self._fieldsets:
            self._fieldsets[-1].in_legend = False
        elif tag == "button":
            self._button = None
        elif tag == "select":
            self._select = self._option = None
        elif tag == "option":
            self._option = None
        elif tag == "optgroup":
            self._group_disabled = False
        elif tag == "textarea":
            self._area = None
        elif tag == "title":
            self._in_title = False

    def handle_data(self, data: str) -> None:
        """See `html.parser`."""
        if self._in_script:
            self.submits_itself |= bool(_SUBMITS.search(data))
        elif self._in_title:
            self.title += unescape(data).strip()
        elif self._area is not None:
            self._area.value += _of_area(self._area, data)
        elif self._option is not None:
            self._option_text += data
            self._option.value = in_one_line(self._option_text)
        elif not self._silent:
            if self._link is not None:
                self._link.text = f"{self._link.text} {' '.join(data.split())}".strip()
            if self._button is not None:
                self._button.text = f"{self._button.text} {data.strip()}".strip()
            self._words.append(data)

    def _open_title(self, _: dict[str, str]) -> None:
        self._in_title = not self._silent

    def _open_base(self, found: dict[str, str]) -> None:
        if "href" in found and not self._has_base:
            self.base, self._has_base = joined(self.url, found["href"]), True

    def _open_meta(self, found: dict[str, str]) -> None:
        if found.get("http-equiv", "").lower() == "refresh" and not self.refresh:
            self.refresh = sent_on(found.get("content", ""), self.base)

    def _open_form(self, found: dict[str, str]) -> None:
        if self._form is not None or found.get("method", "").lower() == "dialog":
            return  # a form in a form is none, and a dialogue is not sent anywhere
        action = joined(self.base, found["action"]) if found.get("action") else self.url
        charset = found.get("accept-charset", "").replace(",", " ").partition(" ")[0] or self.charset
        self._form = Form(
            action,
            _method(found.get("method", "")),
            form_id=found.get("id", ""),
            charset="utf-8" if (told := known_charset(charset)).startswith("utf") else told,  # Encoding Standard, 4.3
            validates="novalidate" not in found,
            enctype=_enctype(found.get("enctype", "")),
        )
        self.forms.append(self._form)
        if self._form.form_id:
            self._by_id.setdefault(self._form.form_id, self._form)  # of several the first is meant

    def _open_a(self, found: dict[str, str]) -> None:
        if "href" in found:
            self._link = Link(joined(self.base, found["href"]))
            self.links.append(self._link)

    def _open_fieldset(self, found: dict[str, str]) -> None:
        self._fieldsets.append(_Fieldset("disabled" in found))

    def _open_legend(self, _: dict[str, str]) -> None:
        if self._fieldsets:
            self._fieldsets[-1].in_legend = not self._fieldsets[-1].had_legend
            self._fieldsets[-1].had_legend = True

    def _disabled(self, found: dict[str, str]) -> bool:
        """Whether a control is switched off: by itself, or by a fieldset around it whose first legend it is not in (4.10.15)."""
        return "disabled" in found or any(one.disabled and not one.in_legend for one in self._fieldsets)

    def _open_input(self, found: dict[str, str]) -> None:
        kind = found.get("type", "text").strip().lower()
        if self._disabled(found):
            return
        if kind in {"submit", "image"}:
            if _closes(found):
                return
            self._add(found, self._made(found, found.get("value", "")))
        elif found.get("name"):
            box = kind in {"checkbox", "radio"}
            value = found.get("value", "on" if box else "")
            if kind in _OF_ONE_LINE:
                value = _LINE_END.sub("", value)
            value = value.strip(" \t\n\f\r") if kind in _TRIMMED else value
            self._add(found, Field(found["name"], kind, value, not box or "checked" in found, "required" in found))

    def _open_button(self, found: dict[str, str]) -> None:
        if self._disabled(found) or found.get("type", "").strip().lower() in {"button", "reset"} or _closes(found):
            return
        self._button = self._made(found, "")
        self._add(found, self._button)

    def _made(self, found: dict[str, str], text: str) -> Button:
        action = joined(self.base, found["formaction"]) if found.get("formaction") else ""
        method = _method(found["formmethod"]) if "formmethod" in found else ""
        image = found.get("type", "").strip().lower() == "image"
        text = text or (found.get("alt", "") if image else "")
        enctype = _enctype(found["formenctype"]) if "formenctype" in found else ""
        validates = "formnovalidate" not in found
        return Button(found.get("name", ""), found.get("value", ""), text, action, method, enctype, image, validates)

    def _open_textarea(self, found: dict[str, str]) -> None:
        if found.get("name") and not self._disabled(found):
            self._area = Field(found["name"], "textarea", "", required="required" in found)
            self._add(found, self._area)

    def _open_select(self, found: dict[str, str]) -> None:
        if found.get("name") and not self._disabled(found):
            control = Field(found["name"], "select", "", False, "required" in found)
            self._add(found, control)
            self._select, self._several = control, "multiple" in found
            # Neither has one chosen by itself whose lines are seen without opening it (4.10.7).
            self._by_itself = not self._several and not _LINES.match(found.get("size", ""))
            self._group_disabled = False

    def _open_optgroup(self, found: dict[str, str]) -> None:
        self._group_disabled = "disabled" in found

    def _open_option(self, found: dict[str, str]) -> None:
        self._option = None
        chosen = self._select
        if chosen is None:
            return
        selected = "selected" in found
        if self._group_disabled or "disabled" in found:
            if selected and not self._several:  # "Choose …": it is what is chosen, and is not sent
                chosen.submitted = self._by_itself = False
            return
        if not selected and (not self._by_itself or chosen.submitted):
            return  # of a list of several none is chosen by itself, of another one its first
        target = chosen
        if self._several and chosen.submitted:
            target = Field(chosen.name, "option", "")
            chosen.more.append(target)
        target.value = found.get("value", "")
        chosen.submitted = True
        # Without a value of its own, an option's text is its value.
        self._option, self._option_text = (target, "") if "value" not in found else (None, "")

    def _add(self, found: dict[str, str], control: Field | Button) -> None:
        if "form" in found:  # an empty one is that of no form
            self._late.append((found["form"], control))
        else:
            self._place(self._form, control)

    def link(self, wanted: str) -> Link | None:
        """The link with this text, with or without brackets around it, or None."""
        return next((link for link in self.links if wanted and wanted in {link.text, link.text.strip("[]() ")}), None)

    @staticmethod
    def _place(form: Form | None, control: Field | Button) -> None:
        if form is None:
            return  # outside of any form it is not submitted
        if isinstance(control, Button):
            form.buttons.append(control)
        else:
            if control.kind == "radio" and control.submitted:
                for other in form.fields:  # of those that are ticked, the last one is
                    other.submitted &= other.kind != "radio" or other.name != control.name
            form.fields.append(control)
