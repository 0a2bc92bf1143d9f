"""Texts from outside that can be written into any file."""

from __future__ import annotations


def writable(text: str) -> str:
    """The text with each half of a surrogate pair, which no encoding has, written as its number, as JSON writes it."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")
