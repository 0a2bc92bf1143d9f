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
        ("note", "one\ntwo"),
        ("late", "here"),
        ("answer", "accept"),
    ]


def test_untouched_form_keeps_its_defaults_and_hidden_fields_can_not_be_filled(page: Page) -> None:
    assert dict(page.forms[1].submission({"csrf": "mine"}, None)) == {
        "csrf": "a&b", "user": "old", "word": "", "news": "on", "kind": "b", "language": "Suomi",
        "note": "one\ntwo", "late": "here",
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
