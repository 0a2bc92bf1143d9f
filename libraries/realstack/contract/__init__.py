"""Where somebody stands who points the suites at their platform: ``python -m realstack contract PLATFORM``."""
