"""What holds for a whole history, whenever in it it was told: whose tabs and accounts are, which messages bear a text, or an id
that the platform gave them."""

from __future__ import annotations

from bisect import insort
from collections import Counter
from dataclasses import dataclass
from typing import Literal

TELLING = 8
"""Digits of a number that as good as never is the id of two things."""
Order = tuple[float, int]
"""Where an event stands in its history: its time, then its place in the order of recording."""
Position = tuple[float, int, int]
"""Where a message stands: the event that tells it, then its place among those that this one tells."""
Question = tuple[Literal["tab", "account", "text", "given"], str]
"""What may be asked before it is told, and of what."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose a tab is; `page` and `registered` as a test said."""

    user: str
    page: bool = False
    registered: bool = False


class Known:
    """Takes what is told in any order; answers by time, and remembers when what was first asked.

    A fact that rests on an answer has to be read again when the answer changes: `changed` tells from when on.

    Args:
        gives_ids: Whether the platform gives messages ids of its own.
    """

    def __init__(self, *, gives_ids: bool = False) -> None:
        self._gives_ids = gives_ids
        self.baseline: set[str] = set()
        self.accounts: dict[str, str] = {}
        self._tabs: set[str] = set()
        self._registered: dict[str, tuple[Order, Owner]] = {}
        self._greeted: list[tuple[Order, str, str]] = []
        self._owners: dict[str, Owner] = {}
        self._ids: dict[str, dict[str, Position]] = {}
        self._given: dict[str, tuple[Order, str]] = {}
        self._named: Counter[str] = Counter()
        self._said: dict[str, set[str]] = {}
        self._texts: dict[str, set[str]] = {}
        self._by_text: dict[str, str] = {}
        self._unsettled: set[str] = set()
        self._asked: dict[Question, Order] = {}
        self._changed: set[Question] = set()
        self._stale = False

    # What is told.

    def appeared(self, tab: str) -> None:
        """Something happened on a tab, or a test said whose it is."""
        if tab not in self._tabs:
            self._tabs.add(tab)
            self._changed.add(("tab", tab))

    def registered(self, order: Order, tab: str, owner: Owner) -> None:
        """A test said whose a tab is; the last word holds."""
        before = self._registered.get(tab)
        if before is None or before[0] < order:
            self._registered[tab] = (order, owner)
            self._stale = True

    def greeted(self, order: Order, tab: str, account: str) -> None:
        """A connection was greeted as an account's; the last greeting holds for the tab, the first one for the account."""
        insort(self._greeted, (order, tab, account))
        self._stale = True

    def seen(self, position: Position, text: str, message: str) -> None:
        """A user's message was seen with a text."""
        if self._gives_ids:
            self._texts.setdefault(message, set()).add(text)
            self._unsettled.add(text)
        ids = self._ids.setdefault(text, {})
        before = ids.get(message)
        if before is not None and before <= position:
            return
        first = next(iter(ids), None)
        ids[message] = position
        if first is not None and position < ids[first]:
            self._ids[text] = ids = dict(sorted(ids.items(), key=lambda item: item[1]))
        if next(iter(ids)) != first:
            self._changed.add(("text", text))

    def said(self, text: str, message: str) -> None:
        """A user sent a message with a text."""
        self._said.setdefault(text, set()).add(message)
        self._texts.setdefault(message, set()).add(text)
        self._unsettled.add(text)

    def given(self, order: Order, identity: str, message: str) -> None:
        """The platform gave a message an id of its own; the first word holds."""
        before = self._given.get(identity)
        if before is None or order < before[0]:
            self._given[identity] = (order, message)
            if before is None or before[1] != message:
                concerned = {identity, message}
                self._named[message] += 1
                if before is not None:
                    self._named[before[1]] -= 1
                    concerned.add(before[1])
                self._changed |= {("given", one) for one in concerned}
                self._unsettled.update(*(self._texts.get(one, set()) for one in concerned))

    # What is asked.

    def is_tab(self, order: Order, name: str) -> bool:
        """Whether there is a tab of that name."""
        self._ask(("tab", name), order)
        return name in self._tabs

    def owner(self, order: Order, tab: str) -> Owner:
        """Whose a tab is: as registered, else the account that it was greeted as, else nobody's but its own."""
        self._ask(("tab", tab), order)
        found = self._owners.get(tab)
        return Owner(self.accounts.get(tab, tab)) if found is None else found

    def user_of(self, order: Order, account: str) -> str:
        """The user of an account; the account itself where no tab of it is registered."""
        self._ask(("account", account), order)
        return self.accounts.get(account, account)

    def message_of(self, order: Order, identity: str) -> str:
        """The message that the platform gave an id, as it said or as a text tells that only these two have; or the id itself."""
        self._ask(("given", identity), order)
        return self._message_of(identity)

    def _message_of(self, identity: str) -> str:
        found = self._given.get(identity)
        if found is not None:
            return found[1]
        # A number by which a user knows one message may be the platform's id of another one.
        is_another = self._named[identity] and identity.isdigit() and len(identity) < TELLING
        return self._by_text.get(identity) or (f"the platform's {identity}" if is_another else identity)

    def first_id(self, order: Order, text: str) -> str | None:
        """The first of the messages with a text."""
        self._ask(("text", text), order)
        return next(iter(self._ids.get(text, ())), None)

    def ids(self, text: str) -> list[str]:
        """All of them, by first appearance."""
        seen = (message for message, _ in sorted(self._ids.get(text, {}).items(), key=lambda item: item[1]))
        return list(dict.fromkeys(map(self._message_of, seen)))

    def _ask(self, question: Question, order: Order) -> None:
        if order < self._asked.setdefault(question, order):
            self._asked[question] = order

    # What has to be read again.

    def changed(self) -> Order | None:
        """Since when answers were given that are others now; None when all still are the same."""
        if self._stale:
            self._settle()
        if self._unsettled:
            self._settle_texts()
        orders = [order for question in self._changed if (order := self._asked.get(question)) is not None]
        self._changed.clear()
        return min(orders, default=None)

    def _settle(self) -> None:
        self._stale = False
        accounts: dict[str, str] = {}
        last: dict[str, str] = {}
        for _, tab, account in self._greeted:
            last[tab] = account
            if tab in self._registered:
                accounts.setdefault(account, self._registered[tab][1].user)
        owners = {tab: Owner(accounts.get(account, account)) for tab, account in last.items()}
        owners |= {tab: owner for tab, (_, owner) in self._registered.items()}
        self._changed |= {("account", name) for name in accounts | self.accounts if accounts.get(name) != self.accounts.get(name)}
        # A tab that nobody greeted may bear the name of an account.
        self._changed |= {("tab", name) for what, name in self._changed if what == "account" and name not in owners}
        self._changed |= {("tab", tab) for tab in owners if owners[tab] != self._owners.get(tab)}
        self.accounts, self._owners = accounts, owners

    def _settle_texts(self) -> None:
        """Join the one message with a text that was given no id, such as one whose acknowledgement was lost, with the one id of
        that text that was given to none.
        """
        for words in self._unsettled:
            said = self._said.get(words, set())
            before = {one: self._by_text.pop(one) for one in self._ids.get(words, ()) if self._by_text.get(one) in said}
            nameless = {one for one in said if not self._named[one]}
            unsaid = [one for one in self._ids.get(words, ()) if one not in self._given and one not in said]
            if len(nameless) == 1 and len(unsaid) == 1:
                self._by_text[unsaid[0]] = next(iter(nameless))
            for one in {*before, *unsaid}:
                if before.get(one) != self._by_text.get(one):
                    self._changed.add(("given", one))
        self._unsettled.clear()
