"""Finding canaries in the bytes of files."""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

CANARY = re.compile(rb"canary-[0-9a-f]{16}", re.IGNORECASE)
_STREAM = re.compile(rb"stream\r?\n(.*?)endstream", re.DOTALL)
MOST_INFLATED = 20_000_000
"""Bytes that are unpacked of one compressed stream."""


def file_facts(data: bytes, canaries: Iterable[str]) -> dict[str, Any]:
    """What a history keeps of a file: digest, size and the canaries in it.

    Args:
        data: The file's bytes.
        canaries: Tokens to look for, besides everything that looks like a canary.
    """
    return {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data), "canaries": sorted(found_in(data, canaries))}


def found_in(data: bytes, canaries: Iterable[str]) -> set[str]:
    """The canaries in some bytes, plain or inside compressed streams, in lower case."""
    wanted = [canary.casefold().encode() for canary in canaries]
    found: set[str] = set()
    for part in _parts(data):
        lowered = part.lower()
        found |= {canary.decode() for canary in wanted if canary in lowered}
        found |= {match.group().decode() for match in CANARY.finditer(lowered)}
    return found


def _parts(data: bytes) -> Iterator[bytes]:
    yield data
    for match in _STREAM.finditer(data):
        unpacker = zlib.decompressobj()
        try:
            yield unpacker.decompress(match.group(1), MOST_INFLATED)
        except zlib.error:
            # Not compressed, or with another method: its plain bytes were searched with the whole.
            continue
