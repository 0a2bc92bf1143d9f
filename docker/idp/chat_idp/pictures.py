"""A picture for every account: its name's initials, until its user uploads a better one.

SCIM can't bring a picture to Canaille, and accounts that come over SCIM would have none.
"""

from __future__ import annotations

import html
from typing import Any

from blinker import signal


def initials_picture(name: str) -> bytes:
    """Draw a name's initials on a colour of its own, as SVG."""
    initials = "".join(word[0] for word in name.split()[:2]).upper() or "?"
    hue = sum(name.encode()) * 47 % 360
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="96" height="96" viewBox="0 0 96 96">'
        f'<rect width="96" height="96" fill="hsl({hue},55%,42%)"/>'
        '<text x="48" y="50" fill="#fff" font-family="sans-serif" font-size="40" text-anchor="middle" dominant-baseline="middle">'
        f"{html.escape(initials)}</text></svg>"
    ).encode()


def give_pictures() -> None:
    """Let Canaille store the initials with each account that is saved without a picture."""
    signal("before_user_save").connect(_on_save)


def _on_save(user: Any, **_details: Any) -> None:
    if not user.photo:
        user.photo = initials_picture(user.formatted_name or user.user_name)
