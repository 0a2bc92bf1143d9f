"""The laws of the journeys, each a sentence and a checker over a history."""

from __future__ import annotations

from realstack.history.laws.registry import LAWS, Law, judge, law_named

__all__ = ["LAWS", "Law", "judge", "law_named"]
