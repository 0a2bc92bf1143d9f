"""Keywords about the cookies of a browser's context."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from Browser.generated.playwright_pb2 import Request
from robot.api import logger
from robot.api.deco import keyword
from robot.api.types import Secret
from robot.libraries.BuiltIn import BuiltIn

from realstack.core.errors import StackError, explain


class CookieKeywords:
    """Cookies that touch no log."""

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
        try:
            browser: Any = BuiltIn().get_library_instance("Browser")
        except RuntimeError as error:
            raise StackError(
                explain("the Browser library", "it is not imported", remedy="Import resources/browser.resource.")
            ) from error
        where = urlsplit(url)
        if where.scheme not in {"http", "https"} or not where.hostname:
            raise StackError(
                explain(
                    "the URL of the cookie's origin and path", repr(url), remedy="Give one such as 'http://127.0.0.1:20000/auth'."
                )
            )
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
