"""The auth service: sign-in at OpenID providers, sessions, access tokens, profiles and the three-store operation."""
