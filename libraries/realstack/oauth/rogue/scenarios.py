"""The ways in which the rogue provider can misbehave, and those in which it is right otherwise than most.

Each is one fault, or one particularity, in one answer; everything else stays as it is, so that a relying party that refuses does
it for that.
"""

from __future__ import annotations

from typing import Literal, get_args

Good = Literal[
    "honest",
    # right, in another way
    "key-rotated",
    "key-unnamed",
    "keys-unknown",
    "clock-ahead",
    "clock-behind",
    "audience-array",
    "profile-elsewhere",
    "profile-in-part",
    "answers-slowly",
    "secret-in-form",
]
"""Nothing is wrong."""

Scenario = Literal[
    Good,
    # what the browser brings back
    "state-wrong",
    "state-missing",
    "code-missing",
    "access-denied",
    "response-issuer-wrong",
    # the ID token
    "nonce-wrong",
    "nonce-missing",
    "alg-none",
    "alg-none-mixed-case",
    "signature-missing",
    "tampered-payload",
    "foreign-key",
    "foreign-key-embedded",
    "hs256-public-key",
    "critical-header",
    "issuer-wrong",
    "issuer-missing",
    "audience-wrong",
    "audience-missing",
    "audience-shared",
    "authorized-party-wrong",
    "expired",
    "expiry-missing",
    "not-yet-valid",
    "issued-in-future",
    "issued-at-missing",
    "subject-missing",
    "hosted-domain-wrong",
    "hosted-domain-missing",
    "access-token-swapped",
    "id-token-malformed",
    "id-token-missing",
    # the provider itself
    "discovery-issuer-mismatch",
    "discovery-500",
    "jwks-500",
    "jwks-empty",
    "token-refused",
    "token-500",
    "token-slow",
    "token-down",
    "token-garbage",
    "userinfo-subject-wrong",
    "userinfo-500",
]

SCENARIOS: tuple[Scenario, ...] = get_args(Scenario)

GOOD: tuple[Good, ...] = get_args(Good)

FORGED: frozenset[Scenario] = frozenset(
    {
        "nonce-wrong",
        "alg-none",
        "alg-none-mixed-case",
        "signature-missing",
        "tampered-payload",
        "foreign-key",
        "foreign-key-embedded",
        "hs256-public-key",
        "critical-header",
        "issuer-wrong",
        "issuer-missing",
        "audience-wrong",
        "audience-missing",
        "expired",
        "expiry-missing",
        "issued-at-missing",
        "not-yet-valid",
        "subject-missing",
    }
)
"""The scenarios whose ID token is forged, signed with the provider's own key where that is not the fault."""


def misbehaving_endpoint(scenario: Scenario) -> str:
    """The endpoint whose answer is the wrong or particular one: it must have been asked for the scenario to have happened."""
    if scenario in {"state-wrong", "state-missing", "code-missing", "access-denied", "response-issuer-wrong"}:
        return "authorize"
    if scenario.startswith(("discovery-", "jwks-", "userinfo-")):
        return scenario.partition("-")[0]
    return "jwks" if scenario in {"key-rotated", "keys-unknown"} else "token"
