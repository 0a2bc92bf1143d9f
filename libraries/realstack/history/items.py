"""Messages as pages show them and stores hold them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from realstack.core.json_path import JsonPath, parse
from realstack.history.facts import Item
from realstack.history.known import Known, Order, Position
from realstack.history.values import text, whole
from realstack.history.vocabulary import Vocabulary

_MESSAGE, _ROLE, _TEXT = parse("message"), parse("role"), parse("text")
"""Where rows and pages have these when the vocabulary does not say."""


class Items:
    """Reads the messages of readings.

    Args:
        vocabulary: Where they have what.
        known: Whose accounts are, and which message a text belongs to where an id is not shown.
    """

    def __init__(self, vocabulary: Vocabulary, known: Known) -> None:
        self._vocabulary = vocabulary
        self._known = known

    def learn(self, order: Order, items: Any, take: Mapping[str, JsonPath]) -> None:
        """Learn which ids the texts of users' messages have."""
        role, words, message = take.get("role", _ROLE), take.get("text", _TEXT), take.get("message", _MESSAGE)
        for number_, item in enumerate(items if isinstance(items, list) else ()):
            if self._vocabulary.role(role.first(item)) == "user":
                self.learn_text((*order, number_), words.first(item), message.first(item))

    def learn_text(self, position: Position, words: Any, message: Any) -> None:
        """Learn that a user's message has a text."""
        if isinstance(words, str) and message is not None:
            self._known.seen(position, words, str(message))

    def message_of(self, order: Order, identity: str) -> str:
        """The message of an id, as its user knows it."""
        return self._known.message_of(order, identity) if self._vocabulary.gives_ids else identity

    def read(self, order: Order, items: Any, take: Mapping[str, JsonPath], user: str) -> tuple[Item, ...]:
        """The messages of a reading, of the page of a user or of a store; what names no user is the page's user's."""
        return tuple(self._item(order, item, take, user) for item in items) if isinstance(items, list) else ()

    def _item(self, order: Order, item: Any, take: Mapping[str, JsonPath], user: str) -> Item:
        got = {name: path.first(item) for name, path in take.items()}
        words, role = text(got.get("text")), self._vocabulary.role(got.get("role"))
        message = text(got.get("message"))
        if message is None:
            known = self._known.first_id(order, words) if words is not None and role == "user" else None
            message = known or f"typed: {words}"
        message = self.message_of(order, message)
        account = text(got.get("user"))
        owner = user if account is None else self._known.user_of(order, account)
        state = text(got.get("state"))
        acknowledged = role == "user" and state is not None and state in self._vocabulary.page_acknowledged
        thread = text(got.get("thread")) or ""
        held = role == "user" and state in self._vocabulary.page_held
        return Item(message, thread, whole(got.get("seq")), role, words, text(got.get("run")), owner or None, acknowledged, held)
