"""Tables of the auth database, as idempotent statements."""

SCHEMA = (
    """CREATE TABLE IF NOT EXISTS users (
        id uuid PRIMARY KEY,
        issuer text NOT NULL,
        subject text NOT NULL,
        email text NOT NULL,
        name text NOT NULL,
        picture text NOT NULL,
        display_name text NOT NULL,
        timezone text NOT NULL DEFAULT 'UTC',
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        UNIQUE (issuer, subject)
    )""",
    """CREATE TABLE IF NOT EXISTS sessions (
        id uuid PRIMARY KEY,
        user_id uuid NOT NULL REFERENCES users (id),
        provider text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        revoked_at timestamptz,
        revoked_reason text,
        announced_at timestamptz
    )""",
    "CREATE INDEX IF NOT EXISTS sessions_user_id ON sessions (user_id)",
    "CREATE INDEX IF NOT EXISTS sessions_revoked_at ON sessions (revoked_at) WHERE revoked_at IS NOT NULL",
    """CREATE TABLE IF NOT EXISTS refresh_tokens (
        id uuid PRIMARY KEY,
        session_id uuid NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
        token_hash bytea NOT NULL UNIQUE,
        issued_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz NOT NULL,
        used_at timestamptz,
        replaced_by uuid
    )""",
    "CREATE INDEX IF NOT EXISTS refresh_tokens_session_id ON refresh_tokens (session_id)",
    "CREATE INDEX IF NOT EXISTS refresh_tokens_expires_at ON refresh_tokens (expires_at)",
    """CREATE TABLE IF NOT EXISTS login_flows (
        state_hash bytea PRIMARY KEY,
        browser_hash bytea NOT NULL,
        provider text NOT NULL,
        nonce text NOT NULL,
        code_verifier text NOT NULL,
        return_to text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz NOT NULL
    )""",
    "CREATE INDEX IF NOT EXISTS login_flows_browser_hash ON login_flows (browser_hash)",
    # No foreign key to `users`: its check would wait for whoever holds the user's row, before anything is written down.
    # `before` is what the profile was, from the moment on that it was changed; `undo` what is still to be undone.
    """CREATE TABLE IF NOT EXISTS operations (
        id uuid PRIMARY KEY,
        user_id uuid NOT NULL,
        idempotency_key text NOT NULL,
        state text NOT NULL CHECK (state IN ('pending', 'committed', 'rolling_back', 'rolled_back')),
        step text NOT NULL CHECK (step IN ('profile', 'workspace', 'event')),
        failed_step text,
        error text,
        before jsonb,
        change jsonb NOT NULL,
        undo jsonb NOT NULL DEFAULT '[]',
        workspace_id uuid NOT NULL,
        event_id uuid NOT NULL,
        coordinator text NOT NULL,
        lease_until timestamptz NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now()
    )""",
    # One operation a user at a time, and one living operation an idempotency key.
    """CREATE UNIQUE INDEX IF NOT EXISTS operations_one_at_a_time ON operations (user_id)
        WHERE state IN ('pending', 'rolling_back')""",
    """CREATE UNIQUE INDEX IF NOT EXISTS operations_idempotency_key ON operations (user_id, idempotency_key)
        WHERE state <> 'rolled_back'""",
)
