"""What keywords are given for headers, queries, forms and bodies: texts, numbers, lists, Secrets, nothing."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from robot.api.types import Secret

from realstack.core.errors import StackError
from realstack.http.fields import filled, lines, pairs
from realstack.oauth.forms import Page
from realstack.oauth.keywords.sessions import SessionKeywords
from realstack.secrets import secrets
from support.RestPages import RestServer


@pytest.fixture
def keywords(rest_server: RestServer) -> SessionKeywords:
    one = SessionKeywords()
    one.open_session(rest_server.url)
    return one


def test_fields_are_sent_as_they_are_given() -> None:
    given = {"one": "a", "number": 5, "several": ["a", 2], "none": None, "bytes": b"a b", "empty": "", "no": []}
    assert pairs(given) == [("one", "a"), ("number", "5"), ("several", "a"), ("several", "2"), ("bytes", "a b"), ("empty", "")]
    assert lines(given) == {"one": "a", "number": "5", "several": "a, 2", "bytes": "a b", "empty": "", "no": ""}
    filling = {"one": "a", "number": "5", "several": ["a", "2"], "bytes": "a b", "empty": "", "no": []}
    assert filled(given) == filling
    with pytest.raises(StackError, match="a field that is text"):
        pairs({"bytes": b"\xff"})


def test_query_stands_behind_that_of_the_url(keywords: SessionKeywords) -> None:
    word = Secret("a-word-of-a-query-0123456789")
    answer = keywords.send_request("GET", "/echo?q=a%20b&x=%2F", query={"id": [1, word], "none": None, "t": "a b"})
    assert json.loads(answer.body)["path"] == "/echo?q=a%20b&x=%2F&id=1&id=a-word-of-a-query-0123456789&t=a+b"
    assert secrets.find("a-word-of-a-query-0123456789")


def test_form_has_each_of_several_values(keywords: SessionKeywords) -> None:
    word = Secret("a-word-of-a-form-0123456789")
    answer = keywords.send_request("POST", "/echo", form={"scope": ["a", word], "none": None})
    assert json.loads(answer.body)["body"] == "scope=a&scope=a-word-of-a-form-0123456789"


def test_form_that_comes_with_a_file_has_each_of_several_values(keywords: SessionKeywords, tmp_path: Any) -> None:
    path = tmp_path / "a.txt"
    path.write_text("content")
    told = json.loads(keywords.upload_file("/echo", path, form={"tag": ["a", "b"], "none": None}).body)
    assert told["body"].count('name="tag"') == 2
    assert 'name="none"' not in told["body"]


def test_headers_are_sent_as_they_are_given(keywords: SessionKeywords) -> None:
    given = {"X-None": None, "X-Bytes": b"abc", "X-List": ["a", 5], "content-type": "application/vnd.a+json"}
    told = json.loads(keywords.send_request("POST", "/echo", headers=given, json={"a": 1}).body)["headers"]
    assert (told["x-bytes"], told["x-list"], told["content-type"]) == ("abc", "a, 5", "application/vnd.a+json")
    assert "x-none" not in told


def test_half_a_surrogate_pair_is_sent_escaped(keywords: SessionKeywords) -> None:
    assert json.loads(keywords.send_request("POST", "/echo", json={"a": "\ud83d"}).body)["body"] == '{"a":"\\ud83d"}'


@pytest.mark.parametrize("value", [{"a": float("nan")}, {"a": timedelta(1)}, {"a": {1}}, [b"x"]])
def test_what_is_no_json_is_told(keywords: SessionKeywords, value: Any) -> None:
    with pytest.raises(StackError, match="a value of JSON to send"):
        keywords.send_request("POST", "/echo", json=value)


@pytest.mark.parametrize("method", ["", "G T", "\u0413\u0415\u0422"])
def test_what_is_no_method_is_told(keywords: SessionKeywords, method: str) -> None:
    with pytest.raises(StackError, match="an HTTP method"):
        keywords.send_request(method, "/echo")


@pytest.mark.parametrize("url", ["http://", "http:///x", "https://:80/"])
def test_url_without_a_host_is_told(keywords: SessionKeywords, url: str) -> None:
    with pytest.raises(StackError, match="an http or https URL"):
        keywords.send_request("GET", url)


FORM = """<form><input name=code maxlength=1><input name=code maxlength=1 value=x><input name=code maxlength=1 value=y>
<input type=checkbox name=scope value=read checked><input type=checkbox name=scope value=write>
<input type=checkbox name=scope value=admin><input type=checkbox name=terms>
<input type=radio name=kind value=a checked><input type=radio name=kind value=b>
<select name=roles multiple><option selected>one<option>two<option>three</select></form>"""


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({}, "code= code=x code=y scope=read kind=a roles=one"),
        ({"scope": "write"}, "code= code=x code=y scope=write kind=a roles=one"),
        ({"scope": ["write", "admin"]}, "code= code=x code=y scope=write scope=admin kind=a roles=one"),
        ({"scope": []}, "code= code=x code=y kind=a roles=one"),
        ({"scope": ""}, "code= code=x code=y kind=a roles=one"),
        ({"scope": "on"}, "code= code=x code=y scope=read scope=write scope=admin kind=a roles=one"),
        ({"terms": "yes"}, "code= code=x code=y scope=read terms=on kind=a roles=one"),
        ({"kind": ["b"]}, "code= code=x code=y scope=read kind=b roles=one"),
        ({"roles": ["two", "three"]}, "code= code=x code=y scope=read kind=a roles=two roles=three"),
        ({"roles": []}, "code= code=x code=y scope=read kind=a"),
        ({"code": ["1", "2"]}, "code=1 code=2 code=y scope=read kind=a roles=one"),
        ({"code": "1"}, "code=1 code=1 code=1 scope=read kind=a roles=one"),
    ],
)
def test_several_are_chosen_of_lists_and_groups(given: dict[str, Any], sent: str) -> None:
    form = Page("http://a.test/", FORM).forms[0]
    assert " ".join(f"{name}={value}" for name, value in form.submission(given, None)) == sent


def test_time_is_not_negative(keywords: SessionKeywords) -> None:
    with pytest.raises(StackError, match="can't be negative: -1 s"):
        keywords.send_request("GET", "/echo", timeout=timedelta(seconds=-1))
