"""Connection URLs as other clients write them, and what in them is secret."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from realstack.core.errors import StackError, explain

ESCAPED = "In a URL's user and password, / is written %2F, ? %3F, # %23, @ %40 and % %25; or give password= apart from it."
"""What to do with a URL that can't be read."""

_ACCOUNT = re.compile(r"[^/@]*(?://)?[^:/?#@]*:(?P<password>.+)@", re.DOTALL)
"""What looks like an account before the last @."""
_FIELD = re.compile(r"(?i)(?<![^?&;\s])(?:ssl)?password\s*=\s*('(?:[^'\\]|\\.)*'|[^&;\s]+)")
"""A password of a query, or between others as libpq takes them."""

_OF_LIBPQ = {
    "channel_binding",
    "client_encoding",  # the driver writes and reads UTF-8 whatever is set
    "connect_timeout",
    "fallback_application_name",
    "gssencmode",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "load_balance_hosts",
    "sslcertmode",
    "sslcompression",
    "sslsni",
    "tcp_user_timeout",
}
"""What libpq does by itself and no server knows; asyncpg would send it to the server."""
_OF_POOLS = {"connection_limit", "pgbouncer", "pool_timeout", "socket_timeout", "sslaccept", "statement_cache_size"}
"""The same of Prisma."""
_DIALECT = re.compile(r"^(postgres(?:ql)?)\+\w+(?=://)")
"""The driver of SQLAlchemy: ``postgresql+asyncpg://``."""
_VALKEY = re.compile(r"^valkey(s?)://")
_SEVERAL_REDIS = re.compile(r"(?i)^(?:redis|valkey)s?[+-](?P<kind>sentinel|cluster)://")
_ONE_REDIS = {
    "sentinel": "Ask a Sentinel for its primary (SENTINEL GET-MASTER-ADDR-BY-NAME name), and open the session there.",
    "cluster": "Open the session at one of the nodes; what another one holds is told with that one's address.",
}
"""What to do instead of naming several servers."""


def split_dsn(dsn: str | None, seconds: float) -> tuple[str | None, float]:
    """A connection URL without what is meant for libpq, and the seconds that connecting may take.

    Args:
        dsn: ``postgresql://…?connect_timeout=10&channel_binding=prefer``.
        seconds: What connecting may take where the URL does not say.

    Raises:
        StackError: It demands what can't be kept, or its `connect_timeout` is no number.
    """
    if dsn is None:
        return None, seconds
    dsn = _DIALECT.sub(r"\1", dsn.strip())
    address, mark, query = dsn.partition("?")
    if not mark:
        return dsn, seconds
    options = parse_qsl(query, keep_blank_values=True)
    given = dict(options)
    if given.get("channel_binding") == "require":
        raise StackError(explain("channel_binding=prefer or disable", "channel_binding=require, which the driver has not"))
    try:
        seconds = float(given.get("connect_timeout") or seconds) or seconds
    except ValueError:
        raise StackError(explain("connect_timeout in seconds", repr(given["connect_timeout"]))) from None
    left = [("search_path" if name == "schema" else name, value) for name, value in options if name not in _OF_LIBPQ | _OF_POOLS]
    return (f"{address}?{urlencode(left, quote_via=quote)}" if left else address), seconds


def redis_address(url: str) -> str:
    """A connection URL of Redis as redis-py reads it; ``valkey`` is the same protocol by another name.

    Raises:
        StackError: It names several servers.
        ValueError: Its path is no number of a database, which the client would take for none.
    """
    if several := _SEVERAL_REDIS.match(url.strip()):
        seen = f"one of several servers ({several['kind']})"
        raise StackError(explain("the URL of one Redis server", seen, remedy=_ONE_REDIS[several["kind"].lower()]))
    address = _VALKEY.sub(r"redis\1://", url.strip())
    parts = urlsplit(address)
    if parts.scheme in {"redis", "rediss"} and parts.path.strip("/") and not parts.path.strip("/").isdecimal():
        raise ValueError("a path that is no number of a database")
    return address


def passwords_of(url: str | None) -> list[str]:
    """The passwords in a connection URL, also in one that can't be read: whoever says so must not show them."""
    text = url or ""
    known, account = None, _ACCOUNT.match(text)
    try:
        parts = urlsplit(text)
        if parts.hostname and parts.port != 0:  # that it has one that can be read tells where the account ends
            known, account = parts.password, None
    except ValueError:
        pass  # who opens it says so
    found = [known or "", account["password"] if account else "", *(field.strip("'") for field in _FIELD.findall(text))]
    return list(dict.fromkeys(form for one in found for form in (unquote(one), one) if form))
