"""Keywords in a run of Robot Framework, beside those of DatabaseLibrary, RequestsLibrary and WebSocketClient: what a call of one
takes, with what it writes into the log."""

from __future__ import annotations

import asyncio
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

from support import servers
from support.loopback import serve

from .load import SERVER
from .measure import Figure, ratios
from .wire import serving

TIMES, ROUNDS = 50, 5
SUITE = """*** Settings ***
Library    Collections
Library    DatabaseLibrary
Library    RequestsLibrary
Library    WebSocketClient
Library    realstack.Databases
Library    realstack.OAuth
Library    realstack.Rest
Library    realstack.WebSocket
Library    {stopwatch}

*** Variables ***
${{ONE}}     SELECT 1 AS one
${{MANY}}    SELECT g AS number, 'text ' || g AS words FROM generate_series(1, 100) g

*** Test Cases ***
Everything Is Measured
    DatabaseLibrary.Connect To Database    psycopg2    db_name=${{DATABASE}}    db_user=${{USER}}
    ...    db_password=${{PASSWORD.value}}    db_host=127.0.0.1    db_port=${{PORT}}
    Open Postgres Session    db    host=127.0.0.1    port=${{PORT}}    user=${{USER}}    password=${{PASSWORD}}
    ...    database=${{DATABASE}}
    Create Session    plain    ${{URL}}
    Open Rest Session    hidden    ${{URL}}
    realstack.OAuth.Open Session    ${{URL}}    alias=user
    ${{others}} =    WebSocketClient.Connect    ${{SOCKET}}
    Open Connection    ${{SOCKET}}    tab    compression=False
    Contender    a keyword    BuiltIn    Get Length    text
    Contender    a keyword    RequestsLibrary    Session Exists    plain
    Contender    a keyword    realstack    Get Connection State
    Contender    PostgreSQL, one row    DatabaseLibrary    DatabaseLibrary.Query    ${{ONE}}
    Contender    PostgreSQL, one row    realstack    realstack.Databases.Query    ${{ONE}}
    Contender    PostgreSQL, 100 rows    DatabaseLibrary    DatabaseLibrary.Query    ${{MANY}}
    Contender    PostgreSQL, 100 rows    realstack    realstack.Databases.Query    ${{MANY}}
    Contender    HTTP, GET    RequestsLibrary    GET On Session    plain    /
    Contender    HTTP, GET    RequestsLibrary in Rest    GET On Session    hidden    /
    Contender    HTTP, GET    realstack    Send Request    GET    /
    Contender    WebSocket, a round trip    WebSocketClient    Trip Of Others    ${{others}}
    Contender    WebSocket, a round trip    realstack    Trip
    Measure    ${{FILE}}

*** Keywords ***
Trip Of Others
    [Arguments]    ${{socket}}
    WebSocketClient.Send    ${{socket}}    {{"type": "ask"}}
    WebSocketClient.Recv    ${{socket}}

Trip
    Send Frame    {{"type": "ask"}}
    Wait For Frame    ask
"""


class _Service(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet, for which no peer waits
    body: ClassVar[bytes] = json.dumps({"items": list(range(20))}).encode()

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent."""


def _written(folder: Path) -> tuple[Path, Path]:
    """The suite, and the file that the figures go to."""
    folder.mkdir(parents=True, exist_ok=True)
    suite = folder / "keywords.robot"
    suite.write_text(SUITE.format(stopwatch=Path(__file__).with_name("stopwatch.py")), encoding="utf-8")
    return suite, folder / "keywords.json"


def _read(file: Path) -> list[Figure]:
    groups: dict[str, dict[str, list[float]]] = json.loads(file.read_text(encoding="utf-8"))
    return [figure for group, taken in groups.items() for figure in ratios(group, taken)]


async def measure(folder: Path) -> list[Figure]:
    """All keywords, in turn, in one run."""
    suite, file = _written(folder)
    http = ThreadingHTTPServer(("127.0.0.1", 0), _Service)
    serve(http)
    try:
        with servers.postgres() as postgres:
            async with serving(SERVER) as socket:
                given = {
                    "USER": postgres.user,
                    "PASSWORD: Secret": postgres.password,
                    "PORT": postgres.port,
                    "DATABASE": postgres.database,
                    "URL": f"http://127.0.0.1:{http.server_port}",
                    "SOCKET": f"{socket}/echo",
                    "FILE": file,
                }
                variables = [word for name, value in given.items() for word in ("--variable", f"{name}:{value}")]
                command = [sys.executable, "-m", "robot", "--console", "none", "--outputdir", str(folder), *variables, str(suite)]
                process = await asyncio.create_subprocess_exec(*command)
                if await process.wait():
                    raise RuntimeError(f"the keywords could not be measured: see {folder / 'log.html'}")
    finally:
        http.shutdown()
        http.server_close()
    return _read(file)
