"""PostgreSQL servers, made from one prepared cluster.

`initdb` takes most of a second; a copy of its result takes a twentieth of that. So it runs once for each version,
and the result is kept in the cache. Roles get their passwords in single-user mode before the server listens at all,
so there is no moment with an open server, and no password on disk.

`fsync` is off: everything survives that the journeys do to the server (a killed process leaves its writes with the
kernel); only a crash of the machine would lose them, and the machine is not what is tested.
"""

from __future__ import annotations

import base64
import fcntl
import functools
import hashlib
import hmac
import os
import pwd
import re
import secrets
import shutil
import signal
import subprocess
from pathlib import Path

from realstack.core import programs
from realstack.core.errors import StackError, explain
from realstack.platform.probes import ask_postgres
from realstack.platform.service import Command, Service, Stack, base_environment

_INITDB = [
    "--no-sync",
    "--no-locale",
    "--encoding=UTF8",
    "--auth=reject",
    "--username=postgres",
    "--no-instructions",
    "--wal-segsize=1",
]
# One database is all that a server here needs: the others are three quarters of what would have to be copied.
_FROM_TEMPLATE1 = """CREATE ROLE {role} LOGIN;
CREATE ROLE tester LOGIN SUPERUSER;
ALTER DATABASE postgres RENAME TO "{database}";
ALTER DATABASE "{database}" OWNER TO {role};
"""
_FROM_DATABASE = """UPDATE pg_database SET datistemplate = false;
DROP DATABASE template0;
DROP DATABASE template1;
"""
_SCRAM_ROUNDS = 4096


class PostgreSQL(Service):
    """One PostgreSQL server with one database.

    Args:
        database: Name of its database; `role` owns it.
        role: What the platform's own services sign in as.
        schema: A file of SQL that makes its tables, where no service does that itself; a `;` that ends a line ends a statement.
    """

    scheme = "postgresql"
    store = True
    # Fast shutdown: sessions are ended, what is committed is written.
    stop_signal = signal.SIGINT
    # Immediate shutdown: at once, yet it takes its shared memory along.
    end_signal = signal.SIGQUIT
    reloads = True

    def __init__(
        self,
        stack: Stack,
        name: str,
        group: str | None = None,
        *,
        database: str,
        role: str = "service",
        schema: Path | None = None,
    ) -> None:
        super().__init__(stack, name, group)
        self.database = database
        self.role = role
        self._schema = schema

    @property
    def data(self) -> Path:
        """The cluster's folder."""
        return self.folder / "data"

    @property
    def url(self) -> str:
        return f"postgresql://{self.host}:{self.port}/{self.database}"

    def _url_as(self, role: str) -> str:
        password = self.stack.credentials[f"{self.name}-{role}"]
        return f"postgresql://{role}:{password}@{self.host}:{self.port}/{self.database}"

    @property
    def credential_url(self) -> str:
        return self._url_as("tester")

    @property
    def service_url(self) -> str:
        """The address that the platform's own services use; never to be logged."""
        return self._url_as(self.role)

    def prepare(self) -> None:
        account = server_account()
        owner = _ids(account)
        self.make_folder(owner=owner)
        _copy(_template(self.stack.cache, self.folder, account, self.database, self.role), self.data)
        hba = self.data / "pg_hba.conf"
        hba.write_text(f"host all all {self.host}/32 scram-sha-256\n", encoding="ascii")
        verifiers = {role: scram_verifier(self.stack.credentials[f"{self.name}-{role}"]) for role in (self.role, "tester")}
        statements = [f"ALTER ROLE {role} PASSWORD '{verifier}';\n" for role, verifier in verifiers.items()]
        _single_user(self.data, account, self.database, "".join(statements))
        if self._schema is not None:
            # The role that services sign in as owns what it would have made itself.
            text = f"SET SESSION AUTHORIZATION {self.role};\n" + self._schema.read_text(encoding="utf-8")
            _single_user(self.data, account, self.database, re.sub(r";[ \t]*\n", ";\n\n", text), "-j")

    def command(self) -> Command:
        options = self.effective(
            {
                "listen_addresses": self.host,
                "port": str(self.port),
                "unix_socket_directories": "",
                "fsync": "off",
                "full_page_writes": "off",
                "shared_buffers": "32MB",
                "max_connections": "200",
                # In the data folder, not in /dev/shm: a killed server leaves nothing behind that way.
                "dynamic_shared_memory_type": "mmap",
                "min_dynamic_shared_memory": "0",
                "log_line_prefix": "%m [%p] %q%u@%d/%a ",
                "log_min_error_statement": "panic",  # statements may hold users' texts
                "log_lock_waits": "on",
                "timezone": "UTC",
                "log_timezone": "UTC",
            }
        )
        argv = [str(bin_folder() / "postgres"), "-D", str(self.data)]
        for name, value in options.items():
            argv += ["-c", f"{name}={value}"]
        return Command(argv, base_environment(self.folder), self.data, server_account())

    async def probe(self) -> None:
        await ask_postgres(self.credential_url, "SELECT 1")

    async def version(self) -> str:
        return str(await ask_postgres(self.credential_url, "SHOW server_version")).split(" ")[0]


@functools.cache
def bin_folder() -> Path:
    """The folder with `postgres` and `initdb`.

    Raises:
        StackError: There is none.
    """
    return Path(programs.program("postgres", "postgresql")).resolve().parent


def server_account() -> str | None:
    """The account that PostgreSQL runs as: it refuses root, and anybody else may run it as themselves."""
    if os.geteuid() != 0:
        return None
    for account in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(account).pw_name
        except KeyError:
            continue
    raise StackError("PostgreSQL does not run as root, and there is neither an account 'postgres' nor 'nobody'.")


def _ids(account: str | None) -> tuple[int, int]:
    if account is None:
        return os.geteuid(), os.getegid()
    entry = pwd.getpwnam(account)
    return entry.pw_uid, entry.pw_gid


def scram_verifier(password: str, salt: bytes | None = None) -> str:
    """What PostgreSQL keeps instead of a password (RFC 5803, SCRAM-SHA-256)."""
    salt = salt or secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _SCRAM_ROUNDS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    text = [base64.b64encode(part).decode("ascii") for part in (salt, stored, server)]
    return f"SCRAM-SHA-256${_SCRAM_ROUNDS}:{text[0]}${text[1]}:{text[2]}"


def _run(argv: list[str], account: str | None, folder: Path, text: str = "") -> str:
    # Not by `user=`: Python forks then, and gRPC, whose threads Browser brings into this process, aborts a forked child at times.
    become: list[str] = []
    if account is not None:
        become = [programs.program("setpriv", "util-linux"), f"--reuid={account}", f"--regid={account}", "--clear-groups", "--"]
    done = subprocess.run(
        [*become, *argv],
        input=text,
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        timeout=60,
        env=base_environment(folder),
    )
    if done.returncode != 0 or "ERROR:" in done.stderr or "FATAL:" in done.stderr:
        raise StackError(
            explain(f"'{argv[0]}' succeeds.", f"It ended with {done.returncode}.", evidence=(done.stderr or done.stdout)[-2000:])
        )
    return done.stdout


def _single_user(data: Path, account: str | None, database: str, statements: str, *more: str) -> None:
    """Run statements, a line each (with `-j`: each up to a `;` before an empty line), without a server that listens."""
    options = ["-c", "fsync=off", "-c", "log_min_error_statement=panic", *more]
    _run([str(bin_folder() / "postgres"), "--single", "-D", str(data), *options, database], account, data, statements)


def _copy(source: Path, target: Path) -> None:
    command = [programs.program("cp", "coreutils"), "-a", "--reflink=auto", str(source), str(target)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise StackError(explain("the prepared cluster can be copied.", done.stderr.strip(), remedy="Look for free disk space."))


def _template(cache: Path, scratch: Path, account: str | None, database: str, role: str) -> Path:
    """The prepared cluster of this version, made when missing; two runs don't make it at the same time.

    Where the cache is somebody else's, one is made for this run alone.
    """
    said = _run([str(bin_folder() / "postgres"), "--version"], None, Path("/"))
    version = re.sub(r"[^0-9A-Za-z.+-]+", "-", said.strip())
    owner = _ids(account)
    recipe = hashlib.sha256(repr((_INITDB, _FROM_TEMPLATE1, _FROM_DATABASE, owner, role)).encode()).hexdigest()[:8]
    name = f"{version}-{database}-{recipe}"
    try:
        cache.mkdir(exist_ok=True)
        lock = open(cache / f"{name}.lock", "a", encoding="ascii")  # noqa: SIM115 -- closed below
    except PermissionError:
        cache = scratch / "cache"
        cache.mkdir()
        lock = open(cache / f"{name}.lock", "a", encoding="ascii")  # noqa: SIM115 -- closed below
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ready = cache / name
        if ready.exists() and not _belongs_to(ready, owner):
            shutil.rmtree(ready)
        if not ready.exists():
            _make_template(ready, scratch / "initdb", account, database, role)
    return ready


def _belongs_to(cluster: Path, owner: tuple[int, int]) -> bool:
    """Whether PostgreSQL can read a cluster: in a copied checkout it belongs to whoever made the copy."""
    version = cluster / "PG_VERSION"
    return version.exists() and all((path.stat().st_uid, path.stat().st_gid) == owner for path in (cluster, version))


def _make_template(ready: Path, work: Path, account: str | None, database: str, role: str) -> None:
    work.mkdir(mode=0o700)
    os.chown(work, *_ids(account))
    data = work / "data"
    _run([str(bin_folder() / "initdb"), *_INITDB, "-D", str(data)], account, work)
    _single_user(data, account, "template1", _FROM_TEMPLATE1.format(database=database, role=role))
    _single_user(data, account, database, _FROM_DATABASE)
    unfinished = ready.with_name(f".{ready.name}.{os.getpid()}")
    _copy(data, unfinished)
    unfinished.rename(ready)
    shutil.rmtree(work)
