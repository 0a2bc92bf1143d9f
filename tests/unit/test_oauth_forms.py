"""HTML forms: what a browser without scripts would submit."""

from __future__ import annotations

import pytest

from realstack.http.urls import origin, parameters, shown, with_parameters
from realstack.oauth.forms import Page

PAGE = """
<!doctype html><html><head><title>Sign in</title><script>var form = "<form>";</script></head><body>
<form action="search"><input name="q"></form>
<form method="post" action="/login?next=%2Fa" id="login">
  <input type="hidden" name="csrf" value="a&amp;b">
  <input name="user" value="old"> <input type="password" name="word" required>
  <input type="checkbox" name="remember" value="y"> <input type="checkbox" name="news" checked>
  <input type="radio" name="kind" value="a"> <input type="radio" name="kind" value="b" checked>
  <input name="gone" disabled> <input type="file" name="photo">
  <select name="language"><option value="en">English<option selected>Suomi</select>
  <textarea name="note">one
two</textarea>
  <button type="button" name="help">Help</button>
  <button name="answer" value="deny">No <b>thanks</b></button> <button name="answer" value="accept">Yes</button>
</form>
<p>Login failed.</p><style>p { color: red }</style>
<input form="login" name="late" value="here"> <input name="stray" value="nowhere">
</body></html>
"""


@pytest.fixture
def page() -> Page:
    return Page("http://127.0.0.1:1/a/b?x=1", PAGE)


def test_forms_have_absolute_actions_and_methods(page: Page) -> None:
    assert [(form.method, form.action) for form in page.forms] == [
        ("GET", "http://127.0.0.1:1/a/search"),
        ("POST", "http://127.0.0.1:1/login?next=%2Fa"),
    ]


def test_submission_is_what_stands_there_and_what_is_given(page: Page) -> None:
    form = page.forms[1]
    pairs = form.submission({"user": "reader", "word": "w", "remember": "y", "news": "", "kind": "a"}, form.button("accept"))
    assert pairs == [
        ("csrf", "a&b"),
        ("user", "reader"),
        ("word", "w"),
        ("remember", "y"),
        ("kind", "a"),
        ("language", "Suomi"),
        ("note", "one\r\ntwo"),
        ("late", "here"),
        ("answer", "accept"),
    ]


def test_untouched_form_keeps_its_defaults_and_hidden_fields_can_not_be_filled(page: Page) -> None:
    assert dict(page.forms[1].submission({"csrf": "mine"}, None)) == {
        "csrf": "a&b", "user": "old", "word": "", "news": "on", "kind": "b", "language": "Suomi",
        "note": "one\r\ntwo", "late": "here",
    }  # fmt: skip


def test_buttons_are_found_by_pair_value_and_text(page: Page) -> None:
    form = page.forms[1]
    assert form.button("answer=deny") is form.button("deny") is form.button("No thanks")
    assert form.button("help") is None
    assert [str(button) for button in form.buttons] == ["answer=deny", "answer=accept"]


def test_text_is_what_a_person_reads(page: Page) -> None:
    assert page.title == "Sign in"
    assert "Login failed." in page.text
    assert "color" not in page.text
    assert "var form" not in page.text


def test_form_without_action_submits_to_its_own_page() -> None:
    assert Page("http://a.test/x?y=1", "<form method=post></form>").forms[0].action == "http://a.test/x?y=1"


def test_base_element_counts() -> None:
    assert Page("http://a.test/x", '<base href="/deep/"><form action="y"></form>').forms[0].action == "http://a.test/deep/y"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://u:p@a.test/x?code=abc&state=d&error=access_denied#frag", "http://a.test/x?code=…&state=…&error=access_denied#…"),
        ("http://a.test/x", "http://a.test/x"),
        ("/x?token=a", "/x?token=…"),
    ],
)
def test_shown_url_has_no_values(url: str, expected: str) -> None:
    assert shown(url) == expected


def test_parameters_and_origin() -> None:
    assert parameters("http://a.test/?a=1&b=&a=2") == {"a": "1", "b": ""}
    assert origin("https://u:p@a.test:8443/x") == "https://a.test:8443"


def test_parameters_are_set_in_place_of_all_of_that_name_or_removed() -> None:
    url = "http://h:1/callback?state=a&code=b%20c&state=d&empty=#end"
    changed = with_parameters(url, {"state": "e&f", "code": None, "new": "x"})
    assert changed == "http://h:1/callback?empty=&state=e%26f&new=x#end"


@pytest.mark.parametrize(
    ("body", "sent"),
    [
        ("<select name=a multiple><option value=1 selected>x<option>2<option selected>3<option selected value=4></select>",
         [("a", "1"), ("a", "3"), ("a", "4")]),
        ("<select name=a multiple><option>1<option>2</select>", []),
        ("<select name=a><option selected>1<option selected>2</select>", [("a", "2")]),
        ("<select name=a><option disabled>1<option>2<option>3</select>", [("a", "2")]),
        ("<template><input name=t value=1><button name=u value=2></template><input name=a value=3>", [("a", "3")]),
        ("<input type=hidden name=a value=1><input type=hidden name=a value=2>", [("a", "1"), ("a", "2")]),
        ("<input type=hidden name=_charset_>", [("_charset_", "UTF-8")]),
        ("<textarea name=a>\n1\n2</textarea>", [("a", "1\r\n2")]),
        ("<form action=/inner><input name=a value=1></form>", [("a", "1")]),
        ("<input type=' HIDDEN ' name=a value=1>", [("a", "1")]),
        ("<noscript><input name=a value=1></noscript>", [("a", "1")]),
        ("<iframe><input name=b value=1></iframe><input name=a value=1>", [("a", "1")]),
        ("<textarea name=a>\n<b>&lt;x</b><input name=b value=1></textarea>", [("a", "<b><x</b><input name=b value=1>")]),
        ("<textarea name=a>no end &amp; <i>", [("a", "no end & <i></form>")]),
        ("<input name=a value='?x=1&section=2&region=eu&amp;y=z'>", [("a", "?x=1&section=2&region=eu&y=z")]),
        ("<input name=a value='&lt&notit;&#x26;&copy2 &copy'>", [("a", "<&notit;&&copy2 ©")]),
        ("<input name=a value=1 name=b VALUE=2>", [("a", "1")]),
        ("<input name=a value=1/>", [("a", "1/")]),
        ("<input name=a value='x'type=hidden>", [("a", "x")]),
        ("<input type=tel name=a value='1\n2'><input type=email name=b value=' c@d '>", [("a", "12"), ("b", "c@d")]),
        ("<input type=hidden name=a value=' 1\n2'>", [("a", " 1\r\n2")]),
        ("<select name=a><option>\xa0a \n<b>b</b>  c </select>", [("a", "\xa0a b c")]),
        ("<select name=a><optgroup disabled><option>1</optgroup><option>2</select>", [("a", "2")]),
        ("<select name=a size=2><option>1<option>2</select>", []),
        ("<select name=a><option>0<option disabled selected>Choose<option>2</select>", []),
        ("<select name=a><option disabled selected>Choose<option>1<option selected>2</select>", [("a", "2")]),
        ("<input type=radio name=a value=1 checked><input type=radio name=a value=2 checked>", [("a", "2")]),
    ],
)  # fmt: skip
def test_odd_controls_are_sent_as_browsers_send_them(body: str, sent: list[tuple[str, str]]) -> None:
    page = Page("http://a.test/x", f"<form method=post action=/login>{body}</form>")
    assert [form.action for form in page.forms] == ["http://a.test/login"]
    assert page.forms[0].submission({}, None) == sent


def test_addresses_are_read_as_browsers_read_them() -> None:
    html = "<title>A &amp; <b></title><form action='/in?copy=1&section=2&region=eu'></form><a href=/on?a=1&para=2&times=3>On</a>"
    page = Page("http://a.test/", html)
    assert page.title == "A & <b>"
    assert page.forms[0].action == "http://a.test/in?copy=1&section=2&region=eu"
    assert page.links[0].url == "http://a.test/on?a=1&para=2&times=3"


def test_blanks_around_an_address_are_none_of_it_and_the_first_of_equal_ids_is_meant() -> None:
    page = Page(
        "http://idp.test/a/b",
        "<form id=f action=' /x?a=b c \n'></form><form id=f></form><input form=f name=n><a href='\t./y '>go</a>",
    )
    assert [form.action for form in page.forms] == ["http://idp.test/x?a=b c", "http://idp.test/a/b"]
    assert [form.visible for form in page.forms] == [["n"], []]
    assert page.link("go").url == "http://idp.test/a/y"


def test_picture_is_a_button_that_sends_a_point() -> None:
    form = Page("http://a.test/", "<form><input type=image name=go alt=Enter><input type=image></form>").forms[0]
    assert form.submission({}, form.button("Enter")) == [("go.x", "0"), ("go.y", "0")]
    assert form.submission({}, form.buttons[1]) == [("x", "0"), ("y", "0")]


def test_button_of_an_unknown_type_submits() -> None:
    form = Page("http://a.test/", "<form><button type=go name=a value=1>Go</button><button type=button>No</button></form>").forms[
        0
    ]
    assert [str(button) for button in form.buttons] == ["a=1"]


def test_first_base_counts_and_dialogues_are_no_forms() -> None:
    html = "<base target=_top><base href=/one/><base href=/two/><form method=dialog></form><form action=in></form>"
    assert [form.action for form in Page("http://a.test/", html).forms] == ["http://a.test/one/in"]


@pytest.mark.parametrize(
    ("content", "there"),
    [
        ("0; url=/on", "/on"),
        ("1;URL='/on'", "/on"),
        ('0,"on"', "/on"),
        ("0 url = on", "/on"),
        ("300; url=/on", ""),
        ("5", ""),
        ("", ""),
    ],
)
def test_page_sends_its_reader_on(content: str, there: str) -> None:
    page = Page("http://a.test/", f"<meta http-equiv=Refresh content='{content.replace(chr(39), '&#39;')}'>")
    assert page.refresh == (f"http://a.test{there}" if there else "")


def test_button_that_closes_a_dialogue_sends_nothing() -> None:
    page = Page(
        "http://a.test/",
        """<dialog><form method=post><input name=a value=1><button formmethod=dialog name=b value=no>Cancel</button>
        <input type=submit formmethod=DIALOG value=Close><button name=b value=yes>OK</button></form></dialog>""",
    )
    assert [str(button) for button in page.forms[0].buttons] == ["b=yes"]


def test_control_of_no_form_is_not_sent() -> None:
    page = Page("http://a.test/", "<form><input name=a value=1><input name=b value=2 form=''></form>")
    assert page.forms[0].submission({}, None) == [("a", "1")]


@pytest.mark.parametrize(("refresh", "there"), [("0;url=", ""), ("0; URL = ''", ""), ("0;url=/b", "http://a.test/b")])
def test_page_that_comes_again_sends_its_reader_nowhere(refresh: str, there: str) -> None:
    assert Page("http://a.test/a", f'<meta http-equiv=refresh content="{refresh}">').refresh == there


@pytest.mark.parametrize("charset", ["utf-16", "UTF-16LE", "utf-32", "utf-7"])
def test_form_is_sent_in_utf_8_where_its_charset_is_for_no_forms(charset: str) -> None:
    assert Page("http://a.test/", f"<form accept-charset={charset}><input name=a></form>").forms[0].charset == "utf-8"


def test_half_a_surrogate_pair_in_a_url_is_told_as_browsers_do() -> None:
    assert with_parameters("http://a.test/?q=%F0%9F%98%80", {"a": "\ud83d", "b": "\U0001f600"}) == (
        "http://a.test/?q=%F0%9F%98%80&a=%EF%BF%BD&b=%F0%9F%98%80"
    )
