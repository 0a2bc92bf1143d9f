"""Keywords about the keys that an issuer signs with."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Literal

from joserfc.jwk import ECKey
from robot.api.deco import keyword

from realstack.core.errors import StackError, explain
from realstack.http.keywords.values import told

Curve = Literal["P-256", "P-384", "P-521"]


class KeyKeywords:
    """Making keys."""

    @keyword(tags=["token"])
    def create_signing_key(self, path: Path, *, curve: Curve = "P-256") -> str:
        """Makes an EC private key and puts it where an issuer will look for it, all at once: nobody ever reads half a key.

        Args:
            path: The PEM file (PKCS #8) to make, readable by its owner only.
            curve: Its curve (FIPS 186).

        Returns:
            The key's id: its JWK thumbprint (RFC 7638), which many issuers use as ``kid``.

        Raises:
            StackError: There is a file of that name, or no such folder.

        ```robotframework
        ${kid} =    Create Signing Key    ${KEYS}/0002.pem
        Reload Service    auth
        ```
        """
        key = ECKey.generate_key(curve)
        draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        try:
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise StackError(explain(f"a folder {path.parent} to put a key into", str(error.strerror))) from error
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(key.as_pem(private=True))
            os.link(draft, path)
        except FileExistsError as error:
            raise StackError(
                explain(f"no file {path} yet", "there is one", remedy="Give the new key a name of its own.")
            ) from error
        finally:
            draft.unlink()
        kid = key.thumbprint()
        told(f"{path.name}: {curve}, key id {kid}.")
        return kid
