"""A second OpenID provider, run by the test, that lies exactly as it is told to."""
