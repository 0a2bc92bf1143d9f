"""The engine: ClickHouse as a library, loaded without the data-frame packages that its Python package would import."""

from __future__ import annotations

import ctypes
import importlib.util
import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, Final, Self

from clickhouse_http.errors import ClickHouseError, error_of
from clickhouse_http.statements import Statement

DEFAULT_DATABASE: Final = "default"
"""Where a connection begins."""

_RTLD_DEEPBIND: Final = 0x00008

# What the engine sets otherwise when it runs as a library than when it runs as a server.
_AS_A_SERVER: Final = {
    "implicit_select": "0",
    "allow_introspection_functions": "0",
    "storage_file_read_method": "pread",
}


class EngineMissing(Exception):
    """The engine's package is not installed; the text says which."""


@dataclass(frozen=True)
class Answer:
    """What a statement gave.

    Attributes:
        body: The answer in its format.
        progress: What the engine counted, by ClickHouse's own names.
    """

    body: bytes
    progress: Mapping[str, int] = field(default_factory=dict)


class Engine:
    """The engine over one folder of data.

    Args:
        folder: Where the data are; made where missing.
        timezone: Name of the server's time zone.

    Raises:
        EngineMissing: Its package is not installed.
    """

    def __init__(self, folder: Path, timezone: str) -> None:
        # It reads this once, when it begins.
        os.environ["TZ"] = timezone
        self._module = _load()
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        # It takes a config.xml of the working folder for its own: the server's, with accounts that are not the engine's.
        os.chdir(folder)
        # Data stay loaded as long as there is a connection.
        self._first = Connection(self._module.connect(str(folder)))
        self.version = self._text("SELECT version()")
        self.formats = frozenset(self._text("SELECT name FROM system.formats WHERE is_output").splitlines())

    def connect(self, database: str, settings: Mapping[str, str]) -> Connection:
        """Make a connection: it has settings, a database and temporary tables of its own.

        Args:
            database: The database that unqualified names are looked for in.
            settings: Settings that it begins with.

        Raises:
            ClickHouseError: There is no such database or setting, or a setting may not be changed.
        """
        connection = Connection(self._module.connect(str(self._folder)))
        try:
            if database != DEFAULT_DATABASE:
                connection.use(database)
            connection.set({**_AS_A_SERVER, **settings})
        except BaseException:
            connection.close()
            raise
        return connection

    def close(self) -> None:
        """Give the data back."""
        self._first.close()

    def _text(self, sql: str) -> str:
        return self._first.run(Statement(sql.encode()), "TSVRaw").body.decode().rstrip("\n")


class Connection:
    """One connection; of one thread at a time."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw
        self._lent: tuple[dict[str, str], str] = ({}, "")
        self._own_settings: list[str] = []
        self._own_database = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End it, and its temporary tables."""
        self._raw.close()

    def set(self, settings: Mapping[str, str]) -> None:
        """Change settings.

        Raises:
            ClickHouseError: One is unknown, has no valid value, or may not be changed.
        """
        if settings:
            changes = ", ".join(f"{_name(name)} = {_literal(value)}" for name, value in settings.items())
            self._query(f"SET {changes}".encode(), "Null", {})

    def use(self, database: str) -> None:
        """Make a database the one that unqualified names are looked for in.

        Raises:
            ClickHouseError: There is none of that name.
        """
        self._query(f"USE {_quoted(database)}".encode(), "Null", {})

    def lend(self, settings: Mapping[str, str], database: str, keyword: str) -> None:
        """Have settings and a database for one statement only, as a request in a session has.

        They stay until a statement has others, since clients send the same ones again and again.

        Args:
            settings: The settings.
            database: The database; empty for that of the session.
            keyword: The statement's first word: what changes the session itself is not lent to.

        Raises:
            ClickHouseError: A setting may not be changed, or there is no such database.
        """
        wanted = ({}, "") if keyword in {"SET", "USE"} else (dict(settings), database)
        if wanted == self._lent:
            return
        self._take_back()
        settings, database = wanted
        names = ", ".join(_literal(name) for name in settings)
        look = f"SELECT name, value, changed FROM system.settings WHERE name IN ({names})"  # noqa: S608 - quoted
        found = json.loads(self._query(look.encode(), "JSONCompactColumns", {})) if settings else [[], [], []]
        self._own_settings = [
            f"{_name(name)} = {_literal(value) if was_changed else 'DEFAULT'}"
            for name, value, was_changed in zip(*found, strict=True)
        ]
        if database:
            self._own_database = self._query(b"SELECT currentDatabase()", "TSVRaw", {}).decode().rstrip("\n")
        self._lent = wanted
        try:
            if database:
                self.use(database)
            self.set(settings)
        except ClickHouseError:
            self._take_back()
            raise

    def _take_back(self) -> None:
        settings, own_settings = self._lent[0], self._own_settings
        database, own_database = self._lent[1], self._own_database
        self._lent, self._own_settings, self._own_database = ({}, ""), [], ""
        if settings and own_settings:
            self._query(f"SET {', '.join(own_settings)}".encode(), "Null", {})
        if database and own_database:
            self.use(own_database)

    def make_temporary(self, name: str, structure: str, answer_format: str, data: bytes) -> None:
        """Make a temporary table of data that came with a request.

        Raises:
            ClickHouseError: The structure, the format or the data are not valid.
        """
        self._query(f"CREATE TEMPORARY TABLE {_quoted(name)} ({structure})".encode(), "Null", {})
        insert = f"INSERT INTO {_quoted(name)} FORMAT {_name(answer_format)}".encode()
        self.run(Statement(insert, None, data, insert.index(b" FORMAT ") + 1), "Null")

    def run(self, statement: Statement, answer_format: str, parameters: Mapping[str, str] | None = None) -> Answer:
        """Run a statement.

        Args:
            statement: The statement and its data.
            answer_format: Format of the answer where the statement names none.
            parameters: Values for its places, as the HTTP interface takes them.

        Raises:
            ClickHouseError: It was refused.
        """
        progress: dict[str, int] = {}
        self._raw.set_progress_callback(progress.update)
        try:
            with _readable(statement) as text:
                body = self._query(text, answer_format, parameters or {})
        finally:
            self._raw.set_progress_callback(None)
        return Answer(body, progress)

    def _query(self, text: bytes, answer_format: str, parameters: Mapping[str, str]) -> bytes:
        try:
            return bytes(self._raw.query(text, answer_format, params=dict(parameters)).bytes())
        except (RuntimeError, UnicodeDecodeError) as error:
            # What had been written before the refusal would stand before the connection's next answer.
            self._raw.query(b"SELECT 1", "Null")
            # What it refused may hold bytes that are no text, and the refusal repeats them.
            told = error.object.decode(errors="replace") if isinstance(error, UnicodeDecodeError) else str(error)
            raise error_of(told) from None


@contextmanager
def _readable(statement: Statement) -> Iterator[bytes]:
    """The statement as the engine takes it: data come from a file, so that nothing in them can be read as a statement."""
    if statement.data is None:
        yield statement.text
        return
    descriptor = os.memfd_create("clickhouse-data")
    try:
        with open(descriptor, "wb", closefd=False) as file:
            file.write(statement.data)
        source = f"FROM INFILE '/proc/self/fd/{descriptor}' COMPRESSION 'none' ".encode()
        yield statement.text[: statement.place] + source + statement.text[statement.place :]
    finally:
        os.close(descriptor)


def _name(name: str) -> str:
    if not (name.isascii() and name.isidentifier()):
        raise ClickHouseError(115, "UNKNOWN_SETTING", f"'{name}' is neither the name of a setting nor of a format.")
    return name


def _literal(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _quoted(name: str) -> str:
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def _load() -> ModuleType:
    """The engine's extension module by itself: its package would import pandas and pyarrow, and begin with an empty engine."""
    package = importlib.util.find_spec("chdb")
    if package is None or not package.submodule_search_locations:
        raise EngineMissing("Neither 'chdb-core-lite' nor 'chdb-core' is installed: pip install -r docker/requirements.txt")
    file = Path(package.submodule_search_locations[0], "_chdb.abi3.so")
    # Its allocator must be its own, whatever else is loaded; the package loads it in the same way.
    ctypes.CDLL(str(file), mode=sys.getdlopenflags() | _RTLD_DEEPBIND)
    spec = importlib.util.spec_from_file_location("chdb._chdb", file)
    if spec is None or spec.loader is None:
        raise EngineMissing(f"'{file}' is no module that this Python can load.")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
