"""The ways in which the rogue provider can misbehave.

Each is one fault in one answer; everything else stays right, so that a relying party that refuses does it for that fault.
"""

from __future__ import annotations

from typing import Literal, get_args

Scenario = Literal[
    "honest",
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
    "audience-wrong",
    "authorized-party-wrong",
    "expired",
    "expiry-missing",
    "not-yet-valid",
    "issued-in-future",
    "subject-missing",
    "hosted-domain-wrong",
    "id-token-malformed",
    "id-token-missing",
    # the provider itself
    "discovery-issuer-mismatch",
    "discovery-500",
    "jwks-500",
    "jwks-empty",
    "key-rotated",
    "token-refused",
    "token-500",
    "token-slow",
    "token-down",
    "token-garbage",
    "userinfo-subject-wrong",
    "userinfo-500",
]

SCENARIOS: tuple[Scenario, ...] = get_args(Scenario)

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
        "audience-wrong",
        "expired",
        "expiry-missing",
        "not-yet-valid",
        "subject-missing",
    }
)
"""The scenarios whose ID token is forged, signed with the provider's own key where that is not the fault."""


def misbehaving_endpoint(scenario: Scenario) -> str:
    """The endpoint whose answer is the wrong one: what must have been called for the scenario to have happened at all."""
    if scenario in {"state-wrong", "state-missing", "code-missing", "access-denied", "response-issuer-wrong"}:
        return "authorize"
    if scenario.startswith(("discovery-", "jwks-", "userinfo-")):
        return scenario.partition("-")[0]
    return "jwks" if scenario == "key-rotated" else "token"
