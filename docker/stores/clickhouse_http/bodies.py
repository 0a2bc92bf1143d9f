"""Encodings of requests' and answers' bodies."""

from __future__ import annotations

import gzip
import sys
import zlib
from collections.abc import Callable
from typing import Final

import lz4.frame

from clickhouse_http.errors import ClickHouseError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_SMALLEST: Final = 1024
"""Answers below this many bytes are sent as they are."""

_DECODERS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "gzip": gzip.decompress,
    "deflate": zlib.decompress,
    "lz4": lz4.frame.decompress,
    "zstd": zstd.decompress,
}
_ENCODERS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "lz4": lz4.frame.compress,
    "zstd": zstd.compress,
    "gzip": gzip.compress,
    "deflate": zlib.compress,
}


def decoded(body: bytes, encoding: str) -> bytes:
    """A request's body as it was before its encoding.

    Raises:
        ClickHouseError: The encoding is unknown, or the body is none of it.
    """
    if not encoding or encoding == "identity":
        return body
    decoder = _DECODERS.get(encoding)
    if decoder is None:
        raise ClickHouseError(48, "NOT_IMPLEMENTED", f"Unknown compression method '{encoding}': use {', '.join(_DECODERS)}.")
    try:
        return decoder(body)
    except (OSError, EOFError, RuntimeError, zlib.error, zstd.ZstdError) as error:
        raise ClickHouseError(432, "UNKNOWN_CODEC", f"The body is no {encoding}: {error}.") from None


def encoded(body: bytes, accepted: str) -> tuple[bytes, str]:
    """An answer's body in the first encoding that the client accepts, and its name; empty when it is sent as it is."""
    if len(body) < _SMALLEST:
        return body, ""
    offered = [offer.partition(";")[0].strip().lower() for offer in accepted.split(",")]
    name = next((name for name in offered if name in _ENCODERS), "")
    return (_ENCODERS[name](body), name) if name else (body, "")
