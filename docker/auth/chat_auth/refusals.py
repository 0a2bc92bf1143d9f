"""Why a sign-in is refused: one code for each reason."""

from __future__ import annotations

REFUSALS = {
    "state_missing": "The answer has no state.",
    "state_unknown": "The state is unknown, or was used already.",
    "state_expired": "The sign-in took too long; start it again.",
    "state_wrong_browser": "The sign-in was started in another browser.",
    "provider_error": "The provider refused the sign-in.",
    "provider_unreachable": "The provider can't be reached, or did not answer as a provider does.",
    "discovery_issuer_mismatch": "The provider's configuration names another issuer.",
    "code_missing": "The answer has no authorization code.",
    "code_rejected": "The provider did not accept the authorization code.",
    "nonce_mismatch": "The ID token belongs to another sign-in.",
    "id_token_malformed": "The ID token can't be read.",
    "id_token_alg": "The ID token's algorithm is not allowed.",
    "id_token_signature": "The ID token's signature is not the provider's.",
    "id_token_issuer": "The ID token is from another issuer.",
    "id_token_audience": "The ID token is for another client.",
    "id_token_expired": "The ID token is expired, or not valid yet.",
    "id_token_subject": "The ID token says nothing, or something else, about who signed in.",
    "id_token_hosted_domain": "The account is not of the domain that may sign in here.",
}


class SignInRefused(Exception):
    """A sign-in is refused.

    Args:
        code: One of `REFUSALS`.
        why: What exactly was seen; for the log and the caller, so never a token, a code or a state.
    """

    def __init__(self, code: str, why: str = "") -> None:
        self.code = code
        self.detail = f"{REFUSALS[code]} ({why})" if why else REFUSALS[code]
        super().__init__(f"{code}: {self.detail}")
