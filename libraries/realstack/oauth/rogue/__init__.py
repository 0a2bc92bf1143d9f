"""A second OpenID provider, run by the test, that misbehaves exactly as it is told to."""
