"""The OpenID provider of the reference platform: prepared at its first start, filled over SCIM, signed in to by its own forms."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from chat_common.settings import SettingsError
from chat_idp.settings import read_settings
from support import servers
from support.auth_service import ROOT, AuthService, auth_service
from support.openid_provider import OpenIdProvider
from support.waiting import until

HOST = "127.0.0.2"
START_SECONDS = 30.0
USER = {"userName": "reader", "name": "First Reader", "email": "reader@example.org", "password": "correct horse"}


class Provider:
    """A running provider, and what is done with it."""

    def __init__(self, folder: Path, redirect_uri: str) -> None:
        self.url = f"http://{HOST}:{servers.free_port()}"
        self.folder = folder
        self._environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": f"{ROOT / 'docker/common'}:{ROOT / 'docker/idp'}",
            "HOST": HOST,
            "PORT": self.url.rpartition(":")[2],
            "IDP_DATA_DIR": str(folder),
            "IDP_CLIENT_ID": "chat",
            "IDP_CLIENT_SECRET": "client-secret",
            "IDP_REDIRECT_URIS": redirect_uri,
            "IDP_SCIM_CLIENT_ID": "scim",
            "IDP_SCIM_CLIENT_SECRET": "scim secret",
            "IDP_USERS": json.dumps([USER]),
        }

    def start(self) -> None:
        log = (self.folder / "idp.log").open("ab")
        command = ["setpriv", "--pdeathsig=KILL", "--", sys.executable, "-m", "chat_idp"]
        with log:
            self.process = subprocess.Popen(command, env=self._environment, stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((self.folder / "idp.log").read_text()[-4000:])
            time.sleep(0.02)

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(10)

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/.well-known/openid-configuration", trust_env=False, timeout=1).status_code == 200
        except httpx.HTTPError:
            return False

    def scim(self) -> httpx.Client:
        answer = httpx.post(
            f"{self.url}/oauth/token", auth=("scim", "scim secret"), data={"grant_type": "client_credentials"}, trust_env=False
        )
        headers = {"Authorization": f"Bearer {answer.json()['access_token']}", "Content-Type": "application/scim+json"}
        return httpx.Client(base_url=f"{self.url}/scim/v2", headers=headers, trust_env=False)


@pytest.fixture(scope="module")
def port() -> int:
    return servers.free_port()


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory, port: int) -> Iterator[Provider]:
    running = Provider(tmp_path_factory.mktemp("idp"), f"http://127.0.0.1:{port}/auth/callback/test")
    running.start()
    yield running
    assert running.end() == 0


@pytest.fixture(scope="module")
def service(
    provider: Provider, port: int, auth_stores: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[AuthService]:
    issuer = OpenIdProvider(issuer=provider.url, client_secret="client-secret")
    settings = {**auth_stores, "PORT": str(port), "PUBLIC_URL": f"http://127.0.0.1:{port}"}
    with auth_service(tmp_path_factory.mktemp("auth"), issuer, **settings) as running:
        yield running


def new_user(name: str) -> dict[str, Any]:
    return {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": name,
        "active": True,
        "name": {"formatted": f"Reader {name}", "givenName": "Reader", "familyName": name},
        "displayName": f"Reader {name}",
        "emails": [{"value": f"{name}@example.org"}],
        "password": f"password of {name}",
    }


def submit(browser: httpx.Client, page: httpx.Response, **fields: str) -> httpx.Response:
    """Post a page's form with its hidden token."""
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)
    assert token is not None, page.text
    action = re.search(r'<form[^>]*action="([^"]+)"', page.text)
    url = action[1].replace("&amp;", "&") if action else str(page.url)
    return browser.post(url, data={"csrf_token": token[1], **fields}, follow_redirects=True)


def sign_in(service: AuthService, name: str, password: str, answer: str = "accept") -> httpx.Response:
    """Walk through the provider's pages; gives the callback's answer."""
    with httpx.Client(trust_env=False, timeout=30) as browser:
        page = browser.get(f"{service.url}/auth/login?provider=test", follow_redirects=True)
        page = submit(browser, page, login=name)
        page = submit(browser, page, password=password)
        if "/oauth/authorize" not in page.url.path:
            return page
        page = submit(browser, page, answer=answer)
        callbacks = [item for item in [*page.history, page] if "/auth/callback/" in item.url.path]
        if callbacks and callbacks[0].status_code == 302:
            refreshed = browser.post(f"{service.url}/auth/refresh", headers={"X-Requested-With": "test"})
            assert refreshed.status_code == 200
            return refreshed
        return callbacks[0]


def test_signs_in_who_was_made_over_scim(provider: Provider, service: AuthService) -> None:
    with provider.scim() as scim:
        made = scim.post("/Users", json=new_user("made"))
        assert made.status_code == 201, made.text
    user = sign_in(service, "made", "password of made").json()["user"]
    assert (user["email"], user["name"]) == ("made@example.org", "Reader made")
    assert user["picture"] == made.json()["photos"][0]["value"]
    picture = httpx.get(user["picture"], trust_env=False)
    assert (picture.status_code, picture.headers["content-type"].split(";")[0]) == (200, "image/svg+xml")
    assert picture.text.startswith("<svg")


def test_changes_and_deletes_over_scim(provider: Provider) -> None:
    with provider.scim() as scim:
        scim.post("/Users", json=new_user("short-lived"))
        patch = {
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{"op": "replace", "path": "displayName", "value": "Changed"}],
        }
        assert scim.patch("/Users/short-lived", json=patch).status_code == 200
        assert scim.get("/Users/short-lived").json()["displayName"] == "Changed"
        assert scim.delete("/Users/short-lived").status_code == 204
        assert scim.get("/Users/short-lived").status_code == 404
        assert httpx.get(f"{provider.url}/scim/v2/Users", trust_env=False).status_code == 401


def test_knows_the_users_of_its_settings_and_refuses_wrong_passwords(service: AuthService) -> None:
    assert "Login failed" in sign_in(service, "reader", "wrong").text
    assert "Login failed" in sign_in(service, "nobody", "wrong").text
    assert sign_in(service, "reader@example.org", USER["password"]).json()["user"]["name"] == USER["name"]


def test_asks_for_consent_and_takes_no_for_an_answer(provider: Provider, service: AuthService) -> None:
    with provider.scim() as scim:
        scim.post("/Users", json=new_user("denier"))
    refused = sign_in(service, "denier", "password of denier", answer="deny")
    assert (refused.status_code, refused.json()["error"]) == (400, "provider_error")
    assert "access_denied" in refused.json()["detail"]


def test_signs_ten_users_in_at_once(provider: Provider, service: AuthService) -> None:
    names = [f"crowd-{number}" for number in range(10)]
    with provider.scim() as scim:
        assert {scim.post("/Users", json=new_user(name)).status_code for name in names} == {201}
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda name: sign_in(service, name, f"password of {name}"), names))
    assert [answer.json()["user"]["email"] for answer in answers] == [f"{name}@example.org" for name in names]


def test_rotates_its_key_and_survives_a_restart(provider: Provider, service: AuthService) -> None:
    def keys() -> list[str]:
        return [key["kid"] for key in httpx.get(f"{provider.url}/oauth/jwks.json", trust_env=False).json()["keys"]]

    with provider.scim() as scim:
        scim.post("/Users", json=new_user("patient"))
    sign_in(service, "patient", "password of patient")
    before = keys()
    subprocess.run(["openssl", "genrsa", "-out", provider.folder / "keys/0002.pem", "2048"], check=True, capture_output=True)
    provider.process.send_signal(signal.SIGHUP)
    until(lambda: keys() != before, "the new key", 5)
    assert set(before) < set(keys())
    with provider.scim() as scim:
        scim.post("/Users", json=new_user("late"))
    assert sign_in(service, "late", "password of late").json()["user"]["name"] == "Reader late"
    assert provider.end() == 0
    provider.start()
    with provider.scim() as scim:
        assert scim.get("/Users/patient").status_code == 200


def test_names_every_wrong_setting() -> None:
    with pytest.raises(SettingsError) as failure:
        read_settings({"PORT": "1", "IDP_REDIRECT_URIS": "x", "IDP_USERS": '[{"userName":"a"}]', "IDP_ISSUER": "http://h/path"})
    for name in ("IDP_DATA_DIR", "IDP_REDIRECT_URIS", "IDP_USERS", "IDP_ISSUER", "IDP_CLIENT_ID", "IDP_SCIM_CLIENT_SECRET"):
        assert name in str(failure.value)
