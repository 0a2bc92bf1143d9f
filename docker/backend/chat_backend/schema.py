"""Tables of the backend's database, as idempotent statements that `chat_common.postgres.migrate` runs."""

from __future__ import annotations

SCHEMA = (
    """
    CREATE TABLE IF NOT EXISTS threads (
        id uuid PRIMARY KEY,
        user_id uuid NOT NULL,
        title text NOT NULL,
        last_seq bigint NOT NULL DEFAULT 0,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        renamed_at timestamptz NOT NULL DEFAULT now(),
        title_version bigint NOT NULL DEFAULT 0
    )
    """,
    "ALTER TABLE threads ADD COLUMN IF NOT EXISTS title_version bigint NOT NULL DEFAULT 0",
    "CREATE INDEX IF NOT EXISTS threads_by_user ON threads (user_id, updated_at DESC)",
    """
    CREATE TABLE IF NOT EXISTS files (
        id uuid PRIMARY KEY,
        user_id uuid NOT NULL,
        thread_id uuid NOT NULL REFERENCES threads,
        name text NOT NULL,
        size bigint NOT NULL,
        sha256 text NOT NULL,
        content_type text NOT NULL,
        pages integer,
        state text NOT NULL CHECK (state IN ('stored', 'processed', 'failed')),
        created_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    "CREATE INDEX IF NOT EXISTS files_by_user ON files (user_id, created_at DESC)",
    # Text of processed files, for searches.
    """
    CREATE TABLE IF NOT EXISTS file_pages (
        file_id uuid NOT NULL REFERENCES files,
        page integer NOT NULL,
        text text NOT NULL,
        PRIMARY KEY (file_id, page)
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS messages (
        id uuid PRIMARY KEY,
        thread_id uuid NOT NULL REFERENCES threads,
        user_id uuid NOT NULL,
        seq bigint NOT NULL,
        role text NOT NULL CHECK (role IN ('user', 'agent')),
        text text NOT NULL,
        run_id uuid,
        file_id uuid REFERENCES files,
        created_at timestamptz NOT NULL DEFAULT now(),
        UNIQUE (thread_id, seq)
    )
    """,
    "CREATE INDEX IF NOT EXISTS messages_by_user ON messages (user_id, created_at DESC)",
    """
    CREATE TABLE IF NOT EXISTS read_markers (
        thread_id uuid NOT NULL REFERENCES threads,
        user_id uuid NOT NULL,
        seq bigint NOT NULL,
        updated_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (thread_id, user_id)
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS runs (
        id uuid PRIMARY KEY,
        thread_id uuid NOT NULL REFERENCES threads,
        user_id uuid NOT NULL,
        message_id uuid NOT NULL UNIQUE REFERENCES messages,
        file_id uuid REFERENCES files,
        state text NOT NULL CHECK (state IN ('queued', 'running', 'completed', 'failed', 'stopped')),
        attempts integer NOT NULL DEFAULT 0,
        error text,
        created_at timestamptz NOT NULL DEFAULT now(),
        stop_requested_at timestamptz,
        finished_at timestamptz
    )
    """,
    "ALTER TABLE runs ADD COLUMN IF NOT EXISTS stop_requested_at timestamptz",
    # Only where an earlier version made the table: to check all rows anew locks out whoever works on them.
    """
    DO $$ BEGIN
        IF NOT EXISTS (
            SELECT FROM pg_constraint
            WHERE conrelid = 'runs'::regclass AND conname = 'runs_state_check' AND pg_get_constraintdef(oid) LIKE '%stopped%'
        ) THEN
            ALTER TABLE runs DROP CONSTRAINT IF EXISTS runs_state_check, ADD CONSTRAINT runs_state_check
                CHECK (state IN ('queued', 'running', 'completed', 'failed', 'stopped'));
        END IF;
    END $$
    """,
    "CREATE INDEX IF NOT EXISTS runs_unfinished ON runs (user_id, created_at) WHERE state IN ('queued', 'running')",
    "CREATE INDEX IF NOT EXISTS runs_recent ON runs (user_id, created_at)",
    "CREATE INDEX IF NOT EXISTS runs_over ON runs (user_id, finished_at)",
    """
    CREATE TABLE IF NOT EXISTS workspaces (
        id uuid PRIMARY KEY,
        user_id uuid,
        name text,
        operation_id uuid UNIQUE,
        deleted_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        CHECK (deleted_at IS NOT NULL OR (user_id IS NOT NULL AND name IS NOT NULL))
    )
    """,
    "CREATE INDEX IF NOT EXISTS workspaces_by_user ON workspaces (user_id, created_at)",
    """
    CREATE TABLE IF NOT EXISTS profiles (
        user_id uuid PRIMARY KEY,
        email text NOT NULL,
        name text NOT NULL,
        picture text NOT NULL,
        claims_issued_at bigint NOT NULL,
        updated_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS plans (
        user_id uuid PRIMARY KEY,
        plan text NOT NULL CHECK (plan IN ('free', 'paid')),
        updated_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS event_outbox (
        id bigserial PRIMARY KEY,
        kind text NOT NULL,
        payload jsonb NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
    )
    """,
)
