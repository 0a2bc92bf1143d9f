"""Hosts as they are written before a port."""

from __future__ import annotations


def bracketed(host: str) -> str:
    """A host as it stands in a URL: an address of IPv6 in brackets (RFC 3986, 3.2.2)."""
    return f"[{host}]" if ":" in host else host


def at(host: str, port: int) -> str:
    """Host and port as a URL has them."""
    return f"{bracketed(host)}:{port}"
