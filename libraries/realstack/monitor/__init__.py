"""Watching what services use while the suites run, and judging whether it grows."""
