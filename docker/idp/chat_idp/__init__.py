"""Runs Canaille, a complete OpenID provider, as one process that prepares itself at its first start.

Nothing of the provider's behaviour is changed: this package writes its configuration, registers its clients and serves it.
"""
