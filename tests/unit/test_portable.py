"""What works everywhere, and what each library brings in: in processes of their own, where much is missing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from realstack.core import priority

ROOT = Path(__file__).parents[2]
SUPPORT = ROOT / "tests" / "support"

FOREIGN = (
    "asyncpg", "authlib", "Browser", "clickhouse_connect", "cryptography", "grpc", "hdrh", "httpx", "joserfc", "psutil", "pypdf",
    "redis", "reportlab", "requests", "RequestsLibrary",
)  # fmt: skip
"""What comes with the extras, or with their packages."""

BRINGS = {
    "WebSocket": set(),
    "NetworkFault": set(),
    "Files": {"reportlab"},
    "History": set(),
    "Load": {"hdrh"},
    "OAuth": {"authlib", "joserfc", "httpx", "cryptography"},
    "Databases": {"asyncpg", "redis", "httpx", "clickhouse_connect", "cryptography"},
    "Monitor": set(),
    "Platform": set(),
}

WEBSOCKET = """
*** Settings ***
Library    realstack.WebSocket
Library    {support}/WebSocketServer.py

*** Test Cases ***
Round Trip
    ${{url}} =    Server URL
    Open Connection    ${{url}}/echo    tab
    Send Json    type=hello    payload.text=Hello
    ${{frame}} =    Wait For Frame    hello    payload.text=Hello
    Should Be Equal    ${{frame.payload.text}}    Hello
    Get Ping Time    <    5 s
    Log Frames

The Test's End Closed It
    Server Should Have Connections    0
"""

NETWORK_FAULT = """
*** Settings ***
Library    realstack.NetworkFault
Library    {support}/EchoServer.py

*** Test Cases ***
A Proxy Works Everywhere
    ${{port}} =    Echo Server Port
    Define Link    echo    127.0.0.1    ${{port}}
    Link Should Work    echo
    ${{address}} =    Open Proxy Link    wire    echo
    Connect Client    port=${{{{ int($address.split(':')[1]) }}}}
    Add Latency    wire    1 ms
    Client Should Hear    hello
    Get Passed Bytes    wire    ==    10
    Toxic Should Have Hit    wire    latency
    Reset Proxy Connections    wire

The Kernel's Half Says What It Needs
    Define Link    echo    127.0.0.1    1
    Run Keyword And Expect Error    Expected: Linux, for breaking links*Remedy: *Open Proxy Link*    Cut Link    echo
    Run Keyword And Expect Error    Expected: Linux, for breaking links*Remedy: *Open Proxy Link*    Reset Connections    echo
    Run Keyword And Expect Error    Expected: link 'echo' to work at 127.0.0.1:1*    Link Should Work    echo
"""

LOAD = """
*** Settings ***
Library    realstack.Load
Library    {support}/WebSocketServer.py

*** Test Cases ***
A Small Load
    ${{url}} =    Server URL
    Create Script    echo
    Let Script Open Connection    ${{url}}/echo
    Let Script Iterate
    Let Script Send    type=answer    message_id={{id}}
    Let Script Await    answer    message_id={{id}}    measure=answer
    Run Load    echo    users=${{{{ {{'a': {{}}, 'b': {{}}}} }}}}    times=3    most_lag=5 s
    Get Error Count    ==    0
    Get Latency Count    ==    6

Only Steps That Need More Say So
    Create Script    more
    Run Keyword And Expect Error    *there is no module 'httpx'*realstack?load?'    Let Script Request    GET    /
    Let Script Count    login
"""

FILES = """
*** Settings ***
Library    realstack.Files

*** Test Cases ***
A File Is Made
    ${{file}} =    Make Pdf    size=64 KiB    fact=The vault opens.
    Get Sha256    ${{file}}[path]    ==    ${{file}}[sha256]
"""

IMPORT = """
*** Settings ***
Library    realstack.LIBRARY

*** Test Cases ***
Its Listener Works
    No Operation
"""


@pytest.mark.parametrize(
    ("suite", "also_missing"),
    [
        pytest.param(WEBSOCKET, "psutil", id="WebSocket"),
        pytest.param(NETWORK_FAULT, "psutil", id="NetworkFault"),
        pytest.param(LOAD, "psutil,httpx,asyncpg,redis", id="Load"),
        pytest.param(FILES, "psutil", id="Files"),
    ],
)
def test_it_works_where_linux_is_not(tmp_path: Path, suite: str, also_missing: str) -> None:
    path = tmp_path / "suite.robot"
    path.write_text(suite.format(support=SUPPORT))
    command = [sys.executable, SUPPORT / "elsewhere.py", also_missing, "-m", "robot", "--outputdir", tmp_path, path]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("library", ["Databases", "History", "Monitor", "OAuth", "Platform"])
def test_a_library_can_be_imported_where_linux_is_not(tmp_path: Path, library: str) -> None:
    test_it_works_where_linux_is_not(tmp_path, IMPORT.replace("LIBRARY", library), "psutil")


@pytest.mark.parametrize("library", BRINGS)
def test_a_library_loads_nothing_of_another(library: str) -> None:
    look = f"import sys, realstack; realstack.{library}; print(*[name for name in {FOREIGN} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.split()) <= BRINGS[library]


def test_without_nice_values_threads_go_on_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("os.getpriority")
    monkeypatch.delattr("os.setpriority")
    assert priority.niceness() == 0
    priority.be_nice(5)
