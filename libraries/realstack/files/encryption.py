"""The standard security handler, revision 3 (ISO 32000-1, clause 7.6.3): RC4 with 128 bits.

It is weak by today's measure, and what every reader still has to recognise: the file can't be opened without its password.
"""

from __future__ import annotations

import hashlib
import struct

PADDING = bytes.fromhex("28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A")
PERMISSIONS = -44
"""Everything but printing in high quality, changing and extracting; the figure that most writers take."""


class StandardSecurity:
    """Key and dictionary of an encrypted PDF.

    Args:
        user_password: Opens the file.
        owner_password: Opens it with all rights.
        file_id: First part of the trailer's ``/ID``.
    """

    def __init__(self, user_password: str, owner_password: str, file_id: bytes) -> None:
        owner_key = hashlib.md5(_padded(owner_password), usedforsecurity=False).digest()
        for _ in range(50):
            owner_key = hashlib.md5(owner_key, usedforsecurity=False).digest()
        self.owner = _rounds(owner_key, _padded(user_password))
        key = hashlib.md5(
            _padded(user_password) + self.owner + struct.pack("<i", PERMISSIONS) + file_id, usedforsecurity=False
        ).digest()
        for _ in range(50):
            key = hashlib.md5(key, usedforsecurity=False).digest()
        self.key = key
        check = hashlib.md5(PADDING + file_id, usedforsecurity=False).digest()
        self.user = _rounds(key, check) + bytes(16)

    def dictionary(self) -> bytes:
        """The ``/Encrypt`` dictionary."""
        facts = (self.owner.hex().encode(), self.user.hex().encode(), PERMISSIONS)
        return b"<< /Filter /Standard /V 2 /R 3 /Length 128 /O <%s> /U <%s> /P %d >>" % facts

    def encrypt(self, number: int, data: bytes) -> bytes:
        """Encrypt a stream of the object of that number (generation 0)."""
        salted = self.key + struct.pack("<I", number)[:3] + b"\0\0"
        return rc4(hashlib.md5(salted, usedforsecurity=False).digest(), data)


def rc4(key: bytes, data: bytes) -> bytes:
    """Encrypt or decrypt with RC4."""
    state = list(range(256))
    j = 0
    for i in range(256):
        j = (j + state[i] + key[i % len(key)]) % 256
        state[i], state[j] = state[j], state[i]
    i = j = 0
    out = bytearray(len(data))
    for position, byte in enumerate(data):
        i = (i + 1) % 256
        j = (j + state[i]) % 256
        state[i], state[j] = state[j], state[i]
        out[position] = byte ^ state[(state[i] + state[j]) % 256]
    return bytes(out)


def _padded(password: str) -> bytes:
    return (password.encode("latin-1") + PADDING)[:32]


def _rounds(key: bytes, data: bytes) -> bytes:
    for number in range(20):
        data = rc4(bytes(byte ^ number for byte in key), data)
    return data
