"""The library where much is missing that a Linux machine with a browser has."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PLAIN = '''
import sys

MISSING = {"fcntl", "resource", "pwd", "grp", "termios", "Browser", "grpc", "psutil", "asyncpg", "redis", "hdrh", "selenium"}


class Missing:
    """No such modules."""

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in MISSING:
            raise ModuleNotFoundError(f"there is no {name} here", name=name)
        return None


for name in [name for name in sys.modules if name.partition(".")[0] in MISSING]:
    del sys.modules[name]
sys.meta_path.insert(0, Missing())


def watch(event, arguments):
    """No /proc, and no programs either."""
    if event == "open" and str(arguments[0]).startswith(("/proc", "/sys")):
        raise FileNotFoundError(2, "there is no such file here", str(arguments[0]))
    if event in {"subprocess.Popen", "os.exec", "os.posix_spawn", "os.fork", "os.system"}:
        raise FileNotFoundError(2, "there is no such program here", str(arguments[0]))


sys.addaudithook(watch)
import robot

sys.exit(robot.run_cli(sys.argv[1:], exit=False))
'''

SUITE = """
*** Settings ***
Library    realstack.OAuth

*** Test Cases ***
Sign In At A Provider And Judge Its Tokens
    ${issuer}    Start Rogue Provider    client_id=chat
    Set Rogue User    ann    ann@example.org    Ann
    ${secret}    Get Rogue Client Secret
    Open Provider    ${issuer}    chat    ${secret}    redirect_uri=http://127.0.0.1:9/back
    Open Session    ${issuer}
    ${request}    Create Authorization Request
    ${end}    Sign In With Forms    ${request.url}    fields=${{{'name': 'ann'}}}    stop_before=http://127.0.0.1:9/
    ${code}    Get Code    ${end.callback}    ${request}
    ${tokens}    Exchange Code    ${code}    ${request}
    Verify Token    ${tokens.id_token}    nonce=${request.nonce}
    Get User Info    ${tokens.access_token}    email    ==    ann@example.org
    ${kid}    Create Signing Key    ${OUTPUT_DIR}/key.pem
    Output Should Hold No Secret    ${OUTPUT_DIR}/key.pem
"""


def test_library_works_where_only_python_is(tmp_path: Path) -> None:
    (tmp_path / "plain.py").write_text(PLAIN, encoding="utf-8")
    (tmp_path / "suite.robot").write_text(SUITE, encoding="utf-8")
    command = [sys.executable, str(tmp_path / "plain.py"), "--outputdir", str(tmp_path), str(tmp_path / "suite.robot")]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
