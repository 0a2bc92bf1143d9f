"""Keywords about URLs that carry credentials: what a browser brings back, changed on its way."""

from __future__ import annotations

from robot.api.deco import keyword
from robot.api.types import Secret

from realstack.core.errors import StackFailure, explain
from realstack.http.keywords.values import plain, plain_url, told
from realstack.http.urls import is_public, parameters, shown, with_parameters


class UrlKeywords:
    """Reading and changing the query of a URL; the URL and its values are Secrets."""

    @keyword(tags=["session"])
    def change_url(self, url: Secret | str, **query: Secret | str | None) -> Secret:
        """Sets or removes parameters of a URL's query, as whoever tampers with an authorization response would.

        Args:
            url: The URL, such as the ``location`` of a redirect.
            **query: Values by name; ``${None}`` removes a parameter.

        Returns:
            The URL as a Secret.

        ```robotframework
        ${callback}    Change Url    ${answer.location}    state=${None}
        Send Request    GET    ${callback}    status=400
        ```
        """
        values = {name: None if value is None else _remembered(name, value) for name, value in query.items()}
        changed = with_parameters(plain_url(url), values)
        told(shown(changed))
        return Secret(changed)

    @keyword(tags=["session", "getter"])
    def get_url_parameter(self, url: Secret | str, name: str) -> Secret:
        """Returns a parameter of a URL's query, such as the ``state`` of an authorization response, as a Secret.

        From then on its value may stand in no log; that of one which anybody may know, such as ``redirect_uri``, may.

        Args:
            url: The URL.
            name: Of the parameter.

        Raises:
            StackFailure: The URL has none of that name; the text tells which it has.

        ```robotframework
        ${state}    Get Url Parameter    ${end.callback}    state
        ```
        """
        found = parameters(plain_url(url))
        if name not in found:
            raise StackFailure(
                explain(f"{shown(plain_url(url))} has the parameter {name!r}", f"it has {', '.join(found) or 'none'}")
            )
        return Secret(_remembered(name, Secret(found[name])))


def _remembered(name: str, value: Secret | str) -> str:
    """The text of a parameter, remembered as a credential when it is a Secret, unless anybody may know it."""
    if isinstance(value, Secret) and is_public(name, str(value.value)):
        return str(value.value)
    return plain(value, f"parameter {name}")
