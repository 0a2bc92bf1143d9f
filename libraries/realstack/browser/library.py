"""Carries a signed-in HTTP session into a browser window."""

from __future__ import annotations

from robot.api.deco import library
from robotlibcore import DynamicCore

from realstack import __version__
from realstack.browser.keywords.cookies import CookieKeywords


@library(scope="GLOBAL", version=__version__, doc_format="MARKDOWN", auto_keywords=False)
class BrowserSession(DynamicCore):  # type: ignore[misc] # robotlibcore is untyped
    """Carries a session that was signed in by HTTP into a browser, without its cookies and tokens touching a log.

    Signing in through a provider's pages takes a browser a second or two. A journey that is not about signing in does it by HTTP
    through the same pages (see `Sign In With Forms` of the OAuth library), and hands the session's cookies to the browser here,
    or the token that the page's scripts keep (`Add Secret To Storage`). The session is then the browser's: whatever rotates
    with its use (a refresh token) must no longer be used by HTTP.

    The Browser library's own `Add Cookie` writes the value to the log at DEBUG; this goes past it.

    ```robotframework
    *** Test Cases ***
    A Page Of Somebody Signed In
        New Context
        Add Secret Cookie    refresh_token    ${cookie}    url=http://127.0.0.1:20000/auth
        New Page    http://127.0.0.1:20000/
    ```
    """

    def __init__(self) -> None:
        super().__init__([CookieKeywords()])
