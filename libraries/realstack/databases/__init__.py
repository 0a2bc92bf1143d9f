"""Tests' own sessions of PostgreSQL, Redis and ClickHouse: reading, locking, ending, listening, comparing."""
