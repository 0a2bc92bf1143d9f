"""Carries a signed-in HTTP session into a browser window."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from Browser.generated.playwright_pb2 import Request
from robot.api import logger
from robot.api.deco import keyword, library
from robot.api.types import Secret
from robot.libraries.BuiltIn import BuiltIn

from realstack import __version__
from realstack.core.errors import StackError, explain


@library(scope="GLOBAL", version=__version__, doc_format="MARKDOWN", auto_keywords=False)
class BrowserSession:
    """Carries a session that was signed in by HTTP into a browser, without its cookies touching a log.

    Signing in through a provider's pages takes a browser a second or two. A journey that is not about signing in does it by HTTP
    through the same pages (see `Sign In With Forms` of the OAuth library), and hands the session's cookies to the browser here.
    The session is then the browser's: whatever rotates with its use (a refresh token) must no longer be used by HTTP.

    The Browser library's own `Add Cookie` writes the value to the log at DEBUG; this goes past it.

    ```robotframework
    *** Test Cases ***
    A Page Of Somebody Signed In
        New Context
        Add Secret Cookie    refresh_token    ${cookie}    url=http://127.0.0.1:20000/auth
        New Page    http://127.0.0.1:20000/
    ```
    """

    @keyword(tags=["cookie"])
    def add_secret_cookie(self, name: str, value: Secret, *, url: str, http_only: bool = True) -> None:
        """Add a cookie to the browser's current context.

        Args:
            name: Name of the cookie.
            value: Its value.
            url: Where it is sent to: origin and path, such as ``http://127.0.0.1:20000/auth``.
            http_only: Whether it is kept from the page's scripts.

        Raises:
            StackError: The Browser library is not imported, or the URL is none.
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
