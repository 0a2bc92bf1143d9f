"""Sessions for RequestsLibrary: what they hand over holds no credential, and they end in time."""

from __future__ import annotations

import secrets as random
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from http.cookiejar import CookieJar
from typing import Any

import pytest
from robot.api.types import Secret

from realstack.core.errors import StackError, StackFailure
from realstack.http.cookies import of_host
from realstack.http.keywords.values import plain_json
from realstack.http.library import FilePart
from realstack.http.session import RestSession
from realstack.recording.events import Http
from realstack.recording.recorder import recorder
from realstack.secrets import HIDDEN, secrets
from support.RestPages import PDF, RestServer


@pytest.fixture
def session(rest_server: RestServer) -> Iterator[RestSession]:
    one = RestSession("ann", rest_server.url, seconds=5, hide=lambda text: f"<hidden {len(text)}>")
    yield one
    one.close()


def token() -> str:
    return "token-" + random.token_urlsafe(24)


def handed_over(answer: Any) -> str:
    """All of a response that RequestsLibrary logs, at whatever level."""
    request = answer.request
    of_request = (request.method, request.url, request.path_url, str(request.headers), str(request.body))
    return "\n".join((*of_request, answer.url, answer.reason, str(answer.headers), answer.text, repr(answer)))


def test_access_token_is_sent_and_not_handed_over(rest_server: RestServer, session: RestSession) -> None:
    value = token()
    answer = session.get(f"{rest_server.url}/echo", auth=value)
    assert answer.json()["headers"]["authorization"].startswith("<hidden")
    assert value.encode() in answer.content
    assert value not in handed_over(answer)
    assert secrets.find(value)


def test_credentials_of_all_parts_of_a_request_are_masked(rest_server: RestServer, session: RestSession) -> None:
    given = [token() for _ in range(4)]
    answer = session.post(
        f"{rest_server.url}/echo?code={given[0]}",
        json={"password": given[1], "name": "Ann"},
        headers={"Cookie": f"a={given[2]}", "Authorization": f"Bearer {given[3]}"},
    )
    assert not [value for value in given if value in handed_over(answer)]
    assert not [value for value in given if value.encode() not in answer.content]
    assert "Ann" in str(answer.request.body)


@pytest.mark.parametrize("given", ["password=%s&name=Ann", '{"password": "%s"}', [("password", "%s")], b"client_secret=%s"])
def test_credentials_of_a_body_are_masked_however_it_is_given(rest_server: RestServer, session: RestSession, given: Any) -> None:
    value = token()
    if isinstance(given, list):
        data: Any = [(name, text % value) for name, text in given]
    else:
        data = given % (value.encode() if isinstance(given, bytes) else value)
    answer = session.post(f"{rest_server.url}/echo", data=data)
    assert value.encode() in answer.content
    assert value not in handed_over(answer)


def test_credentials_of_a_url_and_of_an_account_are_masked(rest_server: RestServer, session: RestSession) -> None:
    value = token()[:14]
    answer = session.get(f"{rest_server.url}/echo".replace("://", f"://ann:{value}@"))
    assert value not in handed_over(answer)
    assert value not in secrets.scrub(f"the password {value} is wrong")


def test_credentials_that_come_back_are_wrapped_or_masked(rest_server: RestServer, session: RestSession) -> None:
    value = token()
    answer = session.get(f"{rest_server.url}/token", params={"is": value})
    assert answer.json()["access_token"] == f"<hidden {len(value)}>"
    assert answer.json()["name"] == "Ann"
    assert value not in handed_over(answer)
    assert HIDDEN in answer.text


def test_cookies_are_kept_remembered_and_not_handed_over(rest_server: RestServer, session: RestSession) -> None:
    value = token()
    first = session.get(f"{rest_server.url}/cookie", params={"is": value})
    assert secrets.find(value)
    second = session.get(f"{rest_server.url}/echo")
    assert f"session={value}".encode() in second.content
    assert value not in handed_over(first) + handed_over(second)


def test_cookies_of_a_request_may_be_given(rest_server: RestServer, session: RestSession) -> None:
    value = token()
    answer = session.get(f"{rest_server.url}/echo", cookies={"given": value})
    assert f"given={value}".encode() in answer.content
    assert value not in handed_over(answer)


def test_what_was_wrapped_is_sent_as_it_is(rest_server: RestServer) -> None:
    def reveal(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: reveal(inner) for name, inner in value.items()}
        return value[::-1] if isinstance(value, str) else value

    session = RestSession("ann", rest_server.url, seconds=5, reveal=reveal)
    answer = session.post(f"{rest_server.url}/echo", json={"text": "olleh"}, headers={"X-Word": "eybdoog"})
    assert answer.json()["body"] == '{"text": "hello"}'
    assert answer.json()["headers"]["x-word"] == "goodbye"


def test_body_that_is_no_text_is_shown_by_its_size(rest_server: RestServer, session: RestSession) -> None:
    answer = session.get(f"{rest_server.url}/pdf")
    assert answer.content == PDF
    assert answer.text == f"{len(PDF)} bytes"


def test_upload_is_shown_by_its_size(rest_server: RestServer, session: RestSession) -> None:
    part = FilePart(("report.pdf", PDF, "application/pdf"))
    answer = session.post(f"{rest_server.url}/files", files={"file": part}, data={"thread_id": "t1"})
    assert answer.json()["size"] > len(PDF)
    assert answer.request.body.endswith(" bytes")
    assert "%PDF" not in repr({"file": part})


def test_redirects_are_facts(rest_server: RestServer, session: RestSession) -> None:
    value = token()
    answer = session.get(f"{rest_server.url}/moved", params={"code": value})
    assert answer.status_code == 302
    assert value not in handed_over(answer)


@pytest.mark.parametrize("path", ["silent", "drips"])
def test_exchange_ends_in_time(rest_server: RestServer, session: RestSession, path: str) -> None:
    with pytest.raises(StackFailure, match=rf"GET \S+/{path} is answered within 0\.2 s"):
        session.get(f"{rest_server.url}/{path}", timeout=0.2)
    assert session.get(f"{rest_server.url}/echo").status_code == 200


def test_connection_is_kept_for_the_next_request(rest_server: RestServer, session: RestSession) -> None:
    ports = {session.get(f"{rest_server.url}/echo").json()["client_port"] for _ in range(3)}
    assert len(ports) == 1


def test_limit_is_the_sessions_own_unless_given(rest_server: RestServer) -> None:
    session = RestSession("ann", rest_server.url, seconds=0.2)
    with pytest.raises(StackFailure, match=r"within 0\.2 s"):
        session.get(f"{rest_server.url}/silent")


@pytest.mark.parametrize("pair", [("ann", "a word"), ["ann", "a word"]])
def test_name_and_password_may_be_given(rest_server: RestServer, pair: Any) -> None:
    one = RestSession("ann", rest_server.url, seconds=5, reveal=plain_json)
    sent = one.get(f"{rest_server.url}/echo", auth=pair).content
    assert b"Basic YW5uOmEgd29yZA==" in sent
    assert b"Basic Om9uZS1vZi1hLXBhaXI=" in one.get(f"{rest_server.url}/echo", auth=["", Secret("one-of-a-pair")]).content
    one.close()


def test_headers_and_cookies_are_sent_as_they_are_given(rest_server: RestServer) -> None:
    one = RestSession("ann", rest_server.url, seconds=5, headers={"Authorization": "Bearer of-the-session-0123"})
    jar = CookieJar()
    jar.set_cookie(of_host("of-a-jar", "1", "a.test"))
    told = one.get(
        f"{rest_server.url}/echo", headers={"Authorization": None, "X-Bytes": b"abc", "X-Number": 5}, cookies=jar
    ).json()
    assert "authorization" not in told["headers"]
    assert (told["headers"]["x-bytes"], told["headers"]["x-number"], told["headers"]["cookie"]) == ("abc", "5", "of-a-jar=1")
    told = one.get(
        f"{rest_server.url}/echo", headers={"Authorization": b"Bearer as-bytes-012345"}, cookies={"a": 5, "b": None}
    ).json()
    assert (told["headers"]["authorization"], told["headers"]["cookie"]) == ("Bearer as-bytes-012345", "a=5")
    assert secrets.find("as-bytes-012345")
    one.close()


@pytest.mark.parametrize("limit", ["5 s", timedelta(seconds=5), (5, None), ("500 ms", "1.5 s"), "", 0])
def test_limits_are_times(rest_server: RestServer, session: RestSession, limit: Any) -> None:
    assert session.get(f"{rest_server.url}/echo", timeout=limit or None).status_code == 200


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"timeout": "soon"}, "timeout= is a duration"),
        ({"timeout": "-1 s"}, "can't be negative"),
        ({"headers": {"X": "\u0416"}}, "is of characters that HTTP can tell"),
        ({"headers": {"X": "a\nb"}}, "can be sent"),
        ({"auth": "\u0416-of-a-token"}, "is of characters that HTTP can tell"),
        ({"cookies": {"a": "\u0416"}}, "is of characters that HTTP can tell"),
        ({"data": "half \ud83d"}, "is of characters that HTTP can tell"),
        ({"json": {"a": timedelta(1)}}, "a value of JSON to send"),
        ({"json": {"a": float("nan")}}, "a value of JSON to send"),
    ],
)
def test_what_can_not_be_sent_is_told(rest_server: RestServer, session: RestSession, options: dict[str, Any], told: str) -> None:
    with pytest.raises(StackError, match=told):
        session.post(f"{rest_server.url}/echo", **options)


@pytest.mark.parametrize("method", ["", "G T", "\u0413\u0415\u0422"])
def test_what_is_no_method_is_told(rest_server: RestServer, session: RestSession, method: str) -> None:
    with pytest.raises(StackError, match="an HTTP method"):
        session.request(method, f"{rest_server.url}/echo")


def test_answers_that_announce_another_one_are_none(rest_server: RestServer, session: RestSession) -> None:
    for _ in range(2):
        answer = session.get(f"{rest_server.url}/announced")
        assert (answer.status_code, answer.json()["path"]) == (200, "/announced")
        assert "link" not in answer.headers


def test_redirect_to_no_url_is_a_fact_too(rest_server: RestServer, session: RestSession) -> None:
    answer = session.get(f"{rest_server.url}/moved-to-no-url")
    assert (answer.status_code, answer.headers["location"]) == (302, "http://[nowhere")


def test_server_that_is_not_there_is_told() -> None:
    session = RestSession("ann", "http://127.0.0.1", seconds=5)
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        with pytest.raises(StackFailure, match="Is the service up"):
            session.get(f"http://127.0.0.1:{reserved.getsockname()[1]}/echo?code={token()}")


def test_what_is_no_url_is_told() -> None:
    with pytest.raises(StackError, match="an http or https URL"):
        RestSession("ann", "", seconds=5).get("/echo")


def test_environment_comes_not_between(rest_server: RestServer, session: RestSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert session.get(f"{rest_server.url}/echo").status_code == 200


def test_closed_session_sends_nothing(rest_server: RestServer, session: RestSession) -> None:
    session.close()
    with pytest.raises(StackError, match="was closed"):
        session.get(f"{rest_server.url}/echo")


def test_closing_ends_connections_though_their_answers_are_kept() -> None:
    one = RestSession("ann", "", seconds=5)
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor() as pool:
        asked = pool.submit(one.get, f"http://127.0.0.1:{listener.getsockname()[1]}/")
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(5)
            assert connection.recv(1024)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
            answer = asked.result()
            one.close()
            assert connection.recv(1) == b""
    assert answer.text == "hi"


def test_exchange_is_recorded_without_values(rest_server: RestServer, session: RestSession) -> None:
    value = token()
    recording = recorder.begin("a test")
    session.get(f"{rest_server.url}/echo", params={"code": value}, auth=value)
    (event,) = recording.entries()
    assert isinstance(event, Http)
    assert event.source == "ann"
    assert (event.method, event.status) == ("GET", 200)
    assert event.url.endswith("/echo?code=…")
    assert value not in str(event)
