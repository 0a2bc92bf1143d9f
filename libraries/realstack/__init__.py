"""Plain Python under the keyword libraries. Nothing in here imports Robot Framework."""
