#!/bin/sh
# Runs once, when a cluster is made: the role of the platform's services, which owns the database. The superuser is the testers'.
set -eu
export CHAT_PASSWORD
psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
\getenv password CHAT_PASSWORD
CREATE ROLE chat LOGIN PASSWORD :'password';
SELECT format('ALTER DATABASE %I OWNER TO chat', current_database()) \gexec
ALTER SCHEMA public OWNER TO chat;
SQL
