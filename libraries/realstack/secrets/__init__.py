"""Credentials of a run: remembered in memory, kept out of every log, looked for in every result file.

A library that makes or receives a credential calls `secrets.remember(value, what)`. Then

- `secrets.scrub(text)` removes it from a text in any form;
- the [Guard][realstack.secrets.guard.Guard] masks it in Robot's log as it is written, and fails the test that logged it;
- `python -m realstack.secrets check results/output.xml …` finds it in the files of a finished run.
"""

from realstack.secrets.hidden import Hidden
from realstack.secrets.names import HIDDEN, CredentialNames, is_credential_name
from realstack.secrets.registry import Registry, Remembered, secrets

__all__ = ["HIDDEN", "CredentialNames", "Hidden", "Registry", "Remembered", "is_credential_name", "secrets"]
