"""A request of the HTTP interface, taken apart: who asks, what, with which settings and parameters."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl

from starlette.datastructures import Headers

from clickhouse_http.configuration import Account, Configuration
from clickhouse_http.errors import ClickHouseError

NOBODY: Final = "default"
"""Who asks when nobody is named."""

# Parameters of the request itself; every other is a setting of the query.
_OWN: Final = frozenset(
    {
        "query", "user", "password", "database", "default_format", "query_id", "session_id", "session_timeout", "session_check",
        "close_session", "quota_key", "stacktrace", "client_protocol_version", "buffer_size", "wait_end_of_query", "compress",
        "decompress",
    }
)  # fmt: skip
_PARAMETER: Final = "param_"
_TABLE_FIELDS: Final = ("_format", "_structure", "_types")


@dataclass(frozen=True)
class Table:
    """Data of a multipart request that its statement can read as a table.

    Attributes:
        name: Name of the table.
        structure: Names and types of the columns.
        format: Format of the data.
        data: The data.
    """

    name: str
    structure: str
    format: str
    data: bytes


@dataclass(frozen=True)
class Asked:
    """What a request asks.

    Attributes:
        values: Parameters of the request itself, by name.
        settings: Settings of the query.
        parameters: Values for the statement's places.
    """

    values: Mapping[str, str]
    settings: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)

    def get(self, name: str, default: str = "") -> str:
        """A parameter of the request itself."""
        return self.values.get(name, default)

    def flag(self, name: str) -> bool:
        """Whether a parameter of the request itself is set to true."""
        return self.get(name).lower() in {"1", "true"}

    def with_fields(self, fields: Mapping[str, str]) -> Asked:
        """The same with what a form holds."""
        form = asked(list(fields.items()))
        return Asked({**self.values, **form.values}, {**self.settings, **form.settings}, {**self.parameters, **form.parameters})


def read_query(query_string: bytes) -> Asked:
    """Take the parameters of a URL apart."""
    # Bytes that are no text come through as escapes, which is how ClickHouse reads the values of parameters.
    pairs = parse_qsl(query_string.decode("ascii", "replace"), keep_blank_values=True, errors="backslashreplace")
    return asked(pairs)


def asked(pairs: list[tuple[str, str]]) -> Asked:
    """Tell parameters of the request, settings and parameters of the statement apart."""
    own, settings, parameters = {}, {}, {}
    for name, value in pairs:
        if name in _OWN:
            own[name] = value
        elif name.startswith(_PARAMETER):
            parameters[name.removeprefix(_PARAMETER)] = value
        else:
            settings[name] = value
    return Asked(own, settings, parameters)


def tables_of(asked: Asked, files: Mapping[str, bytes]) -> tuple[list[Table], Asked]:
    """The tables that a multipart request brings, and the request without what describes them.

    Raises:
        ClickHouseError: A table has neither structure nor types.
    """
    tables = []
    settings = dict(asked.settings)
    for name, data in files.items():
        described = {suffix: settings.pop(f"{name}{suffix}", "") for suffix in _TABLE_FIELDS}
        structure = described["_structure"]
        if not structure and described["_types"]:
            structure = ", ".join(f"_{index} {kind}" for index, kind in enumerate(described["_types"].split(","), start=1))
        if not structure:
            raise ClickHouseError(
                36, "BAD_ARGUMENTS", f"Neither structure nor types have been provided for external table {name}."
            )
        tables.append(Table(name, structure, described["_format"] or "TabSeparated", data))
    return tables, Asked(asked.values, settings, asked.parameters)


def authenticated(headers: Headers, asked: Asked, address: str, configuration: Configuration) -> Account:
    """The account that asks.

    Raises:
        ClickHouseError: It is unknown, its password is wrong, it may not come from there, or it is told twice.
    """
    name, password = _told(headers, asked)
    account = configuration.accounts.get(name)
    if account is None or not account.accepts(password, address):
        raise ClickHouseError(
            516,
            "AUTHENTICATION_FAILED",
            f"{name}: Authentication failed: password is incorrect, or there is no user with such name.",
        )
    return account


def _told(headers: Headers, asked: Asked) -> tuple[str, str]:
    ways = []
    if "x-clickhouse-user" in headers or "x-clickhouse-key" in headers:
        ways.append((_header(headers, "x-clickhouse-user", NOBODY), _header(headers, "x-clickhouse-key", "")))
    scheme, _, told = headers.get("authorization", "").partition(" ")
    if scheme:
        ways.append(_basic(scheme, told))
    if asked.get("user") or asked.get("password"):
        ways.append((asked.get("user", NOBODY), asked.get("password")))
    if len(ways) > 1:
        raise ClickHouseError(
            516,
            "AUTHENTICATION_FAILED",
            "Invalid authentication: it is not allowed to use X-ClickHouse headers, Authorization and parameters together.",
        )
    return ways[0] if ways else (NOBODY, "")


def _header(headers: Headers, name: str, default: str) -> str:
    # Bytes that Starlette reads as Latin-1, as HTTP has it; the server takes them for UTF-8.
    return headers.get(name, default).encode("latin-1").decode(errors="replace")


def _basic(scheme: str, told: str) -> tuple[str, str]:
    if scheme.lower() != "basic":
        raise ClickHouseError(
            516, "AUTHENTICATION_FAILED", f"Invalid authentication: '{scheme}' HTTP Authorization scheme is not supported."
        )
    try:
        name, colon, password = base64.b64decode(told, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        colon = ""
    if not colon:
        raise ClickHouseError(516, "AUTHENTICATION_FAILED", "Invalid authentication: not a name and a password.")
    return name, password
