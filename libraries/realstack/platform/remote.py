"""A service that is known by its address alone: asked for its health and version by the protocol that its URL names."""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import httpx

from realstack.core.errors import StackError, explain
from realstack.databases.dsn import passwords_of
from realstack.platform.driver import Endpoint
from realstack.platform.probes import PROBE_SECONDS, ask_postgres, redis_info
from realstack.platform.service import NotReady

DEFAULT_PORTS = {"http": 80, "https": 443, "postgresql": 5432, "postgres": 5432, "redis": 6379, "rediss": 6379}
"""The protocols that can be asked, with the ports that their URLs may leave out."""


_POSTGRES, _REDIS = {"postgresql", "postgres"}, {"redis", "rediss"}
_NO_URL = re.compile(r"[\x00-\x20\x7f]")
"""What no URL has (RFC 3986)."""
_CLICKHOUSE = "x-clickhouse-server-display-name"


@dataclass(frozen=True, slots=True)
class RemoteService:
    """A service somewhere.

    Attributes:
        name: Its name.
        url: Its address without credentials.
        group: What it is a replica of.
        health: Path that answers 2xx when it is healthy (HTTP only).
        about: Path whose JSON tells the `version`; that of health where none is given.
        pid_file: File with the number of its main process, where that is one of this machine; empty where none is given.
        ca: File with the certificates (PEM) that its own is checked against, beside the system's; empty where none is given.
        user: Account of the tests; empty when it asks for none.
        password: Its password.
    """

    name: str
    url: str
    group: str
    health: str = "/"
    user: str = ""
    password: str = field(default="", repr=False)
    about: str = ""
    pid_file: str = ""
    ca: str = ""

    @property
    def _tls(self) -> ssl.SSLContext:
        try:
            trust = ssl.create_default_context()
            if self.ca:
                trust.load_verify_locations(self.ca)
        except OSError as error:
            raise StackError(
                explain(f"'ca' of '{self.name}' is a file with certificates (PEM).", f"{self.ca}: {error}.")
            ) from error
        return trust

    @property
    def endpoint(self) -> Endpoint:
        """Where it listens."""
        parts = urlsplit(self.url)
        return Endpoint(self.name, parts.hostname or "", parts.port or DEFAULT_PORTS[parts.scheme])

    @property
    def credential_url(self) -> str:
        """Its address with the tests' credentials; never to be logged."""
        if not (self.user or self.password):
            return self.url
        scheme, rest = self.url.split("://", 1)
        return f"{scheme}://{quote(self.user, safe='')}:{quote(self.password, safe='')}@{rest}"

    def pid(self) -> int:
        """The number of its main process.

        Raises:
            StackError: There is no file that tells it, or it tells none.
        """
        wanted = f"a file tells the number of the main process of '{self.name}'"
        if not self.pid_file:
            remedy = f"services: {{{self.name}: {{url: …, pid_file: /run/{self.name}.pid}}}}, where it runs on this machine."
            raise StackError(explain(wanted, "no 'pid_file' is given", remedy=remedy))
        try:
            return int(Path(self.pid_file).read_text(encoding="ascii"))
        except (OSError, ValueError) as error:
            raise StackError(explain(wanted, f"{self.pid_file}: {error}")) from error

    async def probe(self) -> None:
        """Ask whether it is healthy.

        Raises:
            NotReady: It is not.
            OSError: It can't be reached.
        """
        scheme = urlsplit(self.url).scheme
        if scheme in _POSTGRES:
            await ask_postgres(self.credential_url, "SELECT 1")
        elif scheme in _REDIS:
            await self._redis_info()
        else:
            await self._get(self.health)

    async def version(self) -> str:
        """The version that it tells; `unknown` when it tells none."""
        scheme = urlsplit(self.url).scheme
        if scheme in _POSTGRES:
            return str(await ask_postgres(self.credential_url, "SHOW server_version")).split(" ", maxsplit=1)[0]
        if scheme in _REDIS:
            info = await self._redis_info()
            # Beside its own version it tells the one of the Redis that it goes on from.
            valkey = info.get("valkey_version")
            return f"Valkey {valkey}" if valkey else info.get("redis_version", "unknown")
        answer = await self._get(self.about or self.health)
        try:
            said = json.loads(answer.content)
        except (ValueError, RecursionError):
            said = None
        told = said.get("version") if isinstance(said, dict) else None
        if (display := answer.headers.get(_CLICKHOUSE)) is not None:
            # A server's display name is its machine's; what stands in for a server says so there.
            found = (await self._get("/?query=SELECT+version()")).text.strip()
            return f"{'chDB' if display == 'chDB' else 'ClickHouse'} {found}"
        return str(told or answer.headers.get("server") or "unknown")

    async def _redis_info(self) -> dict[str, str]:
        tls = self._tls if urlsplit(self.url).scheme == "rediss" else None
        return await redis_info(self.endpoint.host, self.endpoint.port, self.password, self.user, tls)

    async def _get(self, path: str) -> httpx.Response:
        account = (self.user, self.password) if self.user else None
        try:
            async with httpx.AsyncClient(timeout=PROBE_SECONDS, trust_env=False, verify=self._tls) as client:
                answer = await client.get(self.url.rstrip("/") + path, auth=account)
        # Neither an answer that can't be decoded nor a host that no name server knows is a trouble of the connection to httpx.
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise NotReady(f"{type(error).__name__}: {error}") from error
        if not answer.is_success:
            raise NotReady(f"GET {path} answered {answer.status_code}: {answer.text[:300]}")
        return answer


def remote_service(name: str, given: object, environment: Mapping[str, str], file: str) -> RemoteService:
    """Read a service from a platform's file: a URL, or a mapping with `url` and what else is to be said.

    Args:
        name: The service's name.
        given: What the file says.
        environment: Where `password_env` is looked up.
        file: The file's name, for errors.

    Raises:
        StackError: Something is missing or of the wrong kind; the text names it.
    """
    entry = {"url": given} if isinstance(given, str) else given
    known = {"url", "group", "health", "about", "user", "password_env", "pid_file", "ca"}
    if not isinstance(entry, Mapping) or not isinstance(entry.get("url"), str) or set(entry) - known or _lists(entry):
        lists = _lists(entry) if isinstance(entry, Mapping) else []
        fields = [f"{field} (no text)" if field in lists else str(field) for field in entry] if isinstance(entry, Mapping) else []
        raise StackError(
            explain(
                f"'services: {name}' in {file} is a URL, or has 'url' and perhaps {', '.join(sorted(known - {'url'}))}.",
                f"It has {', '.join(fields) or 'nothing'}." if isinstance(entry, Mapping) else f"It is {given!r}.",
            )
        )
    url = str(entry["url"]).rstrip("/")
    try:
        parts = urlsplit(url)
        valid = parts.scheme in DEFAULT_PORTS and bool(parts.hostname) and parts.port != 0 and not _NO_URL.search(url)
    except ValueError:
        valid = False
    secret = bool(passwords_of(url)) if valid else "@" in url
    if not valid or secret or parts.password is not None:
        seen = (
            "It holds a password." if valid else "It is one with an account that can't be read." if secret else f"It is '{url}'."
        )
        remedy = "Name the account in 'user', and the environment variable with its password in 'password_env'."
        schemes = ", ".join(f"{scheme}://" for scheme in DEFAULT_PORTS)
        raise StackError(
            explain(f"the URL of '{name}' in {file} begins with one of {schemes} and holds no password.", seen, remedy=remedy)
        )
    variable = str(entry.get("password_env") or "")
    if variable and not environment.get(variable):
        raise StackError(
            explain(
                f"environment variable {variable} holds the password of '{name}'.",
                "It is not set.",
                remedy=f"export {variable}=…",
            )
        )
    return RemoteService(
        name,
        parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl(),
        str(entry.get("group") or name),
        _path(entry.get("health") or "/"),
        str(entry.get("user") or unquote(parts.username or "")),
        environment[variable] if variable else "",
        _path(entry.get("about") or ""),
        str(entry.get("pid_file") or ""),
        str(entry.get("ca") or ""),
    )


def _lists(entry: Mapping[str, object]) -> list[str]:
    """The fields whose values are not one word."""
    return [str(name) for name, value in entry.items() if isinstance(value, (list, dict))]


def _path(given: object) -> str:
    """A path; who leaves out the stroke that it begins with means no other server."""
    text = str(given)
    return text if not text or text.startswith("/") else f"/{text}"
