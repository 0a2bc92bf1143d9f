"""OAuth 2 and OpenID Connect from the client's side: flows, tokens, sign-in forms, SCIM, and a provider that can misbehave."""
