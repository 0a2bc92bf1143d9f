"""Keywords about what a browser's context keeps for pages: cookies, and what scripts have stored."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from Browser.generated.playwright_pb2 import Request
from robot.api import logger
from robot.api.deco import keyword
from robot.api.types import Secret
from robot.libraries.BuiltIn import BuiltIn

from realstack.core.errors import StackError, explain
from realstack.secrets import secrets

STORAGE = Path(__file__).parent.parent / "storage.js"


class CookieKeywords:
    """Cookies that touch no log, and what else shows who is signed in."""

    @keyword(tags=["cookie"])
    def add_secret_cookie(self, name: str, value: Secret, *, url: str, http_only: bool = True) -> None:
        """Adds a cookie to the browser's current context.

        Args:
            name: Name of the cookie.
            value: Its value.
            url: Where it is sent to: origin and path, such as ``http://127.0.0.1:20000/auth``.
            http_only: Whether it is kept from the page's scripts.

        Raises:
            StackError: The Browser library is not imported, or the URL is none.

        ```robotframework
        ${cookie}    Get Cookie    refresh_token
        Add Secret Cookie    refresh_token    ${cookie}    url=http://127.0.0.1:20000/auth
        ```
        """
        browser = _browser()
        where = _address(url)
        cookie = {
            "name": name,
            "value": value.value,
            "domain": where.hostname,
            "path": where.path or "/",
            "httpOnly": http_only,
            "sameSite": "Lax",
            "secure": where.scheme == "https",
        }
        with browser.playwright.grpc_channel() as stub:
            stub.AddCookie(Request().Json(body=json.dumps(cookie)))
        logger.info(f"The browser's context now has the cookie {name} for {url}.")

    @keyword(tags=["cookie"])
    def get_secret_cookies(self, *, url: str) -> list[dict[str, Any]]:
        """Returns the cookies of the browser's current context that belong to a URL's host, whatever their paths.

        With them a session that a browser signed in goes on by HTTP.

        Args:
            url: An address at the host, such as ``http://127.0.0.1:20000/``.

        Returns:
            Of each its ``name``, ``value`` (a Secret) and ``path``.

        Raises:
            StackError: The Browser library is not imported, or the URL is none.

        ```robotframework
        ${cookies}    Get Secret Cookies    url=${ORIGIN}
        FOR    ${cookie}    IN    @{cookies}
            Set Cookie    ${cookie}[name]    ${cookie}[value]    path=${cookie}[path]
        END
        ```
        """
        host = _address(url).hostname
        with _browser().playwright.grpc_channel() as stub:
            held = json.loads(stub.GetCookies(Request().Empty()).json)
        return [
            {"name": one["name"], "value": _secret(one["name"], one["value"]), "path": one["path"]}
            for one in held
            if str(one["domain"]).lstrip(".") == host
        ]

    @keyword(tags=["storage"])
    def add_secret_to_storage(self, name: str, value: Secret, *, url: str) -> None:
        """Puts a value into the local storage of the browser's current context, where scripts of pages keep tokens.

        Pages that are opened from now on find it; the platform is asked for nothing.

        Args:
            name: Under which the page looks for it.
            value: Its value.
            url: An address of the page's origin, such as ``http://127.0.0.1:20000/``.

        Raises:
            StackError: The Browser library is not imported, or the URL is none.

        ```robotframework
        Open A Browser Window
        Add Secret To Storage    access_token    ${user.token}    url=${user.origin}
        ```
        """
        browser = _browser()
        where = _address(url)
        origin = f"{where.scheme}://{where.netloc}"
        browser.init_js_extension(STORAGE)
        browser.call_js_keyword("keepInStorage", origin=origin, name=name, value=value.value, context=None)
        logger.info(f"The browser's context now has {name} in the local storage of {origin}.")


def _browser() -> Any:
    try:
        return BuiltIn().get_library_instance("Browser")
    except RuntimeError as error:
        raise StackError(
            explain("the Browser library", "it is not imported", remedy="Import resources/browser.resource.")
        ) from error


def _address(url: str) -> SplitResult:
    where = urlsplit(url)
    if where.scheme not in {"http", "https"} or not where.hostname:
        raise StackError(
            explain(
                "the URL of the cookie's origin and path", repr(url), remedy="Give one such as 'http://127.0.0.1:20000/auth'."
            )
        )
    return where


def _secret(name: str, value: str) -> Secret:
    return Secret(secrets.remember(value, f"cookie {name} of a browser"))
