"""One history a test: what was sent, seen, broken and stored, on one clock, and the laws that judge it."""
