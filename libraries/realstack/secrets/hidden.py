"""What stands in the place of a credential and still knows it, for the one who may have it."""

from __future__ import annotations

from typing import Any

from realstack.secrets.names import HIDDEN


class Hidden(str):
    """The text ``<hidden>`` to everybody who shows, compares or writes it, with the credential that it stands for.

    A copy on its way to a file or another process is only that text.

    Args:
        value: The credential.
    """

    __slots__ = ("value",)

    value: str

    def __new__(cls, value: str) -> Hidden:
        """Make one of a credential."""
        made = super().__new__(cls, HIDDEN)
        made.value = value
        return made

    def __reduce_ex__(self, protocol: Any) -> tuple[type[str], tuple[str]]:
        """Leave the credential here."""
        return str, (HIDDEN,)

    def __deepcopy__(self, memo: Any) -> Hidden:
        """Of one that stays here it is itself."""
        return self
