"""The part of ClickHouse's `config.xml` and `users.xml` that counts here."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

DEFAULT_PORT: Final = 8123
DEFAULT_PROFILE: Final = "default"

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class ConfigurationError(Exception):
    """A file can't be read as a configuration; the text names file and place."""


@dataclass(frozen=True)
class Account:
    """Who may ask, from where, and with which settings.

    Attributes:
        name: Name of the user.
        password_sha256: SHA-256 of the password.
        networks: The addresses that it may come from.
        profile: Settings that every query of it begins with.
    """

    name: str
    password_sha256: bytes = field(repr=False)
    networks: tuple[Network, ...]
    profile: Mapping[str, str]

    def accepts(self, password: str, address: str) -> bool:
        """Whether this is its password, and an address that it may come from."""
        # Compared first, so that the time doesn't tell which of the two was wrong.
        known = hmac.compare_digest(hashlib.sha256(password.encode()).digest(), self.password_sha256)
        try:
            came_from = ipaddress.ip_address(address)
        except ValueError:
            return False
        return known and any(came_from in network for network in self.networks)


@dataclass(frozen=True)
class Configuration:
    """What the service is told.

    Attributes:
        host: Address to listen on.
        port: Port of the HTTP interface.
        folder: Where the engine keeps its data.
        timezone: Name of the server's time zone.
        database: The database of requests that name none.
        connections: How many queries run at a time.
        accounts: The accounts, by name.
    """

    host: str
    port: int
    folder: Path
    timezone: str
    database: str
    connections: int
    accounts: Mapping[str, Account]


def read_configuration(file: Path) -> Configuration:
    """Read the server's file, and the users' file that it names.

    Raises:
        ConfigurationError: A file is missing or no XML, or an element has no valid value.
    """
    root = _parse(file)
    users = file.parent / _text(root, "users_config", "users.xml")
    try:
        return Configuration(
            host=_text(root, "listen_host", "127.0.0.1"),
            port=int(_text(root, "http_port", str(DEFAULT_PORT))),
            folder=Path(_text(root, "path", "/var/lib/clickhouse/")),
            timezone=_text(root, "timezone", os.environ.get("TZ", "") or "UTC"),
            database=_text(root, "default_database", "default"),
            connections=int(_text(root, "max_concurrent_queries", "100")),
            accounts=_accounts(_parse(users)),
        )
    except ValueError as error:
        raise ConfigurationError(f"'{file}' or '{users}': {error}") from None


def _parse(file: Path) -> ElementTree.Element:
    try:
        return ElementTree.parse(file).getroot()  # noqa: S314 - the administrator's own file
    except OSError as error:
        raise ConfigurationError(f"'{file}' can't be read: {error.strerror}") from None
    except ElementTree.ParseError as error:
        raise ConfigurationError(f"'{file}' is no XML: {error}") from None


def _text(parent: ElementTree.Element, name: str, default: str) -> str:
    found = parent.find(name)
    return default if found is None else _value(found) or default


def _value(element: ElementTree.Element) -> str:
    variable = element.get("from_env")
    if variable is None:
        return (element.text or "").strip()
    if variable not in os.environ:
        raise ValueError(f"<{element.tag} from_env=…>: the environment has no variable {variable}")
    return os.environ[variable]


def _accounts(root: ElementTree.Element) -> dict[str, Account]:
    profiles = {profile.tag: _settings(profile) for profile in root.iterfind("profiles/*")}
    found = {}
    for user in root.iterfind("users/*"):
        if user.get("remove") is not None:
            continue
        profile = _text(user, "profile", DEFAULT_PROFILE)
        if profile not in profiles and profile != DEFAULT_PROFILE:
            raise ValueError(f"user '{user.tag}' has the profile '{profile}', which is not described")
        networks = tuple(ipaddress.ip_network(_value(address), strict=False) for address in user.iterfind("networks/ip"))
        # A mapped IPv6 network of everybody is everybody's IPv4 as well.
        if ipaddress.ip_network("::/0") in networks:
            networks += (ipaddress.ip_network("0.0.0.0/0"),)
        found[user.tag] = Account(user.tag, _password(user), networks, profiles.get(profile, {}))
    return found


def _settings(profile: ElementTree.Element) -> dict[str, str]:
    return {setting.tag: _value(setting) for setting in profile if not len(setting)}


def _password(user: ElementTree.Element) -> bytes:
    if (hashed := user.find("password_sha256_hex")) is not None:
        return bytes.fromhex(_value(hashed))
    if (plain := user.find("password")) is not None:
        return hashlib.sha256(_value(plain).encode()).digest()
    raise ValueError(f"user '{user.tag}' has neither a password nor a password_sha256_hex")
