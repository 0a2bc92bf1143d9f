"""Variable file: the chat store as the first version of the platform made it, of what later versions changed."""

from __future__ import annotations

EARLIER_VERSION = (
    "ALTER TABLE threads DROP COLUMN title_version",
    "ALTER TABLE runs DROP COLUMN stop_requested_at",
    # Rows of today may have other states.
    """
    ALTER TABLE runs DROP CONSTRAINT runs_state_check, ADD CONSTRAINT runs_state_check
        CHECK (state IN ('queued', 'running', 'completed', 'failed')) NOT VALID
    """,
    # Which version made the tables; a replica looks at its start.
    "DELETE FROM schema_versions",
)
