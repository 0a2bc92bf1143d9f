"""A codec as a user writes one: a kind and a text between pipes."""

from __future__ import annotations


class Pipes:
    """Reads and writes ``kind|text``."""

    def decode(self, payload: str) -> dict[str, str]:
        """A message of a payload."""
        kind, _, text = payload.partition("|")
        return {"type": kind, "text": text}

    def encode(self, value: dict[str, str]) -> str:
        """A payload of a message."""
        return f"{value['type']}|{value['text']}"
