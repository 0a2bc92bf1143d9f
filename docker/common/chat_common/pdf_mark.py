"""The mark that every PDF bears, apart from what needs a PDF library."""

from __future__ import annotations

# Readers accept a header within the first kilobyte and an end marker within the last (ISO 32000-1, annex H, notes 13 and 18).
MARKER_WINDOW = 1024


def is_pdf(head: bytes) -> bool:
    """Whether a file's first kilobyte bears the mark of a PDF."""
    return b"%PDF-" in head[:MARKER_WINDOW]
